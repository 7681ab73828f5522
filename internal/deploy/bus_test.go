package deploy

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/hub"
)

// eventsService is the principal by which the bus sends to queues.
const eventsService = "events.amazonaws.com"

func TestOnlyRelayPublishesAndOnTheBusOfTheStack(t *testing.T) {
	d := read(t)
	buses := d.of("AWS::Events::EventBus")
	if len(buses) != 1 {
		t.Fatalf("got %d buses, want one", len(buses))
	}
	bus := buses[0].name
	for _, s := range statements(d) {
		for _, action := range s.actions {
			if strings.HasPrefix(action, "events:") && (s.role != "RelayRole" || action != "events:PutEvents" || fmt.Sprint(s.resources) != "[!GetAtt "+bus+".Arn]") {
				t.Errorf("%s may %s on %v, want relay alone to put events on %s", s.role, action, s.resources, bus)
			}
		}
	}
	// At the service, events for a bus that does not exist are taken and dropped.
	if got := text(d.resources["Relay"].properties, "Environment", "Variables", "BUS_NAME"); got != "!Ref "+bus {
		t.Errorf("relay publishes on %q, want the bus itself", got)
	}
}

// rule is a rule of the bus with what its pattern lets through.
type rule struct {
	resource
	kinds   []string
	targets []any
}

func rules(t *testing.T, d document) []rule {
	t.Helper()
	var found []rule
	for _, r := range d.of("AWS::Events::Rule") {
		kinds := texts(at(r.properties, "EventPattern", "detail-type"))
		found = append(found, rule{r, kinds, list(r.properties["Targets"])})
	}
	if len(found) == 0 {
		t.Fatal("there is no rule")
	}
	if left := d.events("EventBridgeRule"); len(left) > 0 {
		t.Errorf("%s.%s is called by the bus itself: put a queue between", left[0].function, left[0].name)
	}
	return found
}

