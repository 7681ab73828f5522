package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
)

func redrive(name string, args ...string) []string {
	return append([]string{"redrive", "-stack", "test", "-rate", "500", "-queue", name}, args...)
}

// bury lets the messages of a queue fail until they are dead letters.
func (s *scene) bury(logical string) {
	s.t.Helper()
	q := s.queue(logical)
	for range 110 { // Outbound is tried 100 times
		if len(s.Receive(q).Records) == 0 {
			return
		}
		s.Clock.Advance(4 * time.Minute)
	}
	s.t.Fatalf("%s is not empty", logical)
}

// counts are the visible messages of a queue and of its dead letters; what is in flight
// counts as visible minus a hundred, so that no test takes it for rest.
func (s *scene) counts(name string) [2]int {
	rest := func(q queue.Stock) int { return q.Visible - 100*q.InFlight }
	return [2]int{rest(s.stock(name + "Queue")), rest(s.stock(name + "DeadLetters"))}
}

// deadEvents are dead letters of Inbound: of LINE's customers a to …, and one of
// WhatsApp's.
func (s *scene) deadEvents(n int) {
	s.t.Helper()
	for i := range n {
		s.post(strings.Replace(s.said(fmt.Sprint(i), fmt.Sprint("text ", i)), customer, fmt.Sprintf("U%032d", i), 1))
	}
	s.postMeta(s.saidAt(hubtest.WhatsAppNumber, "w", "canary"))
	s.bury("InboundQueue")
	if got := s.counts("Inbound"); got != [2]int{0, n + 1} {
		s.t.Fatalf("got %v messages on the queue and dead, want all dead", got)
	}
}

