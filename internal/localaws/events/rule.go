package events

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/pattern"
	"omnihub/internal/localaws/wire"
)

// maxPattern is the quota of a pattern's characters in a new account.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maxPattern = 2048

// rule is one rule with its targets.
type rule struct {
	ruleRecord
	arn     string
	pattern *pattern.Pattern
	targets []*target // as Targets, in the same order
}

// ruleRecord is what is stored of a rule.
type ruleRecord struct {
	Bus, Name    string
	EventPattern string
	Description  string `json:",omitempty"`
	State        string
	Targets      []Target
}

// refresh puts the enabled rules of a bus in order.
func (b *bus) refresh() {
	b.active = nil
	for _, name := range filtered(b.rules, "") {
		if r := b.rules[name]; r.State == "ENABLED" {
			b.active = append(b.active, r)
		}
	}
}

// named is a rule as most calls name it.
type named struct{ Name, EventBusName string }

// findRule is the rule that a call names, if the caller may do action with it.
func (e *Engine) findRule(r *wire.Request, action string, in named) (*bus, *rule, error) {
	if err := checkName(in.Name, "name"); err != nil {
		return nil, nil, err
	}
	name, err := e.busName(in.EventBusName)
	if err == nil {
		err = r.Allow("events:"+action, e.ruleARN(name, in.Name))
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := e.findBus(r, name)
	if err != nil {
		return nil, nil, err
	}
	if found := b.rules[in.Name]; found != nil {
		return b, found, nil
	}
	return b, nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", in.Name, b.name)
}

// putRule makes a rule, or replaces all of one but its targets.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
func (e *Engine) putRule(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		named
		EventPattern, ScheduleExpression, Description, State string
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	b, old, err := e.findRule(r, "PutRule", in.named)
	if b == nil {
		return nil, nil, err
	}
	if err := checkText(in.Description, "description", 0, 512); err != nil {
		return nil, nil, err
	}
	switch in.State {
	case "":
		in.State = "ENABLED"
	case "ENABLED", "DISABLED":
	case "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
		return nil, nil, wire.Unsupported("rules in the state %s", in.State)
	default:
		return nil, nil, constraint(in.State, "state", "Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]")
	}
	switch {
	case in.ScheduleExpression != "":
		return nil, nil, wire.Unsupported("rules with a ScheduleExpression (%s): only event patterns start a rule here", in.ScheduleExpression)
	case in.EventPattern == "":
		return nil, nil, wire.Validation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case utf8.RuneCountInString(in.EventPattern) > 2*maxPattern:
		return nil, nil, constraint(in.EventPattern, "eventPattern", "Member must have length less than or equal to 4096")
	case utf8.RuneCountInString(in.EventPattern) > maxPattern:
		return nil, nil, wire.Errorf("LimitExceededException", "The event pattern has more than %d characters, the quota of an account.", maxPattern)
	case old == nil && len(b.rules) >= maxRules:
		return nil, nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	p, err := compilePattern(in.EventPattern)
	if err != nil {
		return nil, nil, err
	}
	made := &rule{arn: e.ruleARN(b.name, in.Name), pattern: p,
		ruleRecord: ruleRecord{Bus: b.name, Name: in.Name, EventPattern: in.EventPattern, Description: in.Description, State: in.State}}
	if old != nil {
		made.Targets, made.targets = old.Targets, old.targets
	}
	b.rules[in.Name] = made
	b.refresh()
	return map[string]string{"RuleArn": made.arn}, []disk.Op{made.op()}, nil
}

// compilePattern reads an event pattern and refuses it in AWS's words.
func compilePattern(text string) (*pattern.Pattern, error) {
	p, err := pattern.Compile(text)
	var refused *pattern.Error
	if !errors.As(err, &refused) {
		return p, err
	}
	if refused.TooMany {
		return nil, wire.Errorf("LimitExceededException", "Event pattern is not valid. Reason: %s", refused.Reason)
	}
	place := ""
	if refused.Place != "" {
		place = " at " + refused.Place
	}
	return nil, wire.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %s%s", refused.Reason, place)
}

// deleteRule deletes a rule that has no targets. One that does not exist is deleted
// already.
func (e *Engine) deleteRule(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		named
		Force bool // for rules of other services, which are not here
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	b, found, err := e.findRule(r, "DeleteRule", in.named)
	switch {
	case b == nil:
		return nil, nil, err
	case found == nil:
		return wire.Raw(nil), nil, nil
	case len(found.targets) > 0:
		return nil, nil, wire.Validation("Rule can't be deleted since it has targets.")
	}
	delete(b.rules, found.Name)
	b.refresh()
	return wire.Raw(nil), []disk.Op{{Bucket: diskRules, Key: found.key()}}, nil
}

type ruleOutput struct {
	Name, Arn, EventBusName, EventPattern, State string
	Description                                  string `json:",omitempty"`
	CreatedBy                                    string `json:",omitempty"`
}

func (r *rule) describe() ruleOutput {
	return ruleOutput{Name: r.Name, Arn: r.arn, EventBusName: r.Bus, EventPattern: r.EventPattern, State: r.State, Description: r.Description}
}

func (e *Engine) describeRule(r *wire.Request) (any, []disk.Op, error) {
	var in named
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	_, found, err := e.findRule(r, "DescribeRule", in)
	if err != nil {
		return nil, nil, err
	}
	out := found.describe()
	out.CreatedBy = e.cfg.Account
	return out, nil, nil
}

func (e *Engine) listRules(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		page
		NamePrefix, EventBusName string
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if err := r.Allow("events:ListRules", "*"); err != nil {
		return nil, nil, err
	}
	b, err := e.findBus(r, in.EventBusName)
	if err != nil {
		return nil, nil, err
	}
	out := struct {
		Rules     []ruleOutput
		NextToken string `json:",omitempty"`
	}{Rules: []ruleOutput{}}
	names, token, err := in.cut(filtered(b.rules, in.NamePrefix))
	for _, name := range names {
		out.Rules = append(out.Rules, b.rules[name].describe())
	}
	out.NextToken = token
	return out, nil, err
}

func (e *Engine) enableRule(r *wire.Request) (any, []disk.Op, error) {
	return e.setState(r, "EnableRule", "ENABLED")
}

func (e *Engine) disableRule(r *wire.Request) (any, []disk.Op, error) {
	return e.setState(r, "DisableRule", "DISABLED")
}

func (e *Engine) setState(r *wire.Request, action, state string) (any, []disk.Op, error) {
	var in named
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	b, found, err := e.findRule(r, action, in)
	if err != nil {
		return nil, nil, err
	}
	found.State = state
	b.refresh()
	return wire.Raw(nil), []disk.Op{found.op()}, nil
}

// testEventPattern tells whether an event fits a pattern.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
func (e *Engine) testEventPattern(r *wire.Request) (any, []disk.Op, error) {
	var in struct{ Event, EventPattern string }
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	if err := r.Allow("events:TestEventPattern", "*"); err != nil {
		return nil, nil, err
	}
	p, err := compilePattern(in.EventPattern)
	if err != nil {
		return nil, nil, err
	}
	var event map[string]any
	d := json.NewDecoder(strings.NewReader(in.Event))
	d.UseNumber()
	if !json.Valid([]byte(in.Event)) || d.Decode(&event) != nil {
		return nil, nil, wire.Validation("Parameter Event is not valid.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "detail-type"} {
		if _, there := event[name]; !there {
			return nil, nil, wire.Validation("Parameter Event is not valid.")
		}
	}
	return map[string]bool{"Result": p.Match(event)}, nil, nil
}
