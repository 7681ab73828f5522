package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"net/url"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
)

// BenchmarkInbound prints the cost of verify, split and parse of one request and its
// ratio to the floor: one HMAC of the body and the standard decoder.
func BenchmarkInbound(b *testing.B) {
	for _, name := range []string{"text", "status_delivered", "button_reply_session"} {
		b.Run(name, func(b *testing.B) {
			body := sample(b, name+".form")
			r := &channel.Request{Method: "POST", RawQuery: "ref=m1.demo", Body: body}
			r.Header = map[string]string{"x-twilio-signature": signed(r, credentials)}
			adapter := twilio.New(channel.Platform{})
			ours := func() {
				if err := adapter.Verify(r, credentials); err != nil {
					b.Fatal(err)
				}
				slices, err := adapter.Split(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := adapter.Parse(slices[0].Head, slices[0].Raw); err != nil {
					b.Fatal(err)
				}
			}
			floor := func() {
				mac := hmac.New(sha1.New, []byte(token))
				mac.Write(body)
				mac.Sum(nil)
				if _, err := url.ParseQuery(string(body)); err != nil {
					b.Fatal(err)
				}
			}
			const turn = 100 // in turns, so that what else the machine does falls on both
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
		})
	}
}
