package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"omnihub/internal/apigw"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/webhook"
)

var whole = flag.Bool("whole", false, "send 2,000 requests of every kind")

// mark stands wherever a caller can write something, and must stand nowhere else.
const mark = "EVILMARK"

// fortress is a warm function as Lambda calls it: with the event's JSON.
type fortress struct {
	*hubtest.Hub
	t       testing.TB
	invoke  lambda.Handler
	gone    string // the path id of a connection that was removed
	foreign string // body and signature of another bot of the team
	sample  string
}

func newFortress(t testing.TB) *fortress {
	h := hubtest.New(t)
	f := &fortress{Hub: h, t: t, sample: string(text(t))}
	edge, err := h.Settings.Edge(t.Context())
	f.must(err)
	for _, id := range []hub.ConnectionID{"gone", "other"} {
		f.must(h.Setup.Connect(t.Context(), h.Team, id, "line", channel.Secrets{"channel_secret": hub.Secret("of " + id)},
			settings.NewAccount{ID: hub.AccountID(id), External: "U" + string(id), Secrets: channel.Secrets{"channel_token": "x"}}))
	}
	f.must(h.Setup.Disconnect(t.Context(), hubtest.Team, "gone"))
	f.gone = edge.PathID(hubtest.Team, "gone")
	f.foreign = strings.Replace(f.sample, hubtest.LineBot, "Uother", 1)
	f.invoke = lambda.NewHandler(apigw.Handler(&handler{Intake: &webhook.Intake{
		Settings: settings.NewReader(h.As("Ingress", nil), h.Keys("Ingress", nil), h.Clock.Now),
		Queue:    &queue.Queue{Client: h.SQS("Ingress"), URL: h.Inbound.URL},
		Adapters: all.Adapters(channel.Platform{}), Now: h.Clock.Now, Log: h.Log,
	}}))
	return f
}

func text(t testing.TB) []byte {
	t.Helper()
	var r events.APIGatewayV2HTTPRequest
	hubtest.Event(t, "ingress-line-text.json", &r)
	return []byte(r.Body)
}

func (f *fortress) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// event is a POST to the LINE connection as the gateway hands it over.
func (f *fortress) event() events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "ANY /webhooks/{channel}/{connection}", Body: f.sample,
		PathParameters: map[string]string{"channel": "line", "connection": f.PathID},
		Headers: map[string]string{
			"content-type": "application/json", "host": "hooks.example", "user-agent": mark, "x-amzn-trace-id": "Self=1;Root=" + mark,
			"x-forwarded-for": "203.0.113.9", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
	}
	e.RequestContext.HTTP.Method, e.RequestContext.RequestID = "POST", "request-1"
	return e
}

// send invokes the function with an event and gives status and answer.
func (f *fortress) send(payload []byte) (int, string) {
	out, err := f.invoke.Invoke(context.Background(), payload)
	if err != nil {
		f.t.Fatalf("the function failed, which the gateway would answer with 500: %v", err)
	}
	var answer events.APIGatewayV2HTTPResponse
	f.must(json.Unmarshal(out, &answer))
	return answer.StatusCode, string(out)
}

// attack is one kind of bad request.
type attack struct {
	name   string
	status int
	make   func(e *events.APIGatewayV2HTTPRequest, i int)
	times  int // unless it is run whole
}

// How often a kind is sent: those that the promise names, the others, those whose events
// are large, and those whose events are as large as events can be.
const (
	many   = 2000
	some   = 200
	few    = 10
	fewest = 3
)

