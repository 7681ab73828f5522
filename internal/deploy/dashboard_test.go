package deploy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/metric"
)

// widget is one widget of the dashboard.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, View, Region, Stat, Markdown, SortBy string
		Period                                      int
		Metrics                                     [][]any
		Alarms                                      []string
		Sparkline, SetPeriodToTimeRange             bool
	}
}

// dashboard reads the dashboard of the template, strictly. References stand in it as
// they do elsewhere: "!Ref X", "!GetAtt X.Arn".
func dashboard(t *testing.T, d document) []widget {
	t.Helper()
	all := d.of("AWS::CloudWatch::Dashboard")
	if len(all) != 1 {
		t.Fatalf("got %d dashboards, want 1", len(all))
	}
	body, ok := strings.CutPrefix(text(all[0].properties, "DashboardBody"), "!Sub ")
	if !ok {
		t.Fatal("the dashboard's names are not the stack's own")
	}
	body = regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(body, func(ref string) string {
		name := ref[2 : len(ref)-1]
		switch {
		case strings.HasPrefix(name, "!"): // CloudWatch's own
			return "${" + name[1:] + "}"
		case strings.HasPrefix(name, "AWS::"):
			return "!Ref " + name
		}
		resource := d.resources[target("x "+name)]
		if resource.kind == "" {
			t.Errorf("the dashboard shows %s, which is not there", name)
		}
		if strings.Contains(name, ".") {
			return "!GetAtt " + name
		}
		return "!Ref " + name
	})
	var read struct {
		Start, PeriodOverride string
		Widgets               []widget
	}
	strict := json.NewDecoder(strings.NewReader(body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&read); err != nil {
		t.Fatalf("the dashboard is no JSON that CloudWatch reads: %v", err)
	}
	if len(read.Widgets) < 15 {
		t.Fatalf("got %d widgets, want the whole dashboard", len(read.Widgets))
	}
	return read.Widgets
}

// search is the form of the expressions that find metrics by their dimensions.
var search = regexp.MustCompile(`^(?:SUM\()?SEARCH\('\{"([^"]+)"((?:,[a-z]+)*)\} MetricName="([A-Za-z]+)"', '(\w+)', (\d+)\)\)?$`)

// shown are the metrics of a widget.
func shown(t *testing.T, w widget) []watch {
	t.Helper()
	var all []watch
	for _, row := range w.Properties.Metrics {
		one := watch{stat: w.Properties.Stat, dims: map[string]string{}}
		var words []string
		for i, v := range row {
			if word, ok := v.(string); ok {
				words = append(words, word)
				continue
			}
			options, ok := v.(map[string]any)
			if !ok || i != len(row)-1 {
				t.Fatalf("%s: got %v in a metric", w.Properties.Title, v)
			}
			if stat, ok := options["stat"].(string); ok {
				one.stat = stat
			}
			if e, ok := options["expression"].(string); ok {
				m := search.FindStringSubmatch(e)
				if m == nil {
					t.Fatalf("%s: the expression %s cannot be checked", w.Properties.Title, e)
				}
				one.namespace, one.metric, one.stat = m[1], m[3], m[4]
				for _, key := range strings.Split(strings.Trim(m[2], ","), ",") {
					one.dims[key] = "*"
				}
				if m[5] != fmt.Sprint(w.Properties.Period) {
					t.Errorf("%s: searched by %s s and shown by %d", w.Properties.Title, m[5], w.Properties.Period)
				}
			}
		}
		if len(words) >= 2 && len(words)%2 == 0 {
			one.namespace, one.metric = words[0], words[1]
			for i := 2; i < len(words); i += 2 {
				one.dims[words[i]] = words[i+1]
			}
		}
		all = append(all, one)
	}
	return all
}

// vended are the metrics that AWS keeps by itself, by namespace, with the sets of
// dimensions under which it does; and what a dimension names.
var (
	vended = map[string]struct {
		metrics []string
		sets    []string
	}{
		"AWS/SQS": {[]string{
			"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
			"ApproximateAgeOfOldestMessage", "NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "SentMessageSize",
		}, []string{"QueueName"}},
		"AWS/Lambda": {[]string{
			"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "IteratorAge", "DeadLetterErrors", "DestinationDeliveryFailures",
		}, []string{"FunctionName"}},
		"AWS/DynamoDB": {[]string{
			"ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits",
		}, []string{"TableName", "GlobalSecondaryIndexName TableName"}},
		"AWS/ApiGateway": {[]string{"Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed"}, []string{"ApiId"}},
		"AWS/Events":     {[]string{"FailedInvocations", "InvocationsFailedToBeSentToDlq", "InvocationsSentToDlq", "ThrottledRules"}, []string{"EventBusName RuleName"}},
		"AWS/Logs":       {[]string{"IncomingBytes", "IncomingLogEvents", "EMFParsingErrors", "EMFValidationErrors"}, []string{"LogGroupName"}},
	}
	named = map[string]string{
		"QueueName": "AWS::SQS::Queue", "FunctionName": "AWS::Serverless::Function", "ApiId": "AWS::Serverless::HttpApi",
		"EventBusName": "AWS::Events::EventBus", "TableName": "AWS::DynamoDB::Table", "LogGroupName": "AWS::Logs::LogGroup",
	}
)

// exists holds a metric against what there is: the metrics of the functions under one
// of their sets of dimensions, and those of AWS under a resource of the template.
func exists(t *testing.T, d document, where string, w watch) {
	t.Helper()
	keys := sorted(w.dims)
	if w.namespace == own {
		def, ok := metric.Of(metric.Name(w.metric))
		if !ok {
			t.Errorf("%s: no function counts %s", where, w.metric)
			return
		}
		if !slices.ContainsFunc(def.Sets, func(set []string) bool { return slices.Equal(slices.Sorted(slices.Values(set)), keys) }) {
			t.Errorf("%s: %s is not kept by %v but by %v", where, w.metric, keys, def.Sets)
		}
		series := def.Series([]string{"line", "whatsapp"})
		for key, v := range w.dims {
			if v != "*" && !slices.ContainsFunc(series, func(s metric.Series) bool { return slices.Contains(s.Dims, metric.Dim{Key: key, Value: v}) }) {
				t.Errorf("%s: %s is never %q by %s", where, w.metric, v, key)
			}
		}
		return
	}
	known, ok := vended[w.namespace]
	if !ok || !slices.Contains(known.metrics, w.metric) || !slices.Contains(known.sets, strings.Join(keys, " ")) {
		t.Errorf("%s: %s has no metric %s by %v", where, w.namespace, w.metric, keys)
	}
	for key, v := range w.dims {
		switch kind := named[key]; {
		case kind != "":
			if d.resources[target(v)].kind != kind {
				t.Errorf("%s shows the %s %s, which is not there", where, key, v)
			}
		case key == "RuleName":
			if !slices.ContainsFunc(d.of("AWS::Events::Rule"), func(r resource) bool {
				return ruleName(r) == strings.NewReplacer("!Ref AWS::StackName", "", "!Sub ${AWS::StackName}", "").Replace(v)
			}) {
				t.Errorf("%s shows the rule %s, which is not there", where, v)
			}
		case key == "GlobalSecondaryIndexName":
			if !slices.ContainsFunc(list(d.resources[target(w.dims["TableName"])].properties["GlobalSecondaryIndexes"]), func(ix any) bool { return text(ix, "IndexName") == v }) {
				t.Errorf("%s shows the index %s, which is not there", where, v)
			}
		}
	}
}

// ruleName is the part of a rule's name that is its own.
func ruleName(r resource) string {
	return strings.TrimPrefix(text(r.properties, "Name"), "!Sub ${AWS::StackName}")
}

func sorted(m map[string]string) []string {
	keys := []string{}
	for k := range m {
		if k != "" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestDashboardShowsWhatIsThere(t *testing.T) {
	d := read(t)
	for _, w := range dashboard(t, d) {
		p := w.Properties
		switch w.Type {
		case "text":
			if p.Markdown == "" {
				t.Error("a text says nothing")
			}
			continue
		case "alarm":
			continue
		case "metric":
		default:
			t.Errorf("got a widget of type %q", w.Type)
		}
		if p.Title == "" || p.Region != "!Ref AWS::Region" || p.Period%60 != 0 || p.Period == 0 || p.View != "timeSeries" && p.View != "singleValue" {
			t.Errorf("got a widget %q of region %q by %d s as %q", p.Title, p.Region, p.Period, p.View)
		}
		if len(p.Metrics) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, m := range shown(t, w) {
			if !regexp.MustCompile(`^(Sum|Maximum|p\d\d)$`).MatchString(m.stat) {
				t.Errorf("%s: got the statistic %q of %s", p.Title, m.stat, m.metric)
			}
			exists(t, d, "dashboard: "+p.Title, m)
		}
	}
}

func TestDashboardShowsAllThatIsCountedAndAlarmed(t *testing.T) {
	d := read(t)
	counted, alarms, dead, ages := map[string]bool{}, []string{}, map[string]bool{}, map[string]bool{}
	for _, w := range dashboard(t, d) {
		for _, a := range w.Properties.Alarms {
			alarms = append(alarms, target(a))
		}
		for _, m := range shown(t, w) {
			if m.namespace == own {
				counted[m.metric] = true
			}
			// At a glance: without scrolling.
			if w.Y < 6 && m.metric == "ApproximateNumberOfMessagesVisible" {
				dead[target(m.dims["QueueName"])] = true
			}
			if w.Y < 6 && m.metric == "ApproximateAgeOfOldestMessage" {
				ages[target(m.dims["QueueName"])] = true
			}
		}
	}
	for _, def := range metric.Definitions() {
		if !counted[string(def.Name)] {
			t.Errorf("%s is counted and paid for, and no widget shows it", def.Name)
		}
	}
	var want []string
	for _, a := range d.of("AWS::CloudWatch::Alarm") {
		want = append(want, a.name)
	}
	slices.Sort(want)
	slices.Sort(alarms)
	if !slices.Equal(alarms, want) {
		t.Errorf("got the alarms %v, want all: %v", alarms, want)
	}
	for _, q := range d.of("AWS::SQS::Queue") {
		if strings.HasSuffix(q.name, "DeadLetters") {
			if !dead[q.name] {
				t.Errorf("the first row does not show %s", q.name)
			}
		} else if !ages[q.name] {
			t.Errorf("the first row does not show how long %s lets wait", q.name)
		}
	}
}

func TestDashboardHasNoHolesAndNoOverlaps(t *testing.T) {
	const columns = 24
	taken := map[[2]int]string{}
	bottom := 0
	for _, w := range dashboard(t, read(t)) {
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if other, ok := taken[[2]int{x, y}]; ok || x >= columns {
					t.Fatalf("%q stands over %q, or beyond the edge", w.Properties.Title, other)
				}
				taken[[2]int{x, y}] = w.Properties.Title
			}
		}
		bottom = max(bottom, w.Y+w.Height)
	}
	if got := len(taken); got != bottom*columns {
		t.Errorf("%d of %d places are empty", bottom*columns-got, bottom*columns)
	}
}
