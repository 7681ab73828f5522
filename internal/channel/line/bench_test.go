package line_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	body, err := os.ReadFile("testdata/samples/text.json")
	if err != nil {
		b.Fatal(err)
	}
	const secret = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	request := &channel.Request{Body: body, Header: map[string]string{
		"x-line-signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}}
	credentials := channel.Credentials{
		Secrets:  channel.Secrets{"channel_secret": hub.Secret(secret)},
		Accounts: []string{"U5a1f0c3e9b7d4826a1c0e5f79d3b2468"},
	}
	adapter := line.New(channel.Platform{})

	ours := func() {
		if err := adapter.Verify(request, credentials); err != nil {
			b.Fatal(err)
		}
		slices, err := adapter.Split(&channel.Request{Body: body})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := adapter.Parse(slices[0].Head, slices[0].Raw); err != nil {
			b.Fatal(err)
		}
	}
	floor := func() {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		mac.Sum(nil)
		var w typedWebhook
		if err := json.Unmarshal(body, &w); err != nil {
			b.Fatal(err)
		}
	}

	// Both run in turns, so that what else the machine does falls on both alike.
	const turn = 100
	var took, least time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		start := time.Now()
		for range turn {
			ours()
		}
		took += time.Since(start)
		b.StopTimer()
		start = time.Now()
		for range turn {
			floor()
		}
		least += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(took)/float64(least), "x-floor")
	b.ReportMetric(float64(least.Nanoseconds())/float64((b.N+turn-1)/turn*turn), "floor-ns/op")
}

// typedWebhook is what the standard decoder needs to read a text message.
type typedWebhook struct {
	Destination string `json:"destination"`
	Events      []struct {
		Type            string `json:"type"`
		Mode            string `json:"mode"`
		Timestamp       int64  `json:"timestamp"`
		WebhookEventID  string `json:"webhookEventId"`
		ReplyToken      string `json:"replyToken"`
		DeliveryContext struct {
			IsRedelivery bool `json:"isRedelivery"`
		} `json:"deliveryContext"`
		Source struct {
			Type   string `json:"type"`
			UserID string `json:"userId"`
		} `json:"source"`
		Message struct {
			Type string `json:"type"`
			ID   string `json:"id"`
			Text string `json:"text"`
		} `json:"message"`
	} `json:"events"`
}
