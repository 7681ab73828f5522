package channeltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"omnihub/internal/channel"
)

// Bench measures the verify, split and parse of a request's first event, and prints its
// ratio to a floor as x-floor. The request has no signature yet.
func (s Suite) Bench(b *testing.B, r *channel.Request, floor func() error) {
	a := s.adapter()
	if r.Header == nil {
		r.Header = map[string]string{}
	}
	r.Header[s.Header] = s.sign(r, s.Credentials)
	ours := func() error {
		if err := a.Verify(r, s.Credentials); err != nil {
			return err
		}
		slices, err := a.Split(r)
		if err != nil {
			return err
		}
		_, err = a.Parse(slices[0].Head, slices[0].Raw)
		return err
	}

	// Both run in turns, so that what else the machine does falls on both alike.
	const turn = 100
	var took, least time.Duration
	run := func(work func() error) time.Duration {
		start := time.Now()
		for range turn {
			if err := work(); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		took += run(ours)
		b.StopTimer()
		least += run(floor)
		b.StartTimer()
	}
	b.ReportMetric(float64(took)/float64(least), "x-floor")
	b.ReportMetric(float64(least.Nanoseconds())/float64((b.N+turn-1)/turn*turn), "floor-ns/op")
}

// BenchSample is Bench with a sample whose body alone is signed, with SHA-256; the floor
// is one HMAC and one decode of the same body into a Webhook by the standard decoder.
func BenchSample[Webhook any](b *testing.B, s Suite, name string, key []byte) {
	list, err := samplesOf(s.Samples)
	if err != nil {
		b.Fatal(err)
	}
	for _, x := range list {
		if x.name != name {
			continue
		}
		s.Bench(b, x.request(), func() error {
			mac := hmac.New(sha256.New, key)
			mac.Write(x.body)
			mac.Sum(nil)
			var w Webhook
			return json.Unmarshal(x.body, &w)
		})
		return
	}
	b.Fatalf("%s: got no such sample in %s", name, s.Samples)
}
