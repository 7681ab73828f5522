package chat

import (
	"context"
	"slices"
	"sort"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// name hashes the ids by which the event names its user beyond the account.
func (rc *Receiver) name(ctx context.Context, a *arrived) error {
	if len(a.ev.Aliases)+len(a.ev.Former) == 0 || a.e.Account == "" {
		return nil
	}
	account, err := rc.Settings.Account(ctx, a.own.Team, a.e.Account)
	if hub.CodeOf(err) == hub.NotFound {
		return hub.E(hub.NoAccount, "chat: receive", nil)
	}
	if err != nil {
		return err
	}
	a.aliases, a.former = hashed(account, a.caps, a.ev.Aliases), hashed(account, a.caps, a.ev.Former)
	return nil
}

// scope is within what an account's ids of people hold; "" for the account alone.
func scope(account *settings.Account, caps channel.Capabilities) string {
	switch {
	case account.Scope != "":
		return account.Scope
	case !caps.Aliases:
		return ""
	}
	// One set of credentials belongs to one business; it is the widest scope that is
	// certain.
	return "connection " + string(account.Connection)
}

// hashed gives the aliases as they stand in keys, phones first: who has a phone
// number is asked before anything is claimed for somebody new. A channel whose users
// come under one id has none where no scope is configured.
func hashed(account *settings.Account, caps channel.Capabilities, list []channel.Alias) []store.Alias {
	within := scope(account, caps)
	if within == "" {
		return nil
	}
	var out []store.Alias
	for _, al := range list {
		out = append(out, store.Alias{
			Hash:  account.Team.Pepper.Value("alias "+string(account.Channel)+" "+within+" "+string(al.Kind), al.Value.Reveal()),
			Phone: al.Kind == channel.AliasPhone,
		})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Phone && !out[j].Phone })
	return out
}

// holder is the hash of the platform's own id among the aliases.
func holder(aliases []store.Alias) string {
	for _, al := range aliases {
		if !al.Phone {
			return al.Hash
		}
	}
	return ""
}

// advance moves the thread of the event's user forward, wherever its state stands.
// An event that names its user by an id that the thread does not know yet settles
// first whose thread it is.
func (rc *Receiver) advance(ctx context.Context, a *arrived, ar store.Arrival) (hub.Thread, store.Step, error) {
	t, step, err := rc.at(ctx, a.own, func(r store.Ref) (hub.Thread, store.Step, error) { return rc.Store.Advance(ctx, r, ar) })
	if err == nil && step == store.Gone {
		err = rc.release(ctx, a)
	}
	if err != nil || step == store.Gone || settled(&t, a.aliases) {
		return t, step, err
	}
	known, err := rc.tie(ctx, a, t)
	if err != nil || known.User == t.User {
		return known, step, err
	}
	return rc.at(ctx, store.Ref{Team: a.own.Team, User: known.User}, func(r store.Ref) (hub.Thread, store.Step, error) {
		return rc.Store.Advance(ctx, r, ar)
	})
}

// at does something to a thread where its state stands.
func (rc *Receiver) at(ctx context.Context, r store.Ref, do func(store.Ref) (hub.Thread, store.Step, error)) (hub.Thread, store.Step, error) {
	t, step, err := do(r)
	for range 8 {
		if err != nil || step != store.Elsewhere {
			break
		}
		t, step, err = do(store.Ref{Team: r.Team, User: t.See})
	}
	return t, step, err
}

func settled(t *hub.Thread, aliases []store.Alias) bool {
	for _, al := range aliases {
		if !t.Settled(al.Mark()) {
			return false
		}
	}
	return true
}

