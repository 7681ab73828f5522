package tag

import (
	"context"
	"errors"
	"strconv"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Define creates a tag (Version 0), or changes category, description and validity of one
// that has the version given. It answers the definition as it stands then.
//
// Another validity holds for the taggings that follow. If it is shorter, the next daily
// check also shortens what is borne, by the time of the last tagging; what is borne for
// ever stays so.
//
// Errors: BadRequest; Refused if a tag of the name is there and was to be created;
// NotFound if there is none to be changed; Conflict if it has another version.
func (b *Book) Define(ctx context.Context, team hub.TeamID, t hub.Tag, a hub.Audit) (hub.Tag, error) {
	t.ID = hub.NewTagID(team, t.Name)
	if err := t.Check(); err != nil {
		return hub.Tag{}, err
	}
	old, err := b.Store.Tag(ctx, team, t.ID, store.Strict)
	missing := hub.CodeOf(err) == hub.NotFound
	switch {
	case err != nil && (!missing || t.Version != 0):
		return hub.Tag{}, err
	case err == nil && t.Version == 0:
		return hub.Tag{}, hub.E(hub.Refused, "tag: define", errors.New("there is a tag of this name"))
	case old.Version != t.Version:
		return hub.Tag{}, changed("define")
	}
	t.Created = old.Created
	if missing {
		t.Created = b.now()
	}
	a.Before, a.After = told(old), told(t)
	shortened := t.Days > 0 && t.Days < old.Days
	if err := b.Store.SaveTag(ctx, team, t, shortened, a); err != nil {
		return hub.Tag{}, err
	}
	t.Version++
	return t, nil
}

// told is a definition as the audit has it; nothing of one that there is not.
func told(t hub.Tag) map[string]string {
	if t.Name == "" {
		return nil
	}
	return map[string]string{"name": t.Name, "category": t.Category, "description": t.Description, "days": strconv.Itoa(t.Days)}
}

func changed(what string) error {
	return hub.E(hub.Conflict, "tag: "+what, errors.New("the definition has another version"))
}

// Delete deletes the definition of a tag that nobody bears. The records of its taggings
// stay with their homes. A tagging of the same moment brings the tag back, by itself or
// by the next one, since who tags needs no definition.
//
// Errors: NotFound; Conflict if it has another version; Refused while somebody bears it.
func (b *Book) Delete(ctx context.Context, team hub.TeamID, id hub.TagID, version int, a hub.Audit) error {
	t, err := b.Store.Tag(ctx, team, id, store.Strict)
	switch {
	case err != nil:
		return err
	case t.Version != version:
		return changed("delete")
	}
	bearers, _, err := b.Store.Bearers(ctx, team, id, "", 1)
	if err != nil {
		return err
	}
	if len(bearers) > 0 {
		return hub.E(hub.Refused, "tag: delete", errors.New("there are contacts that bear the tag"))
	}
	a.Before = told(t)
	return b.Store.DeleteTag(ctx, team, t, a)
}