func (f *fortress) attacks() []attack {
	type E = *events.APIGatewayV2HTTPRequest
	path := func(channel, id string) func(E, int) {
		return func(e E, _ int) { e.PathParameters["channel"], e.PathParameters["connection"] = channel, id }
	}
	signed := func(e E, body, signature string) { e.Body, e.Headers["x-line-signature"] = body, signature }
	method := func(names ...string) func(E, int) {
		return func(e E, i int) { e.RequestContext.HTTP.Method = names[i%len(names)] }
	}
	giant := func(size int) func(E, int) {
		body := []byte(f.sample + strings.Repeat(" ", size-len(f.sample)))
		text, signature := base64.StdEncoding.EncodeToString(body), sign(hubtest.LineSecret, body)
		return func(e E, _ int) { signed(e, text, signature); e.IsBase64Encoded = true }
	}
	good := sign(hubtest.LineSecret, []byte(f.sample))
	code := f.PathID[strings.LastIndexByte(f.PathID, '.')+1:]
	return []attack{
		{"no signature", 401, func(E, int) {}, many},
		{"wrong signature", 401, func(e E, i int) { signed(e, f.sample, sign("guess", fmt.Append(nil, i))) }, many},
		{"signature of no base64", 401, func(e E, _ int) { signed(e, f.sample, strings.Repeat("*", 44)) }, some},
		{"flipped body", 401, func(e E, i int) { b := []byte(f.sample); b[i%len(b)] ^= 1; signed(e, string(b), good) }, some},
		{"another bot's signature", 401, func(e E, _ int) { signed(e, f.foreign, sign("of other", []byte(f.foreign))) }, many},
		{"another bot's destination", 401, func(e E, _ int) { signed(e, f.foreign, sign(hubtest.LineSecret, []byte(f.foreign))) }, some},
		{"two signatures", 401, func(e E, _ int) { signed(e, f.sample, good+","+good) }, some},
		{"two headers of one name", 401, func(e E, _ int) { signed(e, f.sample, good); e.Headers["X-Line-Signature"] = "AAAA" }, some},
		{"another platform's header", 401, func(e E, _ int) { e.Headers["x-hub-signature-256"] = "sha256=" + strings.Repeat("0", 64) }, some},
		{"other header names", 401, func(e E, _ int) { e.Headers["x_line_signature"], e.Headers["x-line-signature "] = good, good }, some},
		{"compressed", 401, func(e E, _ int) { e.Headers["content-encoding"] = "gzip"; signed(e, "\x1f\x8b\x08", good) }, some},
		{"broken base64", 400, func(e E, i int) { signed(e, "%"+mark, good); e.IsBase64Encoded = true }, some},
		{"deep JSON", 401, func(e E, _ int) { signed(e, strings.Repeat("[", 100_000), good) }, few},

		{"path id without a code", 404, path("line", "test.line1"), some},
		{"path id with a wrong code", 404, func(e E, i int) { path("line", fmt.Sprintf("test.line1.%016x", i))(e, i) }, many},
		{"path id of other teams", 404, func(e E, i int) { path("line", fmt.Sprintf("team%d.line1.%s", i, code))(e, i) }, some},
		{"path id of other connections", 404, func(e E, i int) { path("line", fmt.Sprintf("test.line%d.%s", i+2, code))(e, i) }, some},
		{"path id in capitals", 404, path("line", strings.ToUpper(f.PathID)), some},
		{"path id of another channel", 404, path("whatsapp", f.PathID), some},
		{"path id of a removed connection", 404, path("line", f.gone), many},
		{"path tricks", 404, func(e E, i int) {
			tricks := []string{"", ".", "..", "../" + f.PathID, f.PathID + "/", f.PathID + "%2F..", "%2e%2e", f.PathID + "\x00", "測試", f.PathID + " ", "//", mark}
			path("line", tricks[i%len(tricks)])(e, i)
		}, some},
		{"path of 8 KB", 404, path("line", strings.Repeat("a", 8<<10)), some},
		{"unknown channels", 404, func(e E, i int) {
			path([]string{"fax", "LINE", "line ", "", mark, "../line", "ｌｉｎｅ", "unknown"}[i%8], f.PathID)(e, i)
		}, some},

		{"methods", 405, method("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "post", "", mark), some},
		{"handshake guesses", 401, func(e E, i int) {
			path("whatsapp", f.MetaPath)(e, i)
			e.RequestContext.HTTP.Method = "GET"
			e.RawQueryString = url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"<script>" + mark}, "hub.verify_token": {fmt.Sprint("guess ", i)}}.Encode()
		}, many},
		{"handshake with a good and a wrong token", 401, func(e E, i int) {
			path("whatsapp", f.MetaPath)(e, i)
			e.RequestContext.HTTP.Method = "GET"
			e.RawQueryString = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=" + hubtest.WhatsAppVerify + "&hub.verify_token=x"
		}, some},
		{"query of 8 KB", 401, func(e E, i int) {
			path("whatsapp", f.MetaPath)(e, i)
			e.RequestContext.HTTP.Method, e.RawQueryString = "GET", strings.Repeat("a&", 4<<10)
		}, some},
		{"query of 40 KB", 400, func(e E, i int) {
			path("whatsapp", f.MetaPath)(e, i)
			e.RequestContext.HTTP.Method, e.RawQueryString = "GET", strings.Repeat("a&", 20<<10)
		}, few},
		{"a thousand headers", 401, func(e E, _ int) { manyHeaders(e, 1000) }, few},
		{"ten thousand headers", 431, func(e E, _ int) { manyHeaders(e, 10_000) }, few},

		{"body of 3 MB and a byte", 413, giant(webhook.MaxBody + 1), fewest},
		{"body of 4.4 MB, the most that an event holds", 413, giant(4400 << 10), fewest},
		{"body of 3 MB, wrongly signed", 401, func(e E, _ int) {
			signed(e, f.sample+strings.Repeat(" ", webhook.MaxBody-len(f.sample)), sign("guess", nil))
		}, fewest},
		{"body of 3 MB for a made-up path", 404, func(e E, i int) {
			e.Body = strings.Repeat(" ", webhook.MaxBody)
			path("line", "test.line1.aaaaaaaaaaaaaaaa")(e, i)
		}, fewest},
		{"10 MB declared", 401, func(e E, _ int) { e.Headers["content-length"] = "10485760" }, some},
	}
}

