package chat

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// entry stores that the customer came, by an advertisement or by a link, and has not
// written with it. It counts as an act for the platform's session window.
func (rc *Receiver) entry(ctx context.Context, a *arrived) error {
	t, gone, err := rc.came(ctx, a)
	if err == nil && gone {
		return rc.release(ctx, a)
	}
	if err != nil {
		return err
	}
	if !settled(&t, a.aliases) {
		if t, err = rc.tie(ctx, a, t); err != nil {
			return err
		}
	}
	// Who comes is somebody, though nothing was written yet.
	if err := rc.putHome(ctx, a, &t, a.at); err != nil {
		return err
	}
	return rc.entered(ctx, a, &t, "")
}

// came answers the thread of a customer who came, which it makes known, and moves the
// time of the last act where a window counts from it.
func (rc *Receiver) came(ctx context.Context, a *arrived) (t hub.Thread, gone bool, err error) {
	if a.caps.Window == 0 {
		return rc.known(ctx, a)
	}
	ar := a.arrival("", "")
	t, step, err := rc.at(ctx, a.own, func(r store.Ref) (hub.Thread, store.Step, error) { return rc.Store.Come(ctx, r, a.at, ar) })
	return t, err == nil && step == store.Gone && rc.gone(a, &t), err
}

// entered stores how the customer came as a fact, and on the thread if it was by an
// advertisement: other windows count from that. With a suffix it stands beside the
// message that came of it.
func (rc *Receiver) entered(ctx context.Context, a *arrived, t *hub.Thread, suffix string) error {
	entry := a.ev.Entry
	if entry.Ad != "" {
		ar := store.Arrival{Account: t.Account, External: t.External, Kind: t.Kind}
		_, step, err := rc.at(ctx, store.Ref{Team: a.own.Team, User: t.User}, func(r store.Ref) (hub.Thread, store.Step, error) {
			return rc.Store.Enter(ctx, r, a.at, entry.Ad, ar)
		})
		if err != nil || step == store.Gone {
			return err
		}
	}
	texts := map[string]string{}
	for name, v := range map[string]string{"source": entry.Source, "ref": entry.Ref, "ad": entry.Ad} {
		if v != "" {
			texts[name] = v
		}
	}
	return rc.Store.PutOther(ctx, a.own, a.e, store.Kept{
		Type: a.ev.Type, At: a.at, Publish: hub.ContactEntered, Home: a.home(t), Texts: texts,
	}, suffix)
}

// answered stores what the edge answered the event with in the webhook's own answer: a
// message of the bot's, which counts as sent.
func (rc *Receiver) answered(ctx context.Context, a *arrived) error {
	t, gone, err := rc.known(ctx, a)
	if err != nil || gone {
		return err
	}
	k := hub.NewMessageKey(a.at, a.e.Event).Welcome()
	err = rc.Store.PutAnswered(ctx, a.own, hub.Intent{
		Key: k, Class: hub.ClassBot, Content: *a.e.Answered, Fence: t.Fence, Account: t.Account, Channel: a.e.Channel, Home: a.home(&t),
		Thread: t.User, Accepted: a.e.Received, Deadline: a.e.Received.Add(hub.ClassBot.SendDeadline()), Trace: a.e.Trace,
	})
	if err != nil {
		return err
	}
	_, err = rc.Store.Stamp(ctx, a.own, k, hub.Stamps{Accepted: a.e.Received})
	return err
}
