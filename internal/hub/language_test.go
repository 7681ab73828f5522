package hub_test

import (
	"testing"

	"omnihub/internal/hub"
)

func TestTheLanguageIsTheNearestToTheFirstWish(t *testing.T) {
	for _, c := range []struct {
		wanted []string
		want   hub.Language
	}{
		{nil, hub.TraditionalChinese},
		{[]string{""}, hub.TraditionalChinese},
		{[]string{"", "en"}, hub.English},
		{[]string{"ja"}, hub.TraditionalChinese},
		{[]string{"ja", "en"}, hub.English},
		{[]string{"ja", "de", "zh-CN"}, hub.SimplifiedChinese},
		{[]string{"zh-TW", "en"}, hub.TraditionalChinese},
		{[]string{"zh"}, hub.TraditionalChinese},
		{[]string{"zh-XX"}, hub.TraditionalChinese},
		{[]string{"zh-US", "zh-CN"}, hub.TraditionalChinese},
		{[]string{"zh-Hant-CN"}, hub.TraditionalChinese},
		{[]string{"zh-Hans-TW"}, hub.SimplifiedChinese},
		{[]string{"zh_CN"}, hub.SimplifiedChinese},
		{[]string{"zh-SG"}, hub.SimplifiedChinese},
		{[]string{"ZH-my"}, hub.SimplifiedChinese},
		{[]string{"cmn"}, hub.SimplifiedChinese},
		{[]string{"cmn-Hant"}, hub.TraditionalChinese},
		{[]string{"yue"}, hub.TraditionalChinese},
		{[]string{" EN_gb "}, hub.English},
		{[]string{"eng"}, hub.TraditionalChinese}, // no such tag
	} {
		if got := hub.Spoken(c.wanted...); got != c.want {
			t.Errorf("%q: got %s, want %s", c.wanted, got, c.want)
		}
	}
	for _, l := range hub.Languages() {
		if got, ok := hub.Nearest(string(l)); !ok || got != l {
			t.Errorf("got %s, %v for %s itself", got, ok, l)
		}
	}
}
