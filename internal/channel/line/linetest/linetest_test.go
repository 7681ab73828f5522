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
		w.Want("first", status, 200)
		if id := out["sentMessages"].([]any)[0].(map[string]any)["id"]; id != w.Ledger.Calls("line", "ann")[0].ID {
			t.Errorf("id: got %v, want the ledger's", id)
		}
		status, out = w.reply(token)
		w.Want("second", status, 400)
		w.Want("second", out["message"], invalid)
		calls := w.Ledger.Calls("line", user)
		w.Want("ledger", len(calls), 1)
		c := calls[0]
		w.Want("call", []any{c.Channel, c.Account, c.To, c.Name, c.Kind, c.Text, c.ReplyToken, c.At, c.Dropped},
			[]any{"line", "shop", user, "ann", "reply", "hi", token, int64(1791170415123), false})
	})
	t.Run("are refused if made up, or another account's", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		for _, c := range [][]string{{"689daf599db8f711dd084d4f1ea67276"}, {""}, {token, "Authorization", "Bearer t2"}} {
			status, out := w.reply(c[0], c[1:]...)
			w.Want("status", status, 400)
			w.Want("message", out["message"], invalid)
		}
		status, _ := w.reply(token)
		w.Want("the right one", status, 200)
	})
	t.Run("live one minute", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		other, _ := w.text("ben")
		w.Advance(time.Minute)
		status, _ := w.reply(token)
		w.Want("after a minute", status, 200)
		w.Advance(time.Second)
		status, out := w.reply(other)
		w.Want("after 61 s", status, 400)
		w.Want("after 61 s", out["message"], invalid)
	})
	t.Run("die 20 minutes after the event, whenever delivered", func(t *testing.T) {
		w := newWorld(t)
		for age, want := range map[time.Duration]int{19 * time.Minute: 200, 21 * time.Minute: 400} {
			d := w.Act(fake.Act{From: "ann", Text: "late", At: w.Clock().Add(-age).UnixMilli()})
			status, _ := w.reply(eventOf(t, d.Body).ReplyToken)
			w.Want(age.String(), status, want)
		}
	})
	t.Run("are not for standby, unfollow and unsend", func(t *testing.T) {
		w := newWorld(t)
		for _, a := range []fake.Act{
			{From: "ann", Extra: json.RawMessage(`{"type":"group_text","group":"family","text":"x","standby":true}`)},
			{From: "ann", Extra: json.RawMessage(`{"type":"unsend","message":"1"}`)},
			{From: "ann", Block: true},
		} {
			w.Want("token", eventOf(t, w.Act(a).Body).ReplyToken, "")
		}
	})
	t.Run("know no retry key", func(t *testing.T) {
		w := newWorld(t)
		token, _ := w.text("ann")
		status, _ := w.reply(token, "X-Line-Retry-Key", key)
		w.Want("with a key", status, 400)
		status, _ = w.reply(token)
		w.Want("without", status, 200)
	})
}

