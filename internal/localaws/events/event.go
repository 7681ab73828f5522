package events

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// event is one event on its way, with the envelope that targets see.
type event struct {
	id, bus, source, kind string // kind is the detail-type
	account, region       string
	detail                string // JSON of an object, compact
	trace                 string
	resources             []string
	time, ingested        time.Time

	text string // the envelope, filled by write
}

// write makes the envelope.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
func (ev *event) write() {
	b := make([]byte, 0, len(ev.detail)+400)
	b = append(b, `{"version":"0","id":`...)
	b = appendQuoted(b, ev.id)
	b = append(b, `,"detail-type":`...)
	b = appendQuoted(b, ev.kind)
	b = append(b, `,"source":`...)
	b = appendQuoted(b, ev.source)
	b = append(b, `,"account":`...)
	b = appendQuoted(b, ev.account)
	b = append(b, `,"time":`...)
	b = appendQuoted(b, timeText(ev.time))
	b = append(b, `,"region":`...)
	b = appendQuoted(b, ev.region)
	b = append(b, `,"resources":`...)
	b = ev.appendResources(b)
	b = append(b, `,"detail":`...)
	b = append(b, ev.detail...)
	ev.text = string(append(b, '}'))
}

func (ev *event) appendResources(b []byte) []byte {
	b = append(b, '[')
	for i, resource := range ev.resources {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, resource)
	}
	return append(b, ']')
}

// head is the event without its detail, as <aws.events.event> gives it: AWS writes
// detail-type as detailType there, and in this order.
func (ev *event) head() json.RawMessage {
	b := appendQuoted([]byte(`{"id":`), ev.id)
	b = append(b, `,"account":`...)
	b = appendQuoted(b, ev.account)
	b = append(b, `,"detailType":`...)
	b = appendQuoted(b, ev.kind)
	b = append(b, `,"time":`...)
	b = appendQuoted(b, timeText(ev.time))
	b = append(b, `,"source":`...)
	b = appendQuoted(b, ev.source)
	b = append(b, `,"region":`...)
	b = appendQuoted(b, ev.region)
	b = append(b, `,"resources":`...)
	b = ev.appendResources(b)
	return append(b, `,"version":"0"}`...)
}

// tree is the event as patterns look at it.
func (ev *event) tree() map[string]any {
	var detail any
	d := json.NewDecoder(strings.NewReader(ev.detail))
	d.UseNumber()
	if d.Decode(&detail) != nil {
		detail = nil // it was valid when it came
	}
	resources := make([]any, len(ev.resources))
	for i, resource := range ev.resources {
		resources[i] = resource
	}
	return map[string]any{"version": "0", "id": ev.id, "detail-type": ev.kind, "source": ev.source, "account": ev.account,
		"time": timeText(ev.time), "region": ev.region, "resources": resources, "detail": detail}
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// appendQuoted appends a JSON string, without the escapes that only HTML needs.
func appendQuoted(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7E || c == '"' || c == '\\' {
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			if e.Encode(s) != nil {
				return strconv.AppendQuote(b, "") // a string can always be encoded
			}
			return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
