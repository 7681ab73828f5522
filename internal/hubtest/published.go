package hubtest

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Published is what relay would publish of all that was written so far, in any order. What
// the catalogue's schemas do not allow, or is told twice under one id, fails the test.
func (h *Hub) Published() []hub.Published {
	h.t.Helper()
	var out []hub.Published
	seen := map[string]bool{}
	for _, table := range []string{h.Store.Tables.Messages, h.Store.Tables.Contacts} {
		for _, r := range h.Changes(table) {
			c, err := store.ReadChange(r)
			if err != nil {
				h.t.Errorf("%s %v: %v", r.EventName, r.Change.Keys["SK"], err)
			}
			if c.Event == nil {
				continue
			}
			if seen[c.Event.ID] {
				h.t.Errorf("%s: got the id %s twice", c.Event.Kind, c.Event.ID)
			}
			seen[c.Event.ID] = true
			h.fits(*c.Event)
			out = append(out, *c.Event)
		}
	}
	return out
}

// fits holds an event, as the bus tells it, against the schema of its kind.
func (h *Hub) fits(e hub.Published) {
	h.t.Helper()
	detail := map[string]any{"id": e.ID, "team": e.Team, "at": e.At}
	for name, v := range e.Detail {
		detail[name] = v
	}
	raw, err := json.Marshal(detail)
	h.must(err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	h.must(err)
	s, ok := schemas()[e.Kind]
	if !ok {
		h.t.Errorf("%s is not in the catalogue", e.Kind)
		return
	}
	if err := s.Validate(value); err != nil {
		h.t.Errorf("%s: %s: %v", e.Kind, raw, err)
	}
}

// schemas are the catalogue's, compiled.
var schemas = sync.OnceValue(func() map[string]*jsonschema.Schema {
	all := map[string]*jsonschema.Schema{}
	c := jsonschema.NewCompiler()
	for _, kind := range catalogue.Kinds() {
		raw, _ := catalogue.Schema(kind)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err == nil {
			err = c.AddResource(kind+".json", doc)
		}
		if err == nil {
			all[kind], err = c.Compile(kind + ".json")
		}
		if err != nil {
			panic(err) // the catalogue's own test says what is wrong
		}
	}
	return all
})
