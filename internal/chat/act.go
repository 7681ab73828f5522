package chat

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// action stores what the customer did to a message, whether the message is known or
// not. It counts as an act for the platform's session window.
func (rc *Receiver) action(ctx context.Context, a *arrived) error {
	t, err := rc.Store.Thread(ctx, a.own)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	if rc.gone(a, &t) {
		return nil
	}
	value, raw := rc.kept(a.ev.Action.Value, a.e.Raw)
	isNewest, err := rc.Store.PutAction(ctx, a.own, hub.Action{
		Kind: string(a.ev.Action.Kind), Target: a.ev.Action.Target, Value: value,
		Actor: a.team.Pepper.Value("actor", a.ev.Action.Actor)[:16],
		Event: a.e.Event, Account: a.e.Account, Channel: a.e.Channel, Home: a.home(&t),
		At: a.at, Raw: raw, Received: a.e.Received, Trace: a.e.Trace,
	})
	if err != nil {
		return err
	}
	rc.Log.Debug("action stored", "trace", a.e.Trace, "kind", a.ev.Action.Kind, "newest", isNewest)
	if a.caps.Window == 0 || t.User == "" || a.at <= max(t.LastIn, t.LastAct) {
		return nil
	}
	return rc.Store.Act(ctx, store.Ref{Team: a.own.Team, User: t.User}, a.at)
}

// receipt stamps the message that it is about. One that names our own key needs no
// look-up; any other is kept by the platform's id until that is known.
func (rc *Receiver) receipt(ctx context.Context, a *arrived) error {
	stamps := stampsOf(a.ev.Receipt, a.at)
	where, k, ours := parseRef(a.ev.Receipt.Ref)
	ref := store.Ref{Team: a.own.Team, User: where}
	switch {
	case ours:
	case a.ev.Receipt.Ref != "":
		rc.Log.Debug("receipt of another system", "trace", a.e.Trace)
		return nil
	default:
		ref = a.own
		var err error
		if k, err = rc.Store.Known(ctx, ref, a.ev.Receipt.Target); err != nil {
			return err
		}
		if k != "" {
			break
		}
		if none, err := rc.unsent(ctx, a); none || err != nil {
			return err
		}
		if err := rc.Store.PutEarly(ctx, ref, a.ev.Receipt.Target, stamps, a.e.Received); err != nil {
			return err
		}
		// Our send may have become known by the id in between.
		if k, err = rc.Store.Known(ctx, ref, a.ev.Receipt.Target); err != nil {
			return err
		}
		if k == "" {
			return rc.foreign(ctx, a, a.ev.Receipt.Target, stamps)
		}
	}
	met, err := rc.settle(ctx, a, ref, k, stamps)
	if err != nil || !met.Found || stamps.Code != hub.OptedOut {
		return err
	}
	t, err := rc.Store.Thread(ctx, ref)
	if err != nil {
		return err
	}
	return rc.subscribe(ctx, a, &t, hub.MarketingOut)
}

// settle stamps a message of ours with what the platform tells of it. A send that was
// waiting for just that lets those behind it go.
func (rc *Receiver) settle(ctx context.Context, a *arrived, r store.Ref, k hub.MessageKey, stamps hub.Stamps) (store.Stamped, error) {
	if stamps.Code == hub.RateLimited {
		if done, err := rc.slowed(ctx, a, r, k, stamps.PlatformID); done || err != nil {
			met := store.Stamped{Found: true, Taken: true}
			rc.told(ctx, a, stamps, met)
			return met, err
		}
	}
	met, err := rc.Store.Stamp(ctx, r, k, stamps)
	if err != nil {
		return met, err
	}
	rc.told(ctx, a, stamps, met)
	if met.Doubted == nil {
		return met, nil
	}
	t, err := rc.Store.Thread(ctx, r)
	if err != nil {
		return met, err
	}
	return met, rc.Store.Unpark(ctx, r.Team, t.User, *met.Doubted)
}

// told tells of a receipt: louder of one by which a message did not arrive.
func (rc *Receiver) told(ctx context.Context, a *arrived, stamps hub.Stamps, met store.Stamped) {
	level, on := slog.LevelDebug, metric.Channel(a.e.Channel)
	if stamps.Failed != 0 {
		level = slog.LevelInfo
		rc.Metrics.Add(metric.ReceiptsFailed, 1, on, metric.Code(stamps.Code))
	}
	if met.Doubted != nil && !met.Final {
		rc.Metrics.Add(metric.SendsReconciled, 1, on)
	}
	rc.Log.Log(ctx, level, "receipt", "trace", a.e.Trace, "by", a.ev.Kind, "state", stamps.State(), "code", stamps.Code, "error", a.ev.Receipt.Detail, "found", met.Found)
}

