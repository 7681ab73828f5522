package bot

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// MaxModules is how many modules a team may have.
const MaxModules = 500

// What forbids a change, as the cause of an error with the code Refused.
var (
	// ErrVersion: the version that was asked for does not stand.
	ErrVersion = errors.New("another version stands")
	// ErrMany: the team has as many modules as it may.
	ErrMany = fmt.Errorf("a team has up to %d modules", MaxModules)
)

// InUse tells, as the cause of an error with the code Refused, that something leads to a
// module.
type InUse struct {
	By []string // "module/<id>", "account/<id>/rules/<id>", and what Studio.Users names
}

func (u InUse) Error() string { return "the module is used by " + strings.Join(u.By, ", ") }

// Studio is where a team keeps its modules and rules. Each change is written with its
// audit entry in one transaction; the deed says who makes it and bears an id of its own,
// by which a call that is made again is known. It is safe for concurrent use.
//
// Methods answer NotFound for what is not there, for an id of another team too.
type Studio struct {
	Store    *store.Store
	Adapters map[hub.Channel]channel.Adapter
	// Sample is the card of an activity as it is shown in a kind of channel, with a link
	// that leads nowhere. NotFound if there is none; Refused, with why, if it is not for
	// that kind. nil = there are no activities.
	Sample func(ctx context.Context, team hub.TeamID, activity hub.ActivityID, kind hub.Channel) (hub.Content, error)
	// Users are the others that lead to a module: "activity/<id>". nil = there are none.
	Users func(ctx context.Context, team hub.TeamID, module hub.ModuleID) ([]string, error)
}

var (
	buttonForm = regexp.MustCompile(`^[a-z2-7]{6}$`)
	letters    = base32.StdEncoding.WithPadding(base32.NoPadding)
)

// newID is an id that nobody can foresee, of up to 16 characters of base32.
func newID(length int) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails
	return strings.ToLower(letters.EncodeToString(random[:]))[:length]
}

// List are all modules of a team, by their ids.
func (s *Studio) List(ctx context.Context, team hub.TeamID) ([]hub.Module, error) {
	return s.Store.Modules(ctx, team)
}

// Get is a module as it stands.
func (s *Studio) Get(ctx context.Context, team hub.TeamID, id hub.ModuleID) (hub.Module, error) {
	if !id.Valid() {
		return hub.Module{}, absent("module")
	}
	return s.Store.Module(ctx, team, id, store.Strict)
}

// Versions are those of a module that are kept, up to 50, the newest first.
func (s *Studio) Versions(ctx context.Context, team hub.TeamID, id hub.ModuleID) ([]hub.Module, error) {
	if _, err := s.Get(ctx, team, id); err != nil {
		return nil, err
	}
	return s.Store.ModuleVersions(ctx, team, id)
}

// MadeModule is the id of the module that a deed makes.
func MadeModule(team hub.TeamID, deed string) hub.ModuleID {
	return hub.ModuleID(hub.Digest("module", string(team), deed)[:16])
}

