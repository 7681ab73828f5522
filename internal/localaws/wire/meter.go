package wire

import (
	"sort"
	"sync"
)

// Count is what one caller did with one operation on one resource.
type Count struct {
	Caller    string  `json:"caller"`
	Service   string  `json:"service"`
	Operation string  `json:"operation"`
	Resource  string  `json:"resource"`
	Calls     int     `json:"calls"`
	Errors    int     `json:"errors"` // of the calls, those answered with an error
	Read      float64 `json:"read"`   // read capacity units
	Write     float64 `json:"write"`  // write capacity units
}

type counted struct{ caller, service, operation, resource string }

// Meter counts calls and capacity units per calling function.
type Meter struct {
	mu     sync.Mutex
	counts map[counted]*Count
}

// Add counts one finished call.
func (m *Meter) Add(r *Request, failed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[counted]*Count{}
	}
	key := counted{r.Caller, r.Service, r.Operation, r.Resource}
	c := m.counts[key]
	if c == nil {
		c = &Count{Caller: r.Caller, Service: r.Service, Operation: r.Operation, Resource: r.Resource}
		m.counts[key] = c
	}
	c.Calls++
	if failed {
		c.Errors++
	}
	c.Read += r.Read
	c.Write += r.Write
}

// Counts returns all counts, sorted by caller, service, operation and resource.
func (m *Meter) Counts() []Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Count, 0, len(m.counts))
	for _, c := range m.counts {
		out = append(out, *c)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Caller != b.Caller {
			return a.Caller < b.Caller
		}
		if a.Service != b.Service {
			return a.Service < b.Service
		}
		if a.Operation != b.Operation {
			return a.Operation < b.Operation
		}
		return a.Resource < b.Resource
	})
	return out
}

// Reset forgets all counts.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts = nil
}
