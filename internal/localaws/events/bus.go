package events

import (
	"strings"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

const (
	defaultBus = "default"
	maxBuses   = 100
	maxRules   = 300 // of one bus
)

// bus is one event bus with its rules.
type bus struct {
	busRecord
	name   string
	rules  map[string]*rule
	active []*rule // those that are enabled, by name
}

// busRecord is what is stored of a bus.
type busRecord struct {
	Description       string `json:",omitempty"`
	Created, Modified time.Time
}

// findBus is a bus by name or ARN; r.Resource becomes its name.
func (e *Engine) findBus(r *wire.Request, nameOrARN string) (*bus, error) {
	name, err := e.busName(nameOrARN)
	if err != nil {
		return nil, err
	}
	r.Resource = name
	if b := e.buses[name]; b != nil {
		return b, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
}

// createEventBus makes a custom bus.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
func (e *Engine) createEventBus(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ Name, Description string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	r.Resource = in.Name
	err := checkText(in.Name, "name", 1, 256)
	switch {
	case err != nil:
	case !busForm.MatchString(in.Name):
		err = constraint(in.Name, "name", `Member must satisfy regular expression pattern: [/\.\-_A-Za-z0-9]+`)
	case strings.Contains(in.Name, "/"):
		err = wire.Validation("Event bus name must not contain '/'.")
	case strings.HasPrefix(in.Name, "aws."):
		err = wire.Validation("Event bus name starting with 'aws.' is not valid.")
	default:
		err = checkText(in.Description, "description", 0, 512)
	}
	if err == nil {
		err = r.Allow("events:CreateEventBus", e.busARN(in.Name))
	}
	if err == nil && e.buses[in.Name] != nil {
		err = wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", in.Name)
	}
	if err == nil && len(e.buses) > maxBuses { // the default bus does not count
		err = wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	if err != nil {
		return nil, nil, err
	}
	b := e.newBus(in.Name, in.Description)
	return struct {
		EventBusArn string
		Description string `json:",omitempty"`
	}{e.busARN(b.name), b.Description}, []disk.Op{b.op()}, nil
}

func (e *Engine) newBus(name, description string) *bus {
	now := e.cfg.Clock().UTC()
	b := &bus{name: name, busRecord: busRecord{description, now, now}, rules: map[string]*rule{}}
	e.buses[name] = b
	return b
}

// deleteEventBus deletes a custom bus that has no rules. One that does not exist is
// deleted already.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
func (e *Engine) deleteEventBus(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ Name string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if err := checkText(in.Name, "name", 1, 256); err != nil {
		return nil, nil, err
	}
	r.Resource = in.Name
	if err := r.Allow("events:DeleteEventBus", e.busARN(in.Name)); err != nil {
		return nil, nil, err
	}
	b := e.buses[in.Name]
	switch {
	case in.Name == defaultBus:
		return nil, nil, wire.Validation("Cannot delete event bus default.")
	case b == nil:
		return wire.Raw(nil), nil, nil
	case len(b.rules) > 0:
		return nil, nil, wire.Validation("Event bus %s can't be deleted since it has rules.", b.name)
	}
	delete(e.buses, b.name)
	return wire.Raw(nil), []disk.Op{{Bucket: diskBuses, Key: []byte(b.name)}}, nil
}

func (e *Engine) describeEventBus(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ Name string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	name, err := e.busName(in.Name)
	if err == nil {
		err = r.Allow("events:DescribeEventBus", e.busARN(name))
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := e.findBus(r, name)
	if err != nil {
		return nil, nil, err
	}
	return e.describeBus(b), nil, nil
}

type busOutput struct {
	Name, Arn                      string
	Description                    string `json:",omitempty"`
	CreationTime, LastModifiedTime int64
}

func (e *Engine) describeBus(b *bus) busOutput {
	return busOutput{b.name, e.busARN(b.name), b.Description, b.Created.Unix(), b.Modified.Unix()}
}

func (e *Engine) listEventBuses(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		page
		NamePrefix string
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if err := r.Allow("events:ListEventBuses", "*"); err != nil {
		return nil, nil, err
	}
	out := struct {
		EventBuses []busOutput
		NextToken  string `json:",omitempty"`
	}{EventBuses: []busOutput{}}
	names, token, err := in.cut(filtered(e.buses, in.NamePrefix))
	for _, name := range names {
		out.EventBuses = append(out.EventBuses, e.describeBus(e.buses[name]))
	}
	out.NextToken = token
	return out, nil, err
}
