package chat

import (
	"context"
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// attempt is one look at a send.
type attempt struct {
	q        store.Queued
	thread   *hub.Thread
	settings *settings.Account // these three: nil and empty if there is nothing to go out on
	account  channel.Account
	adapter  channel.Adapter
	receives int
	owner    string        // of the claim that is held for a second call; "" = none
	after    bool          // the session window has passed: see channel.Outgoing
	open     bool          // calls may be made on the account: see closed
	waited   hub.Code      // why it was parked, if that is for the account's owner to end
	refused  time.Duration // how long the account's credentials are not tried: see closed
}

// channel is what the send goes out on, as far as it is known yet.
func (a *attempt) channel() metric.Dim {
	if a.adapter != nil {
		return metric.Channel(a.adapter.Kind())
	}
	return metric.Channel(a.q.Intent.Channel)
}

// outgoing is the send as the adapter gets it.
func (a *attempt) outgoing() channel.Outgoing {
	return channel.Outgoing{
		To: a.thread.To(), Content: a.q.Intent.Content, RetryKey: hub.RetryKey(a.q.Ref.Team, a.q.Ref.User, a.q.Intent.Key),
		Ref: refOf(a.q.Ref.User, a.q.Intent.Key), Try: max(a.receives-1, 0) + a.q.Attempt,
		Class: a.q.Intent.Class, AfterWindow: a.after,
	}
}

// call makes the platform's call: by the free reply token while it lives, else a
// push. What the platform would take twice is claimed first.
func (sn *Sender) call(ctx context.Context, a *attempt) error {
	pushing := a.q.Claim.Stage == store.StagePush || a.q.Tried != 0
	if replier, ok := a.adapter.(channel.Replier); ok && !pushing && a.q.Intent.Reply.Token != "" {
		done, err := sn.reply(ctx, a, replier)
		if done || err != nil {
			return err
		}
		pushing = true
	}
	if !a.adapter.Capabilities().Idempotent && !pushing {
		return sn.claimed(ctx, a)
	}
	sent, err := a.adapter.Send(ctx, a.account, a.outgoing())
	if hub.CodeOf(err) == hub.Unclear {
		// The platform knows the retry key: trying again cannot send twice.
		if a.q.Tried == 0 {
			a.q.Tried = hub.MillisOf(sn.Now())
			if err := sn.Store.MarkTried(ctx, a.q.Ref, a.q.Intent.Key, a.q.Tried); err != nil {
				return err
			}
		}
		return sn.later(ctx, a, err)
	}
	return sn.finish(ctx, a, "push", sent, err)
}

// reply answers by the reply token. It answers false if surely nothing was sent and a
// push should follow: the platform refuses the token, or it is too old to be tried and
// no other worker has tried it.
func (sn *Sender) reply(ctx context.Context, a *attempt, replier channel.Replier) (done bool, err error) {
	if hub.MillisOf(sn.Now()) >= a.q.Intent.Reply.Since.Add(replier.ReplyLife()) {
		owner, err := sn.claim(ctx, a, store.StagePush)
		return owner == "", err
	}
	owner, err := sn.claim(ctx, a, store.StageReply)
	if owner == "" {
		return true, err
	}
	sent, err := replier.Reply(ctx, a.account, a.q.Intent.Reply.Token, a.outgoing())
	switch hub.CodeOf(err) {
	case hub.ReplyTokenInvalid:
		// Surely nothing was sent: from here on a repeated push is harmless.
		return false, sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, owner, store.StageReply, store.StagePush, sn.deadline(ctx))
	case hub.Transient, hub.RateLimited, hub.TokenExpired:
		if err := sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, owner, store.StageReply, "", 0); err != nil {
			return true, err
		}
	}
	return true, sn.finish(ctx, a, "reply", sent, err)
}

