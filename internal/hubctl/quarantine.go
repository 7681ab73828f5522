package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// ahead is how far another machine's clock may be before this one.
const ahead = time.Minute

// selection is which entries of a team's quarantine are meant.
type selection struct {
	team, account, filter, since *string
	all                          *bool
}

func (f flags) selection() selection {
	return selection{
		team: f.String("team", "", ""), account: f.String("account", "", ""), filter: f.String("filter", "", ""),
		since: f.String("since", "24h", ""), all: f.Bool("all", false, ""),
	}
}

// find lists the selected entries, oldest first; without -all those that were replayed
// are left out.
func (c *control) find(ctx context.Context, name string, s selection) ([]store.Quarantined, error) {
	now := c.now()
	from, err := moment("since", *s.since, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	list, err := c.store.QuarantinedBetween(ctx, hub.TeamID(*s.team), from, hub.MillisOf(now.Add(ahead)))
	if err != nil {
		return nil, err
	}
	selected := list[:0]
	for _, q := range list {
		if s.fits(q) && (*s.all || q.Replayed == 0) {
			selected = append(selected, q)
		}
	}
	return selected, nil
}

// fits tells whether an entry is of the account, and its reason, its channel, its trace
// or what was wrong is or holds the filter's text.
func (s selection) fits(q store.Quarantined) bool {
	if *s.account != "" && string(q.Account) != *s.account {
		return false
	}
	return holds(*s.filter, string(q.Reason), string(q.Channel), q.Trace, q.Detail)
}

// holds tells whether one of the texts holds the filter's, without regard to case.
func holds(filter string, texts ...string) bool {
	if filter == "" {
		return true
	}
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), strings.ToLower(filter)) {
			return true
		}
	}
	return false
}

// quarantineList shows what lies in a team's quarantine, without content.
func (c *control) quarantineList(ctx context.Context, args []string) error {
	f := newFlags("quarantine list")
	s := f.selection()
	limit, asJSON := f.Int("limit", 100, ""), f.Bool("json", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team"); err != nil {
		return err
	}
	if *limit < 1 {
		return errors.New("hubctl quarantine list: -limit is 1 or more")
	}
	list, err := c.find(ctx, f.Name(), s)
	if err != nil {
		return err
	}
	total := len(list)
	list = list[max(0, total-*limit):]
	for _, q := range list {
		if *asJSON {
			line, err := json.Marshal(entryOf(q))
			if err != nil {
				return err
			}
			fmt.Fprintln(c.out, string(line))
			continue
		}
		fmt.Fprintln(c.out, strings.Join([]string{
			q.ID, clock(q.At), dash(string(q.Channel)), dash(string(q.Account)), string(q.Reason),
			strconv.Quote(q.Detail), size(q.Size), dash(q.Trace), replayState(q),
		}, "  "))
	}
	if !*asJSON {
		fmt.Fprintln(c.out, shownOf(len(list), total))
	}
	return nil
}

