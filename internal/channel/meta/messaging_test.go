package meta_test

import (
	"errors"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

var shared = meta.Messaging{Name: "test", Objects: []string{"instagram", "page"}}

const (
	account  = "17841400000000001"
	customer = "90010000000000001"
)

// from makes a webhook of one item between two.
func from(sender, recipient, member string) string {
	return `{"object":"instagram","entry":[{"id":"` + account + `","time":1791170415523,"messaging":[{"sender":{"id":"` + sender +
		`"},"recipient":{"id":"` + recipient + `"},"timestamp":1791170415123,` + member + `}]}]}`
}

func read(t *testing.T, m meta.Messaging, body string) (channel.Slice, channel.Event) {
	t.Helper()
	slices, err := m.Split(&channel.Request{Body: []byte(body)})
	if err != nil || len(slices) != 1 {
		t.Fatalf("%s: got %d events, %v, want 1", body, len(slices), err)
	}
	e, err := m.Parse(slices[0].Head, slices[0].Raw)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return slices[0], e
}

func TestWhatInstagramHasBesideMessengerIsRead(t *testing.T) {
	message := func(rest string) string {
		return from(customer, account, `"message":{"mid":"m_1",`+rest+`}`)
	}
	for name, c := range map[string]struct {
		body string
		ok   func(channel.Event) bool
	}{
		"deleted": {message(`"is_deleted":true`), func(e channel.Event) bool {
			return e.Kind == channel.EventAction && e.Action == channel.Action{Kind: channel.Unsend, Target: "m_1", Actor: customer}
		}},
		"to itself": {from(account, account, `"message":{"mid":"m_1","is_self":true,"is_echo":true,"text":"x"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventOther && e.User == ""
		}},
		"not given out": {message(`"is_unsupported":true`), func(e channel.Event) bool {
			return e.Message.Type == hub.OtherMsg && e.Message.Text == "[unsupported]"
		}},
		"seen once": {message(`"attachments":[{"type":"ephemeral"}]`), func(e channel.Event) bool {
			return e.Message.Type == hub.OtherMsg && e.Message.Text == "[unsupported: ephemeral]"
		}},
		"named in a story": {message(`"attachments":[{"type":"story_mention","payload":{"url":"https://cdn.example/s"}}]`), func(e channel.Event) bool {
			return e.Message.Type == hub.Story && len(e.Message.Media) == 1 && e.Message.Media[0].URL == "https://cdn.example/s"
		}},
		"one post told twice": {message(`"attachments":[{"type":"share","payload":{"url":"https://x.example/p"}},{"type":"ig_post","payload":{"url":"https://x.example/p"}}]`), func(e channel.Event) bool {
			return e.Message.Type == hub.OtherMsg && e.Message.Text == "https://x.example/p"
		}},
		"reaction taken back": {from(customer, account, `"reaction":{"mid":"m_1","action":"unreact"}`), func(e channel.Event) bool {
			return e.Action == channel.Action{Kind: channel.Reaction, Target: "m_1", Actor: customer}
		}},
		"read by a message": {from(customer, account, `"read":{"mid":"m_1"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventReceipt && e.Receipt == channel.Receipt{Target: "m_1", State: hub.Read}
		}},
		"the other object": {strings.Replace(message(`"text":"x"`), `"instagram"`, `"page"`, 1), func(e channel.Event) bool {
			return e.Kind == channel.EventMessage && e.Message.Text == "x"
		}},
		"a comment": {`{"object":"instagram","entry":[{"id":"` + account + `","time":1791170415,"changes":[{"field":"comments","value":{"from":{"id":"7"},"text":"x"}}]}]}`, func(e channel.Event) bool {
			return e.Kind == channel.EventOther && e.Type == "comments" && e.User == "" && e.At == 1791170415000 && e.Account == account
		}},
		"an echo without the mark": {from(account, customer, `"message":{"mid":"m_1","text":"x"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventEcho && e.User == customer
		}},
	} {
		s, e := read(t, shared, c.body)
		if !c.ok(e) || e.ID != s.Event || e.User != s.User {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

func TestFinishHasTheLastWord(t *testing.T) {
	body := from(customer, account, `"message":{"mid":"m_1","text":"x","reply_to":{"story":{"id":"s_1"}}}`)
	m := shared
	m.Finish = func(i *meta.Item, e *channel.Event) error {
		if i.Key != meta.KeyMessage || string(i.Message.ReplyTo) != `{"story":{"id":"s_1"}}` || i.Account != account || i.User != customer {
			t.Errorf("item: got %+v", i)
		}
		e.Message.Text += "!"
		return nil
	}
	if _, e := read(t, m, body); e.Message.Text != "x!" {
		t.Errorf("got %q, want what Finish made of it", e.Message.Text)
	}
	m.Finish = func(*meta.Item, *channel.Event) error { return hub.E(hub.Unparsable, "test: parse", errors.New("no")) }
	slices, _ := m.Split(&channel.Request{Body: []byte(body)})
	if _, err := m.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
		t.Errorf("got %v, want the error of Finish", err)
	}
}

func TestOtherObjectsAreRefused(t *testing.T) {
	m := meta.Messaging{Name: "test", Objects: []string{"page"}}
	for _, body := range []string{from(customer, account, `"message":{}`), `{"entry":[]}`, `{"object":"","entry":[]}`} {
		if slices, err := m.Split(&channel.Request{Body: []byte(body)}); hub.CodeOf(err) != hub.Unparsable || len(slices) != 0 {
			t.Errorf("%s: got %d, %v, want %s", body, len(slices), err, hub.Unparsable)
		}
	}
}
