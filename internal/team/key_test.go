package team_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/team"
	"omnihub/internal/team/apikey"
)

func deedOf(m hub.Member) store.Deed {
	return store.Deed{Team: hubtest.Team, Admin: m.ID, Audit: hub.Audit{ID: "x", At: hub.MillisOf(hubtest.Start)}}
}

func keyOf(id string) store.APIKey { return store.APIKey{ID: id, Hash: []byte("h"), Version: 1} }

func TestKeyIsShownOnceAndItsSecretStoredNowhere(t *testing.T) {
	s := newScene(t)
	boss := s.add("boss", hub.Admin)
	k, text, err := s.CreateKey(ctx, hubtest.Team, as(boss), " Web shop ", []apikey.Scope{apikey.TagsWrite, apikey.ContactsRead, apikey.TagsWrite})
	if err != nil {
		t.Fatal(err)
	}
	parsed, ok := apikey.Parse(text)
	if !ok || parsed.Team != hubtest.Team || parsed.ID != k.ID || !strings.HasPrefix(text.Reveal(), "ohk_test_"+k.ID+"_") {
		t.Errorf("got a text of other parts than key %s", k.ID)
	}
	list, err := s.Office.Keys(ctx, hubtest.Team)
	if err != nil || len(list) != 1 || list[0].Name != "Web shop" || strings.Join(list[0].Scopes, " ") != "contacts:read tags:write" ||
		list[0].By != "member:"+string(boss.ID) || list[0].Created != hub.MillisOf(s.Clock.Now()) || list[0].Revoked != 0 || list[0].Version != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	for _, table := range []string{s.Store().Tables.Config, s.Store().Tables.Contacts, s.Store().Tables.Ledger} {
		if strings.Contains(s.Dump(table), parsed.Secret.Reveal()) {
			t.Errorf("%s holds the secret", table)
		}
	}
	for range 2 {
		if err := s.RevokeKey(ctx, hubtest.Team, as(boss), k.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Key(ctx, hubtest.Team, k.ID); err != nil || got.Revoked != hub.MillisOf(s.Clock.Now()) || got.Version != 2 {
		t.Errorf("got %+v, %v, want it revoked once", got, err)
	}
	by := "member:" + string(boss.ID)
	got := strings.Join(s.audits(), "\n")
	for _, want := range []string{
		by + " key.create key map[name: scopes: secret:]>map[name:Web shop scopes:contacts:read tags:write secret:set] trace-1",
		by + " key.revoke key map[secret:set]>map[secret:] trace-1",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("got the audit\n%s\nwant once in it\n%s", got, want)
		}
	}
	for _, id := range []string{"", "x", strings.Repeat("a", 16), "#", strings.ToUpper(k.ID)} {
		wants(t, "revoking "+id, s.RevokeKey(ctx, hubtest.Team, operator, id), hub.NotFound, nil)
	}
	wants(t, "revoking another team's", s.RevokeKey(ctx, "other", operator, k.ID), hub.NotFound, nil)
}

func TestWhatCannotStandIsRefusedByItsField(t *testing.T) {
	s := newScene(t)
	person := func(change func(*team.NewMember)) func() error {
		n := team.NewMember{Subject: "mei", Role: hub.Agent}
		change(&n)
		return func() error { _, err := s.Add(ctx, hubtest.Team, operator, n); return err }
	}
	email := func(text string) func() error {
		return person(func(n *team.NewMember) { n.Email = hub.Personal(text) })
	}
	key := func(name string, scopes ...apikey.Scope) func() error {
		return func() error { _, _, err := s.CreateKey(ctx, hubtest.Team, operator, name, scopes); return err }
	}
	data := func(p team.DataPatch) func() error {
		return func() error { _, err := s.PatchData(ctx, hubtest.Team, operator, 0, p); return err }
	}
	text := func(v string) *string { return &v }
	for _, c := range []struct {
		field string
		do    func() error
	}{
		{"subject", person(func(n *team.NewMember) { n.Subject = "" })},
		{"subject", person(func(n *team.NewMember) { n.Subject = "a b" })},
		{"subject", person(func(n *team.NewMember) { n.Subject = "王" })},
		{"subject", person(func(n *team.NewMember) { n.Subject = hub.Personal(strings.Repeat("a", 256)) })},
		{"role", person(func(n *team.NewMember) { n.Role = "owner" })},
		{"role", person(func(n *team.NewMember) { n.Role = "" })},
		{"name", person(func(n *team.NewMember) { n.Name = "a\nb" })},
		{"name", person(func(n *team.NewMember) { n.Name = "\xff" })},
		{"name", person(func(n *team.NewMember) { n.Name = hub.Personal(strings.Repeat("王", 201)) })},
		{"email", email("mei")}, {"email", email("mei@shop")}, {"email", email("a@b@shop.tw")}, {"email", email("a b@shop.tw")}, {"email", email("@shop.tw")},
		{"email", email("mei@shop..tw")}, {"email", email("mei@-shop.tw")}, {"email", email("<mei@shop.tw>")},
		{"email", email("mei@" + strings.Repeat("a.", 125) + "tw")},
		{"name", key("", apikey.Export)}, {"scopes", key("x")}, {"scopes", key("x", "export", "admin")}, {"scopes", key("x", "EXPORT")},
		{"name", data(team.DataPatch{Name: text(" ")})}, {"time_zone", data(team.DataPatch{Zone: text("")})}, {"time_zone", data(team.DataPatch{Zone: text("Local")})},
		{"time_zone", data(team.DataPatch{Zone: text("Asia/Taipe")})}, {"time_zone", data(team.DataPatch{Zone: text("../etc/passwd")})},
		{"time_zone", data(team.DataPatch{Zone: text("posix/Asia/Taipei")})}, {"time_zone", data(team.DataPatch{Zone: text("Asia")})},
		{"language", data(team.DataPatch{Language: text("ja")})}, {"language", data(team.DataPatch{Language: text("")})},
	} {
		err := c.do()
		var invalid team.Invalid
		if hub.CodeOf(err) != hub.BadRequest || !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("got %v, want bad_request of %s", err, c.field)
		}
	}
	for _, good := range []func() error{
		email(""), person(func(n *team.NewMember) { n.Subject, n.Email = "a", "O'Neil+tag@shop.com.tw" }),
		person(func(n *team.NewMember) {
			n.Subject, n.Name = hub.Personal(strings.Repeat("a", 255)), hub.Personal(strings.Repeat("王", 200))
		}),
		person(func(n *team.NewMember) { n.Subject, n.Email = "b", "mei@例子.台灣" }),
	} {
		if err := good(); err != nil {
			t.Errorf("got %v, want it taken", err)
		}
	}
}

