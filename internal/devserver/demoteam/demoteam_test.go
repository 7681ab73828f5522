package demoteam_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"omnihub/internal/bot"
	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// seeded is a hub with the demo team, which was set up twice.
func seeded(t *testing.T) (*hubtest.Hub, demoteam.Team, []hub.Module) {
	h := hubtest.New(t)
	setup := demoteam.Setup{
		AWS: aws.Config{Region: "us-east-1", BaseEndpoint: &h.URL, Credentials: credentials.NewStaticCredentialsProvider("devserver", "x", "")},
		Tables: map[string]string{
			"ConfigTable": h.Store.Tables.Config, "ContactsTable": h.Store.Tables.Contacts, "LedgerTable": h.Store.Tables.Ledger,
		},
		Key: h.KeyID, API: "http://127.0.0.1:1",
	}
	var team demoteam.Team
	var before, after []hub.Module
	for _, list := range []*[]hub.Module{&before, &after} {
		var err error
		if team, err = demoteam.Seed(t.Context(), setup); err != nil {
			t.Fatal(err)
		}
		if *list, err = h.Store.Modules(t.Context(), demoteam.ID); err != nil {
			t.Fatal(err)
		}
	}
	was, _ := json.Marshal(before)
	if is, _ := json.Marshal(after); string(is) != string(was) {
		t.Errorf("set up again: got the modules\n%s, want\n%s", is, was)
	}
	return h, team, after
}

// TestDemoTeamsBotsShowWhatModulesCanDo each in LINE and in Messenger.
func TestDemoTeamsBotsShowWhatModulesCanDo(t *testing.T) {
	_, team, modules := seeded(t)
	for _, kind := range []hub.Channel{"line", "messenger"} {
		var shown []string
		for _, m := range modules {
			if m.Channel != kind {
				continue
			}
			for _, c := range m.Cards {
				shown = append(shown, string(c.Type))
				if len(c.QuickReplies) > 0 {
					shown = append(shown, "quick replies")
				}
			}
			m.Buttons(func(_ string, b *hub.ModuleButton) {
				shown = append(shown, fmt.Sprint(b.Action, b.System))
				if len(b.Tags) > 0 {
					shown = append(shown, fmt.Sprint(b.Action, " with a tag"))
				}
			})
		}
		for _, want := range []string{
			"text", "carousel", "omnilink", "quick replies", "none with a tag", "module", "module with a tag", "url", "handover",
			"systemhuman", "systemunsubscribe", "systemsubscribe",
		} {
			if !slices.Contains(shown, want) {
				t.Errorf("%s: got %s, want %s too", kind, strings.Join(shown, ", "), want)
			}
		}
	}
	if i := slices.IndexFunc(modules, func(m hub.Module) bool { return string(m.ID) == team.Seeded["menu"] }); i < 0 || modules[i].Name != "Demo: menu" || modules[i].Channel != "line" {
		t.Errorf("got %v seeded, want LINE's menu", team.Seeded)
	}
}

// TestDemoAccountsAnswerNothingButTheirKeywords though LINE and Messenger have rules of each
// kind: whoever counts messages can write what he likes.
func TestDemoAccountsAnswerNothingButTheirKeywords(t *testing.T) {
	h, team, _ := seeded(t)
	for _, a := range team.Accounts {
		rules, err := h.Store.Rules(t.Context(), demoteam.ID, hub.AccountID(a.ID), store.Strict)
		if err != nil {
			t.Fatal(err)
		}
		answers := func(said hub.Said, local time.Time) string {
			met := bot.Decide(rules, said, local)
			if rule := bot.Choose(rules, met, hub.Scene{Floor: true, First: true, Opened: true}, local); rule != nil {
				return rule.Name + strings.Join(rule.Words, "")
			}
			return ""
		}
		shows := a.Channel == "line" || a.ID == "messenger1"
		for _, hour := range []int{3, 12} {
			local := time.Date(2026, 10, 5, hour, 0, 0, 0, time.UTC)
			for _, said := range []hub.Said{{}, {Type: hub.Text, Text: "hello"}, {Type: hub.Image}, {Type: hub.Choice, Data: hub.GetStarted}, {Type: hub.Text, Text: "show me the menu"}} {
				if got := answers(said, local); got != "" {
					t.Errorf("%s, at %d: got %+v answered by %q, want silence", a.ID, hour, said, got)
				}
			}
			if got := answers(hub.Said{Type: hub.Text, Text: "ping"}, local); got != "ping" {
				t.Errorf("%s: got ping answered by %q", a.ID, got)
			}
			if got := answers(hub.Said{Type: hub.Text, Text: "Menu"}, local); (got == "Demo: menumenu選單") != shows {
				t.Errorf("%s: got menu answered by %q", a.ID, got)
			}
		}
		if !shows {
			continue
		}
		on := slices.Clone(rules.List)
		for i := range on {
			on[i].Off = false
		}
		rules = hub.NewRules(rules.Version, on)
		for at, want := range map[time.Time]string{
			time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC): "Demo: open", time.Date(2026, 10, 4, 12, 0, 0, 0, time.UTC): "Demo: closed",
		} {
			if got := answers(hub.Said{}, at); got != "Demo: welcome" {
				t.Errorf("%s, all on: got %q for who lets the account in, want the welcome", a.ID, got)
			}
			rules.List = slices.DeleteFunc(slices.Clone(rules.List), func(r hub.Rule) bool { return r.Trigger == hub.OnWelcome })
			if got := answers(hub.Said{Type: hub.Text, Text: "hello"}, at); got != want {
				t.Errorf("%s, all on, at %v: got %q, want %q", a.ID, at, got, want)
			}
			rules = hub.NewRules(rules.Version, on)
		}
	}
}
