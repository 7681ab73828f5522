package metric

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// rig is a meter with a clock that stands still until it is moved.
type rig struct {
	*Meter
	out bytes.Buffer
	now time.Time
}

func newRig() *rig {
	r := &rig{now: time.UnixMilli(1791170475123)}
	r.Meter = &Meter{
		Namespace: "omnihub-prod", Function: "inbound", Channels: []string{"line", "whatsapp"}, Out: &r.out,
		Now: func() time.Time { return r.now },
	}
	return r
}

// written are the lines that were written since the last call, each checked against
// the specification.
func (r *rig) written(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSuffix(r.out.String(), "\n"), "\n") {
		if text == "" {
			continue
		}
		conforms(t, text)
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	r.out.Reset()
	return lines
}

var (
	units  = regexp.MustCompile(`^(Seconds|Microseconds|Milliseconds|(Kilo|Mega|Giga|Tera)?(bits|bytes)|Bits|Bytes|Percent|Count|None)(/Second)?$`)
	spaces = regexp.MustCompile(`^[A-Za-z0-9._/#:-]{1,255}$`)
)

// conforms holds a line against the specification of the embedded metric format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func conforms(t *testing.T, text string) {
	t.Helper()
	var root map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatalf("%s is no JSON object: %v", text, err)
	}
	if len(text) > 256<<10 {
		t.Errorf("the line has %d bytes, want at most 256 KB", len(text))
	}
	var about struct {
		Timestamp         *int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	strict := json.NewDecoder(bytes.NewReader(root["_aws"]))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&about); err != nil {
		t.Fatalf("%s: _aws: %v", text, err)
	}
	if about.Timestamp == nil || *about.Timestamp < 1e12 || *about.Timestamp > 1e14 {
		t.Errorf("%s: got the timestamp %v, want milliseconds", text, about.Timestamp)
	}
	if len(about.CloudWatchMetrics) == 0 {
		t.Errorf("%s has no directive", text)
	}
	used := map[string]bool{"_aws": true}
	for _, d := range about.CloudWatchMetrics {
		if !spaces.MatchString(d.Namespace) || strings.HasPrefix(d.Namespace, "AWS/") {
			t.Errorf("%s: got the namespace %q", text, d.Namespace)
		}
		if len(d.Dimensions) == 0 {
			t.Errorf("%s has no set of dimensions: the set without dimensions is one too", text)
		}
		for _, set := range d.Dimensions {
			if len(set) > 30 {
				t.Errorf("%s: a set of %d dimensions, want at most 30", text, len(set))
			}
			for _, name := range set {
				used[name] = true
				var v string
				if err := json.Unmarshal(root[name], &v); err != nil || v == "" || len(v) > 1024 || len(name) > 250 {
					t.Errorf("%s: the dimension %q has the value %s, want a text", text, name, root[name])
				}
			}
		}
		if len(d.Metrics) == 0 || len(d.Metrics) > 100 {
			t.Errorf("%s: %d metrics, want 1 to 100", text, len(d.Metrics))
		}
		for _, m := range d.Metrics {
			if m.Name == "" || len(m.Name) > 255 || !units.MatchString(m.Unit) || used[m.Name] {
				t.Errorf("%s: got the metric %q in %q, want a name of its own and a unit", text, m.Name, m.Unit)
			}
			used[m.Name] = true
			var one float64
			var many []float64
			if json.Unmarshal(root[m.Name], &one) == nil {
				continue
			}
			if err := json.Unmarshal(root[m.Name], &many); err != nil || len(many) == 0 || len(many) > 100 {
				t.Errorf("%s: %s has %d values, %v, want 1 to 100 numbers", text, m.Name, len(many), err)
			}
		}
	}
	for name := range root {
		if !used[name] {
			t.Errorf("%s: the member %q is paid for and says nothing", text, name)
		}
	}
}

