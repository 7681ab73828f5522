package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a plan.
const (
	maxRules = 1000
	maxMS    = 15 * 60 * 1000
)

var services = []string{"dynamodb", "streams", "sqs", "events", "kms", "s3"}

var faults = []string{Throttle, Conflict, Internal, Down, Lose, Drop, Partial, Slow, Duplicate, Early, Stall}

// narrow are the faults that only some operations can have.
var narrow = map[string]map[string][]string{
	Conflict: {"dynamodb": {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "TransactGetItems"}},
	Partial: {
		"dynamodb": {"BatchWriteItem", "BatchGetItem"},
		"sqs":      {"SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"},
		"events":   {"PutEvents"},
	},
	Duplicate: {"sqs": {"ReceiveMessage"}},
	Early:     {"sqs": {"ReceiveMessage"}},
	Stall:     {"streams": {"GetRecords"}},
}

// applies tells whether an operation can have a fault; "*" stands for any one.
func applies(fault, service, operation string) bool {
	only, narrowed := narrow[fault]
	if !narrowed {
		return true
	}
	for s, operations := range only {
		if s != service && service != "*" {
			continue
		}
		for _, o := range operations {
			if o == operation || operation == "*" {
				return true
			}
		}
	}
	return false
}

// Decode reads a plan. Known tells whether a service has an operation. Null is no
// plan, and gives nil. A member that rules do not have, and a rule that could never
// strike, are errors that name it.
func Decode(text []byte, known func(service, operation string) bool) (*Plan, error) {
	if string(bytes.TrimSpace(text)) == "null" {
		return nil, nil
	}
	var in struct {
		Seed  int64             `json:"seed"`
		Rules []json.RawMessage `json:"rules"`
	}
	if err := strict(text, &in); err != nil {
		return nil, fmt.Errorf("fault: plan: %w", err)
	}
	if len(in.Rules) > maxRules {
		return nil, fmt.Errorf("fault: plan: %d rules; at most %d", len(in.Rules), maxRules)
	}
	p := &Plan{seed: in.Seed, ended: make(chan struct{})}
	same := map[string]int{}
	for i, text := range in.Rules {
		r, err := decodeRule(text, known)
		if err != nil {
			return nil, fmt.Errorf("fault: rule %d: %w", i+1, err)
		}
		r.name = fmt.Sprintf("%q %q %q %q %q", r.Service, r.Operation, Short(r.Caller), r.Resource, r.Fault)
		if same[r.name]++; same[r.name] > 1 {
			r.name += fmt.Sprint(" ", same[r.name])
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

func decodeRule(text []byte, known func(service, operation string) bool) (*rule, error) {
	var in struct {
		Rule
		Rate *float64 `json:"rate"`
	}
	if err := strict(text, &in); err != nil {
		return nil, err
	}
	r := &rule{Rule: in.Rule, before: map[uint64]uint32{}}
	for _, member := range []*string{&r.Service, &r.Operation, &r.Caller, &r.Resource} {
		if *member == "" {
			*member = "*"
		}
	}
	switch {
	case in.Rate != nil:
		r.Rate = *in.Rate
	case r.Fault == Down || r.Fault == Stall:
		r.Rate = 1
	default:
		return nil, errors.New("rate is missing; it is 0 to 1")
	}
	return r, r.check(known)
}

// check refuses what can never strike.
func (r *rule) check(known func(service, operation string) bool) error {
	if !has(faults, r.Fault) {
		return fmt.Errorf("fault %q is unknown; it is one of %s", r.Fault, strings.Join(faults, ", "))
	}
	if r.Service != "*" && !has(services, r.Service) {
		return fmt.Errorf("service %q is unknown; it is * or one of %s", r.Service, strings.Join(services, ", "))
	}
	if r.Operation != "*" {
		found := false
		for _, service := range services {
			found = found || (r.Service == "*" || r.Service == service) && known(service, r.Operation)
		}
		if !found {
			return fmt.Errorf("operation %q is none of the service %s", r.Operation, r.Service)
		}
	}
	if !applies(r.Fault, r.Service, r.Operation) {
		return fmt.Errorf("fault %q cannot befall the operation %s of the service %s", r.Fault, r.Operation, r.Service)
	}
	switch {
	case !(r.Rate >= 0 && r.Rate <= 1):
		return fmt.Errorf("rate is %v; it is 0 to 1", r.Rate)
	case r.Count < 0:
		return fmt.Errorf("count is %d; it is 0 for no end, or more", r.Count)
	case r.MS < 0 || r.MS > maxMS:
		return fmt.Errorf("ms is %d; it is 0 to %d", r.MS, maxMS)
	case r.MS == 0 && r.Fault == Slow:
		return errors.New("ms is missing: how long slow delays")
	case r.MS > 0 && r.Fault != Slow && r.Fault != Early && r.Fault != Stall:
		return fmt.Errorf("ms means nothing to the fault %q", r.Fault)
	}
	return nil
}

func has(list []string, want string) bool {
	for _, one := range list {
		if one == want {
			return true
		}
	}
	return false
}

// strict reads one JSON object with no other members than v has.
func strict(text []byte, v any) error {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte{'{'}) {
		return errors.New("want a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			return fmt.Errorf("unknown member %s", name)
		}
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return fmt.Errorf("%s cannot be read from a JSON %s", kind.Field, kind.Value)
		}
		return errors.New("not valid JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}