// tie claims the aliases of the event for the thread of its user and makes one of
// what turns out to be one person: threads of one account become one thread, homes
// of several accounts are joined, with the evidence. A phone number that somebody
// else holds proves nothing: it may have been given away, so a member decides. It
// answers the thread that the user has then. Every step may be done again.
func (rc *Receiver) tie(ctx context.Context, a *arrived, t hub.Thread) (hub.Thread, error) {
	account, team := a.e.Account, a.own.Team
	id := holder(a.aliases)
	var marks []string
	owners, elsewhere, doubtful := []hub.UserKey{}, []hub.UserKey{}, []hub.UserKey{}
	claimant := t.User
	for _, al := range a.aliases {
		marks = append(marks, al.Mark())
		c, err := rc.Store.ClaimAlias(ctx, team, al, account, claimant, id)
		if err != nil {
			return t, err
		}
		if al.Phone && id != "" && c.Holder != id {
			if !slices.ContainsFunc(a.former, func(f store.Alias) bool { return f.Hash == c.Holder }) {
				doubtful = append(doubtful, c.First)
				continue
			}
			if err := rc.Store.PassPhone(ctx, team, al, c.Holder, id); err != nil {
				return t, err
			}
		}
		owners = append(owners, c.User)
		claimant = c.User
		if c.Account != account {
			elsewhere = append(elsewhere, c.First)
		}
	}
	owners = append(owners, a.own.User)
	for _, u := range owners {
		if u == t.User {
			continue
		}
		var err error
		if t, err = rc.unite(ctx, a, t, u); err != nil {
			return t, err
		}
	}
	for _, u := range elsewhere {
		if err := rc.joinWith(ctx, a, &t, u); err != nil {
			return t, err
		}
	}
	for _, u := range doubtful {
		if err := rc.doubt(ctx, a, &t, u); err != nil {
			return t, err
		}
	}
	r := store.Ref{Team: team, User: t.User}
	if a.ev.User != t.To().Reveal() {
		// Whoever comes under another id is reached there from now on.
		if err := rc.Store.Readdress(ctx, r, a.ev.User, a.at); err != nil {
			return t, err
		}
	}
	return t, rc.Store.Settle(ctx, r, marks)
}

// unite makes one thread of two of the same person and account: the one that was
// known first stays. It answers the thread that stays.
func (rc *Receiver) unite(ctx context.Context, a *arrived, t hub.Thread, u hub.UserKey) (hub.Thread, error) {
	other, err := rc.Store.ThreadAt(ctx, store.Ref{Team: a.own.Team, User: u})
	if hub.CodeOf(err) == hub.NotFound {
		// The platform said that the person goes by this id now, and nothing was written
		// under it yet: what will be belongs here.
		_, err := rc.Store.See(ctx, store.Ref{Team: a.own.Team, User: u}, t.User)
		return t, err
	}
	if err != nil {
		return t, err
	}
	if other.Account == "" && other.See == t.User {
		return t, nil // it was led here before it had anything of its own
	}
	if other.Account == "" && other.See == "" {
		// What an erasure left of the person: what comes after it belongs here.
		_, err := rc.Store.See(ctx, store.Ref{Team: a.own.Team, User: u}, t.User)
		return t, err
	}
	stands := other
	if other.See != "" {
		if stands, err = rc.Store.Thread(ctx, store.Ref{Team: a.own.Team, User: u}); err != nil {
			return t, err
		}
	}
	was := t
	if stands.User != t.User {
		from, to := &t, &stands
		if older(&t, &stands) {
			from, to = &stands, &t
		}
		if err := rc.Store.Fuse(ctx, a.own.Team, from, to); err != nil {
			return t, err
		}
		rc.Log.Info("threads fused", "trace", a.e.Trace)
		if t, err = rc.Store.Thread(ctx, store.Ref{Team: a.own.Team, User: to.User}); err != nil {
			return t, err
		}
	}
	for _, th := range []*hub.Thread{&was, &other} {
		if th.User == t.User {
			continue
		}
		has, err := rc.hasHome(ctx, a, th)
		if err != nil {
			return t, err
		}
		if !has {
			continue
		}
		// Whoever stored the first message of that thread may be about to make its home:
		// it must be there to be joined.
		for _, each := range []*hub.Thread{th, &t} {
			if err := rc.putHome(ctx, a, each, max(each.FirstKey.At(), 1)); err != nil {
				return t, err
			}
		}
		if err := rc.join(ctx, a, a.home(&t), a.home(th)); err != nil {
			return t, err
		}
	}
	return t, nil
}

// hasHome tells of a thread whose channel user has a home, or is about to get one. A
// thread that this very event began gets none, since it belongs to another; unless the
// event comes again, and it was not yet known the first time that it does, or another
// event was stored in that thread meanwhile, under its home.
func (rc *Receiver) hasHome(ctx context.Context, a *arrived, t *hub.Thread) (bool, error) {
	if began := a.key != "" && t.User == a.own.User && t.FirstKey == a.key; !began {
		return t.FirstKey != "" || t.Followed != 0, nil
	}
	if t.LastKey != a.key || t.Followed != 0 {
		return true, nil
	}
	_, err := rc.Store.Home(ctx, a.own.Team, a.home(t))
	if hub.CodeOf(err) == hub.NotFound {
		return rc.Store.Shared(ctx, a.own, a.key)
	}
	return err == nil, err
}

// older tells which of two threads was known first.
func older(a, b *hub.Thread) bool {
	ka, kb := a.FirstKey, b.FirstKey
	if ka == "" {
		ka = "~" // only followed, or written to
	}
	if kb == "" {
		kb = "~"
	}
	if ka != kb {
		return ka < kb
	}
	return a.User < b.User
}

