package settings_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

// fresh reads as a process that has read nothing yet.
func fresh(h *hubtest.Hub) *settings.Reader {
	return settings.NewReader(h.Store, h.Keyring, h.Clock.Now)
}

func names(c *settings.Connection) []string {
	var out []string
	for name, id := range c.Accounts {
		out = append(out, name+"="+string(id))
	}
	slices.Sort(out)
	return out
}

// number is an account of a connection whose name at the platform ends in n.
func number(id hub.AccountID, n int) settings.NewAccount {
	return settings.NewAccount{
		ID: id, External: fmt.Sprint("number", n), Name: "Number", Secrets: channel.Secrets{"access_token": hub.Secret(fmt.Sprint("token", n))},
	}
}

func TestAccountsJoinAConnectionAndChange(t *testing.T) {
	h := hubtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...string) *settings.Connection {
		t.Helper()
		c, err := fresh(h).Connection(ctx, hubtest.Team, "wa")
		must(err)
		if got := names(c); !slices.Equal(got, want) {
			t.Errorf("accounts: got %q, want %q", got, want)
		}
		return c
	}
	must(h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", channel.Secrets{"app_secret": "s1", "verify_token": "v1"}, number("wa1", 1)))
	must(h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa2", 2)))
	expect("number1=wa1", "number2=wa2")
	must(h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", channel.Secrets{"app_secret": "s2"}))
	c := expect("number1=wa1", "number2=wa2")
	if c.Secrets["app_secret"].Reveal() != "s2" || c.Secrets["verify_token"].Reveal() != "v1" {
		t.Error("secrets: want the new app_secret and the old verify_token")
	}

	// An account gets another name at the platform, and what it had beside is replaced;
	// its secrets stay.
	changed := settings.NewAccount{ID: "wa2", External: "number3", Scope: "portfolio", Keywords: []hub.Keyword{{Match: "hi", Answer: hub.TextContent("ho")}}}
	must(h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, changed))
	expect("number1=wa1", "number3=wa2")
	a, err := fresh(h).Account(ctx, hubtest.Team, "wa2")
	must(err)
	if a.Platform.External != "number3" || a.Scope != "portfolio" || a.Name != "" || len(a.Rules.Keywords()) != 1 || a.Platform.Secrets["access_token"].Reveal() != "token2" {
		t.Errorf("got %+v", a)
	}

	// Two accounts may swap their names in one call.
	must(h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa1", 3), number("wa2", 1)))
	expect("number1=wa2", "number3=wa1")

	must(h.Setup.Disconnect(ctx, hubtest.Team, "wa", "wa1"))
	expect("number1=wa2")
	if _, err := fresh(h).Account(ctx, hubtest.Team, "wa1"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("the removed account: got %v, want not_found", err)
	}
	must(h.Setup.Disconnect(ctx, hubtest.Team, "wa"))
	if _, err := fresh(h).Connection(ctx, hubtest.Team, "wa"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("the removed connection: got %v, want not_found", err)
	}
	if dump := h.Dump(h.Store.Tables.Config); strings.Contains(dump, "wa2") {
		t.Errorf("something of a removed account is left: %s", dump)
	}
}

func TestConnectRefusesWhatDoesNotFit(t *testing.T) {
	h := hubtest.New(t)
	if err := h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa1", 1)); err != nil {
		t.Fatal(err)
	}
	before := h.Dump(h.Store.Tables.Config)
	for what, err := range map[string]error{
		"another channel":        h.Setup.Connect(ctx, h.Team, "wa", "line", nil),
		"a name that is taken":   h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa2", 1)),
		"one account twice":      h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa2", 2), number("wa2", 3)),
		"one name twice":         h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number("wa2", 2), number("wa3", 2)),
		"another's account":      h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number(hubtest.LineAccount, 2)),
		"an id with a mark":      h.Setup.Connect(ctx, h.Team, "w#", "whatsapp", nil),
		"an account of no name":  h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, settings.NewAccount{ID: "wa2"}),
		"more than fit together": h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, make([]settings.NewAccount, 41)...),
	} {
		if hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want bad_request", what, err)
		}
	}
	if err := h.Setup.Disconnect(ctx, hubtest.Team, "wa", "wa9"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("disconnect an unknown account: got %v, want not_found", err)
	}
	if err := h.Setup.Disconnect(ctx, hubtest.Team, "nosuch"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("disconnect an unknown connection: got %v, want not_found", err)
	}
	if err := h.Setup.Connect(ctx, &settings.Team{ID: "nobody"}, "wa", "whatsapp", nil); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("connect for an unknown team: got %v, want not_found", err)
	}
	if after := h.Dump(h.Store.Tables.Config); after != before {
		t.Error("a refused change has written something")
	}
}

func TestAccountsThatJoinAtOnceAllStay(t *testing.T) {
	h := hubtest.New(t)
	if err := h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", channel.Secrets{"app_secret": "s"}); err != nil {
		t.Fatal(err)
	}
	var joining sync.WaitGroup
	for n := range 6 {
		joining.Add(1)
		go func() {
			defer joining.Done()
			for { // a person who is told "try again" does
				err := h.Setup.Connect(ctx, h.Team, "wa", "whatsapp", nil, number(hub.AccountID(fmt.Sprint("wa", n)), n))
				if hub.CodeOf(err) == hub.Conflict {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
		}()
	}
	joining.Wait()
	c, err := fresh(h).Connection(ctx, hubtest.Team, "wa")
	if err != nil || len(c.Accounts) != 6 || c.Secrets["app_secret"].Reveal() != "s" {
		t.Errorf("got %q, %v, want six accounts and the secret", names(c), err)
	}
}
