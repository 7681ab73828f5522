package chat

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Desk is where members of a team, and its programs, read conversations and act in them.
type Desk struct {
	Store    *store.Store
	Composer *Composer
}

// Seat is who sits at the desk.
type Seat struct {
	ID string // the member's, or the program's
	// All: sees and does everything. Else only what waits for anybody, what he has
	// accepted, and what he has closed, until somebody else has it.
	All bool
	// Program: cannot take conversations, since it is nobody who could talk.
	Program bool
}

// may tells whether a thread is shown to the seat.
func (d *Desk) may(ctx context.Context, team hub.TeamID, t *hub.Thread, s Seat) (bool, error) {
	if s.All || t.Conversation != "" {
		return s.All || s.has(t), nil
	}
	return d.Store.ClosedBy(ctx, team, t, s.ID)
}

// has tells whether the open conversation of a thread waits for anybody, or is the seat's.
func (s Seat) has(t *hub.Thread) bool {
	return t.Conversation != "" && (t.Assignee == "" || t.Assignee == s.ID)
}

// Thread reads a thread, by whatever id leads to it. NotFound if there is none, or if it
// is not shown to the seat.
func (d *Desk) Thread(ctx context.Context, of store.Ref, s Seat) (hub.Thread, error) {
	t, err := d.Store.Thread(ctx, of)
	if err != nil {
		return t, err
	}
	if t.Account == "" { // what is left of an erased one
		return t, absent()
	}
	may, err := d.may(ctx, of.Team, &t, s)
	if err == nil && !may {
		err = absent()
	}
	return t, err
}

func absent() error {
	return hub.E(hub.NotFound, "chat: read thread", errors.New("no such thread"))
}

// sparse is how many pages of the list Open reads for one page of its own.
const sparse = 4

// Open lists the threads with an open conversation that are shown to the seat, the one
// that was opened first first: up to limit after a place ("" = from the first). It
// answers the place to go on from, "" = the end; a page before it may be short, or empty.
func (d *Desk) Open(ctx context.Context, team hub.TeamID, s Seat, place string, limit int) (shown []hub.Thread, next string, err error) {
	next = place
	for range sparse {
		var page []hub.Thread
		if page, next, err = d.Store.OpenThreads(ctx, team, next, limit-len(shown)); err != nil {
			return nil, "", err
		}
		for _, t := range page {
			if s.All || s.has(&t) {
				shown = append(shown, t)
			}
		}
		if next == "" || len(shown) >= limit {
			break
		}
	}
	return shown, next, nil
}

// Messages reads up to limit messages of a thread before a key ("" = from the newest),
// newest first, and the key to go on before; "" = there is no more.
func (d *Desk) Messages(ctx context.Context, of store.Ref, s Seat, before hub.MessageKey, limit int) (log []store.Logged, next hub.MessageKey, err error) {
	t, err := d.Thread(ctx, of, s)
	if err != nil {
		return nil, "", err
	}
	log, err = d.Store.Log(ctx, store.Ref{Team: of.Team, User: t.User}, before, limit+1)
	if err == nil && len(log) > limit {
		log, next = log[:limit], log[limit-1].Key
	}
	return log, next, err
}

// Read marks what the seat has seen of a thread: all up to a key, and, of what came late,
// the keys that are named.
func (d *Desk) Read(ctx context.Context, of store.Ref, s Seat, upTo hub.MessageKey, late []hub.MessageKey) (hub.Thread, error) {
	t, err := d.Thread(ctx, of, s)
	if err != nil {
		return t, err
	}
	if t.LastKey == "" {
		return t, nil
	}
	at := store.Ref{Team: of.Team, User: t.User}
	// Nobody has read what has not come: a mark ahead of the newest would hide it.
	if err := d.Store.Read(ctx, at, min(upTo, t.LastKey), late); err != nil {
		return t, err
	}
	return d.Store.Thread(ctx, at)
}

