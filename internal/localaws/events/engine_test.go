package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

// desk stands for the queues: it keeps what is delivered, or refuses all.
type desk struct {
	got     []sqs.Delivery
	refusal error
}

func (d *desk) Deliver(m sqs.Delivery) error {
	if d.refusal == nil {
		d.got = append(d.got, m)
	}
	return d.refusal
}

const queueARN = "arn:aws:sqs:us-east-1:000000000000:q"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 999_000_000, time.UTC)

func open(t testing.TB, store *disk.Store) (*Engine, *desk) {
	t.Helper()
	d := &desk{}
	e, err := Open(Config{Disk: store, Clock: func() time.Time { return noon }, Region: "us-east-1", Account: "000000000000", Queues: d})
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// call runs an operation with its body given as JSON, or as a value.
func call(e *Engine, operation string, body any) (string, error) {
	text, isText := body.(string)
	if !isText {
		raw, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	out, err := e.Do(&wire.Request{Service: "events", Operation: operation, Caller: "tester", Body: []byte(text)})
	if err != nil {
		return "", err
	}
	if raw, ok := out.(wire.Raw); ok {
		return string(raw), nil
	}
	answer, err := json.Marshal(out)
	return string(answer), err
}

func mustCall(t testing.TB, e *Engine, operation string, body any) string {
	t.Helper()
	out, err := call(e, operation, body)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	var refused *wire.Error
	if !errors.As(err, &refused) || refused.Code != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// withRule makes a rule of the default bus that selects all events, with one target.
func withRule(t testing.TB, e *Engine, target map[string]any) {
	t.Helper()
	target["Id"] = "t"
	if target["Arn"] == nil {
		target["Arn"] = queueARN
	}
	mustCall(t, e, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[{\"exists\":true}]}"}`)
	mustCall(t, e, "PutTargets", map[string]any{"Rule": "r", "Targets": []any{target}})
}

func put(t testing.TB, e *Engine, detail string) {
	t.Helper()
	out := mustCall(t, e, "PutEvents", map[string]any{"Entries": []any{map[string]any{"Source": "s", "DetailType": "k", "Detail": detail, "TraceHeader": "Root=1"}}})
	if !strings.Contains(out, `"FailedEntryCount":0`) {
		t.Fatalf("got %s", out)
	}
}

func TestDeliveryIsMadeInTheNameOfTheRule(t *testing.T) {
	e, d := open(t, nil)
	withRule(t, e, map[string]any{"Arn": queueARN + ".fifo", "SqsParameters": map[string]string{"MessageGroupId": "g"}})
	put(t, e, `{"n":1}`)
	if len(d.got) != 1 {
		t.Fatalf("got %d deliveries, want 1", len(d.got))
	}
	m := d.got[0]
	if m.Queue != queueARN+".fifo" || m.Service != "events.amazonaws.com" || m.Source != "arn:aws:events:us-east-1:000000000000:rule/r" || m.Group != "g" || m.Trace != "Root=1" || m.Strings != nil {
		t.Errorf("got %+v", m)
	}
	if !strings.Contains(m.Body, `"time":"2026-01-02T12:00:00Z"`) {
		t.Errorf("got body %s, want whole seconds", m.Body)
	}
}

func TestQueuesThatFailAreNamedAsAnInternalError(t *testing.T) {
	e, d := open(t, nil)
	withRule(t, e, map[string]any{"DeadLetterConfig": map[string]string{"Arn": queueARN + "-dlq"}})
	d.refusal = errors.New("down")
	put(t, e, `{}`)
	if got := e.Published(0)[0].Failures; len(got) != 1 || got[0].Code != "INTERNAL_ERROR" || got[0].DeadLettered {
		t.Errorf("got failures %+v", got)
	}
}

func TestQuotasOfAnAccountHold(t *testing.T) {
	e, _ := open(t, nil)
	for i := range maxBuses {
		mustCall(t, e, "CreateEventBus", fmt.Sprintf(`{"Name":"b%d"}`, i))
	}
	_, err := call(e, "CreateEventBus", `{"Name":"more"}`)
	wantCode(t, err, "LimitExceededException")
	rule := func(name, pattern string) error {
		_, err := call(e, "PutRule", map[string]string{"Name": name, "EventPattern": pattern})
		return err
	}
	for i := range maxRules {
		if err := rule(fmt.Sprint("r", i), `{"source":["x"]}`); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, rule("more", `{"source":["x"]}`), "LimitExceededException")
	if err := rule("r0", `{"source":["y"]}`); err != nil {
		t.Errorf("a rule that is replaced: got %v", err)
	}
	long := func(n int) string { return `{"source":["` + strings.Repeat("é", n-len(`{"source":[""]}`)) + `"]}` }
	if err := rule("r0", long(2048)); err != nil {
		t.Errorf("a pattern of 2,048 characters: got %v", err)
	}
	wantCode(t, rule("r0", long(2049)), "LimitExceededException")
	wantCode(t, rule("r0", long(4097)), "ValidationException")
	var or []string
	for i := range 11 {
		or = append(or, fmt.Sprintf(`{"x":[%d]}`, i))
	}
	many := `{"$or":[` + strings.Join(or, ",") + `]}`
	wantCode(t, rule("r0", `{"a":`+many+`,"b":`+many+`,"c":`+many+`}`), "LimitExceededException")
}

func TestPagesEndAndTokensAreChecked(t *testing.T) {
	e, _ := open(t, nil)
	for _, body := range []string{`{"Limit":0}`, `{"Limit":101}`, `{"NextToken":"?"}`} {
		_, err := call(e, "ListEventBuses", body)
		wantCode(t, err, "ValidationException")
	}
	if got := mustCall(t, e, "ListEventBuses", `{"Limit":1}`); strings.Contains(got, "NextToken") {
		t.Errorf("got %s, want no token after the last page", got)
	}
}

func TestMembersOutOfRangeAreRefused(t *testing.T) {
	e, _ := open(t, nil)
	mustCall(t, e, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"x\"]}"}`)
	for _, policy := range []map[string]int{{"MaximumRetryAttempts": 186}, {"MaximumRetryAttempts": -1}, {"MaximumEventAgeInSeconds": 59}, {"MaximumEventAgeInSeconds": 86_401}} {
		_, err := call(e, "PutTargets", map[string]any{"Rule": "r", "Targets": []any{map[string]any{"Id": "t", "Arn": queueARN, "RetryPolicy": policy}}})
		wantCode(t, err, "ValidationException")
	}
	for operation, body := range map[string]any{
		"RemoveTargets":  `{"Rule":"r","Ids":[]}`,
		"CreateEventBus": map[string]string{"Name": "b", "Description": strings.Repeat("x", 513)},
		"PutRule":        map[string]string{"Name": "r", "EventPattern": `{"a":[1]}`, "Description": strings.Repeat("x", 513)},
		"ListRules":      `{"EventBusName":"a b"}`,
	} {
		_, err := call(e, operation, body)
		wantCode(t, err, "ValidationException")
	}
	out := mustCall(t, e, "RemoveTargets", `{"Rule":"r","Ids":["none"]}`)
	if !strings.Contains(out, `"FailedEntryCount":1`) || !strings.Contains(out, "ResourceNotFoundException") {
		t.Errorf("got %s of a target that is not there", out)
	}
	out = mustCall(t, e, "PutEvents", `{"Entries":[{"Source":"s","DetailType":"k","Detail":"{}","Time":1e300}]}`)
	if !strings.Contains(out, "InvalidArgument") {
		t.Errorf("got %s of a time that is none", out)
	}
}

func TestStateThatCannotBeReadStopsTheStart(t *testing.T) {
	for name, ops := range map[string][]disk.Op{
		"its bus is missing": {{Bucket: diskRules, Key: []byte("b\x00r"), Value: []byte(`{"Bus":"b","Name":"r","EventPattern":"{\"a\":[1]}"}`)}},
		"rule default/r":     {{Bucket: diskRules, Key: []byte("default\x00r"), Value: []byte(`{"Bus":"default","Name":"r","EventPattern":"{}"}`)}},
		"target t":           {{Bucket: diskRules, Key: []byte("default\x00r"), Value: []byte(`{"Bus":"default","Name":"r","EventPattern":"{\"a\":[1]}","Targets":[{"Id":"t","Arn":"x"}]}`)}},
		"open":               {{Bucket: diskBuses, Key: []byte("default"), Value: []byte(`[`)}},
	} {
		path := filepath.Join(t.TempDir(), "aws.db")
		store, err := disk.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Append(ops...).Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Disk: store}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
		if err := errors.Join(store.Close(), os.Remove(path)); err != nil {
			t.Error(err)
		}
	}
}

func TestCallsFailWhenTheDiskIsGone(t *testing.T) {
	store, err := disk.Open(filepath.Join(t.TempDir(), "aws.db"))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := open(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := call(e, "CreateEventBus", `{"Name":"b"}`); !errors.Is(err, disk.ErrClosed) {
		t.Errorf("got %v, want the disk's error", err)
	}
}

func TestJournalForgetsTheOldestWhenDetailsAreLarge(t *testing.T) {
	var j journal
	for range 40 {
		j.add(&Published{Detail: strings.Repeat("x", 1<<20)})
	}
	if len(j.last) != 32 || j.bytes != 32<<20 || j.last[0].Number != 9 {
		t.Errorf("got %d events of %d bytes from number %d, want the last 32", len(j.last), j.bytes, j.last[0].Number)
	}
}
