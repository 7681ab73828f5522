package template

import (
	"fmt"
	"strings"
	"testing"
)

// TestResolveRefusesWhatItDoesNotKnow holds every refusal to its name and line.
func TestResolveRefusesWhatItDoesNotKnow(t *testing.T) {
	function := func(properties string) string {
		return `
Resources:
  B: {Type: AWS::S3::Bucket}
  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
` + properties
	}
	event := func(kind, properties string) string {
		return function("      Events: {E: {Type: " + kind + ", Properties: {" + properties + "}}}\n")
	}
	policy := func(statement string) string {
		return function("      Policies: [{Statement: [{" + statement + "}]}]\n")
	}
	cases := []struct{ name, body, want string }{
		{"section", "Foo: {}\n", "line 2: section Foo is not known"},
		{"transform", "Transform: AWS::LanguageExtensions\nResources: {}\n", `transform "AWS::LanguageExtensions" is not known`},
		{"merge key", "Resources:\n  A: &a {Type: AWS::SQS::Queue}\n  B: {<<: *a}\n", "line 4: merge keys"},
		{"doubled key", "Resources:\n  A: {Type: AWS::SQS::Queue}\n  A: {Type: AWS::SQS::Queue}\n", "line 4: key A stands twice"},
		{"resource type", "Resources:\n  A: {Type: AWS::Kinesis::Stream}\n", "line 3: A: resource type AWS::Kinesis::Stream is not known"},
		{"resource attribute", "Resources:\n  A: {Type: AWS::SQS::Queue, CreationPolicy: {}}\n", "line 3: A: resource attribute CreationPolicy is not known"},
		{"no type", "Resources:\n  A: {Properties: {}}\n", "resource A has no Type"},
		{"property", "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      Foo: 1\n", "line 6: A (AWS::SQS::Queue): property Foo is not known"},
		{"local index", "Resources:\n  A:\n    Type: AWS::DynamoDB::Table\n    Properties: {LocalSecondaryIndexes: []}\n", "property LocalSecondaryIndexes is not known"},
		{"short intrinsic", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Cidr x}}\n", "line 3: intrinsic Fn::Cidr is not known"},
		{"long intrinsic", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: {\"Fn::Transform\": x}}}\n", "intrinsic Fn::Transform is not known"},
		{"import", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue x}}\n", "intrinsic Fn::ImportValue: another stack's export"},
		{"unknown ref", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nope}}\n", "there is no parameter or resource Nope"},
		{"unknown attribute", function("      Environment: {Variables: {V: !GetAtt Q.Foo}}\n"), "attribute Foo of AWS::SQS::Queue is not known"},
		{"open sub", function("      Environment: {Variables: {V: !Sub \"${Q\"}}\n"), "Fn::Sub: ${Q is not closed"},
		{"self name", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt A.QueueName}}\n", "the name of A depends on itself"},
		{"self condition", "Conditions:\n  C: !Not [!Condition C]\nResources:\n  A: {Type: AWS::SQS::Queue, Condition: C}\n", "condition C depends on itself"},
		{"missing condition", "Resources:\n  A: {Type: AWS::SQS::Queue, Condition: C}\n", `condition "C" does not exist`},
		{"absent resource", "Conditions:\n  C: !Equals [a, b]\nResources:\n  A: {Type: AWS::SQS::Queue, Condition: C}\n  B: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt A.Arn}}\n", "there is no resource A"},
		{"parameter type", "Parameters: {P: {Type: \"AWS::SSM::Parameter::Value<String>\", Default: x}}\nResources: {}\n", "parameter P: type AWS::SSM::Parameter::Value<String> is not known"},
		{"parameter value", "Parameters: {P: {Type: String, Default: x, AllowedValues: [y]}}\nResources: {}\n", "parameter P: the value is none of AllowedValues"},
		{"parameter pattern", "Parameters: {P: {Type: String, Default: x, AllowedPattern: \"[0-9]+\"}}\nResources: {}\n", "parameter P: the value does not fit AllowedPattern"},
		{"parameter length", "Parameters: {P: {Type: String, Default: x, MinLength: 2}}\nResources: {}\n", "parameter P: the value breaks MinLength 2"},
		{"parameter number", "Parameters: {P: {Type: Number, Default: 5, MaxValue: 4}}\nResources: {}\n", "parameter P: the value is not between -Inf and 4"},
		{"global section", "Globals: {Api: {}}\n" + function("")[1:], "Globals: section Api is not known"},
		{"global events", "Globals: {Function: {Events: {}}}\n" + function("")[1:], "Globals: Function: Events may not stand here"},
		{"runtime", "Resources:\n  F: {Type: AWS::Serverless::Function, Metadata: {BuildMethod: makefile}, Properties: {Runtime: python3.13}}\n", `Runtime "python3.13" is not known`},
		{"build method", "Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023}}\n", "BuildMethod must be makefile"},
		{"layers", function("      Layers: [x]\n"), "property Layers is not known"},
		{"memory", function("      MemorySize: 64\n"), "MemorySize must be a number from 128 to 10240"},
		{"foreign role", function("      Role: \"arn:aws:iam::1:role/x\"\n"), "role arn:aws:iam::1:role/x is not in this template"},
		{"event type", event("Kinesis", ""), "F: event E: event type Kinesis is not known"},
		{"bus rule", event("EventBridgeRule", "Pattern: {}"), "EventBridgeRule are not played: write an AWS::Events::Rule whose target is a queue of its own"},
		{"event property", event("HttpApi", "Path: /x, Method: GET, Foo: 1"), "F: event E: property Foo is not known"},
		{"format 1", event("HttpApi", "Path: /x, Method: GET, PayloadFormatVersion: \"1.0\""), `PayloadFormatVersion "1.0" is not known`},
		{"path", event("HttpApi", `Path: "/x/{a}b", Method: GET`), "a parameter must be a whole segment"},
		{"greedy", event("HttpApi", `Path: "/x/{a+}/b", Method: GET`), "a greedy parameter must be the last segment"},
		{"authorizer", event("HttpApi", "Path: /x, Method: GET, Auth: {Authorizer: Nope}"), "there is no authorizer Nope"},
		{"foreign queue", event("SQS", "Queue: \"arn:aws:sqs:x:1:y\""), "Queue arn:aws:sqs:x:1:y is not in this template"},
		{"sqs filter", event("SQS", "Queue: !GetAtt Q.Arn, FilterCriteria: {}"), "FilterCriteria of an SQS event are not known"},
		{"sqs batch", event("SQS", "Queue: !GetAtt Q.Arn, BatchSize: 11"), "wants MaximumBatchingWindowInSeconds"},
		{"fifo batch", event("SQS", "Queue: !GetAtt Fifo.Arn, BatchSize: 11, MaximumBatchingWindowInSeconds: 1"), "BatchSize of a FIFO queue is 10 at most"},
		{"fifo window", event("SQS", "Queue: !GetAtt Fifo.Arn, MaximumBatchingWindowInSeconds: 1"), "a FIFO queue has no batching window"},
		{"concurrency", event("SQS", "Queue: !GetAtt Q.Arn, ScalingConfig: {MaximumConcurrency: 1}"), "MaximumConcurrency must be a number from 2"},
		{"response type", event("SQS", "Queue: !GetAtt Q.Arn, FunctionResponseTypes: [Other]"), "response type Other is not known"},
		{"visibility", function("      Timeout: 31\n      Events: {E: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}}\n"), "visibility timeout (30s) is shorter"},
		{"stream", event("DynamoDB", "Stream: \"arn:x\", StartingPosition: LATEST"), "Stream arn:x is of no table"},
		{"position", event("DynamoDB", "Stream: !GetAtt T.StreamArn, StartingPosition: AT_TIMESTAMP"), `StartingPosition "AT_TIMESTAMP" is not known`},
		{"parallel", event("DynamoDB", "Stream: !GetAtt T.StreamArn, StartingPosition: LATEST, ParallelizationFactor: 2"), "ParallelizationFactor must be a number from 1 to 1"},
		{"destination", event("DynamoDB", "Stream: !GetAtt T.StreamArn, StartingPosition: LATEST, DestinationConfig: {OnFailure: {Destination: !GetAtt Q.Arn}}"), "is no bucket of this template"},
		{"schedule", event("ScheduleV2", "Input: \"{}\""), "ScheduleExpression is missing"},
		{"schedule input", event("ScheduleV2", "ScheduleExpression: rate(1 minute), Input: \"{\""), "Input is not JSON"},
		{"policy template", function("      Policies: [{SQSPollerPolicy: {QueueName: x}}]\n"), "policy template SQSPollerPolicy is not known"},
		{"managed policy", function("      Policies: [AdministratorAccess]\n"), "managed policy AdministratorAccess is not known"},
		{"effect", policy("Effect: Maybe, Action: \"s3:*\", Resource: \"*\""), `Effect "Maybe" is not known`},
		{"not action", policy("Effect: Allow, NotAction: \"s3:*\", Resource: \"*\""), "wants Action and Resource"},
		{"not resource", policy("Effect: Allow, Action: \"s3:*\", Resource: \"*\", NotResource: \"*\""), "property NotResource is not known"},
		{"condition key", policy("Effect: Allow, Action: \"s3:*\", Resource: \"*\", Condition: {StringEquals: {\"dynamodb:LeadingKeys\": x}}"), "condition key dynamodb:LeadingKeys is not known"},
		{"condition operator", policy("Effect: Allow, Action: \"s3:*\", Resource: \"*\", Condition: {DateLessThan: {\"aws:RequestedRegion\": x}}"), "condition operator DateLessThan is not known"},
		{"second api", "Resources:\n  A: {Type: AWS::Serverless::HttpApi}\n  B: {Type: AWS::Serverless::HttpApi}\n", "a second HTTP API is not known"},
		{"stage", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {StageName: prod}}\n", `StageName "prod" is not known`},
		{"rate", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {DefaultRouteSettings: {ThrottlingRateLimit: fast}}}\n", "ThrottlingRateLimit must be a number of 0 or more"},
		{"burst", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {DefaultRouteSettings: {ThrottlingBurstLimit: -1}}}\n", "ThrottlingBurstLimit must be a number from 0"},
		{"route setting", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {DefaultRouteSettings: {Foo: 1}}}\n", "property Foo is not known"},
		{"route of a setting", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {RouteSettings: {\"GET /x\": {ThrottlingRateLimit: 1}}}}\n", `there is no route "GET /x"`},
		{"definition", "Resources:\n  A: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionBody: {}}}\n", "property DefinitionBody is not known"},
		{"dead letter", "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: x, maxReceiveCount: 3}}}\n", "dead-letter queue x is not in this template"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := minimal(c.body)
			if strings.HasPrefix(c.body, "Transform:") {
				text = c.body
			}
			d, err := Parse("t.yaml", []byte(text))
			if err == nil {
				_, err = d.Resolve(options0())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if !strings.Contains(err.Error(), "t.yaml") || !strings.Contains(err.Error(), "line") {
				t.Errorf("got %v, want an error that names file and line", err)
			}
		})
	}
}

