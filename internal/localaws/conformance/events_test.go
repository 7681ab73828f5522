package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func (c *cloud) events() *eventbridge.Client {
	return eventbridge.NewFromConfig(c.config("tester"))
}

// line is one event bus of a test with its client.
type line struct {
	*cloud
	api  *eventbridge.Client
	name string
	arn  string
}

// bus makes a bus with an own name.
func (c *cloud) bus(t testing.TB) *line {
	t.Helper()
	l := &line{cloud: c, api: c.events(), name: unique("bus")}
	l.arn = *must(l.api.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &l.name}))(t).EventBusArn
	if c.server == nil {
		t.Cleanup(func() { _, _ = l.api.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &l.name}) })
	}
	return l
}

// rule makes a rule with targets and returns its name and ARN.
func (l *line) rule(t testing.TB, pattern string, targets ...types.Target) (name, arn string) {
	t.Helper()
	name = unique("rule")
	arn = *must(l.api.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventBusName: &l.name, EventPattern: &pattern}))(t).RuleArn
	if len(targets) > 0 {
		l.target(t, name, targets...)
	}
	if l.server == nil {
		t.Cleanup(func() {
			ids := []string{}
			for _, target := range targets {
				ids = append(ids, *target.Id)
			}
			if len(ids) > 0 {
				_, _ = l.api.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &l.name, Ids: ids})
			}
			_, _ = l.api.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &l.name})
		})
	}
	return name, arn
}

func (l *line) target(t testing.TB, rule string, targets ...types.Target) {
	t.Helper()
	out := must(l.api.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &l.name, Targets: targets}))(t)
	if out.FailedEntryCount != 0 || len(out.FailedEntries) != 0 {
		t.Fatalf("got failed targets %+v", out.FailedEntries)
	}
}

// to is a target with an id of its own.
func (b *box) to(t testing.TB, change ...func(*types.Target)) types.Target {
	t.Helper()
	target := types.Target{Id: aws.String(unique("t")), Arn: aws.String(b.arn(t))}
	for _, f := range change {
		f(&target)
	}
	return target
}

// open lets rules whose ARNs are like source send to the queue.
func (b *box) open(t testing.TB, source string) *box {
	t.Helper()
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
		"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnLike":{"aws:SourceArn":%q}}}]}`, b.arn(t), source)
	if err := b.set(map[string]string{"Policy": policy}); err != nil {
		t.Fatal(err)
	}
	return b
}

// inbox makes a queue that every rule may send to.
func (c *cloud) inbox(t testing.TB, fifo bool, attributes map[string]string) *box {
	t.Helper()
	return c.queue(t, fifo, attributes).open(t, "arn:aws:events:*:*:rule/*")
}

// arrived receives n messages, waiting for them where that is needed, and sees that
// there are no more.
func (b *box) arrived(t testing.TB, n int) []sqstypes.Message {
	t.Helper()
	var got []sqstypes.Message
	for tries := 0; tries == 0 || len(got) < n && tries < 5; tries++ {
		out := must(b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: 10, WaitTimeSeconds: b.patience(),
			MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}}))(t)
		got = append(got, out.Messages...)
	}
	if len(got) != n {
		t.Fatalf("got %d messages, want %d", len(got), n)
	}
	return got
}

// patience is how many seconds a message may take: none in the local cloud, where
// events are delivered when PutEvents answers.
func (c *cloud) patience() int32 {
	if c.server != nil {
		return 0
	}
	return 2
}

// texts are the bodies of messages, sorted.
func texts(messages []sqstypes.Message) (out []string) {
	for _, m := range messages {
		out = append(out, *m.Body)
	}
	slices.Sort(out)
	return out
}

// entry is an event of this suite with a detail.
func (l *line) entry(kind, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{EventBusName: &l.name, Source: aws.String("conformance"), DetailType: &kind, Detail: &detail}
}

// put publishes entries, all of which must be taken, and returns their ids.
func (l *line) put(t testing.TB, entries ...types.PutEventsRequestEntry) (ids []string) {
	t.Helper()
	out := must(l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries}))(t)
	if out.FailedEntryCount != 0 || len(out.Entries) != len(entries) {
		t.Fatalf("got %d failed of %d: %+v", out.FailedEntryCount, len(out.Entries), out.Entries)
	}
	for _, e := range out.Entries {
		ids = append(ids, *e.EventId)
	}
	return ids
}

func TestEventReachesTheQueueInItsEnvelope(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	_, ruleARN := l.rule(t, `{"source":["conformance"],"detail":{"n":[1]}}`, q.to(t))
	e := l.entry("thing.happened", `{ "n": 1, "text": "grüße 你好 😀 <&> \"q\"", "f": 1.50, "deep": {"b": [1, {}], "a": null} }`)
	e.Resources = []string{"arn:aws:x:::one", "two"}
	e.Time = aws.Time(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	ids := l.put(t, e, l.entry("thing.happened", `{"n":2}`))
	m := q.arrived(t, 1)[0]
	account := strings.Split(ruleARN, ":")[4]
	want := `{"version":"0","id":"` + ids[0] + `","detail-type":"thing.happened","source":"conformance","account":"` + account + `","time":"2026-01-02T03:04:05Z","region":"` + c.config("").Region +
		`","resources":["arn:aws:x:::one","two"],"detail":{"n":1,"text":"grüße 你好 😀 <&> \"q\"","f":1.50,"deep":{"b":[1,{}],"a":null}}}`
	if c.server != nil && *m.Body != want {
		t.Errorf("got body\n%s, want\n%s", *m.Body, want)
	}
	if got, expected := decoded(t, *m.Body), decoded(t, want); got != expected {
		t.Errorf("got event\n%s, want\n%s", got, expected)
	}
	if len(m.MessageAttributes) != 0 {
		t.Errorf("got message attributes %v, want none", m.MessageAttributes)
	}
}

