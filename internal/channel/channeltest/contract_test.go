package channeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// toy is an adapter of which a test says what it does.
type toy struct {
	channel.Adapter // nil: what is not told is not asked for
	capabilities    channel.Capabilities
	fields          channel.Setup
}

func (a toy) Kind() hub.Channel                  { return "toy" }
func (a toy) Capabilities() channel.Capabilities { return a.capabilities }
func (a toy) Setup() channel.Setup               { return a.fields }

func (a toy) Split(r *channel.Request) ([]channel.Slice, error) {
	if len(r.Body) == 0 {
		return nil, nil
	}
	return []channel.Slice{{User: "U1", Event: r.RawQuery, Head: []byte("{}"), Raw: r.Body, Hash: "h"}}, nil
}

// answering is a toy that answers.
type answering struct {
	toy
	answer func(channel.Slice, hub.Content) ([]byte, bool)
}

func (a answering) Answer(_ channel.Credentials, s channel.Slice, c hub.Content) ([]byte, bool) {
	return a.answer(s, c)
}

type finding struct{ toy }

func (finding) Find(context.Context, channel.Account, channel.Outgoing, hub.Millis, map[string]bool) (channel.Sent, bool, error) {
	return channel.Sent{}, false, nil
}

type replying struct{ toy }

func (replying) ReplyLife() time.Duration { return 0 }
func (replying) Reply(context.Context, channel.Account, hub.Secret, channel.Outgoing) (channel.Sent, error) {
	return channel.Sent{}, nil
}

type registering struct{ toy }

func (registering) Register(context.Context, channel.Account) error           { return nil }
func (registering) Unregister(context.Context, channel.Account) error         { return nil }
func (registering) Registered(context.Context, channel.Account) (bool, error) { return false, nil }

// tells holds what a part of the contract found against what it must say; "" = nothing.
func tells(t *testing.T, name string, found []string, want string) {
	t.Helper()
	got := strings.Join(found, "; ")
	if (want == "") != (got == "") || !strings.Contains(got, want) {
		t.Errorf("%s: got %q, want it to say %q", name, got, want)
	}
}

// Echoes and entries have rules of their own.
func TestFaultsOfEchoesAndEntriesAreFound(t *testing.T) {
	caps := channel.Capabilities{Echoes: true, EntryFree: time.Hour}
	for name, c := range map[string]struct {
		change func(*channel.Event, *channel.Capabilities)
		want   string
	}{
		"an echo":                         {func(e *channel.Event, _ *channel.Capabilities) { e.Echo = channel.Echo{Ref: "r", App: "1"} }, ""},
		"an echo of the platform's inbox": {func(*channel.Event, *channel.Capabilities) {}, ""},
		"an echo without id":              {func(e *channel.Event, _ *channel.Capabilities) { e.Message.ID = "" }, "id and type"},
		"an echo with a token":            {func(e *channel.Event, _ *channel.Capabilities) { e.Reply = "t" }, "no reply token of an echo"},
		"an echo of a choice": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Message.Type, e.Message.Data = hub.Choice, "d"
		}, "the account's side can write"},
		"an echo of nobody":            {func(e *channel.Event, _ *channel.Capabilities) { e.User, e.UserKind = "", "" }, "user, id and type"},
		"an echo where there are none": {func(_ *channel.Event, c *channel.Capabilities) { c.Echoes = false }, "shows none"},
		"an echo with an entry":        {func(e *channel.Event, _ *channel.Capabilities) { e.Entry.Ref = "r" }, "other kinds"},
		"an echo of too long a name":   {func(e *channel.Event, _ *channel.Capabilities) { e.Echo.Ref = strings.Repeat("x", 513) }, "could be ours"},
		"a message with an echo": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Echo.App = channel.EventMessage, "1"
		}, "other kinds"},
		"a message with an entry": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Entry = channel.EventMessage, channel.Entry{Source: "ad", Ad: "1"}
		}, ""},
		"an advertisement for nothing": {func(e *channel.Event, c *channel.Capabilities) {
			e.Kind, e.Entry, c.EntryFree = channel.EventMessage, channel.Entry{Source: "ad", Ad: "1"}, 0
		}, "no advertisement"},
		"an entry": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Message, e.Entry.Ref = channel.EventEntry, channel.Message{}, "summer"
		}, ""},
		"an entry of nothing": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Message = channel.EventEntry, channel.Message{}
		}, "how the customer came"},
		"an entry of nobody": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Message, e.User, e.UserKind, e.Entry.Ref = channel.EventEntry, channel.Message{}, "", "", "r"
		}, "the user of an entry"},
		"an entry with a message": {func(e *channel.Event, _ *channel.Capabilities) { e.Kind, e.Entry.Ref = channel.EventEntry, "r" }, "other kinds"},
		"a subscription with an entry": {func(e *channel.Event, _ *channel.Capabilities) {
			e.Kind, e.Message, e.Entry.Ref = channel.EventSubscription, channel.Message{}, "r"
		}, "other kinds"},
	} {
		e := channel.Event{Kind: channel.EventEcho, ID: "e", Account: "a", User: "U1", UserKind: hub.Person,
			Message: channel.Message{ID: "1", Type: hub.Text, Text: "x"}}
		c2 := caps
		c.change(&e, &c2)
		tells(t, name, faultsOf(e, c2, false), c.want)
	}
	nameless := channel.Event{Kind: channel.EventSubscription, User: "U1", UserKind: hub.Person}
	tells(t, "no account", faultsOf(nameless, caps, false), "account of a user")
	tells(t, "no account, of a connection with one", faultsOf(nameless, caps, true), "")
}