func TestQueuesAreShownWithTheirDeadLetters(t *testing.T) {
	s := newScene(t)
	s.deadEvents(2)
	s.post(s.said("9", "waits"))
	out := s.does("queues", "-stack", "test", "-age")
	for _, want := range []string{"InboundQueue", "3 in InboundDeadLetters", "BusDeadLetters", "ScheduleDeadLetters", "ProfileQueue"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	for _, line := range strings.Split(out, "\n") {
		fields := strings.Fields(line)
		if len(fields) > 4 && fields[0] == "InboundQueue" && (fields[1] != "1" || fields[4] != "-") {
			t.Errorf("got %q, want one message and no age: a look would count as a try", line)
		}
		if len(fields) > 4 && fields[0] == "InboundDeadLetters" && (fields[1] != "3" || fields[4] == "-") {
			t.Errorf("got %q, want three messages and their age", line)
		}
	}
	if got := s.counts("Inbound"); got != [2]int{1, 3} {
		t.Errorf("got %v, want nothing changed", got)
	}
}

func TestRedriveMovesEverythingByATaskOfTheService(t *testing.T) {
	s := newScene(t)
	if out := s.does(redrive("Inbound")...); out != "InboundDeadLetters is empty\n" {
		t.Errorf("empty: got %q", out)
	}
	s.deadEvents(4)
	if out := s.does(redrive("inbound")...); !strings.Contains(out, "moved 5 of 5") {
		t.Errorf("got %q", out)
	}
	if got := s.counts("Inbound"); got != [2]int{5, 0} {
		t.Errorf("got %v, want all back", got)
	}
	if n := s.drain(); n != 5 {
		t.Errorf("got %d messages, want 5", n)
	}
}

// asked counts the calls of an operation.
func (s *scene) asked(operation string) int {
	n := 0
	for _, c := range s.Cloud.Meter().Counts() {
		if c.Operation == operation {
			n += c.Calls
		}
	}
	return n
}

func TestTaskThatRunsIsWatchedAndNotStartedTwice(t *testing.T) {
	s := newScene(t)
	s.deadEvents(4)
	arn := s.stock("InboundDeadLetters").ARN
	if err := queue.StartMove(ctx, s.SQS("test"), arn, 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		// The task goes on when it has been seen to run.
		for end := time.Now().Add(time.Minute); s.asked("ListMessageMoveTasks") == 0 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		for range 10 {
			time.Sleep(5 * time.Millisecond)
			s.Clock.Advance(time.Second)
		}
	}()
	if out := s.does(redrive("Inbound")...); !strings.Contains(out, "moved 5 of 5") {
		t.Errorf("got %q", out)
	}
}

func TestDryRunOfARedriveShowsAndChangesNothing(t *testing.T) {
	s := newScene(t)
	s.deadEvents(3)
	out := s.does(redrive("InboundDeadLetters", "-dry-run")...)
	for _, want := range []string{
		"3  event of team test, account line1, reason -", "1  event of team test, account whatsapp1", "4 would go back, 0 would stay, the oldest is", "trace-1",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	if strings.Contains(out, "canary") || strings.Contains(out, phone) {
		t.Errorf("content or a person is shown: %s", out)
	}
	out = s.does(redrive("Inbound", "-dry-run", "-account", "line1", "-limit", "1")...)
	if !strings.Contains(out, "and 2 more") || !strings.Contains(out, "3 would go back, 1 would stay") {
		t.Errorf("got %s", out)
	}
	if got := s.counts("Inbound"); got != [2]int{0, 4} {
		t.Errorf("got %v, want all where they were and visible", got)
	}
}

func TestChosenDeadLettersGoBackAndTheOthersStay(t *testing.T) {
	for _, c := range []struct {
		choice string
		back   int
	}{
		{"-account whatsapp1", 1}, {"-account line1", 3}, {"-team test", 4}, {"-team acme", 0}, {"-filter WHATSAPP", 1}, {"-filter event", 4},
		{"-filter order", 0}, {"-since 1m", 0}, {"-since 24h", 4},
	} {
		s := newScene(t)
		s.deadEvents(3)
		s.Clock.Advance(5 * time.Minute)
		out := s.does(redrive("Inbound", strings.Fields(c.choice)...)...)
		if !strings.Contains(out, fmt.Sprint("redriven ", c.back)) {
			t.Errorf("%s: got %s", c.choice, out)
		}
		if got := s.counts("Inbound"); got != [2]int{c.back, 4 - c.back} {
			t.Errorf("%s: got %v, want %d back and the others visible where they were", c.choice, got, c.back)
		}
	}
}

func TestMessagesBehindOthersThatStayAreTold(t *testing.T) {
	s := newScene(t)
	for i := range 12 {
		s.post(s.said(fmt.Sprint(i), "text"))
	}
	s.bury("InboundQueue")
	out := s.does(redrive("Inbound", "-dry-run")...)
	if !strings.Contains(out, "10 would go back") || !strings.Contains(out, "about 2 more were not seen") {
		t.Errorf("got %s", out)
	}
	if out := s.does(redrive("Inbound", "-team", "test")...); !strings.Contains(out, "redriven 12") {
		t.Errorf("got %s, want all of the thread: what goes lets the next come", out)
	}
	s.drain()
	if got := strings.Count(s.texts(), "text"); got != 12 {
		t.Errorf("got %d messages stored, want 12", got)
	}
}

func TestRedriveThatIsCutOffLosesAndDoublesNothing(t *testing.T) {
	cuts(t, func(s *scene) []string {
		s.deadEvents(2)
		return redrive("Inbound", "-team", "test")
	}, func(s *scene, at string) {
		if got := s.counts("Inbound"); got != [2]int{3, 0} {
			s.t.Errorf("%s: got %v, want each back once", at, got)
		}
	})
}

func TestOrdersGoBackInTheOrderOfTheirThread(t *testing.T) {
	s := newScene(t)
	const template = `{"v":1,"team":"test","u":"u","k":"1791170475123#%d","class":"person","content":{"type":"text"},"acc":1,"dl":2,"trace":"t"}`
	var sends []queue.Message
	for i := range 3 {
		sends = append(sends, queue.Message{Body: fmt.Sprintf(template, i), Group: "u", Dedup: fmt.Sprint(i)})
	}
	if _, err := s.Outbound.Send(ctx, sends); err != nil {
		t.Fatal(err)
	}
	s.bury("OutboundQueue")
	if out := s.does(redrive("Outbound", "-filter", "order")...); !strings.Contains(out, "redriven 3") {
		t.Errorf("got %s", out)
	}
	for i, r := range s.Receive(s.Outbound).Records {
		if r.Body != sends[i].Body || r.Attributes["MessageGroupId"] != "u" {
			t.Errorf("message %d: got another one", i)
		}
	}
	if _, err := runOver(s.Hub, nil, func(c *control) { c.store.Tables.Messages = "" }, redrive("Outbound", "-account", "line1")...); err == nil ||
		!strings.Contains(err.Error(), "MESSAGES_TABLE") {
		t.Errorf("got %v, want it to ask for the table", err)
	}
}

func TestAccountOfAnOrderIsLookedUp(t *testing.T) {
	s := newScene(t)
	s.does("send", "-team", "test", "-account", "line1", "-to", customer, "-class", "person", "-text", "canary")
	q := s.Changes(s.Store.Tables.Messages)
	handed := 0
	for _, r := range q {
		if way, err := (&replayer{}).record(ctx, marshal(t, r)); err == nil && strings.Contains(way.what, "reconcile") {
			handed++
		}
	}
	if handed != 1 {
		t.Fatalf("got %d intents, want 1", handed)
	}
	s.Clock.Advance(10 * time.Minute)
	if n := s.reconcile(); n != 1 {
		t.Fatalf("reconcile handed on %d sends, want 1", n)
	}
	s.bury("OutboundQueue")
	if out := s.does(redrive("Outbound", "-dry-run", "-account", "line1")...); !strings.Contains(out, "1  order of team test, account line1") || strings.Contains(out, "canary") {
		t.Errorf("got %s", out)
	}
	if out := s.does(redrive("Outbound", "-account", "line2")...); !strings.Contains(out, "left alone 1") {
		t.Errorf("got %s", out)
	}
}

// dead puts a message into a dead-letter queue as the bus or the scheduler does.
func (s *scene) dead(logical, body string, notes map[string]string) {
	s.t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: aws.String(s.stock(logical).URL), MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{}}
	for name, v := range notes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(v)}
	}
	if _, err := s.SQS("test").SendMessage(ctx, in); err != nil {
		s.t.Fatal(err)
	}
}

