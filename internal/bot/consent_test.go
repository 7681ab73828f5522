package bot

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

func TestConsentIsReadFromWholeMessagesOnly(t *testing.T) {
	own := store.OptOut{OutWords: []string{"Enough!", ""}, InWords: []string{"停止"}}
	for _, c := range []struct{ text, want string }{
		{"STOP", hub.OptOut}, {" Stop. ", hub.OptOut}, {"ＳＴＯＰ", hub.OptOut}, {"Opt  Out", hub.OptOut}, {"取消訂閱", hub.OptOut},
		{"退訂！", hub.OptOut}, {"구독취소", hub.OptOut}, {"Hủy Đăng Ký", hub.OptOut}, {"ARRÊT", hub.OptOut}, {"　拒收　", hub.OptOut},
		{"start", hub.OptIn}, {"訂閱", hub.OptIn}, {"恢复订阅", hub.OptIn}, {"配信再開", hub.OptIn},
		{"stop by tomorrow", ""}, {"please stop", ""}, {"我想取消訂閱這個服務", ""}, {"nonstop", ""}, {"", ""}, {"...", ""}, {"hello", ""},
		{"enough", hub.OptOut}, {"停止", hub.OptIn}, // the account's own words come first
	} {
		if got := Consent(own, c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
	if got := Consent(store.OptOut{}, "停止"); got != hub.OptOut {
		t.Errorf("without words of its own: got %q, want %q", got, hub.OptOut)
	}
}

func TestNoWordBothStopsAndStarts(t *testing.T) {
	for w := range outWords {
		if inWords[w] {
			t.Errorf("%q takes out and in", w)
		}
	}
	if len(outWords) < 40 || len(inWords) < 30 {
		t.Errorf("got %d and %d words, want the lists", len(outWords), len(inWords))
	}
}
