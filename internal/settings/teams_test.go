package settings_test

import (
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

// TestTeamsWithTheSameNamesKeepTheirOwnSettings: two teams give their connections and
// accounts the same ids, and one process serves both.
func TestTeamsWithTheSameNamesKeepTheirOwnSettings(t *testing.T) {
	h := hubtest.New(t)
	const other hub.TeamID = "other"
	if err := h.Setup.Team(ctx, other, "Another team"); err != nil {
		t.Fatal(err)
	}
	r := fresh(h)
	theirs, err := r.Team(ctx, other)
	if err != nil {
		t.Fatal(err)
	}
	err = h.Setup.Connect(ctx, theirs, hubtest.LineConn, "line", channel.Secrets{"channel_secret": "their secret"}, settings.NewAccount{
		ID: hubtest.LineAccount, External: "Utheirs", Secrets: channel.Secrets{"channel_token": "their token"},
		Keywords: []hub.Keyword{{Match: "their word", Answer: hub.TextContent("x")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // from the table, and from what was kept
		for team, want := range map[hub.TeamID][4]string{
			hubtest.Team: {hubtest.LineSecret, hubtest.LineToken, hubtest.LineBot, "ping"},
			other:        {"their secret", "their token", "Utheirs", "their word"},
		} {
			c, err := r.Connection(ctx, team, hubtest.LineConn)
			if err != nil {
				t.Fatal(err)
			}
			a, err := r.Account(ctx, team, hubtest.LineAccount)
			if err != nil {
				t.Fatal(err)
			}
			got := [4]string{c.Secrets["channel_secret"].Reveal(), a.Platform.Secrets["channel_token"].Reveal(), a.Platform.External, ""}
			if len(a.Rules.Keywords()) == 1 {
				got[3] = a.Rules.Keywords()[0].Match
			}
			if got != want || c.Team.ID != team || a.Team.ID != team {
				t.Errorf("%s: got the settings of another team", team)
			}
			if names := c.Credentials().Accounts; len(names) != 1 || names[0] != want[2] {
				t.Errorf("%s: got the accounts %q, want %q", team, names, want[2])
			}
		}
	}
	if string(theirs.Pepper) == string(h.Team.Pepper) {
		t.Error("two teams have one pepper")
	}
}
