package instagram_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/instagram"
)

// BenchmarkInbound prints the cost of verify, split and parse of one event and its ratio
// to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	for _, sample := range []string{"text", "seen", "story_reply"} {
		b.Run(sample, func(b *testing.B) { inbound(b, sample) })
	}
}

func inbound(b *testing.B, sample string) {
	body, err := os.ReadFile("testdata/samples/" + sample + ".json")
	if err != nil {
		b.Fatal(err)
	}
	request := &channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": sign(body, credentials)}}
	adapter := instagram.New(channel.Platform{})
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
	secret := []byte(credentials.Secrets[instagram.AppSecret].Reveal())
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

// typedWebhook is what the standard decoder needs to read these events.
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
			Message   struct {
				Mid     string `json:"mid"`
				Text    string `json:"text"`
				ReplyTo struct {
					Mid   string `json:"mid"`
					Story struct {
						URL string `json:"url"`
						ID  string `json:"id"`
					} `json:"story"`
				} `json:"reply_to"`
				Attachments []struct {
					Type    string `json:"type"`
					Payload struct {
						URL string `json:"url"`
					} `json:"payload"`
				} `json:"attachments"`
			} `json:"message"`
			Read struct {
				Mid string `json:"mid"`
			} `json:"read"`
		} `json:"messaging"`
	} `json:"entry"`
}
