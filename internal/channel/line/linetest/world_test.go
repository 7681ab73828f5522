package linetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/line/linetest"
)

const (
	bot      = "U5a1f0c3e9b7d4826a1c0e5f79d3b2468"
	otherBot = "U00000000000000000000000000000002"
	key      = "123e4567-e89b-12d3-a456-426614174000"
)

// world is a fake LINE with two accounts.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Line-Signature", time.UnixMilli(1791170415123))}
	w.Start(linetest.New, nil,
		fake.Account{ID: "shop", ExternalID: bot, Webhook: w.Hub.URL + "/shop", Secrets: map[string]string{"channel_secret": "s1", "channel_token": "t1"}},
		fake.Account{ID: "club", ExternalID: otherBot, Webhook: w.Hub.URL + "/club", Secrets: map[string]string{"channel_secret": "s2", "channel_token": "t2"}})
	return w
}

// text acts and gives the reply token of the webhook, and the customer's id.
func (w *world) text(from string) (token, user string) {
	w.T.Helper()
	e := eventOf(w.T, w.Act(fake.Act{From: from, Text: "hello"}).Body)
	return e.ReplyToken, e.Source.UserID
}

type event struct {
	Type       string
	Mode       string
	Timestamp  int64
	ReplyToken string
	Source     struct{ Type, UserID, GroupID string }
	Message    struct{ Type, ID, Text string }
	Follow     struct{ IsUnblocked bool }
}

func eventOf(t *testing.T, body string) event {
	t.Helper()
	var w struct{ Events []event }
	if err := json.Unmarshal([]byte(body), &w); err != nil || len(w.Events) != 1 {
		t.Fatalf("webhook: got %s, %v, want one event", body, err)
	}
	return w.Events[0]
}

// call calls the API as the shop, with JSON; headers may overrule.
func (w *world) call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	status, out, header := w.Call(method, path, body, append([]string{"Authorization", "Bearer t1", "Content-Type", "application/json"}, headers...)...)
	if status != 0 && header.Get("X-Line-Request-Id") == "" {
		w.T.Errorf("%s %s: got no request id", method, path)
	}
	return status, out, header
}

func (w *world) push(to, text string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	body := fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":%q}]}`, to, text)
	return w.call("POST", "/v2/bot/message/push", body, headers...)
}

func (w *world) reply(token string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	status, out, _ := w.call("POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":"hi"}]}`, token), headers...)
	return status, out
}

// newStack serves the platform below /line, as the local stack does.
func newStack(t *testing.T, w *world) string {
	mux := http.NewServeMux()
	mux.Handle("/line/", http.StripPrefix("/line", w.Platform))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
