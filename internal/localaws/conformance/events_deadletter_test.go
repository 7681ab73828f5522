package conformance

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// withGrave is a target with a dead-letter queue.
func withGrave(t testing.TB, grave *box) func(*types.Target) {
	t.Helper()
	arn := grave.arn(t)
	return func(target *types.Target) { target.DeadLetterConfig = &types.DeadLetterConfig{Arn: &arn} }
}

// buried receives the one dead letter and checks its attributes.
func (b *box) buried(t testing.TB, rule, target, code string) (body, message string) {
	t.Helper()
	m := b.arrived(t, 1)[0]
	got := map[string]string{}
	for name, a := range m.MessageAttributes {
		got[name] = aws.ToString(a.StringValue)
	}
	message = got["ERROR_MESSAGE"]
	delete(got, "ERROR_MESSAGE")
	if want := map[string]string{"RULE_ARN": rule, "TARGET_ARN": target, "ERROR_CODE": code}; !maps.Equal(got, want) || message == "" {
		t.Errorf("got attributes %v and message %q, want %v", got, message, want)
	}
	return *m.Body, message
}

// A queue without a policy for the rule is the silent failure of real deployments.
func TestQueueWithoutAPolicyGetsNothingAndTheDeadLetterQueueAll(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, q, grave := c.bus(t), c.queue(t, false, nil), c.inbox(t, false, nil)
	_, rule := l.rule(t, `{"source":["conformance"]}`, q.to(t, withGrave(t, grave), func(t *types.Target) { t.InputPath = aws.String("$.detail") }))
	id := l.put(t, l.entry("k", `{"n":1}`))[0]
	q.arrived(t, 0)
	body, message := grave.buried(t, rule, q.arn(t), "NO_PERMISSIONS")
	if !strings.Contains(body, `"id":"`+id+`"`) || !strings.Contains(body, `"detail":{"n":1}`) || !strings.Contains(message, "sqs:SendMessage") {
		t.Errorf("got body %s, message %s, want the event as it came", body, message)
	}
	q.open(t, rule)
	l.put(t, l.entry("k", `{"n":2}`))
	if got := *q.arrived(t, 1)[0].Body; got != `{"n":2}` {
		t.Errorf("got %s after the policy was set", got)
	}
}

func TestQueuePolicyDecidesWhichRulesMaySend(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, grave := c.bus(t), c.inbox(t, false, nil)
	for name, test := range map[string]struct {
		statements string
		arrives    bool
	}{
		"the rule's own ARN":      {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE","Condition":{"ArnEquals":{"aws:SourceArn":"RULE"}}}`, true},
		"rules of the bus":        {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/BUS/*"}}}`, true},
		"TLS only as well":        {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE"},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, true},
		"another rule":            {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE","Condition":{"ArnEquals":{"aws:SourceArn":"RULE2"}}}`, false},
		"another service":         {`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE"}`, false},
		"another queue":           {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE2"}`, false},
		"another action":          {`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:ReceiveMessage","Resource":"QUEUE"}`, false},
		"denied":                  {`{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"QUEUE"},{"Effect":"Deny","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE"}`, false},
		"a form that is not read": {`{"Effect":"Allow","Principal":"*","NotAction":"sqs:ReceiveMessage","Resource":"QUEUE"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := c.queue(t, false, nil)
			kind := unique("k")
			_, rule := l.rule(t, `{"detail-type":["`+kind+`"]}`, q.to(t, withGrave(t, grave)))
			text := strings.NewReplacer("QUEUE2", q.arn(t)+"2", "QUEUE", q.arn(t), "RULE2", rule+"2", "RULE", rule, "BUS", l.name).Replace(test.statements)
			if err := q.set(map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[` + text + `]}`}); err != nil {
				t.Fatal(err)
			}
			l.put(t, l.entry(kind, `{}`))
			if test.arrives {
				q.arrived(t, 1)
				return
			}
			if _, message := grave.buried(t, rule, q.arn(t), "NO_PERMISSIONS"); strings.Contains(name, "not read") && !strings.Contains(message, "NotAction is not known") {
				t.Errorf("got message %q, want it to name what was not read", message)
			}
		})
	}
}

func TestUndeliverableEventGoesToTheDeadLetterQueueWithTheReason(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, grave := c.bus(t), c.inbox(t, false, nil)
	group := func(t *types.Target) { t.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("g")} }
	for name, test := range map[string]struct {
		queue  func() *box
		change func(*types.Target)
		code   string
	}{
		"the queue is gone": {func() *box {
			q := c.inbox(t, false, nil)
			return q
		}, func(*types.Target) {}, "NO_RESOURCE"},
		"too large": {func() *box { return c.inbox(t, false, map[string]string{"MaximumMessageSize": "1024"}) },
			func(t *types.Target) { t.Input = aws.String(`"` + strings.Repeat("x", 2000) + `"`) }, "INVALID_PARAMETER"},
		"no deduplication by content": {func() *box { return c.inbox(t, true, nil) }, group, "INVALID_PARAMETER"},
		"nothing at the path": {func() *box { return c.inbox(t, false, nil) },
			func(t *types.Target) { t.InputPath = aws.String("$.detail.none") }, "INVALID_JSON"},
		"a template that makes no JSON": {func() *box { return c.inbox(t, false, nil) }, func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a": "<x>"}`), InputPathsMap: map[string]string{"x": "$.detail.text"}}
		}, "INVALID_JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			q := test.queue()
			arn, kind := q.arn(t), unique("k")
			_, rule := l.rule(t, `{"detail-type":["`+kind+`"]}`, q.to(t, withGrave(t, grave), test.change))
			if test.code == "NO_RESOURCE" {
				must(q.api.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &q.url}))(t)
			}
			l.put(t, l.entry(kind, `{"text":"a \"quoted\" word"}`))
			grave.buried(t, rule, arn, test.code)
		})
	}
}

func TestDeadLetterQueueNeedsAPolicyToo(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, q, grave := c.bus(t), c.queue(t, false, nil), c.queue(t, false, nil)
	_, rule := l.rule(t, `{"source":["conformance"]}`, q.to(t, withGrave(t, grave)), q.to(t))
	l.put(t, l.entry("k", `{}`))
	q.arrived(t, 0)
	grave.arrived(t, 0)
	if got := c.server.Events().Counts()[rule]; fmt.Sprint(got) != "{1 0 0 2}" {
		t.Errorf("got counts %+v, want 1 matched and 2 dropped", got)
	}
}

func TestDeadLetterQueueIsAStandardQueue(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["conformance"]}`)
	grave := c.inbox(t, true, nil)
	err := l.putTarget(rule, q.to(t, withGrave(t, grave)))
	wantCode(t, err, "ValidationException")
}