// What is shown of an event holds all that its kind bears, so that the golden files
// catch a change of it.
func TestGoldenFilesShowEchoAndEntry(t *testing.T) {
	e := channel.Event{Kind: channel.EventEcho, Message: channel.Message{ID: "m"}, Echo: channel.Echo{Ref: "r1", App: "a1"}}
	for _, c := range []struct {
		kind  channel.EventKind
		entry channel.Entry
		want  string
	}{
		{channel.EventEcho, channel.Entry{}, `"message":{"id":"m","type":""},"echo":{"ref":"r1","app":"a1"}}`},
		{channel.EventEntry, channel.Entry{Source: "s1", Ref: "r2", Ad: "d1"}, `"entry":{"source":"s1","ref":"r2","ad":"d1"}}`},
		{channel.EventMessage, channel.Entry{Ad: "d1"}, `"message":{"id":"m","type":""},"entry":{"ad":"d1"}}`},
		{channel.EventMessage, channel.Entry{}, `"message":{"id":"m","type":""}}`},
	} {
		e.Kind, e.Entry = c.kind, c.entry
		if got, _ := json.Marshal(parsedOf(e)); !strings.HasSuffix(string(got), c.want) {
			t.Errorf("%s: got %s, want it to end in %s", c.kind, got, c.want)
		}
	}
}

func TestFaultsOfSetupsAreFound(t *testing.T) {
	good := func() channel.Setup {
		return channel.Setup{
			Connection: []channel.Field{{Name: "app_secret", Help: "of the app"}},
			Account:    []channel.Field{{Name: "access_token", Help: "of the page"}, {Name: "page_id", Help: "x", Plain: true, Optional: true}},
			External:   "the page's id",
		}
	}
	for name, c := range map[string]struct {
		change func(*channel.Setup)
		want   string
	}{
		"right":                             {func(*channel.Setup) {}, ""},
		"no external":                       {func(s *channel.Setup) { s.External = "" }, "external"},
		"external of lines":                 {func(s *channel.Setup) { s.External = "a\nb" }, "one line"},
		"no help":                           {func(s *channel.Setup) { s.Account[0].Help = "" }, "access_token: got the help"},
		"help without end":                  {func(s *channel.Setup) { s.Account[0].Help = strings.Repeat("x", 201) }, "up to 200"},
		"a name with a blank":               {func(s *channel.Setup) { s.Account[0].Name = "access token" }, "no plain one"},
		"a name in capitals":                {func(s *channel.Setup) { s.Account[0].Name = "AccessToken" }, "no plain one"},
		"a name twice":                      {func(s *channel.Setup) { s.Account[0].Name = "app_secret" }, "twice"},
		"a token that is shown":             {func(s *channel.Setup) { s.Account[0].Plain = true }, "as a secret"},
		"nothing to check webhooks against": {func(s *channel.Setup) { s.Connection = nil }, "checked against"},
		"nothing that must be given":        {func(s *channel.Setup) { s.Connection[0].Optional = true }, "checked against"},
	} {
		s := good()
		c.change(&s)
		tells(t, name, faultsOfSetup(s), c.want)
	}
	suite := Suite{
		Credentials: channel.Credentials{Secrets: channel.Secrets{"app_secret": "1"}},
		Account:     channel.Account{Secrets: channel.Secrets{"access_token": "2", "app_secret": "1"}},
	}
	tells(t, "the suite's own", suite.strangers(good()), "")
	suite.Credentials.Secrets["access_token"] = "2"
	tells(t, "an account's secret at the connection", suite.strangers(good()), `credentials: got "access_token"`)
	suite.Credentials.Secrets, suite.Account.Secrets = nil, channel.Secrets{"acces_token": "2"}
	tells(t, "misspelt", suite.strangers(good()), `account: got "acces_token"`)
	tells(t, "missing", suite.strangers(good()), `credentials: got no "app_secret"`)
}

func TestContradictionsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		a    channel.Adapter
		want string
	}{
		"right":                       {toy{}, ""},
		"a welcome by nobody":         {toy{fields: channel.Setup{Welcome: true}}, "welcome: got true"},
		"an answerer unsaid":          {answering{}, "welcome: got false"},
		"an answerer":                 {answering{toy: toy{fields: channel.Setup{Welcome: true}}}, ""},
		"a finder":                    {finding{}, ""},
		"a finder of what is safe":    {finding{toy{capabilities: channel.Capabilities{Idempotent: true}}}, "a finder"},
		"tokens of no life":           {replying{}, "reply tokens live 0s"},
		"a registrar without a check": {registering{}, "want a connector too"},
	} {
		tells(t, name, contradictions(c.a), c.want)
	}
	ad := channel.Event{Kind: channel.EventMessage, Entry: channel.Entry{Ad: "1"}}
	tells(t, "free entries", unproven(channel.Capabilities{EntryFree: time.Hour}, []channel.Event{ad}), "")
	tells(t, "free entries unseen", unproven(channel.Capabilities{EntryFree: time.Hour}, []channel.Event{{}}), "advertisement")
	tells(t, "entries unseen", unproven(channel.Capabilities{EntryWindow: time.Hour}, nil), "advertisement")
	tells(t, "echoes unseen", unproven(channel.Capabilities{Echoes: true}, []channel.Event{ad}), "an echo")
	tells(t, "groups unseen", unproven(channel.Capabilities{Groups: true}, []channel.Event{ad}), "a group")
	for name, c := range map[string]struct {
		c    channel.Capabilities
		want string
	}{
		"a person's window without another":  {channel.Capabilities{PersonWindow: time.Hour}, "person window"},
		"a person's window within another":   {channel.Capabilities{Window: 2 * time.Hour, PersonWindow: time.Hour}, "person window"},
		"an entry's window within another":   {channel.Capabilities{Window: 2 * time.Hour, EntryWindow: time.Hour}, "entry window"},
		"a free entry of the past":           {channel.Capabilities{EntryFree: -1}, "free entry"},
		"fewer messages in a call than none": {channel.Capabilities{PerCall: -1}, "messages in a call"},
	} {
		tells(t, name, nonsense(c.c), c.want)
	}
	text := map[hub.MessageType]channel.Shape{hub.Text: {Body: channel.Limit{Max: 5}, BodyNeeded: true}}
	tells(t, "windows", nonsense(channel.Capabilities{Shows: text, Window: time.Hour, PersonWindow: 2 * time.Hour, EntryWindow: 3 * time.Hour, EntryFree: 1}), "")
}

func TestWrongAnswersAreFound(t *testing.T) {
	samples := []sample{{name: "opened", body: []byte(`{"a":1}`), query: "e1"}, {name: "written", body: []byte(`{"b":2}`), query: "e2"}}
	right := func(x channel.Slice, c hub.Content) ([]byte, bool) {
		if !bytes.HasPrefix(x.Raw, []byte(`{"a"`)) {
			return nil, false
		}
		return fmt.Appendf(nil, `{"text":%q}`, c.Text), true
	}
	n := 0
	for name, c := range map[string]struct {
		answer func(channel.Slice, hub.Content) ([]byte, bool)
		want   string
	}{
		"right":    {right, ""},
		"nothing":  {func(channel.Slice, hub.Content) ([]byte, bool) { return nil, false }, "opened: answered with hello: got false"},
		"anything": {func(channel.Slice, hub.Content) ([]byte, bool) { return []byte("{}"), true }, "written: answered with hello: got true"},
		"no JSON": {func(x channel.Slice, c hub.Content) ([]byte, bool) {
			body, ok := right(x, c)
			return bytes.TrimSuffix(body, []byte("}")), ok
		}, "want JSON"},
		"a body of no answer": {func(x channel.Slice, c hub.Content) ([]byte, bool) {
			body, ok := right(x, c)
			return append(body, ' '), ok
		}, "or nothing"},
		"another each time": {func(x channel.Slice, c hub.Content) ([]byte, bool) {
			n++
			_, ok := right(x, c)
			if !ok {
				return nil, false
			}
			return fmt.Append(nil, n), true
		}, "answered again"},
		"a change of the event": {func(x channel.Slice, c hub.Content) ([]byte, bool) {
			body, ok := right(x, c)
			if len(x.Raw) > 0 {
				x.Raw[len(x.Raw)-1] = ' '
			}
			return body, ok
		}, "changed by its answer"},
		"the user's id": {func(x channel.Slice, c hub.Content) ([]byte, bool) {
			c.Text += x.User
			return right(x, c)
		}, "the user's id"},
	} {
		s := Suite{
			New:     func(channel.Platform) channel.Adapter { return answering{answer: c.answer} },
			Welcome: &Welcome{Samples: []string{"opened"}, Contents: map[string]hub.Content{"hello": hub.TextContent("hello")}},
		}
		fresh := []sample{samples[0].with(bytes.Clone(samples[0].body)), samples[1].with(bytes.Clone(samples[1].body))}
		_, wrong := s.answered(answering{answer: c.answer}, fresh)
		tells(t, name, wrong, c.want)
	}
	s := Suite{
		New:     func(channel.Platform) channel.Adapter { return toy{} },
		Welcome: &Welcome{Samples: []string{"opened", "gone"}, Contents: map[string]hub.Content{"hello": hub.TextContent("hello")}},
	}
	_, wrong := s.answered(answering{answer: right}, samples)
	tells(t, "a sample that is not there", wrong, "gone: got no such sample")
	_, wrong = s.answered(answering{answer: right}, []sample{{name: "opened"}, {name: "gone"}})
	tells(t, "a sample of no event", wrong, "opened: got no event")
}

