package template

import (
	"encoding/json"
	"time"

	"omnihub/internal/devserver/role"
)

// readSchedule reads an event of type ScheduleV2 or Schedule; ok is false if it is
// switched off. Its retries and its dead-letter queue are for events that Lambda does
// not take; what the function fails at is retried as its EventInvokeConfig says.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html
func readSchedule(m *Model, f Function, roles map[string]role.Policy, id string, rule bool, p *object) (s Schedule, ok bool) {
	s.Event, s.Rule = id, rule
	key := "ScheduleExpression"
	if rule {
		key = "Schedule"
	}
	if s.Expression = p.text(key, ""); s.Expression == "" {
		p.fail(p.node, "%s is missing", key)
	}
	s.Name = p.text("Name", m.Stack+"-"+f.ID+id)
	s.Input = p.text("Input", "")
	if s.Input != "" && !json.Valid([]byte(s.Input)) {
		p.fail(p.get("Input"), "Input is not JSON")
	}
	retry := p.object("RetryPolicy")
	retryPolicy(retry)
	_ = retry.done()
	if dead := p.object("DeadLetterConfig"); dead.has("Arn") {
		s.DeadLetter = dead.text("Arn", "")
		standardQueue(m, dead, "Arn")
	}
	_ = p.object("DeadLetterConfig").done("Arn", "Type", "QueueLogicalId")
	enabled := p.one("State", "ENABLED", "ENABLED", "DISABLED") == "ENABLED"
	if rule {
		enabled = p.flag("Enabled", enabled)
		_ = p.done("Description")
		return s, enabled
	}
	s.Zone = p.text("ScheduleExpressionTimezone", "")
	s.Start, s.End = instant(p, "StartDate"), instant(p, "EndDate")
	window := p.object("FlexibleTimeWindow")
	window.one("Mode", "OFF", "OFF", "FLEXIBLE")
	_ = window.done("MaximumWindowInMinutes")
	if p.has("RoleArn") {
		checkScheduleRole(p, roles, f.ARN, s.DeadLetter)
	}
	_ = p.done("Description", "GroupName", "KmsKeyArn", "OmitName", "PermissionsBoundary")
	return s, enabled
}

// checkScheduleRole refuses a role with which the schedule could not call the
// function, or not use its dead-letter queue: at AWS it would fail in silence.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
func checkScheduleRole(p *object, roles map[string]role.Policy, function, deadLetter string) {
	arn := p.text("RoleArn", "")
	policy, ok := roles[arn]
	switch {
	case !ok:
		p.fail(p.get("RoleArn"), "role %s is not in this template", arn)
	case !policy.Allows("lambda:InvokeFunction", function):
		p.fail(p.get("RoleArn"), "the role does not allow lambda:InvokeFunction on %s: the schedule would never fire", function)
	case deadLetter != "" && !policy.Allows("sqs:SendMessage", deadLetter):
		p.fail(p.get("RoleArn"), "the role does not allow sqs:SendMessage on %s, the dead-letter queue", deadLetter)
	}
}

// async reads a function's EventInvokeConfig.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func async(m *Model, o *object) Async {
	p := o.object("EventInvokeConfig")
	a := Async{Retries: p.number("MaximumRetryAttempts", 2, 0, 2), MaxAge: p.seconds("MaximumEventAgeInSeconds", 21600, 60, 21600)}
	destination := p.object("DestinationConfig")
	if destination.has("OnFailure") {
		failure := destination.object("OnFailure")
		failure.one("Type", "", "SQS")
		a.OnFailure = failure.text("Destination", "")
		standardQueue(m, failure, "Destination")
		_ = failure.done()
	}
	_ = destination.done()
	_ = p.done()
	return a
}

// standardQueue refuses an ARN that is of no standard queue in this template.
func standardQueue(m *Model, o *object, key string) {
	arn := o.text(key, "")
	switch q := m.QueueByARN(arn); {
	case q == nil:
		o.fail(o.get(key), "queue %q is not in this template", arn)
	case q.FIFO || q.Shuffled:
		o.fail(o.get(key), "%s is a FIFO queue; a standard one is wanted here", q.ID)
	}
}

func instant(p *object, key string) time.Time {
	text := p.text(key, "")
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(p.get(key), "%s %q is no time", key, text)
	}
	return t
}
