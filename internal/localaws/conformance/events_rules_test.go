package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func TestEventBusesAreMadeListedAndDeleted(t *testing.T) {
	c := newCloud(t)
	api := c.events()
	prefix, names := unique("buses"), []string{}
	for i := range 5 {
		names = append(names, fmt.Sprint(prefix, "-", i))
		made := must(api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &names[i], Description: aws.String("bus of a test")}))(t)
		if !strings.HasSuffix(*made.EventBusArn, ":event-bus/"+names[i]) {
			t.Errorf("got ARN %s of %s", *made.EventBusArn, names[i])
		}
		got := must(api.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: made.EventBusArn}))(t)
		if *got.Name != names[i] || *got.Arn != *made.EventBusArn || aws.ToString(got.Description) != "bus of a test" || got.CreationTime == nil {
			t.Errorf("got %+v, want what was made", got)
		}
	}
	_, err := api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &names[0]})
	wantCode(t, err, "ResourceAlreadyExistsException")
	var listed []string
	var token *string
	for pages := 0; pages == 0 || token != nil; pages++ {
		page := must(api.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NamePrefix: &prefix, Limit: aws.Int32(2), NextToken: token}))(t)
		if len(page.EventBuses) > 2 || pages > 3 {
			t.Fatalf("got page %d of %d buses, want 3 pages of 2 at most", pages, len(page.EventBuses))
		}
		for _, b := range page.EventBuses {
			listed = append(listed, *b.Name)
		}
		token = page.NextToken
	}
	if !slices.Equal(listed, names) {
		t.Errorf("got %q, want %q", listed, names)
	}
	for _, name := range names {
		must(api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &name}))(t)
	}
	_, err = api.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &names[0]})
	wantCode(t, err, "ResourceNotFoundException")
	if got := must(api.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{}))(t); *got.Name != "default" {
		t.Errorf("got %q without a name, want default", *got.Name)
	}
}

func TestEventBusRefusals(t *testing.T) {
	l := newCloud(t).bus(t)
	for _, name := range []string{"a/b", "a b", "", strings.Repeat("x", 257)} {
		_, err := l.api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name})
		if err == nil {
			t.Errorf("bus %q: got no error", name)
		}
	}
	_, err := l.api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("default")})
	wantCode(t, err, "ResourceAlreadyExistsException")
	_, err = l.api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("default")})
	wantCode(t, err, "ValidationException")
	_, err = l.api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String(unique("none"))})
	wantCode(t, err, "")
	l.rule(t, `{"source":["x"]}`)
	_, err = l.api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &l.name})
	wantCode(t, err, "ValidationException")
}

func TestRuleIsPutDescribedReplacedAndDeleted(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	pattern := `{ "source": ["conformance"] }`
	name, arn := l.rule(t, pattern, q.to(t))
	if !strings.HasSuffix(arn, ":rule/"+l.name+"/"+name) {
		t.Errorf("got ARN %s", arn)
	}
	describe := func() *eventbridge.DescribeRuleOutput {
		t.Helper()
		return must(l.api.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &l.name}))(t)
	}
	if got := describe(); *got.EventPattern != pattern || got.State != types.RuleStateEnabled || *got.EventBusName != l.name || *got.Arn != arn {
		t.Errorf("got %+v", got)
	}
	other := `{"source":["other"]}`
	must(l.api.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventBusName: &l.arn, EventPattern: &other, State: types.RuleStateDisabled, Description: aws.String("d")}))(t)
	if got := describe(); *got.EventPattern != other || got.State != types.RuleStateDisabled || aws.ToString(got.Description) != "d" {
		t.Errorf("got %+v after it was replaced", got)
	}
	targets := must(l.api.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &l.name}))(t).Targets
	if len(targets) != 1 {
		t.Fatalf("got %d targets after the rule was replaced, want 1", len(targets))
	}
	_, err := l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &l.name})
	wantCode(t, err, "ValidationException") // it has targets
	must(l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &l.name, Ids: []string{*targets[0].Id}}))(t)
	must(l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &l.name}))(t)
	_, err = l.api.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &l.name})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &l.name})
	wantCode(t, err, "") // deleted already
}

