package whatsapptest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

const (
	shop   = "106540352242922" // phone_number_ids: shop and club share an app
	club   = "106540352242923"
	rival  = "106540352242924"
	secret = "f00dbabe0123456789abcdef01234567"
)

// world is a fake WhatsApp with three numbers.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Hub-Signature-256", time.Unix(1791170415, 0))}
	secrets := func(app, token string) map[string]string {
		return map[string]string{"app_secret": app, "verify_token": "v1", "access_token": token}
	}
	w.Start(whatsapptest.New, nil,
		fake.Account{ID: "shop", ExternalID: shop, Webhook: w.Hub.URL + "/app?x=1", Secrets: secrets(secret, "t1")},
		fake.Account{ID: "club", ExternalID: club, Webhook: w.Hub.URL + "/app?x=1", Secrets: secrets(secret, "t2")},
		fake.Account{ID: "rival", ExternalID: rival, Webhook: w.Hub.URL + "/rival", Secrets: secrets("other", "t3")})
	return w
}

// event is the part of a webhook that the tests look at.
type event struct {
	Metadata struct {
		ID string `json:"phone_number_id"`
	}
	Contacts []struct {
		WaID    string `json:"wa_id"`
		UserID  string `json:"user_id"`
		Profile struct{ Name, Username string }
	}
	Messages []struct {
		ID, From, Type string
		User           string `json:"from_user_id"`
		Timestamp      string
		Text           struct{ Body string }
		Context        struct{ From, ID string }
		Interactive    struct {
			Type string
			NFM  struct {
				JSON string `json:"response_json"`
			} `json:"nfm_reply"`
			Button struct{ ID, Title string } `json:"button_reply"`
			Row    struct{ ID, Title string } `json:"list_reply"`
		}
		Button struct{ Payload, Text string }
		System struct {
			Type, Body string
			WaID       string `json:"wa_id"`
			User       string `json:"user_id"`
			Previous   string `json:"previous_user_id"`
		}
	}
	Statuses []struct {
		ID, Status, Timestamp string
		To                    string `json:"recipient_id"`
		User                  string `json:"recipient_user_id"`
		Ref                   string `json:"biz_opaque_callback_data"`
		Pricing               *struct {
			Billable bool
			Type     string
			Category string
		}
		Errors []struct{ Code int }
	}
	Errors []struct{ Code int }
	Event  string
	Reason *string
}

// events are the values of a webhook.
func (w *world) events(body string) []event {
	w.T.Helper()
	var in struct {
		Object string
		Entry  []struct{ Changes []struct{ Value event } }
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Object != "whatsapp_business_account" {
		w.T.Fatalf("webhook: got %s, %v", body, err)
	}
	var out []event
	for _, e := range in.Entry {
		for _, c := range e.Changes {
			out = append(out, c.Value)
		}
	}
	return out
}

// one is the only value of a webhook.
func (w *world) one(body string) event {
	w.T.Helper()
	list := w.events(body)
	if len(list) != 1 {
		w.T.Fatalf("webhook: got %s, want one change", body)
	}
	return list[0]
}

// states are the statuses told since the last call: "state of ref".
func (w *world) states() []string {
	w.T.Helper()
	var out []string
	for _, h := range w.Got() {
		for _, e := range w.events(h.Body) {
			for _, s := range e.Statuses {
				text := s.Status
				for _, f := range s.Errors {
					text += fmt.Sprint(" ", f.Code)
				}
				out = append(out, strings.TrimSpace(text+" "+s.Ref))
			}
		}
	}
	return out
}

// meet lets a customer write to the shop, and gives both ids.
func (w *world) meet(name string) (phone, user string) {
	w.T.Helper()
	m := w.one(w.Act(fake.Act{From: name, Text: "hello"}).Body).Messages[0]
	w.Got()
	return m.From, m.User
}

// post calls the API as the shop; headers may overrule. A status of 0 is no answer.
func (w *world) post(path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	method := "POST"
	if len(headers) > 1 && headers[0] == ":method" {
		method, headers = headers[1], headers[2:]
	}
	return w.Call(method, path, body, append([]string{"Authorization", "Bearer t1", "Content-Type", "application/json"}, headers...)...)
}

// send sends the members of a message, to whom they say.
func (w *world) send(members string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	status, out, _ := w.post("/v24.0/"+shop+"/messages", `{"messaging_product":"whatsapp",`+members+`}`, headers...)
	return status, out
}

// text sends a text to a number.
func (w *world) text(to, text string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	return w.send(fmt.Sprintf(`"to":%q,"type":"text","text":{"body":%q},"biz_opaque_callback_data":%q`, to, text, text), headers...)
}

// code is the code of an error, 0 of a success.
func code(out map[string]any) int {
	e, _ := out["error"].(map[string]any)
	n, _ := e["code"].(float64)
	return int(n)
}

// details is what an error says.
func details(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	data, _ := e["error_data"].(map[string]any)
	return fmt.Sprint(e["message"], ": ", data["details"])
}

// idOf is the id of a message that was sent.
func idOf(out map[string]any) string {
	list, _ := out["messages"].([]any)
	if len(list) == 0 {
		return ""
	}
	id, _ := list[0].(map[string]any)["id"].(string)
	return id
}
