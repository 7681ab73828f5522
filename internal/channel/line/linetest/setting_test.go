package linetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/line/linetest"
)

// verify asks about a token as LINE documents it.
func (w *world) verify(method, path, token string) (int, map[string]any) {
	w.T.Helper()
	given := url.Values{"access_token": {token}}.Encode()
	r, err := http.NewRequestWithContext(w.T.Context(), method, w.API.URL+path, strings.NewReader(given))
	if err != nil {
		w.T.Fatal(err)
	}
	if r.Header.Set("Content-Type", "application/x-www-form-urlencoded"); method == http.MethodGet {
		r.URL.RawQuery = given
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.T.Fatal(err)
	}
	defer resp.Body.Close()
	if want := w.Clock().UTC().Format(http.TimeFormat); resp.Header.Get("Date") != want {
		w.T.Errorf("date: got %q, want the hub's clock, %q", resp.Header.Get("Date"), want)
	}
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.T.Fatal(err)
	}
	return resp.StatusCode, out
}

func TestTokensAreVerified(t *testing.T) {
	const old, new = "/v2/oauth/verify", "/oauth2/v2.1/verify"
	w := newWorld(t)
	status, out := w.verify("POST", old, "t1")
	w.Want("a good token", []any{status, out["expires_in"]}, []any{200, float64(3138007490)})
	w.Faults(`{"token_expires_in":86400}`)
	_, out = w.verify("POST", old, "t1")
	w.Want("a token that ends", out["expires_in"], 86400)
	w.Faults(`{"expired_token":true,"account":"club"}`)
	for _, c := range []struct{ method, path, token, want string }{
		{"POST", old, "t3", "access_token invalid"},
		{"POST", old, "", "access_token invalid"},
		{"POST", old, "t2", "access_token invalid"},
		{"POST", old, "a.b.c", "access_token in invalid format"},
		{"GET", new, "t1", "The access token not JWS"},
		{"GET", new, "a.b.c", "The access token expired"},
	} {
		status, out := w.verify(c.method, c.path, c.token)
		w.Want(c.path+" "+c.token, []any{status, out["error"], out["error_description"]}, []any{400, "invalid_request", c.want})
	}
	status, _ = w.verify("POST", old, "t1")
	w.Want("the other account", status, 200)
	status, out, _ = w.call("POST", old, `{"access_token":"t1"}`)
	w.Want("a body that is no form", []any{status, out["error_description"]}, []any{400, "access_token invalid"})
	w.Faults(`{"down":true}`)
	status, out, _ = w.call("POST", old, "")
	w.Want("an outage of all", []any{status, out["message"]}, []any{503, "Service unavailable"})
}

func TestWebhookIsSwitchedOffAndOnByHand(t *testing.T) {
	w := newWorld(t)
	w.Faults(`{"webhook_off":true}`)
	status, out, _ := w.call("GET", "/v2/bot/channel/webhook/endpoint", "")
	w.Want("off", []any{status, out["active"]}, []any{200, false})
	w.Faults("null")
	_, out, _ = w.call("GET", "/v2/bot/channel/webhook/endpoint", "")
	w.Want("on", out["active"], true)
}

func TestAccountsWithoutWebhookSaySo(t *testing.T) {
	w := newWorld(t)
	w.Start(linetest.New, nil, fake.Account{ID: "shop", ExternalID: bot, Secrets: map[string]string{"channel_token": "t1"}})
	for method, path := range map[string]string{"GET": "/v2/bot/channel/webhook/endpoint", "POST": "/v2/bot/channel/webhook/test"} {
		status, out, _ := w.call(method, path, "")
		w.Want(path, []any{status, out["message"]}, []any{404, "Webhook endpoint not found"})
	}
	_, out, _ := w.call("POST", "/v2/bot/channel/webhook/test", `{"endpoint":"https://127.0.0.1:1/"}`)
	w.Want("nobody there", []any{out["success"], out["statusCode"], out["reason"]}, []any{false, 0, "COULD_NOT_CONNECT"})
}

func TestRestartKeepsTheWebhookThatWasEntered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	w := newWorld(t)
	var journal *fake.Journal
	open := func(configured string) {
		_ = journal.Close()
		journal = faketest.Journal(t, file)
		w.Start(linetest.New, journal, fake.Account{ID: "shop", ExternalID: bot, Webhook: configured, Secrets: map[string]string{"channel_token": "t1"}})
	}
	asked := func() string {
		_, out, _ := w.call("GET", "/v2/bot/channel/webhook/endpoint", "")
		return fmt.Sprint(out["endpoint"])
	}
	open("https://one.example/")
	status, _, _ := w.call("PUT", "/v2/bot/channel/webhook/endpoint", `{"endpoint":"https://two.example/"}`)
	w.Want("entered", status, 200)
	open("https://one.example/")
	w.Want("after a restart", asked(), "https://two.example/")
	open("https://three.example/")
	w.Want("after another configuration", asked(), "https://three.example/")
}