func TestRuleOfTheDefaultBusLeavesItOutOfItsARN(t *testing.T) {
	c := newCloud(t)
	l := &line{cloud: c, api: c.events(), name: "default"}
	name, arn := l.rule(t, `{"source":["x"]}`)
	if !strings.HasSuffix(arn, ":rule/"+name) {
		t.Errorf("got ARN %s", arn)
	}
}

func TestRulesAreListedByPrefixAndPage(t *testing.T) {
	l := newCloud(t).bus(t)
	var names []string
	for range 5 {
		name, _ := l.rule(t, `{"source":["x"]}`)
		names = append(names, name)
	}
	slices.Sort(names)
	var listed []string
	var token *string
	for pages := 0; pages == 0 || token != nil; pages++ {
		page := must(l.api.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &l.name, NamePrefix: aws.String("rule-"), Limit: aws.Int32(3), NextToken: token}))(t)
		if len(page.Rules) > 3 || pages > 2 {
			t.Fatalf("got page %d of %d rules", pages, len(page.Rules))
		}
		for _, r := range page.Rules {
			listed = append(listed, *r.Name)
		}
		token = page.NextToken
	}
	if !slices.Equal(listed, names) {
		t.Errorf("got %q, want %q", listed, names)
	}
	if got := must(l.api.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &l.name, NamePrefix: aws.String("none")}))(t); len(got.Rules) != 0 {
		t.Errorf("got %d rules of another prefix", len(got.Rules))
	}
}

func TestRuleRefusals(t *testing.T) {
	l := newCloud(t).bus(t)
	put := func(change func(*eventbridge.PutRuleInput)) error {
		in := &eventbridge.PutRuleInput{Name: aws.String(unique("rule")), EventBusName: &l.name, EventPattern: aws.String(`{"source":["x"]}`)}
		change(in)
		_, err := l.api.PutRule(ctx, in)
		return err
	}
	for name, test := range map[string]struct {
		change func(*eventbridge.PutRuleInput)
		code   string
	}{
		"another bus":     {func(in *eventbridge.PutRuleInput) { in.EventBusName = aws.String(unique("none")) }, "ResourceNotFoundException"},
		"no pattern":      {func(in *eventbridge.PutRuleInput) { in.EventPattern = nil }, "ValidationException"},
		"name":            {func(in *eventbridge.PutRuleInput) { in.Name = aws.String("a b") }, "ValidationException"},
		"long name":       {func(in *eventbridge.PutRuleInput) { in.Name = aws.String(strings.Repeat("x", 65)) }, "ValidationException"},
		"state":           {func(in *eventbridge.PutRuleInput) { in.State = "ASLEEP" }, "ValidationException"},
		"not JSON":        {func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{'a':1}`) }, "InvalidEventPatternException"},
		"bare value":      {func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{"source":"x"}`) }, "InvalidEventPatternException"},
		"empty list":      {func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{"source":[]}`) }, "InvalidEventPatternException"},
		"operator":        {func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{"source":[{"regex":"x"}]}`) }, "InvalidEventPatternException"},
		"double wildcard": {func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{"source":[{"wildcard":"a**"}]}`) }, "InvalidEventPatternException"},
	} {
		if got := code(put(test.change)); got != test.code {
			t.Errorf("%s: got %q, want %q", name, got, test.code)
		}
	}
	none := unique("none")
	_, err := l.api.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: &none, EventBusName: &l.name})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = l.api.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: &none, EventBusName: &l.name})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = l.api.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &none, EventBusName: &l.name})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestTargetsAreReplacedByIDListedAndRemoved(t *testing.T) {
	c := newCloud(t)
	l, q, other := c.bus(t), c.inbox(t, false, nil), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["conformance"]}`)
	list := func() (out []string) {
		t.Helper()
		var token *string
		for pages := 0; pages == 0 || token != nil; pages++ {
			page := must(l.api.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: &l.name, Limit: aws.Int32(2), NextToken: token}))(t)
			if len(page.Targets) > 2 || pages > 2 {
				t.Fatalf("got page %d of %d targets", pages, len(page.Targets))
			}
			for _, target := range page.Targets {
				out = append(out, *target.Id+" "+aws.ToString(target.InputPath))
			}
			token = page.NextToken
		}
		return out
	}
	id := func(id, path string) types.Target {
		return q.to(t, func(t *types.Target) { t.Id, t.InputPath = &id, &path })
	}
	l.target(t, rule, id("a", "$.detail"), id("b", "$.id"), id("c", "$.time"))
	l.target(t, rule, id("b", "$.source"))
	if got := list(); !slices.Equal(got, []string{"a $.detail", "b $.source", "c $.time"}) {
		t.Errorf("got targets %q", got)
	}
	l.put(t, l.entry("k", `{"n":1}`))
	if got := texts(q.arrived(t, 3)); got[1] != `"conformance"` || got[2] != `{"n":1}` {
		t.Errorf("got %q", got)
	}
	out := must(l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &l.name, Ids: []string{"a", "c"}}))(t)
	if out.FailedEntryCount != 0 {
		t.Errorf("got %+v", out.FailedEntries)
	}
	l.target(t, rule, other.to(t, func(t *types.Target) { t.Id = aws.String("b") }))
	if got := list(); len(got) != 1 {
		t.Errorf("got targets %q, want b", got)
	}
	l.put(t, l.entry("k", `{"n":2}`))
	q.arrived(t, 0)
	other.arrived(t, 1)
	must(l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &l.name, Ids: []string{"b"}}))(t)
}

