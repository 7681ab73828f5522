package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hubtest"
	"omnihub/internal/webhook"
)

// TestEveryByteOfAnEventPassesTheQueue: queues refuse some characters, and text is no
// place for bytes that are none.
func TestEveryByteOfAnEventPassesTheQueue(t *testing.T) {
	e := newEdge(t)
	for name, said := range map[string]string{
		"escaped control characters": `a\u0000b\u001fc\ufffe\uffff`,
		"what no queue takes":        "a\uFFFEb\uFFFFc\U0001FFFF",
		"no UTF-8":                   "a\xffb\xc3(c\xed\xa0\x80",
		"what HTML escapes":          "<a&b>\u2028\u2029",
	} {
		sample := samples(t)["text.json"]
		start := bytes.Index(sample, []byte(`"text":"`))
		if start < 0 {
			t.Fatal("the sample has moved")
		}
		body := bytes.Clone(sample[:start])
		body = append(body, `"text":"`+said...)
		rest := sample[start+len(`"text":"`):]
		body = append(body, rest[bytes.IndexByte(rest, '"'):]...)
		if out := e.post("line", e.PathID, body, sign(hubtest.LineSecret, body)); out.StatusCode != 200 {
			t.Errorf("%s: got %d, want 200", name, out.StatusCode)
			continue
		}
		got := e.Receive(e.Inbound)
		var whole []byte
		for _, r := range got.Records {
			envelope, err := chat.ReadEnvelope(r.Body)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			whole = append(whole, envelope.Raw...)
		}
		if !bytes.Contains(whole, []byte(said)) || !bytes.Contains(body, whole) {
			t.Errorf("%s: got an event of %d bytes that are not those that came", name, len(whole))
		}
		e.Ack(e.Inbound, got, events.SQSEventResponse{})
	}
}

// TestForgedBodyOverTheCapIsNotHashed: its size refuses it, before anything is
// computed over it.
func TestForgedBodyOverTheCapIsNotHashed(t *testing.T) {
	e := newEdge(t)
	big := []byte(`{"destination":"` + hubtest.LineBot + `","events":[]` + strings.Repeat(" ", webhook.MaxBody) + `}`)
	for name, signature := range map[string]string{"no signature": "", "a wrong one": sign("other", big), "a good one": sign(hubtest.LineSecret, big)} {
		if out := e.post("line", e.PathID, big, signature); out.StatusCode != 413 {
			t.Errorf("%s: got %d, want 413", name, out.StatusCode)
		}
	}
}
