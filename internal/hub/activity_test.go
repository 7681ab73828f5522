package hub_test

import (
	"slices"
	"testing"

	"omnihub/internal/hub"
)

// TestReasonsHaveTheirExactTexts holds the texts that people look for.
func TestReasonsHaveTheirExactTexts(t *testing.T) {
	for reason, want := range map[hub.LinkReason][2]string{
		hub.LinkDisabled:       {"跨社群一鍵整合已停用", "Cross channel connect is disabled."},
		hub.LinkNotMade:        {"無法產生整合連結", "Failed to generate connect link."},
		hub.LinkSourceMissing:  {"無法找到來源渠道聯絡人", "Source contact not found."},
		hub.LinkTargetMissing:  {"無法找到目標渠道聯絡人", "Target contact not found."},
		hub.LinkMemberConflict: {"會員編號衝突", "Member ID conflict."},
		hub.LinkServerError:    {"伺服器錯誤", "Internal server error."},
		hub.LinkNothingCame: {"因顧客未送出整合訊息或未安裝目標渠道 APP 失敗",
			"The integration might have failed because the customer didn't submit the integration message or hasn't installed the target channel app."},
	} {
		if !slices.Contains(hub.LinkReasons(), reason) {
			t.Errorf("%s is not in the list", reason)
		}
		for language, text := range map[string]string{"zh-TW": want[0], "zh-CN": want[0], "": want[0], "en": want[1], "en-US": want[1]} {
			if got := reason.Text(language); got != text {
				t.Errorf("%s in %q: got %s, want %s", reason, language, got, text)
			}
		}
	}
	if len(hub.LinkReasons()) != 7 || hub.LinkReason("else").Text("en") != "Internal server error." {
		t.Error("the list is not closed")
	}
}

func TestAPictureIsShownInTheChannelsVariant(t *testing.T) {
	i := &hub.LinkImage{Width: 660, Height: 1980, URLs: map[string]string{hub.ImageWhole: "https://w", hub.ImageSquare: "https://s"}}
	for variant, want := range map[string][2]int{"": {660, 1980}, hub.ImageWhole: {660, 1980}, hub.ImageSquare: {660, 660}} {
		if w, h := (hub.Linking{Image: variant}).Size(i); [2]int{w, h} != want {
			t.Errorf("%q: got %d by %d, want %v", variant, w, h, want)
		}
	}
	for variant, want := range map[string]string{"": "https://w", hub.ImageWhole: "https://w", hub.ImageSquare: "https://s", "round": ""} {
		if got, err := (hub.Linking{Image: variant}).URL(i); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %s, %v, want %s", variant, got, err, want)
		}
	}
	if err := (hub.Linking{Tallest: 3}).LinkImageError(i); err != nil {
		t.Errorf("got %v for one that is 3 times as high as wide", err)
	}
	i.Height++
	if err := (hub.Linking{Tallest: 3}).LinkImageError(i); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v for one that is higher", err)
	}
	if err := (hub.Linking{}).LinkImageError(i); err != nil {
		t.Errorf("got %v where any height is taken", err)
	}
}
