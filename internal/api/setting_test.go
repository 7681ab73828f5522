package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestAccountIsConnectedChangedSwitchedAndRemoved(t *testing.T) {
	sc := newScene(t)
	made := sc.do(ask{as: "supervisor", method: "POST", path: "/accounts", body: `{"id":"line9","connection":"line9","channel":"line","external_id":"U9bot","name":"Nine","unchecked":true,
		"secrets":{"channel_secret":"very-secret-1","channel_token":"very-secret-2"},"keywords":[{"match":"hi","answer":{"type":"text","text":"hello"}}],"opt_out":{"out_words":["stop it"],"in_words":[],"out_reply":"","in_reply":""}}`}).want(t, "connect", 201, "")
	if made.text("account", "secrets_set", 0) != "channel_token" || made.text("account", "health", "state") != "unchecked" || made.text("account", "keywords", 0, "answer", "text") != "hello" {
		t.Errorf("got %s, want the account", made.raw)
	}
	sc.do(ask{as: "supervisor", method: "POST", path: "/accounts", body: `{"id":"line9","connection":"line9","channel":"line","external_id":"U9bot","unchecked":true,"secrets":{}}`}).want(t, "connect twice", 409, hub.Conflict)
	tag := made.header.Get("ETag")
	change := func(tag, text string) reply {
		return sc.do(ask{as: "admin", method: "PATCH", path: "/accounts/line9", body: text, header: map[string]string{"If-Match": tag}})
	}
	got := change(tag, `{"name":"Neun","unchecked":true}`).want(t, "change", 200, "")
	if got.text("account", "name") != "Neun" || got.text("account", "keywords", 0, "match") != "hi" || got.text("account", "external_id") != "U9bot" {
		t.Errorf("got %s, want the name changed and the rest as it was", got.raw)
	}
	change(tag, `{"name":"Nove","unchecked":true}`).want(t, "change what changed", 412, "precondition_failed")
	tag = got.header.Get("ETag")
	change(tag, `{"secrets":{"nosuch":"x"},"unchecked":true}`).want(t, "a secret that there is not", 400, hub.BadRequest)
	for action, active := range map[string]bool{"deactivate": false, "activate": true} {
		got := sc.do(ask{as: "admin", method: "POST", path: "/accounts/line9/" + action}).want(t, action, 200, "")
		if got.value("active") != active {
			t.Errorf("%s: got %s", action, got.raw)
		}
	}
	for _, path := range []string{"/accounts", "/accounts/line9", "/connections", "/connections/line9", "/audit", "/channels"} {
		if got := sc.do(ask{as: "admin", method: "GET", path: path}).want(t, path, 200, ""); strings.Contains(got.raw, "very-secret") {
			t.Errorf("%s: got a secret: %s", path, got.raw)
		}
	}
	if strings.Contains(sc.Logged.String(), "very-secret") {
		t.Error("got a secret in the log")
	}
	sc.do(ask{as: "admin", method: "DELETE", path: "/accounts/line9?force=true"}).want(t, "remove", 200, "")
	sc.do(ask{as: "admin", method: "GET", path: "/accounts/line9"}).want(t, "removed", 404, hub.NotFound)
	sc.do(ask{as: "admin", method: "GET", path: "/connections/line9"}).want(t, "its connection", 404, hub.NotFound)
}

