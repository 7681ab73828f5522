package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// log shows a thread: what stands of it, and its newest messages with all that was
// done to them, oldest first.
func (c *control) log(ctx context.Context, args []string) error {
	f := newFlags("log")
	team, account, user := f.String("team", "", ""), f.String("account", "", ""), f.String("user", "", "")
	before, limit := f.String("before", "", ""), f.Int("limit", 20, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "account", "user"); err != nil {
		return err
	}
	if *limit < 1 || *limit > 1000 {
		return errors.New("hubctl log: -limit is 1 to 1000")
	}
	a, err := c.reader().Account(ctx, hub.TeamID(*team), hub.AccountID(*account))
	if err != nil {
		return err
	}
	own := store.Ref{Team: a.Team.ID, User: a.Team.Pepper.User(a.Platform.ID, *user)}
	t, err := c.store.Thread(ctx, own)
	if err != nil {
		return err
	}
	messages, err := c.store.Log(ctx, own, hub.MessageKey(*before), *limit)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, strings.Join(summary(&t), ", "))
	slices.Reverse(messages)
	for i := range messages {
		for _, line := range lines(&messages[i], &t) {
			fmt.Fprintln(c.out, line)
		}
	}
	return nil
}

// summary tells how a thread stands.
func summary(t *hub.Thread) []string {
	out := []string{"thread " + string(t.User) + " of " + strconv.Quote(t.External.Reveal())}
	add := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(t.Address != "" && t.Address != t.External, "now %q", t.Address.Reveal())
	add(t.Kind == hub.Group, "a group")
	add(t.Conversation != "", "open since %s", clock(t.WaitSince))
	add(t.Assignee != "", "assigned to %q", t.Assignee)
	_, need := t.Case()
	add(need == hub.NeedBot, "for the bot")
	add(!t.BotMaySpeak(), "floor %q", t.Floor)
	add(t.Blocked(), "blocked")
	add(!t.Wants(hub.ClassBot), "opted out")
	add(t.Wants(hub.ClassBot) && !t.Wants(hub.ClassMarketing), "opted out of marketing")
	add(t.Unread(), "unread")
	add(len(t.Held) > 0, "%d sends wait", len(t.Held))
	add(t.DeliveredUpTo != 0, "delivered up to %s", clock(t.DeliveredUpTo))
	add(t.ReadUpTo != 0, "read up to %s", clock(t.ReadUpTo))
	add(t.Erased != 0, "erased %s", clock(t.Erased))
	return out
}

// lines show one message: what it says, and below it what happened to it. Customers'
// words are quoted, so that they cannot steer the terminal.
func lines(m *store.Logged, t *hub.Thread) []string {
	head := fmt.Sprintf("%s  %-3s  %-8s  %s", clock(m.Key.At()), direction(m), m.Type, strconv.Quote(m.Text))
	if m.Unsent != 0 {
		head = fmt.Sprintf("%s  %-3s  %-8s  (taken back %s)", clock(m.Key.At()), direction(m), m.Type, clock(m.Unsent))
	}
	if m.Data != "" {
		head += "  data " + strconv.Quote(m.Data)
	}
	if !m.Inbound {
		head += "  " + string(m.Class) + "  " + string(shown(m.Stamps, t))
	}
	out := []string{head, "    key " + strconv.Quote(string(m.Key))}
	if stamps := stamped(m.Stamps); stamps != "" {
		out = append(out, "    "+stamps)
	}
	if !m.Inbound && m.Content.Type != hub.Text {
		if content, err := json.Marshal(m.Content); err == nil {
			out = append(out, "    content "+string(content))
		}
	}
	if m.Edited != 0 {
		out = append(out, "    edited "+clock(m.Edited))
	}
	for _, r := range m.Reactions {
		out = append(out, fmt.Sprintf("    reaction %s  %s", strconv.Quote(r.Value), clock(r.At)))
	}
	return out
}

// shown is a message's state, by the thread's watermarks too.
func shown(s hub.Stamps, t *hub.Thread) hub.State {
	if s.Sent != 0 && s.Failed == 0 {
		if s.Read == 0 && s.Sent <= t.ReadUpTo {
			s.Read = t.ReadUpTo
		}
		if s.Delivered == 0 && s.Sent <= t.DeliveredUpTo {
			s.Delivered = t.DeliveredUpTo
		}
	}
	return s.State()
}

func stamped(s hub.Stamps) string {
	var out []string
	for _, stamp := range []struct {
		name string
		at   hub.Millis
	}{{"sent", s.Sent}, {"delivered", s.Delivered}, {"read", s.Read}, {"failed", s.Failed}, {"unknown", s.Unknown}} {
		if stamp.at != 0 {
			out = append(out, stamp.name+" "+clock(stamp.at))
		}
	}
	if s.Code != "" {
		out = append(out, "because "+string(s.Code)+": "+s.Code.Advice())
	}
	if s.PlatformID != "" {
		out = append(out, "as "+strconv.Quote(s.PlatformID))
	}
	return strings.Join(out, ", ")
}

func direction(m *store.Logged) string {
	if m.Inbound {
		return "in"
	}
	return "out"
}

func clock(m hub.Millis) string { return m.Time().Format("2006-01-02T15:04:05.000Z") }
