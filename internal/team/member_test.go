package team_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/team"
	"omnihub/internal/team/apikey"
)

var (
	ctx      = hub.WithTrace(context.Background(), "trace-1")
	operator = hub.Actor{Kind: hub.ActorHub, ID: "operator"}
)

// scene is the office of a hub with the teams test and other.
type scene struct {
	*hubtest.Hub
	*team.Office
	t testing.TB
}

func newScene(t testing.TB) *scene {
	h := hubtest.New(t)
	if err := h.Setup.Team(ctx, "other", "Other team"); err != nil {
		t.Fatal(err)
	}
	return &scene{h, office(h, h.Store), t}
}

func office(h *hubtest.Hub, st *store.Store) *team.Office {
	return &team.Office{Store: st, Settings: settings.NewReader(h.Store, h.Keyring, h.Clock.Now), Now: h.Clock.Now}
}

func (s *scene) add(subject string, role hub.Role) hub.Member {
	s.t.Helper()
	n := team.NewMember{Subject: hub.Personal(subject), Name: hub.Personal("Name of " + subject), Email: hub.Personal(subject + "@shop.example"), Role: role}
	m, err := s.Add(ctx, hubtest.Team, operator, n)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func as(m hub.Member) hub.Actor { return hub.Actor{Kind: hub.ActorMember, ID: string(m.ID)} }

func role(r hub.Role) team.MemberPatch { return team.MemberPatch{Role: &r} }

// wants checks the code and the cause of an error.
func wants(t *testing.T, what string, err error, code hub.Code, cause error) {
	t.Helper()
	if hub.CodeOf(err) != code || cause != nil && !errors.Is(err, cause) {
		t.Errorf("%s: got %v, want %s, %v", what, err, code, cause)
	}
}

// audits are the entries of the day, as "actor action target was>now".
func (s *scene) audits() []string {
	s.t.Helper()
	list, _, err := s.Hub.Store.Audits(ctx, hubtest.Team, store.Day(hub.MillisOf(s.Clock.Now())), "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, a := range list {
		target, _, _ := strings.Cut(a.Target, "/")
		lines = append(lines, fmt.Sprintf("%s %s %s %v>%v %s", a.Actor, a.Action, target, a.Before, a.After, a.Trace))
	}
	return lines
}

// adminsAgree is the rule that the set of admins is the set of active admins.
func (s *scene) adminsAgree() (count int) {
	s.t.Helper()
	set, err := s.Hub.Store.Admins(ctx, hubtest.Team)
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := s.Members(ctx, hubtest.Team)
	if err != nil {
		s.t.Fatal(err)
	}
	var active []hub.MemberID
	for _, m := range list {
		if m.Role == hub.Admin && m.State == hub.MemberActive {
			active = append(active, m.ID)
		}
	}
	if fmt.Sprint(set) != fmt.Sprint(active) {
		s.t.Fatalf("got the set of admins %v, want %v", set, active)
	}
	return len(active)
}

func TestMemberIsKeptThroughItsLife(t *testing.T) {
	s := newScene(t)
	boss := s.add("boss", hub.Admin)
	m, err := s.Add(ctx, hubtest.Team, as(boss), team.NewMember{Subject: "auth0|mei", Name: "  王美 ", Email: "Mei@Shop.Example", Role: hub.Agent})
	want := hub.Member{ID: hub.NewMemberID(hubtest.Team, "auth0|mei"), Subject: "auth0|mei", Name: "王美", Email: "mei@shop.example",
		Role: hub.Agent, State: hub.MemberActive, Created: hub.MillisOf(s.Clock.Now()), Version: 1}
	if err != nil || m != want {
		t.Fatalf("got %+v, %v, want %+v", m, err, want)
	}
	if got, err := s.Get(ctx, hubtest.Team, m.ID); err != nil || got != want {
		t.Errorf("got %+v, %v, want it read back", got, err)
	}
	if got, err := s.Member(ctx, hubtest.Team, "auth0|mei"); err != nil || got != want {
		t.Errorf("got %+v, %v for the caller, want it", got, err)
	}
	empty, supervisor := hub.Personal(""), hub.Supervisor
	if m, err = s.Patch(ctx, hubtest.Team, as(boss), m.ID, 1, team.MemberPatch{Email: &empty, Role: &supervisor}); err != nil || m.Version != 2 || m.Email != "" || m.Role != supervisor {
		t.Fatalf("got %+v, %v after the patch", m, err)
	}
	if m, err = s.Patch(ctx, hubtest.Team, as(boss), m.ID, 2, team.MemberPatch{Role: &supervisor}); err != nil || m.Version != 2 {
		t.Errorf("got %+v, %v for a patch that changes nothing", m, err)
	}
	if m, err = s.SetState(ctx, hubtest.Team, as(boss), m.ID, 0, hub.MemberDisabled); err != nil || m.State != hub.MemberDisabled {
		t.Fatalf("got %+v, %v", m, err)
	}
	_, err = s.Member(ctx, hubtest.Team, "auth0|mei")
	wants(t, "a disabled caller", err, hub.NotFound, nil)
	if teams, err := s.Teams(ctx, "auth0|mei"); err != nil || len(teams) != 0 {
		t.Errorf("got the teams %v, %v of a disabled member, want none", teams, err)
	}
	if m, err = s.SetState(ctx, hubtest.Team, as(boss), m.ID, 3, hub.MemberActive); err != nil || m.Version != 4 {
		t.Fatalf("got %+v, %v", m, err)
	}
	if teams, err := s.Teams(ctx, "auth0|mei"); err != nil || len(teams) != 1 || teams[hubtest.Team] != m {
		t.Errorf("got the teams %v, %v, want this one", teams, err)
	}
	wants(t, "a removal at an old version", s.Remove(ctx, hubtest.Team, as(boss), m.ID, 3), hub.Refused, team.ErrVersion)
	if err := s.Remove(ctx, hubtest.Team, as(boss), m.ID, 4); err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(ctx, hubtest.Team, m.ID)
	wants(t, "a removed member", err, hub.NotFound, nil)
	if teams, err := s.Store().TeamsOf(ctx, "auth0|mei"); err != nil || len(teams) != 0 {
		t.Errorf("got the list of teams %v, %v, want none", teams, err)
	}
	hash := func(v string) string { return s.Team.Pepper.Value("audit", v) }
	by := "member:" + string(boss.ID)
	wantAudit := []string{
		by + " member.add member map[email: name: role: state: subject:]>map[email:" + hash("mei@shop.example") + " name:" + hash("王美") +
			" role:agent state:active subject:" + hash("auth0|mei") + "] trace-1",
		by + " member.patch member map[email:" + hash("mei@shop.example") + " role:agent]>map[email: role:supervisor] trace-1",
		by + " member.disable member map[state:active]>map[state:disabled] trace-1",
		by + " member.enable member map[state:disabled]>map[state:active] trace-1",
		by + " member.remove member map[name:" + hash("王美") + " role:supervisor state:active subject:" + hash("auth0|mei") + "]>map[name: role: state: subject:] trace-1",
	}
	got := strings.Join(s.audits(), "\n")
	for _, line := range wantAudit {
		if strings.Count(got, line) != 1 {
			t.Errorf("got the audit\n%s\nwant in it\n%s", got, line)
		}
	}
	if n := len(s.audits()); n != len(wantAudit)+1 {
		t.Errorf("got %d audit entries, want %d and the boss's", n, len(wantAudit))
	}
	contacts := s.Dump(s.Store().Tables.Contacts)
	for _, personal := range []string{"mei@shop", "王美", "auth0|mei"} {
		if strings.Contains(contacts, personal) {
			t.Errorf("the audit holds %q in clear", personal)
		}
	}
	if s.adminsAgree() != 1 {
		t.Error("want one admin")
	}
}

// Store is the hub's.
func (s *scene) Store() *store.Store { return s.Hub.Store }

func TestPersonIsAddedOnce(t *testing.T) {
	s := newScene(t)
	m := s.add("mei", hub.Agent)
	s.Clock.Advance(1e9)
	if again := s.add("mei", hub.Agent); again != m {
		t.Errorf("got %+v, want %+v as it was", again, m)
	}
	_, err := s.Add(ctx, hubtest.Team, operator, team.NewMember{Subject: "mei", Name: "Name of mei", Email: "mei@shop.example", Role: hub.Admin})
	wants(t, "with another role", err, hub.Refused, team.ErrMember)
	if len(s.audits()) != 1 {
		t.Errorf("got the audit %v, want one entry", s.audits())
	}
}

func TestOnlyActiveAdminsChangeMembersKeysAndData(t *testing.T) {
	s := newScene(t)
	boss, victim := s.add("boss", hub.Admin), s.add("victim", hub.Agent)
	s.add("another", hub.Admin)
	if _, err := s.Add(ctx, "other", operator, team.NewMember{Subject: "stranger", Role: hub.Admin}); err != nil {
		t.Fatal(err)
	}
	off := s.add("off", hub.Admin)
	if _, err := s.SetState(ctx, hubtest.Team, as(boss), off.ID, 0, hub.MemberDisabled); err != nil {
		t.Fatal(err)
	}
	callers := map[string]hub.Actor{
		"a disabled admin": as(off), "an admin of another team": as(hub.Member{ID: hub.NewMemberID("other", "stranger")}),
		"nobody": {Kind: hub.ActorMember, ID: "x"}, "a program": {Kind: hub.ActorProgram, ID: string(boss.ID)}, "no kind": {ID: "operator"},
	}
	for _, r := range hub.Roles()[1:] {
		callers[string(r)] = as(s.add("a-"+string(r), r))
	}
	before := s.Dump(s.Store().Tables.Config) + s.Dump(s.Store().Tables.Contacts)
	name := "New"
	for who, by := range callers {
		for what, do := range changes(s, by, victim, name) {
			wants(t, who+" "+what, do(), hub.Refused, team.ErrNotAdmin)
		}
	}
	if after := s.Dump(s.Store().Tables.Config) + s.Dump(s.Store().Tables.Contacts); after != before {
		t.Error("something was written")
	}
	for what, do := range changes(s, as(boss), victim, name) {
		if err := do(); err != nil && hub.CodeOf(err) != hub.NotFound { // removed before it
			t.Errorf("an admin %s: %v", what, err)
		}
	}
}

// changes are all changes, by somebody.
func changes(s *scene, by hub.Actor, victim hub.Member, name string) map[string]func() error {
	return map[string]func() error{
		"adds": func() error {
			_, err := s.Add(ctx, hubtest.Team, by, team.NewMember{Subject: "new", Role: hub.Agent})
			return err
		},
		"patches": func() error {
			_, err := s.Patch(ctx, hubtest.Team, by, victim.ID, 0, role(hub.Marketer))
			return err
		},
		"disables": func() error {
			_, err := s.SetState(ctx, hubtest.Team, by, victim.ID, 0, hub.MemberDisabled)
			return err
		},
		"removes": func() error { return s.Remove(ctx, hubtest.Team, by, victim.ID, 0) },
		"makes a key": func() error {
			_, _, err := s.CreateKey(ctx, hubtest.Team, by, "shop", []apikey.Scope{apikey.Export})
			return err
		},
		"revokes a key": func() error { return s.RevokeKey(ctx, hubtest.Team, by, strings.Repeat("a", 16)) },
		"renames": func() error {
			_, err := s.PatchData(ctx, hubtest.Team, by, 0, team.DataPatch{Name: &name})
			return err
		},
	}
}

func TestLastActiveAdminStays(t *testing.T) {
	s := newScene(t)
	boss, off := s.add("boss", hub.Admin), s.add("off", hub.Admin)
	if _, err := s.SetState(ctx, hubtest.Team, as(boss), off.ID, 0, hub.MemberDisabled); err != nil {
		t.Fatal(err)
	}
	for _, by := range []hub.Actor{as(boss), operator} {
		_, err := s.Patch(ctx, hubtest.Team, by, boss.ID, 0, role(hub.Agent))
		wants(t, "demoted", err, hub.Refused, team.ErrLastAdmin)
		_, err = s.SetState(ctx, hubtest.Team, by, boss.ID, 0, hub.MemberDisabled)
		wants(t, "disabled", err, hub.Refused, team.ErrLastAdmin)
		wants(t, "removed", s.Remove(ctx, hubtest.Team, by, boss.ID, 0), hub.Refused, team.ErrLastAdmin)
	}
	// The disabled one may go: he is not among the active ones.
	if err := s.Remove(ctx, hubtest.Team, as(boss), off.ID, 0); err != nil || s.adminsAgree() != 1 {
		t.Errorf("got %v", err)
	}
}

func TestOfFiftyParallelDemotionsOfTwoAdminsOneStays(t *testing.T) {
	s := newScene(t)
	both := []hub.Member{s.add("anna", hub.Admin), s.add("ben", hub.Admin)}
	agent, errs := hub.Agent, make([]error, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			by := []hub.Actor{as(both[0]), as(both[1]), operator}[i%3]
			_, errs[i] = s.Patch(ctx, hubtest.Team, by, both[i/3%2].ID, 0, team.MemberPatch{Role: &agent})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil && hub.CodeOf(err) != hub.Refused && hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%d: %v", i, err)
		}
	}
	if got := s.adminsAgree(); got != 1 {
		t.Errorf("got %d admins, want 1", got)
	}
	if got := len(s.audits()); got != 3 {
		t.Errorf("got %d audit entries, want those of two additions and one demotion", got)
	}
}

