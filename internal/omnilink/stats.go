package omnilink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// MaxDays is how many days one range has at most.
const MaxDays = 90

// Range is the days of which people want to know: by the first tap.
type Range struct {
	From, Before hub.Millis
	Zone         *time.Location
}

// Days is the range from a day to another one ("2006-01-02"), both within, in a time zone
// by its IANA name. BadRequest for what is no day, a range that ends before it begins, or
// one of over MaxDays.
func Days(zone, from, to string) (Range, error) {
	const op = "omnilink: range"
	at, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		return Range{}, hub.E(hub.BadRequest, op, errors.New("no such time zone"))
	}
	first, err := time.ParseInLocation(time.DateOnly, from, at)
	if err != nil {
		return Range{}, hub.Fault(op, "from", "is a day as 2026-11-23")
	}
	last, err := time.ParseInLocation(time.DateOnly, to, at)
	if err != nil {
		return Range{}, hub.Fault(op, "to", "is a day as 2026-11-23")
	}
	switch {
	case last.Before(first):
		return Range{}, hub.Fault(op, "to", "is not before from")
	case last.After(first.AddDate(0, 0, MaxDays-1)):
		return Range{}, hub.Fault(op, "to", "is at most %d days from from", MaxDays-1)
	}
	return Range{From: hub.MillisOf(first), Before: hub.MillisOf(last.AddDate(0, 0, 1)), Zone: at}, nil
}

// Statistics are the counts of a range, by contacts of the source.
type Statistics struct {
	Participants int // who tapped a card for the first time within the range
	Success      int // of them, who came to a link
	New          int // of those, who brought somebody who was nobody's contact before
	Failure      int // the others, with a reason or without
	Reasons      int // of those, with a reason
}

// Count counts the participations of a range. It reads all of them.
func (a *Activities) Count(ctx context.Context, team hub.TeamID, id hub.ActivityID, r Range) (Statistics, error) {
	c, err := a.Store.CountParticipations(ctx, team, id, r.From, r.Before)
	return Statistics{Participants: c.People, Success: c.Linked, New: c.New, Failure: c.People - c.Linked, Reasons: c.Failed}, err
}

// Row is a participation as people read it.
type Row struct {
	Home       hub.HomeID // the source's
	Name       hub.Personal
	Channel    hub.Channel
	External   hub.Personal // the platform's id
	Target     hub.HomeID   // of a success; "" = it was erased since
	TargetName hub.Personal
	TargetID   hub.Personal
	Tapped     hub.Millis // the first tap
	Linked     hub.Millis // 0 = a failure
	New        bool
	Reason     hub.LinkReason // of a failure
}

// Rows is a page of the participations of a range, the latest first tap first, from a
// position ("" = from the first), at most limit. Next continues; "" = there is no more.
// BadRequest for a position that is none.
func (a *Activities) Rows(ctx context.Context, team hub.TeamID, id hub.ActivityID, r Range, f store.LinkFilter, position string, limit int) (rows []Row, next string, err error) {
	list, next, err := a.Store.Participations(ctx, team, id, r.From, r.Before, f, position, limit)
	if err != nil {
		return nil, "", err
	}
	var ids []hub.HomeID
	for _, p := range list {
		ids = append(ids, p.Home, p.Target)
	}
	named, err := a.Store.NamedHomes(ctx, team, ids)
	for _, p := range list {
		from, to := named[p.Home], named[p.Target]
		row := Row{
			Home: p.Home, Name: from.Name, Channel: from.Home.Channel, External: from.Home.External, Tapped: p.First, Linked: p.Linked, New: p.New,
		}
		if p.Linked != 0 {
			row.Target, row.TargetName, row.TargetID = p.Target, to.Name, to.Home.External
		} else {
			row.Reason = p.Reason
		}
		rows = append(rows, row)
	}
	return rows, next, err
}

// errNoRange tells that an export wants a range.
var errNoRange = fmt.Errorf("an export has a range of at most %d days", MaxDays)
