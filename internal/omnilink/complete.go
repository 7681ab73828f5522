package omnilink

import (
	"cmp"
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
// again, and ends in the same state. What follows from it is a Follower's.
//
// Errors: Conflict if others changed the same contacts all the time; Transient.
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
	tied    bool       // it is brought in the browser of the tap
	device  string     // mark of that browser among all that tap the card
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
		return again(c), nil
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
			return l.spent(ctx, a.team.ID, store.Spend{Seen: c, Next: next})
		}
	}
	return l.join(ctx, a.team, c, joining{home: a.home, by: a.by, at: a.at, tied: a.tied, device: a.device})
}

// again is the outcome of an attempt that was made before.
func again(c store.LinkCode) Outcome {
	out := Outcome{Activity: c.Activity}
	switch c.State {
	case store.LinkUsed:
		out.State, out.New = Linked, c.New
	case store.LinkPending:
		out.State = Pending
	case store.LinkFailed:
		out.State, out.Reason = Failed, c.Why
	case store.LinkNoFriend:
		out.State = Stranger
	default:
		out.State = Refused
	}
	return out
}

// joining is how a code is to be used up.
type joining struct {
	home      hub.HomeID // the target's
	by        string
	at        hub.Millis
	tied      bool
	device    string
	confirmed bool // the source has said that it was the customer
}

// join makes one contact of both sides of a good code, or finds why not. What comes of it
// is one transaction: the code, the contacts, what is told of it, and what it counts for.
// Conflict if something has changed since it was read.
func (l *Linker) join(ctx context.Context, team *settings.Team, c store.LinkCode, j joining) (Outcome, error) {
	pair, err := l.Contacts.Pair(ctx, team.ID, c.Source, j.home)
	if err != nil {
		return Outcome{}, err
	}
	sp := store.Spend{Seen: c, Next: c, Source: pair.X, Target: pair.Y}
	sp.Next.By, sp.Next.Done = j.by, j.at
	act, why, err := l.obstacle(ctx, team.ID, c, pair)
	if err != nil {
		return Outcome{}, err
	}
	sp.Part, err = l.Store.Participation(ctx, team.ID, c.Source, c.Activity)
	switch {
	case hub.CodeOf(err) == hub.NotFound: // it goes with its home
		why = cmp.Or(why, hub.LinkSourceMissing)
	case err != nil:
		return Outcome{}, err
	}
	if why == hub.LinkSourceMissing {
		sp.Source = hub.Home{} // nobody is there to be told
	}
	if why == "" && !j.confirmed && !pair.One() {
		ask, err := l.asks(ctx, team.ID, act.Confirm, pair, j.tied && j.device == sp.Part.Browser)
		if err == nil && ask {
			err = l.Contacts.Barred(ctx, team.ID, pair) // nobody is asked about what cannot be
		}
		switch {
		case hub.CodeOf(err) == hub.Refused:
			why = whyRefused(err)
		case err != nil:
			return Outcome{}, err
		case ask:
			return l.pend(ctx, team.ID, sp, j.home)
		}
	}
	if why == "" {
		sp.Next.State, sp.Next.New, sp.Journey = store.LinkUsed, !pair.One() && isNew(sp.Part, pair.Y), act.Journey
		err := l.Contacts.Spend(ctx, team.ID, pair, hub.Edge{
			Evidence: hub.EvidenceOmniLink, Detail: "code " + c.Hash, At: l.now(), By: by,
		}, sp)
		if err == nil {
			failpoint.AfterWrite.Hit()
			l.Log.Info("omnilink completed", "trace", hub.TraceOf(ctx), "team", team.ID, "activity", c.Activity, "new", sp.Next.New)
			return again(sp.Next), nil
		}
		if hub.CodeOf(err) != hub.Refused {
			return Outcome{}, err
		}
		l.Log.Warn("omnilink not joined", "trace", hub.TraceOf(ctx), "team", team.ID, "activity", c.Activity, "error", err)
		why = whyRefused(err)
	}
	sp.Next.State, sp.Next.New, sp.Next.Why = store.LinkFailed, false, why
	return l.spent(ctx, team.ID, sp)
}

// pend leaves it to the source whether the two are one, if it may be asked: else the code
// ends without a word.
func (l *Linker) pend(ctx context.Context, team hub.TeamID, sp store.Spend, home hub.HomeID) (Outcome, error) {
	if !sp.Part.MayAsk(sp.Next.Done) {
		return l.spent(ctx, team, store.Spend{Seen: sp.Seen, Next: declined(sp.Next)})
	}
	sp.Next.State, sp.Next.Home, sp.Next.Until = store.LinkPending, home, sp.Next.Done.Add(ConfirmLife)
	sp.Next.New = isNew(sp.Part, sp.Target)
	return l.spent(ctx, team, sp)
}

// declined is a code that ends without a trace at either side.
func declined(c store.LinkCode) store.LinkCode {
	c.State = store.LinkDeclined
	return c
}

// spent moves a code that comes to no join.
func (l *Linker) spent(ctx context.Context, team hub.TeamID, sp store.Spend) (Outcome, error) {
	if err := l.Store.SpendCode(ctx, team, sp); err != nil {
		return Outcome{}, err
	}
	failpoint.AfterWrite.Hit()
	return again(sp.Next), nil
}

// isNew reports whether a target that is not one contact with the source came to be after
// that one first tapped: with the message that brings the code, one before it, or as a
// friend on the way, also if that took another tap.
func isNew(part store.Participation, target hub.Home) bool {
	return target.Created > part.First.Add(-margin)
}

// obstacle is why a link cannot be, as far as it can be seen before; "" = it can.
func (l *Linker) obstacle(ctx context.Context, team hub.TeamID, c store.LinkCode, p contact.Pair) (hub.Activity, hub.LinkReason, error) {
	switch {
	case p.Y.ID == "" || p.Right.Erasing != "":
		return hub.Activity{}, hub.LinkTargetMissing, nil
	case p.X.ID == "" || p.Left.Erasing != "":
		return hub.Activity{}, hub.LinkSourceMissing, nil
	}
	act, err := l.Settings.Activity(ctx, team, c.Activity)
	switch {
	case hub.CodeOf(err) == hub.NotFound || err == nil && !act.Enabled:
		return act, hub.LinkDisabled, nil
	case err != nil:
		return act, "", err
	case !p.One() && p.Left.MemberID != "" && p.Right.MemberID != "":
		return act, hub.LinkMemberConflict, nil
	}
	return act, "", nil
}

// whyRefused is the reason of a join that is refused for good.
func whyRefused(err error) hub.LinkReason {
	var o *hub.Obstacle
	if errors.As(err, &o) && o.Code == hub.MemberIDConflict {
		return hub.LinkMemberConflict
	}
	return hub.LinkServerError
}

// asks reports whether the source is asked before the two are joined. Tied are a tap and a
// return in one browser, if it is the one in which the card was tapped first: whoever gets
// a card forwarded that was tapped before cannot pass for its owner.
func (l *Linker) asks(ctx context.Context, team hub.TeamID, confirm hub.LinkConfirm, p contact.Pair, tied bool) (bool, error) {
	switch {
	case confirm == hub.ConfirmAlways:
		return true, nil
	case confirm == hub.ConfirmNever || tied:
		return false, nil
	case p.Left.MemberID != "" || p.Right.MemberID != "" || len(p.Left.Members) > 1 || len(p.Right.Members) > 1:
		return true, nil
	case l.Worth == nil:
		return false, nil
	}
	return l.Worth(ctx, team, append(p.Left.Members, p.Right.Members...))
}
