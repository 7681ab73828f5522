package contact

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// Candidate says that two homes may be one person, for a member of the team to
// decide. Each reason is kept once, at both homes, and a decision stands. Nothing is
// written if somebody has said of the two that they never are. If they are one contact
// already, or must not be, it is kept for the day on which that is undone, and nobody
// is told. A group of people is one with nobody. NotFound if a home does not exist.
func (b *Book) Candidate(ctx context.Context, team hub.TeamID, x, y hub.HomeID, reason string) error {
	if x == y {
		return nil
	}
	left, right, err := b.sides(ctx, team, x, y)
	if err != nil || left.Kind == hub.Group || right.Kind == hub.Group {
		return err
	}
	never, err := b.Store.NeverBetween(ctx, team, x, y)
	if err != nil || never {
		return err
	}
	quiet := left.ID == right.ID
	if !quiet && len(left.Members)+len(right.Members) > 2 {
		if quiet, err = b.Store.Never(ctx, team, left, right); err != nil {
			return err
		}
	}
	return b.Store.PutCandidate(ctx, team, hub.Candidate{A: x, B: y, Reason: reason, At: hub.MillisOf(b.Now())}, quiet)
}

// Candidates tells what speaks for joins of the homes of a contact, and what became of
// it: Joined if the two are one contact.
func (b *Book) Candidates(ctx context.Context, team hub.TeamID, home hub.HomeID) ([]hub.Candidate, error) {
	root, err := b.root(ctx, team, home)
	if err != nil {
		return nil, err
	}
	var all []hub.Candidate
	for _, m := range root.Members {
		list, err := b.Store.Candidates(ctx, team, m)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			other := c.A
			if other == m {
				other = c.B
			}
			inside := slices.Contains(root.Members, other)
			if inside && c.B == m {
				continue // told at the smaller home
			}
			if inside && c.Decision == "" {
				c.Decision = hub.Joined
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// Open lists the candidates of a team that are to be decided, the newest first, before
// a place ("" = from the newest on), at most limit. The place continues, "" = there is
// no more. Those whose homes are one contact now, or must not be, are left out, so a
// call may answer fewer, or none, and a place.
func (b *Book) Open(ctx context.Context, team hub.TeamID, before string, limit int) ([]hub.Candidate, string, error) {
	list, next, err := b.Store.Undecided(ctx, team, before, limit)
	if err != nil {
		return nil, "", err
	}
	var open []hub.Candidate
	for _, c := range list {
		asks := false
		err := settings.Settle(func() (err error) {
			asks, err = b.asks(ctx, team, c)
			return err
		})
		switch hub.CodeOf(err) {
		case "", hub.Conflict: // what changes all the time is shown by a later call
		case hub.NotFound: // a home is gone
		default:
			return nil, "", err
		}
		if asks {
			open = append(open, c)
		}
	}
	return open, next, nil
}

// asks tells whether the homes of a candidate may be joined, and are not one contact: then
// it leaves the list. Conflict if somebody changed a contact meanwhile.
func (b *Book) asks(ctx context.Context, team hub.TeamID, c hub.Candidate) (bool, error) {
	left, right, err := b.sides(ctx, team, c.A, c.B)
	if err != nil {
		return false, err
	}
	if left.ID == right.ID {
		if !slices.Contains(right.Members, c.A) {
			return false, hub.E(hub.Conflict, "contact: list candidates", fmt.Errorf("the two were parted meanwhile"))
		}
		return false, b.Store.Unlist(ctx, team, right, c)
	}
	never, err := b.Store.Never(ctx, team, left, right)
	return err == nil && !never, err
}

// Dismiss decides all that speaks for a join of two homes now: it proves nothing. What
// is seen later opens the question again. Done again it changes nothing. NotFound if
// nothing speaks for it.
func (b *Book) Dismiss(ctx context.Context, team hub.TeamID, x, y hub.HomeID, a hub.Audit) error {
	return settings.Settle(func() error {
		list, err := b.Store.CandidatesBetween(ctx, team, x, y)
		if err == nil && len(list) == 0 {
			err = hub.E(hub.NotFound, "contact: dismiss", fmt.Errorf("nothing speaks for a join of the two"))
		}
		if err != nil {
			return err
		}
		if list = undecided(list); len(list) == 0 {
			return nil
		}
		return b.Store.Decide(ctx, team, list, hub.Dismissed, a)
	})
}

// maxWhy is the length of a reason that a person gives, in characters.
const maxWhy = 500

// Never says that two homes are never to be one contact, and why, in words without
// personal data. It decides what speaks for it. Said again it changes nothing. Refused
// with an Obstacle while they are one contact; NotFound if a home does not exist.
func (b *Book) Never(ctx context.Context, team hub.TeamID, x, y hub.HomeID, why string, a hub.Audit) error {
	const op = "contact: never join"
	if !utf8.ValidString(why) || utf8.RuneCountInString(why) > maxWhy {
		return hub.E(hub.BadRequest, op, &FieldError{Field: "why", Detail: fmt.Sprintf("it is over %d characters", maxWhy)})
	}
	return settings.Settle(func() error {
		left, right, err := b.sides(ctx, team, x, y)
		if err != nil {
			return err
		}
		if left.ID == right.ID {
			way, err := b.Why(ctx, team, x, y)
			if err != nil {
				return err
			}
			return hub.Refuse(op, hub.Obstacle{Code: hub.AlreadyOne, Edges: way})
		}
		said, err := b.Store.NeverBetween(ctx, team, x, y)
		if err != nil || said {
			return err
		}
		list, err := b.Store.CandidatesBetween(ctx, team, x, y)
		if err != nil {
			return err
		}
		pair := hub.Candidate{Reason: why}
		pair.A, pair.B = hub.EdgeOf(x, y)
		return b.Store.SayNever(ctx, team, left, right, pair, undecided(list), a)
	})
}

// TakeNeverBack takes it back that two homes are never to be one contact: what spoke
// for it is open again. Done again it changes nothing.
func (b *Book) TakeNeverBack(ctx context.Context, team hub.TeamID, x, y hub.HomeID, a hub.Audit) error {
	return settings.Settle(func() error {
		said, err := b.Store.NeverBetween(ctx, team, x, y)
		if err != nil || !said {
			return err
		}
		list, err := b.Store.CandidatesBetween(ctx, team, x, y)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(c hub.Candidate) bool { return c.Decision != hub.NeverOne })
		return b.Store.TakeNeverBack(ctx, team, x, y, list, a)
	})
}
