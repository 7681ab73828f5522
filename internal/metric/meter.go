package metric

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxValues is how many values of a metric one line can bear.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
	maxValues = 100
	// burst is how many invocations write at once before counts are kept back.
	burst = 10
)

// Meter counts for one process. Nil counts nothing. It is safe for concurrent use.
type Meter struct {
	Namespace string // of the metrics in CloudWatch
	Function  string // the value of the dimension function
	Channels  []string
	Out       io.Writer // standard output, in a function
	Now       func() time.Time

	mu      sync.Mutex
	lines   map[string]*line
	since   time.Time // of the oldest that is kept
	wait    Wait      // the shortest of what is kept
	full    bool      // a metric has all the values that a line can bear
	budgets [Routine + 1]budget
}

// holds are how long counts are kept back, by how long they may. CloudWatch keeps
// metrics by the minute, so nothing is less exact for it.
var holds = [...]time.Duration{Prompt: time.Second, Routine: 10 * time.Second}

// budget bounds how often something is written: burst times at once, and after that
// once in its time.
type budget struct {
	left     float64
	refilled time.Time
}

func (b *budget) spend(now time.Time, every time.Duration) bool {
	if b.refilled.IsZero() {
		b.left = burst
	} else {
		b.left = min(burst, b.left+max(0, float64(now.Sub(b.refilled))/float64(every))) // a clock may be set back
	}
	b.refilled = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// line is what is kept of metrics with the same sets of dimensions and values.
type line struct {
	sets   [][]string
	dims   map[string]string
	counts map[Name]int64
	spans  map[Name][]int64 // milliseconds
}

// Add counts n of a metric. Values of dimensions that are not in their sets count as
// Other, and so do dimensions that are missing; those that the metric does not have
// are left out.
func (m *Meter) Add(name Name, n int, dims ...Dim) {
	d, known := byName[name]
	if m == nil || n == 0 || !known {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.line(d, dims)
	l.counts[name] += int64(n)
}

// Observe keeps one duration of a metric; one below zero, which two machines' clocks
// may give, counts as zero. Dimensions are as in Add.
func (m *Meter) Observe(name Name, took time.Duration, dims ...Dim) {
	d, known := byName[name]
	if m == nil || !known {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.line(d, dims)
	l.spans[name] = append(l.spans[name], max(took.Milliseconds(), 0))
	m.full = m.full || len(l.spans[name]) >= maxValues
}

// line finds the line of a metric with some values. The lock is held.
func (m *Meter) line(d Definition, dims []Dim) *line {
	if len(m.lines) == 0 {
		m.since, m.wait = m.Now(), d.Wait
		m.lines = map[string]*line{}
	}
	m.wait = min(m.wait, d.Wait)
	values := map[string]string{}
	id := shape(d.Sets)
	for _, key := range d.Dimensions() {
		v := m.value(d, key, dims)
		values[key] = v
		id += "|" + v
	}
	l := m.lines[id]
	if l == nil {
		l = &line{sets: d.Sets, dims: values, counts: map[Name]int64{}, spans: map[Name][]int64{}}
		m.lines[id] = l
	}
	return l
}

func (m *Meter) value(d Definition, key string, dims []Dim) string {
	v := ""
	if key == functionKey {
		v = m.Function
	}
	for _, dim := range dims {
		if dim.Key == key {
			v = dim.Value
		}
	}
	if !slices.Contains(d.values(key, m.Channels), v) {
		return Other
	}
	return v
}

// Flush ends an invocation: it writes what was counted, one line for each set of
// dimensions with its values, or nothing if nothing was counted. While invocations
// follow one another closely, counts are kept back for as long as the one that may wait
// least: so a busy process writes a line now and then and not one for each message, and
// nobody who calls it decides how much it writes. A process that ends meanwhile takes
// with it what it kept.
func (m *Meter) Flush() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lines) == 0 || m.wait != Urgent && !m.full && !m.budgets[m.wait].spend(m.Now(), holds[m.wait]) {
		return
	}
	var out strings.Builder
	for _, id := range slices.Sorted(maps.Keys(m.lines)) {
		m.write(&out, m.lines[id])
	}
	m.lines, m.full = nil, false
	_, _ = io.WriteString(m.Out, out.String())
}

// The head of a line.
type (
	head struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}
	directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	definition struct {
		Name Name
		Unit Unit
	}
)

// write writes a line, or several while a metric has more values than one can bear.
func (m *Meter) write(out *strings.Builder, l *line) {
	d := directive{Namespace: m.Namespace, Dimensions: l.sets}
	var members []byte
	member := func(name string) {
		members = strconv.AppendQuote(append(members, ','), name)
		members = append(members, ':')
	}
	for _, key := range slices.Sorted(maps.Keys(l.dims)) {
		member(key)
		members = strconv.AppendQuote(members, l.dims[key])
	}
	for _, name := range slices.Sorted(maps.Keys(l.counts)) {
		d.Metrics = append(d.Metrics, definition{name, Count})
		member(string(name))
		members = strconv.AppendInt(members, l.counts[name], 10)
	}
	rest := map[Name][]int64{}
	for _, name := range slices.Sorted(maps.Keys(l.spans)) {
		d.Metrics = append(d.Metrics, definition{name, Milliseconds})
		member(string(name))
		values := l.spans[name]
		if len(values) > maxValues {
			rest[name], values = values[maxValues:], values[:maxValues]
		}
		members = appendValues(members, values)
	}
	about, err := json.Marshal(head{Timestamp: m.since.UnixMilli(), CloudWatchMetrics: []directive{d}})
	if err != nil {
		return // of numbers and texts: cannot be
	}
	out.WriteString(`{"_aws":`)
	out.Write(about)
	out.Write(members)
	out.WriteString("}\n")
	if len(rest) > 0 {
		m.write(out, &line{sets: l.sets, dims: l.dims, spans: rest})
	}
}

// appendValues writes one value as a number, several as an array.
func appendValues(b []byte, values []int64) []byte {
	if len(values) == 1 {
		return strconv.AppendInt(b, values[0], 10)
	}
	for i, v := range values {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		b = strconv.AppendInt(append(b, sep), v, 10)
	}
	return append(b, ']')
}