// claimed makes a call that the platform would carry out twice, under a claim.
func (sn *Sender) claimed(ctx context.Context, a *attempt) error {
	owner, stage := a.owner, store.StageAgain
	if owner == "" {
		var err error
		stage = store.StageSend
		if owner, err = sn.claim(ctx, a, stage); owner == "" {
			return err
		}
	}
	sent, err := a.adapter.Send(ctx, a.account, a.outgoing())
	switch hub.CodeOf(err) {
	case hub.Unclear, hub.Internal:
		return sn.doubt(ctx, a, store.Claim{Owner: owner, Stage: stage})
	case hub.Transient, hub.RateLimited, hub.TokenExpired:
		// Surely nothing was sent. A second call stays the last one.
		back, deadline := store.Stage(""), hub.Millis(0)
		if stage == store.StageAgain {
			back, deadline = store.StageDoubt, hub.MillisOf(sn.Now())
		}
		if err := sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, owner, stage, back, deadline); err != nil {
			return err
		}
		a.owner = ""
	}
	return sn.finish(ctx, a, "send", sent, err)
}

// doubt deals with a call whose answer was lost. A transactional message waits for a
// receipt, and is called once more if none comes and it is not found; every other waits
// only where it can be looked for, and is else unknown.
func (sn *Sender) doubt(ctx context.Context, a *attempt, c store.Claim) error {
	next := store.StageDoubt
	if a.q.Intent.Class != hub.ClassTransactional || c.Stage != store.StageSend {
		if _, finds := a.adapter.(channel.Finder); !finds {
			return sn.unknown(ctx, a)
		}
		next = store.StageLost
	}
	until := hub.MillisOf(sn.Now()).Add(doubtWait)
	if err := sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, c.Owner, c.Stage, next, until); err != nil {
		return err
	}
	sn.Log.Warn("send in doubt", "trace", a.q.Intent.Trace)
	sn.Metrics.Add(metric.SendsInDoubt, 1, a.channel())
	return sn.park(ctx, a, doubtWait)
}

// claim takes the send for one try of this worker and answers the claim's owner. No
// owner and a nil error mean that nothing more is to be done.
func (sn *Sender) claim(ctx context.Context, a *attempt, stage store.Stage) (owner string, err error) {
	owner = fmt.Sprintf("%s/%d", sn.Owner, sn.tries.Add(1))
	held, err := sn.Store.ClaimSend(ctx, a.q.Ref, a.q.Intent.Key, store.Claim{Owner: owner, Deadline: sn.deadline(ctx), Stage: stage})
	if hub.CodeOf(err) == hub.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	// A claim of the same owner is this very call's: the client repeated it because
	// the first answer was lost.
	if held == nil || held.Claim.Owner == owner {
		failpoint.AfterClaim.Hit()
		return owner, nil
	}
	if held.Stamps.Final() {
		return "", sn.release(ctx, a.q, a.thread)
	}
	if stage == store.StagePush && held.Claim.Stage == store.StagePush {
		return held.Claim.Owner, nil // both push under one retry key
	}
	a.q.Refused = held.Refused
	if again, err := sn.judge(ctx, a, held.Claim); again || err != nil {
		return a.owner, err
	}
	return "", nil
}

// judge waits for the worker that has claimed a send, or, once its time is over,
// takes it for gone: then nobody knows how far it came. It answers true if the send
// is held now for the second call that a transactional message may have.
func (sn *Sender) judge(ctx context.Context, a *attempt, c store.Claim) (again bool, err error) {
	left := time.Duration(c.Deadline-hub.MillisOf(sn.Now())) * time.Millisecond
	lost := c.Stage == store.StageLost
	switch {
	case left > 0 && (lost || c.Stage == store.StageDoubt):
		return false, sn.park(ctx, a, left)
	case left > 0:
		e := hub.E(hub.RateLimited, "chat: send", fmt.Errorf("another worker has claimed it"))
		e.RetryAfter = min(left+time.Second, shortWait)
		return false, e
	case c.Stage != store.StageDoubt && !lost:
		return false, sn.doubt(ctx, a, c)
	}
	if done, err := sn.find(ctx, a, c); done || err != nil {
		return false, err
	}
	if lost || hub.MillisOf(sn.Now()) > a.q.Intent.Deadline {
		return false, sn.unknown(ctx, a)
	}
	if code := sn.closed(a, true); code != "" {
		return false, sn.rest(ctx, a, code)
	}
	if err := sn.Store.MoveClaim(ctx, a.q.Ref, a.q.Intent.Key, c.Owner, store.StageDoubt, store.StageAgain, sn.deadline(ctx)); err != nil {
		return false, err
	}
	sn.Log.Warn("send once more", "trace", a.q.Intent.Trace)
	sn.Metrics.Add(metric.SendsRepeated, 1, a.channel())
	a.owner = c.Owner
	return true, nil
}

