package bot

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

func TestFirstKeywordThatEqualsTheTextAnswers(t *testing.T) {
	keywords := []store.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}, {Match: "營業時間", Answer: hub.TextContent("9 to 18")}, {Match: "PING", Answer: hub.TextContent("second")}, {Match: " ", Answer: hub.TextContent("blank")}}
	for text, want := range map[string]string{
		"ping": "pong", " PiNg\n": "pong", "營業時間": "9 to 18", "ping pong": "", "": "", "  ": "", "pin": "",
	} {
		got, ok := Answer(keywords, text)
		if got.Text != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, got.Text, ok, want)
		}
	}
}
