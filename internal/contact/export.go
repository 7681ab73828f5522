package contact

import (
	"context"

	"omnihub/internal/hub"
)

// Export is everything that the hub knows of one person but for the messages: the
// homes of one contact with all that belongs to each. As JSON it is always the same for
// the same state.
type Export struct {
	Root  hub.HomeID   `json:"root"`
	Homes []HomeExport `json:"homes"` // by id
	Edges []hub.Edge   `json:"edges"` // the live ones, with their evidence
}

// HomeExport is what belongs to one home, whoever it is joined with.
type HomeExport struct {
	Home  hub.HomeID       `json:"home"`
	Items []map[string]any `json:"items"` // by their sort keys, under "SK"
}

// internal are the attributes of items that are no data of a person: keys of tables
// and indexes, revisions, and what a home knows of the contact that it is part of.
var internal = map[string]bool{
	"PK": true, "gpk": true, "gsk": true, "ttl": true, "pub": true, "rev": true, "chg": true, "tr": true, "fk": true,
	"root": true, "members": true, "v": true, "mid": true, "midh": true,
}

// Export reads the contact that a home belongs to. NotFound if the home does not exist.
func (b *Book) Export(ctx context.Context, team hub.TeamID, home hub.HomeID) (Export, error) {
	root, err := b.root(ctx, team, home)
	if err != nil {
		return Export{}, err
	}
	out := Export{Root: root.ID, Edges: []hub.Edge{}}
	if len(root.Members) > 1 {
		if out.Edges, err = b.Store.Edges(ctx, team, root.Members); err != nil {
			return Export{}, err
		}
	}
	for _, m := range root.Members {
		items, err := b.Store.HomeItems(ctx, team, m, internal)
		if err != nil {
			return Export{}, err
		}
		out.Homes = append(out.Homes, HomeExport{Home: m, Items: items})
	}
	return out, nil
}
