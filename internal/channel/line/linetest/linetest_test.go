package linetest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestReplyTokens(t *testing.T) {
	const invalid = "Invalid reply token"
	t.Run("work once", func(t *testing.T) {
		w := newWorld(t)
		token, user := w.text("ann")
		status, out := w.reply(token)
		w.want("first", status, 200)
		if id := out["sentMessages"].([]any)[0].(map[string]any)["id"]; id != w.ledger.Calls("line", "ann")[0].ID {
			t.Errorf("id: got %v, want the ledger's", id)
		}
		status, out = w.reply(token)
		w.want("second", status, 400)
		w.want("second", out["message"], invalid)
		calls := w.ledger.Calls("line", user)
		w.want("ledger", len(calls), 1)
		c := calls[0]
		w.want("call", []any{c.Channel, c.Account, c.To, c.Name, c.Kind, c.Text, c.ReplyToken, c.At, c.Dropped},
			[]any{"line", "shop", user, "ann", "reply", "hi", token, int64(1791170415123), false})
	})
	t.Run("are refused if made up, or another account's", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		for _, c := range [][]string{{"689daf599db8f711dd084d4f1ea67276"}, {""}, {token, "Authorization", "Bearer t2"}} {
			status, out := w.reply(c[0], c[1:]...)
			w.want("status", status, 400)
			w.want("message", out["message"], invalid)
		}
		status, _ := w.reply(token)
		w.want("the right one", status, 200)
	})
	t.Run("live one minute", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		other, _ := w.text("ben")
		w.advance(time.Minute)
		status, _ := w.reply(token)
		w.want("after a minute", status, 200)
		w.advance(time.Second)
		status, out := w.reply(other)
		w.want("after 61 s", status, 400)
		w.want("after 61 s", out["message"], invalid)
	})
	t.Run("die 20 minutes after the event, whenever delivered", func(t *testing.T) {
		w := newWorld(t)
		for age, want := range map[time.Duration]int{19 * time.Minute: 200, 21 * time.Minute: 400} {
			d := w.act(fake.Act{From: "ann", Text: "late", At: w.now.Add(-age).UnixMilli()})
			status, _ := w.reply(eventOf(t, d.Body).ReplyToken)
			w.want(age.String(), status, want)
		}
	})
	t.Run("are not for standby, unfollow and unsend", func(t *testing.T) {
		w := newWorld(t)
		for _, a := range []fake.Act{
			{From: "ann", Extra: json.RawMessage(`{"type":"group_text","group":"family","text":"x","standby":true}`)},
			{From: "ann", Extra: json.RawMessage(`{"type":"unsend","message":"1"}`)},
			{From: "ann", Block: true},
		} {
			w.want("token", eventOf(t, w.act(a).Body).ReplyToken, "")
		}
	})
	t.Run("know no retry key", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		status, _ := w.reply(token, "X-Line-Retry-Key", key)
		w.want("with a key", status, 400)
		status, _ = w.reply(token)
		w.want("without", status, 200)
	})
}

