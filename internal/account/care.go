package account

import (
	"context"
	"sync"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	day = 24 * time.Hour
	// daily is the time between two looks at an account, and hourly that after one to
	// which the platform gave no answer.
	daily  = day
	hourly = time.Hour
	// ahead is how long before their end credentials are renewed.
	ahead = 10 * day
	// settled is how old credentials whose end is not known must be to be renewed:
	// platforms refuse to renew those that they have just given.
	settled = day
)

// warnings are the days before their end at which a person is told of credentials that
// are not renewed. From ahead on, those that can be renewed are tried each hour, so that
// the first warning is theirs who cannot.
var warnings = []int{1, 3, 10}

// look looks after one account: asks the platform whether its credentials are good,
// renews them if it is time, sees whether its webhook is still the hub's, and stores
// what it found with the facts that come of it. Each fact is stored once, however often
// it is called. An error means that something is left for the next look, which is an
// hour away if it could be noted; Conflict that another change came between.
func (k *Keeper) look(ctx context.Context, a *settings.Standing) error {
	l := &look{Keeper: k, account: a, care: a.Care, now: k.now()}
	l.adapter = k.Adapters[a.Channel]
	if fact := settings.Changed(&l.care, a.Fingerprint, l.now); fact != nil {
		l.facts = append(l.facts, *fact)
	}
	if err := l.check(ctx); err != nil {
		return err
	}
	if done, err := l.renew(ctx); done {
		return err
	}
	l.webhook(ctx)
	if err := l.warn(ctx); err != nil {
		return err
	}
	l.care.Due = l.next()
	if err := k.Setup.Store.SaveCare(ctx, l.care, l.facts...); err != nil {
		return err
	}
	return l.left
}

// look is one look at an account.
type look struct {
	*Keeper
	account *settings.Standing
	adapter channel.Adapter
	care    store.Care
	facts   []store.AccountFact
	now     hub.Millis
	fixed   bool  // the credentials cannot be renewed now, by the platform's word
	left    error // what is to be tried again soon
}

// check asks whether the credentials are good.
func (l *look) check(ctx context.Context) error {
	c, ok := l.adapter.(channel.Connector)
	if !ok {
		return nil
	}
	said, err := c.Check(ctx, l.account.Platform)
	if err == nil {
		settings.Tell(&l.care, said, l.now)
		return nil
	}
	return l.trouble(ctx, err)
}

// trouble notes what a platform answered to credentials. What may pass is left for the
// next look and changes nothing.
func (l *look) trouble(ctx context.Context, err error) error {
	code := hub.CodeOf(err)
	if code.Retryable() {
		l.left = err
		return nil
	}
	l.care.Checked, l.care.Trouble, l.care.Why, l.care.Advice = l.now, code, Why(err), nil
	l.Metrics.Add(metric.AccountsTroubled, 1, metric.Code(code))
	if code != hub.TokenExpired {
		return nil
	}
	fact := store.ExpiredFact(l.account.Platform.ID, l.account.Fingerprint, l.now)
	fact.Connection, fact.Channel = l.account.Connection, l.account.Channel
	_, err = l.Setup.Store.PutAccountFact(ctx, l.account.Team.ID, fact)
	return err
}

// renew renews the credentials if they end soon, or if nobody knows when. Done means
// that all is stored, or cannot be.
func (l *look) renew(ctx context.Context) (done bool, err error) {
	r, ok := l.adapter.(channel.Refresher)
	if !ok || l.care.Fixed || l.care.Trouble != "" {
		return false, nil
	}
	if ends := l.care.Expires; ends == 0 && l.care.Since.Add(settled) > l.now || ends != 0 && ends > l.now.Add(ahead) {
		return false, nil
	}
	secrets, ends, err := r.Refresh(ctx, l.account.Platform)
	switch {
	case err != nil && hub.CodeOf(err).Retryable():
		l.left = err
		return false, nil
	case hub.CodeOf(err) == hub.TokenExpired:
		return false, l.trouble(ctx, err)
	case err != nil: // these cannot be renewed as things are; what is wrong is a person's to mend
		l.fixed = true
		l.care.Advice = append(l.care.Advice, "The credentials could not be renewed: "+Why(err))
		return false, nil
	case len(secrets) == 0:
		l.care.Fixed = true
		if ends != 0 {
			l.care.Expires = ends
		}
		return false, nil
	}
	care := l.care
	care.Expires, care.Fixed = ends, ends == 0
	care.Due = l.now.Add(hourly) // the rest of the look, with what is new
	if err := l.Setup.Renew(ctx, l.account, secrets, care); err != nil {
		return true, err
	}
	l.Metrics.Add(metric.TokensRenewed, 1)
	return true, nil
}

