package env

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
)

// logged is what a log makes of one line.
func logged(t *testing.T, write func(*slog.Logger)) (string, map[string]any) {
	t.Helper()
	var out bytes.Buffer
	write(NewLog(&out, "inbound", slog.LevelDebug))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", out.String(), err)
	}
	return out.String(), line
}

func TestLineHasFunctionLevelMessageAndTrace(t *testing.T) {
	_, line := logged(t, func(l *slog.Logger) {
		l.Warn("send refused", "trace", "1-67891233-abcdef012345678912345678", "code", hub.TokenExpired, "class", hub.ClassBot, "seconds", 12,
			"new", true, "error", hub.E(hub.TokenExpired, "whatsapp: send", fmt.Errorf("status 401, code 190, subcode 2494010, trace AbC9_x-1")))
	})
	for key, want := range map[string]any{
		"function": "inbound", "level": "WARN", "msg": "send refused", "trace": "1-67891233-abcdef012345678912345678", "code": "token_expired",
		"class": "bot", "seconds": 12.0, "new": true,
		"error": "whatsapp: send: token_expired: status 401, code 190, subcode 2494010, trace AbC9_x-1",
	} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %v", key, line[key], want)
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(line["time"])); err != nil || time.Since(at) > time.Minute {
		t.Errorf("got the time %v, want now in RFC 3339", line["time"])
	}
}

// customer holds what a careless line might show.
type customer struct{ Name, Phone string }

func TestCarelessLineShowsNothing(t *testing.T) {
	const (
		someone = "Canary-Wu"
		phone   = "0912733918"
		email   = "canary.meihua@example.com"
		user    = "U0d9c3f6a82b14e57903c6ad18f4e7b25"
		secret  = "f00dbabe0123456789abcdef01234567"
		token   = "eyJhbGciOiJIUzI1NiJ9.canaryCanaryCanaryCanaryCanaryCanaryCanary"
		said    = "我的金絲雀"
	)
	all := []string{someone, phone, "0912-733-918", "+886 912 733 918", email, user, secret, token, said}
	lines := map[string]func(*slog.Logger){
		"a key that is not listed": func(l *slog.Logger) { l.Info("x", "user", user, "name", someone, "phone", phone, "text", said) },
		"a key of personal data":   func(l *slog.Logger) { l.Info("x", phone, 1, email, 2) },
		"an odd argument":          func(l *slog.Logger) { l.Info("x", []any{"trace"}...) },
		"only a value":             func(l *slog.Logger) { l.Info("x", []any{phone}...) },
		"a struct":                 func(l *slog.Logger) { l.Info("x", "detail", customer{someone, phone}, "id", &customer{someone, phone}) },
		"bytes":                    func(l *slog.Logger) { l.Info("x", "detail", []byte(said), "why", []string{phone}) },
		"a group":                  func(l *slog.Logger) { l.WithGroup("g").Info("x", "trace", user, "why", said) },
		"a group of attributes":    func(l *slog.Logger) { l.Info("x", slog.Group("why", "trace", user, "name", someone)) },
		"with":                     func(l *slog.Logger) { l.With("name", someone, "id", user).Info("x") },
		"a message":                func(l *slog.Logger) { l.Info("from " + phone + " " + email + " " + said + " " + token) },
		"a raw JSON value":         func(l *slog.Logger) { l.Info("x", "detail", json.RawMessage(`{"name":"`+someone+`"}`)) },
		"a number as a number":     func(l *slog.Logger) { l.Info("x", "id", 912733918, "code", 912733918, "why", 912733918) },
	}
	for i, v := range all {
		for key, f := range keys {
			if v == someone && (f == word || f == prose || f == name) {
				continue // a plain word: what its key and the types are for
			}
			if f == stack {
				continue // of functions and places in the source
			}
			lines[fmt.Sprint(key, " ", i)] = func(l *slog.Logger) { l.Warn("x", key, v) }
			lines[fmt.Sprint(key, " error ", i)] = func(l *slog.Logger) { l.Warn("x", key, errors.New("http: read "+v+": failed")) }
			lines[fmt.Sprint(key, " typed ", i)] = func(l *slog.Logger) { l.Warn("x", key, hub.Personal(v)) }
		}
	}
	for what, write := range lines {
		text, _ := logged(t, write)
		for _, canary := range append(all, "912733918") {
			if canary == someone && strings.Contains(what, "error") {
				continue
			}
			if strings.Contains(text, canary) {
				t.Errorf("%s: got %s", what, text)
			}
		}
	}
}

func TestProductsOwnWordsPass(t *testing.T) {
	for key, values := range map[string][]any{
		"trace":   {"1-67891233-abcdef012345678912345678", "JKJaXmPLvHcESHA=", "c793869b-ee49-115b-a5b6-4fd21e8dedac", "01K7Q2M8ZC5V3TB9XN4DHWRE6F"},
		"id":      {hub.Digest("event", "a"), "3gvpsssdkikt3zpvn2kfzenkn72tlrra"},
		"message": {"79b4f56e-95b1-4643-9700-2807f4e68189"},
		"team":    {hub.TeamID("demo")},
		"channel": {hub.Channel("whatsapp"), "unknown"},
		"code":    {hub.KeyReused, hub.Code("")},
		"type":    {"runtime.boundsError", "*errors.errorString", "[]interface {}", hub.Text},
		"why":     {"the customer was erased after it", "a phone number came with another user id"},
		"error": {
			errors.New("webhook: accept: too_large: the body has more than 3145728 bytes"), errors.New("the platform's time is over 192h0m0s old"),
			hub.E(hub.Transient, "store: advance thread", errors.New("ProvisionedThroughputExceededException")), "131026",
		},
	} {
		for _, v := range values {
			_, line := logged(t, func(l *slog.Logger) { l.Info("x", key, v) })
			if got, want := line[key], fmt.Sprint(v); got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	text, _ := logged(t, func(l *slog.Logger) {
		l.Error("record panicked", "error", strings.Repeat("a b ", 10_000), "stack", strings.Repeat("goroutine ", 10_000))
	})
	if len(text) > maxStack+maxProse+500 {
		t.Errorf("got a line of %d bytes", len(text))
	}
}

func TestLevelIsLambdasWord(t *testing.T) {
	for name, want := range map[string]slog.Level{
		"": slog.LevelDebug, "TRACE": slog.LevelDebug, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARN": slog.LevelWarn,
		"ERROR": slog.LevelError, "FATAL": slog.LevelError, "loud": slog.LevelInfo,
	} {
		if got := Level(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
	var out bytes.Buffer
	l := NewLog(&out, "relay", Level("INFO"))
	l.Debug("published")
	if l.Info("x"); strings.Count(out.String(), "\n") != 1 || l.Enabled(context.Background(), slog.LevelDebug) {
		t.Errorf("got %q, want nothing below INFO", out.String())
	}
}
