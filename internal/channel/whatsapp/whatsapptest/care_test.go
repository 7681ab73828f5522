package whatsapptest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

const (
	appID  = "670843887433847"
	wabaID = "104996122399160"
)

// office is a fake WhatsApp of two numbers that share an app and an account, one number
// of the app's other account, and one of another app; the hub confirms URLs with the
// token v1 and remembers where webhooks went.
type office struct {
	t        *testing.T
	platform fake.Platform
	api      *httptest.Server
	hub      *httptest.Server

	mu   sync.Mutex
	went []string
}

func newOffice(t *testing.T) *office {
	o := &office{t: t}
	o.hub = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case r.Method == http.MethodPost:
			o.mu.Lock()
			o.went = append(o.went, r.URL.Path)
			o.mu.Unlock()
		case q.Get("hub.verify_token") != "v1":
			w.WriteHeader(403)
		case strings.HasSuffix(r.URL.Path, "/mute"):
		default:
			_, _ = io.WriteString(w, q.Get("hub.challenge"))
		}
	}))
	o.open(nil, o.hub.URL+"/app")
	t.Cleanup(func() { o.api.Close(); o.hub.Close() })
	return o
}

func (o *office) open(j *fake.Journal, webhook string) {
	account := func(id, external, app, waba, token string) fake.Account {
		return fake.Account{ID: id, ExternalID: external, Webhook: webhook, Secrets: map[string]string{
			"app_secret": app, "verify_token": "v1", "access_token": token, "app_id": map[string]string{"s1": appID}[app], "waba_id": waba}}
	}
	o.platform = whatsapptest.New(fake.Config{Journal: j, Accounts: []fake.Account{
		account("shop", shop, "s1", wabaID, "t1"), account("club", club, "s1", wabaID, "t2"),
		account("branch", "106540352242925", "s1", "104996122399161", "t4"), account("rival", rival, "s2", "", "t3"),
	}})
	o.api = httptest.NewServer(o.platform)
}

// call makes a call, and gives its status and answer; a failure's number stands in place
// of the answer.
func (o *office) call(method, path, token, body string) (int, string) {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.api.URL+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	var failed struct {
		Error struct {
			Code    int
			Subcode int    `json:"error_subcode"`
			Trace   string `json:"fbtrace_id"`
		}
	}
	if json.Unmarshal(answer, &failed) == nil && failed.Error.Trace != "" {
		return resp.StatusCode, fmt.Sprintf("%d/%d", failed.Error.Code, failed.Error.Subcode)
	}
	return resp.StatusCode, string(answer)
}

// want calls and compares.
func (o *office) want(method, path, token, body string, status int, answer string) {
	o.t.Helper()
	got, said := o.call(method, path, token, body)
	if got != status || !strings.Contains(said, answer) {
		o.t.Errorf("%s %s as %s: got %d %s, want %d %s", method, path, token, got, said, status, answer)
	}
}

func (o *office) faults(plan string) {
	o.t.Helper()
	if err := o.platform.SetFaults(json.RawMessage(plan)); err != nil {
		o.t.Fatal(err)
	}
}

// goes acts and tells where the webhook went.
func (o *office) goes(a fake.Act) string {
	o.t.Helper()
	if _, err := o.platform.Act(o.t.Context(), a); err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() { o.went = nil }()
	return strings.Join(o.went, " ")
}

const as = appID + "|s1"

