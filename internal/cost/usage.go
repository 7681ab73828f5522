package main

import (
	"fmt"
	"math"
	"strings"
)

// Shape says how events lie together.
type Shape struct {
	Name    string
	Webhook float64 // events in one webhook
	Batch   float64 // messages in one receive, records in one batch of a stream
}

// shapes are the columns of the report.
var shapes = []Shape{{"1", 1, 1}, {"10", 1, 10}, {"10 of 10", 10, 10}}

// Usage is what one event uses, by item of the price file, and its log bytes.
type Usage struct {
	Items    map[string]float64
	LogBytes float64
	Notes    []string
}

// Services, as far as they take time or money.
const (
	dynamodb = "dynamodb"
	sqs      = "sqs"
	events   = "events"
	kms      = "kms"
	s3       = "s3"
)

// operations are all that may stand in the golden file.
var operations = map[string]string{
	"GetItem": dynamodb, "BatchGetItem": dynamodb, "Query": dynamodb, "TransactGetItems": dynamodb,
	"PutItem": dynamodb, "UpdateItem": dynamodb, "DeleteItem": dynamodb, "BatchWriteItem": dynamodb, "TransactWriteItems": dynamodb,
	"SendMessage": sqs, "SendMessageBatch": sqs, "ChangeMessageVisibility": sqs, "ChangeMessageVisibilityBatch": sqs,
	"PutEvents": events,
	"Encrypt":   kms, "Decrypt": kms, "GenerateDataKey": kms, "GenerateDataKeyWithoutPlaintext": kms,
	"PutObject": s3,
}

// Model turns counts into usage.
type Model struct {
	Plant    *Plant
	Assume   *Assumptions
	Measured *Measured
}

// use is what one event of a scenario uses when events lie together as the shape
// says. What one call can carry for many events is shared; units are not.
func (m *Model) use(s Scenario, shape Shape) (Usage, error) {
	u := Usage{Items: map[string]float64{}}
	of := map[string][]Count{}
	for _, c := range s.Counts {
		if _, ok := m.Plant.Functions[c.Function]; !ok {
			return u, fmt.Errorf("cost: %s: the template has no function %s", s.Name, c.Function)
		}
		of[c.Function] = append(of[c.Function], c)
	}
	publisher, err := m.publisher(s)
	if err != nil {
		return u, err
	}
	if publisher != "" && of[publisher] == nil {
		of[publisher] = []Count{}
	}
	for name, counts := range of {
		w, err := m.work(s, shape, name)
		if err != nil {
			return u, err
		}
		if name == publisher {
			w.published = s.published() / s.events()
		}
		if err := m.function(&u, w, counts); err != nil {
			return u, fmt.Errorf("cost: %s: %w", s.Name, err)
		}
	}
	m.logs(&u, s, shape)
	return u, nil
}

