package template

import (
	"strings"
	"testing"
	"time"
)

// scheduled is a function with a schedule and what surrounds it; CONFIG and MORE are
// places for further properties of the function and of the schedule.
const scheduled = `
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "lambda:InvokeFunction", Resource: !GetAtt F.Arn}
              - {Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Dead.Arn}
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
CONFIG
      Events:
        E:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 minute)
            RetryPolicy: {MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60}
            DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
            RoleArn: !GetAtt Role.Arn
`

func resolveScheduled(t *testing.T, old, new string) (*Model, error) {
	t.Helper()
	if !strings.Contains(scheduled, old) {
		t.Fatalf("the template has no %q", old)
	}
	text := strings.Replace(strings.Replace(scheduled, old, new, 1), "CONFIG\n", "", 1)
	d, err := Parse("t.yaml", []byte(minimal(text)))
	if err != nil {
		t.Fatal(err)
	}
	return d.Resolve(options0())
}

func TestAsynchronousCallsAreReadFromTheFunction(t *testing.T) {
	m, err := resolveScheduled(t, "CONFIG", "CONFIG")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Functions[0].Async, (Async{Retries: 2, MaxAge: 6 * time.Hour}); got != want {
		t.Errorf("without EventInvokeConfig: got %+v, want Lambda's own %+v", got, want)
	}
	dead := m.Queue("Dead").ARN
	if s := m.Functions[0].Schedules[0]; s.DeadLetter != dead || !m.IsDeadLetter(dead) {
		t.Errorf("schedule: got %+v, want the dead-letter queue %s", s, dead)
	}
	m, err = resolveScheduled(t, "CONFIG", "      EventInvokeConfig: {MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60, DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Functions[0].Async, (Async{MaxAge: time.Minute, OnFailure: dead}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !m.Functions[0].Role.Allows("sqs:SendMessage", dead) {
		t.Error("the role that SAM makes: got no permission for the on-failure queue")
	}
}

func TestOnFailureQueueIsADeadLetterQueue(t *testing.T) {
	m, err := resolveScheduled(t, "            DeadLetterConfig: {Arn: !GetAtt Dead.Arn}\n", "")
	if err != nil {
		t.Fatal(err)
	}
	dead := m.Queue("Dead").ARN
	if m.IsDeadLetter(dead) {
		t.Error("a queue that nobody names: got it told as a dead-letter queue")
	}
	m.Functions[0].Async.OnFailure = dead
	if !m.IsDeadLetter(dead) {
		t.Error("a function's on-failure queue: got it not told as a dead-letter queue")
	}
}

func TestSchedulesRefuseWhatWouldFailInSilence(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"retry attempts", "MaximumRetryAttempts: 2", "MaximumRetryAttempts: 186", "MaximumRetryAttempts must be a number from 0 to 185"},
		{"retry property", "MaximumRetryAttempts: 2", "Attempts: 2", "property Attempts is not known"},
		{"foreign dead-letter queue", "{Arn: !GetAtt Dead.Arn}", "{Arn: x}", `queue "x" is not in this template`},
		{"fifo dead-letter queue", "{Arn: !GetAtt Dead.Arn}", "{Arn: !GetAtt Ordered.Arn}", "Ordered is a FIFO queue"},
		{"foreign role", "!GetAtt Role.Arn", "x", "role x is not in this template"},
		{"role without the function", "lambda:InvokeFunction", "lambda:GetFunction", "does not allow lambda:InvokeFunction on arn:aws:lambda:ap-east-1:000000000000:function:hub-F: the schedule would never fire"},
		{"role without the queue", "sqs:SendMessage", "sqs:ReceiveMessage", "does not allow sqs:SendMessage on arn:aws:sqs:ap-east-1:000000000000:hub-Dead"},
		{"three retries", "CONFIG", "      EventInvokeConfig: {MaximumRetryAttempts: 3}", "MaximumRetryAttempts must be a number from 0 to 2"},
		{"on success", "CONFIG", "      EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: SQS}}}", "property OnSuccess is not known"},
		{"topic", "CONFIG", "      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SNS, Destination: x}}}", `Type "SNS" is not known`},
		{"no destination", "CONFIG", "      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}", `queue "" is not in this template`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := resolveScheduled(t, c.old, c.new)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.yaml line ") {
				t.Errorf("got %v, want an error with %q and its line", err, c.want)
			}
		})
	}
}