func TestTeamDataChangesByVersion(t *testing.T) {
	s := newScene(t)
	want := store.TeamData{Name: "Test team", Zone: "Asia/Taipei", Language: "zh-TW", Version: 1}
	if got, err := s.Data(ctx, hubtest.Team); err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	zone, language := "America/Argentina/Buenos_Aires", "en"
	want.Zone, want.Version = zone, 2
	if got, err := s.PatchData(ctx, hubtest.Team, operator, 1, team.DataPatch{Zone: &zone}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	_, err := s.PatchData(ctx, hubtest.Team, operator, 1, team.DataPatch{Language: &language})
	wants(t, "an old version", err, hub.Refused, team.ErrVersion)
	if got, err := s.PatchData(ctx, hubtest.Team, operator, 1+1, team.DataPatch{Zone: &zone}); err != nil || got != want {
		t.Errorf("got %+v, %v for a patch that changes nothing", got, err)
	}
	// A rotation of the team's key comes between, and changes none of it.
	if _, err := s.Setup.Rotate(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	want.Language, want.Version = language, 3
	if got, err := s.PatchData(ctx, hubtest.Team, operator, 0, team.DataPatch{Language: &language}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := s.Data(ctx, hubtest.Team); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, zone := range []string{"UTC", "Etc/GMT+8", "America/Port-au-Prince", "Antarctica/DumontDUrville", "Asia/Hong_Kong"} {
		if _, err := s.PatchData(ctx, hubtest.Team, operator, 0, team.DataPatch{Zone: &zone}); err != nil {
			t.Errorf("%s: %v", zone, err)
		}
	}
	if got := strings.Join(s.audits(), "\n"); strings.Count(got, "hub:operator team.patch team map[zone:Asia/Taipei]>map[zone:America/Argentina/Buenos_Aires] trace-1") != 1 {
		t.Errorf("got the audit\n%s", got)
	}
	seen, err := s.Data(ctx, hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "a version that went", s.Store().SetTeamData(ctx, store.Deed{Team: hubtest.Team}, seen.Version-1, seen), hub.Conflict, nil)
	wants(t, "a team that is none", s.Store().SetTeamData(ctx, store.Deed{Team: "nosuch"}, 1, seen), hub.Conflict, nil)
}

func TestCallThatIsRepeatedMakesOneKeyAndShowsItAgain(t *testing.T) {
	s := newScene(t)
	boss := s.add("boss", hub.Admin)
	its := s.For(team.Call{ID: strings.Repeat("a", 26), At: hub.MillisOf(s.Clock.Now()), Seed: hub.Secret(strings.Repeat("s", 32))})
	create := func() (store.APIKey, hub.Secret) {
		t.Helper()
		k, text, err := its.CreateKey(ctx, hubtest.Team, as(boss), "shop", []apikey.Scope{apikey.Export})
		if err != nil {
			t.Fatal(err)
		}
		return k, text
	}
	first, text := create()
	s.Clock.Advance(time.Hour)
	again, same := create()
	if text != same || again.ID != first.ID || again.Created != first.Created {
		t.Errorf("got %+v, want the same key: %+v", again, first)
	}
	if parsed, ok := apikey.Parse(text); !ok || parsed.ID != first.ID || !slices.Equal(parsed.Hash(), again.Hash) {
		t.Error("want the text of the key")
	}
	if list, err := s.Office.Keys(ctx, hubtest.Team); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v, want one key", list, err)
	}
	if n := strings.Count(strings.Join(s.audits(), "\n"), "key.create"); n != 1 {
		t.Errorf("got %d audit entries, want one", n)
	}
	its.Call.Seed = hub.Secret(strings.Repeat("t", 32))
	if other, its := create(); other.ID == first.ID || its == text {
		t.Error("got the same key for another call")
	}
}
