package tag

import (
	"context"
	"slices"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Borne is a tag that a contact bears, and the home that says so.
type Borne struct {
	hub.TagState
	Home hub.HomeID
}

// Of folds the tags of the homes of a contact, by name: of each tag the latest word of
// any of the homes counts, then that of the greatest home id. A removal is a word: the
// latest one, if it is one, hides older taggings of other homes.
func (b *Book) Of(ctx context.Context, team hub.TeamID, homes []hub.HomeID) ([]Borne, error) {
	latest := map[hub.TagID]Borne{}
	for _, home := range homes {
		states, err := b.Store.TagsAt(ctx, team, home)
		if err != nil {
			return nil, err
		}
		for _, t := range states {
			old, ok := latest[t.Tag]
			if !ok || t.At > old.At || t.At == old.At && home > old.Home {
				latest[t.Tag] = Borne{TagState: t, Home: home}
			}
		}
	}
	var list []Borne
	for _, t := range latest {
		if t.TagState.Borne(b.now()) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b Borne) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Bearers reads a page of the homes that bear a tag: see store.Bearers. Those whose end
// has passed are left out, so that a page may be short.
func (b *Book) Bearers(ctx context.Context, team hub.TeamID, id hub.TagID, position string, limit int) ([]store.Bearer, string, error) {
	list, next, err := b.Store.Bearers(ctx, team, id, position, limit)
	now := b.now()
	list = slices.DeleteFunc(list, func(h store.Bearer) bool { return h.Until != 0 && h.Until <= now })
	return list, next, err
}

// MaxTallied is how much of the list of those who bear a tag is read to count them.
const MaxTallied = 10_000

// Tally is how many homes bear a tag.
type Tally struct {
	Homes   int
	AtLeast bool // there may be more: only the first MaxTallied of the list were read
}

// Tally counts the homes that bear a tag. Homes of one contact count each.
func (b *Book) Tally(ctx context.Context, team hub.TeamID, id hub.TagID) (Tally, error) {
	homes, more, err := b.Store.CountBearers(ctx, team, id, b.now(), MaxTallied)
	return Tally{homes, more}, err
}
