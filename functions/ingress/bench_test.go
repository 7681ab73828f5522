package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/apigw"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/webhook"
)

// BenchmarkIngress prints what an invocation of ingress takes with its queue call,
// and its ratio to the floor: one SendMessageBatch of the SDK with the same body.
// Each event is another one, so that the queue takes them all.
func BenchmarkIngress(b *testing.B) {
	h := hubtest.New(b)
	h.Log = nil
	client := h.SQS("Ingress")
	handle := apigw.Handler(&handler{Intake: &webhook.Intake{
		Settings: h.Settings, Queue: &queue.Queue{Client: client, URL: h.Inbound.URL},
		Adapters: all.Adapters(channel.Platform{}), Now: h.Clock.Now, Log: h.Log,
	}})
	const sample = `{"destination":"` + hubtest.LineBot + `","events":[{"type":"message","mode":"active","timestamp":1791170415123,` +
		`"source":{"type":"user","userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25"},"webhookEventId":"NUMBER","deliveryContext":{"isRedelivery":false},` +
		`"replyToken":"689daf599db8f711dd084d4f1ea67276","message":{"type":"text","id":"577102334455667701","text":"hello"}}]}`
	n := 0
	ours := func() {
		n++
		body := strings.Replace(sample, "NUMBER", "E"+base64.StdEncoding.EncodeToString(big(n)), 1)
		r := events.APIGatewayV2HTTPRequest{
			Body: body, PathParameters: map[string]string{"channel": "line", "connection": h.PathID},
			Headers: map[string]string{"x-line-signature": sign(hubtest.LineSecret, []byte(body))},
		}
		r.RequestContext.HTTP.Method = "POST"
		if out, err := handle(context.Background(), r); err != nil || out.StatusCode != 200 {
			b.Fatalf("got %d, %v", out.StatusCode, err)
		}
	}
	body := strings.Repeat("x", 1100) // as long as the envelope
	floor := func() {
		n++
		_, err := client.SendMessageBatch(context.Background(), &sqs.SendMessageBatchInput{
			QueueUrl: &h.Inbound.URL, Entries: []types.SendMessageBatchRequestEntry{{
				Id: aws.String("0"), MessageBody: &body, MessageGroupId: aws.String("g"),
				MessageDeduplicationId: aws.String(base64.StdEncoding.EncodeToString(big(n))),
			}},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	ours()
	floor()
	var took, least time.Duration
	for b.Loop() { // in turns, so that what else the machine does falls on both alike
		start := time.Now()
		ours()
		middle := time.Now()
		floor()
		took, least = took+middle.Sub(start), least+time.Since(middle)
	}
	b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/ingress")
	b.ReportMetric(float64(least.Microseconds())/float64(b.N), "µs/floor")
	b.ReportMetric(float64(took)/float64(least), "×floor")
}

// BenchmarkUnsigned prints what a warm function takes for a request that nobody
// signed, from the event's JSON to the answer's, and that of a made-up path.
func BenchmarkUnsigned(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(e *events.APIGatewayV2HTTPRequest)
	}{
		{"signature=none", func(*events.APIGatewayV2HTTPRequest) {}},
		{"signature=wrong", func(e *events.APIGatewayV2HTTPRequest) { e.Headers["x-line-signature"] = sign("guess", nil) }},
		{"path=made-up", func(e *events.APIGatewayV2HTTPRequest) {
			e.PathParameters["connection"] = "test.line1.aaaaaaaaaaaaaaaa"
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFortress(b)
			f.warm()
			e := f.event()
			c.make(&e)
			payload, err := json.Marshal(e)
			f.must(err)
			var times []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				f.send(payload)
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1000, "µs/p50")
			b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds())/1000, "µs/p99")
		})
	}
}

func big(n int) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
