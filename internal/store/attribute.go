package store

import (
	"context"
	"strings"

	"omnihub/internal/hub"
)

const attributeMark = "ATTR#"

// Attribute reads the definition of a custom attribute, consistently. NotFound if there
// is none.
func (st *Store) Attribute(ctx context.Context, team hub.TeamID, key string) (hub.Attribute, error) {
	it, err := st.config(ctx, "read attribute", teamPK(team), attributeSK(key), Strict)
	if err != nil {
		return hub.Attribute{}, err
	}
	return readAttribute(it), nil
}

// Attributes reads the definitions of all custom attributes of a team, consistently, by
// their keys.
func (st *Store) Attributes(ctx context.Context, team hub.TeamID) ([]hub.Attribute, error) {
	items, err := st.queryAll(ctx, "list attributes", st.Tables.Config, teamPK(team), attributeMark)
	list := make([]hub.Attribute, len(items))
	for i, it := range items {
		list[i] = readAttribute(it)
	}
	return list, err
}

func readAttribute(it item) hub.Attribute {
	return hub.Attribute{
		Key: strings.TrimPrefix(str(it, skAttr), attributeMark), Type: hub.AttributeType(str(it, "ty")), Title: str(it, "title"),
		Description: str(it, "about"), Archived: num(it, "arch") != 0, Created: millis(it, "at"), Version: int(num(it, "v")),
	}
}

// SaveAttribute writes a definition over the version that it bears, which it raises, with
// its audit entry. Conflict if the definition is not as it was seen.
func (st *Store) SaveAttribute(ctx context.Context, team hub.TeamID, d hub.Attribute, a hub.Audit) error {
	it := key(teamPK(team), attributeSK(d.Key))
	it["ty"], it["title"], it["about"], it["at"], it["v"] = s(string(d.Type)), s(d.Title), s(d.Description), n(d.Created), n(d.Version+1)
	if d.Archived {
		it["arch"] = n(1)
	}
	return st.saveSetting(ctx, "save attribute", team, it, d.Version, a)
}

// DeleteAttribute deletes a definition of the version that was seen, with its audit entry.
// Conflict if it is not as it was seen.
func (st *Store) DeleteAttribute(ctx context.Context, team hub.TeamID, seen hub.Attribute, a hub.Audit) error {
	return st.deleteSetting(ctx, "delete attribute", team, attributeSK(seen.Key), seen.Version, a)
}
