package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// linker is the function that serves the pages of OmniLink, and follower the one that does
// what follows from their taps. They have something in hand only while customers go over.
const (
	linker   = "omnilink"
	follower = "linkfollow"
)

// link is a customer who asks for a card in one channel, taps it and arrives in another.
type link struct {
	who     customer // at the source
	arrives customer // the same person at the target
	other   customer // somebody else there, who gets hold of a code
	steals  bool     // of one that was used; else of one that is good
	twice   bool     // the card is tapped twice before the person arrives
	both    bool     // and both codes are brought
	friends bool     // at a target with friends: the hub hears of the one who arrives before
	leaves  bool     // who signs in tries again only until it stands: what follows is the hub's alone

	asked   []*hook  // for the card: once more each time that none came
	links   []string // that the source's cards bore: one
	address string   // that of the card's page
	cookie  string   // of the browser
	taps    []*tap   // of the card, each with a code of its own
	stolen  *tap     // the last of them, once somebody else brings its code
	wrong   []string // what the pages said that they must not
	mu      sync.Mutex
}

// How the code of a tap stands in the end.
const (
	codeUsed    = "used"
	codeIssued  = "issued"  // nobody brought it
	codePending = "pending" // the source is asked, and says nothing
)

// tap is a tap of a card, and what becomes of its code.
type tap struct {
	id  string   // the page's, of which the hub keeps a hash
	url string   // where it led
	by  customer // who brings the code; without a name nobody does
	end string
}

// kept is what the hub keeps of the tap's id.
func (t *tap) kept() string { return hub.Digest("omnilink tap", t.id) }

// activity is the hub's name of a link's activity.
func (l *link) activity() string { return l.who.channel + "to" + l.arrives.channel }

// complain notes what the hub said that it must not.
func (l *link) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// cross lets those of a group who have their card tap it and arrive, and delivers other
// webhooks meanwhile.
func (r *run) cross(ctx context.Context, group int, others []*hook, kills int) error {
	links, err := r.cards(ctx, group)
	if err != nil {
		return err
	}
	err = r.tapped(ctx, links, kills-kills/2, func(l *link) {
		if l.twice {
			before := &tap{end: codeIssued}
			if l.both {
				before = &tap{end: codeUsed, by: l.arrives}
			}
			r.tap(ctx, l, before)
		}
		r.tap(ctx, l, &tap{end: codeUsed, by: l.arrives})
	})
	if err != nil {
		return err
	}
	fresh, err := r.arriving(ctx, links, false)
	if err != nil {
		return err
	}
	return r.bring(ctx, links, false, append(others, repeat(fresh, r.Repeats)...), kills/2)
}

// arriving makes the webhooks of those who bring codes in the chats, and of new friends of
// which the hub hears.
func (r *run) arriving(ctx context.Context, links []*link, wrong bool) ([]*hook, error) {
	var fresh []*hook
	for _, l := range links {
		who := l.arrives
		if wrong {
			who = l.other
		}
		more, err := r.befriend(ctx, who, l.friends != wrong)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, more...)
		for _, t := range l.brought(wrong) {
			if more, err = r.text(ctx, t); err != nil {
				return nil, err
			}
			for _, h := range more {
				h.answered = t == l.stolen // that the code was used, and where to go
			}
			fresh = append(fresh, more...)
		}
	}
	r.hooks = append(r.hooks, fresh...)
	return fresh, nil
}

// bring delivers webhooks while others bring codes to sign-ins, and kills functions.
func (r *run) bring(ctx context.Context, links []*link, wrong bool, deliveries []*hook, kills int) error {
	wait := r.signIns(ctx, links, wrong)
	r.doomed = slices.DeleteFunc([]string{follower, "inbound", linker, follower, "relay"}, func(f string) bool { return !slices.Contains(r.Functions, f) })
	err := r.deliver(ctx, deliveries, kills)
	r.doomed = nil
	wait()
	return err
}

// wrongHands lets codes get to others, once their links stand: one that was used, or one
// that is good, after which the source is asked. Those who were there before come again.
func (r *run) wrongHands(ctx context.Context) error {
	var links, tapping []*link
	for _, l := range r.links {
		if len(l.taps) == 0 {
			continue
		}
		links = append(links, l)
		if last := l.taps[len(l.taps)-1]; l.steals {
			l.stolen = &tap{id: last.id, url: last.url, end: last.end, by: l.other}
		} else {
			tapping = append(tapping, l)
		}
	}
	if len(links) == 0 {
		return nil
	}
	var before []*hook
	for _, h := range r.hooks {
		if h.kind == "arrival" {
			before = append(before, h)
		}
	}
	err := r.tapped(ctx, tapping, 0, func(l *link) { r.tap(ctx, l, &tap{end: codePending, by: l.other}) })
	if err != nil {
		return err
	}
	fresh, err := r.arriving(ctx, links, true)
	if err != nil {
		return err
	}
	if err := r.bring(ctx, links, true, append(before, repeat(fresh, r.Repeats)...), 0); err != nil {
		return err
	}
	return r.settle(ctx)
}

// tapped lets each of some links be tapped, all at the same time, while the function behind
// them is killed.
func (r *run) tapped(ctx context.Context, links []*link, kills int, how func(*link)) error {
	if len(links) == 0 {
		return nil
	}
	var done atomic.Int64
	r.doomed = []string{linker}
	defer func() { r.doomed = nil }()
	r.amid(ctx, kills, func() float64 { return float64(done.Load()) / float64(len(links)) }, func() {
		var all sync.WaitGroup
		for _, l := range links {
			all.Go(func() {
				how(l)
				done.Add(1)
			})
		}
		all.Wait()
	})
	return ctx.Err()
}

