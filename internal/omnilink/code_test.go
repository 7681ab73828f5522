package omnilink_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

func TestACodeIsFoundAtTheEndOfATextOnly(t *testing.T) {
	s := newScene(t)
	code := s.code(act, s.anna())
	if len(code) != 30 || !strings.HasPrefix(code, "OL") {
		t.Fatalf("got %q", code)
	}
	for text, want := range map[string]bool{
		code: true, "Hello\n" + code: true, "Hello " + code + " \n\t": true, "您好。" + code: true, "您好" + code: false, "x" + code: false, "1" + code: false,
		code + ".": false, code + " thanks": false, code + code: false, strings.ToLower(code): true, "(" + code: true, "\u3000" + code: true,
		code[1:]: false, "": false, "OL": false, code[:29]: false, "ol" + code[2:]: true, "0L" + code[2:]: false,
	} {
		got, ok := omnilink.CodeIn(text)
		if ok != want || ok && got != code {
			t.Errorf("%q: got %q, %v, want %v", text, got, ok, want)
		}
	}
	// One wrong character anywhere makes it none, but for the check's own chance.
	taken := 0
	for i := 2; i < len(code); i++ {
		for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			if other := code[:i] + string(c) + code[i+1:]; other != code {
				if _, ok := omnilink.CodeIn(other); ok {
					taken++
				}
			}
		}
	}
	if taken > 5 { // 1 in 1,024 of 868
		t.Errorf("%d of 868 codes with a wrong character were taken", taken)
	}
	// What people take for other characters.
	spelt := strings.NewReplacer("0", "o", "1", "l").Replace(code[2:])
	if got, ok := omnilink.CodeIn("OL" + spelt); !ok || got != code {
		t.Errorf("%q: got %q, %v", spelt, got, ok)
	}
}

func TestCodesAreFoundWhereverTheyStand(t *testing.T) {
	s := newScene(t)
	code, other := s.code(act, s.anna()), s.code(act, s.home(hubtest.LineAccount, "U_bert"))
	wrong := code[:29] + string("01"[strings.Count(code[29:], "0")])
	for text, want := range map[string][]string{
		code: {code}, "Hello\n" + code: {code}, code + " thanks": {code}, "請看" + code + "，" + strings.ToLower(other) + "!": {code, strings.ToLower(other)},
		"x" + code + "y": {code}, code + other: {code, other}, "OL" + code: {code}, `{"text":"Hello\n` + code + `"}`: {code},
		wrong: {wrong}, "my code: " + wrong + ".": {wrong}, "x" + wrong: nil, wrong + "9": nil,
		"": nil, "OL": nil, code[:29]: nil, code[1:]: nil, "OL" + strings.Repeat("U", 28): nil, "OL8" + code[3:]: nil, "olé " + strings.Repeat("ol", 5): nil,
	} {
		if got := omnilink.Codes(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzCodeIn(f *testing.F) {
	f.Add("Hello\nOL7ZZZZZZZZZZZZZZZZZZZZZZZZZ00")
	f.Add("ol" + strings.Repeat("0", 28))
	f.Add("\xff" + "OL" + strings.Repeat("é", 14))
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := omnilink.CodeIn(text)
		rest := text
		for _, found := range omnilink.Codes(text) {
			if len(found) != 30 || !strings.Contains(rest, found) {
				t.Fatalf("%q: got %q, which is not in it", text, found)
			}
			rest = strings.ReplaceAll(rest, found, "OL…")
		}
		if _, left := omnilink.CodeIn(rest); left {
			t.Errorf("%q: got %q, which ends with a code still", text, rest)
		}
		if !ok {
			if code != "" {
				t.Errorf("%q: got %q of none", text, code)
			}
			return
		}
		if again, ok := omnilink.CodeIn(code); !ok || again != code || len(code) != 30 {
			t.Errorf("%q: got %q, which is not its own form", text, code)
		}
	})
}

func TestCodesAndTokensDoNotRepeat(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	seen := map[string]bool{}
	for range 200 {
		seen[s.code(act, anna)] = true
		s.Clock.Advance(11 * time.Second)
	}
	if len(seen) != 200 {
		t.Errorf("got %d codes of 200 taps", len(seen))
	}
}
