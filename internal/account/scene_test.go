package account_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

var ctx = context.Background()

const team = hubtest.Team

// mute is a channel whose platform takes no calls but sends.
type mute struct{ setup channel.Setup }

func (m *mute) Kind() hub.Channel                                  { return "toy" }
func (m *mute) Capabilities() channel.Capabilities                 { return channel.Capabilities{} }
func (m *mute) Setup() channel.Setup                               { return m.setup }
func (m *mute) Verify(*channel.Request, channel.Credentials) error { return nil }
func (m *mute) Split(*channel.Request) ([]channel.Slice, error)    { return nil, nil }
func (m *mute) Parse(_, _ []byte) (channel.Event, error)           { return channel.Event{}, nil }
func (m *mute) Send(context.Context, channel.Account, channel.Outgoing) (channel.Sent, error) {
	return channel.Sent{}, nil
}

// toy is a channel whose platform does all that an account is cared for with. It knows
// its accounts by their tokens.
type toy struct {
	mute

	mu       sync.Mutex
	secret   hub.Secret        // of the app
	accounts map[string]*owned // by token
	webhooks map[string]string // by the platform's name
	down     bool              // the platform does not answer
	deaf     bool              // it cannot reach webhooks
	calls    []string
}

// owned is what the platform knows of a token.
type owned struct {
	name    string
	expires hub.Millis
	told    bool // Check tells when it ends
	fixed   bool // it cannot be renewed
	refused bool
	advice  []string
}

func (t *toy) called(what string, a channel.Account) (*owned, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, what+" "+string(a.ID))
	token := a.Secrets["token"].Reveal()
	o := t.accounts[token]
	switch {
	case t.down:
		return nil, hub.E(hub.Transient, "toy: "+what, fmt.Errorf("no answer"))
	case o == nil || o.refused || a.Secrets["secret"] != t.secret:
		return nil, hub.E(hub.TokenExpired, "toy: "+what, fmt.Errorf("the token is refused"))
	case a.External != "" && a.External != o.name:
		return nil, hub.E(hub.NotFound, "toy: "+what, fmt.Errorf("the token is another account's"))
	}
	return o, nil
}

func (t *toy) Check(_ context.Context, a channel.Account) (channel.Standing, error) {
	o, err := t.called("check", a)
	if err != nil {
		return channel.Standing{}, err
	}
	s := channel.Standing{External: o.name, Name: "Name of " + o.name, Advice: o.advice}
	if o.told {
		s.Expires = o.expires
	}
	return s, nil
}

func (t *toy) Register(_ context.Context, a channel.Account) error {
	o, err := t.called("register", a)
	if err != nil {
		return err
	}
	if t.deaf {
		return hub.E(hub.Refused, "toy: register", fmt.Errorf("the webhook cannot be reached"))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.webhooks[o.name] = a.Webhook
	return nil
}

func (t *toy) Unregister(_ context.Context, a channel.Account) error {
	o, err := t.called("unregister", a)
	if err == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.webhooks, o.name)
	}
	return err
}

func (t *toy) Registered(_ context.Context, a channel.Account) (bool, error) {
	o, err := t.called("registered", a)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return a.Webhook != "" && t.webhooks[o.name] == a.Webhook, nil
}

// renewing is a toy whose tokens can be renewed.
type renewing struct {
	*toy
	now func() time.Time
	n   int
}

func (r *renewing) Refresh(_ context.Context, a channel.Account) (channel.Secrets, hub.Millis, error) {
	o, err := r.called("refresh", a)
	if err != nil || o.fixed {
		return nil, 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	token := fmt.Sprintf("renewed%d", r.n)
	next := *o
	next.expires = hub.MillisOf(r.now()).Add(60 * day)
	r.accounts[token] = &next
	return channel.Secrets{"token": hub.Secret(token)}, next.expires, nil
}

const day = 24 * time.Hour

// scene is a hub with a toy channel.
type scene struct {
	*hubtest.Hub
	*toy
	t      *testing.T
	keeper *account.Keeper
}

func newScene(t *testing.T) *scene {
	h := hubtest.New(t)
	toy := &toy{
		mute: mute{channel.Setup{
			Connection: []channel.Field{{Name: "secret", Help: "of the app"}},
			Account:    []channel.Field{{Name: "token", Help: "of the page"}, {Name: "note", Optional: true, Plain: true}},
			External:   "the page's number",
		}},
		secret:   "s",
		accounts: map[string]*owned{"t1": {name: "page1"}, "t2": {name: "page2"}, "t3": {name: "page3"}}, webhooks: map[string]string{},
	}
	s := &scene{Hub: h, toy: toy, t: t}
	s.keeper = &account.Keeper{
		Setup: h.Setup, Now: h.Clock.Now, Log: h.Log,
		Adapters: map[hub.Channel]channel.Adapter{"toy": toy},
	}
	return s
}

// wish is an account of the connection toys.
func wish(id hub.AccountID, token hub.Secret) account.Wish {
	return account.Wish{Team: team, Channel: "toy", Connection: "toys", Account: id, Secrets: channel.Secrets{"secret": "s", "token": token}}
}

func (s *scene) connect(w account.Wish) account.Connected {
	s.t.Helper()
	out, err := s.keeper.Connect(ctx, w)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *scene) status(id hub.AccountID) account.Status {
	s.t.Helper()
	st, err := s.keeper.Status(ctx, team, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// pass lets time go by, and the schedule run each hour.
func (s *scene) pass(d time.Duration) {
	s.t.Helper()
	for ; d > 0; d -= time.Hour {
		s.Clock.Advance(min(d, time.Hour))
		if _, err := s.keeper.Due(ctx); err != nil {
			s.t.Fatal(err)
		}
	}
}

// facts are what was told of an account, without the kind's "account.", in order of time.
func (s *scene) facts(id hub.AccountID) string {
	s.t.Helper()
	list, err := s.Store.AccountFacts(ctx, team, id)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.SortStableFunc(list, func(a, b hub.Published) int { return int(a.At - b.At) })
	var names []string
	for _, e := range list {
		name := strings.TrimPrefix(e.Kind, "account.")
		for _, member := range slices.Sorted(maps.Keys(e.Detail)) {
			if member == "by" || member == "days" {
				name += fmt.Sprint(" ", e.Detail[member])
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func (s *scene) expect(id hub.AccountID, want string) {
	s.t.Helper()
	if got := s.facts(id); got != want {
		s.t.Errorf("facts of %s: got %q, want %q", id, got, want)
	}
}

// took are the calls of the platform since the last time.
func (s *scene) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := strings.Join(s.calls, ", ")
	s.calls = nil
	return calls
}

// refuses expects an error of a code, whose text has some words.
func refuses(t *testing.T, what string, err error, code hub.Code, words string) {
	t.Helper()
	if hub.CodeOf(err) != code || !strings.Contains(fmt.Sprint(err), words) {
		t.Errorf("%s: got %v, want %s with %q", what, err, code, words)
	}
}