// deadline is when a claim made now may be judged lost: after the time that this
// worker has, and a margin for the difference of two clocks.
func (sn *Sender) deadline(ctx context.Context) hub.Millis {
	left := 30 * time.Second
	if d, ok := ctx.Deadline(); ok {
		left = max(time.Until(d), time.Second)
	}
	return hub.MillisOf(sn.Now()).Add(left + claimMargin)
}

// finish writes down how a call ended.
func (sn *Sender) finish(ctx context.Context, a *attempt, how string, sent channel.Sent, err error) error {
	failpoint.BeforeFinish.Hit()
	switch code := hub.CodeOf(err); {
	case err == nil:
		failpoint.AfterProvider200.Hit()
		met, err := sn.Store.Stamp(ctx, a.q.Ref, a.q.Intent.Key, hub.Stamps{Accepted: hub.MillisOf(sn.Now()), PlatformID: sent.PlatformID})
		if err != nil {
			return err
		}
		sn.refused.forget(a.of())
		if met.Disowned { // its receipt was faster, and has done what is to be done
			sn.Log.Info("send was refused afterwards", "trace", a.q.Intent.Trace, "by", how)
			return nil
		}
		sn.Log.Debug("sent", "trace", a.q.Intent.Trace, "by", how, "repeated", sent.Repeated, "class", a.q.Intent.Class)
		sn.Metrics.Add(metric.SendsSent, 1, a.channel(), metric.Class(a.q.Intent.Class))
		took := time.Duration(hub.MillisOf(sn.Now())-a.q.Intent.Accepted) * time.Millisecond
		sn.Metrics.Observe(metric.SendDelay, took, a.channel(), metric.Class(a.q.Intent.Class))
		if sent.PlatformID != "" && meets(a.adapter.Capabilities()) {
			if err := meet(ctx, sn.Store, a.q.Ref, sent.PlatformID, a.q.Intent.Key); err != nil {
				return err
			}
		}
		return sn.release(ctx, a.q, a.thread)
	case code == hub.Unclear || code == hub.Internal:
		return sn.unknown(ctx, a)
	case code == hub.TokenExpired:
		return sn.expired(ctx, a, err)
	case code.Retryable():
		return sn.later(ctx, a, err)
	default:
		a.q.Tried = 0 // the platform has answered: no earlier try got through
		sn.Log.Warn("send refused", "trace", a.q.Intent.Trace, "by", how, "code", code, "error", err)
		if code == hub.OptedOut {
			if err := sn.optedOut(ctx, a); err != nil {
				return err
			}
		}
		return sn.fail(ctx, a, code)
	}
}

// optedOut remembers the platform's word that the customer takes no marketing.
func (sn *Sender) optedOut(ctx context.Context, a *attempt) error {
	_, _, err := sn.Store.Subscribe(ctx, store.Ref{Team: a.q.Ref.Team, User: a.thread.User}, hub.MarketingOut, hub.MillisOf(sn.Now()), store.Arrival{
		Account: a.thread.Account, External: a.thread.External, Kind: a.thread.Kind,
	})
	return err
}

