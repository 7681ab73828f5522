// Package contact makes one person out of several homes: joins with their evidence,
// the fold that is shown of them, the way back from a contact to what it rests on,
// and the profile that a platform tells of a new one.
package contact

import (
	"context"
	"fmt"
	"slices"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Book keeps which homes are one contact. A contact has no record of its own: it is
// what live edges connect, and the id of any of its homes names it. It is safe for
// concurrent use.
type Book struct {
	Store *store.Store
	Now   func() time.Time
}

const (
	// joinTries bounds how often one call meets another writer of the same contacts.
	// After that the caller's queue tries again.
	joinTries = 5
	// rootTries bounds how often the way to a root may have changed while it was gone:
	// two reads each, but for a join or an undoing in between.
	rootTries = 8
)

// Join says that two homes are one person, and on what evidence: in what was seen
// (detail, without personal data) by whom (a member's id, or a part of the hub). It
// answers the root of the contact that they are now. It may be called again, in both
// directions and by many at a time: there is one edge between two homes, and the
// evidence that came first stands. Homes that are one contact by way of others get
// their own edge too, so that an undoing of those does not part them.
//
// Errors: NotFound if a home does not exist; Refused if the two are never to be
// joined (a group of people, a "never join" between any of their homes, too many
// homes), which no repetition changes; Conflict if others changed the same contacts
// all the time; Transient.
func (b *Book) Join(ctx context.Context, team hub.TeamID, x, y hub.HomeID, evidence hub.Evidence, detail, by string) (hub.HomeID, error) {
	for range joinTries {
		root, done, err := b.join(ctx, team, x, y, hub.Edge{Evidence: evidence, Detail: detail, By: by})
		if done || err != nil && hub.CodeOf(err) != hub.Conflict {
			return root, err
		}
	}
	return "", hub.E(hub.Conflict, "contact: join", fmt.Errorf("others changed the contacts %d times", joinTries))
}

func (b *Book) join(ctx context.Context, team hub.TeamID, x, y hub.HomeID, e hub.Edge) (hub.HomeID, bool, error) {
	left, right, err := b.sides(ctx, team, x, y)
	if err != nil {
		return "", false, err
	}
	if x == y {
		return left.ID, true, nil
	}
	if left.Kind == hub.Group || right.Kind == hub.Group {
		return "", false, hub.E(hub.Refused, "contact: join", fmt.Errorf("a group of people is joined with nobody"))
	}
	if left.ID == right.ID {
		// The second reading saw the newer version of what is one contact now.
		left = right
		linked, err := b.Store.Linked(ctx, team, x, y)
		if linked || err != nil {
			return left.ID, linked, err
		}
	} else if len(left.Members)+len(right.Members) > 2 {
		// Of two single homes the transaction itself checks the one pair that there is.
		never, err := b.Store.Never(ctx, team, left, right)
		if err != nil {
			return "", false, err
		}
		if never {
			return "", false, hub.E(hub.Refused, "contact: join", fmt.Errorf("two of the homes are never to be joined"))
		}
	}
	e.A, e.B = hub.EdgeOf(x, y)
	e.At = hub.MillisOf(b.Now())
	if err := b.Store.Join(ctx, team, left, right, e); err != nil {
		return "", false, err
	}
	if store.Older(right, left) {
		left = right
	}
	return left.ID, true, nil
}

// Candidate says that two homes may be one person, for a member of the team to
// decide. Each reason is kept once. Nothing is written about homes that are one
// contact already, or of which somebody has said that they never are. NotFound if a
// home does not exist.
func (b *Book) Candidate(ctx context.Context, team hub.TeamID, x, y hub.HomeID, reason string) error {
	left, right, err := b.sides(ctx, team, x, y)
	if err != nil || left.ID == right.ID {
		return err
	}
	never, err := b.Store.Never(ctx, team, left, right)
	if err != nil || never {
		return err
	}
	return b.Store.PutCandidate(ctx, team, x, y, reason, hub.MillisOf(b.Now()))
}

// sides reads the roots of two homes.
func (b *Book) sides(ctx context.Context, team hub.TeamID, x, y hub.HomeID) (left, right hub.Home, err error) {
	if left, err = b.root(ctx, team, x); err != nil {
		return left, right, err
	}
	if x == y {
		return left, left, nil
	}
	right, err = b.root(ctx, team, y)
	return left, right, err
}

// root reads the root of the contact that a home belongs to: one read if it is its
// own, else two. Conflict if the contact changes all the time.
func (b *Book) root(ctx context.Context, team hub.TeamID, home hub.HomeID) (hub.Home, error) {
	at := home
	for range rootTries {
		h, err := b.Store.Home(ctx, team, at)
		switch {
		case hub.CodeOf(err) == hub.NotFound && at != home:
			at = home // the root is gone since it was read of
		case err != nil:
			return hub.Home{}, err
		case h.Root != h.ID:
			at = h.Root
		case !slices.Contains(h.Members, home):
			at = home // the contact was parted since
		default:
			return h, nil
		}
	}
	return hub.Home{}, hub.E(hub.Conflict, "contact: read", fmt.Errorf("the contact changes all the time"))
}
