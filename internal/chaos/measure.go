package chaos

import (
	"math"
	"slices"

	"omnihub/internal/hub"
)

// measure takes the times of a run, by the hub's clock: from the first delivery of a
// message to its being stored, from a send's acceptance to the platform's, and from a
// kill to the end of all that was in hand.
func (r *run) measure(t *tables, report *Report) {
	type span struct{ from, to int64 }
	var arrivals, departures []span
	answers := map[string]send{}
	for _, s := range t.sends {
		if s.answers != "" {
			answers[s.team+s.answers] = s
		}
		if calls := r.effects.calls[s.ref()]; len(calls) > 0 {
			departures = append(departures, span{s.accepted, calls[0].At})
		}
	}
	for _, h := range r.hooks {
		if s, ok := answers[h.team+hub.ShortID(h.message)]; ok && h.answered && h.posted.Load() != 0 {
			// The answer is accepted as soon as its message is stored.
			arrivals = append(arrivals, span{h.posted.Load(), s.accepted})
		}
	}
	lengths := func(list []span) []float64 {
		var out []float64
		for _, s := range list {
			out = append(out, float64(max(s.to-s.from, 0)))
		}
		return out
	}
	report.Stored50, report.Stored99 = percentile(lengths(arrivals), 50), percentile(lengths(arrivals), 99)
	report.Sent50, report.Sent99 = percentile(lengths(departures), 50), percentile(lengths(departures), 99)
	var recoveries []float64
	for _, k := range r.kills {
		list := arrivals
		switch k.function {
		case "relay", "outbound", "reconcile":
			list = departures
		}
		longest := int64(0)
		for _, s := range list {
			if s.from <= k.at && s.to > k.at {
				longest = max(longest, s.to-k.at)
			}
		}
		recoveries = append(recoveries, float64(longest))
	}
	report.Recovery99 = percentile(recoveries, 99)
}

// percentile is the value below which a share of a list lies; 0 of an empty list.
func percentile(list []float64, percent int) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	at := int(math.Ceil(float64(len(list))*float64(percent)/100)) - 1
	return list[max(at, 0)]
}
