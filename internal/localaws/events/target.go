package events

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

const (
	maxTargets       = 5  // of one rule
	maxTargetsAtOnce = 10 // of one call
)

var arnForm = regexp.MustCompile(`^arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+$`)

// Target is a target of a rule, as it travels and is stored. Members that targets
// have only when they are no queues are not known.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
type Target struct {
	Id, Arn          string
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer *InputTransformer `json:",omitempty"`
	SqsParameters    *SqsParameters    `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	RetryPolicy      *RetryPolicy      `json:",omitempty"`
}

// InputTransformer makes a message of values of the event.
type InputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

// SqsParameters is what only queues need.
type SqsParameters struct{ MessageGroupId string }

// DeadLetterConfig names the queue of what could not be delivered.
type DeadLetterConfig struct{ Arn string }

// RetryPolicy is kept and has no effect: nothing that fails here would go better
// the next time.
type RetryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"` // 0 to 185
	MaximumEventAgeInSeconds *int `json:",omitempty"` // 60 to 86,400
}

// target is a target that can be used.
type target struct {
	Target
	group  string
	grave  string // ARN of the dead-letter queue, or ""
	render renderer
}

// newTarget checks a target; at is where it stands in the call.
func (e *Engine) newTarget(in Target, at string) (*target, error) {
	if err := checkName(in.Id, at+".id"); err != nil {
		return nil, err
	}
	if err := e.checkQueue(in.Id, in.Arn); err != nil {
		return nil, err
	}
	t := &target{Target: in}
	if in.SqsParameters != nil {
		t.group = in.SqsParameters.MessageGroupId
	}
	if t.group == "" && strings.HasSuffix(in.Arn, ".fifo") {
		return nil, wire.Validation("Parameter(s) SqsParameters must be specified for target: %s.", in.Id)
	}
	if d := in.DeadLetterConfig; d != nil && d.Arn != "" {
		if err := e.checkQueue(in.Id, d.Arn); err != nil {
			return nil, err
		}
		if t.grave = d.Arn; strings.HasSuffix(d.Arn, ".fifo") {
			return nil, wire.Validation("Parameter DeadLetterConfig.Arn of target %s is not valid. Reason: a dead-letter queue must be a standard queue.", in.Id)
		}
	}
	if err := in.RetryPolicy.check(at + ".retryPolicy"); err != nil {
		return nil, err
	}
	var err error
	t.render, err = newRenderer(in)
	return t, err
}

// checkQueue refuses what is no queue of this account and region. The queue need
// not exist, as with AWS.
func (e *Engine) checkQueue(id, arn string) error {
	here := "arn:aws:sqs:" + e.cfg.Region + ":" + e.cfg.Account + ":"
	name, ours := strings.CutPrefix(arn, here)
	switch {
	case !arnForm.MatchString(arn):
		return wire.Validation("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", arn)
	case !strings.HasPrefix(arn, "arn:aws:sqs:"):
		return wire.Unsupported("targets other than SQS queues (target %s: %s)", id, arn)
	case !ours || strings.Contains(name, ":"):
		return wire.Unsupported("queues of another account or region (target %s: %s)", id, arn)
	}
	return nil
}

func (p *RetryPolicy) check(at string) error {
	if p == nil {
		return nil
	}
	within := func(n *int, name string, low, high int) error {
		switch {
		case n != nil && *n < low:
			return constraint(*n, at+"."+name, fmt.Sprint("Member must have value greater than or equal to ", low))
		case n != nil && *n > high:
			return constraint(*n, at+"."+name, fmt.Sprint("Member must have value less than or equal to ", high))
		}
		return nil
	}
	if err := within(p.MaximumRetryAttempts, "maximumRetryAttempts", 0, 185); err != nil {
		return err
	}
	return within(p.MaximumEventAgeInSeconds, "maximumEventAgeInSeconds", 60, 86_400)
}

// failedTarget is a target that was refused while others were not.
type failedTarget struct{ TargetId, ErrorCode, ErrorMessage string }

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

// putTargets adds targets to a rule, or replaces those with the same ids. All are
// taken or none.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (e *Engine) putTargets(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		Rule, EventBusName string
		Targets            []Target
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	_, found, err := e.findRule(r, "PutTargets", named{in.Rule, in.EventBusName})
	if err != nil {
		return nil, nil, err
	}
	switch n := len(in.Targets); {
	case n < 1:
		return nil, nil, constraint("[]", "targets", "Member must have length greater than or equal to 1")
	case n > maxTargetsAtOnce:
		return nil, nil, constraint(fmt.Sprintf("[%d targets]", n), "targets", fmt.Sprint("Member must have length less than or equal to ", maxTargetsAtOnce))
	}
	targets := slices.Clone(found.targets)
	seen := map[string]bool{}
	for i, t := range in.Targets {
		if seen[t.Id] {
			return nil, nil, wire.Validation("Parameter Targets is not valid. Reason: the target id %s is given twice.", t.Id)
		}
		seen[t.Id] = true
		made, err := e.newTarget(t, fmt.Sprintf("targets.%d.member", i+1))
		if err != nil {
			return nil, nil, err
		}
		if at := slices.IndexFunc(targets, func(old *target) bool { return old.Id == t.Id }); at >= 0 {
			targets[at] = made
		} else {
			targets = append(targets, made)
		}
	}
	if len(targets) > maxTargets {
		return nil, nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	found.setTargets(targets)
	return targetsOutput{FailedEntries: []failedTarget{}}, []disk.Op{found.op()}, nil
}

func (r *rule) setTargets(targets []*target) {
	r.targets, r.Targets = targets, nil
	for _, t := range targets {
		r.Targets = append(r.Targets, t.Target)
	}
}

// removeTargets takes targets from a rule, and tells which it does not have.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemoveTargets.html
func (e *Engine) removeTargets(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		Rule, EventBusName string
		Ids                []string
		Force              bool
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	_, found, err := e.findRule(r, "RemoveTargets", named{in.Rule, in.EventBusName})
	if err != nil {
		return nil, nil, err
	}
	switch n := len(in.Ids); {
	case n < 1:
		return nil, nil, constraint("[]", "ids", "Member must have length greater than or equal to 1")
	case n > 100:
		return nil, nil, constraint(fmt.Sprintf("[%d ids]", n), "ids", "Member must have length less than or equal to 100")
	}
	targets := slices.Clone(found.targets)
	out := targetsOutput{FailedEntries: []failedTarget{}}
	for _, id := range in.Ids {
		at := slices.IndexFunc(targets, func(t *target) bool { return t.Id == id })
		if at < 0 {
			out.FailedEntries = append(out.FailedEntries, failedTarget{id, "ResourceNotFoundException",
				fmt.Sprintf("Rule '%s' does not have a target with the Id '%s'.", in.Rule, id)})
			continue
		}
		targets = slices.Delete(targets, at, at+1)
	}
	out.FailedEntryCount = len(out.FailedEntries)
	found.setTargets(targets)
	return out, []disk.Op{found.op()}, nil
}

func (e *Engine) listTargetsByRule(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		page
		Rule, EventBusName string
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	_, found, err := e.findRule(r, "ListTargetsByRule", named{in.Rule, in.EventBusName})
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]Target{}
	for _, t := range found.Targets {
		byID[t.Id] = t
	}
	out := struct {
		Targets   []Target
		NextToken string `json:",omitempty"`
	}{Targets: []Target{}}
	ids, token, err := in.cut(filtered(byID, ""))
	for _, id := range ids {
		out.Targets = append(out.Targets, byID[id])
	}
	out.NextToken = token
	return out, nil, err
}
