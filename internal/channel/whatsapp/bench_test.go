package whatsapp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/whatsapp"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	for _, sample := range []string{"text", "status_delivered", "flow_nfm_reply"} {
		b.Run(sample, func(b *testing.B) { inbound(b, sample) })
	}
}

func inbound(b *testing.B, sample string) {
	body, err := os.ReadFile("testdata/samples/" + sample + ".json")
	if err != nil {
		b.Fatal(err)
	}
	request := &channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": sign(body, credentials)}}
	adapter := whatsapp.New(channel.Platform{})
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
	secret := []byte(credentials.Secrets[whatsapp.AppSecret].Reveal())
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

// typedWebhook is what the standard decoder needs to read a text, a status or a form.
type typedWebhook struct {
	Object string `json:"object"`
	Entry  []struct {
		ID      string `json:"id"`
		Changes []struct {
			Field string `json:"field"`
			Value struct {
				Metadata struct {
					PhoneNumberID string `json:"phone_number_id"`
				} `json:"metadata"`
				Contacts []struct {
					Profile struct {
						Name     string `json:"name"`
						Username string `json:"username"`
					} `json:"profile"`
					WaID   string `json:"wa_id"`
					UserID string `json:"user_id"`
				} `json:"contacts"`
				Messages []struct {
					From       string `json:"from"`
					FromUserID string `json:"from_user_id"`
					ID         string `json:"id"`
					Timestamp  string `json:"timestamp"`
					Type       string `json:"type"`
					Text       struct {
						Body string `json:"body"`
					} `json:"text"`
					Interactive struct {
						Type     string `json:"type"`
						NfmReply struct {
							Body         string `json:"body"`
							ResponseJSON string `json:"response_json"`
						} `json:"nfm_reply"`
					} `json:"interactive"`
				} `json:"messages"`
				Statuses []struct {
					ID                    string `json:"id"`
					Status                string `json:"status"`
					Timestamp             string `json:"timestamp"`
					RecipientID           string `json:"recipient_id"`
					RecipientUserID       string `json:"recipient_user_id"`
					BizOpaqueCallbackData string `json:"biz_opaque_callback_data"`
				} `json:"statuses"`
			} `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}
