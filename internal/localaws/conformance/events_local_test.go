package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"omnihub/internal/localaws"
	"omnihub/internal/localaws/events"
	"omnihub/internal/localaws/wire"
)

func (l *line) putTarget(rule string, target types.Target) error {
	_, err := l.api.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &l.name, Targets: []types.Target{target}})
	return err
}

func TestEventBridgeRefusesWhatItDoesNotKnow(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["x"]}`)
	refused := map[string]error{}
	_, refused["ScheduleExpression"] = l.api.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("s"), EventBusName: &l.name, ScheduleExpression: aws.String("rate(1 minute)")})
	_, refused["RoleArn"] = l.api.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("s"), EventPattern: aws.String(`{"source":["x"]}`), RoleArn: aws.String("arn:aws:iam::0:role/x")})
	_, refused["KmsKeyIdentifier"] = l.api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("b"), KmsKeyIdentifier: aws.String("k")})
	_, refused["ListArchives"] = l.api.ListArchives(ctx, &eventbridge.ListArchivesInput{})
	for service, arn := range map[string]string{
		"lambda": "arn:aws:lambda:us-east-1:000000000000:function:f", "states": "arn:aws:states:us-east-1:000000000000:stateMachine:s",
		"111111111111": "arn:aws:sqs:us-east-1:111111111111:q", "eu-central-1": "arn:aws:sqs:eu-central-1:000000000000:q",
	} {
		refused[service] = l.putTarget(rule, types.Target{Id: aws.String("t"), Arn: &arn})
	}
	refused["HttpParameters"] = l.putTarget(rule, q.to(t, func(t *types.Target) { t.HttpParameters = &types.HttpParameters{} }))
	refused["$..x"] = l.putTarget(rule, q.to(t, func(t *types.Target) { t.InputPath = aws.String("$..x") }))
	foreign := l.entry("k", `{}`)
	foreign.EventBusName = aws.String("arn:aws:events:us-east-1:111111111111:event-bus/x")
	_, refused["another account"] = l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{foreign}})
	for name, err := range refused {
		if code(err) != "NotImplementedByLocalCloud" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want a refusal that names it", name, err)
		}
	}
}

func TestEntriesFailAsTheFaultSays(t *testing.T) {
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Events.FailEntry = func(caller string, i int, p events.Published) error {
			switch {
			case caller != "tester" || p.DetailType != "k":
				t.Errorf("got caller %s, entry %+v", caller, p)
			case i == 1:
				return wire.Errorf("ThrottlingException", "Rate exceeded.")
			case i == 2:
				return errors.New("down")
			}
			return nil
		}
	})
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"source":["conformance"]}`, q.to(t, func(t *types.Target) { t.InputPath = aws.String("$.detail.n") }))
	var entries []types.PutEventsRequestEntry
	for i := range 4 {
		entries = append(entries, l.entry("k", fmt.Sprintf(`{"n":%d}`, i)))
	}
	out := must(l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries}))(t)
	var got []string
	for _, e := range out.Entries {
		got = append(got, aws.ToString(e.ErrorCode))
	}
	if want := []string{"", "ThrottlingException", "InternalFailure", ""}; !slices.Equal(got, want) || out.FailedEntryCount != 2 {
		t.Errorf("got %q, %d failed, want %q", got, out.FailedEntryCount, want)
	}
	if got := texts(q.arrived(t, 2)); !slices.Equal(got, []string{"0", "3"}) {
		t.Errorf("got %q, want the entries that did not fail", got)
	}
}

