package chat

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
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
	// doubtWait is how long a receipt of a send whose answer was lost is waited for.
	doubtWait = 2 * time.Minute
	// findPatience is how long after that a send is looked for at a platform that does
	// not answer.
	findPatience = 10 * time.Minute
)

// Sender makes the platforms' calls, one send of a thread at a time.
type Sender struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Owner    string // names this process in claims
	Log      *slog.Logger
	Metrics  *metric.Meter

	tries   atomic.Int64
	refused refused
}

// Deliver works off one order. A nil error means that nothing more is to be done
// with it: it was sent, has failed for good, is parked, or its outcome is unknown.
// Every other error asks, by its RetryAfter, to be called again then.
func (sn *Sender) Deliver(ctx context.Context, q store.Queued, receives int) error {
	err := sn.deliver(hub.WithTrace(ctx, q.Intent.Trace), q, receives)
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
	a := &attempt{q: q, thread: &thread, receives: receives, waited: q.Waits}
	a.q.Waits = "" // till it is found again
	broken, err := sn.reach(ctx, a)
	if err != nil {
		return err
	}
	defer func() {
		if a.open {
			sn.refused.release(a.of())
		}
	}()
	// A claim whose end nobody knows comes before every rule: what may have been sent
	// cannot be called refused.
	if q.Claim.Owner != "" && q.Claim.Stage != store.StagePush {
		if again, err := sn.judge(ctx, a, q.Claim); !again {
			return err
		}
	}
	now := hub.MillisOf(sn.Now())
	if thread.Erased != 0 && q.Intent.Accepted <= thread.Erased {
		return sn.fail(ctx, a, hub.Erased)
	}
	if now > q.Intent.Deadline {
		return sn.fail(ctx, a, sn.overdue(a))
	}
	if thread.HeldBack(hub.Parked{Accepted: q.Intent.Accepted, Key: q.Intent.Key}, now) {
		return sn.behind(ctx, a)
	}
	if broken != "" {
		return sn.fail(ctx, a, broken)
	}
	caps := a.adapter.Capabilities()
	if code := allowed(q, &thread, caps, now); code != "" {
		return sn.fail(ctx, a, code)
	}
	if code := sn.closed(a, true); code != "" {
		return sn.rest(ctx, a, code)
	}
	a.after = byPerson(q, &thread, caps, now)
	if err := sn.pace(ctx, q, &thread, caps.Pair, now); err != nil {
		switch {
		case hub.CodeOf(err) == hub.ReplyBudget:
			return sn.fail(ctx, a, hub.ReplyBudget)
		case hub.CodeOf(err) == hub.RateLimited:
			sn.Metrics.Add(metric.SendsPaced, 1, a.channel())
			if err := sn.giveBack(ctx, a); err != nil {
				return err
			}
			return sn.wait(ctx, a, err)
		}
		return err
	}
	return sn.call(ctx, a)
}

// reach finds what the send goes out on. It answers the code with which it fails if
// there is nothing.
func (sn *Sender) reach(ctx context.Context, a *attempt) (broken hub.Code, err error) {
	account, err := sn.Settings.Account(ctx, a.q.Ref.Team, a.thread.Account)
	if hub.CodeOf(err) == hub.NotFound {
		return hub.NoAccount, nil
	}
	if err != nil {
		return "", err
	}
	adapter := sn.Adapters[account.Channel]
	if adapter == nil {
		return hub.Unsupported, nil
	}
	a.settings, a.adapter, a.account = account, adapter, account.Platform
	return "", nil
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
		if err := sn.metAgain(ctx, stored); err != nil {
			return true, err
		}
		return true, sn.release(ctx, *q, thread)
	}
	// A later order of the same send may be on its way. This one has its place before the
	// sends that were accepted later; the other will find it done.
	q.Attempt = max(q.Attempt, stored.Attempt)
	q.Claim, q.Tried, q.Waits, q.Refused = stored.Claim, stored.Tried, stored.Waits, stored.Refused
	return false, nil
}

