package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// toy is a channel whose events are channel.Event itself, as JSON, so that a test can
// say exactly what a platform tells.
type toy struct {
	caps channel.Capabilities
	send func(channel.Outgoing) (channel.Sent, error)
	find func(m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) // nil = it is no Finder
}

// seeker is a toy that looks for what was lost.
type seeker struct{ *toy }

func (s seeker) Find(_ context.Context, _ channel.Account, m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
	return s.find(m, since, known)
}

func (t *toy) adapters() map[hub.Channel]channel.Adapter {
	if t.find != nil {
		return map[hub.Channel]channel.Adapter{"toy": seeker{t}}
	}
	return map[hub.Channel]channel.Adapter{"toy": t}
}

// strict is a toy whose accounts take no media.
type strict struct{ *toy }

func (s strict) Admit(e channel.Event, settings channel.Secrets) channel.Event {
	if settings["s"] != "" {
		e.Message.Type, e.Message.Text = hub.OtherMsg, "left out"
	}
	return e
}

func (t *toy) Kind() hub.Channel                                  { return "toy" }
func (t *toy) Capabilities() channel.Capabilities                 { return t.caps }
func (t *toy) Verify(*channel.Request, channel.Credentials) error { return nil }
func (t *toy) Split(*channel.Request) ([]channel.Slice, error)    { return nil, nil }
func (t *toy) Setup() channel.Setup                               { return channel.Setup{} }
func (t *toy) Parse(_, raw []byte) (e channel.Event, err error) {
	return e, json.Unmarshal(raw, &e)
}
func (t *toy) Send(_ context.Context, _ channel.Account, m channel.Outgoing) (channel.Sent, error) {
	return t.send(m)
}

// toys is a hub with two accounts of the toy channel on one connection.
type toys struct {
	t testing.TB
	*hubtest.Hub
	*toy
	rc *chat.Receiver
	n  int
}

func newToys(t testing.TB) *toys {
	h := hubtest.New(t)
	y := &toys{t: t, Hub: h, toy: &toy{caps: channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:     {Body: channel.Limit{Max: 100}, BodyNeeded: true},
			hub.Template: {},
		},
		Aliases: true, Groups: true, ReceiptRef: true, Receipts: []hub.State{hub.Sent, hub.Delivered, hub.Read, hub.Failed},
		Window: 24 * time.Hour, Pair: channel.Pace{Every: 6 * time.Second, Burst: 45},
	}}}
	account := func(id hub.AccountID) {
		err := h.Setup.Connect(t.Context(), h.Team, hub.ConnectionID(id), "toy", channel.Secrets{"s": "x"}, settings.NewAccount{
			ID: id, External: "ext-" + string(id), Scope: "portfolio", Keywords: []hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	account("toy1")
	account("toy2")
	y.rc = y.receiver(h.Store)
	return y
}

func (y *toys) receiver(st *store.Store) *chat.Receiver {
	return &chat.Receiver{
		Store: st, Settings: y.Settings, Contacts: &contact.Book{Store: st, Now: y.Clock.Now},
		Adapters: y.adapters(), Bot: &bot.Bot{Settings: y.Settings, Store: st}, Tag: bot.Tags(&tag.Book{Store: st, Now: y.Clock.Now}), Consent: bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: y.Clock.Now, Log: y.Log}, Now: y.Clock.Now, Log: y.Log,
	}
}

// envelope wraps an event of an account. Its time and id are made if it has none.
func (y *toys) envelope(account hub.AccountID, e channel.Event) hub.Envelope {
	y.n++
	if e.At == 0 {
		e.At = hub.MillisOf(y.Clock.Now()) + hub.Millis(y.n)
	}
	if e.ID == "" {
		e.ID = fmt.Sprintf("E%04d", y.n)
	}
	if e.UserKind == "" {
		e.UserKind = hub.Person
	}
	if e.Kind == channel.EventMessage && e.Message.ID == "" {
		e.Message.ID = "m" + e.ID
	}
	if e.Kind == channel.EventMessage && e.Message.Type == "" {
		e.Message.Type = hub.Text
	}
	raw, err := json.Marshal(open{e, openAliases(e.Aliases), openAliases(e.Former), openProfile{
		e.Profile.Name.Reveal(), e.Profile.Username.Reveal(), e.Profile.Picture.Reveal(), e.Profile.Language,
		e.Profile.Phone.Reveal(), e.Profile.Status.Reveal(),
	}})
	if err != nil {
		y.t.Fatal(err)
	}
	return hub.Envelope{
		Version: hub.EnvelopeVersion, Team: hubtest.Team, Connection: hub.ConnectionID(account), Account: account, Channel: "toy",
		User: y.Team.Pepper.User(account, e.User), Event: e.ID, Raw: raw, Hash: hub.Digest(string(raw)),
		Received: hub.MillisOf(y.Clock.Now()), Trace: "t" + e.ID,
	}
}

// open is an event as the toy platform writes it: with what is not printed elsewhere.
type open struct {
	channel.Event
	Aliases, Former []openAlias
	Profile         openProfile
}

type openAlias struct {
	Kind  channel.AliasKind
	Value string
}

type openProfile struct{ Name, Username, Picture, Language, Phone, Status string }

func openAliases(list []channel.Alias) (out []openAlias) {
	for _, a := range list {
		out = append(out, openAlias{a.Kind, a.Value.Reveal()})
	}
	return out
}

func (y *toys) come(account hub.AccountID, e channel.Event) hub.Envelope {
	y.t.Helper()
	env := y.envelope(account, e)
	receive(y.t, y.rc, []hub.Envelope{env})
	return env
}

// wrote is a text of a person who goes by the ids: "wa:…" is a phone number, any
// other the platform's own id. The first that is no phone names the event's user.
func wrote(text string, ids ...string) channel.Event {
	e := channel.Event{Kind: channel.EventMessage, Message: channel.Message{Type: hub.Text, Text: text}}
	e.User, e.Aliases = identity(ids)
	return e
}

func identity(ids []string) (user string, list []channel.Alias) {
	for _, id := range ids {
		a := channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(id)}
		if len(id) > 3 && id[:3] == "wa:" {
			a = channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(id[3:])}
		}
		if user == "" || a.Kind == channel.AliasUser {
			user = id
		}
		list = append(list, a)
	}
	return user, list
}

func (y *toys) at(account hub.AccountID, id string) store.Ref {
	return store.Ref{Team: hubtest.Team, User: y.Team.Pepper.User(account, id)}
}

// thread is the thread to which an id leads.
func (y *toys) thread(account hub.AccountID, id string) hub.Thread {
	y.t.Helper()
	t, err := y.Store.Thread(context.Background(), y.at(account, id))
	if err != nil {
		y.t.Fatalf("thread of %s: %v", id, err)
	}
	return t
}

// contact is the person to whom an id belongs.
func (y *toys) contact(account hub.AccountID, id string) contact.Contact {
	y.t.Helper()
	t := y.thread(account, id)
	c, err := y.rc.Contacts.Contact(context.Background(), hubtest.Team, y.Team.Pepper.Home(t.Account, t.External.Reveal(), t.Epoch))
	if err != nil {
		y.t.Fatalf("contact of %s: %v", id, err)
	}
	return c
}

// Names: "wa:…" is a phone number, any other the platform's own id.
func (t *toy) Names(user string) []channel.Alias {
	_, list := identity([]string{user})
	return list
}
