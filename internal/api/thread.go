package api

import (
	"context"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

// seat is where the caller sits at the desk: those who lead see all conversations, as
// programs do; others what waits, and their own.
func (c *call) seat() chat.Seat {
	if c.caller.key != "" {
		return chat.Seat{ID: c.caller.key, All: true, Program: true}
	}
	role := c.caller.member.Role
	return chat.Seat{ID: string(c.caller.member.ID), All: role == hub.Admin || role == hub.Supervisor}
}

// thread is the thread that the path names.
func (c *call) thread() store.Ref {
	return store.Ref{Team: c.team.ID, User: hub.UserKey(c.param("thread"))}
}

type threadShown struct {
	ID           hub.UserKey       `json:"id"`
	Account      hub.AccountID     `json:"account"`
	Contact      hub.HomeID        `json:"contact"`
	Kind         hub.UserKind      `json:"kind"`
	Preview      string            `json:"preview"`
	LastMessage  *hub.MessageKey   `json:"last_message"`
	LastReceived *string           `json:"last_received_at"`
	LastAct      *string           `json:"last_interaction_at"`
	LastTeam     *string           `json:"last_team_message_at"`
	LastAds      *string           `json:"last_marketing_at"`
	Unread       bool              `json:"unread"`
	ReadUpTo     *hub.MessageKey   `json:"read_up_to"`
	Late         []hub.MessageKey  `json:"late"`
	Delivered    *string           `json:"customer_received_up_to"`
	CustomerRead *string           `json:"customer_read_up_to"`
	Conversation *conversation     `json:"conversation"`
	Subscription subscriptionShown `json:"subscription"`
}

type conversation struct {
	ID      hub.ConversationID `json:"id"`
	State   hub.Case           `json:"state"`
	Waiting *string            `json:"waiting_since"`
	Member  *string            `json:"assignee"`
	For     *hub.Need          `json:"waits_for"`
	Bot     bool               `json:"bot_may_answer"`
}

type subscriptionShown struct {
	Blocked        bool    `json:"blocked"`
	TakesBot       bool    `json:"takes_automatic"`
	TakesMarketing bool    `json:"takes_marketing"`
	Followed       *string `json:"followed_at"`
	Unfollowed     *string `json:"unfollowed_at"`
	OptedIn        *string `json:"opted_in_at"`
	OptedOut       *string `json:"opted_out_at"`
	MarketingOut   *string `json:"marketing_out_at"`
}

func subscriptionOf(t hub.Thread) subscriptionShown {
	return subscriptionShown{
		Blocked: t.Blocked(), TakesBot: t.Wants(hub.ClassBot), TakesMarketing: t.Wants(hub.ClassMarketing),
		Followed: instant(t.Followed), Unfollowed: instant(t.Unfollowed), OptedIn: instant(t.OptedIn), OptedOut: instant(t.OptedOut),
		MarketingOut: instant(t.MarketingOut),
	}
}

func (c *call) showThread(t hub.Thread) threadShown {
	out := threadShown{
		ID: t.User, Account: t.Account, Contact: c.team.Pepper.Home(t.Account, t.External.Reveal(), t.Epoch), Kind: t.Kind, Preview: t.Preview,
		LastReceived: instant(t.LastIn), LastAct: instant(max(t.LastIn, t.LastAct)), LastTeam: instant(t.LastTeam), LastAds: instant(t.LastAds),
		Unread: t.Unread(), Late: append([]hub.MessageKey{}, t.Late...),
		Delivered: instant(t.DeliveredUpTo), CustomerRead: instant(t.ReadUpTo),
		LastMessage: some(t.LastKey), ReadUpTo: some(t.ReadKey),
		Subscription: subscriptionOf(t),
	}
	if t.Conversation != "" {
		state, need := t.Case()
		out.Conversation = &conversation{
			ID: t.Conversation, State: state, Waiting: instant(t.WaitSince), Member: some(t.Assignee), For: some(need), Bot: t.BotMaySpeak(),
		}
	}
	return out
}

// some is a text, or nil if there is none.
func some[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

func (c *call) oneThread(t hub.Thread, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	if !c.sees(apikey.MessagesRead) {
		return answer{body: written{string(t.User)}}, nil
	}
	return answer{body: c.showThread(t)}, nil
}

func (a *API) listConversations(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	threads, next, err := a.Desk.Open(ctx, c.team.ID, c.seat(), place, c.limit())
	return page(c, threads, next, c.showThread), err
}

func (a *API) showThread(ctx context.Context, c *call) (answer, error) {
	return c.oneThread(a.Desk.Thread(ctx, c.thread(), c.seat()))
}

func (a *API) readThread(ctx context.Context, c *call) (answer, error) {
	var in struct {
		UpTo hub.MessageKey   `json:"up_to"`
		Late []hub.MessageKey `json:"late"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.oneThread(a.Desk.Read(ctx, c.thread(), c.seat(), in.UpTo, in.Late))
}

// conversationGiven names the conversation that the caller means: a thread has had others.
type conversationGiven struct {
	Conversation hub.ConversationID `json:"conversation"`
	Seen         hub.MessageKey     `json:"last_message"`
}

func (a *API) acceptConversation(ctx context.Context, c *call) (answer, error) {
	var in conversationGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.oneThread(a.Desk.Accept(ctx, c.thread(), c.seat(), in.Conversation))
}

func (a *API) releaseConversation(ctx context.Context, c *call) (answer, error) {
	var in conversationGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.oneThread(a.Desk.Release(ctx, c.thread(), c.seat(), in.Conversation))
}

func (a *API) closeConversation(ctx context.Context, c *call) (answer, error) {
	var in conversationGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.oneThread(a.Desk.Close(ctx, c.thread(), c.seat(), in.Conversation, in.Seen))
}