func texts(v any) []string {
	var out []string
	for _, e := range list(v) {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

func TestRulesMatchWhatIsPublished(t *testing.T) {
	d := read(t)
	used := usedKinds(t)
	for _, r := range rules(t, d) {
		if d.resources[target(r.properties["EventBusName"])].kind != "AWS::Events::EventBus" {
			t.Errorf("%s stands on another bus", r.name)
		}
		if got := texts(at(r.properties, "EventPattern", "source")); !slices.Equal(got, []string{hub.Source}) {
			t.Errorf("%s: got source %v, want %s", r.name, got, hub.Source)
		}
		if len(r.kinds) == 0 {
			t.Errorf("%s names no detail-type", r.name)
		}
		pattern, _ := r.properties["EventPattern"].(map[string]any)
		for name := range pattern {
			if name != "source" && name != "detail-type" && name != "detail" {
				t.Errorf("%s judges by %s, which the hub does not set", r.name, name)
			}
		}
		for _, kind := range r.kinds {
			if !used[kind] {
				t.Errorf("%s waits for %s, which nothing publishes", r.name, kind)
			}
			schema := schemaOf(t, kind)
			wanted, _ := at(pattern, "detail").(map[string]any)
			for member, values := range wanted {
				p, ok := schema.Properties[member]
				if !ok {
					t.Errorf("%s judges by detail.%s, which %s does not have", r.name, member, kind)
				}
				for _, v := range texts(values) {
					if p.Enum != nil && !slices.Contains(p.Enum, v) {
						t.Errorf("%s waits for detail.%s %q, which is never so in %s", r.name, member, v, kind)
					}
				}
			}
		}
	}
}

func TestRulesHaveTargetsThatLoseNothing(t *testing.T) {
	d := read(t)
	for _, r := range rules(t, d) {
		if len(r.targets) == 0 {
			t.Errorf("%s has no target", r.name)
		}
		for _, to := range r.targets {
			queue, dead := target(at(to, "Arn")), target(at(to, "DeadLetterConfig", "Arn"))
			if d.resources[queue].kind != "AWS::SQS::Queue" {
				t.Errorf("%s calls %s, want a queue", r.name, queue)
			}
			if k := d.resources[dead]; k.kind != "AWS::SQS::Queue" || text(k.properties, "FifoQueue") == "true" || dead == queue {
				t.Errorf("%s has no standard queue for what its target %s does not take", r.name, queue)
			}
			for _, bound := range []string{"MaximumRetryAttempts", "MaximumEventAgeInSeconds"} {
				if text(to, "RetryPolicy", bound) == "" {
					t.Errorf("%s: the target %s has no %s", r.name, queue, bound)
				}
			}
			for _, q := range []string{queue, dead} {
				if !letsIn(d, q, r.name) {
					t.Errorf("the policy of %s does not let the bus send for %s: its events would be lost", q, r.name)
				}
			}
			checkTransformer(t, r, to)
		}
		name := text(r.properties, "Name")
		for _, metric := range []string{"FailedInvocations", "InvocationsFailedToBeSentToDlq"} {
			// On a bus of its own a rule's metrics bear both dimensions.
			want := map[string]string{"EventBusName": text(r.properties, "EventBusName"), "RuleName": name}
			if name == "" || !slices.ContainsFunc(d.of("AWS::CloudWatch::Alarm"), func(a resource) bool {
				return text(a.properties, "MetricName") == metric && fmt.Sprint(dimensions(a.properties["Dimensions"])) == fmt.Sprint(want)
			}) {
				t.Errorf("%s has no name, or no alarm on %s by %v", r.name, metric, want)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`<([A-Za-z0-9_]+)>`)

// checkTransformer holds what a target takes out of an event against the schemas: a
// member that may be missing, and for which the rule does not ask, would leave a hole in
// the text.
func checkTransformer(t *testing.T, r rule, to any) {
	t.Helper()
	paths, _ := at(to, "InputTransformer", "InputPathsMap").(map[string]any)
	template := text(to, "InputTransformer", "InputTemplate")
	if template == "" {
		return
	}
	for name, path := range paths {
		member, ok := strings.CutPrefix(fmt.Sprint(path), "$.detail.")
		for _, kind := range r.kinds {
			if !ok || !slices.Contains(schemaOf(t, kind).Required, member) && fmt.Sprint(at(r.properties["EventPattern"], "detail", member)) != "[map[exists:true]]" {
				t.Errorf("%s takes %v out of a %s, where it may be missing", r.name, path, kind)
			}
		}
		if !strings.Contains(template, "<"+name+">") {
			t.Errorf("%s takes out %s and does not use it", r.name, name)
		}
	}
	for _, m := range placeholder.FindAllStringSubmatch(template, -1) {
		if paths[m[1]] == nil {
			t.Errorf("%s uses <%s> and does not take it out", r.name, m[1])
		}
	}
	if !json.Valid([]byte(placeholder.ReplaceAllString(template, `"x"`))) {
		t.Errorf("%s makes no JSON: %s", r.name, template)
	}
}

func TestEachQueueHasOnePolicyThatLetsNobodyTooMuch(t *testing.T) {
	d := read(t)
	by := map[string]string{}
	for _, p := range d.of("AWS::SQS::QueuePolicy") {
		for _, q := range list(p.properties["Queues"]) {
			if other := by[target(q)]; other != "" {
				t.Errorf("%s has the policies %s and %s: of two, the last one wins", target(q), other, p.name)
			}
			by[target(q)] = p.name
		}
		for _, s := range list(at(p.properties, "PolicyDocument", "Statement")) {
			if text(s, "Effect") != "Allow" {
				continue
			}
			if text(s, "Principal", "Service") != eventsService || fmt.Sprint(at(s, "Action")) != "sqs:SendMessage" {
				t.Errorf("%s lets %v do %v, want the bus to send and no more", p.name, at(s, "Principal"), at(s, "Action"))
			}
			queues := list(p.properties["Queues"])
			if len(queues) != 1 || fmt.Sprint(at(s, "Resource")) != "!GetAtt "+target(queues[0])+".Arn" {
				t.Errorf("%s is about %v, want its one queue", p.name, at(s, "Resource"))
			}
			sources := list(at(s, "Condition", "ArnEquals", "aws:SourceArn"))
			if len(sources) == 0 {
				t.Errorf("%s lets every rule of every account send", p.name)
			}
			for _, source := range sources {
				r := d.resources[target(source)]
				if r.kind != "AWS::Events::Rule" || !strings.Contains(fmt.Sprint(r.properties["Targets"]), fmt.Sprint(at(s, "Resource"))) {
					t.Errorf("%s lets %v send, which is no rule that names the queue", p.name, source)
				}
			}
		}
	}
}

// letsIn reports whether a queue's policy lets the bus send for a rule.
func letsIn(d document, queue, rule string) bool {
	for _, p := range d.of("AWS::SQS::QueuePolicy") {
		for _, q := range list(p.properties["Queues"]) {
			if target(q) != queue {
				continue
			}
			for _, s := range list(at(p.properties, "PolicyDocument", "Statement")) {
				if text(s, "Effect") == "Allow" && slices.Contains(texts(at(s, "Condition", "ArnEquals", "aws:SourceArn")), "!GetAtt "+rule+".Arn") {
					return true
				}
			}
		}
	}
	return false
}

// schema is what the tests read of an event's schema.
type schema struct {
	Properties map[string]struct{ Enum []string }
	Required   []string
}

func schemaOf(t *testing.T, kind string) schema {
	t.Helper()
	var s schema
	raw, ok := catalogue.Schema(kind)
	if !ok {
		t.Errorf("a rule waits for %q, which is not in the catalogue", kind)
		return s
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// usedKinds are the kinds whose constant stands in the code that writes the tables,
// outside of the place that reads them for the bus.
func usedKinds(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]string{} // kind by constant
	file, err := parser.ParseFile(token.NewFileSet(), "../hub/published.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				value, err := strconv.Unquote(v.Values[i].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				names[name.Name] = value
			}
		}
		return true
	})
	used := map[string]bool{}
	err = filepath.WalkDir("../store", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || e.Name() == "change.go" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`\bhub\.([A-Z][A-Za-z]+)\b`).FindAllStringSubmatch(string(raw), -1) {
			used[names[m[1]]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}