// decoded writes JSON in one spelling.
func decoded(t testing.TB, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(must(json.Marshal(v))(t))
}

func TestEventWithoutTimeAndResourcesGetsThem(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"detail-type":["k"]}`, q.to(t))
	before := time.Now().Truncate(time.Second)
	l.put(t, l.entry("k", `{}`))
	var got struct {
		Time      time.Time
		Resources []string
		Detail    map[string]any
	}
	if err := json.Unmarshal([]byte(*q.arrived(t, 1)[0].Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Time.Before(before.Add(-time.Minute)) || got.Time.After(time.Now().Add(time.Minute)) || got.Time.Nanosecond() != 0 {
		t.Errorf("got time %v, want that of the call", got.Time)
	}
	if got.Resources == nil || len(got.Resources) != 0 || got.Detail == nil {
		t.Errorf("got resources %v and detail %v, want empty ones", got.Resources, got.Detail)
	}
}

func TestBadEntryFailsAloneAndInItsPlace(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"source":[{"exists":true}]}`, q.to(t))
	bad := func(change func(*types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
		e := l.entry("k", `{}`)
		change(&e)
		return e
	}
	entries := []types.PutEventsRequestEntry{
		l.entry("k", `{"n":1}`),
		bad(func(e *types.PutEventsRequestEntry) { e.Source = nil }),
		bad(func(e *types.PutEventsRequestEntry) { e.DetailType = nil }),
		bad(func(e *types.PutEventsRequestEntry) { e.Detail = nil }),
		bad(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`[1]`) }),
		bad(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`"{}"`) }),
		bad(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`{"a":}`) }),
		bad(func(e *types.PutEventsRequestEntry) { e.Source = aws.String("aws.s3") }),
		bad(func(e *types.PutEventsRequestEntry) { e.DetailType = aws.String(strings.Repeat("ü", 129)) }),
		l.entry(strings.Repeat("ü", 128), `{"n":2}`),
	}
	out := must(l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries}))(t)
	var got []string
	for _, e := range out.Entries {
		got = append(got, aws.ToString(e.ErrorCode))
		if (e.EventId == nil) == (e.ErrorCode == nil) || (e.ErrorCode == nil) != (e.ErrorMessage == nil) {
			t.Errorf("got id %v, code %v, message %v, want one or the others", e.EventId, e.ErrorCode, e.ErrorMessage)
		}
	}
	const missing, malformed = "InvalidArgument", "MalformedDetail"
	want := []string{"", missing, missing, missing, malformed, malformed, malformed, "NotAuthorizedForSourceException", missing, ""}
	if !slices.Equal(got, want) || out.FailedEntryCount != 8 {
		t.Errorf("got %d failed, %q, want 8 failed, %q", out.FailedEntryCount, got, want)
	}
	if messages := q.arrived(t, 2); len(messages) == 2 && !strings.Contains(*messages[0].Body+*messages[1].Body, `"n":2`) {
		t.Errorf("got %q, want the first and the last event", texts(messages))
	}
}

