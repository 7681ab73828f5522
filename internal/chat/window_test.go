package chat_test

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// TestWindowsByClassAndEntry: within the session everything goes; after it a member's
// own words where the channel leaves more time to members, and whatever there is after
// an entry by an advertisement, since only the platform knows.
func TestWindowsByClassAndEntry(t *testing.T) {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	template := hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}}
	text := hub.TextContent("x")
	for _, c := range []struct {
		name          string
		person, entry time.Duration
		ad            bool
		after         time.Duration // since the customer's last act
		class         hub.Class
		content       hub.Content
		templates     bool
		want          string // code, or "sent", or "after" = sent with the mark that the window has passed
	}{
		{"in the session", week, 0, false, day - 61*time.Second, hub.ClassMarketing, text, false, "sent"},
		{"a member in the session", week, 0, false, day - 61*time.Second, hub.ClassPerson, text, false, "sent"},
		{"a member at its end", week, 0, false, day - 59*time.Second, hub.ClassPerson, text, false, "after"},
		{"a member after it", week, 0, false, day + time.Second, hub.ClassPerson, text, false, "after"},
		{"a program after it", week, 0, false, day + time.Second, hub.ClassTransactional, text, false, "window_closed"},
		{"marketing after it", week, 0, false, day + time.Second, hub.ClassMarketing, text, true, "template_needed"},
		{"a member before the end of the members' window", week, 0, false, week - 61*time.Second, hub.ClassPerson, text, false, "after"},
		{"a member at its end ", week, 0, false, week - 59*time.Second, hub.ClassPerson, text, false, "window_closed"},
		{"a member after it ", week, 0, false, week + time.Second, hub.ClassPerson, text, true, "template_needed"},
		{"a template after all", week, 0, false, week + time.Second, hub.ClassPerson, template, true, "sent"},
		{"a template after the session", week, 0, false, day + time.Second, hub.ClassPerson, template, true, "sent"},
		{"no window for members", 0, 0, false, day + time.Second, hub.ClassPerson, text, false, "window_closed"},
		{"a program after an advertisement", 0, week, true, week - 61*time.Second, hub.ClassTransactional, text, false, "sent"},
		{"a program at the end of that", 0, week, true, week - 59*time.Second, hub.ClassTransactional, text, false, "window_closed"},
		{"a program after it  ", 0, week, true, week + time.Second, hub.ClassTransactional, text, false, "window_closed"},
		{"a program with no advertisement", 0, week, false, day + time.Second, hub.ClassTransactional, text, false, "window_closed"},
		{"a member after an advertisement", week, week, true, day + time.Second, hub.ClassPerson, text, false, "after"},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := newToys(t)
			if !c.templates {
				delete(y.caps.Shows, hub.Template)
			}
			y.caps.PersonWindow, y.caps.EntryWindow = c.person, c.entry
			sent := y.accept("p")
			m := wrote("hello", "TW.1")
			m.At = hub.MillisOf(y.Clock.Now())
			if c.ad {
				m.Entry = channel.Entry{Source: "ad", Ad: "9"}
			}
			y.come("toy1", m)
			y.Clock.Advance(c.after)
			q := y.intend("TW.1", c.class, c.content)
			if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
			s := y.stored("TW.1", q.Intent.Key).Stamps
			got := string(s.Code)
			if s.State() == hub.Sent {
				got = "sent"
				if (*sent)[0].AfterWindow {
					got = "after"
				}
				if (*sent)[0].Class != c.class {
					t.Errorf("got the class %q, want %q", (*sent)[0].Class, c.class)
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestPlatformsRefusalAfterAnEntryIsFinal: it was tried since only the platform knows.
func TestPlatformsRefusalAfterAnEntryIsFinal(t *testing.T) {
	y := newToys(t)
	y.caps.EntryWindow = 7 * 24 * time.Hour
	calls := 0
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		calls++
		return channel.Sent{}, hub.E(hub.WindowClosed, "toy: send", nil)
	}
	m := wrote("hello", "TW.1")
	m.Entry = channel.Entry{Ad: "9"}
	y.come("toy1", m)
	y.Clock.Advance(48 * time.Hour)
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	for range 2 {
		if err := y.sender().Deliver(context.Background(), q, 2); err != nil {
			t.Fatal(err)
		}
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Code != hub.WindowClosed || calls != 1 {
		t.Errorf("got %s %s after %d calls, want window_closed after 1", s.State(), s.Code, calls)
	}
}
