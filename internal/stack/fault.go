package stack

import (
	"context"
	"time"

	"omnihub/internal/devserver/fault"
	cloudfault "omnihub/internal/localaws/fault"
)

// Targets of Faults beside the channels.
const (
	AWS    = "aws"    // the local cloud; takes an AWSPlan
	Lambda = "lambda" // the functions' invocations; takes a LambdaPlan
)

// LambdaPlan says what goes wrong with invocations.
type LambdaPlan = fault.Plan

// AWSPlan says which calls of the local cloud go wrong.
type AWSPlan struct {
	Seed  int64             `json:"seed"`
	Rules []cloudfault.Rule `json:"rules"`
}

// FailpointPlan says at which failpoints functions die.
type FailpointPlan = fault.FailpointPlan

// Failpoint lets functions die at a point.
type Failpoint = fault.Failpoint

// Faults sets fault plans by target: a channel, AWS or Lambda. Nil ends all faults of a
// target, and targets that are not named keep their plans. All plans are put into
// effect or none.
func (s *Stack) Faults(ctx context.Context, plans map[string]any) error {
	if plans == nil {
		plans = map[string]any{}
	}
	return s.call(ctx, "POST", s.Platform+"/_faults", plans, nil)
}

// FaultCounts tell what fault plans struck.
type FaultCounts struct {
	Lambda fault.Counts       // by function, since the devserver's start
	AWS    []cloudfault.Count // by rule of the plan in effect
}

// FaultCounts asks what fault plans struck so far.
func (s *Stack) FaultCounts(ctx context.Context) (FaultCounts, error) {
	var out struct{ Counts FaultCounts }
	err := s.call(ctx, "GET", s.Platform+"/_faults", nil, &out)
	return out.Counts, err
}

// SetFailpoints replaces the plan of failpoints; one without points ends it. It is an
// error if the functions were built without the tag chaos.
func (s *Stack) SetFailpoints(ctx context.Context, plan FailpointPlan) error {
	if plan.Points == nil {
		plan.Points = []Failpoint{}
	}
	return s.call(ctx, "POST", s.API+"/_dev/failpoints", plan, nil)
}

// FailpointState is the plan in effect, and who came by.
type FailpointState struct {
	Built    bool // with the tag chaos
	Plan     FailpointPlan
	Passages fault.Passages // by function and point, since the devserver's start
}

// Kills is how many processes died at failpoints.
func (f FailpointState) Kills() int {
	n := 0
	for _, points := range f.Passages {
		for _, p := range points {
			n += p.Kills
		}
	}
	return n
}

// Failpoints asks who came to failpoints so far, and who died there.
func (s *Stack) Failpoints(ctx context.Context) (FailpointState, error) {
	var out FailpointState
	err := s.call(ctx, "GET", s.API+"/_dev/failpoints", nil, &out)
	return out, err
}

// Process is a process of a function.
type Process struct {
	PID    int
	State  string // starting, idle, busy, answered, stopping
	Since  time.Time
	Events int   // that it was given
	Peak   int64 `json:"peak_bytes"` // the most memory that was resident; 0 = not known
}

// Processes lists the processes of all functions by logical id.
func (s *Stack) Processes(ctx context.Context) (map[string][]Process, error) {
	var out struct{ Processes map[string][]Process }
	err := s.call(ctx, "GET", s.API+"/_dev/state", nil, &out)
	return out.Processes, err
}

// Peaks are the most bytes of memory that were resident in one process of each
// function, by its name in the log, since the devserver's start; processes that have
// ended count too. All are 0 where the system does not tell it.
func (s *Stack) Peaks(ctx context.Context) (map[string]int64, error) {
	var out struct {
		Peaks map[string]int64 `json:"peak_bytes"`
	}
	err := s.call(ctx, "GET", s.API+"/_dev/state", nil, &out)
	return out.Peaks, err
}
