package deploy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/metric"
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

// watch is one metric that an alarm watches or a dashboard shows. Values of dimensions
// are intrinsics, as in the template.
type watch struct {
	namespace, metric, stat string
	dims                    map[string]string
}

// watched are the metrics of an alarm: one, or those of an expression.
func watched(a resource) []watch {
	if a.properties["Metrics"] == nil {
		return []watch{{text(a.properties, "Namespace"), text(a.properties, "MetricName"), text(a.properties, "Statistic"), dimensions(a.properties["Dimensions"])}}
	}
	var all []watch
	for _, m := range list(a.properties["Metrics"]) {
		if stat := at(m, "MetricStat"); stat != nil {
			all = append(all, watch{
				text(stat, "Metric", "Namespace"), text(stat, "Metric", "MetricName"), text(stat, "Stat"), dimensions(at(stat, "Metric", "Dimensions")),
			})
		}
	}
	return all
}

// own is the namespace of what the functions count.
const own = "!Ref AWS::StackName"

func TestWhatNeedsSomebodyIsAlarmed(t *testing.T) {
	d := read(t)
	alarms := map[string]bool{}
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		for _, w := range watched(a) {
			if w.namespace == own {
				alarms[w.metric] = true
			}
		}
	}
	for _, name := range []metric.Name{metric.Quarantined, metric.SendsUnknown, metric.RecordsPanicked, metric.WebhooksRefused, metric.OldestDue} {
		if !alarms[string(name)] {
			t.Errorf("there is no alarm on %s", name)
		}
	}
	for _, def := range metric.Definitions() {
		// What is written at once is either alarmed, or shows as an answer of the API.
		if def.Wait == metric.Urgent && !alarms[string(def.Name)] && def.Name != metric.EnqueueFailures {
			t.Errorf("%s is written at once, and nobody watches it", def.Name)
		}
	}
	for name, resource := range map[string]string{"5xx": "Api", "IteratorAge": "Relay"} {
		if !alarmed(d, name, resource) {
			t.Errorf("there is no alarm on %s of %s", name, resource)
		}
	}
	for _, f := range d.of("AWS::Logs::MetricFilter") {
		t.Errorf("%s counts log lines: the functions count themselves", f.name)
	}
}

func TestMetricsHaveTheStacksNamespaceAndALevelThatLetsThemThrough(t *testing.T) {
	d := read(t)
	if got := text(d.globals, "Function", "Environment", "Variables", "METRICS_NAMESPACE"); got != own {
		t.Errorf("got the namespace %q, want %s for every function", got, own)
	}
	for _, f := range d.of("AWS::Serverless::Function") {
		if got := text(f.properties, "Environment", "Variables", "METRICS_NAMESPACE"); got != "" {
			t.Errorf("%s counts elsewhere: %s", f.name, got)
		}
		// Lines without a level count as INFO.
		if got := text(f.properties, "LoggingConfig", "ApplicationLogLevel"); got != "!Ref LogLevel" {
			t.Errorf("%s: got the level %q, want the stack's", f.name, got)
		}
	}
	if got := fmt.Sprint(at(d.parameters, "LogLevel", "AllowedValues")); got != "[DEBUG INFO]" {
		t.Errorf("LogLevel may be %s, want no level that drops the metrics", got)
	}
}

func TestEveryTableIsWatchedForThrottles(t *testing.T) {
	d := read(t)
	seen := map[string]bool{}
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		for _, w := range watched(a) {
			if strings.HasSuffix(w.metric, "ThrottleEvents") {
				seen[target(w.dims["TableName"])+w.dims["GlobalSecondaryIndexName"]] = true
			}
		}
	}
	for _, table := range d.of("AWS::DynamoDB::Table") {
		if !seen[table.name] {
			t.Errorf("%s may be throttled without an alarm", table.name)
		}
		for _, ix := range list(table.properties["GlobalSecondaryIndexes"]) {
			if !seen[table.name+text(ix, "IndexName")] {
				t.Errorf("the index %s of %s may be throttled without an alarm", text(ix, "IndexName"), table.name)
			}
		}
	}
}

// silent are the alarms for which silence is the trouble.
var silent = []string{"ReconcileSilentAlarm", "TokenRefreshSilentAlarm", "TagExpirySilentAlarm", "EraseSilentAlarm"}

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
		missing := "notBreaching"
		if slices.Contains(silent, a.name) {
			missing = "breaching"
		}
		if text(a.properties, "TreatMissingData") != missing || text(a.properties, "AlarmDescription") == "" {
			t.Errorf("%s takes silence for something else, or says nothing", a.name)
		}
		all := watched(a)
		if len(all) == 0 || len(all) > 10 {
			t.Errorf("%s watches %d metrics, want 1 to 10", a.name, len(all))
		}
		for _, w := range all {
			exists(t, d, a.name, w)
		}
	}
}

// thresholds are what may be and no more, by metric; of the age of a queue's oldest
// message, in seconds, by queue. The iterator's age and that of due sends are in
// milliseconds. Of invocations it is what must be at least.
var thresholds = map[string]string{
	"ApproximateNumberOfMessagesVisible": "0", "IteratorAge": "60000", "5xx": "0", "Throttles": "0", "Errors": "0",
	"DestinationDeliveryFailures": "0", "FailedInvocations": "0", "InvocationsFailedToBeSentToDlq": "0",
	"ReadThrottleEvents": "0", "WriteThrottleEvents": "0", "Invocations": "1",
	"Quarantined": "0", "SendsUnknown": "0", "RecordsPanicked": "0", "WebhooksRefused": "20", "OldestDue": "600000",
	"InboundQueue": "60", "OutboundQueue": "300", "ProfileQueue": "3600", "MatchQueue": "3600", "LinkFollowQueue": "300",
}

func TestAlarmsGoOffInTime(t *testing.T) {
	d := read(t)
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		compare := "GreaterThanThreshold"
		if slices.Contains(silent, a.name) {
			compare = "LessThanThreshold"
		}
		if text(a.properties, "ComparisonOperator") != compare || text(a.properties, "EvaluationPeriods") != "1" {
			t.Errorf("%s does not go off at the first value beyond its threshold", a.name)
		}
		for _, w := range watched(a) {
			name := w.metric
			if name == "ApproximateAgeOfOldestMessage" {
				name = target(w.dims["QueueName"])
			}
			want, ok := thresholds[name]
			if got := text(a.properties, "Threshold"); !ok || got != want {
				t.Errorf("%s: got the threshold %s of %s, want %q", a.name, got, name, want)
			}
			if w.stat != "Sum" && w.stat != "Maximum" {
				t.Errorf("%s judges by the %s, which hides a single one", a.name, w.stat)
			}
		}
	}
}

func dimensions(v any) map[string]string {
	out := map[string]string{}
	for _, d := range list(v) {
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
