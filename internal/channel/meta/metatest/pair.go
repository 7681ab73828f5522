package metatest

import "time"

// Sends of one WhatsApp number to one customer, through whatever API.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
const (
	pairEvery = 6 * time.Second // one send
	pairBurst = 45              // sends within pairEvery, borrowed from the future
)

// Pair is the pace of a WhatsApp number towards a customer: a burst is paid off before
// the next send.
type Pair struct {
	burst time.Time // when the burst began
	n     int       // its sends
	free  time.Time // when it is paid off
}

// Allow reports whether a send may go, and counts it if so.
func (r *Pair) Allow(now time.Time) bool {
	switch {
	case !now.Before(r.free):
		r.burst, r.n, r.free = now, 1, now.Add(pairEvery)
	case now.Sub(r.burst) < pairEvery && r.n < pairBurst:
		r.n++
		r.free = r.free.Add(pairEvery)
	default:
		return false
	}
	return true
}
