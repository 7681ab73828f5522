package vibertest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/viber/vibertest"
)

const (
	shop  = "pa:75346594275468546724"
	rival = "pa:75346594275468546725"
)

// world is a fake Viber with two bots.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Viber-Content-Signature", time.UnixMilli(1791170415123))}
	w.start(nil)
	return w
}

// start makes the platform, or makes it anew.
func (w *world) start(journal *fake.Journal) {
	w.Start(vibertest.New, journal,
		fake.Account{ID: "shop", ExternalID: shop, Webhook: w.Hub.URL + "/shop", Secrets: map[string]string{"auth_token": "t1"}},
		fake.Account{ID: "rival", ExternalID: rival, Webhook: w.Hub.URL + "/rival", Secrets: map[string]string{"auth_token": "t2"}})
}

// answers sets what the hub answers, with a body to conversation_started.
func (w *world) answers(status int, body string) {
	w.AnswerBy(func(h faketest.Hook) (int, string) {
		if strings.Contains(h.Body, "conversation_started") {
			return status, body
		}
		return status, ""
	})
}

// callback is the part of a webhook that the tests look at.
type callback struct {
	Event     string
	Timestamp int64
	Token     json.Number `json:"message_token"`
	UserID    string      `json:"user_id"`
	Context   string
	Desc      string
	User      struct{ ID, Name string }
	Sender    struct{ ID, Name string }
	Message   struct {
		Type, Text, Media string
		Tracking          string `json:"tracking_data"`
	}
	Subscribed *bool
}

func read(t *testing.T, body string) callback {
	t.Helper()
	var c callback
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatalf("webhook: got %s, %v", body, err)
	}
	return c
}

// told are the webhooks since the last call: "event token".
func (w *world) told() (out []string) {
	w.T.Helper()
	for _, h := range w.Got() {
		mac := hmac.New(sha256.New, []byte(map[string]string{"/shop": "t1", "/rival": "t2"}[h.Path]))
		mac.Write([]byte(h.Body))
		if h.Signature != hex.EncodeToString(mac.Sum(nil)) {
			w.T.Errorf("%s: got the signature %q, want the bot's", h.Body, h.Signature)
		}
		c := read(w.T, h.Body)
		out = append(out, c.Event+" "+c.Token.String())
	}
	return out
}

// refuses expects that an act is not possible, for a reason.
func (w *world) refuses(a fake.Act, want string) {
	w.T.Helper()
	if d, err := w.Platform.Act(w.T.Context(), a); err == nil || !strings.Contains(err.Error(), want) {
		w.T.Errorf("%+v: got %+v, %v, want an error that says %q", a, d, err, want)
	}
}

// meet lets a customer write to the shop, and gives the id.
func (w *world) meet(name string) string {
	w.T.Helper()
	id := read(w.T, w.Act(fake.Act{From: name, Text: "hello"}).Body).Sender.ID
	w.Got()
	return id
}

// answer is what the platform says.
type answer struct {
	HTTP    int
	Header  http.Header
	Status  int
	Words   string      `json:"status_message"`
	Token   json.Number `json:"message_token"`
	Billing int         `json:"billing_status"`
	ID      string
	Name    string
	Webhook string
	Events  []string `json:"event_types"`
	User    struct{ ID, Name, Language string }
	Count   int `json:"subscribers_count"`
}

// call calls the API with the shop's token.
func (w *world) call(path, body string) answer { return w.callAs("t1", path, body) }

func (w *world) callAs(token, path, body string) (out answer) {
	w.T.Helper()
	r := httptest.NewRequest("POST", "/pa/"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("X-Viber-Auth-Token", token)
	}
	rec := httptest.NewRecorder()
	w.Platform.ServeHTTP(rec, r)
	if rec.Code == 200 {
		d := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
		if err := d.Decode(&out); err != nil {
			w.T.Fatalf("answer: got %s, %v", rec.Body, err)
		}
	}
	out.HTTP, out.Header = rec.Code, rec.Header()
	return out
}

// send sends members of a message to a customer.
func (w *world) send(to, members string) answer {
	w.T.Helper()
	return w.call("send_message", `{"receiver":"`+to+`",`+members+`}`)
}

// wants compares an answer's status, and that Viber's errors come under HTTP 200.
func (w *world) wants(name string, got answer, status int) {
	w.T.Helper()
	if got.HTTP != 200 || got.Status != status {
		w.T.Errorf("%s: got HTTP %d, status %d (%s), want HTTP 200, status %d", name, got.HTTP, got.Status, got.Words, status)
	}
}
