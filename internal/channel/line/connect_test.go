package line_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// edge is the hub's side of a webhook: it answers as the ingress does.
func edge(t *testing.T, a *line.Adapter, c *atomic.Pointer[channel.Credentials]) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		known := c.Load()
		switch {
		case known == nil:
			w.WriteHeader(http.StatusNotFound)
		case a.Verify(&channel.Request{Header: map[string]string{"x-line-signature": r.Header.Get("X-Line-Signature")}, Body: body}, *known) != nil:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/webhooks/line/abc"
}

// An account is connected against the platform step by step, and every step says what
// is wrong.
func TestConnectingSaysWhatIsWrong(t *testing.T) {
	s := newStage(t)
	known := &atomic.Pointer[channel.Credentials]{}
	acct := s.account
	acct.Webhook = edge(t, s.adapter, known)
	fails := func(what string, err error, code hub.Code, words string) {
		t.Helper()
		if hub.CodeOf(err) != code || code != "" && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q that says %q", what, err, code, words)
		}
	}
	faults := func(plan string) {
		t.Helper()
		if err := s.platform.SetFaults(json.RawMessage(plan)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(a channel.Account) (channel.Standing, error) { return s.adapter.Check(t.Context(), a) }

	told, err := check(channel.Account{Secrets: acct.Secrets})
	if err != nil || told.External != account || told.Expires != 0 || len(told.Advice) != 0 {
		t.Fatalf("check: got %+v, %v, want %s", told, err, account)
	}
	wrong := acct
	wrong.Secrets = channel.Secrets{line.ChannelToken: "another"}
	_, err = check(wrong)
	fails("a wrong token", err, hub.TokenExpired, "refuses the channel token")
	wrong = acct
	wrong.External = "U0000000000000000000000000000000"
	_, err = check(wrong)
	fails("a short id", err, hub.BadRequest, "not the id with @")
	wrong.External = "U00000000000000000000000000000000"
	_, err = check(wrong)
	fails("another id", err, hub.NotFound, account)
	faults(`{"expired_token":true}`)
	_, err = check(acct)
	fails("an expired token", err, hub.TokenExpired, "has ended")
	faults(`{"token_expires_in":604800}`)
	told, err = check(acct)
	if left := time.Until(time.UnixMilli(int64(told.Expires))); err != nil || left < 6*24*time.Hour || left > 8*24*time.Hour || len(told.Advice) != 1 {
		t.Errorf("a token of a week: got %+v, %v, want its end and an advice", told, err)
	}
	faults("null")

	if on, err := s.adapter.Registered(t.Context(), acct); on || err != nil {
		t.Errorf("before: got %v, %v, want it not registered", on, err)
	}
	fails("no connection", s.adapter.Register(t.Context(), acct), hub.Refused, "no such connection")
	known.Store(&channel.Credentials{Secrets: channel.Secrets{line.ChannelSecret: "another"}, Accounts: []string{account}})
	fails("another secret", s.adapter.Register(t.Context(), acct), hub.Refused, "channel secret is another")
	known.Store(&credentials)
	faults(`{"webhook_off":true}`)
	fails("switched off", s.adapter.Register(t.Context(), acct), hub.AccountBroken, "Use webhook")
	faults("null")
	fails("registered", s.adapter.Register(t.Context(), acct), "", "")
	fails("once more", s.adapter.Register(t.Context(), acct), "", "")
	if on, err := s.adapter.Registered(t.Context(), acct); !on || err != nil {
		t.Errorf("after: got %v, %v, want it registered", on, err)
	}
	dead := acct
	dead.Webhook = "http://127.0.0.1:1/webhooks/line/abc"
	fails("nobody there", s.adapter.Register(t.Context(), dead), hub.Refused, "could not connect")
	dead.Webhook = "http://hub.example/webhooks/line/abc"
	fails("without TLS", s.adapter.Register(t.Context(), dead), hub.BadRequest, "https")
	if on, err := s.adapter.Registered(t.Context(), acct); on || err != nil {
		t.Errorf("entered elsewhere: got %v, %v, want it not registered", on, err)
	}
	fails("taken out", s.adapter.Unregister(t.Context(), acct), hub.Refused, "Use webhook")
}