const undelivered = `{"version":"0","id":"x","detail-type":"contact.created","source":"omnihub","account":"000000000000","time":"2026-10-05T03:21:15Z",
	"region":"us-east-1","resources":[],"detail":{"account":"line1","at":1791170475123,"channel":"line","home":"h","id":"e1","kind":"person","team":"test","user":"u"}}`

func TestDeadLettersOfARuleArePublishedAgain(t *testing.T) {
	notes := map[string]string{"RULE_ARN": "arn:rule", "TARGET_ARN": "arn:target", "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "canary"}
	s := newScene(t)
	s.dead("BusDeadLetters", undelivered, notes)
	s.dead("BusDeadLetters", `{"source":"omnihub","detail-type":"contact.unheard_of","detail":{"id":"e2","team":"test","at":1}}`, notes)
	s.dead("BusDeadLetters", `{"no":"event"}`, notes)
	out := s.does(redrive("Bus", "-dry-run")...)
	if !strings.Contains(out, "1  contact.created of team test, account line1, reason NO_PERMISSIONS") || strings.Contains(out, "canary") {
		t.Errorf("dry run: got %s", out)
	}
	if n := len(s.Cloud.Events().Published(0)); n != 0 {
		t.Errorf("the dry run published %d events", n)
	}
	out, err := s.run(redrive("Bus")...)
	if err == nil || !strings.Contains(out, "redriven 1, refused 2") {
		t.Errorf("got %v, %s", err, out)
	}
	p := s.Cloud.Events().Published(0)
	if len(p) != 1 || p[0].DetailType != hub.ContactCreated ||
		p[0].Detail != `{"account":"line1","at":1791170475123,"channel":"line","home":"h","id":"e1","kind":"person","team":"test","user":"u"}` {
		t.Fatalf("got %+v, want the event with its id", p)
	}
	if got := s.Receive(s.queue("ProfileQueue")); len(got.Records) != 1 || !strings.Contains(got.Records[0].Body, `"home":"h"`) {
		t.Errorf("got %d asks, want the rule to have made one", len(got.Records))
	}
	if q := s.stock("BusDeadLetters"); q.Visible != 2 || q.InFlight != 0 {
		t.Errorf("got %d visible and %d in flight, want the two that nobody understands", q.Visible, q.InFlight)
	}
}

func TestRedriveOfARuleThatIsCutOffLosesNothing(t *testing.T) {
	cuts(t, func(s *scene) []string {
		s.dead("BusDeadLetters", undelivered, map[string]string{"RULE_ARN": "arn:rule"})
		return redrive("Bus")
	}, func(s *scene, at string) {
		p := s.Cloud.Events().Published(0)
		if len(p) < 1 || len(p) > 2 || p[0].Detail != p[len(p)-1].Detail {
			s.t.Errorf("%s: got %d events, want one, or the same twice", at, len(p))
		}
		if q := s.stock("BusDeadLetters"); q.Visible+q.InFlight != 0 {
			s.t.Errorf("%s: it is not removed", at)
		}
	})
}

func TestRunsOfASchedulerStay(t *testing.T) {
	s := newScene(t)
	s.dead("ScheduleDeadLetters", `{"job":"due"}`, map[string]string{"ERROR_CODE": "LAMBDA_THROTTLED"})
	out, err := s.run(redrive("Schedule")...)
	if err == nil || !strings.Contains(out, "the next one does its work") || s.stock("ScheduleDeadLetters").Visible != 1 {
		t.Errorf("got %v, %s", err, out)
	}
}

func TestUnconfirmedRemovalIsToldAsFailure(t *testing.T) {
	s := newScene(t)
	s.deadEvents(1)
	out, err := runOver(s.Hub, refusing("DeleteMessage"), nil, redrive("Inbound", "-team", "test")...)
	if err == nil || !strings.Contains(out, "failed 2") || !strings.Contains(err.Error(), "sqs:DeleteMessage") {
		t.Errorf("got %v, %s", err, out)
	}
	if out := s.does(redrive("Inbound", "-team", "test")...); !strings.Contains(out, "redriven 2") {
		t.Errorf("got %s", out)
	}
	if got := s.counts("Inbound"); got != [2]int{2, 0} {
		t.Errorf("got %v, want each back once: the queue knows what it was sent", got)
	}
}

// after calls a function when an operation was served.
func after(operation string, call func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return serve(func(r *http.Request) (*http.Response, error) {
			out, err := next.RoundTrip(r)
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+operation) {
				call()
			}
			return out, err
		})
	}
}

