package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/tag"
)

// contactGiven is what is given of a contact's profile. What is not given stays, and null
// clears.
type contactGiven struct {
	tagsGiven
	Match string `json:"match"` // upsert: the field that the contact is found by
	User  *struct {
		Account  hub.AccountID `json:"account"`
		External string        `json:"external_id"`
	} `json:"user"`
	Status *bool `json:"status"` // upsert: whether the user is sent marketing messages
	fields map[string]string
}

// tagsGiven are tags by their names.
type tagsGiven struct {
	Tags   *[]string `json:"tags"` // replaces all
	Add    []string  `json:"tags_to_add"`
	Remove []string  `json:"tags_to_remove"`
}

// check refuses what cannot be done with tags, by its place, before anything else is
// changed with them.
func (g tagsGiven) check() error {
	if len(g.Add)+len(g.Remove) > hub.MaxTagged {
		return problem.Body("/tags_to_remove", fmt.Sprintf("has, with tags_to_add, at most %d entries", hub.MaxTagged))
	}
	lists := map[string][]string{"tags_to_add": g.Add, "tags_to_remove": g.Remove}
	if g.Tags != nil {
		lists["tags"] = *g.Tags
	}
	for _, field := range slices.Sorted(maps.Keys(lists)) {
		for i, name := range lists[field] {
			at := body.Pointer([]string{field, strconv.Itoa(i)})
			clean, err := hub.TagName(name)
			if err != nil {
				return problem.Body(at, "is no name of a tag")
			}
			same := func(add string) bool { return strings.TrimSpace(add) == clean }
			if field == "tags_to_remove" && slices.ContainsFunc(g.Add, same) {
				return problem.Body(at, "is to be added, too")
			}
		}
	}
	return nil
}

// UnmarshalJSON keeps apart what was not given and what is null. The body's schema has
// seen to the names and the types.
func (g *contactGiven) UnmarshalJSON(raw []byte) error {
	type plain contactGiven
	if err := json.Unmarshal(raw, (*plain)(g)); err != nil {
		return err
	}
	var members, attributes map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	g.fields = map[string]string{}
	if given, ok := members["attributes"]; ok {
		if err := json.Unmarshal(given, &attributes); err != nil {
			return err
		}
	}
	for _, name := range profileFields {
		if given, ok := members[name]; ok {
			g.fields[name] = value(given)
		}
	}
	for key, given := range attributes {
		g.fields[attributeMark+key] = value(given)
	}
	return nil
}

// contact reads what is given of a contact.
func (c *call) contact() (in contactGiven, err error) {
	if err = c.read(&in); err == nil {
		err = in.check()
	}
	return in, err
}

// profileFields are the fields of a profile that a caller may give.
var profileFields = []string{hub.FieldMemberID, "name", hub.FieldEmail, hub.FieldPhone, "birthday", "language", "note", hub.FieldCRM}

// value is a text, a number in all its digits, a truth, or nothing, as text.
func value(given json.RawMessage) string {
	var text string
	switch given = bytes.TrimSpace(given); {
	case bytes.Equal(given, []byte("null")):
		return ""
	case json.Unmarshal(given, &text) == nil:
		return text
	}
	return string(given)
}

// changes are the fields that were given, in order.
func (g *contactGiven) changes() []contact.Change {
	var list []contact.Change
	for _, name := range slices.Sorted(maps.Keys(g.fields)) {
		list = append(list, contact.Change{Field: name, Value: g.fields[name]})
	}
	return list
}

// key is what an upsert finds the contact by.
func (g *contactGiven) key() contact.Change {
	return contact.Change{Field: g.Match, Value: g.fields[g.Match]}
}

// retag gives a home the tags that were given with it.
func (a *API) retag(ctx context.Context, c *call, home hub.HomeID, g tagsGiven) error {
	if g.Tags == nil && len(g.Add)+len(g.Remove) == 0 {
		return nil
	}
	fact := c.audit("contact.tags", target(home))
	fact.ID = stepID(fact.ID, stepTags)
	deed := tag.Call{ID: c.id(), At: c.at(), Source: "api", By: c.caller.actor().String(), Audit: &fact}
	if g.Tags != nil {
		return a.Tags.Replace(ctx, c.team.ID, home, *g.Tags, deed)
	}
	return a.Tags.Change(ctx, c.team.ID, home, g.Add, g.Remove, deed)
}

// changeTags adds and removes tags of a contact, or replaces them all.
func (a *API) changeTags(ctx context.Context, c *call) (answer, error) {
	var in tagsGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := in.check(); err != nil {
		return answer{}, err
	}
	if err := a.retag(ctx, c, c.home(), in); err != nil {
		return answer{}, err
	}
	return a.oneContact(ctx, c, c.home())
}