func TestInvocationIsOneLine(t *testing.T) {
	r := newRig()
	r.Add(MessagesStored, 1, Channel("line"))
	r.Add(MessagesStored, 2, Channel("line"))
	r.Observe(StoreDelay, 40*time.Millisecond, Channel("line"))
	r.Observe(StoreDelay, 52*time.Millisecond, Channel("line"))
	r.Flush()
	want := `{"_aws":{"Timestamp":1791170475123,"CloudWatchMetrics":[{"Namespace":"omnihub-prod","Dimensions":[["channel"]],` +
		`"Metrics":[{"Name":"MessagesStored","Unit":"Count"},{"Name":"StoreDelay","Unit":"Milliseconds"}]}]},` +
		`"channel":"line","MessagesStored":3,"StoreDelay":[40,52]}` + "\n"
	if got := r.out.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.written(t)
	r.Flush()
	if got := r.written(t); len(got) != 0 {
		t.Errorf("got %v of an invocation in which nothing happened, want nothing", got)
	}
}

func TestEachSetOfDimensionsHasItsLine(t *testing.T) {
	r := newRig()
	r.Add(MessagesStored, 1, Channel("line"))
	r.Add(MessagesStored, 1, Channel("whatsapp"))
	r.Add(Quarantined, 1, Code("poison"))
	r.Add(RecordsReturned, 1)
	r.Flush()
	lines := r.written(t)
	if len(lines) != 4 {
		t.Fatalf("got %d lines, want one for each channel, one by code and one by function: %v", len(lines), lines)
	}
	for _, l := range lines {
		if l["RecordsReturned"] != nil && l["function"] != "inbound" {
			t.Errorf("got %v, want the meter's own function", l)
		}
	}
}

func TestMetricThatAnAlarmAddsUpIsKeptAsASumToo(t *testing.T) {
	r := newRig()
	r.Add(SendsUnknown, 1, Class("marketing"))
	r.Flush()
	if got, want := r.out.String(), `"Dimensions":[["class"],[]]`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	r.written(t)
}

func TestEveryMetricConforms(t *testing.T) {
	for _, d := range Definitions() {
		for _, s := range d.Series([]string{"line", "whatsapp"}) {
			r := newRig()
			if d.Unit == Count {
				r.Add(d.Name, 1, s.Dims...)
			} else {
				r.Observe(d.Name, time.Second, s.Dims...)
			}
			r.Flush()
			if lines := r.written(t); len(lines) != 1 || lines[0][string(d.Name)] == nil {
				t.Errorf("%v: got %v, want one line with it", s, lines)
			}
		}
	}
}

func TestValuesOutsideTheirSetsAreOther(t *testing.T) {
	r := newRig()
	r.Add(WebhooksRefused, 1, Channel("0912733918"), Code("not_found"))
	r.Add(WebhooksRefused, 1, Channel("line"), Code("mei@example.com"))
	r.Add(MessagesStored, 1)
	r.Add(MessagesStored, 1, Channel("line"), Dim{"user", "U0d9c3f6a82b14e57903c6ad18f4e7b25"})
	r.Add(Name("Invented"), 1)
	r.Add(MessagesStored, 0, Channel("whatsapp"))
	r.Flush()
	text := r.out.String()
	for _, canary := range []string{"0912733918", "mei@", "U0d9c", "Invented", "whatsapp"} {
		if strings.Contains(text, canary) {
			t.Errorf("got %s, want nothing of %s", text, canary)
		}
	}
	if got := strings.Count(text, `"channel":"other"`) + strings.Count(text, `"code":"other"`); got != 3 {
		t.Errorf("got %d values that are other, want 3:\n%s", got, text)
	}
	r.written(t)
}

func TestLineBearsAtMostAHundredValues(t *testing.T) {
	r := newRig()
	for i := range 250 {
		r.Observe(StoreDelay, time.Duration(i)*time.Millisecond, Channel("line"))
	}
	r.Add(MessagesStored, 250, Channel("line"))
	r.Flush()
	values, stored := 0, 0.0
	lines := r.written(t)
	for _, l := range lines {
		values += len(l["StoreDelay"].([]any))
		n, _ := l["MessagesStored"].(float64)
		stored += n
	}
	if len(lines) != 3 || values != 250 || stored != 250 {
		t.Errorf("got %d lines with %d durations and %g messages, want 3 with 250 of each", len(lines), values, stored)
	}
}

func TestDifferenceOfTwoClocksIsNoNegativeTime(t *testing.T) {
	r := newRig()
	r.Observe(StoreDelay, -time.Second, Channel("line"))
	r.Flush()
	if got := r.written(t)[0]["StoreDelay"]; got != 0.0 {
		t.Errorf("got %v, want 0", got)
	}
}