func manyHeaders(e *events.APIGatewayV2HTTPRequest, n int) {
	for i := range n {
		e.Headers[fmt.Sprintf("x-%s-%d", mark, i)] = "1"
	}
}

// requests are the events of an attack, some of them different from one another.
func (f *fortress) requests(a attack) [][]byte {
	f.t.Helper()
	out := make([][]byte, min(a.times, some))
	if a.times <= few {
		out = out[:1]
	}
	for i := range out {
		e := f.event()
		a.make(&e, i)
		var err error
		out[i], err = json.Marshal(e)
		f.must(err)
	}
	return out
}

// warm lets the function read what it needs once.
func (f *fortress) warm() {
	f.t.Helper()
	for _, id := range [][2]string{{"line", f.PathID}, {"line", f.gone}, {"whatsapp", f.MetaPath}} {
		e := f.event()
		e.PathParameters = map[string]string{"channel": id[0], "connection": id[1]}
		payload, err := json.Marshal(e)
		f.must(err)
		f.send(payload)
	}
}

// TestAttacksCostNothingOnceWarm sends bad requests of each kind. Counts are exact;
// the bounds of time are generous, since the machine may be busy: the figures are in
// the log.
func TestAttacksCostNothingOnceWarm(t *testing.T) {
	f := newFortress(t)
	f.warm()
	f.Clock.Advance(time.Second)
	for _, a := range f.attacks() {
		n := a.times
		if *whole {
			n = many
		}
		f.Cloud.Meter().Reset()
		logged := len(f.Logged.String())
		requests := f.requests(a)
		times := make([]time.Duration, n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range n {
			began := time.Now()
			status, answer := f.send(requests[i%len(requests)])
			times[i] = time.Since(began)
			if status != a.status {
				t.Fatalf("%s, request %d: got %d, want %d", a.name, i, status, a.status)
			}
			if strings.Contains(answer, mark) {
				t.Fatalf("%s: the answer holds what the caller wrote: %s", a.name, answer)
			}
		}
		runtime.ReadMemStats(&after)
		allocated, size := (after.TotalAlloc-before.TotalAlloc)/uint64(n), uint64(len(requests[0]))
		slices.Sort(times)
		p50, p99 := times[n/2], times[n*99/100]
		t.Logf("%-46s %d × %d: p50 %7.3f ms, p99 %7.3f ms, %d KB allocated for an event of %d KB", a.name, n, a.status, ms(p50), ms(p99), allocated>>10, size>>10)
		if limit := 200 * time.Millisecond; p99 > limit && a.times > few {
			t.Errorf("%s: p99 is %s, want far less than %s", a.name, p99, limit)
		}
		if allocated > 32*size+64<<10 || size > 1<<20 && allocated > 8*size { // a header costs many times its bytes
			t.Errorf("%s: %d bytes were allocated for an event of %d", a.name, allocated, size)
		}
		if calls, _, _ := f.Calls("Ingress"); calls != 0 {
			t.Errorf("%s: got %d calls of AWS services, want 0: %v", a.name, calls, f.Cloud.Meter().Counts())
		}
		if lines := strings.Count(f.Logged.String()[logged:], "\n"); lines > 2 {
			t.Errorf("%s: %d requests left %d lines in the log, want 2 at most", a.name, n, lines)
		}
		f.Clock.Advance(time.Second / 4) // all of them within the minute in which it is warm
	}
	if n := f.Depth(f.Inbound); n != 0 {
		t.Errorf("got %d messages on the queue, want 0", n)
	}
	if strings.Contains(f.Logged.String(), mark) {
		t.Error("the log holds what callers wrote")
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// TestAttacksOfAnHourCostAReadingAMinute lets the clock run while bad requests come.
func TestAttacksOfAnHourCostAReadingAMinute(t *testing.T) {
	f := newFortress(t)
	for _, c := range []struct {
		name string
		make func(e *events.APIGatewayV2HTTPRequest)
		most int // calls in an hour
	}{
		{"no signature", func(*events.APIGatewayV2HTTPRequest) {}, 12}, // what is kept is served for eleven minutes
		{"wrong signature", func(e *events.APIGatewayV2HTTPRequest) { e.Headers["x-line-signature"] = sign("guess", nil) }, 122},
		{"removed connection", func(e *events.APIGatewayV2HTTPRequest) { e.PathParameters["connection"] = f.gone }, 61},
		{"made-up path id", func(e *events.APIGatewayV2HTTPRequest) {
			e.PathParameters["connection"] = "test.line1.aaaaaaaaaaaaaaaa"
		}, 61},
		{"unknown channel", func(e *events.APIGatewayV2HTTPRequest) { e.PathParameters["channel"] = "fax" }, 0},
	} {
		e := f.event()
		c.make(&e)
		payload, err := json.Marshal(e)
		f.must(err)
		f.send(payload)
		f.Cloud.Meter().Reset()
		for range 720 {
			f.Clock.Advance(5 * time.Second)
			if status, _ := f.send(payload); status < 400 || status >= 500 {
				t.Fatalf("%s: got %d", c.name, status)
			}
		}
		calls, _, _ := f.Calls("Ingress")
		t.Logf("%-20s %d calls in an hour", c.name, calls)
		if calls > c.most {
			t.Errorf("%s: got %d calls in an hour, want %d at most", c.name, calls, c.most)
		}
	}
}

// TestValidTrafficReadsOnceAMinuteUnderAttack mixes good webhooks with bad ones.
func TestValidTrafficReadsOnceAMinuteUnderAttack(t *testing.T) {
	f := newFortress(t)
	bad, err := json.Marshal(f.event())
	f.must(err)
	for range 2 {
		f.Cloud.Meter().Reset()
		for i := range 200 { // ten minutes
			body := strings.Replace(f.sample, "01K6S9Z2Q8M4X7B3N5T0V1W201", fmt.Sprintf("E%025d", f.Clock.Now().Unix()), 1)
			e := f.event()
			e.Body, e.Headers["x-line-signature"] = body, sign(hubtest.LineSecret, []byte(body))
			good, err := json.Marshal(e)
			f.must(err)
			for range 3 {
				f.send(bad)
			}
			if status, answer := f.send(good); status != 200 {
				t.Fatalf("webhook %d: got %d %s, want 200", i, status, answer)
			}
			f.Clock.Advance(3 * time.Second)
		}
		reads := 0
		for _, c := range f.Cloud.Meter().Counts() {
			if c.Caller == "Ingress" && strings.HasSuffix(c.Resource, "ConfigTable") {
				reads += c.Calls
			}
		}
		if reads > 21 { // the connection and its team, once a minute; the path keys once
			t.Errorf("got %d readings in ten minutes, want two a minute", reads)
		}
	}
}