// Accept gives the open conversation to the seat. Conflict if it is another one now,
// closed, or somebody else's.
func (d *Desk) Accept(ctx context.Context, of store.Ref, s Seat, h hub.ConversationID) (hub.Thread, error) {
	if s.Program {
		return hub.Thread{}, hub.E(hub.Refused, "chat: accept", errors.New("a program takes no conversations"))
	}
	t, err := d.Thread(ctx, of, s)
	if err != nil {
		return t, err
	}
	t, err = d.Store.Accept(ctx, store.Ref{Team: of.Team, User: t.User}, h, s.ID)
	if hub.CodeOf(err) == hub.Conflict {
		err = hub.E(hub.Conflict, "chat: accept", errors.New("somebody else has the conversation, or it is closed"))
	}
	return t, err
}

// Release gives the conversation back to all, whoever has it. Conflict if it is another
// one now, closed, or not accepted.
func (d *Desk) Release(ctx context.Context, of store.Ref, s Seat, h hub.ConversationID) (hub.Thread, error) {
	t, err := d.own(ctx, of, s)
	if err != nil {
		return t, err
	}
	if t.Assignee == "" || t.Conversation != h {
		return t, hub.E(hub.Conflict, "chat: release", errors.New("the conversation is not accepted, or not open any more"))
	}
	return d.Store.Release(ctx, store.Ref{Team: of.Team, User: t.User}, h, t.Assignee, s.ID)
}

// Close ends the open conversation, if nothing has come since what the seat has seen of
// it: the key of the newest message. Conflict if something has, or the conversation is
// another one now, or closed by somebody else.
func (d *Desk) Close(ctx context.Context, of store.Ref, s Seat, h hub.ConversationID, seen hub.MessageKey) (hub.Thread, error) {
	t, err := d.own(ctx, of, s)
	if err != nil {
		return t, err
	}
	at := store.Ref{Team: of.Team, User: t.User}
	switch {
	case t.Conversation != h:
		return t, hub.E(hub.Conflict, "chat: close", errors.New("the conversation is not open any more"))
	case t.LastKey != seen || len(t.Late) > 0 || t.LateMany:
		return t, hub.E(hub.Conflict, "chat: close", errors.New("a new message came: read it first"))
	}
	if err := d.Store.Close(ctx, at, &t, s.ID); err != nil {
		return t, err
	}
	return d.Store.Thread(ctx, at)
}

// own reads a thread in which the seat may act: all of them, or those whose conversation
// is its own. Refused if it is shown, and not the seat's.
func (d *Desk) own(ctx context.Context, of store.Ref, s Seat) (hub.Thread, error) {
	t, err := d.Thread(ctx, of, s)
	if err == nil && !s.All && (t.Conversation == "" || t.Assignee != s.ID) {
		err = hub.E(hub.Refused, "chat: act", errors.New("the conversation is not yours: accept it first"))
	}
	return t, err
}

// Word is what is to be sent to the customer of a thread.
type Word struct {
	Class   hub.Class
	Content hub.Content
	More    []hub.Content // as of Draft
	ID      string        // as of Draft
	At      hub.Millis
	Trace   string
}

// Send stores the intent to send to the customer of a thread. Refused if the seat may not
// act in it; errors besides as of Composer.Compose.
func (d *Desk) Send(ctx context.Context, of store.Ref, s Seat, w Word) (Composed, error) {
	t, err := d.own(ctx, of, s)
	if err != nil {
		return Composed{}, err
	}
	return d.Composer.Compose(ctx, Draft{
		Team: of.Team, Account: t.Account, To: t.External.Reveal(), Class: cmp.Or(w.Class, hub.ClassPerson), Content: w.Content, More: w.More,
		By: s.ID, Trace: w.Trace, ID: w.ID, At: w.At,
	})
}

// Threads reads the threads of channel users that are shown to the seat, in the users'
// order, each once.
func (d *Desk) Threads(ctx context.Context, team hub.TeamID, users []hub.UserKey, s Seat) ([]hub.Thread, error) {
	all, err := d.Store.ThreadsOf(ctx, team, users)
	if err != nil {
		return nil, err
	}
	var shown []hub.Thread
	for _, u := range users {
		t, ok := all[u]
		if !ok || t.Account == "" || slices.ContainsFunc(shown, func(o hub.Thread) bool { return o.User == t.User }) {
			continue
		}
		may, err := d.may(ctx, team, &t, s)
		if err != nil {
			return nil, err
		}
		if may {
			shown = append(shown, t)
		}
	}
	return shown, nil
}
