package instagram_test

import (
	"testing"

	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/instagram"
)

// BenchmarkInbound prints the cost of verify, split and parse of one event and its ratio
// to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	s, key := suite(b), []byte(credentials.Secrets[instagram.AppSecret].Reveal())
	for _, sample := range []string{"text", "seen", "story_reply"} {
		b.Run(sample, func(b *testing.B) { channeltest.BenchSample[typedWebhook](b, s, sample, key) })
	}
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
