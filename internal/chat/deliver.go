package chat

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	// shortWait is the longest wait that a send spends hidden in its queue; for a
	// longer one it is parked.
	shortWait = time.Minute
	// claimMargin is added to the time that a worker has, so that two machines'
	// clocks cannot both hold a claim.
	claimMargin = 10 * time.Second
	// patience is the number of receives after which a send that keeps failing is
	// parked instead of hidden again.
	patience = 6
	// longestPark bounds the wait between two tries of a parked send.
	longestPark = 10 * time.Minute
)

// Sender makes the platforms' calls, one send of a thread at a time.
type Sender struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Owner    string // names this process in claims
	Log      *slog.Logger

	tries atomic.Int64
}

// Deliver works off one order. A nil error means that nothing more is to be done
// with it: it was sent, has failed for good, is parked, or its outcome is unknown.
// Every other error asks, by its RetryAfter, to be called again then.
func (sn *Sender) Deliver(ctx context.Context, q store.Queued, receives int) error {
	err := sn.deliver(ctx, q, receives)
	if err == nil || hub.RetryAfterOf(err) > 0 {
		return err
	}
	// The table or the settings did not answer, or the thread changed meanwhile:
	// the queue's own time would be far too long.
	later := hub.E(hub.CodeOf(err), "chat: send", err)
	later.RetryAfter = backoff(receives)
	return later
}

// backoff is the wait after a number of receives: a second, doubling to a minute.
func backoff(receives int) time.Duration {
	return min(time.Second<<min(max(receives-1, 0), patience), shortWait)
}

func (sn *Sender) deliver(ctx context.Context, q store.Queued, receives int) error {
	thread, err := sn.Store.Thread(ctx, q.Ref)
	if hub.CodeOf(err) == hub.NotFound {
		sn.Log.Info("send dropped", "trace", q.Intent.Trace, "why", "the thread is gone")
		return nil
	}
	if err != nil {
		return err
	}
	if receives > 1 || q.Attempt > 0 || thread.Holds(q.Intent.Key) {
		done, err := sn.resume(ctx, &q, &thread)
		if done || err != nil {
			return err
		}
	}
	// A claim whose end nobody knows comes before every rule: what may have been sent
	// cannot be called refused.
	if q.Claim.Owner != "" && q.Claim.Stage != store.StagePush {
		return sn.judge(ctx, q, &thread, q.Claim)
	}
	now := hub.MillisOf(sn.Now())
	if thread.Erased != 0 && q.Intent.Accepted <= thread.Erased {
		return sn.fail(ctx, q, &thread, hub.Erased)
	}
	if now > q.Intent.Deadline {
		return sn.fail(ctx, q, &thread, hub.DeadlinePassed)
	}
	if thread.HeldBack(hub.Parked{Accepted: q.Intent.Accepted, Key: q.Intent.Key}, now) {
		return sn.park(ctx, q, shortWait)
	}
	if q.Intent.Class == hub.ClassBot {
		if q.Intent.Fence != thread.Fence || !thread.BotMaySpeak() {
			return sn.fail(ctx, q, &thread, hub.StaleFence)
		}
		if err := sn.spend(ctx, q, &thread, now); err != nil {
			if hub.CodeOf(err) == hub.ReplyBudget {
				return sn.fail(ctx, q, &thread, hub.ReplyBudget)
			}
			return err
		}
	}
	account, err := sn.Settings.Account(ctx, q.Ref.Team, thread.Account)
	if hub.CodeOf(err) == hub.NotFound {
		return sn.fail(ctx, q, &thread, hub.NoAccount)
	}
	if err != nil {
		return err
	}
	adapter := sn.Adapters[account.Channel]
	if adapter == nil {
		return sn.fail(ctx, q, &thread, hub.Unsupported)
	}
	return sn.call(ctx, q, &thread, account.Platform, adapter, receives)
}

// resume looks at a send that was under way before: it may be done, or elsewhere.
func (sn *Sender) resume(ctx context.Context, q *store.Queued, thread *hub.Thread) (done bool, err error) {
	stored, err := sn.Store.Send(ctx, q.Ref, q.Intent.Key)
	if hub.CodeOf(err) == hub.NotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if stored.Stamps.Final() {
		return true, sn.release(ctx, *q, thread)
	}
	if stored.Attempt > q.Attempt {
		return true, nil // a later order of the same send is on its way
	}
	q.Claim, q.Tried = stored.Claim, stored.Tried
	return false, nil
}