func TestIdsOfAnotherTeamAreAsMissingOnes(t *testing.T) {
	s := newScene(t)
	s.add("boss", hub.Admin)
	theirs, err := s.Add(ctx, "other", operator, team.NewMember{Subject: "them", Role: hub.Agent})
	if err != nil {
		t.Fatal(err)
	}
	_, missing := s.Get(ctx, hubtest.Team, hub.NewMemberID(hubtest.Team, "nobody"))
	for _, id := range []hub.MemberID{theirs.ID, "", "TEAM", "#", hub.MemberID(strings.Repeat("a", 5000))} {
		_, get := s.Get(ctx, hubtest.Team, id)
		_, patch := s.Patch(ctx, hubtest.Team, operator, id, 0, role(hub.Agent))
		for _, err := range []error{get, patch, s.Remove(ctx, hubtest.Team, operator, id, 0)} {
			if hub.CodeOf(err) != hub.CodeOf(missing) {
				t.Errorf("%.30s: got %v, want %v", id, err, missing)
			}
		}
	}
	for _, id := range []hub.TeamID{"nosuch", "", "OTHER", "test#x"} {
		_, err := s.Member(ctx, id, "them")
		wants(t, "team "+string(id), err, hub.NotFound, nil)
		_, err = s.Add(ctx, id, operator, team.NewMember{Subject: "them", Role: hub.Agent})
		wants(t, "team "+string(id), err, hub.NotFound, nil)
	}
	if teams, err := s.Teams(ctx, "them"); err != nil || len(teams) != 1 {
		t.Errorf("got %v, %v, want the other team", teams, err)
	}
}
