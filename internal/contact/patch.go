package contact

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// found are the fields that contacts are found by. A member id is found by its claim.
var found = []string{hub.FieldEmail, hub.FieldPhone, hub.FieldCRM}

// Set moves a register forward to what an event or a platform tells of a home. A phone
// number or an e-mail address is brought into its one form, so that it is found; what
// has none is kept as it came.
func (b *Book) Set(ctx context.Context, t *settings.Team, home hub.HomeID, r hub.Register) error {
	if slices.Contains(found, r.Field) {
		clean, err := Clean([]Change{{r.Field, r.Value}}, nil)
		if err == nil && clean[0].Value != "" {
			r.Value = clean[0].Value
			return b.Store.SetIndexed(ctx, t.ID, home, r, t.Pepper.Value(r.Field, r.Value))
		}
	}
	return b.Store.SetRegister(ctx, t.ID, home, r)
}

// Patch changes fields of the profile of one home, in one transaction with the audit,
// whose time is that of the change and whose Before and After it fills in. What a field
// says moves forward: a register of a later time than now is passed by a millisecond.
// It is judged by the home alone, whoever it is joined with, but for the member id. The
// same call done again changes nothing.
//
// Errors: BadRequest with a FieldError; NotFound for the home; Refused with an Obstacle
// about the member id; Conflict if others write the same fields all the time; Transient.
func (b *Book) Patch(ctx context.Context, team hub.TeamID, home hub.HomeID, changes []Change, a hub.Audit) error {
	clean, pepper, err := b.read(ctx, team, changes)
	if err != nil {
		return err
	}
	return b.patch(ctx, team, pepper, home, clean, false, a)
}

// read brings changes into their one form, and opens the team.
func (b *Book) read(ctx context.Context, team hub.TeamID, changes []Change) ([]Change, hub.Pepper, error) {
	var attributes Attributes
	if slices.ContainsFunc(changes, func(c Change) bool { return strings.HasPrefix(c.Field, attributeMark) }) {
		defined, err := b.Settings.Attributes(ctx, team)
		if err != nil {
			return nil, nil, err
		}
		attributes = defined.Of
	}
	clean, err := Clean(changes, attributes)
	if err != nil {
		return nil, nil, err
	}
	t, err := b.Settings.Team(ctx, team)
	if err != nil {
		return nil, nil, err
	}
	return clean, t.Pepper, nil
}

// patch changes a home. What imports bring, and the home does not say yet, must not be of
// somebody who was erased.
func (b *Book) patch(ctx context.Context, team hub.TeamID, pepper hub.Pepper, home hub.HomeID, changes []Change, imports bool, a hub.Audit) error {
	fields := make([]string, len(changes))
	for i, c := range changes {
		fields[i] = c.Field
	}
	return settings.Settle(func() error {
		h, was, err := b.Store.Profile(ctx, team, home, fields)
		if err != nil {
			return err
		}
		e := store.Edit{Home: h, Audit: about(a, h.ID)}
		for _, c := range changes {
			if c.Field == hub.FieldMemberID {
				m, err := b.membership(ctx, team, pepper, h, was[c.Field].Value, c.Value)
				if err != nil {
					return err
				}
				if m == nil {
					continue
				}
				e.Member = m
			}
			set := setOf(pepper, c, was[c.Field], a)
			if set.At > set.Was.At || set.Was.At == 0 {
				e.Sets = append(e.Sets, set)
				if imports && set.Was.Value != set.Value {
					_, values := tombs(pepper, []Change{c})
					e.Imported = append(e.Imported, values...)
				}
			}
		}
		if len(e.Sets) == 0 {
			return nil
		}
		e.Audit.Before, e.Audit.After = told(pepper, e.Sets)
		return b.Store.Edit(ctx, team, e)
	})
}

// setOf is a change as a register: now, or just after what stands.
func setOf(pepper hub.Pepper, c Change, was hub.Register, a hub.Audit) store.Set {
	s := store.Set{Register: hub.Register{Field: c.Field, Value: c.Value, At: a.At, Source: a.Actor.String()}, Was: was}
	if was.At != 0 && was.Value != c.Value {
		s.At = max(a.At, was.At+1)
	}
	if c.Value != "" && slices.Contains(found, c.Field) {
		s.Finder = pepper.Value(c.Field, c.Value)
	}
	return s
}

// told are the values before and after, as the audit keeps them: their hashes.
func told(pepper hub.Pepper, sets []store.Set) (before, after map[string]string) {
	hash := func(value string) string {
		if value == "" {
			return ""
		}
		return pepper.Value("audit", value)
	}
	before, after = map[string]string{}, map[string]string{}
	for _, s := range sets {
		before[s.Field], after[s.Field] = hash(s.Was.Value), hash(s.Value)
	}
	return before, after
}

// membership judges a new member id of a home by the contact that it belongs to. Nil if
// there is nothing to do: the contact has that one already.
func (b *Book) membership(ctx context.Context, team hub.TeamID, pepper hub.Pepper, h hub.Home, was, value string) (*store.Membership, error) {
	root := h
	if h.Root != h.ID {
		var err error
		if root, err = b.root(ctx, team, h.ID); err != nil {
			return nil, err
		}
	}
	const op = "contact: set member id"
	switch {
	case root.MemberID.Reveal() == value:
		return nil, nil
	case root.MemberID != "" && root.Holder != h.ID:
		return nil, hub.Refuse(op, hub.Obstacle{Code: hub.MemberIDConflict, Homes: []hub.HomeID{root.Holder}})
	}
	m := &store.Membership{Root: root, Value: hub.Personal(value)}
	if was != "" {
		m.Old = pepper.Value(hub.FieldMemberID, was)
	}
	if value == "" {
		return m, nil
	}
	m.New = pepper.Value(hub.FieldMemberID, value)
	holder, err := b.Store.Claimed(ctx, team, hub.FieldMemberID, m.New)
	switch {
	case err != nil:
		return nil, err
	case holder == "" || holder == h.ID:
		return m, nil
	case slices.Contains(root.Members, holder):
		return nil, hub.E(hub.Conflict, op, fmt.Errorf("the contact has changed since it was read"))
	}
	return nil, hub.Refuse(op, hub.Obstacle{Code: hub.MemberIDTaken, Homes: []hub.HomeID{holder}})
}
