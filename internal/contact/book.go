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
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Book keeps which homes are one contact. A contact has no record of its own: it is
// what live edges connect, and the id of any of its homes names it. It is safe for
// concurrent use.
type Book struct {
	Store *store.Store
	Now   func() time.Time
	// Settings give the team's pepper, its accounts and its custom attributes. Whoever
	// only joins, and sets what events tell, needs none.
	Settings *settings.Reader
}

// rootTries bounds how often the way to a root may have changed while it was gone: two
// reads each, but for a join or an undoing in between.
const rootTries = 8

// Join says that two homes are one person, and on what evidence: in what was seen
// (detail, without personal data) by whom (a member's id, or a part of the hub). It
// answers the root of the contact that they are now. It may be called again, in both
// directions and by many at a time: there is one edge between two homes, and the
// evidence that came first stands. Homes that are one contact by way of others get
// their own edge too, so that an undoing of those does not part them.
//
// The contact has the member id of the side that has one.
//
// Errors: NotFound if a home does not exist; Refused if the two are never to be
// joined (a group of people, a "never join" between any of their homes, two member ids,
// too many homes), which no repetition changes; Conflict if others changed the same
// contacts all the time; Transient.
func (b *Book) Join(ctx context.Context, team hub.TeamID, x, y hub.HomeID, evidence hub.Evidence, detail, by string) (hub.HomeID, error) {
	return b.joinAgain(ctx, team, x, y, hub.Edge{Evidence: evidence, Detail: detail, By: by}, nil)
}

// JoinBy is Join by a person or a program, with the audit in the same transaction.
func (b *Book) JoinBy(ctx context.Context, team hub.TeamID, x, y hub.HomeID, evidence hub.Evidence, detail string, a hub.Audit) (hub.HomeID, error) {
	return b.joinAgain(ctx, team, x, y, hub.Edge{Evidence: evidence, Detail: detail, By: a.Actor.String()}, &a)
}

func (b *Book) joinAgain(ctx context.Context, team hub.TeamID, x, y hub.HomeID, e hub.Edge, a *hub.Audit) (root hub.HomeID, err error) {
	err = settings.Settle(func() error {
		root, err = b.join(ctx, team, x, y, e, a)
		return err
	})
	return root, err
}

func (b *Book) join(ctx context.Context, team hub.TeamID, x, y hub.HomeID, e hub.Edge, a *hub.Audit) (hub.HomeID, error) {
	left, right, err := b.sides(ctx, team, x, y)
	if err != nil {
		return "", err
	}
	if x == y {
		return left.ID, nil
	}
	if left.Kind == hub.Group || right.Kind == hub.Group {
		return "", hub.E(hub.Refused, "contact: join", fmt.Errorf("a group of people is joined with nobody"))
	}
	if left.ID == right.ID {
		// The second reading saw the newer version of what is one contact now.
		left = right
		linked, err := b.Store.Linked(ctx, team, x, y)
		if linked || err != nil {
			return left.ID, err
		}
	} else if len(left.Members)+len(right.Members) > 2 {
		// Of two single homes the transaction itself checks the one pair that there is.
		never, err := b.Store.Never(ctx, team, left, right)
		if err != nil {
			return "", err
		}
		if never {
			return "", hub.Refuse("contact: join", hub.Obstacle{Code: hub.NeverJoin, Homes: []hub.HomeID{left.ID, right.ID}})
		}
	}
	e.A, e.B = hub.EdgeOf(x, y)
	e.At = hub.MillisOf(b.Now())
	if err := b.Store.Join(ctx, team, left, right, e, a); err != nil {
		return "", err
	}
	if store.Older(right, left) {
		left = right
	}
	return left.ID, nil
}

// Pair are two homes as they were read, to be judged before they are joined.
type Pair struct {
	X, Y hub.Home // an empty ID: there is no such home
	// Left and Right are the roots of their contacts, which Spend joins if they are as they
	// were read.
	Left, Right hub.Home
}

// One reports whether the two are one contact.
func (p Pair) One() bool { return p.Left.ID == p.Right.ID }

// Pair reads two homes for Spend: one read, and two for each that is not its own root.
// Conflict if a contact changes all the time.
func (b *Book) Pair(ctx context.Context, team hub.TeamID, x, y hub.HomeID) (p Pair, err error) {
	homes, err := b.Store.Homes(ctx, team, []hub.HomeID{x, y})
	for _, h := range homes {
		if h.ID == x {
			p.X = h
		}
		if h.ID == y {
			p.Y = h
		}
	}
	if err != nil || p.X.ID == "" || p.Y.ID == "" {
		return p, err
	}
	p.Left, p.Right = p.X, p.Y
	for _, side := range []struct {
		home hub.HomeID
		root *hub.Home
	}{{x, &p.Left}, {y, &p.Right}} {
		if side.root.ID == side.root.Root {
			continue
		}
		if *side.root, err = b.root(ctx, team, side.home); hub.CodeOf(err) == hub.NotFound {
			err = hub.E(hub.Conflict, "contact: read pair", fmt.Errorf("a home is gone since it was read"))
		}
		if err != nil {
			return p, err
		}
	}
	if p.Left.ID == p.Right.ID {
		p.Left = p.Right // the second reading saw the newer version
	}
	return p, nil
}

// Barred is why a pair that is not one contact cannot be one, as far as it was read, but
// for member ids; nil = it can. Errors: Refused; Transient.
func (b *Book) Barred(ctx context.Context, team hub.TeamID, p Pair) (err error) {
	const op = "contact: join by code"
	var never bool
	switch homes := len(p.Left.Members) + len(p.Right.Members); {
	case p.Left.Kind == hub.Group || p.Right.Kind == hub.Group:
		return hub.E(hub.Refused, op, fmt.Errorf("a group of people is joined with nobody"))
	case homes > hub.MaxMembers:
		return hub.E(hub.Refused, op, fmt.Errorf("a contact has at most %d homes", hub.MaxMembers))
	case homes > 2:
		never, err = b.Store.Never(ctx, team, p.Left, p.Right)
	default:
		never, err = b.Store.NeverBetween(ctx, team, p.X.ID, p.Y.ID)
	}
	if err == nil && never {
		err = hub.Refuse(op, hub.Obstacle{Code: hub.NeverJoin, Homes: []hub.HomeID{p.Left.ID, p.Right.ID}})
	}
	return err
}

// Spend makes one contact of a pair, as Join does, and uses up the code on which that
// rests, in one transaction: both happen, or nothing. It is one try. If an edge stands
// between the two, only the code is used up.
//
// Errors: Refused as of Join; Conflict if a contact or the code has changed since it was
// read; Transient.
func (b *Book) Spend(ctx context.Context, team hub.TeamID, p Pair, e hub.Edge, sp store.Spend) error {
	switch {
	case p.X.ID == p.Y.ID:
		return b.Store.SpendCode(ctx, team, sp)
	case p.One():
		linked, err := b.Store.Linked(ctx, team, p.X.ID, p.Y.ID)
		if err != nil {
			return err
		}
		if linked {
			return b.Store.SpendLinked(ctx, team, p.X.ID, p.Y.ID, sp)
		}
	default:
		// It is read after the roots: whoever says "never" from now on raises their versions.
		if err := b.Barred(ctx, team, p); err != nil {
			return err
		}
	}
	e.A, e.B = hub.EdgeOf(p.X.ID, p.Y.ID)
	return b.Store.JoinSpending(ctx, team, p.Left, p.Right, e, sp)
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
