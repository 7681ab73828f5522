package scenario

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// entry is one thing that an export tells of a person.
type entry struct {
	Kind string         `json:"kind"`
	Of   string         `json:"of"`
	Key  string         `json:"key"`
	Data map[string]any `json:"data,omitempty"`
}

// exported is the whole export of a contact: its joins, then one line for each thing.
func (s *scene) exported(home string) (joins string, entries []entry) {
	s.t.Helper()
	for cursor, first := "", true; first || cursor != ""; first = false {
		page := s.asks("GET", "/contacts/"+home+"/export?cursor="+url.QueryEscape(cursor), nil, http.StatusOK)
		var in struct {
			Contact string
			Joins   json.RawMessage
			Items   []entry
			Next    string
		}
		s.must(json.Unmarshal(page.Raw, &in))
		if first {
			joins = "contact " + in.Contact + " joins " + string(in.Joins)
		}
		entries, cursor = append(entries, in.Items...), in.Next
	}
	return joins, entries
}

// contactOf is the contact that a home belongs to, as its export tells it: joins, homes,
// fields, tags, facts and what the audit has of it. It leaves out what was said on the way,
// and the campaigns' own notes on who takes part.
func (s *scene) contactOf(home string) []string {
	s.t.Helper()
	joins, entries := s.exported(home)
	out := []string{joins}
	for _, e := range entries {
		if strings.HasPrefix(e.Of, "user/") || strings.HasPrefix(e.Key, "O#") || strings.HasPrefix(e.Key, "OT#") {
			continue
		}
		if e.Kind == "field" && e.Data["source"] == "event" {
			delete(e.Data, "at") // each message of WhatsApp's says its sender's name anew
		}
		data, err := json.Marshal(e.Data)
		s.must(err)
		out = append(out, e.Kind+" "+e.Of+" "+e.Key+" "+string(data))
	}
	return out
}

// only are the lines of a list that another one has not.
func only(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(line string) bool { return slices.Contains(other, line) })
}
