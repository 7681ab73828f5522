package api

import (
	"context"
	"encoding/json"

	"omnihub/internal/hub"
)

// exported is a part of what is known of a person.
type exported struct {
	Contact hub.HomeID        `json:"contact"`
	Joins   []joinShown       `json:"joins"` // on the first page
	Items   []json.RawMessage `json:"items"`
	Next    *string           `json:"next"`
}

// exportContact gives out all that is known of a person, page by page. A page may be empty
// before the last; a contact that changed since the first page is to be exported anew.
func (a *API) exportContact(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	raw, _ := c.query["raw"].(bool)
	page, err := a.Exports.Page(ctx, c.team.ID, c.home(), place, raw)
	if err != nil {
		return answer{}, err
	}
	return answer{body: exported{Contact: page.Root, Joins: showJoins(page.Edges), Items: page.Entries, Next: c.cursor(page.Next)}}, nil
}
