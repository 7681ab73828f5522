package messenger_test

import (
	"testing"

	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/messenger"
)

// BenchmarkInbound prints the cost of verify, split and parse of one event and its ratio
// to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	s, key := suite(b), []byte(credentials.Secrets[messenger.AppSecret].Reveal())
	for _, sample := range []string{"text", "postback_get_started_with_referral", "delivery"} {
		b.Run(sample, func(b *testing.B) { channeltest.BenchSample[typedWebhook](b, s, sample, key) })
	}
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
