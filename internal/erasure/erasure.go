// Package erasure removes all that the hub knows of one person, and proves it: one
// conditional write begins it, everything else follows from that and may be done again,
// and a certificate tells what was erased and what ends by itself.
package erasure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	// TokenLife is how long what was shown may be confirmed.
	TokenLife = 15 * time.Minute
	// MaxCounted is about how many messages Preview counts.
	MaxCounted = 10000
	// maxHomes bounds what one erasure takes: a contact, and those whose threads are one
	// with its own though the contacts were parted.
	maxHomes = 2 * hub.MaxMembers
	// tries bounds how often one call meets another writer of the same person.
	tries = 5
)

// Office lets people have a person erased. It is safe for concurrent use.
type Office struct {
	Store    *store.Store
	Settings *settings.Reader
	Contacts *contact.Book
	Now      func() time.Time
}

// Preview is what an erasure would take, for somebody to confirm.
type Preview struct {
	Root     hub.HomeID
	Homes    []hub.Home // by id: the contact's, and those of contacts with which it shares a thread
	Threads  int        // partitions of channel users
	Messages int
	More     bool     // there are more messages than were counted
	Remains  []string // what ends by itself, in words
	Token    string   // confirms just this, until Expires
	Expires  hub.Millis
}

// person is all that is one person, as it was read.
type person struct {
	root    hub.HomeID // of the contact that was asked for
	roots   []hub.Home
	homes   []hub.Home
	absent  []hub.HomeID // of threads: not made, but perhaps about to be
	edges   []hub.Edge
	threads []hub.Thread
	aliases []string
	erasing string // the erasure that is under way
}

// Preview shows what an erasure of the contact of a home would take. NotFound if the home
// does not exist; Conflict if it is being erased, or changes all the time.
func (o *Office) Preview(ctx context.Context, team hub.TeamID, home hub.HomeID) (Preview, error) {
	t, err := o.Settings.Team(ctx, team)
	if err != nil {
		return Preview{}, err
	}
	p, err := o.read(ctx, t, home)
	if err != nil {
		return Preview{}, err
	}
	if p.erasing != "" {
		return Preview{}, hub.E(hub.Conflict, "erasure: preview", fmt.Errorf("the person is being erased already"))
	}
	out := Preview{Root: p.root, Homes: p.homes, Threads: len(p.threads), Remains: Remains(), Expires: hub.MillisOf(o.Now()).Add(TokenLife)}
	for _, th := range p.threads {
		n, more, err := o.Store.CountMessages(ctx, store.Ref{Team: team, User: th.User}, MaxCounted-out.Messages)
		if err != nil {
			return Preview{}, err
		}
		out.Messages, out.More = out.Messages+n, out.More || more
	}
	out.Token = token(t.Pepper, &p, out.Expires)
	return out, nil
}

// token is bound to what was shown: the homes, and their roots with their versions.
func token(pepper hub.Pepper, p *person, expires hub.Millis) string {
	shown := []string{string(p.root), strconv.FormatInt(int64(expires), 10)}
	for _, r := range p.roots {
		shown = append(shown, string(r.ID), strconv.Itoa(r.Version))
	}
	for _, h := range p.homes {
		shown = append(shown, string(h.ID))
	}
	return fmt.Sprintf("%d.%s", expires, pepper.Value("erasure", hub.Digest(shown...)))
}

// Begin has the person erased whom Preview has shown under a token, in one transaction
// with the audit. From then on nothing reaches the old threads: what is not after that
// moment is dropped, and what the person writes after it makes a fresh contact. A worker
// does the rest within minutes. Called again while that goes on it answers the erasure
// that was begun.
//
// Errors: BadRequest for a token that is none; Conflict if it has expired, if what it
// shows has changed, or if the person changes all the time; NotFound for the home.
func (o *Office) Begin(ctx context.Context, team hub.TeamID, home hub.HomeID, confirmed string, a hub.Audit) (hub.Erasure, error) {
	const op = "erasure: begin"
	until, _, ok := strings.Cut(confirmed, ".")
	expires, err := strconv.ParseInt(until, 10, 64)
	if !ok || err != nil {
		return hub.Erasure{}, hub.E(hub.BadRequest, op, fmt.Errorf("not a token of a preview"))
	}
	t, err := o.Settings.Team(ctx, team)
	if err != nil {
		return hub.Erasure{}, err
	}
	for range tries {
		p, err := o.read(ctx, t, home)
		if err != nil {
			return hub.Erasure{}, err
		}
		now := hub.MillisOf(o.Now())
		switch {
		case p.erasing != "":
			return o.Store.Erasure(ctx, team, p.erasing)
		case hub.Millis(expires) < now:
			return hub.Erasure{}, hub.E(hub.Conflict, op, fmt.Errorf("the preview is over %v old: look again", TokenLife))
		case token(t.Pepper, &p, hub.Millis(expires)) != confirmed:
			return hub.Erasure{}, hub.E(hub.Conflict, op, fmt.Errorf("the contact is not what was shown: look again"))
		}
		e := p.erasure(team, now, a)
		a.At, a.Target = now, "erasure/"+e.ID
		err = o.Store.BeginErasure(ctx, e, p.roots, p.threads, a)
		if hub.CodeOf(err) != hub.Conflict {
			return e, err
		}
	}
	return hub.Erasure{}, hub.E(hub.Conflict, op, fmt.Errorf("the person changed %d times meanwhile", tries))
}

