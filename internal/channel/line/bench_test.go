package line_test

import (
	"testing"

	"omnihub/internal/channel/channeltest"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	channeltest.BenchSample[typedWebhook](b, suite(b), "text", []byte(secret))
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
