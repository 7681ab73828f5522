package chat

import (
	"context"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// retryRefused is how long after its credentials were refused an account is tried again
// with the same ones: some platforms refuse them for a while only.
const retryRefused = 3 * time.Minute

// refused remembers which credentials the platforms refuse, so that the sends that wait
// for new ones cost no calls. It is of one process.
type refused struct {
	mu    sync.Mutex
	known map[accountOf]refusal
}

type accountOf struct {
	team    hub.TeamID
	account hub.AccountID
}

type refusal struct {
	fingerprint string
	again       hub.Millis // when one send may try them again
	tried       bool       // one does just now
}

// put remembers that the credentials of a fingerprint are refused.
func (r *refused) put(of accountOf, fingerprint string, now hub.Millis) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[accountOf]refusal{}
	}
	r.known[of] = refusal{fingerprint: fingerprint, again: now.Add(retryRefused)}
}

// holds is how long they are refused still, as far as is known; 0 = they are not. With
// try, whoever asks when it is time to try them again is let through, and nobody beside
// it: it tells what came of that by put, forget or release.
func (r *refused) holds(of accountOf, fingerprint string, now hub.Millis, try bool) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.known[of]
	switch {
	case !ok || k.fingerprint != fingerprint:
		return 0
	case now < k.again:
		return time.Duration(k.again-now) * time.Millisecond
	case !try || k.tried:
		return shortWait
	}
	k.tried = true
	r.known[of] = k
	return 0
}

// release is told that a send that was let through has ended. If it did not come to know
// whether the platform takes the credentials, the next one is let through.
func (r *refused) release(of accountOf) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.known[of]; ok {
		k.tried = false
		r.known[of] = k
	}
}

// forget is told that the platform takes the credentials of an account.
func (r *refused) forget(of accountOf) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, of)
}

func (a *attempt) of() accountOf { return accountOf{a.q.Ref.Team, a.settings.Platform.ID} }

// closed is why nothing goes out on the send's account now, or "": it is off, or its
// credentials are refused. With try, one send in a while is let through to try them
// again, with all calls of its attempt.
func (sn *Sender) closed(a *attempt, try bool) (why hub.Code) {
	defer func() { a.open = a.open || try && why == "" }()
	switch {
	case a.settings == nil || a.open:
		return ""
	case a.settings.Off:
		return hub.AccountOff
	}
	if a.refused = sn.refused.holds(a.of(), a.settings.Fingerprint, hub.MillisOf(sn.Now()), try); a.refused > 0 {
		return hub.TokenExpired
	}
	return ""
}

// expired deals with a call that the platform refused for its credentials: the fact is
// stored, once, and the send waits for new ones.
func (sn *Sender) expired(ctx context.Context, a *attempt, cause error) error {
	now := hub.MillisOf(sn.Now())
	of := a.of()
	if err := sn.Store.PutTokenExpired(ctx, of.team, of.account, a.settings.Fingerprint, now); err != nil {
		return err
	}
	sn.refused.put(of, a.settings.Fingerprint, now)
	a.refused = retryRefused
	sn.Log.Warn("credentials refused", "trace", a.q.Intent.Trace, "account", of.account, "error", cause)
	return sn.rest(ctx, a, hub.TokenExpired)
}

// rest makes a send wait for what the account's owner must do, up to its deadline: till
// refused credentials are tried again, and else from two minutes, doubling to ten.
func (sn *Sender) rest(ctx context.Context, a *attempt, code hub.Code) error {
	a.q.Waits = code
	if err := sn.giveBack(ctx, a); err != nil {
		return err
	}
	wait := min(2*time.Minute<<min(a.q.Attempt, 4), longestPark)
	if code == hub.TokenExpired {
		wait = a.refused
	}
	sn.Metrics.Add(metric.SendsRetried, 1, a.channel(), metric.Code(code))
	sn.Log.Info("send waits", "trace", a.q.Intent.Trace, "code", code, "seconds", int(wait.Seconds()))
	return sn.park(ctx, a, wait)
}

// behind makes a send wait for those of its thread that were accepted before it, for
// the same reason as they.
func (sn *Sender) behind(ctx context.Context, a *attempt) error {
	a.q.Waits = sn.closed(a, false)
	if err := sn.giveBack(ctx, a); err != nil {
		return err
	}
	return sn.park(ctx, a, max(shortWait, a.refused))
}

// overdue is the code of a send that could not go out in its time.
func (sn *Sender) overdue(a *attempt) hub.Code {
	if a.waited != "" {
		return a.waited
	}
	if code := sn.closed(a, false); code != "" {
		return code
	}
	return hub.DeadlinePassed
}

// giveBack returns the claim for a second call that is not made now.
func (sn *Sender) giveBack(ctx context.Context, a *attempt) error {
	if a.owner == "" {
		return nil
	}
	owner := a.owner
	a.owner = ""
	return sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, owner, store.StageAgain, store.StageDoubt, hub.MillisOf(sn.Now()))
}