// Save makes a module (Version 0, no id), or changes the one that has the version given,
// and answers it as it stands then, with what its channel does not show as it was meant.
// Without adapt that is a fault. Buttons without an id get one; the others keep theirs.
//
// Errors: BadRequest with Invalid; Refused with ErrVersion or ErrMany; NotFound; Conflict.
func (s *Studio) Save(ctx context.Context, d store.Deed, m hub.Module, adapt bool) (hub.Module, []channel.Loss, error) {
	var losses []channel.Loss
	m = clone(&m)
	m.Buttons(func(_ string, b *hub.ModuleButton) {
		if b.ID == "" {
			b.ID = newID(6)
		}
	})
	asked, made := m.Version, m.ID == "" && m.Version == 0
	if made {
		m.ID = MadeModule(d.Team, d.Audit.ID)
	}
	err := settings.Settle(func() error {
		bots, err := s.Store.Bots(ctx, d.Team)
		if err != nil {
			return err
		}
		seen, err := s.seen(ctx, d.Team, m.ID, made)
		switch {
		case err != nil:
			return err
		case made && seen.Version > 0 && seen.Created == d.Audit.At: // this call, whose first answer was lost
			m = seen
			return nil
		case seen.Version != asked:
			return forbid("save module", ErrVersion)
		}
		m.Version, m.Created, m.Changed, m.By = asked+1, seen.Created, d.Audit.At, d.Audit.Actor.String()
		if made {
			m.Created = d.Audit.At
		} else if seen.Channel != m.Channel {
			return refuse(Invalid{"channel", "stays as it was: make another module for another channel"})
		}
		if losses, err = s.good(ctx, d.Team, &m, adapt); err != nil {
			return err
		}
		d.Audit.Before, d.Audit.After = told(seen), told(m)
		return s.Store.SaveModule(ctx, d, bots, m)
	})
	if err != nil {
		return hub.Module{}, nil, err
	}
	return m, losses, nil
}

// seen is a module that is to be changed; nothing of one that is to be made.
func (s *Studio) seen(ctx context.Context, team hub.TeamID, id hub.ModuleID, made bool) (hub.Module, error) {
	m, err := s.Get(ctx, team, id)
	if !made || hub.CodeOf(err) != hub.NotFound {
		return m, err
	}
	all, err := s.Store.Modules(ctx, team)
	if err == nil && len(all) >= MaxModules {
		err = forbid("save module", ErrMany)
	}
	return hub.Module{}, err
}

// good refuses a module that cannot be.
func (s *Studio) good(ctx context.Context, team hub.TeamID, m *hub.Module, adapt bool) ([]channel.Loss, error) {
	_, losses, wrong, err := s.look(ctx, team, m, adapt)
	if err == nil && len(wrong) > 0 {
		err = refuse(wrong[0])
	}
	return losses, err
}

// look holds a module against its channel and what it leads to.
func (s *Studio) look(ctx context.Context, team hub.TeamID, m *hub.Module, adapt bool) ([]Shown, []channel.Loss, []Invalid, error) {
	var f faults
	adapter := s.Adapters[m.Channel]
	if adapter == nil {
		f.say("channel", "is one of %v", slices.Sorted(maps.Keys(s.Adapters)))
	}
	if f.shape(m); len(f) > 0 {
		return nil, nil, f, nil
	}
	shown := f.cards(adapter, m, adapt)
	if err := s.activities(ctx, team, m, adapter, shown, &f); err != nil {
		return nil, nil, nil, err
	}
	if err := s.leads(ctx, team, m, &f); err != nil {
		return nil, nil, nil, err
	}
	var losses []channel.Loss
	for _, c := range shown {
		for _, l := range c.Losses {
			if !slices.Contains(losses, l) {
				losses = append(losses, l)
			}
		}
	}
	return shown, losses, f, nil
}

// activities holds the OmniLink cards against their activities. What their pictures lose
// is the activity's, and no fault of the module.
func (s *Studio) activities(ctx context.Context, team hub.TeamID, m *hub.Module, adapter channel.Adapter, shown []Shown, f *faults) error {
	for i, c := range m.Cards {
		if c.Type != hub.CardOmniLink || s.Sample == nil {
			continue
		}
		field := hub.Path("cards", i) + ".activity"
		content, err := s.Sample(ctx, team, c.Activity, m.Channel)
		switch hub.CodeOf(err) {
		case "":
			shown[i] = f.fits(adapter, field, content, true)
		case hub.NotFound:
			f.say(field, "there is no such activity")
		case hub.Refused, hub.BadRequest, hub.Unsupported:
			f.say(field, "%s", why(err))
		default:
			return err
		}
	}
	return nil
}