func TestCallsFailBeforeOrAfterTheyAreDone(t *testing.T) {
	fail := ""
	down := &wire.Error{Code: "InternalException", Status: 500, Message: "down"}
	fault := func(when string) func(operation, caller string) error {
		return func(operation, _ string) error {
			if when+operation == fail {
				return down
			}
			return nil
		}
	}
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Events.Before, cfg.Events.After = fault("before "), fault("after ")
	})
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"source":["conformance"]}`, q.to(t))
	for when, arrives := range map[string]int{"before PutEvents": 0, "after PutEvents": 1} {
		fail = when
		_, err := l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{l.entry("k", `{}`)}})
		wantCode(t, err, "InternalException")
		q.arrived(t, arrives)
	}
}

func TestEventBridgeAsksForPermission(t *testing.T) {
	allowed := ""
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Permit = func(caller, action, resource string) error {
			if caller == "tester" || action+" "+resource == allowed {
				return nil
			}
			return fmt.Errorf("%s may not %s on %s", caller, action, resource)
		}
	})
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, arn := l.rule(t, `{"source":["conformance"]}`, q.to(t))
	api := eventbridge.NewFromConfig(c.config("function"))
	for permission, call := range map[string]func() error{
		"events:PutEvents " + l.arn: func() error {
			_, err := api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{l.entry("k", `{}`)}})
			return err
		},
		"events:DescribeRule " + arn: func() error {
			_, err := api.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &rule, EventBusName: &l.arn})
			return err
		},
		"events:DescribeEventBus " + l.arn: func() error {
			_, err := api.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &l.name})
			return err
		},
	} {
		allowed = ""
		wantCode(t, call(), "AccessDeniedException")
		allowed = permission
		if err := call(); err != nil {
			t.Errorf("%s: got %v with the permission", permission, err)
		}
	}
	q.arrived(t, 1)
	counts := c.server.Meter().Counts()
	i := slices.IndexFunc(counts, func(n wire.Count) bool { return n.Caller == "function" && n.Operation == "PutEvents" })
	if i < 0 || counts[i].Service != "events" || counts[i].Resource != l.name || counts[i].Calls != 2 || counts[i].Errors != 1 {
		t.Errorf("got counts %+v, want 2 calls of PutEvents on %s, 1 of them failed", counts, l.name)
	}
}

func TestPublishedTellsTheLastEvents(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, q, closed := c.bus(t), c.inbox(t, false, nil), c.queue(t, false, nil)
	one, _ := l.rule(t, `{"detail":{"n":[1]}}`, q.to(t))
	two, _ := l.rule(t, `{"source":["conformance"]}`, closed.to(t, func(t *types.Target) { t.Id = aws.String("shut") }))
	lost := l.entry("k", `{"n":3}`)
	lost.EventBusName = aws.String("nowhere")
	ids := l.put(t, l.entry("k", `{"n": 1}`), l.entry("k", `{"n":2}`), lost)
	got := c.server.Events().Published(0)
	if len(got) != 3 {
		t.Fatalf("got %d events, want 3", len(got))
	}
	first := got[0]
	rules := []string{one, two}
	slices.Sort(rules)
	if first.Number != 1 || first.ID != ids[0] || first.Bus != l.name || first.Source != "conformance" || first.DetailType != "k" || first.Detail != `{"n":1}` ||
		!slices.Equal(first.Rules, rules) || time.Since(first.Time).Abs() > time.Minute {
		t.Errorf("got %+v", first)
	}
	if len(first.Failures) != 1 || first.Failures[0].Rule != two || first.Failures[0].Target != "shut" || first.Failures[0].Code != "NO_PERMISSIONS" || first.Failures[0].DeadLettered {
		t.Errorf("got failures %+v", first.Failures)
	}
	if len(got[2].Rules) != 0 || len(got[2].Failures) != 1 || got[2].Failures[0].Code != "NO_RESOURCE" {
		t.Errorf("got %+v of the bus that does not exist", got[2])
	}
	if later := c.server.Events().Published(2); len(later) != 1 || later[0].Number != 3 {
		t.Errorf("got %+v after 2, want the third", later)
	}
	for range 101 {
		l.put(t, slices.Repeat([]types.PutEventsRequestEntry{l.entry("k", `{"n":4}`)}, 10)...)
	}
	if got = c.server.Events().Published(0); len(got) != 1000 || got[0].Number != 14 || got[999].Number != 1013 {
		t.Errorf("got %d events from %d, want the last 1,000", len(got), got[0].Number)
	}
}

func TestUndeliveredEventIsLoggedWithoutContent(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Log = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return log.Write(p)
		}), nil))
	})
	l, q, grave := c.bus(t), c.queue(t, false, nil), c.inbox(t, false, nil)
	_, rule := l.rule(t, `{"source":["conformance"]}`, q.to(t), q.to(t, withGrave(t, grave)))
	lost := l.entry("k", `{"secret":"canary"}`)
	lost.EventBusName = aws.String("nowhere")
	l.put(t, l.entry("k", `{"secret":"canary"}`), lost)
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"level=WARN", rule, q.arn(t), "NO_PERMISSIONS", "dropped", "dead-letter queue", "bus=nowhere"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got log %s, want %q in it", log.String(), want)
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log holds content: %s", log.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestRulesAndDeliveredEventsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	var name, rule, url string
	t.Run("before", func(t *testing.T) {
		c := newCloud(t, onDisk(dir))
		l, q := c.bus(t), c.inbox(t, false, nil)
		name, url = l.name, q.name()
		rule, _ = l.rule(t, `{"source":["conformance"]}`, q.to(t, func(t *types.Target) {
			t.Id, t.RetryPolicy = aws.String("t"), &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0), MaximumEventAgeInSeconds: aws.Int32(60)}
			t.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"n": <n>}`), InputPathsMap: map[string]string{"n": "$.detail.n"}}
		}))
		gone, _ := l.rule(t, `{"source":["conformance"]}`)
		must(l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &gone, EventBusName: &name}))(t)
		must(l.api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("gone")}))(t)
		must(l.api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("gone")}))(t)
		l.put(t, l.entry("k", `{"n":1}`))
	})
	c := newCloud(t, onDisk(dir))
	l := &line{cloud: c, api: c.events(), name: name}
	q := &box{cloud: c, api: c.sqs(), url: c.url + "/000000000000/" + url}
	l.put(t, l.entry("k", `{"n":2}`))
	if got := texts(q.arrived(t, 2)); !slices.Equal(got, []string{`{"n":1}`, `{"n":2}`}) {
		t.Errorf("got %q", got)
	}
	targets := must(l.api.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: &name}))(t).Targets
	if len(targets) != 1 || *targets[0].RetryPolicy.MaximumRetryAttempts != 0 || *targets[0].RetryPolicy.MaximumEventAgeInSeconds != 60 {
		t.Errorf("got targets %+v", targets)
	}
	rules := must(l.api.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: &name}))(t).Rules
	buses := must(l.api.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}))(t).EventBuses
	if len(rules) != 1 || len(buses) != 2 {
		t.Errorf("got %d rules and %d buses, want 1 and the default bus with one more", len(rules), len(buses))
	}
}