// spend takes one automatic answer out of the thread's budget.
func (sn *Sender) spend(ctx context.Context, q store.Queued, thread *hub.Thread, now hub.Millis) error {
	next, ok := hub.SpendReply(thread.Auto, q.Intent.Key, now)
	if !ok {
		return hub.E(hub.ReplyBudget, "chat: send", nil)
	}
	if len(next) == len(thread.Auto) && next[len(next)-1] == thread.Auto[len(next)-1] {
		return nil // an earlier try has spent it
	}
	return sn.Store.SetAuto(ctx, q.Ref, thread.Auto, next)
}

// call makes the platform's call: by the free reply token while it lives, else a
// push. What the platform would take twice is claimed first.
func (sn *Sender) call(ctx context.Context, q store.Queued, thread *hub.Thread, account channel.Account, adapter channel.Adapter, receives int) error {
	out := channel.Outgoing{
		To: thread.External, Type: q.Intent.Type, Text: q.Intent.Text,
		RetryKey: hub.RetryKey(q.Ref.Team, q.Ref.User, q.Intent.Key), Key: string(q.Intent.Key),
	}
	pushing := q.Claim.Stage == store.StagePush || q.Tried != 0
	if replier, ok := adapter.(channel.Replier); ok && !pushing {
		if q.Intent.Reply.Token != "" && hub.MillisOf(sn.Now()) < q.Intent.Reply.Since.Add(replier.ReplyLife()) {
			owner, err := sn.claim(ctx, q, thread, store.StageReply)
			if owner == "" {
				return err
			}
			sent, err := replier.Reply(ctx, account, q.Intent.Reply.Token, out)
			switch hub.CodeOf(err) {
			case hub.ReplyTokenInvalid:
				// Surely nothing was sent: from here on a repeated push is harmless.
				if err := sn.Store.MoveClaim(ctx, q.Ref, q.Intent.Key, owner, store.StagePush, sn.deadline(ctx)); err != nil {
					return err
				}
				pushing = true
			case hub.Transient, hub.RateLimited:
				if err := sn.Store.MoveClaim(ctx, q.Ref, q.Intent.Key, owner, "", 0); err != nil {
					return err
				}
				return sn.later(ctx, q, receives, err)
			default:
				return sn.finish(ctx, q, thread, "reply", sent, err, receives)
			}
		}
	}
	if !adapter.Capabilities().Idempotent && !pushing {
		owner, err := sn.claim(ctx, q, thread, store.StageSend)
		if owner == "" {
			return err
		}
		sent, err := adapter.Send(ctx, account, out)
		if code := hub.CodeOf(err); code == hub.Transient || code == hub.RateLimited {
			if err := sn.Store.MoveClaim(ctx, q.Ref, q.Intent.Key, owner, "", 0); err != nil {
				return err
			}
		}
		return sn.finish(ctx, q, thread, "send", sent, err, receives)
	}
	sent, err := adapter.Send(ctx, account, out)
	if hub.CodeOf(err) == hub.Unclear {
		// The platform knows the retry key: trying again cannot send twice.
		if q.Tried == 0 {
			q.Tried = hub.MillisOf(sn.Now())
			if err := sn.Store.MarkTried(ctx, q.Ref, q.Intent.Key, q.Tried); err != nil {
				return err
			}
		}
		return sn.later(ctx, q, receives, err)
	}
	return sn.finish(ctx, q, thread, "push", sent, err, receives)
}

// claim takes the send for one try of this worker and answers the claim's owner. No
// owner and a nil error mean that nothing more is to be done.
func (sn *Sender) claim(ctx context.Context, q store.Queued, thread *hub.Thread, stage store.Stage) (owner string, err error) {
	owner = fmt.Sprintf("%s/%d", sn.Owner, sn.tries.Add(1))
	held, err := sn.Store.ClaimSend(ctx, q.Ref, q.Intent.Key, store.Claim{Owner: owner, Deadline: sn.deadline(ctx), Stage: stage})
	if hub.CodeOf(err) == hub.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	// A claim of the same owner is this very call's: the client repeated it because
	// the first answer was lost.
	if held == nil || held.Claim.Owner == owner {
		return owner, nil
	}
	if held.Stamps.Final() {
		return "", sn.release(ctx, q, thread)
	}
	return "", sn.judge(ctx, q, thread, held.Claim)
}

