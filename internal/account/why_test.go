package account_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"omnihub/internal/account"
	"omnihub/internal/hub"
)

func TestReasonIsCutBetweenTwoRunes(t *testing.T) {
	for lead := range 4 {
		for _, char := range []string{"é", "失", "🙈"} {
			text := strings.Repeat("x", lead) + strings.Repeat(char, 300)
			got := account.Why(hub.E(hub.Permanent, "toy: check", errors.New(text)))
			if !utf8.ValidString(got) || !strings.HasPrefix(text, got) || len(got) > 500 || len(got) < 497 {
				t.Errorf("%d of %s: got %d bytes that end in %q, want up to 500 of the text, no rune parted", lead, char, len(got), got[max(len(got)-4, 0):])
			}
		}
	}
	if got := account.Why(errors.New("not \xff text")); got != "not  text" {
		t.Errorf("got %q of what is no text, want the rest", got)
	}
}
