package contact

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// MaxFound is the greatest number of homes that one look-up answers.
const MaxFound = 50

// Find lists the contacts whose member_id, email, phone or crm_id is a value now: of
// each the first home that says so, with its root, by the homes' ids, after a home ("" =
// from the first), at most limit, which is MaxFound at most. Next continues, "" = there
// is no more; a call may answer fewer. It costs the same however many contacts there
// are. BadRequest if the field is none of these, or the value none of the field's.
func (b *Book) Find(ctx context.Context, team hub.TeamID, field, value string, after hub.HomeID, limit int) (list []store.Match, next hub.HomeID, err error) {
	const op = "contact: find"
	if field != hub.FieldMemberID && !slices.Contains(found, field) {
		return nil, "", hub.E(hub.BadRequest, op, &FieldError{Field: field, Detail: "nobody is found by it"})
	}
	clean, pepper, err := b.read(ctx, team, []Change{{field, value}})
	if err != nil {
		return nil, "", err
	}
	if clean[0].Value == "" {
		return nil, "", hub.E(hub.BadRequest, op, &FieldError{Field: field, Detail: "it is empty"})
	}
	if list, next, err = b.find(ctx, team, pepper, clean[0], after, limit); err != nil {
		return nil, "", err
	}
	list, err = b.first(ctx, team, clean[0], list, after)
	return list, next, err
}

// first leaves each contact once among those that are found, at the first of its homes
// that says the value: after is the last home that was looked at before these.
func (b *Book) first(ctx context.Context, team hub.TeamID, c Change, list []store.Match, after hub.HomeID) ([]store.Match, error) {
	shown := map[hub.HomeID]bool{} // roots
	if after != "" && len(list) > 0 && c.Field != hub.FieldMemberID {
		ids := make([]hub.HomeID, len(list))
		for i, m := range list {
			ids[i] = m.Root
		}
		slices.Sort(ids)
		roots, err := b.Store.Homes(ctx, team, slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		of := map[hub.HomeID]hub.HomeID{} // the root of a home on the pages before
		for _, root := range roots {
			for _, m := range root.Members {
				if m <= after {
					of[m] = root.ID
				}
			}
		}
		say, err := b.Store.Say(ctx, team, c.Field, c.Value, slices.Collect(maps.Keys(of)))
		if err != nil {
			return nil, err
		}
		for _, home := range say {
			shown[of[home]] = true
		}
	}
	return slices.DeleteFunc(list, func(m store.Match) bool {
		again := shown[m.Root]
		shown[m.Root] = true
		return again
	}), nil
}

// find lists all homes that say a value, as Find lists contacts.
func (b *Book) find(ctx context.Context, team hub.TeamID, pepper hub.Pepper, c Change, after hub.HomeID, limit int) ([]store.Match, hub.HomeID, error) {
	hash := pepper.Value(c.Field, c.Value)
	if c.Field != hub.FieldMemberID {
		return b.Store.Find(ctx, team, c.Field, hash, c.Value, after, min(limit, MaxFound))
	}
	home, err := b.Store.Claimed(ctx, team, c.Field, hash)
	if err != nil || home == "" || home <= after {
		return nil, "", err
	}
	h, err := b.Store.Home(ctx, team, home)
	switch {
	case hub.CodeOf(err) == hub.NotFound:
		return nil, "", nil
	case err != nil:
		return nil, "", err
	}
	return []store.Match{{Home: home, Root: h.Root}}, "", nil
}

// List lists homes by the time at which they came to be, the newest first, each with
// the root of its contact: who shows contacts leaves out the homes that are no root,
// and shows each once, by its oldest. Before, limit (100 at most) and the place are
// those of store.HomesBefore.
func (b *Book) List(ctx context.Context, team hub.TeamID, before string, limit int) ([]store.Match, string, error) {
	if limit < 1 || limit > 100 {
		return nil, "", hub.E(hub.BadRequest, "contact: list", fmt.Errorf("1 to 100 at a time"))
	}
	ids, next, err := b.Store.HomesBefore(ctx, team, before, limit)
	if err != nil {
		return nil, "", err
	}
	homes, err := b.Store.Homes(ctx, team, ids)
	if err != nil {
		return nil, "", err
	}
	roots := map[hub.HomeID]hub.HomeID{}
	for _, h := range homes {
		roots[h.ID] = h.Root
	}
	var list []store.Match
	for _, id := range ids {
		if root := roots[id]; root != "" {
			list = append(list, store.Match{Home: id, Root: root})
		}
	}
	return list, next, nil
}
