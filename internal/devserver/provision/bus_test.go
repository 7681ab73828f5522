package provision

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/template"
)

// rules lists the rules of a bus with their targets.
func rules(t *testing.T, c Clients, bus string) map[string][]types.Target {
	t.Helper()
	list, err := c.Events.ListRules(context.Background(), &eventbridge.ListRulesInput{EventBusName: &bus})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]types.Target{}
	for _, r := range list.Rules {
		targets, err := c.Events.ListTargetsByRule(context.Background(), &eventbridge.ListTargetsByRuleInput{EventBusName: &bus, Rule: r.Name})
		if err != nil {
			t.Fatal(err)
		}
		out[*r.Name] = targets.Targets
	}
	return out
}

func names(m map[string][]types.Target) []string { return slices.Sorted(maps.Keys(m)) }

func describeRule(t *testing.T, c Clients, bus, name string) *eventbridge.DescribeRuleOutput {
	t.Helper()
	out, err := c.Events.DescribeRule(context.Background(), &eventbridge.DescribeRuleInput{EventBusName: &bus, Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func policyOf(t *testing.T, c Clients, url string) string {
	t.Helper()
	got, err := c.SQS.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Attributes["Policy"]
}

func TestApplyMakesBusesRulesAndPolicies(t *testing.T) {
	c, m := clients(t), model(t)
	known := apply(t, c, m)
	apply(t, c, m) // it may be repeated
	const bus = "hub-facts"
	spoken := rules(t, c, bus)["hub-Spoken"]
	if len(spoken) != 1 {
		t.Fatalf("targets: got %+v, want one", spoken)
	}
	target := spoken[0]
	if *target.Id != "heard" || *target.Arn != m.Queue("Heard").ARN || *target.DeadLetterConfig.Arn != m.Queue("HeardDead").ARN ||
		*target.RetryPolicy.MaximumRetryAttempts != 5 || *target.RetryPolicy.MaximumEventAgeInSeconds != 600 ||
		*target.InputTransformer.InputTemplate != `{"heard":<text>}` || target.InputTransformer.InputPathsMap["text"] != "$.detail.text" {
		t.Errorf("target: got %+v", target)
	}
	rule := describeRule(t, c, bus, "hub-Spoken")
	if rule.State != types.RuleStateEnabled || !sameJSON(*rule.EventPattern, m.Rules[0].Pattern) || *rule.Arn != m.Rules[0].ARN {
		t.Errorf("rule: got %s %s %s", rule.State, *rule.EventPattern, *rule.Arn)
	}
	for id, has := range map[string]bool{"Heard": true, "HeardDead": true, "HeardLost": false} {
		if got := policyOf(t, c, known[id]); has != strings.Contains(got, "events.amazonaws.com") {
			t.Errorf("policy of %s: got %q", id, got)
		}
	}
	if got := policyOf(t, c, known["Heard"]); !sameJSON(got, m.Queue("Heard").Policy) {
		t.Errorf("policy: got %s, want %s", got, m.Queue("Heard").Policy)
	}
}

func TestApplyKeepsRulesInStepWithTheTemplate(t *testing.T) {
	c, m := clients(t), model(t)
	const bus = "hub-facts"
	heard := m.Queue("Heard")
	m.Rules = append(m.Rules, template.Rule{Name: "hub-Second", Bus: bus, Pattern: `{"source":["x"]}`, Enabled: true, Targets: []template.Target{{ID: "a", ARN: heard.ARN}}},
		template.Rule{Name: "hub-Third", Bus: template.DefaultBus, Pattern: `{"source":["x"]}`, Enabled: true, Targets: []template.Target{{ID: "a", ARN: heard.ARN}}})
	m.Rules[0].Targets = append(m.Rules[0].Targets, template.Target{ID: "more", ARN: heard.ARN, Input: `"x"`})
	apply(t, c, m)
	for _, name := range []string{"foreign", "hub-two-Rule"} { // of others, and of the stack hub-two
		if _, err := c.Events.PutRule(context.Background(), &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source":["x"]}`)}); err != nil {
			t.Fatal(err)
		}
		target := []types.Target{{Id: aws.String("a"), Arn: aws.String("arn:aws:sqs:ap-east-1:000000000000:hub-two-Heard")}}
		if _, err := c.Events.PutTargets(context.Background(), &eventbridge.PutTargetsInput{Rule: &name, Targets: target}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(rules(t, c, bus)), []string{"hub-Second", "hub-Spoken"}; !slices.Equal(got, want) {
		t.Errorf("rules: got %v, want %v", got, want)
	}
	if got := rules(t, c, bus)["hub-Spoken"]; len(got) != 2 {
		t.Errorf("targets: got %+v, want two", got)
	}

	m.Rules = m.Rules[:1]
	m.Rules[0].Targets = []template.Target{{ID: "heard", ARN: heard.ARN, InputPath: "$.detail"}}
	m.Rules[0].Pattern, m.Rules[0].Enabled, m.Rules[0].Description = `{"source":["y"]}`, false, "changed"
	heard.Policy = ""
	known := apply(t, c, m)
	if got, want := names(rules(t, c, bus)), []string{"hub-Spoken"}; !slices.Equal(got, want) {
		t.Errorf("rules after the change: got %v, want %v", got, want)
	}
	if got, want := names(rules(t, c, template.DefaultBus)), []string{"foreign", "hub-two-Rule"}; !slices.Equal(got, want) {
		t.Errorf("rules of the default bus: got %v, want %v", got, want)
	}
	targets := rules(t, c, bus)["hub-Spoken"]
	if len(targets) != 1 || aws.ToString(targets[0].InputPath) != "$.detail" || targets[0].InputTransformer != nil || targets[0].DeadLetterConfig != nil {
		t.Errorf("targets after the change: got %+v", targets)
	}
	rule := describeRule(t, c, bus, "hub-Spoken")
	if rule.State != types.RuleStateDisabled || *rule.EventPattern != `{"source":["y"]}` || *rule.Description != "changed" {
		t.Errorf("rule after the change: got %s %s %s", rule.State, *rule.EventPattern, *rule.Description)
	}
	if got := policyOf(t, c, known["Heard"]); got != "" {
		t.Errorf("policy after the change: got %s, want none", got)
	}
}

func TestApplyNamesTheRuleThatTheServiceRefuses(t *testing.T) {
	c, m := clients(t), model(t)
	m.Rules[0].Pattern = `{"source":"not a list"}`
	_, err := Apply(context.Background(), c, m)
	if err == nil || !strings.Contains(err.Error(), "event rule hub-Spoken of bus hub-facts") {
		t.Errorf("got %v, want an error that names rule and bus", err)
	}
}

// answering answers one operation itself and hands on the others.
type answering struct {
	aws.HTTPClient
	operation, body string
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Target") != "AWSEvents."+a.operation {
		return a.HTTPClient.Do(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func TestApplyDoesNotOverlookAnEntryThatFailed(t *testing.T) {
	for operation, want := range map[string]string{"PutTargets": "target heard: Busy: later", "RemoveTargets": "remove target more: later"} {
		c, m := clients(t), model(t)
		m.Rules[0].Targets = append(m.Rules[0].Targets, template.Target{ID: "more", ARN: m.Queue("Heard").ARN})
		apply(t, c, m)
		m.Rules[0].Targets = m.Rules[0].Targets[:1]
		o := c.Events.Options()
		o.HTTPClient = answering{o.HTTPClient, operation, `{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"heard","ErrorCode":"Busy","ErrorMessage":"later"}]}`}
		c.Events = eventbridge.New(o)
		if _, err := Apply(context.Background(), c, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in an error", operation, err, want)
		}
	}
}