func TestTargetRefusals(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["conformance"]}`)
	put := func(targets ...types.Target) string {
		_, err := l.api.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &l.name, Targets: append([]types.Target{}, targets...)})
		return code(err)
	}
	fifo := q.arn(t) + ".fifo"
	for name, test := range map[string]struct {
		change func(*types.Target)
		code   string
	}{
		"id":                    {func(t *types.Target) { t.Id = aws.String("!@#$") }, "ValidationException"},
		"long id":               {func(t *types.Target) { t.Id = aws.String(strings.Repeat("x", 65)) }, "ValidationException"},
		"no ARN":                {func(t *types.Target) { t.Arn = aws.String("queue") }, "ValidationException"},
		"FIFO without group":    {func(t *types.Target) { t.Arn = &fifo }, "ValidationException"},
		"two inputs":            {func(t *types.Target) { t.Input, t.InputPath = aws.String("1"), aws.String("$.id") }, "ValidationException"},
		"input that is no JSON": {func(t *types.Target) { t.Input = aws.String("{") }, "ValidationException"},
		"unknown placeholder": {func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`"<none>"`)}
		}, "ValidationException"},
		"placeholder as a key": {func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputPathsMap: map[string]string{"x": "$.id"}, InputTemplate: aws.String(`{<x>: 1}`)}
		}, "ValidationException"},
		"reserved name": {func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputPathsMap: map[string]string{"aws.x": "$.id"}, InputTemplate: aws.String(`"x"`)}
		}, "ValidationException"},
	} {
		if got := put(q.to(t, test.change)); got != test.code {
			t.Errorf("%s: got %q, want %q", name, got, test.code)
		}
	}
	same := q.to(t)
	if got := put(same, same); got != "ValidationException" {
		t.Errorf("an id given twice: got %q", got)
	}
	if got := put(); got != "ValidationException" {
		t.Errorf("no targets: got %q", got)
	}
	var six []types.Target
	for range 6 {
		six = append(six, q.to(t))
	}
	if got := put(six...); got != "LimitExceededException" {
		t.Errorf("six targets: got %q", got)
	}
	if got := put(six[:5]...); got != "" {
		t.Errorf("five targets: got %q", got)
	}
	if got := put(six[5]); got != "LimitExceededException" {
		t.Errorf("a sixth target: got %q", got)
	}
	var ids []string
	for _, target := range six[:5] {
		ids = append(ids, *target.Id)
	}
	must(l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &l.name, Ids: ids}))(t)
	none := unique("none")
	_, err := l.api.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &none, EventBusName: &l.name, Targets: []types.Target{q.to(t)}})
	wantCode(t, err, "ResourceNotFoundException")
}
