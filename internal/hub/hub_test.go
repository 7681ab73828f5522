package hub

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMessageKeysSortByTimeThenID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(0, 9_999_999_999_999).Draw(t, "a"), rapid.Int64Range(0, 9_999_999_999_999).Draw(t, "b")
		ka, kb := NewMessageKey(Millis(a), "x"), NewMessageKey(Millis(b), "x")
		if (a < b) != (ka < kb) {
			t.Fatalf("times %d, %d: keys %q, %q sort otherwise", a, b, ka, kb)
		}
		if ka.At() != Millis(a) {
			t.Fatalf("got time %d of key %q, want %d", ka.At(), ka, a)
		}
	})
}

func TestAnswerSortsRightBehindItsMessage(t *testing.T) {
	k := NewMessageKey(1791170415123, "577102334455667701")
	next := NewMessageKey(1791170415124, "0")
	if !(k < k.Answer() && k.Answer() < next) {
		t.Errorf("got %q, %q, %q out of order", k, k.Answer(), next)
	}
	answer := k.Answer()
	if !(answer.Part(0) == answer && answer < answer.Part(1) && answer.Part(1) < answer.Part(2) && answer.Part(2) < next) {
		t.Errorf("got the parts %q, %q, %q out of order", answer.Part(0), answer.Part(1), answer.Part(2))
	}
}

func TestLongPlatformIDsStayWithinASortKey(t *testing.T) {
	k := NewMessageKey(1, strings.Repeat("x", 5000))
	if len(k) > 1000 {
		t.Errorf("got a key of %d bytes, want under 1000", len(k))
	}
	if k == NewMessageKey(1, strings.Repeat("x", 5001)) {
		t.Error("two long ids gave one key")
	}
}

func TestHashesDoNotCollideAcrossParts(t *testing.T) {
	p := Pepper("pepper")
	seen := map[string]string{}
	for _, parts := range [][]string{{"a", "bc"}, {"ab", "c"}, {"", "abc"}, {"abc", ""}} {
		for kind, v := range map[string]string{
			"user":   string(p.User(AccountID(parts[0]), parts[1])),
			"home":   string(p.Home(AccountID(parts[0]), parts[1], 0)),
			"value":  p.Value(parts[0], parts[1]),
			"digest": Digest(parts...),
		} {
			name := fmt.Sprint(kind, parts)
			if other, ok := seen[v]; ok {
				t.Errorf("%s and %s are both %s", name, other, v)
			}
			seen[v] = name
			if len(v) != 32 {
				t.Errorf("%s has %d characters, want 32", name, len(v))
			}
		}
	}
	if p.User("a", "b") == Pepper("other").User("a", "b") {
		t.Error("the key of a channel user does not depend on the pepper")
	}
}

func TestRetryKeyIsAStableUUID(t *testing.T) {
	a, b := RetryKey("t1", "u", "k"), RetryKey("t1", "u", "k")
	if a != b {
		t.Errorf("got %s and %s for one message", a, b)
	}
	if len(a) != 36 || a[14] != '8' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("got %s, want a UUID of version 8", a)
	}
	if a == RetryKey("t1", "u", "k2") {
		t.Error("two messages share a retry key")
	}
}

func TestSecretsPrintNowhere(t *testing.T) {
	const canary = "canary-4711"
	s := Secret(canary)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "in", struct{ S Secret }{s})
	encoded, _ := json.Marshal(map[string]any{"s": s})
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), log.String(), string(encoded),
		fmt.Sprintf("%+v", Intent{Reply: Reply{Token: s}})} {
		if strings.Contains(out, canary) {
			t.Errorf("the secret shows in %s", out)
		}
	}
	if s.Reveal() != canary {
		t.Errorf("got %q from Reveal, want the secret", s.Reveal())
	}
}

func TestPreviewIsShortAndWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := PreviewOf(rapid.String().Draw(t, "text"))
		if len(p) > 100 || !utf8.ValidString(p) || strings.ContainsAny(p, "\n\r\t\x00") {
			t.Fatalf("got preview %q", p)
		}
	})
	if got := PreviewOf(strings.Repeat("好", 50)); got != strings.Repeat("好", 33) {
		t.Errorf("got %q, want 33 whole characters", got)
	}
}

func TestReplyBudgetAllowsFiveAMinute(t *testing.T) {
	var auto []AutoSend
	at := Millis(1_000_000)
	for i := range 5 {
		next, ok := SpendReply(auto, MessageKey(fmt.Sprint(i)), at.Add(time.Duration(i)*time.Second))
		if !ok {
			t.Fatalf("answer %d was refused", i+1)
		}
		auto = next
	}
	if _, ok := SpendReply(auto, "5", at.Add(59*time.Second)); ok {
		t.Error("the sixth answer within a minute was allowed")
	}
	if same, ok := SpendReply(auto, "3", at.Add(59*time.Second)); !ok || len(same) != 5 {
		t.Error("a repetition of an answer that was counted is refused or counted again")
	}
	if next, ok := SpendReply(auto, "5", at.Add(60*time.Second)); !ok || len(next) != 5 {
		t.Errorf("got %d, %v a minute after the first, want 5, true", len(next), ok)
	}
}

func TestStateShowsTheBestStamp(t *testing.T) {
	for _, c := range []struct {
		stamps Stamps
		want   State
	}{
		{Stamps{}, Queued},
		{Stamps{Sent: 1}, Sent},
		{Stamps{Sent: 1, Failed: 2}, Failed},
		{Stamps{Sent: 1, Failed: 2, Delivered: 3}, Delivered},
		{Stamps{Read: 1}, Read},
		{Stamps{Unknown: 1}, Unknown},
		{Stamps{Unknown: 1, Sent: 2}, Sent},
	} {
		if got := c.stamps.State(); got != c.want {
			t.Errorf("got %s of %+v, want %s", got, c.stamps, c.want)
		}
	}
}

func TestHeldBackKeepsTheOrderOfAcceptance(t *testing.T) {
	th := Thread{Held: []Parked{{Accepted: 1000, Key: "a"}}}
	if th.HeldBack(Parked{1000, "a"}, 2000) {
		t.Error("the parked send is held back by itself")
	}
	if !th.HeldBack(Parked{1001, "b"}, 2000) || !th.HeldBack(Parked{1000, "b"}, 2000) {
		t.Error("a later send passes the parked one")
	}
	if th.HeldBack(Parked{999, "b"}, 2000) {
		t.Error("an earlier send is held back by a later one")
	}
	if th.HeldBack(Parked{1001, "b"}, Millis(1000).Add(MaxSendWait+2*time.Hour)) {
		t.Error("a send that nobody will finish holds others back for ever")
	}
}

func TestCodesMapOnce(t *testing.T) {
	for _, c := range []Code{Unparsable, Oversize, NoAccount, StaleEvent, KeyReused, Poison} {
		if c.Retryable() || !c.Quarantined() {
			t.Errorf("%s: got retryable %v, quarantined %v", c, c.Retryable(), c.Quarantined())
		}
	}
	for code, status := range map[Code]int{BadSignature: 401, NotFound: 404, TooLarge: 413, BadMethod: 405, Transient: 503, Internal: 503} {
		if code.HTTPStatus() != status {
			t.Errorf("%s: got status %d, want %d", code, code.HTTPStatus(), status)
		}
	}
	if CodeOf(fmt.Errorf("x: %w", E(Blocked, "op", nil))) != Blocked || CodeOf(nil) != "" || CodeOf(fmt.Errorf("x")) != Internal {
		t.Error("CodeOf does not find the code")
	}
}
