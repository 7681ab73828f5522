package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/apigw"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/webhook"
)

type edge struct {
	*hubtest.Hub
	t      *testing.T
	handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	intake *webhook.Intake
}

func newEdge(t *testing.T) *edge {
	h := hubtest.New(t)
	intake := &webhook.Intake{
		Settings: settings.NewReader(h.As("Ingress", nil), h.Keyring, h.Clock.Now),
		Queue:    &queue.Queue{Client: h.SQS("Ingress"), URL: h.Inbound.URL},
		Adapters: all.Adapters(channel.Platform{}), Now: h.Clock.Now, Log: h.Log,
	}
	return &edge{Hub: h, t: t, handle: apigw.Handler(&handler{Intake: intake}), intake: intake}
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post sends a body as the gateway would hand it over.
func (e *edge) post(channel, pathID string, body []byte, signature string) events.APIGatewayV2HTTPResponse {
	e.t.Helper()
	return e.send("POST", channel, pathID, body, signature)
}

func (e *edge) send(method, channel, pathID string, body []byte, signature string) events.APIGatewayV2HTTPResponse {
	e.t.Helper()
	r := events.APIGatewayV2HTTPRequest{
		RawPath: "/webhooks/" + channel + "/" + pathID, Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true,
		PathParameters: map[string]string{"channel": channel, "connection": pathID},
		Headers:        map[string]string{"content-type": "application/json"},
	}
	if signature != "" {
		r.Headers["x-line-signature"] = signature
	}
	r.RequestContext.HTTP.Method = method
	out, err := e.handle(context.Background(), r)
	if err != nil {
		e.t.Fatalf("the handler failed, which the gateway would answer with 500: %v", err)
	}
	return out
}

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../internal/channel/line/testdata/samples/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("got %d samples, %v", len(files), err)
	}
	bodies := map[string][]byte{}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		bodies[filepath.Base(f)] = body
	}
	return bodies
}

