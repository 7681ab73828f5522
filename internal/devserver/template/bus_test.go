package template

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// bussed is a template with a bus, a rule and its queues; REST is the place for more.
const bussed = `
Parameters:
  Stage: {Type: String, Default: "on"}
Resources:
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: !Sub "${AWS::StackName}-facts", Description: Facts of the hub., DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}
  Tagged:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      Description: Tags that were applied.
      EventPattern:
        source: [omnihub]
        detail-type: [tag.applied, !Ref Stage]
        detail: {tag: [{anything-but: [a, b]}], n: [{numeric: [">", 0, "<=", 5.5]}], ok: [true], none: [null], quoted: ["3", 'no'], x: [{exists: false}]}
      Targets:
        - Id: tags
          Arn: !GetAtt Tags.Arn
          InputTransformer: {InputPathsMap: {id: $.id, d: $.detail}, InputTemplate: '{"id":"<id>","d":<d>}'}
          RetryPolicy: {MaximumRetryAttempts: 3}
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
        - {Id: order, Arn: !GetAtt Ordered.Arn, InputPath: $.detail, SqsParameters: {MessageGroupId: all}}
  Quiet:
    Type: AWS::Events::Rule
    Properties:
      Name: quiet
      State: DISABLED
      EventPattern: {source: [{prefix: aws.}]}
      Targets: [{Id: tags, Arn: !GetAtt Tags.Arn, Input: '{"fixed":1}'}]
  Tags: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Tags, !Ref Dead, !Ref Ordered]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Deny, Principal: "*", Action: "sqs:*", Resource: "*", Condition: {Bool: {"aws:SecureTransport": false}}}
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: [!GetAtt Tags.Arn, !GetAtt Dead.Arn, !GetAtt Ordered.Arn]
            Condition: {ArnLike: {"aws:SourceArn": [!GetAtt Tagged.Arn, !GetAtt Quiet.Arn, !GetAtt Bus.Arn]}}
REST
`

// resolved reads the template with one text replaced, and more resources.
func resolved(t *testing.T, old, new, rest string) (*Model, error) {
	t.Helper()
	if !strings.Contains(bussed, old) {
		t.Fatalf("the template has no %q", old)
	}
	text := strings.Replace(strings.Replace(bussed, old, new, 1), "REST", rest, 1)
	d, err := Parse("t.yaml", []byte(minimal(text)))
	if err != nil {
		return nil, err
	}
	return d.Resolve(options0())
}

func TestResolveReadsBusesAndRules(t *testing.T) {
	m, err := resolved(t, "Facts of the hub.", "Facts of the hub.", "")
	if err != nil {
		t.Fatal(err)
	}
	const bus, dead = "arn:aws:events:ap-east-1:000000000000:event-bus/hub-facts", "arn:aws:sqs:ap-east-1:000000000000:hub-Dead"
	if got, want := m.Buses, []Bus{{ID: "Bus", Name: "hub-facts", ARN: bus, Description: "Facts of the hub.", DeadLetter: dead}}; !reflect.DeepEqual(got, want) {
		t.Errorf("buses: got %+v, want %+v", got, want)
	}
	if len(m.Rules) != 2 {
		t.Fatalf("rules: got %+v, want two", m.Rules)
	}
	tagged, quiet := m.Rules[0], m.Rules[1]
	want := Rule{ID: "Tagged", Name: "hub-Tagged", ARN: "arn:aws:events:ap-east-1:000000000000:rule/hub-facts/hub-Tagged", Bus: "hub-facts",
		Description: "Tags that were applied.", Enabled: true, Line: tagged.Line,
		Pattern: `{"detail":{"n":[{"numeric":[">",0,"<=",5.5]}],"none":[null],"ok":[true],"quoted":["3","no"],"tag":[{"anything-but":["a","b"]}],"x":[{"exists":false}]},` +
			`"detail-type":["tag.applied","on"],"source":["omnihub"]}`,
		Targets: []Target{
			{ID: "tags", Queue: "Tags", ARN: "arn:aws:sqs:ap-east-1:000000000000:hub-Tags", DeadLetter: dead, Retry: &RetryPolicy{3, 24 * time.Hour},
				Transformer: &Transformer{map[string]string{"id": "$.id", "d": "$.detail"}, `{"id":"<id>","d":<d>}`}},
			{ID: "order", Queue: "Ordered", ARN: "arn:aws:sqs:ap-east-1:000000000000:hub-Ordered.fifo", InputPath: "$.detail", Group: "all"},
		}}
	if !reflect.DeepEqual(tagged, want) {
		t.Errorf("rule: got %+v, want %+v", tagged, want)
	}
	if quiet.Enabled || quiet.Bus != DefaultBus || quiet.ARN != "arn:aws:events:ap-east-1:000000000000:rule/quiet" || quiet.Targets[0].Input != `{"fixed":1}` {
		t.Errorf("rule of the default bus: got %+v", quiet)
	}
	if !m.IsDeadLetter(dead) || m.IsDeadLetter(tagged.Targets[0].ARN) || m.IsDeadLetter(tagged.Targets[1].ARN) {
		t.Error("dead-letter queues: got a target's queue told as one, or its dead-letter queue not")
	}
	if got := m.Queue("Tags").Policy; !strings.Contains(got, `"Version":"2012-10-17"`) || !strings.Contains(got, `"aws:SecureTransport":false`) || !strings.Contains(got, tagged.ARN) {
		t.Errorf("policy of the queue: got %s", got)
	}
}

