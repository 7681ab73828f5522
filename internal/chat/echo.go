package chat

import (
	"context"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// echo takes a message of the account's side that the platform shows. One that bears
// our own name is a receipt. Any other is known by the platform's id or not yet: then it
// stands in the log as another system's until it turns out to be ours. Whoever of the
// two comes later, the echo or our send's result, makes one message of both: each
// leaves its note first and looks for the other's after it.
func (rc *Receiver) echo(ctx context.Context, a *arrived) error {
	id := a.ev.Message.ID
	stamps := hub.Stamps{Sent: a.at, PlatformID: id}
	if u, k, named := parseRef(a.ev.Echo.Ref); named {
		r := store.Ref{Team: a.own.Team, User: u}
		met, err := rc.settle(ctx, a, r, k, stamps)
		if err != nil {
			return err
		}
		if met.Found {
			if met.Taken || !meets(a.caps) {
				return nil
			}
			// Our own call has not told the id, and may never do so.
			return meet(ctx, rc.Store, r, id, k)
		}
	}
	ours, err := rc.Store.Known(ctx, a.own, id)
	if err != nil {
		return err
	}
	if ours != "" {
		_, err := rc.settle(ctx, a, a.own, ours, stamps)
		return err
	}
	t, gone, err := rc.known(ctx, a)
	if err != nil || gone {
		return err
	}
	k, err := rc.Store.NoteEcho(ctx, a.own, id, hub.NewMessageKey(a.at, id), a.at, a.e.Received)
	if err != nil {
		return err
	}
	by := store.EchoBy
	if a.ev.Echo.App != "" {
		by = store.EchoByApp + a.ev.Echo.App
	}
	err = rc.Store.PutEcho(ctx, a.own, store.Echo{
		Key: k, PlatformID: id, Type: a.ev.Message.Type, Text: a.ev.Message.Text, By: by, Event: a.e.Event, Hash: a.e.Hash,
		Account: a.e.Account, Channel: a.e.Channel, Home: a.home(&t), At: a.at, Raw: a.e.Raw, Received: a.e.Received, Trace: a.e.Trace,
	})
	if err != nil {
		return err
	}
	early, err := rc.Store.Early(ctx, a.own, id)
	if err != nil {
		return err
	}
	if early.Ours != "" {
		if _, err := rc.settle(ctx, a, a.own, early.Ours, stamps); err != nil {
			return err
		}
		return rc.Store.MergeEcho(ctx, a.own, k, early.Ours)
	}
	for _, s := range early.Stamps {
		if err := rc.Store.StampEcho(ctx, a.own, k, s); err != nil {
			return err
		}
	}
	rc.Log.Debug("echo stored", "trace", a.e.Trace, "by", by, "type", a.ev.Message.Type)
	return nil
}

// foreign stamps a message that another system sent with what a receipt tells of it, if
// the channel shows such messages and this one has come.
func (rc *Receiver) foreign(ctx context.Context, a *arrived, platformID string, stamps hub.Stamps) error {
	if !a.caps.Echoes {
		return nil
	}
	k, err := rc.Store.EchoKey(ctx, a.own, platformID)
	if err != nil || k == "" {
		return err
	}
	return rc.Store.StampEcho(ctx, a.own, k, stamps)
}

// known answers the thread of the event's user, and makes it known if it is not. It
// answers gone for an event that is not after the customer's erasure.
func (rc *Receiver) known(ctx context.Context, a *arrived) (t hub.Thread, gone bool, err error) {
	t, err = rc.Store.Thread(ctx, a.own)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return t, false, err
	}
	if rc.gone(a, &t) {
		return t, true, nil
	}
	if t.Account == "" {
		t, step, err := rc.at(ctx, a.own, func(r store.Ref) (hub.Thread, store.Step, error) {
			return rc.Store.Know(ctx, r, a.at, "", a.arrival("", ""))
		})
		return t, err == nil && step == store.Gone, err
	}
	return t, false, nil
}

// meets tells of a channel that names messages of ours by its own id alone.
func meets(c channel.Capabilities) bool {
	return !c.ReceiptRef && (len(c.Receipts) > 0 || c.Echoes)
}

// meet brings a message of ours together with what came by the platform's id alone: the
// receipts and the echo that came first, and, by the note that it leaves, the later
// ones. It may be done again.
func meet(ctx context.Context, st *store.Store, r store.Ref, platformID string, k hub.MessageKey) error {
	early, err := st.PutKnown(ctx, r, platformID, k)
	if err != nil {
		return err
	}
	for _, stamps := range early.Stamps {
		if _, err := st.Stamp(ctx, r, k, stamps); err != nil {
			return err
		}
	}
	if early.Echo == "" || early.Echo == k {
		return nil
	}
	return st.MergeEcho(ctx, r, early.Echo, k)
}
