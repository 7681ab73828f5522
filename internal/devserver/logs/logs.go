// Package logs is the one log stream of the devserver: what it says itself and
// what the functions print, line by line, with the function's name and the trace.
package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Log writes the stream. It is safe for concurrent use; lines never mix.
type Log struct {
	mu     sync.Mutex
	out    io.Writer
	raw    bool
	colour bool
	width  int
	now    func() time.Time
}

// New makes a log. With raw every line is a JSON object; colour is for terminals.
func New(out io.Writer, raw, colour bool) *Log {
	return &Log{out: out, raw: raw, colour: colour && !raw, width: 9, now: time.Now}
}

// Widen makes room for the names of the sources, so that columns line up.
func (l *Log) Widen(names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		l.width = max(l.width, len(n))
	}
}

// Info tells what happens. Pairs are keys and values, as in log/slog.
func (l *Log) Info(source, message string, pairs ...any) {
	l.event("INFO", source, "", message, pairs)
}

// Warn tells what a developer should look at.
func (l *Log) Warn(source, message string, pairs ...any) {
	l.event("WARN", source, "", message, pairs)
}

// Error tells what went wrong.
func (l *Log) Error(source, message string, pairs ...any) {
	l.event("ERROR", source, "", message, pairs)
}

// Request is Info with the trace of a request.
func (l *Log) Request(source, trace, message string, pairs ...any) {
	l.event("INFO", source, trace, message, pairs)
}

func (l *Log) event(level, source, trace, message string, pairs []any) {
	var members []member
	for i := 0; i+1 < len(pairs); i += 2 {
		members = append(members, member{fmt.Sprint(pairs[i]), pairs[i+1]})
	}
	if l.raw {
		l.object(level, source, trace, message, members)
		return
	}
	l.line(source, trace, level, message, members)
}

// Block is an unmistakable frame around something that went wrong in a function.
func (l *Log) Block(source, trace, title string, lines []string) {
	if l.raw {
		l.object("ERROR", source, trace, title, []member{{"lines", lines}})
		return
	}
	var b strings.Builder
	bar := l.paint(red, "┃ ")
	b.WriteString(l.paint(red, "┏━━ "+source+": "+title) + short(trace, "  trace ") + "\n")
	for _, line := range lines {
		b.WriteString(bar + line + "\n")
	}
	b.WriteString(l.paint(red, "┗━━") + "\n")
	l.write(b.String())
}

// Text writes lines as they are, for the banner. In raw mode they become one event.
func (l *Log) Text(text string) {
	if l.raw {
		l.object("INFO", "devserver", "", text, nil)
		return
	}
	l.write(strings.TrimRight(text, "\n") + "\n")
}

// Line renders one line that a function printed: JSON of log/slog as an event, metrics
// by their names, anything else as it is.
func (l *Log) Line(source, trace, line string) {
	record, ok := decode(line)
	if !ok {
		record, ok = metrics(line)
	}
	switch {
	case l.raw && ok:
		head, _ := json.Marshal(map[string]string{"function": source, "invocation": trace})
		rest := strings.TrimSpace(line)[1:]
		if strings.TrimSpace(rest) != "}" {
			rest = "," + rest
		}
		l.write(string(head[:len(head)-1]) + rest + "\n")
	case l.raw:
		l.object("INFO", source, trace, line, nil)
	case ok:
		if record.trace != "" {
			trace = record.trace
		}
		l.line(source, trace, record.level, record.message, record.members)
	default:
		l.line(source, trace, "", line, nil)
	}
}

type member struct {
	key   string
	value any
}

type record struct {
	level, message, trace string
	members               []member
}