// publisher is the function that put the scenario's events on the bus, the one that
// reads the streams; "" if there are none.
func (m *Model) publisher(s Scenario) (string, error) {
	if s.published() == 0 {
		return "", nil
	}
	var names []string
	for name, f := range m.Plant.Functions {
		if f.Trigger == byStream {
			names = append(names, name)
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("cost: %s: %d functions read streams, so who published is not known", s.Name, len(names))
	}
	return names[0], nil
}

// work is how a function's counts are spread over events.
type work struct {
	name      string
	function  Function
	share     float64 // events that share the counted calls
	units     float64 // events that share the counted units
	batch     float64
	invokes   float64 // for one event, those of a stream apart
	messages  float64 // that came to its queue for one event
	ruled     bool    // a rule put them there
	published float64 // events on the bus, for one event
}

func (m *Model) work(s Scenario, shape Shape, name string) (work, error) {
	w := work{name: name, function: m.Plant.Functions[name], share: s.events(), units: s.events(), batch: shape.Batch}
	switch w.function.Trigger {
	case byHTTP:
		// The counts are those of one webhook, with however many events.
		w.share, w.units, w.invokes = shape.Webhook, shape.Webhook, 1/shape.Webhook
	case byQueue:
		w.messages, w.ruled = sent(s, w.function.Queue)
		w.invokes = w.messages / shape.Batch
	case byStream:
		if s.events() == 1 {
			w.share = shape.Batch
		}
	case bySchedule:
		w.invokes = 1
	default:
		return w, fmt.Errorf("cost: %s: what invokes %s is not known", s.Name, name)
	}
	return w, nil
}

// function adds what one function uses.
func (m *Model) function(u *Usage, w work, counts []Count) error {
	f, a := w.function, m.Assume
	waiting, calls := 0.0, 0.0
	for _, c := range counts {
		service := operations[c.Operation]
		if service == "" {
			return fmt.Errorf("what %s costs is not known", c.Operation)
		}
		if service == events {
			continue // the events count, not the calls that carry them
		}
		n := c.Calls / w.share
		calls += n
		waiting += n * a.wait(service)
		switch service {
		case dynamodb:
			u.Items["dynamodb.wru"] += c.Write / w.units
			u.Items["dynamodb.rru"] += c.Read / w.units
		case sqs:
			if _, ok := m.Plant.Queues[c.Resource]; !ok {
				return fmt.Errorf("the template has no queue %s", c.Resource)
			}
			u.Items[m.queueItem(c.Resource)] += n
		case kms:
			u.Items["kms.request"] += n
		case s3:
			u.Items["s3.put"] += n
		}
	}
	puts := w.published / w.batch // alone, each event is in a call of its own
	u.Items["eventbridge.event"] += w.published
	calls, waiting = calls+puts, waiting+puts*a.WaitMS.Events
	asks := w.messages * a.PlatformCalls.PerMessage[w.name]
	calls, waiting = calls+asks, waiting+asks*a.WaitMS.Platform

	invokes := w.invokes
	switch f.Trigger {
	case byHTTP:
		u.Items["httpapi.request"] += invokes
	case byQueue:
		queue := m.queueItem(f.Queue)
		u.Items[queue] += 2 * invokes // a receive and a delete
		if w.ruled {
			u.Items[queue] += w.messages // a rule puts each one on by itself
		}
	case byStream:
		invokes = calls // alone, each call is in an invocation of its own
	}
	ms := waiting + (invokes*a.CPU.InvokeMS+calls*a.CPU.CallMS)*m.slow(f) + invokes*a.Cold.Share*a.Cold.InitMS
	if invokes > 0 {
		ms = math.Ceil(ms/invokes) * invokes // billed by the whole millisecond
	}
	u.Items["lambda.request"] += invokes
	u.Items["lambda.gbsecond"] += ms / 1000 * f.Memory / 1024
	if !f.Quiet {
		u.LogBytes += invokes * a.lineBytes(a.Logs.Invocation)
	}
	return nil
}

// slow is how much longer a function computes than a whole processor would.
func (m *Model) slow(f Function) float64 { return max(1, m.Assume.CPU.FullMB/f.Memory) }

// sent is how many messages came to a queue for one event, and whether a rule put
// them there. One event makes one message per counted call; a webhook of many events
// one for each. What no function was counted for came by a rule: one message.
func sent(s Scenario, queue string) (messages float64, ruled bool) {
	for _, c := range s.Counts {
		if c.Resource == queue && strings.HasPrefix(c.Operation, "SendMessage") {
			messages += c.Calls
		}
	}
	if messages == 0 || s.events() > 1 {
		return 1, messages == 0
	}
	return messages, false
}

func (m *Model) queueItem(queue string) string {
	if m.Plant.Queues[queue] {
		return "sqs.fifo.request"
	}
	return "sqs.standard.request"
}

// logs adds the functions' own lines and the access log.
func (m *Model) logs(u *Usage, s Scenario, shape Shape) {
	u.LogBytes += u.Items["httpapi.request"] * m.Assume.lineBytes(m.Assume.Logs.Webhook)
	got, ok := m.Measured.Scenarios[s.Name]
	if !ok {
		u.Notes = append(u.Notes, "the functions' own log lines were not measured: logs are those of Lambda and of the gateway only")
		return
	}
	for name, l := range got {
		share := s.events()
		if m.Plant.Functions[name].Trigger == byHTTP {
			share = shape.Webhook
		}
		u.LogBytes += (l.Bytes + l.Lines*m.Assume.Logs.OverheadBytes) / share
	}
}