// Domain is the hub's address in cards: Instagram wants links by https. What leads there is
// asked of the stack.
const Domain = "https://hub.example"

// Parameters are those of the template for a stack on which customers go over to another
// channel.
func Parameters() map[string]string { return map[string]string{"ApiUrl": Domain} }

// befriend makes somebody a friend of the account, where the channel has friends: else nobody
// can sign in. The hub may hear of it.
func (r *run) befriend(ctx context.Context, who customer, told bool) ([]*hook, error) {
	if who.channel == whatsApp {
		return nil, nil
	}
	b := &aside{run: r, ctx: ctx, who: who, now: r.now()}
	err := b.add(who, &hook{kind: "follow", want: wantFact}, fake.Act{Follow: true})
	if !told {
		b.more = nil
	}
	return b.more, err
}

// text is the webhook of who brings the code of a tap into a chat, if somebody does: with
// the text that the link fills in.
func (r *run) text(ctx context.Context, t *tap) ([]*hook, error) {
	if t.by.channel != whatsApp || t.url == "" {
		return nil, nil
	}
	u, err := url.Parse(t.url)
	if err != nil {
		return nil, fmt.Errorf("chaos: where a tap leads: %w", err)
	}
	at := r.now().Truncate(time.Second)
	h := &hook{team: demoTeam, customer: t.by, mark: r.mark(), kind: "arrival", shown: byBoth, at: at.UnixMilli()}
	h.act = fake.Act{From: t.by.name, Text: u.Query().Get("text"), At: h.at, Hold: true}
	d, err := r.stack.Customer(ctx, t.by.channel, h.act)
	if err != nil {
		return nil, err
	}
	h.carry(d)
	r.learn(h)
	r.arrived[t.by.name] = true
	return []*hook{h}, nil
}

// brought are the taps whose codes are brought before, or after, codes get into wrong
// hands.
func (l *link) brought(wrong bool) []*tap {
	list := slices.Clone(l.taps)
	if l.stolen != nil {
		list = append(list, l.stolen)
	}
	return slices.DeleteFunc(list, func(t *tap) bool { return t.by.name == "" || (t.by == l.other) != wrong })
}

// mostSignIns is how often one code is brought to a sign-in at most: another hub would
// take some of those who bring a used one for guessers.
const mostSignIns = 3

// signIns lets those arrive who do so by a sign-in, each several times, and waits for them
// when the answer is called.
func (r *run) signIns(ctx context.Context, links []*link, wrong bool) (wait func()) {
	var all sync.WaitGroup
	for _, l := range links {
		for _, t := range l.brought(wrong) {
			if t.by.channel == whatsApp || t.url == "" {
				continue
			}
			often := min(r.Repeats, mostSignIns)
			if l.leaves && !wrong {
				often = 1
			}
			for range often {
				all.Go(func() { r.signIn(ctx, l, t) })
			}
		}
	}
	return all.Wait
}

// signIn brings the code of a tap to a sign-in, until there is an answer.
func (r *run) signIn(ctx context.Context, l *link, t *tap) {
	u, err := url.Parse(t.url)
	if err != nil {
		l.complain("where a tap leads: %v", err)
		return
	}
	code, token := u.Query().Get("c"), ""
	if token, err = r.idToken(ctx, t.by); err != nil {
		l.complain("an id token: %v", err)
		return
	}
	b := browser{r: r, l: l}
	if t.by == l.arrives {
		b.cookie = l.seen()
	}
	b.get(ctx, r.office.api+"/liff?c="+url.QueryEscape(code), phone)
	left := false
	if l.leaves && t.by == l.arrives {
		b.leaves = func() bool { left = left || r.stands(ctx, code); return left }
	}
	body, _ := json.Marshal(map[string]string{"c": code, "id_token": token}) // texts can always be written
	status, answer := b.post(ctx, r.office.api+"/liff", "application/json", string(body), false)
	if left {
		return
	}
	var out struct{ State string }
	_ = json.Unmarshal(answer, &out) // an answer of another kind has no state
	want := map[string]string{codeUsed: "200 linked", codePending: "200 pending"}[t.end]
	if t == l.stolen {
		want = "410 expired"
	}
	if got := fmt.Sprint(status, " ", out.State); got != want {
		l.complain("the sign-in of %s was answered %s, want %s", t.by.name, got, want)
	}
}

// stands reports whether a code was used.
func (r *run) stands(ctx context.Context, bearer string) bool {
	_, code, _ := strings.Cut(bearer, ".")
	c, err := r.office.store.LinkCode(ctx, hub.TeamID(demoTeam), hub.Digest("omnilink code", code))
	return err == nil && c.State == store.LinkUsed
}

// idToken lets a customer sign in at the platform.
func (r *run) idToken(ctx context.Context, who customer) (string, error) {
	var out struct {
		Token string `json:"id_token"`
	}
	err := postJSON(ctx, r.stack.Platform+"/"+who.channel+"/liff/token", map[string]string{"liff_id": r.secretOf(who.channel, "liff_id"), "from": who.name}, &out)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hidden[out.Token] = "an id token"
	return out.Token, err
}

// secretOf is what the platform's side of a channel's first account holds.
func (r *run) secretOf(channel, name string) string {
	for _, a := range r.office.demo.Accounts {
		if a.Channel == channel {
			return a.Secrets[name]
		}
	}
	return ""
}