// webhook sees whether the account's webhook is still the hub's. One that was entered
// before and is another's now was lost: the last one who enters his own wins.
func (l *look) webhook(ctx context.Context) {
	r, ok := l.adapter.(channel.Registrar)
	if !ok || l.account.Platform.Webhook == "" || l.care.Trouble != "" {
		return
	}
	ours, err := r.Registered(ctx, l.account.Platform)
	switch {
	case err != nil:
		if l.left == nil {
			l.left = err
		}
	case ours:
		l.care.Registered, l.care.Lost = l.now, 0
	case l.care.Registered != 0 && l.care.Lost == 0:
		l.care.Lost = l.now
		l.facts = append(l.facts, store.AccountFact{Kind: hub.AccountWebhookLost, At: l.now})
	}
}

// warn tells of credentials that end and are not renewed by the hub: once for each of
// the numbers of days, and only for the least that was reached.
func (l *look) warn(ctx context.Context) error {
	left := time.Duration(l.care.Expires-l.now) * time.Millisecond
	if l.care.Expires == 0 || left <= 0 || l.care.Trouble == hub.TokenExpired {
		return nil
	}
	_, renews := l.adapter.(channel.Refresher)
	renews = renews && !l.care.Fixed && !l.fixed
	for _, days := range warnings {
		if left > time.Duration(days)*day {
			continue
		}
		if renews && time.Duration(days)*day >= ahead {
			return nil // it has only begun to be tried
		}
		fact := store.ExpiringFact(l.account.Platform.ID, l.account.Fingerprint, days, l.care.Expires, l.now)
		fact.Connection, fact.Channel = l.account.Connection, l.account.Channel
		_, err := l.Setup.Store.PutAccountFact(ctx, l.account.Team.ID, fact)
		return err
	}
	return nil
}

// next is when the account is looked after next: in a day, or at the moment of a
// warning or of the end if that is earlier, or in an hour if something is left.
func (l *look) next() hub.Millis {
	at := l.now.Add(daily)
	if l.left != nil {
		at = l.now.Add(max(hourly, hub.RetryAfterOf(l.left)))
	}
	if l.care.Expires == 0 {
		return at
	}
	for _, days := range append([]int{0}, warnings...) {
		if t := l.care.Expires.Add(-time.Duration(days) * day); t > l.now && t < at {
			at = t
		}
	}
	return at
}

// Looked counts what came of the accounts that were due.
type Looked struct {
	Looked int `json:"looked"`
	Left   int `json:"left"` // something is to be tried again
}

const (
	pageSize = 50
	workers  = 4
	// reserve is the time that one account may need: a few calls of a platform at their
	// time-out, and the tables.
	reserve = 30 * time.Second
)

// Due looks after the accounts that are due, the longest due first, until there are none
// or the context's time is short: the next run goes on. What fails for one account stops
// no other. Errors: of listing them alone.
func (k *Keeper) Due(ctx context.Context) (Looked, error) {
	var out Looked
	now := k.now()
	for shard := range store.Shards {
		for after := ""; ; {
			if end, ok := ctx.Deadline(); ok && time.Until(end) < reserve {
				return out, nil
			}
			due, next, err := k.Setup.Store.DueCares(ctx, shard, after, now, pageSize)
			if err != nil {
				return out, err
			}
			for _, err := range each(due, func(c store.Care) error { return k.lookAfter(ctx, c) }) {
				out.Looked++
				if err != nil {
					out.Left++
				}
			}
			if after = next; after == "" {
				break
			}
		}
	}
	return out, nil
}

// lookAfter looks after an account that was due when it was listed.
func (k *Keeper) lookAfter(ctx context.Context, c store.Care) error {
	a, err := k.Setup.Account(ctx, c.Team, c.Account)
	switch {
	case hub.CodeOf(err) == hub.NotFound: // its settings went another way than by Disconnect
		c.Gone = k.now()
		err = k.Setup.Store.SaveCare(ctx, c)
	case err == nil && a.Care.Due <= k.now():
		err = k.look(ctx, a)
	}
	if err != nil {
		k.Log.Warn("an account could not be looked after", "team", c.Team, "account", c.Account, "channel", c.Channel,
			"code", hub.CodeOf(err), "why", Why(err))
	}
	return err
}

// each does something with every member of a list, a few at a time, and gives what came
// of each.
func each[T any](list []T, do func(T) error) []error {
	errs := make([]error, len(list))
	var working sync.WaitGroup
	free := make(chan struct{}, workers)
	for i, v := range list {
		free <- struct{}{}
		working.Go(func() {
			defer func() { <-free }()
			errs[i] = do(v)
		})
	}
	working.Wait()
	return errs
}