func TestChangesOfAccountsAreWrittenDownWithTheChange(t *testing.T) {
	sc := newScene(t)
	sc.do(ask{as: "supervisor", method: "POST", path: "/accounts",
		body: `{"id":"line9","connection":"line9","channel":"line","external_id":"U9bot","unchecked":true,"secrets":{"channel_secret":"s1","channel_token":"s2"}}`}).want(t, "connect", 201, "")
	sc.do(ask{as: "supervisor", method: "POST", path: "/accounts/line9/deactivate"}).want(t, "off", 200, "")
	sc.do(ask{as: "supervisor", method: "DELETE", path: "/accounts/line9?force=true"}).want(t, "remove", 200, "")
	audit := sc.do(ask{as: "admin", method: "GET", path: "/audit?action=account&target=account/line9&actor=" + string(sc.Members["supervisor"].ID)}).want(t, "audit", 200, "")
	for i, action := range []string{"account.connect", "account.deactivate", "account.remove"} {
		if !strings.Contains(audit.raw, `"action":"`+action+`"`) {
			t.Errorf("%d: got no %s in %s", i, action, audit.raw)
		}
	}
	if !strings.Contains(audit.raw, `"secret.channel_token":"set"`) || strings.Contains(audit.raw, "s2") {
		t.Errorf("got %s, want the names of the secrets only", audit.raw)
	}
}

func TestAccountWithThreadsIsNotRemoved(t *testing.T) {
	sc := newScene(t)
	sc.talk(hubtest.Team, "U1", "hello", start())
	got := sc.do(ask{as: "admin", method: "DELETE", path: "/accounts/line1?force=true"}).want(t, "remove", 409, hub.Refused)
	if !strings.Contains(got.text("detail"), "deactivate") {
		t.Errorf("got %q, want the way out told", got.text("detail"))
	}
}

func TestWhatThePlatformSaysIsTold(t *testing.T) {
	sc := newScene(t)
	connect := ask{as: "admin", method: "POST", path: "/accounts", body: `{"id":"line8","connection":"line8","channel":"line","secrets":{"channel_secret":"s","channel_token":"t"}}`}
	for code, status := range map[hub.Code]int{hub.TokenExpired: 422, hub.AccountBroken: 422, hub.NotFound: 409, hub.Transient: 503, hub.RateLimited: 429} {
		sc.API.Keeper.Adapters["line"] = refusing{sc.API.Keeper.Adapters["line"], code}
		got := sc.do(connect)
		if got.status != status || strings.Contains(got.raw, "channel_token=t") {
			t.Errorf("%s: got %d %s, want %d", code, got.status, got.raw, status)
		}
		if status == 422 && !strings.Contains(got.text("detail"), "The platform says no") {
			t.Errorf("%s: got %q, want the platform's words", code, got.text("detail"))
		}
	}
}

// refusing is an adapter whose platform refuses all credentials.
type refusing struct {
	channel.Adapter
	code hub.Code
}

func (r refusing) Check(context.Context, channel.Account) (channel.Standing, error) {
	return channel.Standing{}, hub.E(r.code, "line: check", errors.New("the platform says no"))
}

func TestPanicAndBrokenTableAreAnsweredWithoutWords(t *testing.T) {
	sc := newScene(t)
	sc.API.Office = nil
	got := sc.do(ask{as: "admin", method: "GET", path: ""}).want(t, "panic", http.StatusInternalServerError, hub.Internal)
	if strings.Contains(got.raw, "nil pointer") || !strings.Contains(sc.Logged.String(), "panic") {
		t.Errorf("got %s, want it in the log alone", got.raw)
	}
}

func TestLogHoldsNothingThatWasGivenOrAnswered(t *testing.T) {
	sc := newScene(t)
	sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"Grimhilde","email":"grimhilde@example.com","phone":"+886912345678","note":"secret-note"}`}).want(t, "create", 201, "")
	sc.do(ask{as: "admin", method: "GET", path: "/contacts?email=grimhilde@example.com"}).want(t, "find", 200, "")
	sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: `{"grimhilde":1}`}).want(t, "refused", 400, "")
	log := strings.ToLower(sc.Logged.String())
	for _, word := range []string{"grimhilde", "886912345678", "secret-note", "refused]"} {
		if strings.Contains(log, word) {
			t.Errorf("got %q in the log", word)
		}
	}
	for _, word := range []string{`"kind":"createcontact"`, `"team":"test"`, `"by":"member"`, `"code":"bad_request"`, `"trace":"req-1"`} {
		if !strings.Contains(log, word) {
			t.Errorf("got no %s in the log", word)
		}
	}
}
