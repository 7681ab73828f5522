package api

import (
	"cmp"
	"context"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

type tagShown struct {
	ID          hub.TagID `json:"id"`
	Name        string    `json:"name"`
	Category    string    `json:"category"`
	Description string    `json:"description"`
	Days        int       `json:"days"`
	Created     *string   `json:"created_at"`
	Version     int       `json:"version"`
}

func showTag(t hub.Tag) tagShown {
	return tagShown{t.ID, t.Name, t.Category, t.Description, t.Days, instant(t.Created), t.Version}
}

func oneTag(t hub.Tag, err error) (answer, error) {
	return answer{body: showTag(t), version: t.Version}, err
}

func (a *API) listTags(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	tags, next, err := a.Store.Tags(ctx, c.team.ID, hub.TagID(place), c.limit())
	return page(c, tags, string(next), showTag), err
}

func (a *API) showTag(ctx context.Context, c *call) (answer, error) {
	return oneTag(a.Store.Tag(ctx, c.team.ID, hub.TagID(c.param("tag")), store.Strict))
}

type bearers struct {
	Homes   int  `json:"homes"`
	AtLeast bool `json:"at_least"`
}

// countTag counts who bears a tag, as they stand in its list now.
func (a *API) countTag(ctx context.Context, c *call) (answer, error) {
	id := hub.TagID(c.param("tag"))
	if _, err := a.Store.Tag(ctx, c.team.ID, id, store.Strict); err != nil {
		return answer{}, err
	}
	n, err := a.Tags.Tally(ctx, c.team.ID, id)
	return answer{body: bearers{n.Homes, n.AtLeast}}, err
}

// tagGiven is what is given of a tag; what is not given stays.
type tagGiven struct {
	Name        string  `json:"name"`
	Category    *string `json:"category"`
	Description *string `json:"description"`
	Days        *int    `json:"days"`
}

func (g tagGiven) over(t hub.Tag) hub.Tag {
	t.Category = *cmp.Or(g.Category, &t.Category)
	t.Description = *cmp.Or(g.Description, &t.Description)
	t.Days = *cmp.Or(g.Days, &t.Days)
	return t
}

func (a *API) createTag(ctx context.Context, c *call) (answer, error) {
	var in tagGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	t := in.over(hub.Tag{Name: in.Name})
	return oneTag(a.Tags.Define(ctx, c.team.ID, t, c.audit("tag.create", "tag/"+string(hub.NewTagID(c.team.ID, in.Name)))))
}

func (a *API) changeTag(ctx context.Context, c *call) (answer, error) {
	var in tagGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	t, err := a.Store.Tag(ctx, c.team.ID, hub.TagID(c.param("tag")), store.Strict)
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(t.Version); err != nil {
		return answer{}, err
	}
	return oneTag(a.Tags.Define(ctx, c.team.ID, in.over(t), c.audit("tag.change", "tag/"+string(t.ID))))
}

func (a *API) removeTag(ctx context.Context, c *call) (answer, error) {
	t, err := a.Store.Tag(ctx, c.team.ID, hub.TagID(c.param("tag")), store.Strict)
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(t.Version); err != nil {
		return answer{}, err
	}
	return answer{}, a.Tags.Delete(ctx, c.team.ID, t.ID, c.match, c.audit("tag.remove", "tag/"+string(t.ID)))
}

type attributeShown struct {
	Key         string            `json:"key"`
	Type        hub.AttributeType `json:"type"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Archived    bool              `json:"archived"`
	Created     *string           `json:"created_at"`
	Version     int               `json:"version"`
}

func showAttribute(d hub.Attribute) attributeShown {
	return attributeShown{d.Key, d.Type, d.Title, d.Description, d.Archived, instant(d.Created), d.Version}
}

func oneAttribute(d hub.Attribute, err error) (answer, error) {
	return answer{body: showAttribute(d), version: d.Version}, err
}

func (a *API) listAttributes(ctx context.Context, c *call) (answer, error) {
	all, err := a.Store.Attributes(ctx, c.team.ID)
	return page(c, slices.Clone(all), "", showAttribute), err
}

func (a *API) showAttribute(ctx context.Context, c *call) (answer, error) {
	return oneAttribute(a.Store.Attribute(ctx, c.team.ID, c.param("attribute")))
}

// attributeGiven is what is given of a custom attribute; what is not given stays.
type attributeGiven struct {
	Key         string            `json:"key"`
	Type        hub.AttributeType `json:"type"`
	Title       *string           `json:"title"`
	Description *string           `json:"description"`
	Archived    *bool             `json:"archived"`
}

func (g attributeGiven) over(d hub.Attribute) hub.Attribute {
	d.Title = *cmp.Or(g.Title, &d.Title)
	d.Description = *cmp.Or(g.Description, &d.Description)
	d.Archived = *cmp.Or(g.Archived, &d.Archived)
	return d
}

func (a *API) createAttribute(ctx context.Context, c *call) (answer, error) {
	var in attributeGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	d := in.over(hub.Attribute{Key: in.Key, Type: in.Type})
	return oneAttribute(a.Keeper.Setup.DefineAttribute(ctx, c.team.ID, d, c.audit("attribute.create", "attribute/"+d.Key)))
}

func (a *API) changeAttribute(ctx context.Context, c *call) (answer, error) {
	var in attributeGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	d, err := a.Store.Attribute(ctx, c.team.ID, c.param("attribute"))
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(d.Version); err != nil {
		return answer{}, err
	}
	return oneAttribute(a.Keeper.Setup.DefineAttribute(ctx, c.team.ID, in.over(d), c.audit("attribute.change", "attribute/"+d.Key)))
}

func (a *API) removeAttribute(ctx context.Context, c *call) (answer, error) {
	d, err := a.Store.Attribute(ctx, c.team.ID, c.param("attribute"))
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(d.Version); err != nil {
		return answer{}, err
	}
	return answer{}, a.Keeper.Setup.DeleteAttribute(ctx, c.team.ID, d.Key, c.match, c.audit("attribute.remove", "attribute/"+d.Key))
}
