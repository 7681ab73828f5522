package chaos

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
)

// askAfter is how long customers wait for a card before they ask for it again. By then
// they may be answered as often as before.
const askAfter = 61 * time.Second

// mostAsks is how often a customer asks for a card at most. The faults of the standard load
// lose less than one answer in five, so that of a million customers two or three come to
// this.
const mostAsks = 8

// cards lets those of a group who have asked for a card look at it, and ask again, as
// people do, where none came: its send was one of which nobody can know how it ended. It
// answers the links of those who have their card: all of them, or the checker blames the
// hub.
func (r *run) cards(ctx context.Context, group int) (have []*link, err error) {
	var lack []*link
	for _, l := range r.links {
		if l.who.number/perStep == group && len(l.asked) > 0 {
			lack = append(lack, l)
		}
	}
	for ask := 1; ; ask++ {
		var still []*link
		for _, l := range lack {
			if err := r.card(ctx, l); err != nil {
				return nil, err
			}
			if l.address != "" {
				have = append(have, l)
			} else {
				still = append(still, l)
			}
		}
		if lack = still; len(lack) == 0 || ask == mostAsks {
			return have, nil
		}
		if err := r.askAgain(ctx, lack); err != nil {
			return nil, err
		}
	}
}

// askAgain lets customers ask for their cards once more, each under the id by which the
// first question came, after some time, and waits for what comes of it.
func (r *run) askAgain(ctx context.Context, links []*link) error {
	if err := r.advance(ctx, askAfter); err != nil {
		return err
	}
	var fresh []*hook
	for _, l := range links {
		h, err := r.say(ctx, l.who, "card", l.asked[0].shown, r.now().Truncate(time.Second))
		if err != nil {
			return err
		}
		l.asked = append(l.asked, h)
		fresh = append(fresh, h)
	}
	r.hooks = append(r.hooks, fresh...)
	if err := r.deliver(ctx, repeat(fresh, r.Repeats), 0); err != nil {
		return err
	}
	return r.settle(ctx)
}

// cardLink is the link in the call that brought a card.
var cardLink = regexp.MustCompile(regexp.QuoteMeta(Domain) + `/l/` + demoTeam + `\.[A-Za-z0-9_-]{22}`)

// card reads the link of the card that a customer got.
func (r *run) card(ctx context.Context, l *link) error {
	calls, err := r.stack.Sent(ctx, l.who.channel, l.who.name)
	if err != nil {
		return err
	}
	for _, c := range calls {
		if found := cardLink.FindString(c.Body); found != "" && !c.Dropped && !slices.Contains(l.links, found) {
			l.links = append(l.links, found)
			l.address = r.office.api + strings.TrimPrefix(found, Domain)
			r.hidden[found[len(found)-22:]] = "a link's token"
		}
	}
	return nil
}
