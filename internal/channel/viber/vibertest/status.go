package vibertest

import (
	"slices"
	"time"

	"omnihub/internal/channel/fake"
)

// sent is an accepted send.
type sent struct {
	Token int64
	To    string
	At    time.Time
	Owed  []string // the events that are to be told, in order
}

// owed are the events that a send will have, by the fault plan; p.Mu is held.
func (p *platform) owed(b *bot, f faults, name string) []string {
	states := []string{"delivered"}
	if p.Hit(float64(f.StatusRead), "read", name) {
		states = append(states, "seen")
	}
	heard := slices.DeleteFunc(states, func(state string) bool { return !b.hears(state) })
	return p.Owed(f.StatusPlan, name, heard...)
}

// news plans when the events of a send are told.
func (p *platform) news(b *bot, s *sent, f faults, name string) *fake.Telling {
	return p.Telling(fake.News{
		Owed: s.Owed,
		Webhook: func(state string) fake.Webhook {
			c := event(state, s.Token, p.Now())
			c.UserID = s.To
			return b.signed(fake.JSON(c))
		},
		Told:  func(state string) { p.Journal.Record("told", toldEntry{b.ID, tokenText(s.Token), state}) },
		Taken: func(status int) bool { return status == 200 },
	}, f.StatusPlan, name)
}