// erasure is the record of a person's erasure. Its id follows from the root, which never
// exists again.
func (p *person) erasure(team hub.TeamID, now hub.Millis, a hub.Audit) hub.Erasure {
	e := hub.Erasure{
		Team: team, ID: hub.Digest("erasure", string(team), string(p.root))[:26], At: p.latest(now), By: a.Actor.String(), Root: p.root,
		Aliases: p.aliases, Phase: hub.ErasureBegun, Due: now,
	}
	for _, h := range p.homes {
		e.Homes = append(e.Homes, h.ID)
	}
	for _, h := range p.absent {
		if !slices.Contains(e.Homes, h) {
			e.Homes = append(e.Homes, h)
		}
	}
	for _, th := range p.threads {
		e.Users = append(e.Users, th.User)
	}
	return e
}

// latest is the time of the latest of now and all that the threads know: the clock of a
// platform may be ahead of ours.
func (p *person) latest(now hub.Millis) hub.Millis {
	for _, t := range p.threads {
		now = max(now, t.LastKey.At(), t.LastAct, t.Followed, t.Unfollowed, t.OptedIn, t.OptedOut, t.MarketingOut, t.Entered.At)
	}
	return now
}

// read finds all that is one person: the contact of a home, the threads of its channel
// users, the ids that lead to those, and the contacts of these.
func (o *Office) read(ctx context.Context, t *settings.Team, home hub.HomeID) (person, error) {
	var p person
	threads := map[hub.UserKey]bool{}
	for ask := []hub.HomeID{home}; len(ask) > 0; ask = ask[1:] {
		if slices.ContainsFunc(p.homes, func(h hub.Home) bool { return h.ID == ask[0] }) {
			continue
		}
		c, err := o.Contacts.Contact(ctx, t.ID, ask[0])
		if hub.CodeOf(err) == hub.NotFound && ask[0] != home {
			// Nobody wrote in the thread, or whoever stores the first message is about to.
			p.absent = append(p.absent, ask[0])
			continue
		}
		if err != nil {
			return p, err
		}
		p.root = cmp.Or(p.root, c.Root)
		for _, h := range c.Homes {
			if h.ID == c.Root {
				p.roots = append(p.roots, h)
				p.erasing = cmp.Or(p.erasing, h.Erasing)
			}
		}
		p.homes = append(p.homes, c.Homes...)
		p.edges = append(p.edges, c.Edges...)
		if len(p.homes) > maxHomes {
			return p, hub.E(hub.Refused, "erasure: read", fmt.Errorf("the person has over %d homes: part contacts that are not the same", maxHomes))
		}
		for _, h := range c.Users() {
			led, err := o.follow(ctx, t, &p, threads, h.User)
			if err != nil {
				return p, err
			}
			ask = append(ask, led...)
		}
	}
	slices.SortFunc(p.homes, func(a, b hub.Home) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(p.roots, func(a, b hub.Home) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(p.threads, func(a, b hub.Thread) int { return strings.Compare(string(a.User), string(b.User)) })
	slices.Sort(p.aliases)
	p.aliases = slices.Compact(p.aliases)
	return p, nil
}

// follow reads the thread of a channel user, and all that lead to it or from it. It
// answers the homes that those have.
func (o *Office) follow(ctx context.Context, t *settings.Team, p *person, seen map[hub.UserKey]bool, user hub.UserKey) ([]hub.HomeID, error) {
	var homes []hub.HomeID
	for ask := []hub.UserKey{user}; len(ask) > 0; ask = ask[1:] {
		if ask[0] == "" || seen[ask[0]] {
			continue
		}
		seen[ask[0]] = true
		r := store.Ref{Team: t.ID, User: ask[0]}
		th, err := o.Store.ThreadAt(ctx, r)
		if err != nil && hub.CodeOf(err) != hub.NotFound {
			return nil, err
		}
		th.User = r.User
		p.threads = append(p.threads, th)
		p.aliases = append(p.aliases, th.Aliases...)
		noted, err := o.Store.Claims(ctx, r)
		if err != nil {
			return nil, err
		}
		p.aliases = append(p.aliases, noted...)
		ask = append(append(ask, th.See), th.Also...)
		if th.Account != "" {
			homes = append(homes, t.Pepper.Home(th.Account, th.External.Reveal(), th.Epoch))
		}
	}
	return homes, nil
}

// Erasure reads an erasure: while it goes on, and as its certificate. NotFound if there is
// none.
func (o *Office) Erasure(ctx context.Context, team hub.TeamID, id string) (hub.Erasure, error) {
	return o.Store.Erasure(ctx, team, id)
}

// Erasures lists all erasures of a team, the oldest first.
func (o *Office) Erasures(ctx context.Context, team hub.TeamID) ([]hub.Erasure, error) {
	return o.Store.Erasures(ctx, team)
}

// Allow lets an e-mail address, a phone number, a member id or a CRM id come back by
// imports, since its owner is a customer again. BadRequest with a contact.FieldError;
// NotFound if nobody was erased who had it.
func (o *Office) Allow(ctx context.Context, team hub.TeamID, c contact.Change, a hub.Audit) error {
	t, err := o.Settings.Team(ctx, team)
	if err != nil {
		return err
	}
	clean, err := contact.Clean([]contact.Change{c}, nil)
	if err != nil {
		return err
	}
	hash := t.Pepper.Value(c.Field, clean[0].Value)
	a.After = map[string]string{c.Field: t.Pepper.Value("audit", clean[0].Value)}
	return o.Store.LiftTombstone(ctx, team, c.Field, hash, a)
}

// Again has all erasures since a time done again, as they stand in a list: after the
// tables were restored to a time at which those persons were known, and before traffic is
// let in. The list comes from what the restored tables replace. It answers how many.
func (o *Office) Again(ctx context.Context, list []hub.Erasure, since hub.Millis) (int, error) {
	count := 0
	for _, e := range list {
		if e.At < since {
			continue
		}
		e.Phase, e.Due, e.Records = hub.ErasureBegun, hub.MillisOf(o.Now()), ""
		if err := o.Store.RestoreErasure(ctx, e); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// Remains tells, in words, what no erasure reaches at once, and when it ends.
func Remains() []string {
	return []string{
		"Point-in-time backups of the tables keep every state of the last 35 days. After a restore the erasure is done again.",
		"Change streams keep records for 24 hours. A fact that was not told on the bus within 5 minutes is told no more of a person who was erased.",
		"Dead-letter queues keep messages for 14 days. What comes back from them is dropped, but for what was on the bus before.",
		"Answers of API calls are kept for 24 hours, sealed under the callers' own Idempotency-Keys.",
		"Quarantined bodies, and records of the change streams, that nobody could read and that name neither a channel user nor a home are deleted after 90 days.",
		"What the person wrote in groups belongs to the groups' threads, which are erased as contacts of their own.",
		"Subscribers of the bus have what was published before. They are told of the erasure.",
		"The audit keeps hashes of changed values. Tombstones keep hashes of e-mail addresses, phone numbers, member ids and CRM ids.",
	}
}

// Person is all that is one person, for an export.
type Person struct {
	Root  hub.HomeID
	Homes []hub.Home    // by id
	Users []hub.UserKey // in whose partitions the messages lie, in order
	Edges []hub.Edge    // the live ones between the homes of the contact
}

// Person reads what an erasure of the contact of a home would take. NotFound if the home
// does not exist.
func (o *Office) Person(ctx context.Context, team hub.TeamID, home hub.HomeID) (Person, error) {
	t, err := o.Settings.Team(ctx, team)
	if err != nil {
		return Person{}, err
	}
	p, err := o.read(ctx, t, home)
	if err != nil {
		return Person{}, err
	}
	out := Person{Root: p.root, Homes: p.homes, Edges: p.edges}
	for _, th := range p.threads {
		out.Users = append(out.Users, th.User)
	}
	return out, nil
}