// joinWith joins the home of a thread with that of another account's channel user.
func (rc *Receiver) joinWith(ctx context.Context, a *arrived, t *hub.Thread, u hub.UserKey) error {
	other, err := rc.Store.ThreadAt(ctx, store.Ref{Team: a.own.Team, User: u})
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := rc.putHome(ctx, a, t, a.at); err != nil {
		return err
	}
	return rc.join(ctx, a, a.home(t), a.home(&other))
}

// join makes two homes one contact. A home that was never made has nothing to join.
func (rc *Receiver) join(ctx context.Context, a *arrived, x, y hub.HomeID) error {
	if x == y || x == "" || y == "" {
		return nil
	}
	_, err := rc.Contacts.Join(ctx, a.own.Team, x, y, hub.EvidenceAlias, "ids of one person in the scope of "+string(a.e.Channel), "hub")
	switch hub.CodeOf(err) {
	case hub.NotFound:
		return nil
	case hub.Refused: // a member has said so, or it would be too many
		rc.Log.Warn("not joined", "trace", a.e.Trace, "error", err)
		return nil
	}
	return err
}

// doubt leaves it to a member whether two homes are one person.
func (rc *Receiver) doubt(ctx context.Context, a *arrived, t *hub.Thread, u hub.UserKey) error {
	other, err := rc.Store.ThreadAt(ctx, store.Ref{Team: a.own.Team, User: u})
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	x, y := a.home(t), a.home(&other)
	if x == y || y == "" {
		return nil
	}
	if err := rc.putHome(ctx, a, t, a.at); err != nil {
		return err
	}
	rc.Log.Info("candidate", "trace", a.e.Trace, "why", "a phone number came with another user id")
	return rc.Contacts.Candidate(ctx, a.own.Team, x, y, hub.ReasonOtherID)
}

// identity carries out the platform's word that a person goes by other ids now: the
// new ids lead to the person's thread, and messages go to the new one.
func (rc *Receiver) identity(ctx context.Context, a *arrived) error {
	switch gone, err := rc.erased(ctx, a, a.at); {
	case err != nil:
		return err
	case gone:
		return rc.release(ctx, a)
	}
	t, found, err := rc.former(ctx, a)
	if err != nil || !found && rc.gone(a, &t) {
		return err
	}
	if found && !rc.gone(a, &t) {
		if a.own.User != t.User {
			fresh, err := rc.Store.See(ctx, a.own, t.User)
			if err != nil {
				return err
			}
			if !fresh {
				if t, err = rc.unite(ctx, a, t, a.own.User); err != nil {
					return err
				}
			}
		}
		if t, err = rc.tie(ctx, a, t); err != nil {
			return err
		}
		return rc.Store.PutOther(ctx, a.own, a.e, store.Kept{Type: a.ev.Type, At: a.at, Publish: hub.ContactMoved, Home: a.home(&t)}, "")
	}
	// Nothing is known of the person yet. The ids are claimed for the new one, so that
	// what was written under the old ones and comes late finds it.
	for _, ids := range [][]store.Alias{a.former, a.aliases} {
		for _, al := range ids {
			if err := rc.Store.NoteClaim(ctx, a.own, al, a.at); err != nil {
				return err
			}
			if _, err := rc.Store.ClaimAlias(ctx, a.own.Team, al, a.e.Account, a.own.User, holder(ids)); err != nil {
				return err
			}
		}
	}
	return rc.keep(ctx, a, hub.ContactMoved, nil)
}

// former finds the thread of a person by the ids that are no longer used; the
// platform's own id is the surer one. If nobody goes by them, the thread says whether
// somebody did who was erased.
func (rc *Receiver) former(ctx context.Context, a *arrived) (t hub.Thread, found bool, err error) {
	var erased hub.Millis
	ids := slices.Clone(a.former)
	slices.Reverse(ids)
	for _, al := range ids {
		c, err := rc.Store.Alias(ctx, a.own.Team, al, a.e.Account)
		if err != nil {
			return hub.Thread{}, false, err
		}
		if c.User == "" {
			erased = max(erased, c.Erased)
		}
		if id := holder(a.former); c.User == "" || al.Phone && id != "" && c.Holder != "" && c.Holder != id {
			continue
		}
		t, err := rc.Store.Thread(ctx, store.Ref{Team: a.own.Team, User: c.User})
		if hub.CodeOf(err) == hub.NotFound {
			continue
		}
		return t, err == nil, err
	}
	return hub.Thread{Erased: erased}, false, nil
}
