package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"net/url"
	"testing"

	"omnihub/internal/channel"
)

// BenchmarkInbound prints the cost of verify, split and parse of one request and its
// ratio to the floor: one HMAC of the body and the standard decoder.
func BenchmarkInbound(b *testing.B) {
	s := suite(b)
	for _, name := range []string{"text", "status_delivered", "button_reply_session"} {
		body := sample(b, name+".form")
		b.Run(name, func(b *testing.B) {
			s.Bench(b, &channel.Request{Method: "POST", RawQuery: "ref=m1.demo", Body: body}, func() error {
				mac := hmac.New(sha1.New, []byte(token))
				mac.Write(body)
				mac.Sum(nil)
				_, err := url.ParseQuery(string(body))
				return err
			})
		})
	}
}
