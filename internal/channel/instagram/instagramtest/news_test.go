package instagramtest_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

// news is what the hub was told: "echo <text>", "read <id of the message>".
func (w *world) news() (out []string) {
	w.T.Helper()
	for _, h := range w.Got() {
		var body struct {
			Entry []struct {
				Messaging []struct {
					Sender, Recipient struct{ ID string }
					Message           *struct {
						Mid, Text string
						Echo      bool `json:"is_echo"`
					}
					Read *struct{ Mid string }
				}
			}
		}
		if err := json.Unmarshal([]byte(h.Body), &body); err != nil {
			w.T.Fatal(err)
		}
		for _, e := range body.Entry {
			for _, i := range e.Messaging {
				switch {
				case i.Read != nil:
					w.Want("who read", []any{i.Sender.ID, i.Recipient.ID}, []any{mei, shop})
					out = append(out, "read "+i.Read.Mid)
				case i.Message != nil && i.Message.Echo:
					w.Want("who wrote", []any{i.Sender.ID, i.Recipient.ID}, []any{shop, mei})
					out = append(out, "echo "+i.Message.Mid+" "+i.Message.Text)
				}
			}
		}
	}
	return out
}

func TestEachSendHasAnEcho(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.Got()
	_, out := w.text("嗨")
	id := fmt.Sprint(out["message_id"])
	w.Want("echo", w.news(), []string{"echo " + id + " 嗨"})
	w.Faults(`{"status_read":true}`)
	_, out = w.text("again")
	id = fmt.Sprint(out["message_id"])
	w.Want("and read", w.news(), []string{"echo " + id + " again", "read " + id})
	w.Faults(`{"status_missing":1,"status_read":true}`)
	w.text("x")
	w.Want("missing", len(w.news()), 0)
	w.Faults(`{"duplicate_webhooks":1}`)
	w.text("x")
	w.Want("twice", len(w.news()), 2)
	w.Faults(`{"status_late_ms":30,"status_shuffle":true,"status_read":1,"shuffle_webhooks":true}`)
	w.text("x")
	w.Want("late", len(w.news()), 2)
	w.Faults(`{}`)
	w.send(`{"recipient":{"id":"` + mei + `"},"message":{"attachment":{"type":"template","payload":{"template_type":"generic","elements":[{"title":"a","subtitle":"/"}]}}}}`)
	w.send(`{"recipient":{"id":"` + mei + `"},"message":{"attachment":{"type":"image","payload":{"url":"https://a.example/a.png"}}}}`)
	hooks := w.Got()
	bodies := hooks[0].Body + hooks[1].Body
	for _, part := range []string{`{"type":"template","payload":{"generic":{"elements":[{"title":"a","subtitle":"\/"}]}}}`, `{"type":"image","payload":{"url":"https:\/\/lookaside.fbsbx.com\/`} {
		if !strings.Contains(bodies, part) {
			t.Errorf("got %s, want %s in it", bodies, part)
		}
	}
}

// TestEarlyEchoes: the hub hears of the message before it has its answer.
func TestEarlyEchoes(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.Got()
	w.Faults(`{"status_early":1,"accept_then_drop":1}`)
	status, _ := w.text("early")
	w.Want("the answer is lost", status, 0)
	if got := w.news(); len(got) != 1 || !strings.HasSuffix(got[0], " early") {
		t.Errorf("got %v, want the echo", got)
	}
}

func TestEchoesAreRepeatedUntilTheyAreTaken(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.Got()
	var failed atomic.Bool
	w.AnswerBy(func(faketest.Hook) (int, string) {
		if failed.CompareAndSwap(false, true) {
			return 500, ""
		}
		return 200, ""
	})
	w.text("again and again")
	w.Want("deliveries", len(w.news()), 2)
}

// TestItKnowsAfterARestart: customers, windows, what was shown and said, tokens and
// subscriptions, and what it has not told yet.
func TestItKnowsAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	var journal *fake.Journal
	restart := func(w *world) {
		_ = journal.Close()
		journal = faketest.Journal(t, file)
		w.start(journal)
	}
	w := newWorld(t)
	restart(w)
	w.extra(`{"type":"person","name":"陳美麗","username":"mei.chen"}`)
	w.act(fake.Act{Text: "hello"})
	w.act(fake.Act{From: "ben", Text: "hello"})
	w.act(fake.Act{From: "ben", Block: true})
	w.send(`{"recipient":{"id":"` + mei + `"},"message":{"text":"?","quick_replies":[{"content_type":"text","title":"t","payload":"p"}]}}`)
	w.Advance(25 * time.Hour)
	_, out := w.get("/login/refresh_access_token?grant_type=ig_refresh_token")
	fresh := fmt.Sprint(out["access_token"])
	w.call("POST", clubTo+"/subscribed_apps?subscribed_fields=messages,standby", "")
	w.Got()

	restart(w)
	w.Want("the window has closed", first(w.text("x")), 403)
	d := w.act(fake.Act{Button: "p"})
	w.Want("a tap on what was shown", d.Status, 200)
	w.Want("the window is open", first(w.text("x")), 200)
	_, out = w.get("/v25.0/" + mei + "?fields=name")
	w.Want("who it is", out["name"], "陳美麗")
	_, out = w.get(shopTo + "/conversations?platform=instagram&user_id=" + mei + "&fields=messages")
	w.Want("what was said", strings.Count(fmt.Sprint(out), "created_time"), 4)
	if _, err := w.try(fake.Act{From: "ben", Text: "x"}); err == nil {
		t.Error("one who blocked the account: got no error, want one")
	}
	w.Want("a renewed token", first(w.get("/login/v25.0/me", "Authorization", "Bearer "+fresh)), 200)
	_, out = w.get(clubTo + "/subscribed_apps")
	w.Want("subscribed", strings.Contains(fmt.Sprint(out), "standby"), true)
	w.Advance(59 * 24 * time.Hour)
	w.Want("the first token ends when it did", wrong(second(w.get("/login/v25.0/me"))), "190/463 OAuthException")
}

// TestOwedEchoesComeAfterARestart: the hub was away when they were first told.
func TestOwedEchoesComeAfterARestart(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "journal")
	w.start(faketest.Journal(t, file))
	w.act(fake.Act{Text: "hello"})
	w.Got()
	w.Answer(500)
	w.Want("accepted", first(w.text("told later")), 200)

	left := w.Platform // as by a kill, but that it goes on trying
	w.Answer(200)
	w.Take()
	w.start(faketest.Journal(t, file))
	w.Settle()
	known := w.Platform
	w.Platform = left
	w.Settle()
	w.Platform = known
	told := 0
	for _, n := range w.news() {
		if strings.HasSuffix(n, " told later") {
			told++
		}
	}
	if told < 2 {
		t.Errorf("got it %d times, want it once of each", told)
	}
}