// metAgain brings a send that is done together with its receipts and its echo, in case
// that the worker who wrote down its acceptance came no further.
func (sn *Sender) metAgain(ctx context.Context, stored store.Queued) error {
	adapter := sn.Adapters[stored.Intent.Channel]
	if adapter == nil || stored.Stamps.Accepted == 0 || stored.Stamps.PlatformID == "" || !meets(adapter.Capabilities()) {
		return nil
	}
	return meet(ctx, sn.Store, stored.Ref, stored.Stamps.PlatformID, stored.Intent.Key)
}

// allowed judges a send by what holds at this moment, and answers the code with which
// it fails, or "".
func allowed(q store.Queued, thread *hub.Thread, c channel.Capabilities, now hub.Millis) hub.Code {
	switch {
	case q.Intent.Class == hub.ClassBot && (q.Intent.Fence != thread.Fence || !thread.BotMaySpeak() && !q.Intent.Over):
		return hub.StaleFence
	case thread.Blocked():
		return hub.Blocked
	case !thread.Wants(q.Intent.Class):
		return hub.OptedOut
	case c.Check(q.Intent.Content) != nil:
		return hub.Unsupported
	case q.Intent.Content.Type == hub.Template || thread.Open(c.Window, now):
		return ""
	case byPerson(q, thread, c, now):
		return ""
	case thread.Entered.Within(c.EntryWindow, now):
		return "" // the platform alone knows whether it takes it
	}
	if _, templates := c.Shows[hub.Template]; templates {
		return hub.TemplateNeeded
	}
	return hub.WindowClosed
}

// byPerson tells of a send that goes out since a member of the team wrote it, though
// the window for everything has passed.
func byPerson(q store.Queued, thread *hub.Thread, c channel.Capabilities, now hub.Millis) bool {
	return q.Intent.Class == hub.ClassPerson && q.Intent.Content.Type != hub.Template &&
		!thread.Open(c.Window, now) && thread.OpenForPerson(c.PersonWindow, now)
}

// pace takes the send out of the thread's budget of automatic answers and out of the
// platform's pace to one customer, in one write.
func (sn *Sender) pace(ctx context.Context, q store.Queued, thread *hub.Thread, p channel.Pace, now hub.Millis) error {
	auto := thread.Auto
	if q.Intent.Class == hub.ClassBot {
		stopped, err := sn.stopped(ctx, q, thread)
		if err != nil {
			return err
		}
		var ok bool
		if auto, ok = hub.SpendReply(thread.Auto, q.Intent.Key.Answered(), now); !ok || stopped {
			return hub.E(hub.ReplyBudget, "chat: send", nil)
		}
	}
	next, wait := thread.Pair.Spend(p.Every, p.Burst, now)
	if wait > 0 {
		e := hub.E(hub.RateLimited, "chat: send", fmt.Errorf("the platform's pace to one customer"))
		e.RetryAfter = wait
		return e
	}
	return sn.Store.SetPace(ctx, q.Ref.Team, thread, auto, next)
}

// stopped tells of a later message of an answer of which the one before was refused for
// the reply budget: what is left of an answer is not begun in its middle, though the budget
// has room by now. That one is read only if the budget does not know the answer any more,
// or never did.
func (sn *Sender) stopped(ctx context.Context, q store.Queued, thread *hub.Thread) (bool, error) {
	answer := q.Intent.Key.Answered()
	part, _ := strconv.Atoi(strings.TrimPrefix(string(q.Intent.Key), string(answer)+"~")) // 0 of the first
	if part == 0 || slices.ContainsFunc(thread.Auto, func(s hub.AutoSend) bool { return s.Key == answer }) {
		return false, nil
	}
	before, err := sn.Store.Send(ctx, q.Ref, answer.Part(part-1))
	if hub.CodeOf(err) == hub.NotFound { // it was erased
		return false, nil
	}
	return before.Stamps.Code == hub.ReplyBudget, err
}
