package contact

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"omnihub/internal/hub"
)

// Matcher looks for homes that may be one person, whenever an e-mail address or a
// phone number changes.
type Matcher struct {
	Book *Book
	Log  *slog.Logger
}

// Changed names a field of a home that changed: the body of a message of the match
// queue, which a rule of the bus makes of contact.changed.
type Changed struct {
	Team  hub.TeamID `json:"team"`
	Home  hub.HomeID `json:"home"`
	Field string     `json:"field"`
	Trace string     `json:"trace"`
}

// ReadChanged reads a message of the match queue. Unparsable if it is none.
func ReadChanged(body string) (Changed, error) {
	var c Changed
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return c, hub.E(hub.Unparsable, "contact: read change", fmt.Errorf("not a change of a field"))
	}
	if !c.Team.Valid() || c.Home == "" || c.Field != hub.FieldEmail && c.Field != hub.FieldPhone {
		return c, hub.E(hub.Unparsable, "contact: read change", fmt.Errorf("no team, no home, or a field by which nobody is matched"))
	}
	return c, nil
}

// Match makes candidates of the home and all others that have its value now: the same
// e-mail address or phone number, or another way to write the number. Of a value that
// more homes share than MaxFound only the first of them are taken: it names no single
// person. It may be called again at any time. Errors: Conflict, Transient.
func (m *Matcher) Match(ctx context.Context, c Changed) error {
	ctx = hub.WithTrace(ctx, c.Trace)
	_, registers, err := m.Book.Store.Profile(ctx, c.Team, c.Home, []string{c.Field})
	value := registers[c.Field].Value
	switch {
	case hub.CodeOf(err) == hub.NotFound || err == nil && value == "":
		m.Log.Debug("no match", "trace", c.Trace, "team", c.Team, "why", "the home is gone, or the field was cleared")
		return nil
	case err != nil:
		return err
	}
	t, err := m.Book.Settings.Team(ctx, c.Team)
	if err != nil {
		return err
	}
	ways := []struct{ value, reason string }{{value, hub.ReasonEmail}}
	if c.Field == hub.FieldPhone {
		ways[0].reason = hub.ReasonPhone
		for _, v := range Variants(value) {
			ways = append(ways, struct{ value, reason string }{v, hub.ReasonPhoneVariant})
		}
	}
	for _, w := range ways {
		list, more, err := m.Book.find(ctx, c.Team, t.Pepper, Change{c.Field, w.value}, "", MaxFound)
		if err != nil {
			return err
		}
		if more != "" {
			m.Log.Info("not all matched", "trace", c.Trace, "team", c.Team, "field", c.Field, "why", "too many homes share the value")
		}
		for _, other := range list {
			err := m.Book.Candidate(ctx, c.Team, c.Home, other.Home, w.reason)
			if err != nil && hub.CodeOf(err) != hub.NotFound {
				return err
			}
		}
	}
	return nil
}
