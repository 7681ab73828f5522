package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestOnlyThePathSaysWhoseAWebhookIs: whatever else a request names as its team, the
// signature proves the path's connection and nothing else.
func TestOnlyThePathSaysWhoseAWebhookIs(t *testing.T) {
	e := newEdge(t)
	if err := e.Setup.Team(context.Background(), "other", "Another team"); err != nil {
		t.Fatal(err)
	}
	body := samples(t)["text.json"]
	r := events.APIGatewayV2HTTPRequest{
		RawPath: "/webhooks/line/" + e.PathID, Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true,
		RawQueryString: "team=other&tenant=other&connection=other.line1",
		PathParameters: map[string]string{"channel": "line", "connection": e.PathID},
		Headers:        map[string]string{"x-line-signature": sign(hubtest.LineSecret, body), "host": "other.example"},
		Cookies:        []string{"team=other"},
	}
	r.QueryStringParameters = map[string]string{"team": "other", "tenant": "other"}
	for _, name := range []string{"x-team", "x-tenant", "x-team-id", "x-tenant-id", "x-forwarded-host", "x-original-url", "x-connection"} {
		r.Headers[name] = "other"
	}
	r.RequestContext.HTTP.Method = http.MethodPost
	out, err := e.handle(context.Background(), r)
	if err != nil || out.StatusCode != 200 {
		t.Fatalf("got %d, %v, want 200", out.StatusCode, err)
	}
	got := e.Receive(e.Inbound)
	if len(got.Records) != 1 {
		t.Fatalf("got %d messages, want 1", len(got.Records))
	}
	envelope, err := chat.ReadEnvelope(got.Records[0].Body)
	if err != nil || envelope.Team != hubtest.Team || envelope.Connection != hubtest.LineConn || envelope.Account != hubtest.LineAccount {
		t.Errorf("got team %s, connection %s, account %s, %v, want those of the path", envelope.Team, envelope.Connection, envelope.Account, err)
	}
}

// TestEventOfAnUnknownAccountIsKeptAside: it was signed, so it is accepted; nobody
// here may read it, so it goes to quarantine behind the queue.
func TestEventOfAnUnknownAccountIsKeptAside(t *testing.T) {
	e := newEdge(t)
	var r events.APIGatewayV2HTTPRequest
	hubtest.Event(t, "ingress-whatsapp-text.json", &r)
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(body), hubtest.WhatsAppNumber) {
		t.Fatal("the sample has moved")
	}
	body = []byte(strings.ReplaceAll(string(body), hubtest.WhatsAppNumber, "999999999999999"))
	r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	r.PathParameters["connection"] = e.MetaPath
	r.Headers["x-hub-signature-256"] = metaSignature(hubtest.WhatsAppSecret, body)
	if out, err := e.handle(context.Background(), r); err != nil || out.StatusCode != 200 {
		t.Fatalf("got %d, %v, want 200", out.StatusCode, err)
	}
	got := e.Receive(e.Inbound)
	if len(got.Records) != 1 {
		t.Fatalf("got %d messages, want the event kept aside", len(got.Records))
	}
	envelope, err := chat.ReadEnvelope(got.Records[0].Body)
	if err != nil || envelope.Chunk == nil || envelope.Chunk.Reason != hub.NoAccount || envelope.Account != "" {
		t.Errorf("got %+v for account %q, %v, want it to be quarantined for no account", envelope.Chunk, envelope.Account, err)
	}
}

// metaSignature signs a body as Meta does.
func metaSignature(secret string, body []byte) string {
	raw, err := base64.StdEncoding.DecodeString(sign(secret, body))
	if err != nil {
		panic(err)
	}
	return "sha256=" + hex.EncodeToString(raw)
}
