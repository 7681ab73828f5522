package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"omnihub/internal/devserver/fault"
	cloudfault "omnihub/internal/localaws/fault"
)

// Targets of fault plans that are no fake platforms.
const (
	cloudTarget  = "aws"
	lambdaTarget = "lambda"
)

// faultPlans remembers the plans of the fake platforms, to show them.
type faultPlans struct {
	mu    sync.Mutex // held while plans change
	plans map[string]json.RawMessage
}

// faultTarget is something that takes a fault plan; null ends its faults. A plan that
// is refused leaves the old one in force.
type faultTarget func(plan json.RawMessage) error

// faultTargets are all targets by name.
func (m *machine) faultTargets() map[string]faultTarget {
	targets := map[string]faultTarget{lambdaTarget: m.setLambdaFaults, cloudTarget: m.setCloudFaults}
	for channel, p := range m.fakes {
		targets[channel] = func(plan json.RawMessage) error {
			given := plan
			if string(plan) == "null" {
				given = nil
			}
			if err := p.SetFaults(given); err != nil {
				return err
			}
			if m.plans.plans == nil {
				m.plans.plans = map[string]json.RawMessage{}
			}
			m.plans.plans[channel] = plan
			return nil
		}
	}
	return targets
}

func (m *machine) setLambdaFaults(raw json.RawMessage) error {
	if string(raw) == "null" {
		m.faults.Set(nil)
		return nil
	}
	p, err := fault.ParsePlan(raw, m.findLabel)
	if err != nil {
		return err
	}
	m.faults.Set(&p)
	return nil
}

func (m *machine) setCloudFaults(raw json.RawMessage) error {
	if m.cloud == nil {
		if string(raw) == "null" {
			return nil // nothing is to be ended
		}
		return fmt.Errorf("the own local cloud does not run, since AWS_ENDPOINT_URL names %s: no faults can be set there; unset it, or use the faults that the endpoint has", m.endpoint)
	}
	return m.cloud.SetFaults(raw)
}

// findLabel is a function's name in the log and in plans; "" if there is none.
func (m *machine) findLabel(name string) string {
	if id := m.find(name); id != "" {
		return short(id)
	}
	return ""
}

// cloudPlan is a plan of the local cloud as it can be set.
type cloudPlan struct {
	Seed  int64             `json:"seed"`
	Rules []cloudfault.Rule `json:"rules"`
}

// cloudReport is the plan of the local cloud with what it struck; nil if there is none.
func (m *machine) cloudReport() *cloudfault.Report {
	if m.cloud == nil {
		return nil
	}
	return m.cloud.Faults()
}

// currentPlans are the plans in effect by target; null where there is none.
func (m *machine) currentPlans() map[string]any {
	out := map[string]any{lambdaTarget: m.faults.Plan(), cloudTarget: nil}
	if r := m.cloudReport(); r != nil {
		plan := cloudPlan{r.Seed, []cloudfault.Rule{}}
		for _, rule := range r.Rules {
			plan.Rules = append(plan.Rules, rule.Rule)
		}
		out[cloudTarget] = plan
	}
	for channel := range m.fakes {
		out[channel] = m.plans.plans[channel]
	}
	return out
}

// serveFaults shows the plans, and what they struck: of functions since the start, of
// the local cloud since its plan was set.
func (m *machine) serveFaults(w http.ResponseWriter, _ *http.Request) {
	m.plans.mu.Lock()
	defer m.plans.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"plans": m.currentPlans(), "counts": m.faultCounts()})
}

func (m *machine) faultCounts() map[string]any {
	struck := []cloudfault.Count{}
	if r := m.cloudReport(); r != nil {
		struck = r.Rules
	}
	return map[string]any{lambdaTarget: m.faults.Counts(), cloudTarget: struck}
}

// setFaults puts plans into effect, all of them or none.
func (m *machine) setFaults(w http.ResponseWriter, r *http.Request) {
	var plans map[string]json.RawMessage
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&plans); err != nil || plans == nil {
		refuse(w, http.StatusBadRequest, `want an object with a plan, or null, for each target, such as {"line":{…},"lambda":null}`)
		return
	}
	m.plans.mu.Lock()
	defer m.plans.mu.Unlock()
	targets := m.faultTargets()
	names := slices.Sorted(maps.Keys(plans))
	for _, name := range names {
		if targets[name] == nil {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("there is no target %s; there are %v", name, slices.Sorted(maps.Keys(targets))))
			return
		}
	}
	before := m.rawPlans()
	for i, name := range names {
		err := targets[name](plans[name])
		if err == nil {
			continue
		}
		for _, done := range names[:i] {
			if back := targets[done](before[done]); back != nil {
				m.log.Error("devserver", "a fault plan could not be put back", "target", done, "error", back)
			}
		}
		status := http.StatusBadRequest
		if name == cloudTarget && m.cloud == nil {
			status = http.StatusNotImplemented
		}
		refuse(w, status, name+": "+err.Error())
		return
	}
	if len(names) > 0 {
		m.log.Info("devserver", "fault plans changed", "targets", fmt.Sprint(names))
	}
	reply(w, http.StatusOK, m.currentPlans())
}

// rawPlans are the plans in effect as they can be set again.
func (m *machine) rawPlans() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, plan := range m.currentPlans() {
		raw, err := json.Marshal(plan)
		if err != nil {
			raw = json.RawMessage("null")
		}
		out[name] = raw
	}
	return out
}