func TestSampleEventsAreQueued(t *testing.T) {
	e := newEdge(t)
	for name, want := range map[string]int{
		"ingress-line-text.json": 200, "ingress-line-forged.json": 401,
		"ingress-whatsapp-text.json": 200, "ingress-whatsapp-handshake.json": 200,
	} {
		var r events.APIGatewayV2HTTPRequest
		hubtest.Event(t, name, &r)
		r.PathParameters["connection"] = e.PathID
		if r.PathParameters["channel"] == "whatsapp" {
			r.PathParameters["connection"] = e.MetaPath
		}
		out, err := e.handle(context.Background(), r)
		if err != nil || out.StatusCode != want {
			t.Errorf("%s: got %d, %v, want %d", name, out.StatusCode, err, want)
		}
		if challenge := r.QueryStringParameters["hub.challenge"]; out.Body != challenge && want == 200 {
			t.Errorf("%s: got the body %q, want %q", name, out.Body, challenge)
		}
	}
	got := e.Receive(e.Inbound)
	if len(got.Records) != 2 {
		t.Fatalf("got %d messages, want 2", len(got.Records))
	}
	if !strings.Contains(got.Records[0].Body, `"chan":"line"`) {
		got.Records[0], got.Records[1] = got.Records[1], got.Records[0]
	}
	envelope, err := chat.ReadEnvelope(got.Records[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if envelope.Trace != "1-67890abc-0123456789abcdef01234567" || envelope.Event != "01K6S9Z2Q8M4X7B3N5T0V1W201" {
		t.Errorf("got trace %q, event %q", envelope.Trace, envelope.Event)
	}
	if got.Records[0].Attributes["MessageGroupId"] != string(envelope.User) || envelope.User == "" {
		t.Errorf("the group %q is not the thread's key", got.Records[0].Attributes["MessageGroupId"])
	}
	if !bytes.Contains(samples(t)["text.json"], envelope.Raw) {
		t.Error("the envelope does not hold the event's own bytes")
	}
}

func TestEachEventOfABatchIsOneEnvelope(t *testing.T) {
	e := newEdge(t)
	body := samples(t)["location_and_sticker_batch.json"]
	e.Cloud.Meter().Reset()
	if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 200 {
		t.Fatalf("got %d", out.StatusCode)
	}
	if n := e.Depth(e.Inbound); n != 2 {
		t.Errorf("got %d envelopes, want 2", n)
	}
	sends := 0
	for _, c := range e.Cloud.Meter().Counts() {
		if c.Operation == "SendMessageBatch" {
			sends += c.Calls
		}
	}
	if sends != 1 {
		t.Errorf("got %d calls of SendMessageBatch, want 1", sends)
	}
}

func TestRedeliveryIsDroppedByTheQueue(t *testing.T) {
	e := newEdge(t)
	for _, name := range []string{"text.json", "text.json", "text_redelivered.json"} {
		body := samples(t)[name]
		if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 200 {
			t.Fatalf("%s: got %d", name, out.StatusCode)
		}
	}
	if n := e.Depth(e.Inbound); n != 1 {
		t.Errorf("got %d messages, want 1: a redelivery has the same deduplication id", n)
	}
}

func TestFlippedByteIs401AndQueuesNothing(t *testing.T) {
	e := newEdge(t)
	for name, body := range samples(t) {
		signature := sign(hubtest.LineSecret, body)
		for i := 0; i < len(body); i += 7 {
			bad := bytes.Clone(body)
			bad[i] ^= 1
			if out := e.post("line", e.PathID, bad, signature); out.StatusCode != 401 {
				t.Fatalf("%s, byte %d: got %d, want 401", name, i, out.StatusCode)
			}
		}
	}
	if n := e.Depth(e.Inbound); n != 0 {
		t.Errorf("got %d messages, want 0", n)
	}
}

func TestPublishedVectorPasses(t *testing.T) {
	e := newEdge(t)
	const secret, bot = "8c570fa6dd201bb328f1c1eac23a96d8", "U8e742f61d673b39c7fff3cecb7536ef0"
	err := e.Setup.Connect(context.Background(), e.Team, "vector", "line", channel.Secrets{"channel_secret": secret},
		settings.NewAccount{ID: "vector", External: bot, Secrets: channel.Secrets{"channel_token": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	edge, err := e.Settings.Edge(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"destination":"` + bot + `","events":[]}`)
	const signature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="
	if out := e.post("line", edge.PathID(hubtest.Team, "vector"), body, signature); out.StatusCode != 200 {
		t.Errorf("got %d, want 200", out.StatusCode)
	}
	// The same body is another bot's at our own connection, whoever signed it.
	if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 401 {
		t.Errorf("got %d for another bot's destination, want 401", out.StatusCode)
	}
}

func TestRefusals(t *testing.T) {
	e := newEdge(t)
	body := samples(t)["text.json"]
	good := sign(hubtest.LineSecret, body)
	big := []byte(`{"destination":"` + hubtest.LineBot + `","events":[]` + strings.Repeat(" ", webhook.MaxBody) + `}`)
	for _, c := range []struct {
		name, method, channel, path string
		body                        []byte
		signature                   string
		want                        int
	}{
		{"unknown channel", "POST", "fax", e.PathID, body, good, 404},
		{"unknown connection", "POST", "line", "test.other.aaaaaaaaaaaaaaaa", body, good, 404},
		{"wrong path code", "POST", "line", e.PathID[:len(e.PathID)-1] + "0", body, good, 404},
		{"no path code", "POST", "line", "line1", body, good, 404},
		{"body over the cap", "POST", "line", e.PathID, big, sign(hubtest.LineSecret, big), 413},
		{"no signature", "POST", "line", e.PathID, body, "", 401},
		{"two signatures", "POST", "line", e.PathID, body, "bad," + good, 401},
		{"another key", "POST", "line", e.PathID, body, sign("other", body), 401},
		{"GET", "GET", "line", e.PathID, nil, "", 405},
		{"PUT", "PUT", "line", e.PathID, body, good, 405},
		{"empty body", "POST", "line", e.PathID, nil, sign(hubtest.LineSecret, nil), 200},
		{"broken JSON", "POST", "line", e.PathID, body[:len(body)-9], sign(hubtest.LineSecret, body[:len(body)-9]), 200},
		{"verify ping", "POST", "line", e.PathID, samples(t)["verify_ping.json"], sign(hubtest.LineSecret, samples(t)["verify_ping.json"]), 200},
	} {
		out := e.send(c.method, c.channel, c.path, c.body, c.signature)
		if out.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", c.name, out.StatusCode, c.want)
		}
		if c.want >= 400 {
			var p struct{ Code, Detail string }
			if err := json.Unmarshal([]byte(out.Body), &p); err != nil || p.Code == "" || p.Detail == "" {
				t.Errorf("%s: got body %q, want a problem with code and detail", c.name, out.Body)
			}
		}
	}
	// The empty body and the broken one are kept aside; nothing else came through.
	if n := e.Depth(e.Inbound); n != 2 {
		t.Errorf("got %d messages, want 2 to be quarantined", n)
	}
}

func TestUnreadableBodyTravelsInChunks(t *testing.T) {
	e := newEdge(t)
	body := []byte(`{"destination":"` + hubtest.LineBot + `","events":[` + strings.Repeat("x", 2<<20))
	for range 3 {
		if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 200 {
			t.Fatalf("got %d, want 200", out.StatusCode)
		}
	}
	var whole []byte
	for {
		got := e.Receive(e.Inbound)
		if len(got.Records) == 0 {
			break
		}
		for _, r := range got.Records {
			envelope, err := chat.ReadEnvelope(r.Body)
			if err != nil || envelope.Chunk == nil || envelope.Chunk.Reason != hub.Unparsable {
				t.Fatalf("got %+v, %v, want a chunk to be quarantined", envelope.Chunk, err)
			}
			whole = append(whole, envelope.Raw...)
		}
		e.Ack(e.Inbound, got, events.SQSEventResponse{})
	}
	if !bytes.Equal(whole, body) {
		t.Errorf("got %d bytes in chunks, want the body's %d once", len(whole), len(body))
	}
}

func TestOversizeEventIsKeptAsideAndItsNeighboursPass(t *testing.T) {
	e := newEdge(t)
	big := `{"type":"message","mode":"active","timestamp":1791170415123,"source":{"type":"user","userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25"},` +
		`"webhookEventId":"BIG","deliveryContext":{"isRedelivery":false},"message":{"type":"text","id":"1","text":"` + strings.Repeat("a", 800<<10) + `"}}`
	text := samples(t)["text.json"]
	body := bytes.Replace(text, []byte(`"events":[`), []byte(`"events":[`+big+","), 1)
	if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 200 {
		t.Fatalf("got %d, want 200", out.StatusCode)
	}
	if n := e.Depth(e.Inbound); n != 3 {
		t.Errorf("got %d messages, want two chunks and one event", n)
	}
}

func TestQueueThatRefusesIs503(t *testing.T) {
	e := newEdge(t)
	body := samples(t)["text.json"]
	e.intake.Queue.URL = strings.Replace(e.Inbound.URL, "Inbound", "Missing", 1)
	if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 503 {
		t.Errorf("got %d, want 503, so that the platform sends again", out.StatusCode)
	}
	// One entry of a batch fails although the call succeeds.
	cfg := e.AWS("Ingress")
	cfg.HTTPClient = &http.Client{Transport: failThird{e.Near()}}
	e.intake.Queue = &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: e.Inbound.URL}
	if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 503 {
		t.Errorf("got %d when an entry was not taken, want 503", out.StatusCode)
	}
}

// failThird answers a batch call as SQS does when an entry was not taken.
type failThird struct{ next http.RoundTripper }

func (f failThird) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body := `{"Successful":[],"Failed":[{"Id":"0","SenderFault":false,"Code":"InternalError","Message":"x"}]}`
	resp.Body = http.NoBody
	resp.Body = readCloser{strings.NewReader(body)}
	resp.ContentLength = int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestSettingsAreServedWhileTheTableFails(t *testing.T) {
	e := newEdge(t)
	body := samples(t)["text.json"]
	broken := false
	e.intake.Settings.Store = e.As("Ingress", func(next http.RoundTripper) http.RoundTripper {
		return switched{next, &broken}
	})
	post := func() int { return e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)).StatusCode }
	if got := post(); got != 200 {
		t.Fatalf("got %d, want 200", got)
	}
	broken = true
	e.Clock.Advance(9 * 60e9)
	if got := post(); got != 200 {
		t.Errorf("got %d nine minutes into an outage, want 200 from what is known", got)
	}
	e.Clock.Advance(3 * 60e9)
	if got := post(); got != 503 {
		t.Errorf("got %d twelve minutes into an outage, want 503", got)
	}
	broken = false
	e.Clock.Advance(2e9)
	if got := post(); got != 200 {
		t.Errorf("got %d after the outage, want 200", got)
	}
}

type switched struct {
	next   http.RoundTripper
	broken *bool
}

func (s switched) RoundTrip(r *http.Request) (*http.Response, error) {
	if *s.broken {
		return nil, errors.New("outage")
	}
	return s.next.RoundTrip(r)
}
