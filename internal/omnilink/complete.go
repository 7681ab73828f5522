package omnilink

import (
	"context"
	"errors"

	"omnihub/internal/contact"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Text is a customer's message that ends with a code, once it is stored and its home is
// made.
type Text struct {
	Team     hub.TeamID
	Account  hub.AccountID // in which it came
	Home     hub.HomeID    // whose it is
	User     hub.UserKey   // under which attempts are counted
	Event    string        // the platform's id of the event
	Received hub.Millis    // when the webhook came, by our clock: the same at each delivery
	Code     string        // as CodeIn finds it
}

// CompleteText completes a link by a message in the target's channel. It may be called
// again, and ends in the same state.
//
// An error with the state Linked or Failed tells that this stands, and that something
// that follows from it is to be tried again, by the same call. Errors: Conflict if others
// changed the same contacts all the time; Transient, and what Say and Tag answer.
func (l *Linker) CompleteText(ctx context.Context, t Text) (Outcome, error) {
	team, err := l.Settings.Team(ctx, t.Team)
	if err != nil {
		return Outcome{}, err
	}
	return l.settle(ctx, attempt{
		team: team, account: t.Account, home: t.Home, user: t.User, id: t.Event, at: t.Received,
		hash: hashOf("code", t.Code), by: mark(t.Code, t.Home),
	})
}

// attempt is somebody at the target who brings a code.
type attempt struct {
	team    *settings.Team
	account hub.AccountID
	home    hub.HomeID
	user    hub.UserKey
	id      string     // of what brought it
	at      hub.Millis // when it did
	hash    string     // of the code
	by      string     // mark of who uses it up
	tied    bool       // who brings it is who tapped
	// made makes the home before it is joined, if there is none; nil = it is there.
	made func(context.Context) (State, error)
}

// mark stands for who uses a code up. It tells nothing to who has not the code.
func mark(code string, home hub.HomeID) string {
	return hub.Digest("omnilink by", code, string(home))
}

// settle makes an attempt until nobody else's change comes between.
func (l *Linker) settle(ctx context.Context, a attempt) (out Outcome, err error) {
	err = settings.Settle(func() error {
		out, err = l.attempt(ctx, a)
		return err
	})
	return out, err
}

// attempt is one try, which reads all anew.
func (l *Linker) attempt(ctx context.Context, a attempt) (Outcome, error) {
	c, tries, err := l.Store.CodeFor(ctx, a.team.ID, a.hash, a.user)
	if err != nil {
		return Outcome{}, err
	}
	mine := c.State != store.LinkIssued && c.By == a.by // it was used up by this one
	switch {
	case c.Hash != "" && mine && c.Account == a.account:
		return l.again(ctx, a, c)
	case tries.Full(a.at, a.id):
		return Outcome{State: TooMany}, nil
	case c.State != store.LinkIssued || c.Account != a.account || c.Expires <= a.at:
		// There is none, it is another one's, was used, or has ended. What lies in the
		// table past its time has ended too.
		return Outcome{State: Refused}, l.Store.CountTry(ctx, a.team.ID, a.user, tries, a.at, a.id)
	}
	if a.made != nil {
		state, err := a.made(ctx)
		if err != nil {
			return Outcome{}, err
		}
		if state == Stranger {
			next := c
			next.State, next.By, next.Done = store.LinkNoFriend, a.by, a.at
			return Outcome{State: Stranger, Activity: c.Activity}, l.Store.SpendCode(ctx, a.team.ID, store.Spend{Seen: c, Next: next})
		}
	}
	return l.join(ctx, a.team, c, joining{home: a.home, by: a.by, at: a.at, tied: a.tied})
}

// again is the outcome of an attempt that was made before, with what follows from it.
func (l *Linker) again(ctx context.Context, a attempt, c store.LinkCode) (Outcome, error) {
	out := Outcome{Activity: c.Activity}
	switch c.State {
	case store.LinkUsed:
		out.State, out.New = Linked, c.New
		return out, l.follow(ctx, a.team, c, a.home)
	case store.LinkPending:
		out.State = Pending
		return out, l.ask(ctx, a.team, c)
	case store.LinkFailed:
		out.State, out.Reason = Failed, c.Why
		return out, l.afterFailure(ctx, a.team, c)
	case store.LinkNoFriend:
		out.State = Stranger
		return out, nil
	}
	return Outcome{State: Refused, Activity: c.Activity}, nil
}

// joining is how a code is to be used up.
type joining struct {
	home      hub.HomeID // the target's
	by        string
	at        hub.Millis
	tied      bool
	confirmed bool // the source has said that it was the customer
}

// join makes one contact of both sides of a good code, or finds why not. Conflict if
// something has changed since it was read.
func (l *Linker) join(ctx context.Context, team *settings.Team, c store.LinkCode, j joining) (Outcome, error) {
	pair, err := l.Contacts.Pair(ctx, team.ID, c.Source, j.home)
	if err != nil {
		return Outcome{}, err
	}
	next := c
	next.By, next.Done = j.by, j.at
	why, err := l.obstacle(ctx, team.ID, c, pair)
	if err != nil {
		return Outcome{}, err
	}
	if why == "" && !j.confirmed && !pair.One() {
		ask, err := l.asks(ctx, team.ID, c, pair, j.tied)
		if err != nil {
			return Outcome{}, err
		}
		if ask {
			return l.pend(ctx, team, c, next, j.home, isNew(c, pair))
		}
	}
	if why == "" {
		next.State, next.New = store.LinkUsed, isNew(c, pair)
		err := l.Contacts.Spend(ctx, team.ID, pair, hub.Edge{
			Evidence: hub.EvidenceOmniLink, Detail: "code " + c.Hash, At: l.now(), By: by,
		}, store.Spend{Seen: c, Next: next})
		if err == nil {
			failpoint.AfterWrite.Hit()
			l.Log.Info("omnilink completed", "trace", hub.TraceOf(ctx), "team", team.ID, "activity", c.Activity, "new", next.New)
			return Outcome{State: Linked, Activity: c.Activity, New: next.New}, l.follow(ctx, team, next, j.home)
		}
		if hub.CodeOf(err) != hub.Refused {
			return Outcome{}, err
		}
		l.Log.Warn("omnilink not joined", "trace", hub.TraceOf(ctx), "team", team.ID, "activity", c.Activity, "error", err)
		why = whyRefused(err)
	}
	next.State, next.New, next.Why = store.LinkFailed, false, why
	if err := l.Store.SpendCode(ctx, team.ID, store.Spend{Seen: c, Next: next}); err != nil {
		return Outcome{}, err
	}
	return Outcome{State: Failed, Reason: why, Activity: c.Activity}, l.afterFailure(ctx, team, next)
}

// isNew reports whether the target's home came to be after the tap, by the tap's doing:
// with the message that brings the code, one before it, or as a friend on the way. Who is
// one contact with the source already is known, however young.
func isNew(c store.LinkCode, p contact.Pair) bool {
	return !p.One() && p.Y.Created > c.Minted.Add(-margin)
}

// obstacle is why a link cannot be, as far as it can be seen before; "" = it can.
func (l *Linker) obstacle(ctx context.Context, team hub.TeamID, c store.LinkCode, p contact.Pair) (hub.LinkReason, error) {
	switch {
	case p.Y.ID == "" || p.Right.Erasing != "":
		return hub.LinkTargetMissing, nil
	case p.X.ID == "" || p.Left.Erasing != "":
		return hub.LinkSourceMissing, nil
	}
	act, err := l.Settings.Activity(ctx, team, c.Activity)
	switch {
	case hub.CodeOf(err) == hub.NotFound || err == nil && !act.Enabled:
		return hub.LinkDisabled, nil
	case err != nil:
		return "", err
	case !p.One() && p.Left.MemberID != "" && p.Right.MemberID != "":
		return hub.LinkMemberConflict, nil
	}
	return "", nil
}

// whyRefused is the reason of a join that is refused for good.
func whyRefused(err error) hub.LinkReason {
	var o *hub.Obstacle
	if errors.As(err, &o) && o.Code == hub.MemberIDConflict {
		return hub.LinkMemberConflict
	}
	return hub.LinkServerError
}

// asks reports whether the source is asked before the two are joined.
func (l *Linker) asks(ctx context.Context, team hub.TeamID, c store.LinkCode, p contact.Pair, tied bool) (bool, error) {
	act, err := l.Settings.Activity(ctx, team, c.Activity)
	if err != nil {
		return false, err
	}
	switch {
	case act.Confirm == hub.ConfirmAlways:
		return true, nil
	case act.Confirm == hub.ConfirmNever || tied:
		return false, nil
	case p.Left.MemberID != "" || p.Right.MemberID != "" || len(p.Left.Members) > 1 || len(p.Right.Members) > 1:
		return true, nil
	case l.Worth == nil:
		return false, nil
	}
	return l.Worth(ctx, team, append(p.Left.Members, p.Right.Members...))
}
