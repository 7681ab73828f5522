package template

import (
	"strings"
	"testing"
)

func TestQueuePolicyIsJudgedAsAWSDoes(t *testing.T) {
	allow := func(more string) string {
		return `[{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sqs:SendMessage", Resource: "*"` + more + `}]`
	}
	condition := func(text string) string { return allow(", Condition: {" + text + "}") }
	const rule = "arn:aws:events:ap-east-1:000000000000:rule/hub-facts/hub-Tagged"
	cases := []struct {
		statements string
		want       bool
	}{
		{allow(""), true},
		{condition(`ArnEquals: {"aws:SourceArn": "` + rule + `"}`), true},
		{condition(`ArnLike: {"aws:SourceArn": "arn:aws:events:*:*:rule/hub-facts/*"}`), true},
		{condition(`ArnLike: {"aws:SourceArn": "arn:aws:events:*:rule/hub-facts/*"}`), false},                       // * stays within its part
		{condition(`ArnEquals: {"aws:SourceArn": "arn:aws:events:ap-east-1:000000000000:rule/hub-Tagged"}`), false}, // as if on the default bus
		{condition(`StringEquals: {"aws:SourceAccount": "000000000000"}`), true},
		{condition(`StringEquals: {"aws:SourceAccount": ["1", "000000000000"]}, Bool: {"aws:SecureTransport": true}`), true},
		{condition(`StringEquals: {"aws:SourceAccount": "000000000000"}, Bool: {"aws:SecureTransport": false}`), false},
		{`{Effect: Allow, Principal: "*", Action: "SQS:*", Resource: !GetAtt Q.Arn}`, true},
		{`[{Effect: Allow, Principal: {AWS: "*"}, Action: ["sqs:Send*"], Resource: !GetAtt Q.Arn}]`, true},
		{`[{Effect: Allow, Principal: {AWS: "arn:aws:iam::000000000000:root"}, Action: "sqs:*", Resource: "*"}]`, false},
		{`[{Effect: Allow, Principal: {Service: [sns.amazonaws.com, events.amazonaws.com]}, Action: "sqs:*", Resource: !Sub "${Q.Arn}*"}]`, true},
		{strings.TrimSuffix(allow(""), "]") + `, {Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*"}]`, false},
		{strings.TrimSuffix(allow(""), "]") + `, {Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*", Condition: {StringNotEquals: {"aws:SourceAccount": "1"}}}]`, false},
		{strings.TrimSuffix(allow(""), "]") + `, {Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*", Condition: {Bool: {"aws:SecureTransport": "false"}}}]`, true},
	}
	for _, c := range cases {
		_, err := policed(t, "  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: "+c.statements+"}}}\n")
		if got := err == nil; got != c.want || !c.want && !strings.Contains(err.Error(), "lets events.amazonaws.com send to queue Q") {
			t.Errorf("%s: got %v (%v), want %v", c.statements, got, err, c.want)
		}
	}
}

// policed is a rule with a queue, and further resources.
func policed(t *testing.T, rest string) (*Model, error) {
	t.Helper()
	d, err := Parse("t.yaml", []byte(minimal(`
Resources:
  Q: {Type: AWS::SQS::Queue}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: hub-facts}}
  Tagged: {Type: AWS::Events::Rule, Properties: {EventBusName: hub-facts, EventPattern: {source: [x]}, Targets: [{Id: q, Arn: !GetAtt Q.Arn}]}}
`+rest)))
	if err != nil {
		return nil, err
	}
	return d.Resolve(options0())
}

func TestQueuePolicyRefusesWhatItCannotJudge(t *testing.T) {
	policy := func(statement string) string {
		return "  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{" + statement + "}]}}}\n"
	}
	const good = `Effect: Allow, Principal: "*", Action: "sqs:*", Resource: "*"`
	cases := []struct{ name, rest, want string }{
		{"property", strings.Replace(policy(good), "Queues:", "Foo: 1, Queues:", 1), "P (AWS::SQS::QueuePolicy): property Foo is not known"},
		{"no queues", strings.Replace(policy(good), "[!Ref Q]", "[]", 1), "Queues is missing"},
		{"ARN for URL", strings.Replace(policy(good), "!Ref Q", "!GetAtt Q.Arn", 1), "Queues: arn:aws:sqs:ap-east-1:000000000000:hub-Q is no queue"},
		{"no document", "  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q]}}\n", "PolicyDocument is missing"},
		{"no principal", policy(`Effect: Allow, Action: "sqs:*", Resource: "*"`), "principal, action or resource is missing"},
		{"not principal", policy(good + `, NotPrincipal: "*"`), "NotPrincipal is not known"},
		{"principal", policy(strings.Replace(good, `Principal: "*"`, "Principal: {Robot: x}", 1)), "Robot is not known"},
		{"condition key", policy(good + `, Condition: {StringEquals: {"aws:PrincipalOrgID": x}}`), "StringEquals of aws:PrincipalOrgID is not known"},
		{"condition operator", policy(good + `, Condition: {IpAddress: {"aws:SourceArn": x}}`), "IpAddress of aws:SourceArn is not known"},
		{"second policy", policy(good) + strings.Replace(policy(good), "  P:", "  Second:", 1), "Second (AWS::SQS::QueuePolicy): queue Q has the policy P already"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := policed(t, c.rest)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.yaml line ") {
				t.Errorf("got %v, want an error with %q and its line", err, c.want)
			}
		})
	}
}
