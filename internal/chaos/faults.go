package chaos

import (
	"slices"

	"omnihub/internal/channel/fake"
)

// faults is the plan of the fake WhatsApp: some calls are never answered, and the
// webhooks that tell how a send fares come early, late, twice, in any order, or never.
// LINE has no such webhooks.
type faults struct {
	Seed      int64   `json:"seed"`
	Duplicate int     `json:"duplicate_webhooks"`
	Shuffle   bool    `json:"shuffle_webhooks"`
	Read      float64 `json:"status_read"`
	Drop      float64 `json:"accept_then_drop"`
	LateMS    int     `json:"status_late_ms"`
	Early     float64 `json:"status_early"`
	Missing   float64 `json:"status_missing"`
	Places    bool    `json:"status_shuffle"`

	none bool // the channel is not played
}

func receiptFaults(seed uint64, channels []string) faults {
	return faults{
		Seed: int64(seed), Duplicate: 1, Shuffle: true, Read: 0.3, Drop: 0.05, LateMS: 800, Early: 0.1, Missing: 0.05, Places: true,
		none: !slices.Contains(channels, whatsApp),
	}
}

func (f faults) plans() map[string]any {
	if f.none {
		return nil
	}
	return map[string]any{whatsApp: f}
}

// owed are the states of an accepted send that the platform tells under the plan, by
// the name that the hub gave the send: the same dice fall the same way for each name.
func (f faults) owed(ref string) []string {
	dice := fake.Dice{Seed: f.Seed}
	states := []string{"sent", "delivered"}
	if dice.Hit(f.Read, "read", ref) {
		states = append(states, "read")
	}
	return slices.DeleteFunc(states, func(state string) bool { return dice.Hit(f.Missing, "missing "+state, ref) })
}
