package instagramtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/instagram/instagramtest"
)

const (
	shop    = "17841405309211844" // with Facebook Login
	shopTo  = "/v25.0/108642097531246"
	club    = "17841405309211855" // with Instagram Login
	clubTo  = "/login/v25.0/" + club
	secret  = "f00dbabe0123456789abcdef01234567"
	igApp   = "instagram-app-secret"
	mei     = "1254477890123456"
	textFor = `{"recipient":{"id":"` + mei + `"},"message":{"text":%q}}`
)

// world is a fake Instagram with two accounts.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Hub-Signature-256", time.UnixMilli(1791170415523))}
	w.start(nil)
	return w
}

// start makes the platform, with what its journal knows.
func (w *world) start(journal *fake.Journal) {
	w.Start(instagramtest.New, journal,
		fake.Account{ID: "shop", ExternalID: shop, Webhook: w.Hub.URL + "/app?x=1",
			Secrets: map[string]string{"app_secret": secret, "verify_token": "v1", "access_token": "t1", "page_id": "108642097531246"}},
		fake.Account{ID: "club", ExternalID: club, Webhook: w.Hub.URL + "/app?x=1",
			Secrets: map[string]string{"app_secret": secret, "verify_token": "v1", "access_token": "t2", "login": "instagram", "instagram_app_secret": igApp}})
}

// act acts at the shop, as mei, if the act names nobody.
func (w *world) act(a fake.Act) fake.Delivery {
	w.T.Helper()
	d, err := w.try(a)
	if err != nil {
		w.T.Fatalf("act: %v", err)
	}
	return d
}

func (w *world) try(a fake.Act) (fake.Delivery, error) {
	w.T.Helper()
	if a.From == "" {
		a.From = mei
	}
	return w.Platform.Act(w.T.Context(), a)
}

// extra acts with an extra.
func (w *world) extra(x string) fake.Delivery {
	w.T.Helper()
	return w.act(fake.Act{Extra: json.RawMessage(x)})
}

// call calls the API; headers may overrule. A status of 0 is no answer.
func (w *world) call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	given := []string{"Authorization", "Bearer t1"}
	if strings.HasPrefix(path, "/login/") {
		given[1] = "Bearer t2"
	}
	if method == "POST" {
		given = append(given, "Content-Type", "application/json")
	}
	return w.Call(method, path, body, append(given, headers...)...)
}

// send sends a body by the shop.
func (w *world) send(body string) (int, map[string]any) {
	w.T.Helper()
	status, out, _ := w.call("POST", shopTo+"/messages", body)
	return status, out
}

// text sends a text to mei by the shop.
func (w *world) text(text string) (int, map[string]any) {
	w.T.Helper()
	return w.send(fmt.Sprintf(textFor, text))
}

// wrong is the code, subcode and type of an error; "" of a success.
func wrong(out map[string]any) string {
	e, ok := out["error"].(map[string]any)
	if !ok {
		return ""
	}
	text := fmt.Sprint(e["code"])
	if e["error_subcode"] != nil {
		text += fmt.Sprintf("/%.0f", e["error_subcode"])
	}
	return text + " " + fmt.Sprint(e["type"])
}

// says is what an error says.
func says(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	return fmt.Sprint(e["message"])
}

func first[T, U any](t T, _ U) T { return t }