func TestPutEventsHasLimits(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"detail":{"pad":[{"exists":true}]}}`, q.to(t, func(t *types.Target) { t.InputPath = aws.String("$.detail-type") }))
	put := func(entries ...types.PutEventsRequestEntry) error {
		_, err := l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: append([]types.PutEventsRequestEntry{}, entries...)})
		return err
	}
	wantCode(t, put(), "ValidationException")
	wantCode(t, put(slices.Repeat([]types.PutEventsRequestEntry{l.entry("k", `{}`)}, 11)...), "ValidationException")
	if err := put(slices.Repeat([]types.PutEventsRequestEntry{l.entry("k", `{}`)}, 10)...); err != nil {
		t.Errorf("ten entries: got %v", err)
	}
	// Detail, source, detail-type and resources count as bytes, a time as 14.
	const most = 1 << 20
	e := l.entry("kü", "")
	e.Resources, e.Time = []string{"é"}, aws.Time(time.Now())
	rest := len(`{"pad":""}`) + len("conformance") + len("kü") + len("é") + 14
	e.Detail = aws.String(`{"pad":"` + strings.Repeat("x", most-rest-1) + `"}`)
	if err := put(e); err != nil {
		t.Errorf("%d bytes: got %v, want them taken", most-1, err)
	}
	e.Detail = aws.String(`{"pad":"` + strings.Repeat("x", most-rest) + `"}`)
	wantCode(t, put(e), "ValidationException")
	half := l.entry("k", `{"pad":"`+strings.Repeat("x", most/2)+`"}`)
	wantCode(t, put(half, half), "ValidationException")
	if got := texts(q.arrived(t, 1)); got[0] != `"kü"` {
		t.Errorf("got %q, want the event that was taken", got)
	}
}

func TestBusThatDoesNotExistSwallowsEvents(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	l.rule(t, `{"source":["conformance"]}`, q.to(t))
	lost := l.entry("k", `{"n":1}`)
	lost.EventBusName = aws.String(unique("none"))
	l.put(t, lost, l.entry("k", `{"n":2}`))
	if got := texts(q.arrived(t, 1)); !strings.Contains(got[0], `"n":2`) {
		t.Errorf("got %q, want the event of the bus that exists", got)
	}
}

func TestEventGoesToTheBusThatIsNamed(t *testing.T) {
	c := newCloud(t)
	a, b := c.bus(t), c.bus(t)
	qa, qb := c.inbox(t, false, nil), c.inbox(t, false, nil)
	detail := func(t *types.Target) { t.InputPath = aws.String("$.detail.n") }
	a.rule(t, `{"source":["conformance"]}`, qa.to(t, detail))
	b.rule(t, `{"source":["conformance"]}`, qb.to(t, detail))
	byARN := b.entry("k", `{"n":"to b"}`)
	byARN.EventBusName = &b.arn
	a.put(t, a.entry("k", `{"n":"to a"}`), byARN)
	if got := texts(qa.arrived(t, 1)); got[0] != `"to a"` {
		t.Errorf("got %q at a", got)
	}
	if got := texts(qb.arrived(t, 1)); got[0] != `"to b"` {
		t.Errorf("got %q at b", got)
	}
}

func TestDisabledRuleSelectsNothing(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	rule, _ := l.rule(t, `{"source":["conformance"]}`, q.to(t, func(t *types.Target) { t.InputPath = aws.String("$.detail.n") }))
	must(l.api.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: &rule, EventBusName: &l.name}))(t)
	l.put(t, l.entry("k", `{"n":1}`))
	must(l.api.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: &rule, EventBusName: &l.name}))(t)
	l.put(t, l.entry("k", `{"n":2}`))
	if got := texts(q.arrived(t, 1)); got[0] != "2" {
		t.Errorf("got %q, want the second event", got)
	}
}

func TestEveryTargetOfEveryRuleGetsTheEvent(t *testing.T) {
	c := newCloud(t)
	l, one, two := c.bus(t), c.inbox(t, false, nil), c.inbox(t, true, map[string]string{"ContentBasedDeduplication": "true"})
	group := func(t *types.Target) { t.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("g")} }
	l.rule(t, `{"detail":{"n":[1]}}`, one.to(t), two.to(t, group))
	l.rule(t, `{"source":["conformance"]}`, one.to(t))
	l.rule(t, `{"source":["other"]}`, one.to(t))
	l.put(t, l.entry("k", `{"n":1}`), l.entry("k", `{"n":2}`))
	one.arrived(t, 3)
	if m := two.arrived(t, 1)[0]; m.Attributes["MessageGroupId"] != "g" {
		t.Errorf("got group %q, want g", m.Attributes["MessageGroupId"])
	}
}