func TestConditionsInStatementsAreJudgedByTheMachinesOwnFacts(t *testing.T) {
	cases := map[string]bool{
		`{Bool: {"aws:SecureTransport": true}}`:                 true,
		`{Bool: {"aws:SecureTransport": false}}`:                false,
		`{StringEquals: {"aws:SourceAccount": "000000000000"}}`: true,
		`{StringNotEquals: {"aws:RequestedRegion": us-*}}`:      true,
		`{StringLike: {"aws:RequestedRegion": [eu-*, ap-*]}}`:   true,
	}
	for condition, want := range cases {
		d, err := Parse("t.yaml", []byte(minimal(fmt.Sprintf(`
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
      Policies: [{Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*", Condition: %s}}]
`, condition))))
		if err != nil {
			t.Fatal(err)
		}
		m, err := d.Resolve(options0())
		if err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		if got := m.Functions[0].Role.Allows("s3:GetObject", "arn:aws:s3:::b/k"); got != want {
			t.Errorf("%s: got %v, want %v", condition, got, want)
		}
	}
}

func TestUnknownParameterIsRefused(t *testing.T) {
	d, err := Parse("t.yaml", []byte(minimal("Resources: {}\n")))
	if err != nil {
		t.Fatal(err)
	}
	o := options0()
	o.Parameters = map[string]string{"Nope": "x"}
	if _, err := d.Resolve(o); err == nil || !strings.Contains(err.Error(), "there is no parameter Nope") {
		t.Errorf("got %v, want an error that names Nope", err)
	}
}
