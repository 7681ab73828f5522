// Package tag keeps the tags of contacts: their definitions, who bears which since when
// and until when, the records of all taggings, and the daily check that ends what is past
// its validity.
package tag

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Book writes down and reads who bears which tags. A tag is borne by a home; what a
// contact bears is the fold over its homes. It is safe for concurrent use.
type Book struct {
	Store *store.Store
	Now   func() time.Time
}

// Call is what belongs to one change of the tags of a home.
type Call struct {
	// ID makes it one change, however often it is called: the same call has the same.
	ID     string
	At     hub.Millis // when it happened: the latest counts, in whatever order they come
	Source string     // where it comes from, for people: "api", "SurveyCake" …; up to 100 characters
	By     string     // who: an Actor as text, or the name of a part of the hub
	// Audit is stored with it, if it is not nil and anything changes: with the tags'
	// standings before and after.
	Audit *hub.Audit
}

// changesAtOnce is how many changes one transaction takes beside its audit entry: of each
// its record, its definition, its state and its place in the list.
const changesAtOnce = 24

// Change adds tags to a home and removes others, up to 20 together: all or nothing, in
// one transaction. Each tagging is recorded, also of a tag that the home bears: it begins
// the tag's validity anew. A tag that has no definition gets one, without an end.
//
// Of all changes of a tag the latest by time counts, so their order is of no account. One
// that is older than what stands is recorded, and changes and publishes nothing else.
//
// Errors: BadRequest for names, times or sources that cannot be; NotFound if the home does
// not exist; Conflict if others changed the same tags of it all the time.
func (b *Book) Change(ctx context.Context, team hub.TeamID, home hub.HomeID, add, remove []string, c Call) error {
	wish, err := wishOf(team, add, remove, c)
	if err != nil {
		return err
	}
	return settings.Settle(func() error {
		at, states, err := b.Store.TagStates(ctx, team, home, wish.ids())
		if err != nil {
			return err
		}
		return b.write(ctx, team, at, states, wish, c)
	})
}

// Replace makes names the tags of a home, up to 20: it adds those that it does not bear,
// and removes those that it bears beside them. A tag that stands is left as it is: its
// validity does not begin anew. Otherwise it is as Change, but for what Replace does to
// more than 24 tags: that is several transactions, each with the audit entry, and the same
// call again does what is left.
func (b *Book) Replace(ctx context.Context, team hub.TeamID, home hub.HomeID, names []string, c Call) error {
	asked, err := wishOf(team, names, nil, c)
	if err != nil {
		return err
	}
	return settings.Settle(func() error {
		at, states, err := b.Store.TagStates(ctx, team, home, asked.ids())
		if err != nil {
			return err
		}
		all, err := b.Store.TagsAt(ctx, team, home)
		if err != nil {
			return err
		}
		wish := &wish{done: asked.done, was: asked.was, is: asked.is}
		defer func() { asked.done = wish.done }()
		for _, t := range asked.tags {
			if !states[t.id].Borne(b.now()) {
				wish.tags = append(wish.tags, t)
			}
		}
		for _, t := range all {
			if _, keep := states[t.Tag]; !keep && t.Standing == hub.TagOn {
				states[t.Tag] = t
				wish.tags = append(wish.tags, wanted{id: t.Tag, name: t.Name, remove: true})
			}
		}
		return b.write(ctx, team, at, states, wish, c)
	})
}

// wish is what is to change.
type wish struct {
	tags []wanted
	done []hub.TagID // what was found to have been done before
	// was and is are how the tags stand before and after, as the audit has them, of all
	// tries together.
	was, is map[string]string
}

type wanted struct {
	id     hub.TagID
	name   string
	remove bool
}

func (w *wish) ids() []hub.TagID {
	ids := make([]hub.TagID, len(w.tags))
	for i, t := range w.tags {
		ids[i] = t.id
	}
	return ids
}

// wishOf checks what is asked. A name given twice counts once.
func wishOf(team hub.TeamID, add, remove []string, c Call) (*wish, error) {
	if len(add)+len(remove) > hub.MaxTagged {
		return nil, refuse(fmt.Sprintf("one call changes up to %d tags", hub.MaxTagged))
	}
	if c.ID == "" || c.At <= 0 {
		return nil, refuse("a change has an id and a time")
	}
	if source, err := hub.TagName(c.Source); err != nil || source != c.Source {
		return nil, refuse("the source is a short text")
	}
	w := &wish{was: map[string]string{}, is: map[string]string{}}
	for i, name := range slices.Concat(add, remove) {
		name, err := hub.TagName(name)
		if err != nil {
			return nil, err
		}
		next := wanted{id: hub.NewTagID(team, name), name: name, remove: i >= len(add)}
		at := slices.IndexFunc(w.tags, func(t wanted) bool { return t.id == next.id })
		switch {
		case at < 0:
			w.tags = append(w.tags, next)
		case w.tags[at].remove != next.remove:
			return nil, refuse("a tag is to be added and removed")
		}
	}
	return w, nil
}

func refuse(why string) error { return hub.E(hub.BadRequest, "tag: change", errors.New(why)) }

func (b *Book) now() hub.Millis { return hub.MillisOf(b.Now()) }

// write makes the changes that are wished. Conflict if what stands was changed since it
// was read; what was done before is noted in the wish then.
func (b *Book) write(ctx context.Context, team hub.TeamID, home hub.Home, states map[hub.TagID]hub.TagState, w *wish, c Call) error {
	defined, err := b.defined(ctx, team, w)
	if err != nil {
		return err
	}
	var changes []store.TagChange
	for _, t := range w.tags {
		if slices.Contains(w.done, t.id) {
			continue
		}
		seen := states[t.id]
		seen.Name, seen.Account, seen.Channel = t.name, home.Account, home.Channel
		change := removal(seen, home.ID, c)
		if !t.remove {
			d, ok := defined[t.id]
			if !ok {
				d = hub.Tag{ID: t.id, Name: t.name, Created: b.now(), Version: 1}
			}
			if change = tagging(seen, home.ID, d, c, b.now()); !ok {
				change.Define = &d
			}
		}
		if change.Tagged != nil || change.To != nil {
			changes = append(changes, change)
			w.note(change)
		}
	}
	a := c.Audit
	if a != nil {
		told := *a
		told.Before, told.After = w.was, w.is
		a = &told
	}
	for some := range slices.Chunk(changes, changesAtOnce) {
		recorded, err := b.Store.ChangeTags(ctx, team, home.ID, some, a)
		if err != nil {
			w.done = append(w.done, recorded...)
			return err
		}
	}
	return nil
}

// note keeps what a change does for the audit: by the tag's id, since its name is the
// definition's to tell.
func (w *wish) note(c store.TagChange) {
	if c.To == nil {
		return
	}
	name := "tag/" + string(c.Seen.Tag)
	if _, noted := w.was[name]; !noted {
		w.was[name] = string(cmp.Or(c.Seen.Standing, hub.TagOff))
	}
	w.is[name] = string(c.To.Standing)
}

// defined reads the definitions of what is to be added.
func (b *Book) defined(ctx context.Context, team hub.TeamID, w *wish) (map[hub.TagID]hub.Tag, error) {
	var added []hub.TagID
	for _, t := range w.tags {
		if !t.remove {
			added = append(added, t.id)
		}
	}
	if len(added) == 0 {
		return nil, nil
	}
	return b.Store.TagsOf(ctx, team, added)
}
