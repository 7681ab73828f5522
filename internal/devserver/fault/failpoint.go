package fault

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"omnihub/internal/failpoint"
)

// Anywhere is the function of a failpoint that is for all functions.
const Anywhere = "*"

// FailpointPlan says at which failpoints functions die. Whether the n-th time that a
// function comes to a point is its last depends on the seed, the failpoint of the plan,
// the function and n, which counts from 1 with each plan.
type FailpointPlan struct {
	Seed   int64       `json:"seed"`
	Points []Failpoint `json:"points"`
}

// Failpoint lets functions die at a point.
type Failpoint struct {
	Function string          `json:"function"` // or Anywhere
	Point    failpoint.Point `json:"point"`
	Rate     float64         `json:"rate"`
	Count    int             `json:"count"` // deaths after which it ends; 0 = never
}

// ParseFailpoints reads a plan. Unknown members, functions and points, and rates beyond
// 0 to 1, are errors that name them. Find answers a function's name, or "".
func ParseFailpoints(raw json.RawMessage, find func(name string) string) (FailpointPlan, error) {
	var p FailpointPlan
	if err := strict(raw, &p); err != nil {
		return FailpointPlan{}, err
	}
	for i := range p.Points {
		pt := &p.Points[i]
		if pt.Function != Anywhere {
			known := find(pt.Function)
			if known == "" {
				return FailpointPlan{}, fmt.Errorf("fault: points[%d]: there is no function %q", i, pt.Function)
			}
			pt.Function = known
		}
		if err := checkPoint(pt.Point); err != nil {
			return FailpointPlan{}, fmt.Errorf("fault: points[%d]: %w", i, err)
		}
		if err := checkRate(fmt.Sprintf("points[%d]", i), pt.Rate); err != nil {
			return FailpointPlan{}, err
		}
		if pt.Count < 0 {
			return FailpointPlan{}, fmt.Errorf("fault: points[%d]: the count %d is below 0", i, pt.Count)
		}
	}
	return p, nil
}

func checkPoint(p failpoint.Point) error {
	if !slices.Contains(failpoint.Points(), p) {
		return fmt.Errorf("there is no point %q; there are %v", p, failpoint.Points())
	}
	return nil
}

// Passage tells how often a function came to a point, and how often it died there.
type Passage struct {
	Hits  int `json:"hits"`
	Kills int `json:"kills"`
}

// Passages are passages by function and point, since the devserver's start.
type Passages map[string]map[failpoint.Point]Passage

// Failpoints holds the plan of failpoints that is in effect. The zero value kills
// nobody. It is safe for concurrent use.
type Failpoints struct {
	mu       sync.Mutex
	plan     FailpointPlan
	dice     dice
	kills    []int // by failpoint of the plan
	passages Passages
}

// Set puts a plan into effect, with dice that were never thrown.
func (f *Failpoints) Set(p FailpointPlan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.dice, f.kills = p, dice{seed: p.Seed}, make([]int, len(p.Points))
}

// State is the plan in effect, and the passages so far, ended plans included.
func (f *Failpoints) State() (FailpointPlan, Passages) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Passages{}
	for function, points := range f.passages {
		out[function] = map[failpoint.Point]Passage{}
		for point, p := range points {
			out[function][point] = p
		}
	}
	return f.plan, out
}

// Hit takes note that a function came to a point, and reports whether it dies there.
// An unknown point is an error.
func (f *Failpoints) Hit(function string, point failpoint.Point) (die bool, err error) {
	if err := checkPoint(point); err != nil {
		return false, fmt.Errorf("fault: failpoint: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, pt := range f.plan.Points {
		if pt.Point != point || pt.Function != function && pt.Function != Anywhere {
			continue
		}
		// All are asked each time, so that each counts the function's passages.
		at := f.dice.throw(fmt.Sprint(i), function, string(point))
		if !die && at < pt.Rate && (pt.Count == 0 || f.kills[i] < pt.Count) {
			die = true
			f.kills[i]++
		}
	}
	if f.passages == nil {
		f.passages = Passages{}
	}
	if f.passages[function] == nil {
		f.passages[function] = map[failpoint.Point]Passage{}
	}
	p := f.passages[function][point]
	if p.Hits++; die {
		p.Kills++
	}
	f.passages[function][point] = p
	return die, nil
}