func TestPushRecipients(t *testing.T) {
	w := newWorld(t)
	_, user := w.text("ann")
	status, out, _ := w.push("U99999999999999999999999999999999", "x")
	w.Want("a stranger", status, 400)
	w.Want("a stranger", out["message"], "Failed to send messages")
	status, _, _ = w.push(user, "x", "Authorization", "Bearer t2")
	w.Want("another account's customer", status, 400)
	status, out, _ = w.push("ann", "x")
	w.Want("not an id", status, 400)
	w.Want("not an id", out["message"], "The property, 'to', in the request body is invalid (line: -, column: -)")
	w.Want("ledger", len(w.Ledger.Calls("", "")), 0)

	status, _, _ = w.push(user, "friend")
	w.Want("a friend", status, 200)
	w.Act(fake.Act{From: "ann", Block: true})
	status, _, _ = w.push(user, "blocked")
	w.Want("one who blocked", status, 200)
	if _, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: "ann", Text: "x"}); err == nil {
		t.Error("a text of one who blocked: got no error, want one")
	}
	w.Want("isUnblocked", eventOf(t, w.Act(fake.Act{From: "ann", Follow: true}).Body).Follow.IsUnblocked, true)
	w.Want("isUnblocked of a new one", eventOf(t, w.Act(fake.Act{From: "ben", Follow: true}).Body).Follow.IsUnblocked, false)
	status, _, _ = w.push(user, "again")
	w.Want("one who came back", status, 200)
	var got []any
	for _, c := range w.Ledger.Calls("line", "ann") {
		got = append(got, c.Kind, c.Text, c.Dropped)
	}
	w.Want("ledger", got, []any{"push", "friend", false, "push", "blocked", true, "push", "again", false})

	group := eventOf(t, w.Act(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"group_text","group":"family","text":"x"}`)}).Body).Source
	w.Want("group", []any{group.Type, group.UserID}, []any{"group", user})
	status, _, _ = w.push(group.GroupID, "to all")
	w.Want("a group", status, 200)
	w.Want("by the group's name", len(w.Ledger.Calls("line", "family")), 1)
}

func TestRetryKeys(t *testing.T) {
	t.Run("send once", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		status, first, header := w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("first", status, 200)
		accepted := header.Get("X-Line-Request-Id")
		w.Advance(23 * time.Hour)
		for range 3 {
			status, again, header := w.push(user, "x", "X-Line-Retry-Key", strings.ToUpper(key))
			w.Want("again", status, 409)
			w.Want("again", again["message"], "The retry key is already accepted")
			w.Want("its messages", again["sentMessages"], first["sentMessages"])
			w.Want("accepted request", header.Get("X-Line-Accepted-Request-Id"), accepted)
			if header.Get("X-Line-Request-Id") == accepted {
				t.Error("got the same request id, want a new one")
			}
		}
		w.Want("ledger", len(w.Ledger.Calls("line", user)), 1)
		w.Want("its key", w.Ledger.Calls("line", user)[0].RetryKey, key)

		status, _, _ = w.push(user, "y", "X-Line-Retry-Key", key)
		w.Want("another body", status, 400)
		w.Advance(time.Hour)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("after 24 hours", status, 200)
		w.Want("ledger", len(w.Ledger.Calls("line", user)), 2)
	})
	t.Run("must be UUIDs", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		for _, bad := range []string{"x", key + "0", strings.ReplaceAll(key, "-", ""), "g" + key[1:]} {
			status, _, _ := w.push(user, "x", "X-Line-Retry-Key", bad)
			w.Want(bad, status, 400)
		}
	})
	t.Run("are an account's own, and not used up by a refusal", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.Act(fake.Act{Account: otherBot, From: "ann", Text: "x"})
		w.Faults(`{"rate500":1}`)
		status, _, _ := w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("failing", status, 500)
		w.Faults(`null`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("then", status, 200)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key, "Authorization", "Bearer t2")
		w.Want("other account", status, 200)
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
		w.Want("statuses", count, map[int]int{200: 1, 409: 19})
		w.Want("ledger", len(w.Ledger.Calls("line", user)), 1)
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
		{"six messages in a reply", "POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[%s]}`, token, strings.Repeat(text("x")+",", 5)+text("x")), nil, 400, "1 error(s)"},
		{"empty text", "POST", "/v2/bot/message/push", pushed(text("a"), text("")), nil, 400, "1 error(s)"},
		{"long text", "POST", "/v2/bot/message/push", pushed(text(strings.Repeat("😀", 2501))), nil, 400, "1 error(s)"},
		{"two errors", "POST", "/v2/bot/message/push", pushed(text(""), `{"type":"poem"}`), nil, 400, "2 error(s)"},
		{"no token to reply", "POST", "/v2/bot/message/reply", `{"messages":[{"type":"text","text":"x"}]}`, nil, 400, "'replyToken'"},
		{"empty text in a reply", "POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":""}]}`, token), nil, 400, "1 error(s)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, _ := w.call(c.method, c.path, c.body, c.headers...)
			w.Want("status", status, c.status)
			if message, _ := out["message"].(string); !strings.Contains(message, c.message) {
				t.Errorf("message: got %q, want it to say %q", message, c.message)
			}
		})
	}
	_, out, _ := w.call("POST", "/v2/bot/message/push", pushed(text("a"), text("")))
	w.Want("details", out["details"], []any{map[string]any{"message": "May not be empty", "property": "messages[1].text"}})
	w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
	status, _, _ := w.call("POST", "/v2/bot/message/push", pushed(text(strings.Repeat("😀", 2500)), text("2"), text("3"), text("4"), text("5")))
	w.Want("the longest, five times", status, 200)
	if status, _ := w.reply(token); status != 200 {
		t.Errorf("the token after a refused reply: got %d, want 200", status)
	}
}
