package bus

import (
	"encoding/json"
	"errors"
	"strings"

	"omnihub/internal/hub"
)

// ReadEvent reads an event in the form that the bus gives to a target without an input
// of its own, and keeps in a rule's dead-letter queue, so that it can be published
// again: under the same id, to all rules. The transformer's work is the rule's, and is
// done anew. Unparsable if it is no event of the hub.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func ReadEvent(body string) (hub.Published, error) {
	var event struct {
		Source string         `json:"source"`
		Kind   string         `json:"detail-type"`
		Detail map[string]any `json:"detail"`
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber() // numbers go on as they came
	if err := d.Decode(&event); err != nil {
		return hub.Published{}, hub.E(hub.Unparsable, "bus: read event", errors.New("not an event"))
	}
	p := hub.Published{Kind: event.Kind, Detail: event.Detail}
	p.ID, _ = event.Detail["id"].(string)
	team, _ := event.Detail["team"].(string)
	p.Team = hub.TeamID(team)
	if at, ok := event.Detail["at"].(json.Number); ok {
		ms, _ := at.Int64()
		p.At = hub.Millis(ms)
	}
	if event.Source != hub.Source || p.Kind == "" || p.ID == "" || p.Team == "" || p.At <= 0 {
		return hub.Published{}, hub.E(hub.Unparsable, "bus: read event", errors.New("not an event of the hub"))
	}
	for _, member := range []string{"id", "team", "at"} {
		delete(p.Detail, member) // they stand in p
	}
	return p, nil
}