// judge waits for the worker that has claimed a send, or, once its time is over,
// takes it for gone: then nobody knows how far it came.
func (sn *Sender) judge(ctx context.Context, q store.Queued, thread *hub.Thread, c store.Claim) error {
	left := c.Deadline - hub.MillisOf(sn.Now())
	if left <= 0 {
		return sn.unknown(ctx, q, thread)
	}
	e := hub.E(hub.RateLimited, "chat: send", fmt.Errorf("another worker has claimed it"))
	e.RetryAfter = min(time.Duration(left)*time.Millisecond+time.Second, shortWait)
	return e
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
func (sn *Sender) finish(ctx context.Context, q store.Queued, thread *hub.Thread, how string, sent channel.Sent, err error, receives int) error {
	switch code := hub.CodeOf(err); {
	case err == nil:
		_, err := sn.Store.Stamp(ctx, q.Ref, q.Intent.Key, hub.Stamps{Sent: hub.MillisOf(sn.Now()), PlatformID: sent.PlatformID})
		if err != nil {
			return err
		}
		sn.Log.Info("sent", "trace", q.Intent.Trace, "by", how, "repeated", sent.Repeated, "class", q.Intent.Class)
		return sn.release(ctx, q, thread)
	case code == hub.Unclear || code == hub.Internal:
		return sn.unknown(ctx, q, thread)
	case code.Retryable():
		return sn.later(ctx, q, receives, err)
	default:
		q.Tried = 0 // the platform has answered: no earlier try got through
		sn.Log.Warn("send refused", "trace", q.Intent.Trace, "by", how, "code", code, "error", err)
		return sn.fail(ctx, q, thread, code)
	}
}

// fail stamps a send as failed for good; one that was tried with an unclear end is
// unknown instead.
func (sn *Sender) fail(ctx context.Context, q store.Queued, thread *hub.Thread, code hub.Code) error {
	if q.Tried != 0 {
		return sn.unknown(ctx, q, thread)
	}
	if _, err := sn.Store.Stamp(ctx, q.Ref, q.Intent.Key, hub.Stamps{Failed: hub.MillisOf(sn.Now()), Code: code}); err != nil {
		return err
	}
	sn.Log.Warn("send failed", "trace", q.Intent.Trace, "code", code, "class", q.Intent.Class)
	return sn.release(ctx, q, thread)
}

// unknown stamps a send whose outcome nobody can tell.
func (sn *Sender) unknown(ctx context.Context, q store.Queued, thread *hub.Thread) error {
	if _, err := sn.Store.Stamp(ctx, q.Ref, q.Intent.Key, hub.Stamps{Unknown: hub.MillisOf(sn.Now()), Code: hub.Unclear}); err != nil {
		return err
	}
	sn.Log.Warn("send unknown", "trace", q.Intent.Trace, "class", q.Intent.Class)
	return sn.release(ctx, q, thread)
}

// release lets the sends behind a parked one go on.
func (sn *Sender) release(ctx context.Context, q store.Queued, thread *hub.Thread) error {
	if !thread.Holds(q.Intent.Key) {
		return nil
	}
	return sn.Store.Unpark(ctx, q)
}

// later makes a send wait: hidden in its queue for a short time, parked for a
// longer one. The platform's word on how long comes first.
func (sn *Sender) later(ctx context.Context, q store.Queued, receives int, cause error) error {
	wait := hub.RetryAfterOf(cause)
	if wait == 0 {
		wait = backoff(receives)
		if receives > patience {
			wait = min(2*time.Minute<<min(q.Attempt, 4), longestPark)
		}
	}
	sn.Log.Info("send waits", "trace", q.Intent.Trace, "code", hub.CodeOf(cause), "seconds", int(wait.Seconds()))
	if wait > shortWait {
		return sn.park(ctx, q, wait)
	}
	e := hub.E(hub.RateLimited, "chat: send", cause)
	e.RetryAfter = wait
	return e
}

func (sn *Sender) park(ctx context.Context, q store.Queued, wait time.Duration) error {
	ok, err := sn.Store.Park(ctx, q, hub.MillisOf(sn.Now()).Add(wait))
	if err != nil {
		return err
	}
	sn.Log.Info("send parked", "trace", q.Intent.Trace, "seconds", int(wait.Seconds()), "placed", ok)
	return nil
}
