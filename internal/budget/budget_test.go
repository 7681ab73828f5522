package budget

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/localaws/wire"
	"omnihub/internal/stack"
	"omnihub/internal/store"
)

var update = flag.Bool("update", false, "write the golden file anew")

// functions are the callers that count; the devserver's own calls do not.
var functions = map[string]bool{"Ingress": true, "Inbound": true, "Relay": true, "Outbound": true, "Reconcile": true, "Profile": true, "TokenRefresh": true, "Match": true, "TagExpiry": true, "Erase": true,
	"Omnilink": true, "LinkFollow": true}

// What functions are counted in that may run within any event, by their clocks.
const (
	idleMinute = "idle minute"
	idleHour   = "idle hour"
)

// clocked are such functions.
var clocked = map[string]string{"Erase": idleMinute, "TagExpiry": idleHour}

type meter struct {
	t   *testing.T
	ctx context.Context
	*stack.Stack
	out    strings.Builder
	warmed int // how often
}

// count plays one event and writes down what it cost.
func (m *meter) count(name string, event func()) {
	m.t.Helper()
	m.rest()
	m.must(m.ResetCounts(m.ctx))
	published := m.published()
	event()
	m.rest()
	counts, err := m.Counts(m.ctx)
	m.must(err)
	fmt.Fprintf(&m.out, "%s\n", name)
	var lines []string
	for _, c := range counts {
		if !functions[c.Caller] || byChance(c) || clocked[c.Caller] != "" && clocked[c.Caller] != name {
			continue
		}
		lines = append(lines, line(name, c))
	}
	for kind, n := range m.published() {
		if n -= published[kind]; n > 0 {
			lines = append(lines, fmt.Sprintf("  published %-41s %2d events", kind, n))
		}
	}
	if len(lines) == 0 {
		lines = []string{"  nothing"}
	}
	sort.Strings(lines)
	fmt.Fprintln(&m.out, strings.Join(lines, "\n"))
}

// line is what an event costs of one call. Of two sends at the same time the stream's records
// fall into one batch or into two, and relay hands each batch on in one call.
func line(event string, c wire.Count) string {
	calls := fmt.Sprintf("%2d", c.Calls)
	if event == twoSends && c.Caller == "Relay" && c.Operation == "SendMessageBatch" && (c.Calls == 1 || c.Calls == 2) {
		calls = "1 or 2"
	}
	return fmt.Sprintf("  %-9s %-18s %-22s %s calls  %g RRU  %g WRU", c.Caller, c.Operation, strings.TrimPrefix(c.Resource, "omnihub-"), calls, c.Read, c.Write)
}

// byChance tells of what differs from run to run: into how many calls the stream's
// records fall, and which process still has to read its settings. Tests of the
// functions hold that a warm one reads none.
func byChance(c wire.Count) bool {
	return c.Operation == "PutEvents" || c.Operation == "Decrypt" || strings.HasSuffix(c.Resource, "ConfigTable")
}

// published counts the events on the bus so far, by kind.
func (m *meter) published() map[string]int {
	m.t.Helper()
	events, err := m.Events(m.ctx, 0)
	m.must(err)
	counts := map[string]int{}
	for _, e := range events {
		counts[e.DetailType]++
	}
	return counts
}

func (m *meter) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%v\n%s", err, m.Log())
	}
}

func (m *meter) rest() {
	m.t.Helper()
	m.must(m.Idle(m.ctx, 30*time.Second))
}

// write lets a customer write; at is the platform's time, 0 for now.
func (m *meter) write(from, text string, at int64) {
	m.t.Helper()
	m.act("line", fake.Act{From: from, Text: text, At: at})
}

// act lets a customer of a channel act.
func (m *meter) act(channel string, a fake.Act) {
	m.t.Helper()
	if channel == "whatsapp" {
		a.Account = "whatsapp1"
	}
	d, err := m.Customer(m.ctx, channel, a)
	m.must(err)
	if d.Status != http.StatusOK {
		m.t.Fatalf("the webhook was answered %d", d.Status)
	}
}

