package team_test

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/team"
	"omnihub/internal/team/apikey"
)

// TestChangeAndItsAuditEntryStandOrFallTogether: a process dies before or after any of
// its calls. Either all of the change is there, with one entry, or nothing is; and doing
// it again ends in the change done once.
func TestChangeAndItsAuditEntryStandOrFallTogether(t *testing.T) {
	name := "New"
	for what, c := range map[string]struct {
		do   func(o *team.Office, victim hub.Member) error
		done func(s *scene, victim hub.Member) bool
	}{
		"adds": {func(o *team.Office, _ hub.Member) error {
			_, err := o.Add(ctx, hubtest.Team, operator, team.NewMember{Subject: "new", Role: hub.Admin})
			return err
		}, func(s *scene, _ hub.Member) bool { _, err := s.Member(ctx, hubtest.Team, "new"); return err == nil }},
		"patches": {func(o *team.Office, v hub.Member) error {
			_, err := o.Patch(ctx, hubtest.Team, operator, v.ID, 0, role(hub.Agent))
			return err
		}, func(s *scene, v hub.Member) bool { m, _ := s.Get(ctx, hubtest.Team, v.ID); return m.Role == hub.Agent }},
		"disables": {func(o *team.Office, v hub.Member) error {
			_, err := o.SetState(ctx, hubtest.Team, operator, v.ID, 0, hub.MemberDisabled)
			return err
		}, func(s *scene, v hub.Member) bool {
			m, _ := s.Get(ctx, hubtest.Team, v.ID)
			return m.State == hub.MemberDisabled
		}},
		"removes": {func(o *team.Office, v hub.Member) error {
			err := o.Remove(ctx, hubtest.Team, operator, v.ID, 0)
			if hub.CodeOf(err) == hub.NotFound {
				err = nil
			}
			return err
		}, func(s *scene, v hub.Member) bool { _, err := s.Get(ctx, hubtest.Team, v.ID); return err != nil }},
		"renames": {func(o *team.Office, _ hub.Member) error {
			_, err := o.PatchData(ctx, hubtest.Team, operator, 0, team.DataPatch{Name: &name})
			return err
		}, func(s *scene, _ hub.Member) bool { d, _ := s.Data(ctx, hubtest.Team); return d.Name == name }},
		"revokes": {func(o *team.Office, _ hub.Member) error {
			keys, err := o.Keys(ctx, hubtest.Team)
			if err != nil {
				return err
			}
			return o.RevokeKey(ctx, hubtest.Team, operator, keys[0].ID)
		}, func(s *scene, _ hub.Member) bool {
			keys, _ := s.Office.Keys(ctx, hubtest.Team)
			return keys[0].Revoked != 0
		}},
	} {
		for _, calls := range []int{1, 2} { // a look and the transaction
			for _, after := range []bool{false, true} {
				s := newScene(t)
				s.add("boss", hub.Admin)
				victim := s.add("victim", hub.Admin)
				if _, _, err := s.CreateKey(ctx, hubtest.Team, operator, "shop", []apikey.Scope{apikey.Export}); err != nil {
					t.Fatal(err)
				}
				before := len(s.audits())
				first := c.do(office(s.Hub, s.As("dying", hubtest.Cut(calls, after))), victim)
				written := len(s.audits()) - before
				if done := c.done(s, victim); done != (written == 1) || written > 1 || first == nil && !done {
					t.Errorf("%s, cut at %d (after: %v): got done %v with %d entries, %v", what, calls, after, done, written, first)
				}
				if err := c.do(s.Office, victim); err != nil {
					t.Errorf("%s again: %v", what, err)
				}
				if got := len(s.audits()) - before; got != 1 || !c.done(s, victim) {
					t.Errorf("%s, cut at %d (after: %v) and done again: got %d entries, want 1", what, calls, after, got)
				}
				s.adminsAgree()
			}
		}
	}
}

// TestRightIsHeldUntilTheChangeIsDone: an admin is disabled between the look at his right
// and the write.
func TestRightIsHeldUntilTheChangeIsDone(t *testing.T) {
	s := newScene(t)
	boss, victim := s.add("boss", hub.Admin), s.add("victim", hub.Agent)
	s.add("another", hub.Admin)
	seen, err := s.Get(ctx, hubtest.Team, victim.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetState(ctx, hubtest.Team, operator, boss.ID, 0, hub.MemberDisabled); err != nil {
		t.Fatal(err)
	}
	next := seen
	next.Role, next.Version = hub.Supervisor, 2
	d := deedOf(boss)
	wants(t, "a member", s.Store().ChangeMember(ctx, d, &seen, &next), hub.Conflict, nil)
	wants(t, "a key", s.Store().PutAPIKey(ctx, d, keyOf("a")), hub.Conflict, nil)
	data, err := s.Data(ctx, hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the data", s.Store().SetTeamData(ctx, d, data.Version, data), hub.Conflict, nil)
	if got := len(s.audits()); got != 4 {
		t.Errorf("got %d audit entries, want none beside the 4 before", got)
	}
}

// TestWhatWasSeenHasToStand: between the look at a member and the write somebody else
// changed him, or removed him and added him again.
func TestWhatWasSeenHasToStand(t *testing.T) {
	s := newScene(t)
	boss, m := s.add("boss", hub.Admin), s.add("mei", hub.Agent)
	for what, change := range map[string]func(*hub.Member){
		"version": func(m *hub.Member) { m.Version++ }, "time of creation": func(m *hub.Member) { m.Created-- },
		"role": func(m *hub.Member) { m.Role = hub.Marketer }, "state": func(m *hub.Member) { m.State = hub.MemberDisabled },
	} {
		seen, next := m, m
		change(&seen)
		next.Version = 9
		wants(t, "a change over another "+what, s.Store().ChangeMember(ctx, deedOf(boss), &seen, &next), hub.Conflict, nil)
		wants(t, "a removal of another "+what, s.Store().ChangeMember(ctx, deedOf(boss), &seen, nil), hub.Conflict, nil)
	}
	wants(t, "a second addition", s.Store().ChangeMember(ctx, deedOf(boss), nil, &m), hub.Conflict, nil)
	if got, err := s.Get(ctx, hubtest.Team, m.ID); err != nil || got != m || len(s.audits()) != 2 {
		t.Errorf("got %+v, %v and %d audit entries, want nothing written", got, err, len(s.audits()))
	}
}
