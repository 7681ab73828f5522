package settings

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"omnihub/internal/hub"
)

// Attributes are the custom attributes of a team's contacts, by key.
type Attributes map[string]hub.Attribute

// Of tells of which type the values of an attribute are, and whether it takes new ones;
// ok is false if there is no such attribute.
func (a Attributes) Of(key string) (kind hub.AttributeType, archived, ok bool) {
	d, ok := a[key]
	return d.Type, d.Archived, ok
}

// Attributes returns a team's custom attributes, as they stood within the last minute.
func (r *Reader) Attributes(ctx context.Context, team hub.TeamID) (Attributes, error) {
	return lookup(ctx, r, place{kind: "attributes", team: string(team)}, upToDate, func(ctx context.Context) (Attributes, error) {
		list, err := r.Store.Attributes(ctx, team)
		all := Attributes{}
		for _, d := range list {
			all[d.Key] = d
		}
		return all, err
	})
}

// MaxAttributes is how many custom attributes a team may have.
const MaxAttributes = 200

// DefineAttribute creates a custom attribute (Version 0), or changes title, description
// and whether it is archived of one that has the version given. It answers the definition
// as it stands then. The type is for ever.
//
// Errors: BadRequest; Refused if one of the key is there and was to be created, if there
// are too many, or for another type; NotFound if there is none to be changed; Conflict if
// it has another version.
func (s Setup) DefineAttribute(ctx context.Context, team hub.TeamID, d hub.Attribute, a hub.Audit) (hub.Attribute, error) {
	if err := d.Check(); err != nil {
		return hub.Attribute{}, err
	}
	if d.Version == 0 {
		if err := s.mayAdd(ctx, team, d.Key); err != nil {
			return hub.Attribute{}, err
		}
		d.Created = s.now()
		a.After = told(d)
	} else {
		old, err := s.attribute(ctx, team, d.Key, d.Version)
		if err != nil {
			return hub.Attribute{}, err
		}
		if old.Type != d.Type {
			return hub.Attribute{}, refuseAttribute("its type does not change: archive it, and make another one")
		}
		d.Created = old.Created
		a.Before, a.After = told(old), told(d)
	}
	if err := s.Store.SaveAttribute(ctx, team, d, a); err != nil {
		return hub.Attribute{}, err
	}
	d.Version++
	return d, nil
}

// told is a definition as the audit has it.
func told(d hub.Attribute) map[string]string {
	return map[string]string{"type": string(d.Type), "title": d.Title, "description": d.Description, "archived": strconv.FormatBool(d.Archived)}
}

func refuseAttribute(why string) error {
	return hub.E(hub.Refused, "settings: attribute", errors.New(why))
}

// mayAdd refuses a further attribute if there are too many, or one of its key.
func (s Setup) mayAdd(ctx context.Context, team hub.TeamID, key string) error {
	list, err := s.Store.Attributes(ctx, team)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Key == key {
			return refuseAttribute("there is an attribute of this key")
		}
	}
	if len(list) >= MaxAttributes {
		return refuseAttribute(fmt.Sprintf("a team has up to %d attributes", MaxAttributes))
	}
	return nil
}

// attribute reads a definition that is to have a version.
func (s Setup) attribute(ctx context.Context, team hub.TeamID, key string, version int) (hub.Attribute, error) {
	d, err := s.Store.Attribute(ctx, team, key)
	if err == nil && d.Version != version {
		err = hub.E(hub.Conflict, "settings: attribute", errors.New("the definition has another version"))
	}
	return d, err
}

// DeleteAttribute deletes an archived attribute. The values that contacts have of it stay
// in their registers: one who makes an attribute of the same key finds them again.
//
// Errors: NotFound; Conflict if it has another version; Refused if it is not archived.
func (s Setup) DeleteAttribute(ctx context.Context, team hub.TeamID, key string, version int, a hub.Audit) error {
	d, err := s.attribute(ctx, team, key, version)
	if err != nil {
		return err
	}
	if !d.Archived {
		return refuseAttribute("only an archived attribute can be deleted")
	}
	a.Before = told(d)
	return s.Store.DeleteAttribute(ctx, team, d, a)
}