func TestRefsOfBusesAndRulesAreCloudFormations(t *testing.T) {
	cases := map[string]string{
		"!Ref Bus":            "hub-facts",
		"!GetAtt Bus.Name":    "hub-facts",
		"!GetAtt Bus.Arn":     "arn:aws:events:ap-east-1:000000000000:event-bus/hub-facts",
		"!Ref Tagged":         "hub-facts|hub-Tagged",
		"!Ref Quiet":          "quiet",
		"!GetAtt Tagged.Arn":  "arn:aws:events:ap-east-1:000000000000:rule/hub-facts/hub-Tagged",
		`!Sub "${Quiet.Arn}"`: "arn:aws:events:ap-east-1:000000000000:rule/quiet",
	}
	for text, want := range cases {
		m, err := resolved(t, "REST", "REST", "  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: "+text+"}}")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := m.Queue("Named").Name; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestShuffledTargetNeedsNoGroup(t *testing.T) {
	d, err := Parse("t.yaml", []byte(minimal(strings.Replace(bussed, "REST", "", 1))))
	if err != nil {
		t.Fatal(err)
	}
	o := options0()
	o.Shuffle = true
	m, err := d.Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Rules[0].Targets[1]; got.Group != "" || got.ARN != "arn:aws:sqs:ap-east-1:000000000000:hub-Ordered" {
		t.Errorf("target: got %+v, want the standard queue without a group", got)
	}
}

func TestBusesRefuseWhatAWSWouldRefuse(t *testing.T) {
	statement := `ArnLike: {"aws:SourceArn": [!GetAtt Tagged.Arn, !GetAtt Quiet.Arn, !GetAtt Bus.Arn]}`
	lost := "no AWS::SQS::QueuePolicy lets events.amazonaws.com send to queue "
	cases := []struct{ name, old, new, want string }{
		{"bus property", "Description: Facts of the hub.", "EventSourceName: aws.partner/x", "Bus (AWS::Events::EventBus): property EventSourceName is not known"},
		{"bus name", `!Sub "${AWS::StackName}-facts"`, "a/b", `Name "a/b" is not`},
		{"default bus", `!Sub "${AWS::StackName}-facts"`, "default", "the bus default is there without being made"},
		{"no bus name", `Name: !Sub "${AWS::StackName}-facts", `, "", "Bus (AWS::Events::EventBus): Name is missing"},
		{"foreign bus", "EventBusName: !Ref Bus", "EventBusName: other", "Tagged (AWS::Events::Rule): EventBusName: there is no bus other"},
		{"rule property", "State: DISABLED", "RoleArn: x", "Quiet (AWS::Events::Rule): property RoleArn is not known"},
		{"state", "State: DISABLED", "State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "State"},
		{"schedule", "State: DISABLED", "ScheduleExpression: rate(1 hour)", "ScheduleExpression is not played: give the function an event of type ScheduleV2"},
		{"rule name", "Name: quiet", "Name: " + strings.Repeat("x", 65), "is not 1 to 64 letters"},
		{"twice the name", "Name: quiet", "Name: hub-Tagged\n      EventBusName: !GetAtt Bus.Arn", "the bus hub-facts has a rule hub-Tagged already: Tagged"},
		{"no pattern", "EventPattern: {source: [{prefix: aws.}]}", "Description: x", "Quiet (AWS::Events::Rule): EventPattern is missing"},
		{"pattern as text", "EventPattern: {source: [{prefix: aws.}]}", `EventPattern: '{"source":["x"]}'`, "EventPattern must be a mapping"},
		{"long pattern", "{prefix: aws.}", strings.Repeat("x", 2048), "more than the 2048"},
		{"truth value", "source: [omnihub]", "source: [On]", "On without quotes is a truth value to some readers"},
		{"number", "source: [omnihub]", "source: [010]", "the number 010 is not as JSON writes it"},
		{"target property", "Id: order,", "Id: order, RoleArn: x,", "Targets order: property RoleArn is not known"},
		{"target id", "Id: order,", "Id: a b,", `Id "a b" is not 1 to 64`},
		{"id twice", "Id: order,", "Id: tags,", "Id tags stands twice"},
		{"foreign target", "Id: order, Arn: !GetAtt Ordered.Arn,", `Id: order, Arn: "arn:aws:lambda:x:1:function:f",`, `Arn "arn:aws:lambda:x:1:function:f" is no queue of this template`},
		{"two inputs", "InputPath: $.detail,", "InputPath: $.detail, Input: '{}',", "of Input, InputPath and InputTransformer one at most"},
		{"input", `Input: '{"fixed":1}'`, "Input: fixed", "Input is not JSON"},
		{"path", "InputPath: $.detail", "InputPath: detail", `InputPath "detail" is no path`},
		{"transformer path", "id: $.id", "id: id", `id: "id" is no path`},
		{"own name", "id: $.id", "aws.id: $.id", `aws.id: "$.id"`},
		{"no template", `, InputTemplate: '{"id":"<id>","d":<d>}'`, "", "InputTemplate must have"},
		{"attempts", "MaximumRetryAttempts: 3", "MaximumRetryAttempts: 186", "MaximumRetryAttempts must be a number from 0 to 185"},
		{"age", "MaximumRetryAttempts: 3", "MaximumEventAgeInSeconds: 59", "MaximumEventAgeInSeconds must be a number from 60 to 86400"},
		{"group", ", SqsParameters: {MessageGroupId: all}", "", "the FIFO queue Ordered wants a MessageGroupId"},
		{"deduplication", ", ContentBasedDeduplication: true", "", "the FIFO queue Ordered wants ContentBasedDeduplication"},
		{"group of a standard queue", `Input: '{"fixed":1}'`, "SqsParameters: {MessageGroupId: x}", "SqsParameters are known for FIFO queues only"},
		{"fifo dead-letter queue", "DeadLetterConfig: {Arn: !GetAtt Dead.Arn}\n", "DeadLetterConfig: {Arn: !GetAtt Ordered.Arn}\n", "Ordered is a FIFO queue"},
		{"foreign dead-letter queue", "DeadLetterConfig: {Arn: !GetAtt Dead.Arn}\n", "DeadLetterConfig: {Arn: x}\n", `dead-letter queue "x" is not in this template`},
		{"no policy", "Queues: [!Ref Tags, !Ref Dead, !Ref Ordered]", "Queues: [!Ref Dead, !Ref Ordered]", "Tagged (AWS::Events::Rule): Targets tags: " + lost + "Tags for arn:aws:events:ap-east-1:000000000000:rule/hub-facts/hub-Tagged"},
		{"no policy for the dead-letter queue", "!Ref Tags, !Ref Dead,", "!Ref Tags,", lost + "Dead for arn:aws:events:ap-east-1:000000000000:event-bus/hub-facts"},
		{"policy of another rule", "[!GetAtt Tagged.Arn, ", "[", "Tagged (AWS::Events::Rule): Targets tags: DeadLetterConfig: " + lost + "Dead for"},
		{"policy of another account", statement, `StringEquals: {"aws:SourceAccount": "1"}`, lost},
		{"policy for another service", "events.amazonaws.com", "scheduler.amazonaws.com", lost},
		{"policy for another action", "Action: sqs:SendMessage", "Action: sqs:ReceiveMessage", lost},
		{"policy for another queue", "Resource: [!GetAtt Tags.Arn, ", "Resource: [", lost + "Tags"},
		{"key", "Tags: {Type: AWS::SQS::Queue}", "Tags: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: alias/aws/sqs}}", "queue Tags is encrypted with a key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := resolved(t, c.old, c.new, "")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.yaml line ") {
				t.Errorf("got %v, want an error with %q and its line", err, c.want)
			}
		})
	}
	six := strings.Repeat("        - {Id: order, Arn: !GetAtt Ordered.Arn}\n", 4) + "  Quiet:\n"
	if _, err := resolved(t, "  Quiet:\n", six, ""); err == nil || !strings.Contains(err.Error(), "a rule has 5 targets at most") {
		t.Errorf("six targets: got %v, want an error that says 5", err)
	}
}
