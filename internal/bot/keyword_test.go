package bot

import (
	"testing"

	"omnihub/internal/store"
)

func TestFirstKeywordThatEqualsTheTextAnswers(t *testing.T) {
	keywords := []store.Keyword{{Match: "ping", Answer: "pong"}, {Match: "營業時間", Answer: "9 to 18"}, {Match: "PING", Answer: "second"}, {Match: " ", Answer: "blank"}}
	for text, want := range map[string]string{
		"ping": "pong", " PiNg\n": "pong", "營業時間": "9 to 18", "ping pong": "", "": "", "  ": "", "pin": "",
	} {
		got, ok := Answer(keywords, text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got, ok, want)
		}
	}
}
