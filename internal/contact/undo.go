package contact

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// MaxUndone is how many joins one call undoes: two actions each, one for each home of the
// contact, the candidates and the audit are one transaction.
const MaxUndone = 20

// Undo undoes joins: each pair of homes is parted for good, with all that hangs on
// them, and each side is what it would be without the join. A pair that other edges
// connect still is not parted: then nothing is undone, and the Obstacle names the edges
// on the shortest way that is left, to be undone in the same call. Pairs that are undone
// already stay so. A side keeps its member id.
//
// Errors: BadRequest if no pair is named, or more than MaxUndone; NotFound if two homes
// were never joined with each other; Refused with an Obstacle; Conflict; Transient.
func (b *Book) Undo(ctx context.Context, team hub.TeamID, pairs [][2]hub.HomeID, a hub.Audit) error {
	if len(pairs) == 0 || len(pairs) > MaxUndone {
		return hub.E(hub.BadRequest, "contact: undo", fmt.Errorf("1 to %d pairs of homes", MaxUndone))
	}
	return settings.Settle(func() error { return b.undo(ctx, team, pairs, a) })
}

func (b *Book) undo(ctx context.Context, team hub.TeamID, pairs [][2]hub.HomeID, a hub.Audit) error {
	const op = "contact: undo"
	first, _ := hub.EdgeOf(pairs[0][0], pairs[0][1])
	said, home, err := b.Store.Joins(ctx, team, pairs, first)
	if err != nil {
		return err
	}
	named := map[[2]hub.HomeID]bool{}
	var live []hub.Edge
	for _, e := range said {
		named[[2]hub.HomeID{e.A, e.B}] = true
		if e.Undone == 0 {
			live = append(live, e)
		}
	}
	if len(live) == 0 {
		return nil
	}
	root, err := b.rootOf(ctx, team, live[0].A, home)
	if err != nil {
		return err
	}
	for _, e := range live {
		if !slices.Contains(root.Members, e.A) {
			return hub.E(hub.BadRequest, op, fmt.Errorf("the pairs are of several contacts"))
		}
	}
	edges, err := b.Store.Edges(ctx, team, root.Members)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(edges), func(e hub.Edge) bool { return named[[2]hub.HomeID{e.A, e.B}] })
	if len(left) != len(edges)-len(live) {
		return hub.E(hub.Conflict, op, fmt.Errorf("the edges have changed since they were read"))
	}
	for _, e := range live {
		if way := shortest(left, e.A, e.B); way != nil {
			return hub.Refuse(op, hub.Obstacle{Code: hub.StillLinked, Edges: way})
		}
	}
	homes, err := b.Store.Homes(ctx, team, root.Members)
	if err != nil {
		return err
	}
	return b.Store.Unlink(ctx, team, root, live, components(homes, left), a)
}

// rootOf reads the root of a home's contact. Seen is a home that was read just now: if it
// is the one it need not be read again.
func (b *Book) rootOf(ctx context.Context, team hub.TeamID, home hub.HomeID, seen hub.Home) (hub.Home, error) {
	switch {
	case seen.ID != home:
		return b.root(ctx, team, home)
	case seen.Root == seen.ID:
		return seen, nil
	}
	root, err := b.root(ctx, team, seen.Root)
	if hub.CodeOf(err) == hub.NotFound || err == nil && !slices.Contains(root.Members, home) {
		return root, hub.E(hub.Conflict, "contact: read", fmt.Errorf("the contact has changed since it was read"))
	}
	return root, err
}

// components are what edges make of homes, each with its root.
func components(homes []hub.Home, edges []hub.Edge) []store.Part {
	of := map[hub.HomeID]int{} // the number of its component
	parts := map[int][]hub.Home{}
	for i, h := range homes {
		of[h.ID], parts[i] = i, []hub.Home{h}
	}
	for _, e := range edges {
		to, from := of[e.A], of[e.B]
		if to == from {
			continue
		}
		for _, h := range parts[from] {
			of[h.ID] = to
		}
		parts[to] = append(parts[to], parts[from]...)
		delete(parts, from)
	}
	var out []store.Part
	for _, i := range slices.Sorted(maps.Keys(parts)) {
		part := store.Part{}
		root := parts[i][0]
		for _, h := range parts[i] {
			part.Members = append(part.Members, h.ID)
			if store.Older(h, root) {
				root = h
			}
		}
		part.Root = root.ID
		out = append(out, part)
	}
	return out
}

func undecided(list []hub.Candidate) []hub.Candidate {
	return slices.DeleteFunc(list, func(c hub.Candidate) bool { return c.Decision != "" })
}