// leads says which buttons lead to no module of the same channel.
func (s *Studio) leads(ctx context.Context, team hub.TeamID, m *hub.Module, f *faults) error {
	known := map[hub.ModuleID]hub.Channel{m.ID: m.Channel}
	for _, id := range m.Names() {
		if err := s.know(ctx, team, id, known); err != nil {
			return err
		}
	}
	m.Buttons(func(path string, b *hub.ModuleButton) {
		if b.Module != "" {
			f.leads(path+".module", known[b.Module], m.Channel)
		}
	})
	return nil
}

// know notes the channel of a module; "" if there is none.
func (s *Studio) know(ctx context.Context, team hub.TeamID, id hub.ModuleID, known map[hub.ModuleID]hub.Channel) error {
	if _, ok := known[id]; ok {
		return nil
	}
	m, err := s.Store.Module(ctx, team, id, store.Strict)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	known[id] = m.Channel
	return nil
}

func (f *faults) leads(field string, to, of hub.Channel) {
	switch to {
	case of:
	case "":
		f.say(field, "there is no such module")
	default:
		f.say(field, "is a module of another channel (%s)", to)
	}
}

// Restore makes an earlier version of a module its newest one, over the version that is
// named. Errors: as of Save; NotFound for a version that is not kept.
func (s *Studio) Restore(ctx context.Context, d store.Deed, id hub.ModuleID, version, from int, adapt bool) (hub.Module, []channel.Loss, error) {
	if !id.Valid() {
		return hub.Module{}, nil, absent("module")
	}
	old, err := s.Store.ModuleAt(ctx, d.Team, id, from, store.Strict)
	if err != nil {
		return hub.Module{}, nil, err
	}
	old.Version = version
	return s.Save(ctx, d, old, adapt)
}

// Delete deletes a module of a version with all that are kept beside it. Errors: NotFound;
// Refused with ErrVersion, or with InUse while a button, a rule or something else leads to
// it; Conflict.
func (s *Studio) Delete(ctx context.Context, d store.Deed, id hub.ModuleID, version int) error {
	return settings.Settle(func() error {
		bots, err := s.Store.Bots(ctx, d.Team)
		if err != nil {
			return err
		}
		seen, err := s.Get(ctx, d.Team, id)
		if err != nil {
			return err
		}
		if seen.Version != version {
			return forbid("delete module", ErrVersion)
		}
		users, err := s.users(ctx, d.Team, id)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return forbid("delete module", InUse{users})
		}
		d.Audit.Before, d.Audit.After = told(seen), nil
		return s.Store.DeleteModule(ctx, d, bots, seen)
	})
}

// users are what leads to a module but itself.
func (s *Studio) users(ctx context.Context, team hub.TeamID, id hub.ModuleID) (users []string, err error) {
	all, err := s.Store.Modules(ctx, team)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.ID != id && slices.Contains(m.Names(), id) {
			users = append(users, "module/"+string(m.ID))
		}
	}
	rules, err := s.Store.AllRules(ctx, team)
	if err != nil {
		return nil, err
	}
	for _, account := range slices.Sorted(maps.Keys(rules)) {
		for _, r := range rules[account].List {
			if r.Answer.Module == id {
				users = append(users, "account/"+string(account)+"/rules/"+r.ID)
			}
		}
	}
	if s.Users == nil {
		return users, nil
	}
	more, err := s.Users(ctx, team, id)
	return append(users, more...), err
}

// told is a module as the audit has it; nothing of one that there is not. What its cards
// say stands in its versions.
func told(m hub.Module) map[string]string {
	if m.Version == 0 {
		return nil
	}
	var cards []string
	for _, c := range m.Cards {
		cards = append(cards, string(c.Type))
	}
	return map[string]string{"name": m.Name, "channel": string(m.Channel), "cards": strings.Join(cards, " "), "version": fmt.Sprint(m.Version)}
}

func refuse(wrong Invalid) error { return hub.E(hub.BadRequest, "bot: check", wrong) }

func forbid(op string, cause error) error { return hub.E(hub.Refused, "bot: "+op, cause) }

func absent(what string) error {
	return hub.E(hub.NotFound, "bot: read", fmt.Errorf("no such %s", what))
}