// fail stamps a send as failed for good; one that was tried with an unclear end is
// unknown instead.
func (sn *Sender) fail(ctx context.Context, a *attempt, code hub.Code) error {
	if a.q.Tried != 0 || a.owner != "" {
		return sn.unknown(ctx, a)
	}
	if _, err := sn.Store.Stamp(ctx, a.q.Ref, a.q.Intent.Key, hub.Stamps{Failed: hub.MillisOf(sn.Now()), Code: code}); err != nil {
		return err
	}
	sn.Log.Warn("send failed", "trace", a.q.Intent.Trace, "code", code, "class", a.q.Intent.Class)
	sn.Metrics.Add(metric.SendsFailed, 1, a.channel(), metric.Code(code), metric.Class(a.q.Intent.Class))
	return sn.release(ctx, a.q, a.thread)
}

// unknown stamps a send whose outcome nobody can tell, unless the platform has told it
// meanwhile.
func (sn *Sender) unknown(ctx context.Context, a *attempt) error {
	met, err := sn.Store.Stamp(ctx, a.q.Ref, a.q.Intent.Key, hub.Stamps{Unknown: hub.MillisOf(sn.Now())})
	if err != nil {
		return err
	}
	if !met.Final {
		sn.Log.Warn("send unknown", "trace", a.q.Intent.Trace, "class", a.q.Intent.Class)
		sn.Metrics.Add(metric.SendsUnknown, 1, metric.Class(a.q.Intent.Class))
	}
	return sn.release(ctx, a.q, a.thread)
}

// release lets the sends behind a parked one go on.
func (sn *Sender) release(ctx context.Context, q store.Queued, thread *hub.Thread) error {
	if !thread.Holds(q.Intent.Key) {
		return nil
	}
	return sn.Store.Unpark(ctx, q.Ref.Team, thread.User, hub.Parked{Accepted: q.Intent.Accepted, Key: q.Intent.Key})
}

// later makes a send wait for another try.
func (sn *Sender) later(ctx context.Context, a *attempt, cause error) error {
	sn.Metrics.Add(metric.SendsRetried, 1, a.channel(), metric.Code(hub.CodeOf(cause)))
	return sn.wait(ctx, a, cause)
}

// wait makes a send wait: hidden in its queue for a short time, parked for a longer
// one. The platform's word on how long comes first.
func (sn *Sender) wait(ctx context.Context, a *attempt, cause error) error {
	wait := hub.RetryAfterOf(cause)
	if wait == 0 {
		wait = backoff(a.receives)
		if a.receives > patience {
			wait = min(2*time.Minute<<min(a.q.Attempt, 4), longestPark)
		}
	}
	sn.Log.Info("send waits", "trace", a.q.Intent.Trace, "code", hub.CodeOf(cause), "seconds", int(wait.Seconds()))
	if wait > shortWait {
		return sn.park(ctx, a, wait)
	}
	e := hub.E(hub.RateLimited, "chat: send", cause)
	e.RetryAfter = wait
	return e
}

// park makes a send wait outside its queue, and the later ones of its thread behind it.
// One that has ended meanwhile, by a receipt, holds nobody.
func (sn *Sender) park(ctx context.Context, a *attempt, wait time.Duration) error {
	ok, err := sn.Store.Park(ctx, a.q, a.thread.User, hub.MillisOf(sn.Now()).Add(wait))
	if err != nil {
		return err
	}
	sn.Metrics.Add(metric.SendsParked, 1, a.channel())
	sn.Log.Info("send parked", "trace", a.q.Intent.Trace, "seconds", int(wait.Seconds()), "placed", ok)
	if ok {
		return nil
	}
	stored, err := sn.Store.Send(ctx, a.q.Ref, a.q.Intent.Key)
	if err == nil && !stored.Stamps.Final() {
		return nil // a later order of it is on its way
	}
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	return sn.Store.Unpark(ctx, a.q.Ref.Team, a.thread.User, hub.Parked{Accepted: a.q.Intent.Accepted, Key: a.q.Intent.Key})
}
