package template

import (
	"gopkg.in/yaml.v3"

	"omnihub/internal/devserver/role"
)

// Resolve computes the model: parameters, conditions, intrinsics, globals.
func (d *Document) Resolve(options Options) (*Model, error) {
	r := &resolver{Document: d, o: options, parameters: map[string]*yaml.Node{}, conditions: map[string]*bool{}, resources: map[string]*resource{}, policies: map[string]attached{}}
	if err := r.readParameters(); err != nil {
		return nil, err
	}
	if err := r.readResources(); err != nil {
		return nil, err
	}
	m := &Model{Stack: options.Stack, Region: options.Region, Account: options.Account}
	if err := r.readStorage(m); err != nil {
		return nil, err
	}
	if err := r.readBuses(m); err != nil {
		return nil, err
	}
	api, err := r.readAPI()
	if err != nil {
		return nil, err
	}
	m.API = api.API
	roles := map[string]role.Policy{} // by ARN
	for _, id := range r.order {
		res := r.resources[id]
		if res.kind != typeRole {
			continue
		}
		arn, err := r.attribute(res.node, id, "Arn")
		if err != nil {
			return nil, err
		}
		if roles[arn.Value], err = r.rolePolicy(res); err != nil {
			return nil, err
		}
	}
	for _, id := range r.order {
		if res := r.resources[id]; res.kind == typeFunction {
			f, err := r.function(m, api, roles, res)
			if err != nil {
				return nil, err
			}
			m.Functions = append(m.Functions, f)
		}
	}
	if err := r.checkInvokers(m, api, roles); err != nil {
		return nil, err
	}
	return m, r.checkThrottles(api, m.API.Routes)
}

func (r *resolver) readStorage(m *Model) error {
	for _, id := range r.order {
		res := r.resources[id]
		if _, err := r.physical(res); err != nil {
			return err
		}
		switch res.kind {
		case typeTable, typeQueue, typeBucket, typeKey, typeAlias:
		default:
			continue
		}
		o, err := r.properties(id+" ("+res.kind+")", field(res.node, "Properties"))
		if err != nil {
			return err
		}
		switch res.kind {
		case typeTable:
			t, err := r.table(res, o)
			if err != nil {
				return err
			}
			m.Tables = append(m.Tables, t)
		case typeQueue:
			q, err := r.queue(res, o)
			if err != nil {
				return err
			}
			m.Queues = append(m.Queues, q)
		case typeBucket:
			b, err := r.bucket(res, o)
			if err != nil {
				return err
			}
			m.Buckets = append(m.Buckets, b)
		case typeKey:
			k, err := r.wrappingKey(res, o)
			if err != nil {
				return err
			}
			m.WrappingKeys = append(m.WrappingKeys, k)
		case typeAlias:
			a, err := r.alias(res, o)
			if err != nil {
				return err
			}
			m.Aliases = append(m.Aliases, a)
		}
	}
	for _, q := range m.Queues {
		if q.DeadLetter != "" && m.QueueByARN(q.DeadLetter) == nil {
			return r.errorf(r.resources[q.ID].node, "%s: dead-letter queue %s is not in this template", q.ID, q.DeadLetter)
		}
	}
	return nil
}

// QueueByARN finds a queue, or nil.
func (m *Model) QueueByARN(arn string) *Queue {
	for i := range m.Queues {
		if m.Queues[i].ARN == arn {
			return &m.Queues[i]
		}
	}
	return nil
}

// Queue finds a queue by its logical id, or nil.
func (m *Model) Queue(id string) *Queue {
	for i := range m.Queues {
		if m.Queues[i].ID == id {
			return &m.Queues[i]
		}
	}
	return nil
}

// Table finds a table by its logical id, or nil.
func (m *Model) Table(id string) *Table {
	for i := range m.Tables {
		if m.Tables[i].ID == id {
			return &m.Tables[i]
		}
	}
	return nil
}

// Bucket finds a bucket by its logical id, or nil.
func (m *Model) Bucket(id string) *Bucket {
	for i := range m.Buckets {
		if m.Buckets[i].ID == id {
			return &m.Buckets[i]
		}
	}
	return nil
}

// WrappingKey finds a key of the key service by its logical id, or nil.
func (m *Model) WrappingKey(id string) *WrappingKey {
	for i := range m.WrappingKeys {
		if m.WrappingKeys[i].ID == id {
			return &m.WrappingKeys[i]
		}
	}
	return nil
}

// Function finds a function by its logical id, or nil.
func (m *Model) Function(id string) *Function {
	for i := range m.Functions {
		if m.Functions[i].ID == id {
			return &m.Functions[i]
		}
	}
	return nil
}

// IsDeadLetter reports whether another queue, a bus, a rule's target, a schedule or a
// function's asynchronous calls send what failed to this queue.
func (m *Model) IsDeadLetter(arn string) bool {
	for _, q := range m.Queues {
		if q.DeadLetter == arn {
			return true
		}
	}
	for _, b := range m.Buses {
		if b.DeadLetter == arn {
			return true
		}
	}
	for _, rule := range m.Rules {
		for _, t := range rule.Targets {
			if t.DeadLetter == arn {
				return true
			}
		}
	}
	for _, f := range m.Functions {
		if f.Async.OnFailure == arn {
			return true
		}
		for _, s := range f.Schedules {
			if s.DeadLetter == arn {
				return true
			}
		}
	}
	return false
}

// globals lays a resource's properties over the section Globals: mappings are
// merged, lists are joined, single values replaced.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
func (r *resolver) globals(kind string, properties *yaml.Node) (*yaml.Node, error) {
	section := r.sections["Globals"]
	if section == nil {
		return properties, nil
	}
	for i := 0; i < len(section.Content); i += 2 {
		switch key := section.Content[i]; key.Value {
		case "Function", "HttpApi":
		default:
			return nil, r.errorf(key, "Globals: section %s is not known", key.Value)
		}
	}
	common := field(section, kind)
	if kind == "Function" && common != nil {
		for _, own := range []string{"Events", "Policies", "Role"} {
			if n := field(common, own); n != nil {
				return nil, r.errorf(n, "Globals: Function: %s may not stand here", own)
			}
		}
	}
	return merge(common, properties), nil
}

func merge(under, over *yaml.Node) *yaml.Node {
	if under == nil {
		return over
	}
	if over == nil {
		return under
	}
	_, _, a := intrinsic(under)
	_, _, b := intrinsic(over)
	if a || b || under.Kind != over.Kind || over.Kind == yaml.ScalarNode {
		return over
	}
	out := *over
	if over.Kind == yaml.SequenceNode {
		out.Content = append(append([]*yaml.Node{}, under.Content...), over.Content...)
		return &out
	}
	out.Content = nil
	for i := 0; i < len(under.Content); i += 2 {
		key := under.Content[i]
		out.Content = append(out.Content, key, merge(under.Content[i+1], field(over, key.Value)))
	}
	for i := 0; i < len(over.Content); i += 2 {
		if key := over.Content[i]; field(under, key.Value) == nil {
			out.Content = append(out.Content, key, over.Content[i+1])
		}
	}
	return &out
}
