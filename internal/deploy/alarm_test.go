package deploy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEveryFunctionIsAlarmedAndItsLogKept(t *testing.T) {
	d := read(t)
	logs := map[string]string{}
	for _, f := range d.of("AWS::Serverless::Function") {
		for _, metric := range []string{"Throttles", "Errors"} {
			if !alarmed(d, metric, f.name) {
				t.Errorf("%s has no alarm on %s", f.name, metric)
			}
		}
		group := target(at(f.properties, "LoggingConfig", "LogGroup"))
		if other := logs[group]; other != "" {
			t.Errorf("%s and %s share a log group", f.name, other)
		}
		logs[group] = f.name
		if !slices.ContainsFunc(statements(d), func(s statement) bool {
			return s.role == target(f.properties["Role"]) && slices.Contains(s.actions, "logs:PutLogEvents") &&
				fmt.Sprint(s.resources) == "[!GetAtt "+group+".Arn]"
		}) {
			t.Errorf("%s may not write its log %s, or may write another", f.name, group)
		}
	}
	for _, g := range d.of("AWS::Logs::LogGroup") {
		if got := text(g.properties, "RetentionInDays"); got != "!Ref LogRetentionDays" {
			t.Errorf("%s is kept for %q, want the stack's retention", g.name, got)
		}
	}
	if d.resources[target(at(d.resources["Api"].properties, "AccessLogSettings", "DestinationArn"))].kind != "AWS::Logs::LogGroup" {
		t.Error("the access log goes to no log group of the stack")
	}
}

func TestStreamThatGivesUpRecordsIsAlarmed(t *testing.T) {
	d := read(t)
	for _, e := range d.events("DynamoDB") {
		if !alarmed(d, "DestinationDeliveryFailures", e.function) {
			t.Errorf("%s.%s: records that do not reach the bucket are lost without an alarm", e.function, e.name)
		}
	}
}

// lines are the log lines that feed an alarm, by metric, and which functions write
// them.
var lines = map[string]struct {
	pattern string
	writes  func(document, resource) bool
}{
	"Quarantined": {`{ $.msg = "quarantined" }`, func(d document, f resource) bool {
		return slices.ContainsFunc(statements(d), func(s statement) bool {
			return s.role == target(f.properties["Role"]) && slices.Contains(s.actions, "dynamodb:PutItem") && slices.Contains(s.resources, "!GetAtt LedgerTable.Arn")
		})
	}},
	"SignatureFailures": {`{ $.code = "signature_invalid" }`, func(_ document, f resource) bool { return f.name == "Ingress" }},
	"SendsUnknown":      {`{ $.msg = "send unknown" }`, func(_ document, f resource) bool { return f.name == "Outbound" }},
}

func TestLogLinesThatNeedSomebodyAreAlarmed(t *testing.T) {
	d := read(t)
	for metric, line := range lines {
		if !alarmed(d, metric, "") {
			t.Errorf("there is no alarm on %s", metric)
		}
		for _, f := range d.of("AWS::Serverless::Function") {
			group := target(at(f.properties, "LoggingConfig", "LogGroup"))
			fed := slices.ContainsFunc(d.of("AWS::Logs::MetricFilter"), func(m resource) bool {
				return target(m.properties["LogGroupName"]) == group && text(m.properties, "FilterPattern") == line.pattern &&
					strings.Contains(fmt.Sprint(m.properties["MetricTransformations"]), "MetricName:"+metric)
			})
			if fed != line.writes(d, f) {
				t.Errorf("%s feeds %s: got %v, want %v", f.name, metric, fed, line.writes(d, f))
			}
		}
	}
	for _, m := range d.of("AWS::Logs::MetricFilter") {
		if !slices.ContainsFunc(list(m.properties["MetricTransformations"]), func(x any) bool {
			_, ok := lines[text(x, "MetricName")]
			return ok
		}) {
			t.Errorf("%s feeds a metric that nobody watches", m.name)
		}
	}
}

func TestAlarmsReachSomebodyAndWatchWhatIsThere(t *testing.T) {
	d := read(t)
	names := map[string]string{}
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		name := text(a.properties, "AlarmName")
		if other := names[name]; name == "" || other != "" {
			t.Errorf("%s has no name of its own: %q, as %s", a.name, name, other)
		}
		names[name] = a.name
		if got := fmt.Sprint(a.properties["AlarmActions"]); got != "map[!If:[HasAlarmTopic [!Ref AlarmTopic] []]]" {
			t.Errorf("%s calls %s, want the stack's topic", a.name, got)
		}
		if text(a.properties, "TreatMissingData") != "notBreaching" || text(a.properties, "AlarmDescription") == "" {
			t.Errorf("%s takes silence for trouble, or says nothing", a.name)
		}
		for dimension, value := range dimensions(a) {
			want := map[string]string{
				"QueueName": "AWS::SQS::Queue", "FunctionName": "AWS::Serverless::Function", "ApiId": "AWS::Serverless::HttpApi", "EventBusName": "AWS::Events::EventBus",
			}[dimension]
			if dimension != "RuleName" && (want == "" || d.resources[target(value)].kind != want) {
				t.Errorf("%s watches the %s %s, which is not there", a.name, dimension, value)
			}
		}
	}
}

// thresholds are what may be and no more, by metric; of the age of a queue's oldest
// message, in seconds, by queue. The iterator's age is in milliseconds.
var thresholds = map[string]string{
	"ApproximateNumberOfMessagesVisible": "0", "IteratorAge": "60000", "5xx": "0", "Throttles": "0", "Errors": "0",
	"DestinationDeliveryFailures": "0", "FailedInvocations": "0", "InvocationsFailedToBeSentToDlq": "0",
	"Quarantined": "0", "SendsUnknown": "0", "SignatureFailures": "20",
	"InboundQueue": "60", "OutboundQueue": "300", "ProfileQueue": "3600",
}

func TestAlarmsGoOffInTime(t *testing.T) {
	d := read(t)
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		name := text(a.properties, "MetricName")
		if name == "ApproximateAgeOfOldestMessage" {
			name = target(dimensions(a)["QueueName"])
		}
		want, ok := thresholds[name]
		if got := text(a.properties, "Threshold"); !ok || got != want {
			t.Errorf("%s: got the threshold %s, want %q", a.name, got, want)
		}
		if text(a.properties, "ComparisonOperator") != "GreaterThanThreshold" || text(a.properties, "EvaluationPeriods") != "1" {
			t.Errorf("%s does not go off at the first value above its threshold", a.name)
		}
		if stat := text(a.properties, "Statistic"); stat != "Sum" && stat != "Maximum" {
			t.Errorf("%s judges by the %s, which hides a single one", a.name, stat)
		}
	}
}

func dimensions(a resource) map[string]string {
	out := map[string]string{}
	for _, d := range list(a.properties["Dimensions"]) {
		out[text(d, "Name")] = text(d, "Value")
	}
	return out
}

func TestEveryFunctionHasItsFolderAndEveryFolderItsFunction(t *testing.T) {
	d := read(t)
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	var folders, functions []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	for _, f := range d.of("AWS::Serverless::Function") {
		functions = append(functions, strings.ToLower(f.name))
	}
	slices.Sort(functions)
	if !slices.Equal(folders, functions) {
		t.Errorf("got the folders %v and the functions %v: the Makefile builds a function from the folder of its name", folders, functions)
	}
}
