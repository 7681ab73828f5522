package contact

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Create makes the home of a person who has no channel yet. Its id derives from the
// seed, so the same call again answers the same home and changes nothing: made is false.
// Errors are those of Patch; also Refused with the Obstacle WasErased if a member id,
// e-mail address or phone number is that of a person who was erased, or the home was.
func (b *Book) Create(ctx context.Context, team hub.TeamID, seed string, changes []Change, a hub.Audit) (home hub.HomeID, made bool, err error) {
	clean, pepper, err := b.read(ctx, team, changes)
	if err != nil {
		return "", false, err
	}
	if err := b.notErased(ctx, team, pepper, clean, ""); err != nil {
		return "", false, err
	}
	return b.create(ctx, team, pepper, seed, clean, a)
}

func (b *Book) create(ctx context.Context, team hub.TeamID, pepper hub.Pepper, seed string, changes []Change, a hub.Audit) (hub.HomeID, bool, error) {
	h := hub.Home{ID: pepper.Home("", "import "+seed, 0), Kind: hub.Person, Created: a.At}
	made, err := b.make(ctx, team, pepper, h, changes, a)
	return h.ID, made, err
}

// make makes a home with its profile, and tells whether it was not there.
func (b *Book) make(ctx context.Context, team hub.TeamID, pepper hub.Pepper, h hub.Home, changes []Change, a hub.Audit) (made bool, err error) {
	h.Root, h.Members = h.ID, []hub.HomeID{h.ID}
	err = settings.Settle(func() error {
		there, gone, err := b.Store.Made(ctx, team, h.ID)
		switch {
		case there || err != nil:
			return err
		case gone:
			return wasErased()
		}
		e := store.Edit{Home: h, New: true, Audit: about(a, h.ID)}
		_, e.Imported = tombs(pepper, changes)
		for _, c := range changes {
			if c.Value == "" {
				continue
			}
			if c.Field == hub.FieldMemberID {
				if e.Member, err = b.membership(ctx, team, pepper, h, "", c.Value); err != nil {
					return err
				}
			}
			e.Sets = append(e.Sets, setOf(pepper, c, hub.Register{}, a))
		}
		e.Audit.Before, e.Audit.After = told(pepper, e.Sets)
		if err := b.Store.Edit(ctx, team, e); err != nil {
			return err
		}
		made = true
		return nil
	})
	return made, err
}

// notErased refuses what would bring back a person who was erased. What a living home
// ("" = there is none) says already is its own: another person shared it.
func (b *Book) notErased(ctx context.Context, team hub.TeamID, pepper hub.Pepper, changes []Change, living hub.HomeID) error {
	fields, values := tombs(pepper, changes)
	if len(values) == 0 {
		return nil
	}
	gone, err := b.Store.Gone(ctx, team, values)
	if err != nil || !gone {
		return err
	}
	if living == "" {
		return wasErased()
	}
	h, says, err := b.Store.Profile(ctx, team, living, fields)
	switch {
	case hub.CodeOf(err) == hub.NotFound, err == nil && h.Erasing != "":
		return wasErased()
	case err != nil:
		return err
	}
	values = slices.DeleteFunc(values, func(v [2]string) bool {
		own := says[v[0]].Value
		return own != "" && pepper.Value(v[0], own) == v[1]
	})
	if len(values) == 0 {
		return nil
	}
	if gone, err = b.Store.Gone(ctx, team, values); gone {
		return wasErased()
	}
	return err
}

// tombs are where tombstones would stand of what changes say: fields, and each with its
// value's hash. Whoever imports has them checked once more in the transaction that writes,
// since an erasure may go on between.
func tombs(pepper hub.Pepper, changes []Change) (fields []string, values [][2]string) {
	for _, c := range changes {
		if c.Value != "" && (c.Field == hub.FieldMemberID || slices.Contains(found, c.Field)) {
			fields, values = append(fields, c.Field), append(values, [2]string{c.Field, pepper.Value(c.Field, c.Value)})
		}
	}
	return fields, values
}

func wasErased() error { return hub.Refuse("contact: import", hub.Obstacle{Code: hub.WasErased}) }

// maxSeeds bounds how many homes that were once made for a value may have another one
// by now.
const maxSeeds = 8

