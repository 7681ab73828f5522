package template

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// eventsService is the principal by which the event bus sends to queues.
const eventsService = "events.amazonaws.com"

// Limits of the service.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const (
	maxTargets = 5    // of a rule
	maxPattern = 2048 // characters of a pattern
	maxInput   = 8192 // characters of a constant input, or of an input template
	maxPath    = 256  // characters of an input path
	maxPaths   = 100  // of an input transformer
)

var eventName = regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`)

// readBuses reads the queues' policies, the buses and the rules, and holds each rule
// against the policies of the queues that it sends to.
func (r *resolver) readBuses(m *Model) error {
	for _, step := range []struct {
		kind string
		read func(*Model, *resource) error
	}{{typePolicy, r.queuePolicy}, {typeBus, r.bus}, {typeRule, r.rule}} {
		for _, id := range r.order {
			if res := r.resources[id]; res.kind == step.kind {
				if err := step.read(m, res); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bus reads an AWS::Events::EventBus.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbus.html
func (r *resolver) bus(m *Model, res *resource) error {
	o, err := r.properties(res.id+" ("+res.kind+")", field(res.node, "Properties"))
	if err != nil {
		return err
	}
	b := Bus{ID: res.id, Name: res.name, ARN: r.arn("events", "event-bus/"+res.name), Description: o.text("Description", "")}
	switch {
	case !o.has("Name"):
		o.fail(o.node, "Name is missing")
	case b.Name == DefaultBus:
		o.fail(o.get("Name"), "the bus %s is there without being made", DefaultBus)
	case !eventName.MatchString(b.Name) || len(b.Name) > 256:
		o.fail(o.get("Name"), "Name %q is not 1 to 256 letters, digits and . - _", b.Name)
	}
	b.DeadLetter = r.deadLetter(m, o, b.ARN)
	m.Buses = append(m.Buses, b)
	return o.done("Tags")
}

// rule reads an AWS::Events::Rule.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
func (r *resolver) rule(m *Model, res *resource) error {
	o, err := r.properties(res.id+" ("+res.kind+")", field(res.node, "Properties"))
	if err != nil {
		return err
	}
	arn, err := r.attribute(res.node, res.id, "Arn")
	if err != nil {
		return err
	}
	bus, err := r.ruleBus(res)
	if err != nil {
		return err
	}
	rule := Rule{ID: res.id, Name: res.name, ARN: arn.Value, Bus: bus, Description: o.text("Description", ""), Pattern: o.literal("EventPattern"), Line: res.node.Line}
	if n := o.get("EventBusName"); bus != DefaultBus && m.bus(bus) == nil {
		o.fail(n, "EventBusName: there is no bus %s in this template", bus)
	}
	if !eventName.MatchString(rule.Name) || len(rule.Name) > 64 {
		o.fail(o.node, "the name %q is not 1 to 64 letters, digits and . - _: give it a Name", rule.Name)
	}
	for _, other := range m.Rules {
		if other.Bus == rule.Bus && other.Name == rule.Name {
			o.fail(o.node, "the bus %s has a rule %s already: %s", rule.Bus, rule.Name, other.ID)
		}
	}
	if n := o.get("ScheduleExpression"); n != nil {
		o.fail(n, "ScheduleExpression is not played: give the function an event of type ScheduleV2")
	}
	switch length := utf8.RuneCountInString(rule.Pattern); {
	case length == 0:
		o.fail(o.node, "EventPattern is missing")
	case length > maxPattern:
		o.fail(o.get("EventPattern"), "EventPattern has %d characters, more than the %d of an account's quota", length, maxPattern)
	}
	rule.Enabled = o.one("State", "ENABLED", "ENABLED", "DISABLED") == "ENABLED"
	targets := o.objects("Targets")
	if len(targets) > maxTargets {
		o.fail(o.get("Targets"), "a rule has %d targets at most", maxTargets)
	}
	for _, p := range targets {
		t := r.target(m, rule.ARN, p)
		for _, other := range rule.Targets {
			if other.ID == t.ID {
				p.fail(p.node, "Id %s stands twice", t.ID)
			}
		}
		rule.Targets = append(rule.Targets, t)
	}
	m.Rules = append(m.Rules, rule)
	return o.done("Name", "EventBusName", "Tags")
}

// ruleBus is the name of the bus that a rule stands on.
func (r *resolver) ruleBus(res *resource) (string, error) {
	n := field(field(res.node, "Properties"), "EventBusName")
	if n == nil {
		return DefaultBus, nil
	}
	v, err := r.value(n)
	if err != nil {
		return "", err
	}
	switch {
	case v == nil:
		return DefaultBus, nil
	case v.Kind != yaml.ScalarNode || v.Value == "":
		return "", r.errorf(n, "%s: EventBusName must be a name or an ARN", res.id)
	}
	return strings.TrimPrefix(v.Value, r.arn("events", "event-bus/")), nil
}

// target reads a target of a rule, which must be a queue.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-events-rule-target.html
func (r *resolver) target(m *Model, rule string, p *object) Target {
	t := Target{ID: p.text("Id", ""), ARN: p.text("Arn", "")}
	if !eventName.MatchString(t.ID) || len(t.ID) > 64 {
		p.fail(p.node, "Id %q is not 1 to 64 letters, digits and . - _", t.ID)
	}
	p.what += " " + t.ID
	r.input(&t, p)
	group := p.object("SqsParameters")
	t.Group = group.text("MessageGroupId", "")
	_ = group.done()
	t.DeadLetter = r.deadLetter(m, p, rule)
	if p.has("RetryPolicy") {
		retry := p.object("RetryPolicy")
		t.Retry = retryPolicy(retry)
		_ = retry.done()
	}
	q := m.QueueByARN(t.ARN)
	if q == nil {
		p.fail(p.node, "Arn %q is no queue of this template", t.ARN)
		_ = p.done()
		return t
	}
	t.Queue = q.ID
	fifo := q.FIFO || q.Shuffled
	switch {
	case fifo && t.Group == "":
		p.fail(p.node, "SqsParameters: the FIFO queue %s wants a MessageGroupId", q.ID)
	case fifo && !q.ContentDedupe:
		p.fail(p.node, "the FIFO queue %s wants ContentBasedDeduplication: the bus gives no deduplication id", q.ID)
	case !fifo && p.has("SqsParameters"):
		p.fail(p.get("SqsParameters"), "SqsParameters are known for FIFO queues only, and %s is none", q.ID)
	}
	if q.Shuffled {
		t.Group = ""
	}
	r.checkSend(q, p, rule)
	_ = p.done()
	return t
}

// input reads what a target gets of an event.
func (r *resolver) input(t *Target, p *object) {
	ways := 0
	for _, key := range []string{"Input", "InputPath", "InputTransformer"} {
		if p.has(key) {
			ways++
		}
	}
	if ways > 1 {
		p.fail(p.node, "of Input, InputPath and InputTransformer one at most may stand here")
	}
	t.Input, t.InputPath = p.text("Input", ""), p.text("InputPath", "")
	if p.has("Input") && (!json.Valid([]byte(t.Input)) || utf8.RuneCountInString(t.Input) > maxInput) {
		p.fail(p.get("Input"), "Input is not JSON of at most %d characters", maxInput)
	}
	if p.has("InputPath") && (!strings.HasPrefix(t.InputPath, "$") || len(t.InputPath) > maxPath) {
		p.fail(p.get("InputPath"), "InputPath %q is no path from $ of at most %d characters", t.InputPath, maxPath)
	}
	if !p.has("InputTransformer") {
		return
	}
	o := p.object("InputTransformer")
	paths := o.object("InputPathsMap")
	t.Transformer = &Transformer{Paths: map[string]string{}, Template: o.text("InputTemplate", "")}
	for _, name := range paths.keys() {
		path := paths.text(name, "")
		if strings.HasPrefix(strings.ToLower(name), "aws.") || !strings.HasPrefix(path, "$") {
			paths.fail(paths.node, "%s: %q is no path from $, or the name is one of the service's own", name, path)
		}
		t.Transformer.Paths[name] = path
	}
	if len(t.Transformer.Paths) > maxPaths {
		paths.fail(paths.node, "there are %d paths at most", maxPaths)
	}
	if n := utf8.RuneCountInString(t.Transformer.Template); n == 0 || n > maxInput {
		o.fail(o.node, "InputTemplate must have 1 to %d characters", maxInput)
	}
	_ = o.done()
}

// retryPolicy reads a RetryPolicy; what it leaves out is the most that may stand in
// it, as at the service.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
func retryPolicy(o *object) *RetryPolicy {
	return &RetryPolicy{
		Attempts: o.number("MaximumRetryAttempts", 185, 0, 185),
		MaxAge:   o.seconds("MaximumEventAgeInSeconds", int(24*time.Hour/time.Second), 60, 86400),
	}
}

// deadLetter reads a DeadLetterConfig of a bus or target: the ARN of a standard queue
// that the source may send to.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (r *resolver) deadLetter(m *Model, o *object, source string) string {
	if !o.has("DeadLetterConfig") {
		return ""
	}
	p := o.object("DeadLetterConfig")
	arn := p.text("Arn", "")
	q := m.QueueByARN(arn)
	switch {
	case q == nil:
		p.fail(p.node, "dead-letter queue %q is not in this template", arn)
	case q.FIFO || q.Shuffled:
		p.fail(p.node, "the dead-letter queue %s is a FIFO queue; the bus takes standard ones only", q.ID)
	default:
		r.checkSend(q, p, source)
	}
	_ = p.done()
	return arn
}

// checkSend refuses a queue that the bus may not send to for a source: at AWS its
// events are lost without a word.
func (r *resolver) checkSend(q *Queue, o *object, source string) {
	switch {
	case q.EncryptionKey != "":
		o.fail(o.node, "queue %s is encrypted with a key of the key service, whose policy is not judged here: use SqsManagedSseEnabled", q.ID)
	case !r.letsSend(q, source):
		o.fail(o.node, "no AWS::SQS::QueuePolicy lets %s send to queue %s for %s: its events would be lost in silence", eventsService, q.ID, source)
	}
}

func (m *Model) bus(name string) *Bus {
	for i := range m.Buses {
		if m.Buses[i].Name == name {
			return &m.Buses[i]
		}
	}
	return nil
}
