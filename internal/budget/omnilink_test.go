package budget

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/localaws/wire"
)

var (
	cardLink = regexp.MustCompile(`https?://[^"\\ ]+/l/[A-Za-z0-9._-]+`)
	tapID    = regexp.MustCompile(`name="tap" value="([^"]+)"`)
)

// twoSends is an event of two messages at the same time.
const twoSends = "omnilink: completion of two single homes, both messages and tags"

// omnilink counts a link from the card to the joined contact: the customer is known in the
// source and new in the target.
func (m *meter) omnilink() {
	m.t.Helper()
	_, err := m.AdvanceClock(m.ctx, time.Minute) // a fresh reply budget
	m.must(err)
	m.warm()
	// One link before, so that the pages' function and the rest have read their settings.
	first := m.card("warmlink", func(f func()) { f(); m.rest() })
	m.arrive("warmlink", m.tap(first))
	m.rest()

	m.write("nora", "hello", 0)
	var target string
	link := m.card("nora", func(f func()) { m.count("omnilink: keyword whose module is a card, for who never got it", f) })
	m.count("omnilink: the same card again", func() { m.write("nora", "whatsapp", 0) })
	m.count("omnilink: the page behind a card, as robots see it too", func() { m.page(link) })
	m.count("omnilink: first tap", func() { target = m.tap(link) })
	m.count("omnilink: another tap", func() { target = m.tap(link) })
	m.count(twoSends, func() { m.arrive("nora", target) })
}

// card has a customer ask for a card, and answers its link.
func (m *meter) card(from string, played func(func())) string {
	m.t.Helper()
	played(func() { m.write(from, "whatsapp", 0) })
	calls, err := m.Sent(m.ctx, "line", from)
	m.must(err)
	for _, c := range calls {
		if link := cardLink.FindString(c.Body); link != "" {
			return link
		}
	}
	m.t.Fatalf("%s got no card: %+v\n%s", from, calls, m.Log())
	return ""
}

func (m *meter) page(link string) string {
	m.t.Helper()
	resp, err := http.Get(link)
	m.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		m.t.Fatalf("the page answers %d, %v", resp.StatusCode, err)
	}
	return string(body)
}

// tap taps the button of a link's page without scripts, and answers where it leads.
func (m *meter) tap(link string) string {
	m.t.Helper()
	id := tapID.FindStringSubmatch(m.page(link))
	if id == nil {
		m.t.Fatal("the page has no button")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(link, url.Values{"tap": {id[1]}})
	m.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		m.t.Fatalf("the tap is answered %d", resp.StatusCode)
	}
	return resp.Header.Get("Location")
}

// arrive has the customer send what the link has pre-filled.
func (m *meter) arrive(from, target string) {
	m.t.Helper()
	u, err := url.Parse(target)
	m.must(err)
	m.act("whatsapp", fake.Act{From: from, Text: u.Query().Get("text")})
}

func TestOnlyOneCallOrTwoOfRelayAreLeftToChance(t *testing.T) {
	calls := func(caller string, n int) wire.Count {
		return wire.Count{Caller: caller, Operation: "SendMessageBatch", Resource: "omnihub-OutboundQueue.fifo", Calls: n}
	}
	for _, c := range []struct {
		event string
		count wire.Count
		want  string
	}{
		{twoSends, calls("Relay", 1), "1 or 2 calls"}, {twoSends, calls("Relay", 2), "1 or 2 calls"},
		{twoSends, calls("Relay", 3), " 3 calls"}, {twoSends, calls("Ingress", 2), " 2 calls"}, {idleMinute, calls("Relay", 2), " 2 calls"},
	} {
		want := fmt.Sprintf("  %-9s SendMessageBatch   OutboundQueue.fifo     %s  0 RRU  0 WRU", c.count.Caller, c.want)
		if got := line(c.event, c.count); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
