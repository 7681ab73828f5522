package line

import (
	"encoding/json"
	"testing"

	"omnihub/internal/hub"
)

// FuzzNative: whatever object a team writes, it is refused, or goes out as JSON of
// its own type with a text to stand in its place.
func FuzzNative(f *testing.F) {
	f.Add([]byte(`{"type":"flex","contents":{"type":"carousel","contents":[{"type":"bubble"}]}}`), "t")
	f.Add([]byte(`{"type":"sticker","packageId":"446","stickerId":"1988"}`), "")
	f.Add([]byte(`{"type":"template","altText":"a","type":"\u0066lex"}`), "\xff")
	f.Add([]byte(`[]`), "t")
	f.Fuzz(func(t *testing.T, native []byte, text string) {
		o, err := objectOf(hub.Content{Type: hub.Native, Native: native, Text: text,
			QuickReplies: []hub.Button{{Title: "a", Data: "b"}}})
		if err != nil {
			return
		}
		out, err := json.Marshal(o)
		if err != nil {
			t.Fatalf("got an object that is no JSON: %v", err)
		}
		var before, after struct {
			Type       string          `json:"type"`
			AltText    string          `json:"altText"`
			QuickReply json.RawMessage `json:"quickReply"`
		}
		_ = json.Unmarshal(native, &before)
		if json.Unmarshal(out, &after) != nil || after.Type == "" || len(after.QuickReply) == 0 {
			t.Fatalf("got %s of %q, want an object with its type and quick replies", out, native)
		}
		if (after.Type == "flex" || after.Type == "template" || after.Type == "imagemap") && after.AltText == "" {
			t.Fatalf("got %s of %q, want an altText", out, native)
		}
	})
}