// Upsert finds the one contact whose member_id, email, phone or crm_id is that of key,
// and changes it, at the home that says so; if there is none it makes a home. It
// answers the home, and whether it was made. Calls at the same time make one.
//
// Errors are those of Create; also Refused with the Obstacle Ambiguous, which names a
// home of each, if several contacts are found; BadRequest if changes give the key's
// field another value.
func (b *Book) Upsert(ctx context.Context, team hub.TeamID, key Change, changes []Change, a hub.Audit) (hub.HomeID, bool, error) {
	const op = "contact: upsert"
	if key.Field != hub.FieldMemberID && !slices.Contains(found, key.Field) {
		return "", false, hub.E(hub.BadRequest, op, &FieldError{Field: key.Field, Detail: "nobody is found by it"})
	}
	named, _, err := b.read(ctx, team, []Change{key})
	if err != nil {
		return "", false, err
	}
	clean, pepper, err := b.read(ctx, team, changes)
	if err != nil {
		return "", false, err
	}
	key = named[0]
	i := slices.IndexFunc(clean, func(c Change) bool { return c.Field == key.Field })
	switch {
	case key.Value == "":
		return "", false, hub.E(hub.BadRequest, op, &FieldError{Field: key.Field, Detail: "it is empty"})
	case i >= 0 && clean[i].Value != key.Value:
		return "", false, hub.E(hub.BadRequest, op, &FieldError{Field: key.Field, Detail: "it is not the one that the contact is found by"})
	case i < 0:
		clean = append(clean, key)
	}
	for seed := range maxSeeds {
		home, err := b.one(ctx, team, pepper, key)
		if err == nil {
			err = b.notErased(ctx, team, pepper, clean, home)
		}
		if err != nil {
			return "", false, err
		}
		if home != "" {
			return home, false, b.patch(ctx, team, pepper, home, clean, true, a)
		}
		home, made, err := b.create(ctx, team, pepper, fmt.Sprint(key.Field, " ", pepper.Value(key.Field, key.Value), " ", seed), clean, a)
		var o *hub.Obstacle
		if errors.As(err, &o) && o.Code == hub.WasErased {
			continue // the home was, and the value may come back
		}
		if made || err != nil {
			return home, made, err
		}
		// It was made by another call a moment ago, or long ago, and has another value now.
	}
	return "", false, hub.E(hub.Conflict, op, fmt.Errorf("the contact changes all the time"))
}

// one finds the one contact that has a value: of its homes that say so the root, else
// the one with the smallest id; "" if there is none.
func (b *Book) one(ctx context.Context, team hub.TeamID, pepper hub.Pepper, key Change) (hub.HomeID, error) {
	var home, after hub.HomeID
	var roots, named []hub.HomeID
	for {
		list, next, err := b.find(ctx, team, pepper, key, after, MaxFound)
		if err != nil {
			return "", err
		}
		for _, m := range list {
			if !slices.Contains(roots, m.Root) {
				roots, named = append(roots, m.Root), append(named, m.Home)
			}
			if home == "" || m.Home == m.Root {
				home = m.Home
			}
		}
		if len(roots) > 1 {
			return "", hub.Refuse("contact: upsert", hub.Obstacle{Code: hub.Ambiguous, Homes: named})
		}
		if after = next; next == "" {
			return home, nil
		}
	}
}

// User names the home of a channel user by the platform's id: that of the thread if the
// hub knows the person, else the one that the first event would make.
func (b *Book) User(ctx context.Context, team hub.TeamID, account hub.AccountID, external string) (hub.Home, error) {
	at, err := b.Settings.Account(ctx, team, account)
	if err != nil {
		return hub.Home{}, err
	}
	pepper := at.Team.Pepper
	h := hub.Home{Account: account, Channel: at.Channel, User: pepper.User(account, external), External: hub.Personal(external), Kind: hub.Person}
	t, err := b.Store.Thread(ctx, store.Ref{Team: team, User: h.User})
	switch {
	case hub.CodeOf(err) == hub.NotFound:
	case err != nil:
		return hub.Home{}, err
	case t.Erased != 0 && t.Account == "":
		return hub.Home{}, wasErased()
	default:
		h.User, h.Epoch = t.User, t.Epoch
		if t.External != "" {
			h.External = t.External
		}
		if t.Kind != "" {
			h.Kind = t.Kind
		}
	}
	h.ID = pepper.Home(account, h.External.Reveal(), h.Epoch)
	return h, nil
}

// UpsertUser changes the contact of a channel user, whose home User, or who knows the
// platform's ids better, has named; the home is made if it is not there, unless known
// asks for one that is. A member id that another contact has joins the two, on that
// evidence. It answers whether the home was made.
//
// Errors are those of Create and Join; NotFound with known.
func (b *Book) UpsertUser(ctx context.Context, team hub.TeamID, h hub.Home, known bool, changes []Change, a hub.Audit) (made bool, err error) {
	clean, pepper, err := b.read(ctx, team, changes)
	if err != nil {
		return false, err
	}
	if err := b.notErased(ctx, team, pepper, clean, h.ID); err != nil {
		return false, err
	}
	a = about(a, h.ID)
	var holder hub.HomeID
	if i := slices.IndexFunc(clean, func(c Change) bool { return c.Field == hub.FieldMemberID && c.Value != "" }); i >= 0 {
		if holder, err = b.Store.Claimed(ctx, team, hub.FieldMemberID, pepper.Value(hub.FieldMemberID, clean[i].Value)); err != nil {
			return false, err
		}
	}
	joins := holder != "" && holder != h.ID
	if !known {
		h.Created = a.At
		first, by := clean, a
		if joins {
			first, by = nil, also(a, "create")
		}
		if made, err = b.make(ctx, team, pepper, h, first, by); err != nil || made && !joins {
			return made, err
		}
	}
	if joins {
		left, right, err := b.sides(ctx, team, h.ID, holder)
		if err != nil {
			return made, err
		}
		if left.ID != right.ID {
			if _, err := b.JoinBy(ctx, team, h.ID, holder, hub.EvidenceMemberID, "the same member id", also(a, "join")); err != nil {
				return made, err
			}
		}
	}
	return made, b.patch(ctx, team, pepper, h.ID, clean, true, a)
}

// about is the audit of a change of a home.
func about(a hub.Audit, home hub.HomeID) hub.Audit {
	a.Target = "home/" + string(home)
	return a
}

// also is the audit of a further step of the same call.
func also(a hub.Audit, step string) hub.Audit {
	a.ID = hub.Digest("audit", a.ID, step)[:26]
	return a
}