func TestTokensAreInspected(t *testing.T) {
	o := newOffice(t)
	debug := func(token string) string { return "/v24.0/debug_token?input_token=" + url.QueryEscape(token) }
	for _, by := range []string{"t1", "t2", as} {
		o.want("GET", debug("t1"), by, "", 200, `"is_valid":true`)
	}
	o.want("GET", debug("t1"), as, "", 200, `"granular_scopes":[{"scope":"whatsapp_business_management","target_ids":["`+wabaID+`"]}`)
	o.want("GET", debug("t1"), as, "", 200, `"expires_at":0`)
	o.want("GET", debug("t3"), as, "", 200, `"is_valid":false`)
	o.want("GET", debug("t9"), "t1", "", 200, `"is_valid":false`)
	o.want("GET", debug("t1"), "t9", "", 401, "190/0")
	o.want("GET", debug("t1"), "", "", 400, "104/0")
	o.want("GET", debug("t1"), appID+"|s2", "", 400, "190/0")
	o.want("GET", debug("t1"), "1|s1", "", 400, "190/0")
	o.faults(`{"account":"shop","expired_token":true}`)
	o.want("GET", debug("t1"), "t1", "", 401, "190/463")
	o.want("GET", debug("t1"), as, "", 200, `"error":{"code":190,"message":"Error validating access token: Session has expired.","subcode":463}`)
	o.want("GET", debug("t2"), as, "", 200, `"is_valid":true`)
	o.faults(`{"account":"club","token_expires_in":60,"missing_permissions":["whatsapp_business_messaging"]}`)
	if _, said := o.call("GET", debug("t2"), as, ""); strings.Contains(said, "messaging") || strings.Contains(said, `"expires_at":0`) {
		t.Errorf("got %s, want a token that ends and lacks a permission", said)
	}
	o.want("GET", debug("t1"), as, "", 200, `"expires_at":0`)
	o.faults(`{"down":true}`)
	o.want("GET", debug("t1"), as, "", 503, "2/0")
}

func TestNumbersAreShownToTheirOwnToken(t *testing.T) {
	o := newOffice(t)
	at := "/v24.0/" + shop
	o.want("GET", at, "t1", "", 200, `"verified_name":"shop"`)
	o.want("GET", at+"?fields=status,platform_type", "t2", "", 200, `"platform_type":"CLOUD_API","status":"CONNECTED"`)
	o.want("GET", at+"?fields=weather", "t1", "", 400, "100/0")
	o.want("GET", at, "t3", "", 400, "100/33")
	o.want("GET", at, "t4", "", 400, "100/33")
	o.want("GET", at, as, "", 403, "200/0")
	o.want("GET", "/v24.0/1", "t1", "", 400, "100/33")
	o.want("GET", "/v24.0/"+wabaID, "t1", "", 200, `"name":"Omnihub"`)
	o.want("GET", "/v24.0/"+wabaID+"/phone_numbers", "t1", "", 200, `"id":"`+club+`"`)
	o.want("GET", "/v24.0/"+wabaID+"/phone_numbers", "t3", "", 400, "100/33")
	o.want("GET", "/v24.0/"+wabaID+"/message_templates", "t1", "", 400, "2500/0")
	o.faults(`{"number_status":"BANNED","quality_rating":"RED"}`)
	o.want("GET", at+"?fields=status,quality_rating", "t1", "", 200, `"quality_rating":"RED","status":"BANNED"`)
	o.faults(`{"missing_permissions":["whatsapp_business_management"]}`)
	o.want("GET", at, "t1", "", 403, "200/0")
}

func TestSubscriptionsDecideWhereWebhooksGo(t *testing.T) {
	o := newOffice(t)
	at := "/v24.0/" + wabaID + "/subscribed_apps"
	override := func(path, token string) string {
		return fmt.Sprintf(`{"override_callback_uri":%q,"verify_token":%q}`, o.hub.URL+path, token)
	}
	message := func(account string) fake.Act { return fake.Act{Account: account, From: "ann", Text: "x"} }
	where := func(what, shop, club, branch string) {
		t.Helper()
		for account, want := range map[string]string{"shop": shop, "club": club, "branch": branch, "rival": "/app"} {
			if got := o.goes(message(account)); got != want {
				t.Errorf("%s: webhooks of %s: got %q, want %q", what, account, got, want)
			}
		}
	}
	o.want("GET", at, "t1", "", 200, `{"data":[{"whatsapp_business_api_data":{"link":"https://www.facebook.com/games/?app_id=`+appID+`","name":"Omnihub","id":"`+appID+`"}}]}`)
	where("at first", "/app", "/app", "/app")
	o.want("POST", at, "t1", override("/mine", "v1"), 200, `{"success":true}`)
	where("elsewhere", "/mine", "/mine", "/app")
	if got := o.goes(fake.Act{Account: "shop", Extra: json.RawMessage(`{"type":"template_status","name":"hello_world","language":"en_US","event":"PAUSED"}`)}); got != "/app" {
		t.Errorf("notices of templates: got %q, want the app's own URL", got)
	}
	o.want("GET", at, "t2", "", 200, `"override_callback_uri":"`+o.hub.URL+`/mine"`)
	o.want("POST", at, "t1", override("/mine", "wrong"), 400, "2200/0")
	o.want("POST", at, "t1", override("/mute", "v1"), 400, "2200/0")
	o.want("POST", at, "t1", `{"override_callback_uri":"http://127.0.0.1:1/","verify_token":"v1"}`, 400, "2200/0")
	o.want("POST", at, "t1", `{"override_callback_uri":"http://hub.example/","verify_token":"v1"}`, 400, "100/0")
	o.want("POST", at, "t1", override("/"+strings.Repeat("x", 200), "v1"), 400, "100/0")
	o.want("POST", at, "t1", override("/mine", ""), 400, "100/0")
	o.want("POST", at, "t3", override("/mine", "v1"), 400, "100/33")
	where("refused", "/mine", "/mine", "/app")
	o.want("POST", at, "t2", "", 200, `{"success":true}`)
	where("at the app again", "/app", "/app", "/app")
	o.want("DELETE", at, "t1", "", 200, `{"success":true}`)
	o.want("DELETE", at, "t1", "", 200, `{"success":true}`)
	o.want("GET", at, "t1", "", 200, `{"data":[]}`)
	o.want("POST", at, "t1", override("/mine", "v1"), 400, "100/0")
	where("not subscribed", "", "", "/app")
	o.want("POST", at, "t1", "", 200, `{"success":true}`)
	where("subscribed again", "/app", "/app", "/app")
}