func stampsOf(r channel.Receipt, at hub.Millis) hub.Stamps {
	s := hub.Stamps{PlatformID: r.Target}
	switch r.State {
	case hub.Sent:
		s.Sent = at
	case hub.Delivered:
		s.Delivered = at
	case hub.Read:
		s.Read = at
	case hub.Failed:
		s.Failed, s.Code = at, r.Code
	}
	return s
}

// refOf is our name of a message that goes out, which comes back in its receipts:
// the partition in which it lies, and its key.
func refOf(u hub.UserKey, k hub.MessageKey) string { return string(u) + "." + string(k) }

func parseRef(ref string) (hub.UserKey, hub.MessageKey, bool) {
	u, k, ok := strings.Cut(ref, ".")
	key := hub.MessageKey(k)
	return hub.UserKey(u), key, ok && len(u) == 32 && key.At() != 0
}

// unsent reads whether a receipt can be about no message that is known: it is not after
// the erasure of the event's user, or nothing was sent since.
func (rc *Receiver) unsent(ctx context.Context, a *arrived) (bool, error) {
	t, err := rc.Store.Thread(ctx, a.own)
	if hub.CodeOf(err) == hub.NotFound {
		return false, nil
	}
	return err == nil && (rc.gone(a, &t) || t.Erased != 0 && t.Account == ""), err
}

// watermark moves the time until which all was delivered or read.
func (rc *Receiver) watermark(ctx context.Context, a *arrived) error {
	t, err := rc.Store.Thread(ctx, a.own)
	if hub.CodeOf(err) == hub.NotFound {
		return nil // nothing was ever sent there
	}
	if err != nil || rc.gone(a, &t) || t.Account == "" { // what is left of an erased one
		return err
	}
	w := a.ev.Watermark
	if _, err := rc.Store.Watermark(ctx, store.Ref{Team: a.own.Team, User: t.User}, w.State, w.UpTo); err != nil {
		return err
	}
	return rc.Store.PutOther(ctx, a.own, a.e, store.Kept{
		Type: a.ev.Type, At: a.at, Publish: hub.MessagesReadUpTo, Home: a.home(&t),
		Texts: map[string]string{"up_to": strconv.FormatInt(int64(w.UpTo), 10), "state": string(w.State)},
	}, "")
}

// subscription stores that the customer let the account in or out.
func (rc *Receiver) subscription(ctx context.Context, a *arrived) error {
	kind := hub.Unfollowed
	if a.ev.Subscribed {
		kind = hub.Followed
	}
	ar := a.arrival("", "")
	t, step, err := rc.at(ctx, a.own, func(r store.Ref) (hub.Thread, store.Step, error) { return rc.Store.Subscribe(ctx, r, kind, a.at, ar) })
	if err != nil {
		return err
	}
	if step == store.Gone {
		rc.gone(a, &t)
		return rc.release(ctx, a)
	}
	if !settled(&t, a.aliases) {
		if t, err = rc.tie(ctx, a, t); err != nil {
			return err
		}
	}
	// Who follows is somebody, though nothing was written yet.
	if err := rc.putHome(ctx, a, &t, a.at); err != nil {
		return err
	}
	err = rc.Store.PutOther(ctx, a.own, a.e, store.Kept{Type: a.ev.Type, At: a.at, Publish: kind, Home: a.home(&t)}, "")
	if err != nil || kind != hub.Followed {
		return err
	}
	return rc.greet(ctx, a, &t)
}

// subscribe moves a stamp of a thread's subscription, and tells of it.
func (rc *Receiver) subscribe(ctx context.Context, a *arrived, t *hub.Thread, kind string) error {
	_, step, err := rc.at(ctx, store.Ref{Team: a.own.Team, User: t.User}, func(r store.Ref) (hub.Thread, store.Step, error) {
		return rc.Store.Subscribe(ctx, r, kind, a.at, store.Arrival{Account: t.Account, External: t.External, Kind: t.Kind})
	})
	if err != nil || step == store.Gone {
		return err
	}
	rc.Log.Debug("subscription", "trace", a.e.Trace, "kind", kind)
	return rc.Store.PutOther(ctx, a.own, a.e, store.Kept{Type: a.ev.Type, At: a.at, Publish: kind, Home: a.home(t)}, "~consent")
}
