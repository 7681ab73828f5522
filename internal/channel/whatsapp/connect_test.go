package whatsapp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/channel/whatsapp/whatsapptest"
	"omnihub/internal/hub"
)

// A number is connected against the platform step by step, and every step says what is
// wrong.
func TestConnectingSaysWhatIsWrong(t *testing.T) {
	var a *whatsapp.Adapter
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := a.Handshake(&channel.Request{Method: r.Method, RawQuery: r.URL.RawQuery}, credentials)
		if err != nil {
			w.WriteHeader(hub.CodeOf(err).HTTPStatus())
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(edge.Close)
	platform := whatsapptest.New(fake.Config{Accounts: []fake.Account{{ID: "shop", ExternalID: number, Webhook: "http://127.0.0.1:1/old", Secrets: map[string]string{
		"app_secret": credentials.Secrets[whatsapp.AppSecret].Reveal(), "verify_token": "x", "access_token": "EAACanary+access/token==", "app_id": app, "waba_id": waba}}}})
	api := httptest.NewServer(http.StripPrefix("/whatsapp", platform))
	t.Cleanup(api.Close)
	a = whatsapp.New(channel.Platform{BaseURL: api.URL})

	at := func(change func(*channel.Account)) channel.Account {
		return *with(func(a *channel.Account) { a.Webhook = edge.URL + "/webhooks/whatsapp/abc"; change(a) })
	}
	acct, full := at(func(*channel.Account) {}), at(withApp)
	fails := func(what string, err error, code hub.Code, words string) {
		t.Helper()
		if hub.CodeOf(err) != code || code != "" && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q that says %q", what, err, code, words)
		}
	}
	check := func(what string, a2 channel.Account, code hub.Code, words string) channel.Standing {
		t.Helper()
		told, err := a.Check(t.Context(), a2)
		fails(what, err, code, words)
		return told
	}
	faults := func(plan string) {
		t.Helper()
		if err := platform.SetFaults(json.RawMessage(plan)); err != nil {
			t.Fatal(err)
		}
	}
	comes := func(what string, a2 channel.Account, want bool) {
		t.Helper()
		if got, err := a.Registered(t.Context(), a2); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
		}
	}

	for name, good := range map[string]channel.Account{"alone": acct, "with the app": full} {
		if told := check(name, good, "", ""); told.External != number || told.Expires != 0 || len(told.Advice) != 0 {
			t.Errorf("%s: got %+v, want it good", name, told)
		}
	}
	check("a wrong token", at(func(a *channel.Account) { a.Secrets[whatsapp.AccessToken] = "x" }), hub.TokenExpired, "access token is refused")
	check("a wrong token, with the app", at(func(a *channel.Account) { withApp(a); a.Secrets[whatsapp.AccessToken] = "x" }), hub.TokenExpired, "not valid")
	check("another app secret", at(func(a *channel.Account) { withApp(a); a.Secrets[whatsapp.AppSecret] = "x" }), hub.AccountBroken, "do not belong together")
	check("another number", at(func(a *channel.Account) { a.External = "1" }), hub.NotFound, "not assigned")
	check("the account's id", at(func(a *channel.Account) { a.External = waba }), hub.NotFound, "no phone number's")
	check("another account", at(func(a *channel.Account) { a.Secrets[whatsapp.WABAID] = "1" }), hub.AccountBroken, "lacks the permissions")
	faults(`{"expired_token":true}`)
	check("expired", full, hub.TokenExpired, "has expired")
	faults(`{"token_expires_in":604800}`)
	if told := check("a week", full, "", ""); time.Until(told.Expires.Time()) > 8*24*time.Hour || len(told.Advice) != 1 {
		t.Errorf("a token of a week: got %+v, want its end and an advice", told)
	}
	faults(`{"missing_permissions":["whatsapp_business_messaging"]}`)
	check("no permission to send", full, hub.AccountBroken, "lacks the permission whatsapp_business_messaging")
	faults(`{"missing_permissions":["whatsapp_business_management"]}`)
	check("no permission to look", at(withoutWABA), hub.AccountBroken, "whatsapp_business_management")
	faults(`{"number_status":"BANNED"}`)
	check("banned", full, hub.AccountBroken, "BANNED")
	faults(`{"down":true}`)
	check("down", full, hub.Transient, "")
	faults("null")

	comes("at first, with the app", full, false)
	wrong := acct
	wrong.Webhook = "http://127.0.0.1:1/"
	fails("nobody there", a.Register(t.Context(), wrong), hub.Refused, "not confirmed")
	fails("another verify token", a.Register(t.Context(), at(func(a *channel.Account) { a.Secrets[whatsapp.VerifyToken] = "x" })), hub.Refused, "verify token")
	fails("another account", a.Register(t.Context(), at(func(a *channel.Account) { a.Secrets[whatsapp.WABAID] = "1" })), hub.NotFound, "waba_id")
	fails("for the account alone", a.Register(t.Context(), acct), "", "")
	comes("for the account alone", acct, true)
	fails("once more", a.Register(t.Context(), acct), "", "")
	comes("elsewhere", wrong, false)
	fails("taken out", a.Unregister(t.Context(), acct), "", "")
	fails("taken out again", a.Unregister(t.Context(), acct), "", "")
	comes("taken out", acct, false)
	fails("at the app", a.Register(t.Context(), full), "", "")
	comes("at the app", full, true)
	fails("at the app once more", a.Register(t.Context(), full), "", "")
	d, err := platform.Act(t.Context(), fake.Act{From: "ann", Text: "x", Hold: true})
	if err != nil || d.URL != full.Webhook {
		t.Errorf("webhooks go to %s, %v, want %s", d.URL, err, full.Webhook)
	}
}