func TestPushRecipients(t *testing.T) {
	w := newWorld(t)
	_, user := w.text("ann")
	status, out, _ := w.push("U99999999999999999999999999999999", "x")
	w.want("a stranger", status, 400)
	w.want("a stranger", out["message"], "Failed to send messages")
	status, _, _ = w.push(user, "x", "Authorization", "Bearer t2")
	w.want("another account's customer", status, 400)
	status, out, _ = w.push("ann", "x")
	w.want("not an id", status, 400)
	w.want("not an id", out["message"], "The property, 'to', in the request body is invalid (line: -, column: -)")
	w.want("ledger", len(w.ledger.Calls("", "")), 0)

	status, _, _ = w.push(user, "friend")
	w.want("a friend", status, 200)
	w.act(fake.Act{From: "ann", Block: true})
	status, _, _ = w.push(user, "blocked")
	w.want("one who blocked", status, 200)
	if _, err := w.platform.Act(t.Context(), fake.Act{Account: "shop", From: "ann", Text: "x"}); err == nil {
		t.Error("a text of one who blocked: got no error, want one")
	}
	w.want("isUnblocked", eventOf(t, w.act(fake.Act{From: "ann", Follow: true}).Body).Follow.IsUnblocked, true)
	w.want("isUnblocked of a new one", eventOf(t, w.act(fake.Act{From: "ben", Follow: true}).Body).Follow.IsUnblocked, false)
	status, _, _ = w.push(user, "again")
	w.want("one who came back", status, 200)
	var got []any
	for _, c := range w.ledger.Calls("line", "ann") {
		got = append(got, c.Kind, c.Text, c.Dropped)
	}
	w.want("ledger", got, []any{"push", "friend", false, "push", "blocked", true, "push", "again", false})

	group := eventOf(t, w.act(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"group_text","group":"family","text":"x"}`)}).Body).Source
	w.want("group", []any{group.Type, group.UserID}, []any{"group", user})
	status, _, _ = w.push(group.GroupID, "to all")
	w.want("a group", status, 200)
	w.want("by the group's name", len(w.ledger.Calls("line", "family")), 1)
}

func TestRetryKeys(t *testing.T) {
	t.Run("send once", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		status, first, header := w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("first", status, 200)
		accepted := header.Get("X-Line-Request-Id")
		w.advance(23 * time.Hour)
		for range 3 {
			status, again, header := w.push(user, "x", "X-Line-Retry-Key", strings.ToUpper(key))
			w.want("again", status, 409)
			w.want("again", again["message"], "The retry key is already accepted")
			w.want("its messages", again["sentMessages"], first["sentMessages"])
			w.want("accepted request", header.Get("X-Line-Accepted-Request-Id"), accepted)
			if header.Get("X-Line-Request-Id") == accepted {
				t.Error("got the same request id, want a new one")
			}
		}
		w.want("ledger", len(w.ledger.Calls("line", user)), 1)
		w.want("its key", w.ledger.Calls("line", user)[0].RetryKey, key)

		status, _, _ = w.push(user, "y", "X-Line-Retry-Key", key)
		w.want("another body", status, 400)
		w.advance(time.Hour)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("after 24 hours", status, 200)
		w.want("ledger", len(w.ledger.Calls("line", user)), 2)
	})
	t.Run("must be UUIDs", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		for _, bad := range []string{"x", key + "0", strings.ReplaceAll(key, "-", ""), "g" + key[1:]} {
			status, _, _ := w.push(user, "x", "X-Line-Retry-Key", bad)
			w.want(bad, status, 400)
		}
	})
	t.Run("are an account's own, and not used up by a refusal", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.act(fake.Act{Account: otherBot, From: "ann", Text: "x"})
		w.faults(`{"rate500":1}`)
		status, _, _ := w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("failing", status, 500)
		w.faults(`null`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("then", status, 200)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key, "Authorization", "Bearer t2")
		w.want("other account", status, 200)
	})
	t.Run("let one of many at a time through", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		var wait sync.WaitGroup
		statuses := make(chan int, 20)
		for range cap(statuses) {
			wait.Go(func() {
				status, _, _ := w.push(user, "x", "X-Line-Retry-Key", key)
				statuses <- status
			})
		}
		wait.Wait()
		close(statuses)
		count := map[int]int{}
		for s := range statuses {
			count[s]++
		}
		w.want("statuses", count, map[int]int{200: 1, 409: 19})
		w.want("ledger", len(w.ledger.Calls("line", user)), 1)
	})
}

func TestRequestsThatLINERefuses(t *testing.T) {
	w := newWorld(t)
	token, user := w.text("ann")
	text := func(s string) string { return fmt.Sprintf(`{"type":"text","text":%q}`, s) }
	pushed := func(messages ...string) string {
		return fmt.Sprintf(`{"to":%q,"messages":[%s]}`, user, strings.Join(messages, ","))
	}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		message                  string
	}{
		{"no token", "GET", "/v2/bot/info", "", []string{"Authorization", ""}, 401, "Authorization header required"},
		{"unknown token", "GET", "/v2/bot/info", "", []string{"Authorization", "Bearer t3"}, 401, "Authentication failed"},
		{"empty token", "GET", "/v2/bot/info", "", []string{"Authorization", "Bearer "}, 401, "Auth"},
		{"unknown path", "GET", "/v2/bot/nothing", "", nil, 404, "Not found"},
		{"wrong method", "GET", "/v2/bot/message/push", "", nil, 404, "Not found"},
		{"not JSON by type", "POST", "/v2/bot/message/push", pushed(text("x")), []string{"Content-Type", "text/plain"}, 415, "The content type, text/plain, is not supported"},
		{"not JSON", "POST", "/v2/bot/message/push", `{"to":`, nil, 400, "could not be parsed as JSON"},
		{"2 MB", "POST", "/v2/bot/message/push", pushed(text(strings.Repeat("x", 2<<20))), nil, 413, ""},
		{"no messages", "POST", "/v2/bot/message/push", pushed(), nil, 400, "1 error(s)"},
		{"six messages", "POST", "/v2/bot/message/push", pushed(text("1"), text("2"), text("3"), text("4"), text("5"), text("6")), nil, 400, "1 error(s)"},
		{"empty text", "POST", "/v2/bot/message/push", pushed(text("a"), text("")), nil, 400, "1 error(s)"},
		{"long text", "POST", "/v2/bot/message/push", pushed(text(strings.Repeat("😀", 2501))), nil, 400, "1 error(s)"},
		{"two errors", "POST", "/v2/bot/message/push", pushed(text(""), `{"type":"poem"}`), nil, 400, "2 error(s)"},
		{"no token to reply", "POST", "/v2/bot/message/reply", `{"messages":[{"type":"text","text":"x"}]}`, nil, 400, "'replyToken'"},
		{"empty text in a reply", "POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":""}]}`, token), nil, 400, "1 error(s)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, _ := w.call(c.method, c.path, c.body, c.headers...)
			w.want("status", status, c.status)
			if message, _ := out["message"].(string); !strings.Contains(message, c.message) {
				t.Errorf("message: got %q, want it to say %q", message, c.message)
			}
		})
	}
	_, out, _ := w.call("POST", "/v2/bot/message/push", pushed(text("a"), text("")))
	w.want("details", out["details"], []any{map[string]any{"message": "May not be empty", "property": "messages[1].text"}})
	w.want("ledger", len(w.ledger.Calls("", "")), 0)
	status, _, _ := w.call("POST", "/v2/bot/message/push", pushed(text(strings.Repeat("😀", 2500)), text("2"), text("3"), text("4"), text("5")))
	w.want("the longest, five times", status, 200)
	if status, _ := w.reply(token); status != 200 {
		t.Errorf("the token after a refused reply: got %d, want 200", status)
	}
}