// warm lets every function read its settings, and make a home.
func (m *meter) warm() {
	m.warmed++
	from := fmt.Sprint("warm", m.warmed)
	m.write(from, "ping", 0)
	m.rest() // one after the other, so that one process of each function does it
	m.act("whatsapp", fake.Act{From: from, Text: "ping"})
	m.rest()
}

func TestBudget(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	st, err := stack.Start(ctx, stack.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Stop(); err != nil {
			t.Error(err)
		}
	}()
	m := &meter{t: t, ctx: ctx, Stack: st}
	m.warm()

	m.count("first short text of a new customer", func() { m.write("mei", "hello", 0) })
	m.count("short text of a known customer, in order, conversation open", func() { m.write("mei", "hello again", 0) })
	m.count("text of 200 bytes", func() { m.write("mei", strings.Repeat("很長的訊息", 13)+"12345", 0) })
	m.count("late message, conversation open", func() { m.write("mei", "late", time.Now().UnixMilli()-60_000) })
	m.count("late message after the conversation was closed", func() {
		m.close("mei")
		m.write("mei", "late", time.Now().UnixMilli()-59_000)
	})
	m.count("message that opens a conversation", func() {
		m.close("mei")
		m.write("mei", "I am back", 0)
	})
	m.count("keyword and its answer, from webhook to result", func() { m.write("mei", "ping", 0) })
	m.count("webhook of ten events of one known customer", func() { m.ten("mei") })
	m.count("forged webhooks, 300 of them", func() { m.forge(300) })
	m.count("event that is no message", func() { m.postback("mei") })

	held, err := m.Customer(ctx, "line", fake.Act{From: "mei", Text: "once", Hold: true})
	m.must(err)
	m.post(held, true)
	m.count("redelivery within five minutes", func() { m.post(held, true) })
	_, err = m.AdvanceClock(ctx, 6*time.Minute)
	m.must(err)
	m.warm()
	m.count("redelivery after the queue's deduplication window", func() { m.post(held, true) })
	m.count(idleMinute, func() {
		for _, f := range []string{"reconcile", "erase"} {
			_, err := m.Tick(ctx, f)
			m.must(err)
		}
	})
	_, err = m.Tick(ctx, "tagexpiry") // the first run of all looks back for a month
	m.must(err)
	m.count(idleHour, func() {
		for _, f := range []string{"tokenrefresh", "tagexpiry"} {
			_, err := m.Tick(ctx, f)
			m.must(err)
		}
	})
	m.whatsapp()
	m.omnilink()
	compare(t, m.out.String())
}

// whatsapp counts what differs there: ids of which one person has several, a claim for
// each send, the pace to one customer, and receipts.
func (m *meter) whatsapp() {
	m.t.Helper()
	extra := func(from, what string) { m.act("whatsapp", fake.Act{From: from, Extra: json.RawMessage(what)}) }
	_, err := m.AdvanceClock(m.ctx, time.Minute) // a fresh reply budget
	m.must(err)
	m.warm()
	// WhatsApp's time is in seconds: each message is of a later one.
	second := time.Now().Add(7 * time.Minute).UnixMilli() // by the hub's clock, which was moved twice
	write := func(text string) {
		second += 1000
		m.act("whatsapp", fake.Act{From: "mei", Text: text, At: second})
	}
	m.count("whatsapp: first short text of a new customer, by number and user id", func() { write("hello") })
	m.count("whatsapp: short text of a known customer, in order, conversation open", func() { write("hello again") })
	m.count("whatsapp: short text within the same second", func() {
		// Its id makes it come behind the one that is there.
		m.act("whatsapp", fake.Act{From: "mei", Text: "and again", At: second, ID: "AAAA"})
	})
	m.must(m.Faults(m.ctx, map[string]any{"whatsapp": map[string]any{"status_missing": 1}}))
	m.count("whatsapp: keyword and its answer, from webhook to result, no receipts", func() {
		write("ping")
	})
	delivered := func() { // of one second, or it would be another receipt
		m.act("whatsapp", fake.Act{From: "mei", At: second + 1000, Extra: json.RawMessage(`{"type":"status","status":"delivered"}`)})
	}
	m.count("delivery receipt", delivered)
	m.count("the same delivery receipt again", delivered)
	m.count("whatsapp: reaction to our message", func() { extra("mei", `{"type":"reaction","emoji":"👍"}`) })
	m.count("whatsapp: opt-out word", func() { write("stop") })
	m.count("follow of a new customer", func() { m.act("line", fake.Act{From: "lin", Follow: true}) })
}

