package whatsapp_test

import (
	"testing"

	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/whatsapp"
)

// BenchmarkInbound prints the cost of verify, split and parse of one event and its ratio
// to the floor: HMAC and one typed decode of the same body.
func BenchmarkInbound(b *testing.B) {
	s, key := suite(b), []byte(credentials.Secrets[whatsapp.AppSecret].Reveal())
	for _, sample := range []string{"text", "status_delivered", "flow_nfm_reply"} {
		b.Run(sample, func(b *testing.B) { channeltest.BenchSample[typedWebhook](b, s, sample, key) })
	}
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
