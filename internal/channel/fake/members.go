package fake

import (
	"encoding/json"
	"sort"
)

// Members are those of a JSON object of a request. They are taken one by one, so that in
// the end it is known which of them nothing has asked for.
type Members struct {
	All   map[string]json.RawMessage
	taken map[string]bool
}

// ReadMembers reads a JSON object; false if it is none.
func ReadMembers(raw json.RawMessage) (Members, bool) {
	m := Members{taken: map[string]bool{}}
	err := json.Unmarshal(raw, &m.All)
	return m, err == nil && m.All != nil
}

// Take gives a member; null counts as absent.
func (m Members) Take(name string) (json.RawMessage, bool) {
	if m.taken != nil {
		m.taken[name] = true
	}
	raw, ok := m.All[name]
	return raw, ok && string(raw) != "null"
}

// Untaken are the names of the members that nothing has asked for, in order.
func (m Members) Untaken() []string {
	var out []string
	for name := range m.All {
		if !m.taken[name] {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}