// shownOf says how much of a list is shown.
func shownOf(shown, total int) string {
	switch {
	case shown < total:
		return fmt.Sprintf("the newest %d of %d entries; -limit shows more", shown, total)
	case total == 1:
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", total)
}

// replayState is the last column of the list.
func replayState(q store.Quarantined) string {
	switch {
	case q.Replayed != 0:
		return "replayed " + clock(q.Replayed)
	case q.Begun != 0:
		return "replay begun " + clock(q.Begun)
	}
	return "-"
}

func size(n int) string {
	if n < 10<<10 {
		return strconv.Itoa(n) + "B"
	}
	return strconv.Itoa(n>>10) + "KB"
}

// entry is an entry as JSON: all that is known of it but the content.
type entry struct {
	ID         string           `json:"id"`
	Team       hub.TeamID       `json:"team"`
	At         string           `json:"at"`
	Channel    hub.Channel      `json:"channel,omitempty"`
	Connection hub.ConnectionID `json:"connection,omitempty"`
	Account    hub.AccountID    `json:"account,omitempty"`
	User       hub.UserKey      `json:"user,omitempty"` // hashed
	Reason     hub.Code         `json:"reason"`
	Detail     string           `json:"detail"`
	Size       int              `json:"size"`
	Chunks     int              `json:"chunks"`
	Trace      string           `json:"trace,omitempty"`
	Begun      string           `json:"replay_begun,omitempty"`
	Replayed   string           `json:"replayed,omitempty"`
}

func entryOf(q store.Quarantined) entry {
	e := entry{
		ID: q.ID, Team: q.Team, At: clock(q.At), Channel: q.Channel, Connection: q.Connection, Account: q.Account, User: q.User,
		Reason: q.Reason, Detail: q.Detail, Size: q.Size, Chunks: q.Chunks, Trace: q.Trace,
	}
	if q.Begun != 0 {
		e.Begun = clock(q.Begun)
	}
	if q.Replayed != 0 {
		e.Replayed = clock(q.Replayed)
	}
	return e
}

// quarantineShow tells all that is known of an entry; with -raw it writes the body's
// bytes and nothing else, with -head what the entry around the event said.
func (c *control) quarantineShow(ctx context.Context, args []string) error {
	f := newFlags("quarantine show")
	team, id := f.String("team", "", ""), f.String("id", "", "")
	raw, head := f.Bool("raw", false, ""), f.Bool("head", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "id"); err != nil {
		return err
	}
	if *raw && *head {
		return errors.New("hubctl quarantine show: want -raw or -head")
	}
	q, err := c.store.QuarantinedEntry(ctx, hub.TeamID(*team), *id)
	if err != nil {
		return err
	}
	body, known, whole, err := c.store.QuarantinedWhole(ctx, q)
	if err != nil {
		return err
	}
	switch {
	case *raw:
		if _, err := c.out.Write(body); err != nil {
			return err
		}
		if !whole {
			return missingChunks(q, len(body))
		}
		return nil
	case *head:
		_, err := c.out.Write(known.Head)
		return err
	}
	for _, line := range details(q, known, len(body), whole) {
		if line[1] != "" {
			fmt.Fprintf(c.out, "%-12s %s\n", line[0], line[1])
		}
	}
	return nil
}

func missingChunks(q store.Quarantined, have int) error {
	return hub.E(hub.Refused, "hubctl quarantine", fmt.Errorf("chunks are missing: %d of %d bytes are stored", have, q.Size))
}

// details are the lines of an entry, name and value.
func details(q store.Quarantined, known store.Known, have int, whole bool) [][2]string {
	kind := "a body that could not be cut into events"
	switch {
	case q.Team == deploymentTeam:
		kind = "a message or record that is not what the hub writes"
	case known.Event != "":
		kind = "an event"
	}
	stored := "whole"
	if !whole {
		stored = fmt.Sprintf("%d of %d bytes", have, q.Size)
	}
	lines := [][2]string{
		{"id", q.ID}, {"team", string(q.Team)}, {"what", kind}, {"accepted", clock(q.At)},
		{"reason", string(q.Reason)}, {"wrong", q.Detail},
		{"channel", string(q.Channel)}, {"connection", string(q.Connection)}, {"account", string(q.Account)},
		{"user", string(q.User)}, {"event", hub.ShortID(known.Event)}, {"hash", known.Hash},
		{"not connected", known.External},
		{"size", fmt.Sprintf("%d bytes in %d chunks", q.Size, q.Chunks)}, {"stored", stored},
		{"trace", q.Trace}, {"kept until", clock(q.At.Add(store.QuarantineRetention))},
	}
	if len(known.Head) > 0 {
		lines = append(lines, [2]string{"head", fmt.Sprintf("%d bytes; -head shows it", len(known.Head))})
	}
	return append(lines, [2]string{"replay", replayState(q)})
}
