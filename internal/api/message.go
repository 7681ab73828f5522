package api

import (
	"context"
	"slices"
	"strings"

	"omnihub/internal/api/problem"
	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

type messageShown struct {
	ID        hub.MessageKey  `json:"id"`
	Direction string          `json:"direction"` // in, out
	At        *string         `json:"at"`
	Type      hub.MessageType `json:"type"`
	Text      string          `json:"text"`
	Data      *string         `json:"data"`
	Content   *hub.Content    `json:"content"`
	Class     *hub.Class      `json:"class"`
	By        *string         `json:"by"`
	State     *hub.State      `json:"state"`
	Sent      *string         `json:"sent_at"`
	Delivered *string         `json:"delivered_at"`
	Read      *string         `json:"read_at"`
	Failed    *string         `json:"failed_at"`
	Failure   *failure        `json:"failure"`
	Reactions []reaction      `json:"reactions"`
	Edited    *string         `json:"edited_at"`
	Unsent    *string         `json:"unsent_at"`
}

type failure struct {
	Code   hub.Code `json:"code"`
	Detail string   `json:"detail"`
}

type reaction struct {
	Value string  `json:"value"`
	At    *string `json:"at"`
}

func showMessage(l store.Logged) messageShown {
	out := messageShown{
		ID: l.Key, Direction: "in", At: instant(l.Key.At()), Type: l.Type, Text: l.Text, Data: some(l.Data), Reactions: []reaction{},
		Edited: instant(l.Edited), Unsent: instant(l.Unsent),
	}
	for _, r := range l.Reactions {
		out.Reactions = append(out.Reactions, reaction{r.Value, instant(r.At)})
	}
	if l.Inbound {
		return out
	}
	state := l.Stamps.State()
	out.Direction, out.Class, out.By, out.State = "out", some(l.Class), some(l.By), &state
	if l.Unsent == 0 && l.Content.Type != "" {
		out.Content = &l.Content
	}
	out.Sent, out.Delivered, out.Read = instant(max(l.Stamps.Sent, l.Stamps.Accepted)), instant(l.Stamps.Delivered), instant(l.Stamps.Read)
	if out.Failed = instant(l.Stamps.Failed); l.Stamps.Code != "" && (state == hub.Failed || state == hub.Unknown) {
		out.Failure = &failure{l.Stamps.Code, l.Stamps.Code.Advice()}
	}
	return out
}

// maxPageBytes bounds what a page of messages or accounts takes: a function's answer has at most 6 MB
// as text in JSON, in which each quotation mark takes two bytes.
const maxPageBytes = 2 << 20

// fitting is how many entries of a page fit into an answer, at least one.
func fitting[F, T any](list []F, shown func(F) T) (int, error) {
	size := 0
	for i, f := range list {
		raw, err := encode(shown(f))
		if err != nil {
			return 0, hub.E(hub.Internal, "api: encode entry", err)
		}
		if size += len(raw); size > maxPageBytes && i > 0 {
			return i, nil
		}
	}
	return len(list), nil
}

func (a *API) listMessages(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	log, next, err := a.Desk.Messages(ctx, c.thread(), c.seat(), hub.MessageKey(place), c.limit())
	if err != nil {
		return answer{}, err
	}
	n, err := fitting(log, showMessage)
	if err == nil && n < len(log) {
		log, next = log[:n], log[n-1].Key
	}
	return page(c, log, string(next), showMessage), err
}

// messageGiven is a message to a customer.
type messageGiven struct {
	Account hub.AccountID `json:"account"`
	To      string        `json:"to"`
	Class   hub.Class     `json:"class"`
	Content hub.Content   `json:"content"`
	Module  hub.ModuleID  `json:"module"` // in place of the content, in a thread
}

// class checks what the caller may send as: members speak as persons, and may send what
// is transactional; programs are no persons.
func (c *call) class(wanted hub.Class) (hub.Class, error) {
	switch {
	case wanted == "" && c.caller.key == "":
		return hub.ClassPerson, nil
	case wanted == "":
		return hub.ClassTransactional, nil
	case wanted == hub.ClassPerson && c.caller.key != "":
		return "", problem.Body("/class", "is transactional or marketing: a program is no person")
	case wanted == hub.ClassMarketing && c.caller.key == "" && !slices.Contains(campaigns, c.caller.member.Role):
		return "", problem.New(problem.Forbidden)
	}
	return wanted, nil
}

type composedShown struct {
	Thread   hub.UserKey      `json:"thread"`
	Messages []hub.MessageKey `json:"messages"`
	Losses   []lossShown      `json:"losses"`
}

type lossShown struct {
	Code   channel.Loss `json:"code"`
	Detail string       `json:"detail"`
}

func showComposed(made chat.Composed, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answer{body: composedShown{Thread: made.Ref.User, Messages: made.Keys, Losses: showLosses(made.Losses)}}, nil
}

// draftID is the call's id as messages bear it: the same message at each try.
func (c *call) draftID() string { return strings.ToUpper(c.id()) }

// message reads what is to be sent, and as what.
func (c *call) message() (in messageGiven, err error) {
	if err = c.read(&in); err == nil {
		in.Class, err = c.class(in.Class)
	}
	return in, err
}

func (a *API) sendMessage(ctx context.Context, c *call) (answer, error) {
	in, err := c.message()
	if err != nil {
		return answer{}, err
	}
	contents := []hub.Content{in.Content}
	if in.Module != "" {
		if contents, err = a.cardsFor(ctx, c, in.Module); err != nil {
			return answer{}, err
		}
	}
	return showComposed(a.Desk.Send(ctx, c.thread(), c.seat(), chat.Word{
		Class: in.Class, Content: contents[0], More: contents[1:], ID: c.draftID(), At: c.at(), Trace: c.trace,
	}))
}

// sendToUser sends to a channel user by the platform's id, whether he has written before
// or not.
func (a *API) sendToUser(ctx context.Context, c *call) (answer, error) {
	in, err := c.message()
	if err != nil {
		return answer{}, err
	}
	made, err := a.Desk.Composer.Compose(ctx, chat.Draft{
		Team: c.team.ID, Account: in.Account, To: in.To, Class: in.Class, Content: in.Content, By: c.seat().ID,
		Trace: c.trace, ID: c.draftID(), At: c.at(),
	})
	return showComposed(made, noAccount(err, "/account"))
}