func TestAnAppHasOneWebhook(t *testing.T) {
	o := newOffice(t)
	at := "/v24.0/" + appID + "/subscriptions"
	form := func(path, token, fields string) string {
		return url.Values{"object": {"whatsapp_business_account"}, "callback_url": {o.hub.URL + path}, "verify_token": {token}, "fields": {fields}}.Encode()
	}
	o.want("GET", at, as, "", 200, `"callback_url":"`+o.hub.URL+`/app","active":true,"fields":[{"name":"messages","version":"v24.0"}`)
	o.want("GET", at, "t1", "", 403, "200/0")
	o.want("GET", "/v24.0/1/subscriptions", as, "", 400, "100/33")
	o.want("POST", at, as, form("/new", "v1", "messages,account_update"), 200, `{"success":true}`)
	o.want("GET", at, as, "", 200, `"callback_url":"`+o.hub.URL+`/new","active":true,"fields":[{"name":"messages","version":"v24.0"},{"name":"account_update","version":"v24.0"}]`)
	for account, want := range map[string]string{"shop": "/new", "branch": "/new", "rival": "/app"} {
		if got := o.goes(fake.Act{Account: account, From: "ann", Text: "x"}); got != want {
			t.Errorf("webhooks of %s: got %q, want %q", account, got, want)
		}
	}
	o.want("POST", at, as, form("/new", "wrong", "messages"), 400, "2200/0")
	o.want("POST", at, as, form("/new", "v1", "weather"), 400, "100/0")
	o.want("POST", at, as, strings.Replace(form("/new", "v1", "messages"), "whatsapp_business_account", "page", 1), 400, "100/0")
	o.want("POST", at, as, `object=whatsapp_business_account&callback_url=ftp%3A%2F%2Fx&verify_token=v1&fields=messages`, 400, "100/0")
}

func TestRestartKeepsWhereWebhooksGo(t *testing.T) {
	o := newOffice(t)
	file := filepath.Join(t.TempDir(), "journal")
	restart := func(webhook string) {
		t.Helper()
		j := faketest.Journal(t, file)
		o.api.Close()
		o.open(j, o.hub.URL+webhook)
	}
	restart("/app")
	at := "/v24.0/" + wabaID + "/subscribed_apps"
	o.want("POST", at, "t1", fmt.Sprintf(`{"override_callback_uri":%q,"verify_token":"v1"}`, o.hub.URL+"/mine"), 200, "success")
	o.want("DELETE", "/v24.0/104996122399161/subscribed_apps", "t4", "", 200, "success")
	goes := func() (out []string) {
		for _, account := range []string{"shop", "branch"} {
			out = append(out, o.goes(fake.Act{Account: account, From: "ann", Text: "x"}))
		}
		return out
	}
	restart("/app")
	if got := goes(); !slices.Equal(got, []string{"/mine", ""}) {
		t.Errorf("after a restart: got %q, want /mine and nowhere", got)
	}
	restart("/other")
	if got := goes(); !slices.Equal(got, []string{"/other", "/other"}) {
		t.Errorf("after another configuration: got %q, want /other", got)
	}
}