// decode reads a log/slog JSON line, keeping the order of its members.
func decode(line string) (record, bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "{") {
		return record{}, false
	}
	d := json.NewDecoder(strings.NewReader(line))
	if _, err := d.Token(); err != nil {
		return record{}, false
	}
	var r record
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return record{}, false
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return record{}, false
		}
		text := string(raw)
		var s string
		if json.Unmarshal(raw, &s) == nil {
			text = s
		}
		switch key {
		case "time", "timestamp", "function":
		case "level":
			r.level = text
		case "msg", "message":
			r.message = text
		case "trace":
			r.trace = text
		default:
			r.members = append(r.members, member{fmt.Sprint(key), text})
		}
	}
	return r, r.message != "" || r.level != ""
}

// metrics reads a line of CloudWatch's embedded metric format: its values, after those
// of its dimensions.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func metrics(line string) (record, bool) {
	var about struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &about) != nil || json.Unmarshal([]byte(line), &values) != nil || len(about.AWS.CloudWatchMetrics) == 0 {
		return record{}, false
	}
	r := record{level: "COUNT"}
	add := func(name string) {
		text := string(values[name])
		if s, err := strconv.Unquote(text); err == nil {
			text = s
		}
		if m := (member{name, text}); !slices.Contains(r.members, m) {
			r.members = append(r.members, m)
		}
	}
	for _, d := range about.AWS.CloudWatchMetrics {
		for _, set := range d.Dimensions {
			for _, name := range set {
				add(name)
			}
		}
		for _, m := range d.Metrics {
			add(m.Name)
		}
	}
	return r, true
}

func (l *Log) object(level, source, trace, message string, members []member) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	put := func(key string, v any) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(key)
		b.Write(append(name, ':'))
		if err, ok := v.(error); ok {
			v = err.Error()
		}
		if d, ok := v.(time.Duration); ok {
			v = d.String()
		}
		at := b.Len()
		if encoder.Encode(v) != nil {
			b.Truncate(at)
			_ = encoder.Encode(fmt.Sprint(v))
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('{')
	put("time", l.now().UTC().Format(time.RFC3339Nano))
	put("level", level)
	put("function", source)
	if trace != "" {
		put("invocation", trace)
	}
	put("msg", message)
	for _, m := range members {
		put(m.key, m.value)
	}
	l.write(b.String() + "}\n")
}

func (l *Log) line(source, trace, level, message string, members []member) {
	var b strings.Builder
	l.mu.Lock()
	width := l.width
	l.mu.Unlock()
	b.WriteString(l.paint(grey, l.now().Format("15:04:05.000")))
	fmt.Fprintf(&b, " %s %s ", l.paint(hue(source), fmt.Sprintf("%-*s", width, source)), l.paint(grey, fmt.Sprintf("%-6s", short(trace, ""))))
	if level != "" {
		colour := grey
		switch level {
		case "WARN":
			colour = yellow
		case "ERROR":
			colour = red
		}
		b.WriteString(l.paint(colour, fmt.Sprintf("%-5s", level)) + " ")
	}
	b.WriteString(message)
	for _, m := range members {
		value := fmt.Sprint(m.value)
		if value == "" || strings.ContainsAny(value, " \t\"") && !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
			value = fmt.Sprintf("%q", value)
		}
		b.WriteString(" " + l.paint(grey, m.key+"=") + value)
	}
	b.WriteByte('\n')
	l.write(b.String())
}

func (l *Log) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.out, text)
}

// Terminal colours.
const (
	red    = 31
	yellow = 33
	grey   = 90
)

func (l *Log) paint(colour int, text string) string {
	if !l.colour {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}

// hue gives every name its own colour, the same in every run.
func hue(name string) int {
	sum := 0
	for _, c := range name {
		sum = sum*31 + int(c)
	}
	return []int{32, 34, 35, 36, 92, 94, 95, 96}[uint(sum)%8]
}

// short is the tail of a trace id, enough to follow it by eye.
func short(trace, prefix string) string {
	if trace == "" {
		return ""
	}
	if i := strings.LastIndexByte(trace, '-'); i >= 0 {
		trace = trace[i+1:]
	}
	return prefix + trace[max(0, len(trace)-6):]
}
