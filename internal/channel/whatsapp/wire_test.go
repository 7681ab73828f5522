package whatsapp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

func TestVerifyHashesTheBytesAsReceived(t *testing.T) {
	a := whatsapp.New(channel.Platform{})
	check := func(body []byte, signature string) hub.Code {
		return hub.CodeOf(a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": signature}}, credentials))
	}
	for name, body := range map[string]string{
		"escapes":         `{"t":"\u00e4\u4f60 a\/b"}`,
		"surrogate pairs": `{"t":"\ud83d\udc4d"}`,
		"order and space": `{ "b":1,"a":2.0 } `,
		"large numbers":   `{"n":1689556908129832123}`,
	} {
		t.Run(name, func(t *testing.T) {
			signature := contracttest.Sign([]byte(body), credentials.Secrets[whatsapp.AppSecret])
			if got := check([]byte(body), signature); got != "" {
				t.Errorf("as received: got %q, want it accepted", got)
			}
			var whole any
			if err := json.Unmarshal([]byte(body), &whole); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			if got := check(again, signature); got != hub.BadSignature {
				t.Errorf("decoded and encoded again: got %q, want %s", got, hub.BadSignature)
			}
			capitals := "sha256=" + strings.ToUpper(strings.TrimPrefix(signature, "sha256="))
			if got := check([]byte(body), capitals); got != hub.BadSignature {
				t.Errorf("in capitals: got %q, want %s", got, hub.BadSignature)
			}
		})
	}
}

// platform answers every call with one status and body, and keeps the last request.
func platform(t *testing.T, status int, body string) (a *whatsapp.Adapter, last *map[string]any) {
	t.Helper()
	last = new(map[string]any)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(sent, last)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return whatsapp.New(channel.Platform{BaseURL: server.URL}), last
}

func TestToWhomAMessageGoes(t *testing.T) {
	a, last := platform(t, 200, accepted(""))
	s := suite(t)
	for to, want := range map[string]map[string]any{
		"wa:886912345678":   {"to": "886912345678", "recipient_type": "individual"},
		user:                {"recipient": user, "recipient_type": "individual"},
		"group:Y2Fw:Z3JvdQ": {"to": "Y2Fw:Z3JvdQ", "recipient_type": "group"},
	} {
		*last = nil
		s.Message.To = hub.Personal(to)
		if _, err := a.Send(t.Context(), s.Account, s.Message); err != nil {
			t.Fatalf("%s: got %v, want no error", to, err)
		}
		for _, name := range []string{"to", "recipient", "recipient_type"} {
			if got := (*last)[name]; got != want[name] {
				t.Errorf("%s: %s: got %v, want %v", to, name, got, want[name])
			}
		}
	}
	for _, to := range []string{"", "886912345678", "wa:", "wa:+886912345678", "wa:x", "group:", "U0d9c3f6a82b14e57903c6ad18f4e7b25", "TW.", "TW.ENT.1", "wa:TW.1"} {
		*last = nil
		s.Message.To = hub.Personal(to)
		if _, err := a.Send(t.Context(), s.Account, s.Message); hub.CodeOf(err) != hub.Unreachable || *last != nil {
			t.Errorf("to %q: got %v, want %s without a call", to, err, hub.Unreachable)
		}
	}
}

func TestAnAccountWithoutANumberSendsNothing(t *testing.T) {
	a, last := platform(t, 200, accepted(""))
	s := suite(t)
	for _, external := range []string{"", "..", "1/../2", "abc", "12 "} {
		s.Account.External = external
		_, err := a.Send(t.Context(), s.Account, s.Message)
		if hub.CodeOf(err) != hub.AccountBroken || *last != nil {
			t.Errorf("external id %q: got %v, want %s without a call", external, err, hub.AccountBroken)
		}
		if err := a.Typing(t.Context(), s.Account, user, wamid); hub.CodeOf(err) != hub.AccountBroken || *last != nil {
			t.Errorf("typing of external id %q: got %v, want %s without a call", external, err, hub.AccountBroken)
		}
	}
}

func TestThePaceToOnePersonSlowsWithEachTry(t *testing.T) {
	a, _ := platform(t, 400, failure(131056))
	s := suite(t)
	for try, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: 4 * time.Second, 2: 16 * time.Second, 4: 256 * time.Second,
		5: 5 * time.Minute, 6: 5 * time.Minute, 1 << 40: 5 * time.Minute,
	} {
		s.Message.Try = try
		if _, err := a.Send(t.Context(), s.Account, s.Message); hub.RetryAfterOf(err) != want {
			t.Errorf("try %d: got %v, want %v", try, hub.RetryAfterOf(err), want)
		}
	}
}

func TestAnErrorTellsItsNumberAndTraceOnly(t *testing.T) {
	s := suite(t)
	for name, c := range map[string]struct{ body, want string }{
		"all":         {failure(131047), "whatsapp: send: template_needed: status 400, error 131047, trace AzFdOCCQpFvfyyT4hZgTQ5Y"},
		"subcode":     {`{"error":{"code":100,"error_subcode":2494010}}`, "whatsapp: send: permanent: status 400, error 100, subcode 2494010"},
		"phone":       {`{"error":{"code":100,"fbtrace_id":"886912345678"}}`, "whatsapp: send: permanent: status 400, error 100"},
		"long":        {`{"error":{"code":100,"fbtrace_id":"Aa` + strings.Repeat("x", 39) + `"}}`, "whatsapp: send: permanent: status 400, error 100"},
		"line breaks": {`{"error":{"code":100,"fbtrace_id":"AzFdOCCQpFv\nx"}}`, "whatsapp: send: permanent: status 400, error 100"},
		"none":        {`{"error":"Az"}`, "whatsapp: send: permanent: status 400, no error of the Graph API"},
	} {
		a, _ := platform(t, 400, c.body)
		if _, err := a.Send(context.Background(), s.Account, s.Message); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
