package messengertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/messenger/messengertest"
)

const (
	shop   = "108642097531246" // Page ids: shop and club share an app
	club   = "108642097531247"
	rival  = "108642097531248"
	secret = "f00dbabe0123456789abcdef01234567"
	app    = "1517776481860111"
)

// world is a fake Messenger with three Pages.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world { return newWorldWith(t, nil) }

func newWorldWith(t *testing.T, journal *fake.Journal) *world {
	w := &world{faketest.New(t, "X-Hub-Signature-256", time.UnixMilli(1791170415123))}
	secrets := func(app, token string) map[string]string {
		return map[string]string{"app_secret": app, "verify_token": "v1", "access_token": token}
	}
	first := secrets(secret, "t1")
	first["app_id"] = app
	w.Start(messengertest.New, journal,
		fake.Account{ID: "shop", ExternalID: shop, Webhook: w.Hub.URL + "/app?x=1", Secrets: first},
		fake.Account{ID: "club", ExternalID: club, Webhook: w.Hub.URL + "/app?x=1", Secrets: secrets(secret, "t2")},
		fake.Account{ID: "rival", ExternalID: rival, Webhook: w.Hub.URL + "/rival", Secrets: secrets("other", "t3")})
	return w
}

// event is the part of an item that the tests look at.
type event struct {
	Sender, Recipient struct {
		ID  string
		Ref string `json:"user_ref"`
	}
	Timestamp any
	Message   *struct {
		Mid, Text, Metadata string
		Echo                bool  `json:"is_echo"`
		App                 int64 `json:"app_id"`
		QuickReply          *struct{ Payload string }
		Quick               *struct{ Payload string } `json:"quick_reply"`
		ReplyTo             *struct{ Mid string }     `json:"reply_to"`
		Attachments         []struct {
			Type    string
			Payload struct {
				URL     string
				Sticker int64  `json:"sticker_id"`
				Kind    string `json:"template_type"`
				Text    string
			}
		}
		Referral *struct{ Source, Ref, Ad string }
	}
	Postback *struct {
		Mid, Title, Payload string
		Referral            *struct{ Source, Ref string }
	}
	Referral *struct {
		Source, Ref string
		Ad          string `json:"ad_id"`
	}
	Reaction *struct{ Reaction, Emoji, Action, Mid string }
	Edit     *struct {
		Mid, Text string
		N         int `json:"num_edit"`
	} `json:"message_edit"`
	Delivery *struct {
		Mids      []string
		Watermark int64
	}
	Read   *struct{ Watermark int64 }
	Optin  *struct{ Ref string }
	Link   *struct{ Status string } `json:"account_linking"`
	Policy *struct{ Action string } `json:"policy_enforcement"`
	Pass   *struct {
		Owner int64 `json:"new_owner_app_id"`
	} `json:"pass_thread_control"`

	Page, List, Field string `json:"-"`
}

// events are the items of a webhook.
func (w *world) events(body string) []event {
	w.T.Helper()
	var in struct {
		Object string
		Entry  []struct {
			ID                 string
			Messaging, Standby []event
			Changes            []struct {
				Field string
				Value event
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Object != "page" {
		w.T.Fatalf("webhook: got %s, %v", body, err)
	}
	var out []event
	for _, e := range in.Entry {
		for _, i := range e.Messaging {
			i.Page, i.List = e.ID, "messaging"
			out = append(out, i)
		}
		for _, i := range e.Standby {
			i.Page, i.List = e.ID, "standby"
			out = append(out, i)
		}
		for _, c := range e.Changes {
			c.Value.Page, c.Value.List, c.Value.Field = e.ID, "changes", c.Field
			out = append(out, c.Value)
		}
	}
	return out
}

// one is the only item of a webhook.
func (w *world) one(body string) event {
	w.T.Helper()
	list := w.events(body)
	if len(list) != 1 {
		w.T.Fatalf("webhook: got %s, want one item", body)
	}
	return list[0]
}

// told names what was told since the last call: "echo of metadata", "delivered", "read".
func (w *world) told() []string {
	w.T.Helper()
	out := []string{}
	for _, h := range w.Got() {
		for _, e := range w.events(h.Body) {
			switch {
			case e.Message != nil && e.Message.Echo:
				out = append(out, "echo "+e.Message.Metadata)
			case e.Delivery != nil:
				out = append(out, "delivered")
			case e.Read != nil:
				out = append(out, "read")
			}
		}
	}
	return out
}

// meet lets a customer write to the shop, and gives the PSID.
func (w *world) meet(name string) string {
	w.T.Helper()
	id := w.one(w.Act(fake.Act{From: name, Text: "hello"}).Body).Sender.ID
	w.Got()
	return id
}

// call calls the API as the shop; headers may overrule. A status of 0 is no answer.
func (w *world) call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	return w.Call(method, path, body, append([]string{"Authorization", "Bearer t1", "Content-Type", "application/json"}, headers...)...)
}

// send sends a call's members to a customer of the shop.
func (w *world) send(to, members string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	status, out, _ := w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":{"id":"`+to+`"},`+members+`}`, headers...)
	return status, out
}

// text sends a text, which is its metadata too.
func (w *world) text(to, text string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	return w.send(to, fmt.Sprintf(`"messaging_type":"RESPONSE","message":{"text":%q,"metadata":%q}`, text, text), headers...)
}

// code is an error's code and subcode, "0-0" of a success.
func code(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	n, _ := e["code"].(float64)
	sub, _ := e["error_subcode"].(float64)
	return fmt.Sprintf("%d-%d", int(n), int(sub))
}
