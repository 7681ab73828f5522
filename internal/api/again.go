package api

import (
	"context"
	"errors"

	"omnihub/internal/account"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// traces are what earlier tries of a call have left behind, of which its caller was told
// nothing: the process died, or the try failed half-way.
type traces struct {
	any    bool // something stands: the call is completed as of its first time
	whole  bool // what the call was to do stands: it is only to be told
	audits map[string]hub.Audit
}

// steps are what an audit entry beside the first of a call may be of: those of the API,
// and those of joining by an upsert.
var steps = []string{stepTags, stepSubscription, "create", "join"}

const (
	stepTags         = "tags"
	stepSubscription = "subscription"
)

// stepID is the id of a further step of a call.
func stepID(id, step string) string { return hub.Digest("audit", id, step)[:26] }

// resume looks for the traces of a call that was tried before. One that left any keeps its
// ids and its time: so it finds again what it did, and completes the rest as of when it
// was made, behind all that was said since. One that left none was never made, for
// anybody: it begins as of now, however long ago it was tried, so that nothing is written
// under a time at which it was not done.
func (a *API) resume(ctx context.Context, c *call) (err error) {
	if c.begun.Try == 1 {
		return nil
	}
	seek := (*API).audited
	if c.route.seek != nil {
		seek = c.route.seek
	}
	if c.traces, err = seek(a, ctx, c); err != nil || c.traces.any {
		return err
	}
	*c.begun, err = a.Store.RenewCall(ctx, *c.begun)
	return err
}

// has tells whether a step of the call was carried out by an earlier try.
func (c *call) has(step string) bool {
	if c.begun == nil {
		return false
	}
	_, ok := c.traces.audits[stepID(c.id(), step)]
	return ok
}

// audited finds a call by the audit entries that its changes were written with.
func (a *API) audited(ctx context.Context, c *call) (traces, error) {
	ids := []string{c.id()}
	for _, step := range steps {
		ids = append(ids, stepID(c.id(), step))
	}
	found, err := a.Store.AuditsOf(ctx, c.team.ID, c.at(), ids...)
	t := traces{any: len(found) > 0, audits: map[string]hub.Audit{}}
	for _, e := range found {
		t.audits[e.ID], t.whole = e, t.whole || e.ID == c.id()
	}
	return t, err
}

// sent finds a call that sends by the first message that it made.
func (a *API) sent(ctx context.Context, c *call) (traces, error) {
	in, err := c.message()
	if err != nil {
		return traces{}, nil // it made none, and is told why when it is done
	}
	if c.param("thread") != "" {
		t, err := a.Store.Thread(ctx, c.thread())
		if err != nil {
			return traces{}, missing(err)
		}
		in.Account, in.To = t.Account, t.External.Reveal()
	}
	own := store.Ref{Team: c.team.ID, User: c.team.Pepper.User(in.Account, in.To)}
	there, err := a.Store.HasMessage(ctx, own, hub.NewMessageKey(c.at(), c.draftID()))
	return traces{any: there}, err
}

// missing is an error but for one that says that there is no such thing.
func missing(err error) error {
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	return err
}

// closed finds a call by the conversation that the caller has closed.
func (a *API) closed(ctx context.Context, c *call) (traces, error) {
	var in conversationGiven
	if err := c.read(&in); err != nil {
		return traces{}, err
	}
	t, err := a.Store.Thread(ctx, c.thread())
	if err != nil {
		return traces{}, missing(err)
	}
	by, err := a.Store.Closer(ctx, store.Ref{Team: c.team.ID, User: t.User}, in.Conversation)
	done := by == c.seat().ID
	return traces{any: done, whole: done}, err
}

// released finds a call by the conversation that waits for all again.
func (a *API) released(ctx context.Context, c *call) (traces, error) {
	var in conversationGiven
	if err := c.read(&in); err != nil {
		return traces{}, err
	}
	t, err := a.Store.Thread(ctx, c.thread())
	done := err == nil && t.Conversation == in.Conversation && t.Assignee == ""
	return traces{any: done, whole: done}, missing(err)
}

// nothing is what a call answers that has nothing to tell.
func (a *API) nothing(context.Context, *call) (answer, error) { return answer{}, nil }

// goneAlready is told of what was removed.
func (a *API) goneAlready(context.Context, *call) (answer, error) { return disconnected(nil, nil) }

// memberAdded tells of the member that was added.
func (a *API) memberAdded(ctx context.Context, c *call) (answer, error) {
	var in memberGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	m, err := a.Office.Get(ctx, c.team.ID, hub.NewMemberID(c.team.ID, in.Subject.Reveal()))
	return oneMember(m), sinceGone(err)
}

// tagMade tells of the tag that was made.
func (a *API) tagMade(ctx context.Context, c *call) (answer, error) {
	var in tagGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	t, err := a.Store.Tag(ctx, c.team.ID, hub.NewTagID(c.team.ID, in.Name), store.Strict)
	return oneTag(t, sinceGone(err))
}

// attributeMade tells of the attribute that was made.
func (a *API) attributeMade(ctx context.Context, c *call) (answer, error) {
	var in attributeGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	d, err := a.Store.Attribute(ctx, c.team.ID, in.Key)
	return oneAttribute(d, sinceGone(err))
}

// sinceGone is the error of telling of what a call has made: that it was taken away since
// is not that the address names nothing.
func sinceGone(err error) error {
	if hub.CodeOf(err) == hub.NotFound {
		return hub.E(hub.Refused, "api: tell", errors.New("it was done, and taken away since"))
	}
	return err
}

// accountConnected tells of the account that was connected, or changed, and enters its
// webhook if the try that stored it did not come to that.
func (a *API) accountConnected(ctx context.Context, c *call) (answer, error) {
	var in accountGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if c.param("account") != "" {
		in.ID = c.account()
	}
	s, err := a.Keeper.Status(ctx, c.team.ID, in.ID)
	if err != nil {
		return answer{}, sinceGone(err)
	}
	out := connectedShown{Registered: s.Care.Registered != 0, Advice: append([]string{}, s.Care.Advice...), Others: []hub.AccountID{}}
	if !out.Registered && !in.Unchecked && !s.ByHand {
		if _, err := a.keeper(ctx).Actualize(ctx, c.team.ID, in.ID); err != nil {
			out.Unregistered = some(account.Why(err))
		} else {
			out.Registered = true
		}
	}
	one, err := a.oneAccount(ctx, c, in.ID)
	out.Account, _ = one.body.(accountShown)
	return answer{body: out, version: one.version}, err
}
