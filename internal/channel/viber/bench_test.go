package viber_test

import (
	"testing"

	"omnihub/internal/channel/channeltest"
)

// BenchmarkInbound prints the cost of verify, split and parse of one text message
// and its ratio to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	channeltest.BenchSample[typedWebhook](b, suite(b), "message_text", []byte(token))
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
