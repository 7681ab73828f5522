// Package metric counts what happens in a function and tells CloudWatch of it by log
// lines in the embedded metric format.
package metric

import (
	"slices"
	"strings"
)

// Name is a metric: one of the constants below.
type Name string

// Unit is what a metric's values are in, as CloudWatch names it.
type Unit string

const (
	// Count: how many of them happened.
	Count Unit = "Count"
	// Milliseconds: how long something took, one value for each.
	Milliseconds Unit = "Milliseconds"
)

// The dimensions that a metric may have. Their values come from closed sets, since
// every combination that occurs is a metric that is paid for.
const (
	channelKey  = "channel"
	codeKey     = "code"
	classKey    = "class"
	functionKey = "function"
)

// Other stands for a value that is not in its dimension's set.
const Other = "other"

// Definition is what is fixed of a metric.
type Definition struct {
	Name Name
	Unit Unit
	// Sets are the sets of dimensions under which it is kept. The empty set is the sum
	// over everything; an alarm needs it, since it cannot add up what it does not know
	// by name.
	Sets [][]string
	// Codes are the values of the dimension code, if it has that.
	Codes []string
	// Functions are the values of the dimension function, if it has that.
	Functions []string
	Wait      Wait
	Means     string // what one of it is
}

// Wait says how long a count may be kept back while invocations follow one another
// closely.
type Wait int

const (
	Urgent  Wait = iota // not at all: an alarm goes off at the first one
	Prompt              // for a second: something went wrong, perhaps all the time
	Routine             // for ten seconds: something went well
)

// Dimensions are the names of all dimensions of the metric, sorted.
func (d Definition) Dimensions() []string {
	var all []string
	for _, set := range d.Sets {
		all = append(all, set...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// values are the values that a dimension of the metric can have.
func (d Definition) values(key string, channels []string) []string {
	switch key {
	case channelKey:
		return append(slices.Clone(channels), Other)
	case codeKey:
		return append(slices.Clone(d.Codes), Other)
	case classKey:
		return append(slices.Clone(classes), Other)
	}
	return d.Functions
}

// Series is one metric as CloudWatch counts and bills them: a name and one value for
// each dimension of one of its sets.
type Series struct {
	Name Name
	Dims []Dim
}

// Series are all that can come of the metric in a deployment with these channels.
func (d Definition) Series(channels []string) []Series {
	var all []Series
	for _, set := range d.Sets {
		some := []Series{{Name: d.Name}}
		for _, key := range set {
			var more []Series
			for _, s := range some {
				for _, v := range d.values(key, channels) {
					more = append(more, Series{s.Name, append(slices.Clone(s.Dims), Dim{key, v})})
				}
			}
			some = more
		}
		all = append(all, some...)
	}
	return all
}

// Definitions are all metrics, by the way of a message through the hub.
func Definitions() []Definition { return slices.Clone(catalogue) }

// Of is the definition of a metric; false if there is no such metric.
func Of(name Name) (Definition, bool) {
	d, ok := byName[name]
	return d, ok
}

// Dim is a dimension with its value.
type Dim struct{ Key, Value string }

// Channel is the kind of channel that something happened on.
func Channel[S ~string](v S) Dim { return Dim{channelKey, string(v)} }

// Code says what went wrong: a code of the hub.
func Code[S ~string](v S) Dim { return Dim{codeKey, string(v)} }

// Class is the class of a send.
func Class[S ~string](v S) Dim { return Dim{classKey, string(v)} }

// shape names the sets of a definition: metrics of one shape and the same values share
// a line.
func shape(sets [][]string) string {
	var parts []string
	for _, set := range sets {
		parts = append(parts, strings.Join(set, ","))
	}
	return strings.Join(parts, "|")
}