// close ends a customer's conversation, as the desk does.
func (m *meter) close(from string) {
	m.t.Helper()
	db := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &m.AWS, Credentials: credentials.NewStaticCredentialsProvider("desk", "desk", ""),
	})
	st := &store.Store{DB: db, Tables: store.Tables{Messages: "omnihub-MessagesTable"}, Now: time.Now}
	calls, err := db.Scan(m.ctx, &dynamodb.ScanInput{TableName: &st.Tables.Messages})
	m.must(err)
	for _, it := range calls.Items {
		if text(it, "SK") != "THREAD" || text(it, "ext") != m.id(from) {
			continue
		}
		ref := store.Ref{Team: "demo", User: hub.UserKey(strings.TrimPrefix(text(it, "PK"), "T#demo#U#"))}
		seen, err := st.Thread(m.ctx, ref)
		m.must(err)
		m.must(st.Close(m.ctx, ref, &seen, "anna"))
		return
	}
	m.t.Fatalf("there is no thread of %s", from)
}

// id is the platform's id of a customer.
func (m *meter) id(from string) string {
	d, err := m.Customer(m.ctx, "line", fake.Act{From: from, Text: "x", Hold: true})
	m.must(err)
	_, rest, _ := strings.Cut(d.Body, `"userId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func text(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// ten lets LINE put ten events into one webhook.
func (m *meter) ten(from string) {
	m.t.Helper()
	var events []string
	destination := ""
	for i := range 10 {
		d, err := m.Customer(m.ctx, "line", fake.Act{From: from, Text: fmt.Sprint("part ", i), At: time.Now().UnixMilli() + int64(i), Hold: true})
		m.must(err)
		head, rest, _ := strings.Cut(d.Body, `"events":[`)
		destination = head
		events = append(events, strings.TrimSuffix(rest, `]}`))
	}
	body := destination + `"events":[` + strings.Join(events, ",") + `]}`
	extra, err := json.Marshal(map[string]string{"type": "raw", "body": body})
	m.must(err)
	d, err := m.Customer(m.ctx, "line", fake.Act{Extra: extra})
	m.must(err)
	if d.Status != http.StatusOK {
		m.t.Fatalf("the webhook was answered %d", d.Status)
	}
}

func (m *meter) postback(from string) {
	m.t.Helper()
	d, err := m.Customer(m.ctx, "line", fake.Act{From: from, Extra: json.RawMessage(`{"type":"postback","data":"x"}`)})
	m.must(err)
	if d.Status != http.StatusOK {
		m.t.Fatalf("the webhook was answered %d", d.Status)
	}
}

func (m *meter) post(d fake.Delivery, signed bool) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.ctx, "POST", d.URL, strings.NewReader(d.Body))
	m.must(err)
	want := http.StatusUnauthorized
	for name, v := range d.Header {
		if signed || name != "x-line-signature" {
			req.Header.Set(name, v)
		}
	}
	if signed {
		want = http.StatusOK
	}
	resp, err := http.DefaultClient.Do(req)
	m.must(err)
	resp.Body.Close()
	if resp.StatusCode != want {
		m.t.Fatalf("got %d, want %d", resp.StatusCode, want)
	}
}

func (m *meter) forge(n int) {
	m.t.Helper()
	d, err := m.Customer(m.ctx, "line", fake.Act{From: "mallory", Text: "x", Hold: true})
	m.must(err)
	for range n {
		m.post(d, false)
	}
}

func compare(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", "budget.golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the costs differ from %s (run with -update to accept them)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
	t.Logf("calls and units per event:\n%s", got)
}