// invocations plays invocations that follow one another and answers how many lines
// they wrote, and how many messages stand in these.
func (r *rig) invocations(t *testing.T, n int, apart time.Duration) (lines, messages int) {
	t.Helper()
	for range n {
		r.Add(MessagesStored, 1, Channel("line"))
		r.Flush()
		r.now = r.now.Add(apart)
	}
	for _, l := range r.written(t) {
		lines++
		messages += int(l["MessagesStored"].(float64))
	}
	return lines, messages
}

func TestQuietProcessWritesAfterEachInvocation(t *testing.T) {
	r := newRig()
	if lines, messages := r.invocations(t, 30, holds[Routine]); lines != 30 || messages != 30 {
		t.Errorf("got %d messages in %d lines, want 30 in 30", messages, lines)
	}
}

func TestBusyProcessWritesNowAndThen(t *testing.T) {
	r := newRig()
	const second = time.Second
	lines, messages := r.invocations(t, 6000, second/10) // ten minutes, ten each second
	if most := burst + int(600*second/holds[Routine]) + 1; lines > most || messages < 6000-int(holds[Routine]/second)*10 {
		t.Errorf("got %d messages in %d lines, want nearly 6000 in at most %d", messages, lines, most)
	}
	// What it kept bears the time at which it was counted.
	r.Add(MessagesStored, 1, Channel("line"))
	kept := r.since.UnixMilli()
	r.now = r.now.Add(time.Hour)
	r.Flush()
	if got, want := r.out.String(), fmt.Sprintf(`"Timestamp":%d`, kept); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestClockThatIsSetBackKeepsNothingBack(t *testing.T) {
	r := newRig()
	for i := range 5 {
		r.Add(MessagesStored, 1, Channel("line"))
		r.Flush()
		if got := len(r.written(t)); got != 1 {
			t.Errorf("invocation %d: got %d lines, want 1", i, got)
		}
		if i == 2 {
			r.now = r.now.Add(-time.Hour)
		}
	}
}

func TestUrgentIsWrittenAtOnceWithAllThatWasKept(t *testing.T) {
	r := newRig()
	r.invocations(t, 500, time.Millisecond)
	r.Add(MessagesStored, 1, Channel("line"))
	r.Flush()
	if got := r.written(t); len(got) != 0 {
		t.Fatalf("got %v, want the line kept back", got)
	}
	r.Add(SendsUnknown, 1, Class("bot"))
	r.Flush()
	if got := r.written(t); len(got) != 2 {
		t.Errorf("got %v, want the unknown send and what was kept", got)
	}
}

func TestWhatGoesWrongIsWrittenOnceASecond(t *testing.T) {
	r := newRig()
	r.invocations(t, 500, time.Millisecond) // has used up what routine may write
	const flood = 5000
	for range flood {
		r.Add(WebhooksRefused, 1, Channel("line"), Code("signature_invalid"))
		r.Flush()
		r.now = r.now.Add(time.Millisecond)
	}
	lines, refused := 0, 0.0
	for _, l := range r.written(t) {
		if n, ok := l["WebhooksRefused"].(float64); ok {
			lines++
			refused += n
		}
	}
	if most := burst + flood/1000 + 1; lines > most || refused < flood-1000 {
		t.Errorf("got %g refusals in %d lines, want nearly %d in at most %d", refused, lines, flood, most)
	}
}

func TestNoMeterCountsNothing(*testing.T) {
	var m *Meter
	m.Add(MessagesStored, 1)
	m.Observe(StoreDelay, time.Second)
	m.Flush()
}

func TestCountsOfManyAtATimeAreAllThere(t *testing.T) {
	r := newRig()
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 500 {
				r.Add(MessagesStored, 1, Channel("line"))
				r.Observe(StoreDelay, time.Millisecond, Channel("whatsapp"))
				r.Flush()
			}
		}()
	}
	wg.Wait()
	r.Add(SendsUnknown, 1)
	r.Flush()
	stored, delays := 0.0, 0
	for _, l := range r.written(t) {
		n, _ := l["MessagesStored"].(float64)
		stored += n
		switch v := l["StoreDelay"].(type) {
		case float64:
			delays++
		case []any:
			delays += len(v)
		}
	}
	if stored != 4000 || delays != 4000 {
		t.Errorf("got %g messages and %d delays, want 4000 of each", stored, delays)
	}
}