func TestFaultsOfStandingsAreFound(t *testing.T) {
	good := channel.Standing{External: "1", Name: "Shop", Advice: []string{"Make a token that does not end."}}
	tells(t, "right", faultsOfStanding(good, "1"), "")
	tells(t, "right, of no external id", faultsOfStanding(good, ""), "")
	tells(t, "another's", faultsOfStanding(good, "2"), "external")
	tells(t, "nobody's", faultsOfStanding(channel.Standing{Name: "x"}, ""), "external")
	tells(t, "nameless", faultsOfStanding(channel.Standing{External: "1"}, "1"), "name")
	tells(t, "ended long ago", faultsOfStanding(channel.Standing{External: "1", Name: "x", Expires: -1}, "1"), "expires")
	for _, advice := range []string{"", "make a token.", "Make a token", " Make a token."} {
		tells(t, advice, faultsOfStanding(channel.Standing{External: "1", Name: "x", Advice: []string{advice}}, "1"), "a sentence")
	}
	for _, id := range []string{"106540352242922", "U5a1f0c3e9b7d4826a1c0e5f79d3b246f", "+14155238889", "", "x"} {
		if got := another(id); got == id || id != "" && len(got) != len(id) {
			t.Errorf("another than %q: got %q", id, got)
		}
	}
}

// connecting is a toy that checks.
type connecting struct {
	toy
	check func(channel.Account) (channel.Standing, error)
}

func (a connecting) Check(_ context.Context, acct channel.Account) (channel.Standing, error) {
	return a.check(acct)
}

func TestChecksThatBelieveAnyNameAreFound(t *testing.T) {
	standing := channel.Standing{External: "17", Name: "Shop"}
	fail := func(code hub.Code, text string) (channel.Standing, error) {
		return channel.Standing{}, hub.E(code, "toy: check", errors.New(text))
	}
	for name, c := range map[string]struct {
		check func(channel.Account) (channel.Standing, error)
		want  string
	}{
		"right": {func(a channel.Account) (channel.Standing, error) {
			if a.External != "" && a.External != "17" {
				return fail(hub.NotFound, "another account's")
			}
			return standing, nil
		}, ""},
		"right, and needs the name": {func(a channel.Account) (channel.Standing, error) {
			switch a.External {
			case "":
				return fail(hub.BadRequest, "no id")
			case "17":
				return standing, nil
			}
			return fail(hub.NotFound, "another account's")
		}, ""},
		"any name": {func(channel.Account) (channel.Standing, error) { return standing, nil }, "another account's credentials"},
		"no name": {func(a channel.Account) (channel.Standing, error) {
			if a.External != "17" {
				return fail(hub.NotFound, "another account's")
			}
			return standing, nil
		}, "without an external id"},
		"another code": {func(a channel.Account) (channel.Standing, error) {
			if a.External != "" && a.External != "17" {
				return fail(hub.Permanent, "another account's")
			}
			return standing, nil
		}, "another account's credentials"},
		"the name of who asks": {func(a channel.Account) (channel.Standing, error) {
			if a.External == "18" {
				return fail(hub.NotFound, "x")
			}
			return channel.Standing{External: a.External, Name: "Shop"}, nil
		}, "without an external id"},
		"a secret that is shown": {func(a channel.Account) (channel.Standing, error) {
			if a.External != "" && a.External != "17" {
				return fail(hub.NotFound, a.Secrets["token"].Reveal())
			}
			return standing, nil
		}, "holds"},
	} {
		s := Suite{
			New:     func(channel.Platform) channel.Adapter { return connecting{check: c.check} },
			Account: channel.Account{External: "17", Secrets: channel.Secrets{"token": "canary"}},
		}
		tells(t, name, s.externalFaults(t, Ask{Replies: []Reply{{Status: 200}}}), c.want)
	}
}
