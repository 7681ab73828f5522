package chaos

import (
	"context"
	"fmt"
	"slices"

	"omnihub/internal/hub"
)

// ways are the demo team's activities of OmniLink, each from a channel to another one,
// whose name is the keyword for the card.
var ways = []struct{ from, to string }{
	{"line", whatsApp}, {"messenger", "line"}, {"instagram", whatsApp}, {whatsApp, "line"}, {"messenger", whatsApp}, {"instagram", "line"},
}

// fewest is how many links a run has at least, if it has the customers.
const fewest = 8

// links picks who of the customers go over to another channel: one of six, and as many
// again in a small load.
func (l Load) links() []*link {
	var list []*link
	taken := map[int]bool{}
	for shift := 0; shift <= 2 && len(list) < fewest; shift += 2 {
		for turn := 0; turn*len(l.Channels) < l.Customers; turn++ {
			w := ways[(turn+shift)%len(ways)]
			at := slices.Index(l.Channels, w.from)
			number := turn*len(l.Channels) + at
			if at < 0 || !slices.Contains(l.Channels, w.to) || number >= l.Customers || taken[number] {
				continue
			}
			taken[number] = true
			n := len(list)
			// The second team does not know those of this turn.
			there := customer{channel: w.to, name: fmt.Sprintf("%s arrival %d", canaryName, number), number: l.Customers + number, turn: 1}
			other := there
			other.name = fmt.Sprintf("%s passer-by %d", canaryName, number)
			list = append(list, &link{
				who: l.customer(number), arrives: there, other: other, steals: n%2 == 0, twice: n%4 == 1 || n%4 == 2, both: n%4 == 2, friends: n%3 == 0, leaves: n%4 == 1,
			})
		}
	}
	return list
}

// plan lets some of the customers go over to another channel.
func (r *run) plan(ctx context.Context) error {
	r.links = r.Load.links()
	for _, l := range r.links {
		a, err := r.office.reader.Activity(ctx, hub.TeamID(demoTeam), hub.ActivityID(l.activity()))
		if err != nil {
			return err
		}
		r.says[l.activity()] = a
	}
	return nil
}

// linkOf is the link of a customer who asks for a card; nil = none.
func (r *run) linkOf(who customer) *link {
	for _, l := range r.links {
		if l.who.number == who.number {
			return l
		}
	}
	return nil
}

// linkKills are how many of the kills of a load are kept for the time in which customers go
// over.
func (r *run) linkKills() int {
	if len(r.links) == 0 || r.Kills == 0 {
		return 0
	}
	return max(1, r.Kills/10)
}
