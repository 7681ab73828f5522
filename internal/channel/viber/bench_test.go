package viber_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/viber"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	body, err := os.ReadFile("testdata/samples/message_text.json")
	if err != nil {
		b.Fatal(err)
	}
	request := &channel.Request{Body: body, Header: map[string]string{"x-viber-content-signature": sign(body, credentials)}}
	adapter := viber.New(channel.Platform{})
	ours := func() {
		if err := adapter.Verify(request, credentials); err != nil {
			b.Fatal(err)
		}
		slices, err := adapter.Split(request)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := adapter.Parse(slices[0].Head, slices[0].Raw); err != nil {
			b.Fatal(err)
		}
	}
	floor := func() {
		mac := hmac.New(sha256.New, []byte(token))
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
	Event     string `json:"event"`
	Timestamp int64  `json:"timestamp"`
	Token     int64  `json:"message_token"`
	Sender    struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Avatar   string `json:"avatar"`
		Language string `json:"language"`
	} `json:"sender"`
	Message struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Tracking string `json:"tracking_data"`
	} `json:"message"`
}
