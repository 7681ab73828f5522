package messenger_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/messenger"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	for _, sample := range []string{"text", "postback_get_started_with_referral", "delivery"} {
		b.Run(sample, func(b *testing.B) { inbound(b, sample) })
	}
}

func inbound(b *testing.B, sample string) {
	body, err := os.ReadFile("testdata/samples/" + sample + ".json")
	if err != nil {
		b.Fatal(err)
	}
	request := &channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": sign(body, credentials)}}
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
	secret := []byte(credentials.Secrets[messenger.AppSecret].Reveal())
	floor := func() {
		mac := hmac.New(sha256.New, secret)
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

// typedWebhook is what the standard decoder needs to read a text, a tap or a delivery.
type typedWebhook struct {
	Object string `json:"object"`
	Entry  []struct {
		ID        string `json:"id"`
		Time      int64  `json:"time"`
		Messaging []struct {
			Sender struct {
				ID string `json:"id"`
			} `json:"sender"`
			Recipient struct {
				ID string `json:"id"`
			} `json:"recipient"`
			Timestamp int64 `json:"timestamp"`
			Message   *struct {
				MID  string `json:"mid"`
				Text string `json:"text"`
			} `json:"message"`
			Postback *struct {
				MID      string `json:"mid"`
				Title    string `json:"title"`
				Payload  string `json:"payload"`
				Referral *struct {
					Ref    string `json:"ref"`
					Source string `json:"source"`
				} `json:"referral"`
			} `json:"postback"`
			Delivery *struct {
				MIDs      []string `json:"mids"`
				Watermark int64    `json:"watermark"`
			} `json:"delivery"`
		} `json:"messaging"`
	} `json:"entry"`
}