func TestEventBridgeErrorsStandOnTheWireAsAWSWritesThem(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	for _, test := range []struct{ operation, body, want string }{
		{"DescribeRule", `{"Name":"none"}`, `"__type":"ResourceNotFoundException"`},
		{"DescribeRule", `{"Name":"none"}`, `"message":"Rule none does not exist on EventBus default."`},
		{"PutRule", `{"Name":"r","EventPattern":"{\"int\":42}"}`, `"message":"Event pattern is not valid. Reason: \"int\" must be an object or an array at int"`},
		{"PutEvents", `{"Entries":[{"Time":"soon"}]}`, `SerializationException`},
	} {
		req := must(http.NewRequest("POST", c.url, strings.NewReader(test.body)))(t)
		req.Header.Set("X-Amz-Target", "AWSEvents."+test.operation)
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		answer := must(http.DefaultClient.Do(req))(t)
		text := must(io.ReadAll(answer.Body))(t)
		answer.Body.Close()
		if answer.StatusCode != 400 || !strings.Contains(string(text), test.want) || answer.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
			t.Errorf("%s %s: got %d %s, want %s", test.operation, test.body, answer.StatusCode, text, test.want)
		}
	}
}

func TestRulesMayChangeWhileEventsArePublished(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["conformance"]}`, q.to(t))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				l.put(t, l.entry("k", `{"n":1}`))
			}
		})
		all.Go(func() {
			for i := range 25 {
				other := unique("r")
				if _, err := l.api.PutRule(ctx, &eventbridge.PutRuleInput{Name: &other, EventBusName: &l.name, EventPattern: aws.String(fmt.Sprintf(`{"detail":{"n":[%d]}}`, i+2))}); err != nil {
					t.Error(err)
				}
				if err := l.putTarget(rule, q.to(t, func(t *types.Target) { t.Id = aws.String("other") })); err != nil {
					t.Error(err)
				}
				if _, err := l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &l.name, Ids: []string{"other"}}); err != nil {
					t.Error(err)
				}
				if _, err := l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &other, EventBusName: &l.name}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := c.server.SQS().Counts()[q.name()].Visible; got < 100 {
		t.Errorf("got %d messages, want at least one for each of 100 events", got)
	}
}
