package chaos

import (
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
)

// plan is that of a fake platform: what befalls the calls that send, and the webhooks that
// it makes by itself. A platform without receipts takes none of their members.
type plan struct {
	Seed      int64 `json:"seed"`
	Duplicate int   `json:"duplicate_webhooks,omitempty"`
	Shuffle   bool  `json:"shuffle_webhooks,omitempty"`
	calls
	receipts
}

// calls is what befalls the calls.
type calls struct {
	Rate429    float64 `json:"rate429,omitempty"`
	RetryAfter int     `json:"retry_after,omitempty"`
	Rate500    float64 `json:"rate500,omitempty"`
	Timeout    float64 `json:"timeout,omitempty"`
	Drop       float64 `json:"accept_then_drop,omitempty"`
	Late500    float64 `json:"accept_then_500,omitempty"`
	Down       bool    `json:"down,omitempty"`
}

// receipts is how the webhooks come that tell how a send fares: early, late, twice, in any
// order, or never.
type receipts struct {
	Read    float64 `json:"status_read,omitempty"`
	LateMS  int     `json:"status_late_ms,omitempty"`
	Early   float64 `json:"status_early,omitempty"`
	Missing float64 `json:"status_missing,omitempty"`
	Places  bool    `json:"status_shuffle,omitempty"`
}

// owed are the states that a platform tells of a send under the plan, by the name by which
// its dice know the send, when it accepted it n times: the same dice fall the same way for
// each name, and the before times that others of the same name were accepted earlier. Words
// are the platform's for what it tells of each send, "echo=sent" if the state has another
// name; that it was read it tells of some only.
func (p plan) owed(name string, before, n int, words ...string) []string {
	dice := fake.Dice{Seed: p.Seed}
	var told []string
	for i := range before + n {
		for _, word := range words {
			word, state, ok := strings.Cut(word, "=")
			if !ok {
				state = word
			}
			if (state != "read" || dice.Hit(p.Read, "read", name)) && !dice.Hit(p.Missing, "missing "+word, name) && i >= before {
				told = append(told, state)
			}
		}
	}
	slices.Sort(told)
	return slices.Compact(told)
}

// lost tells whether a platform, which accepted a send n times, left the first call for it
// that it did not turn away without an answer that tells how it ended. Name is the call's
// to its dice. With unclear an error of the platform's own may be such an answer.
func (p plan) lost(name string, n int, unclear bool) bool {
	dice := fake.Dice{Seed: p.Seed}
	for range 100 {
		switch {
		case dice.Hit(p.Rate429, "429", name):
		case dice.Hit(p.Rate500, "500", name):
			if unclear {
				return true
			}
		case dice.Hit(p.Timeout, "timeout", name):
			return true
		default:
			return n > 0 && (dice.Hit(p.Drop, "drop", name) || dice.Hit(p.Late500, "late 500", name))
		}
	}
	return false
}

// lostAmong is lost where several sends have one name, of which the platform accepted all:
// whether any of the calls for them was lost.
func (p plan) lostAmong(name string, n, all int) bool {
	dice := fake.Dice{Seed: p.Seed}
	for accepted, tries := 0, 0; (accepted < all || accepted == all && n == 0) && tries < 100*(all+1); tries++ {
		switch {
		case dice.Hit(p.Rate429, "429", name):
		case dice.Hit(p.Rate500, "500", name), dice.Hit(p.Timeout, "timeout", name):
			return true
		case accepted < all && (dice.Hit(p.Drop, "drop", name) || dice.Hit(p.Late500, "late 500", name)):
			return true
		default:
			accepted++
		}
	}
	return false
}