type serve func(*http.Request) (*http.Response, error)

func (f serve) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestInterruptedRedriveEndsWhatItIsAtAndHidesNothing(t *testing.T) {
	s := newScene(t)
	s.deadEvents(3)
	interrupted, stop := context.WithCancel(ctx)
	defer stop()
	out, err := runUntil(interrupted, s.Hub, after("DeleteMessage", stop), nil, redrive("Inbound", "-team", "test")...)
	if err == nil || !strings.Contains(err.Error(), "interrupted") || !strings.Contains(out, "redriven 1") {
		t.Errorf("got %v, %s", err, out)
	}
	if got := s.counts("Inbound"); got != [2]int{1, 3} {
		t.Errorf("got %v, want one back and the others visible", got)
	}
	if out := s.does(redrive("Inbound", "-team", "test")...); !strings.Contains(out, "redriven 3") {
		t.Errorf("again: got %s", out)
	}
}

func TestInterruptedWatchLeavesTheTaskToTheService(t *testing.T) {
	s := newScene(t)
	s.deadEvents(3)
	interrupted, stop := context.WithCancel(ctx)
	defer stop()
	_, err := runUntil(interrupted, s.Hub, after("StartMessageMoveTask", stop), nil, "redrive", "-stack", "test", "-queue", "Inbound", "-rate", "1")
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	s.Clock.Advance(10 * time.Second)
	s.does(redrive("Inbound")...)
	if got := s.counts("Inbound"); got != [2]int{4, 0} {
		t.Errorf("got %v, want all back", got)
	}
}
