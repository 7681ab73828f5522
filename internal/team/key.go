package team

import (
	"context"
	"slices"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

// CreateKey makes a key for a program and answers its text, which nobody can be shown
// again: only a hash of its secret is stored. For a Call with a seed it makes one key, and
// answers that one again when it is repeated; else, if the answer is lost, the key is of
// no use, and is revoked by its name. Errors: BadRequest with Invalid, Refused with ErrNotAdmin,
// Conflict.
func (o *Office) CreateKey(ctx context.Context, team hub.TeamID, by hub.Actor, name string, scopes []apikey.Scope) (store.APIKey, hub.Secret, error) {
	name, err := line("name", name, maxName)
	if err == nil && name == "" {
		err = invalid("name", "is missing: it tells what the key is for")
	}
	if err == nil && len(scopes) == 0 {
		err = invalid("scopes", "are missing")
	}
	if err != nil {
		return store.APIKey{}, "", err
	}
	fresh := apikey.New(team)
	if o.Call.Seed != "" {
		fresh = apikey.Derived(team, o.Call.Seed)
	}
	k := store.APIKey{ID: fresh.ID, Name: name, Hash: fresh.Hash(), By: by.String(), Version: 1}
	for _, s := range scopes {
		if !s.Known() {
			return store.APIKey{}, "", invalid("scopes", "are some of %v", apikey.Scopes())
		}
		k.Scopes = append(k.Scopes, string(s))
	}
	slices.Sort(k.Scopes)
	k.Scopes = slices.Compact(k.Scopes)
	err = o.change(ctx, team, by, "key.create", func(a act) error {
		if o.Call.Seed != "" {
			stands, err := o.Store.APIKey(ctx, team, k.ID)
			if err == nil {
				k = stands
			}
			if hub.CodeOf(err) != hub.NotFound {
				return err
			}
		}
		d := a.deed(ctx, "key/"+k.ID, k.Version, nil, map[string]string{"name": k.Name, "scopes": strings.Join(k.Scopes, " "), "secret": "set"})
		k.Created = d.Audit.At
		return o.Store.PutAPIKey(ctx, d, k)
	})
	if err != nil {
		return store.APIKey{}, "", err
	}
	return k, fresh.Text(), nil
}

// Keys are the keys of a team by their ids, revoked ones too.
func (o *Office) Keys(ctx context.Context, team hub.TeamID) ([]store.APIKey, error) {
	return o.Store.APIKeys(ctx, team)
}

// KeyPage is a page of Keys: at most limit after an id ("" = from the first), and the
// place to go on after, "" = there is no more.
func (o *Office) KeyPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]store.APIKey, string, error) {
	return o.Store.APIKeyPage(ctx, team, after, limit)
}

// Key is a key by its id, revoked or not.
func (o *Office) Key(ctx context.Context, team hub.TeamID, id string) (store.APIKey, error) {
	if !apikey.ValidID(id) {
		return store.APIKey{}, absent("read key", "key")
	}
	return o.Store.APIKey(ctx, team, id)
}

// RevokeKey ends a key for good: programs that bear it are refused within a minute. One
// that was revoked stays so. Errors: NotFound, Refused with ErrNotAdmin, Conflict.
func (o *Office) RevokeKey(ctx context.Context, team hub.TeamID, by hub.Actor, id string) error {
	return o.change(ctx, team, by, "key.revoke", func(a act) error {
		seen, err := o.Key(ctx, team, id)
		if err != nil || seen.Revoked != 0 {
			return err
		}
		d := a.deed(ctx, "key/"+id, seen.Version+1, map[string]string{"secret": "set"}, nil)
		return o.Store.RevokeAPIKey(ctx, d, seen)
	})
}
