package team_test

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/team"
)

// step is one operation on one of a few people, by one of them or by the operator.
type step struct{ op, who, by, role int }

// take makes an operation. What it may not do it does not.
func (s *scene) take(x step) error {
	subject := hub.Personal(fmt.Sprintf("p%d", x.who))
	id, r := hub.NewMemberID(hubtest.Team, subject.Reveal()), hub.Roles()[x.role]
	by := operator
	if x.by > 0 {
		by = as(hub.Member{ID: hub.NewMemberID(hubtest.Team, fmt.Sprintf("p%d", x.by-1))})
	}
	var err error
	switch x.op {
	case 0:
		_, err = s.Add(ctx, hubtest.Team, by, team.NewMember{Subject: subject, Role: r})
	case 1:
		_, err = s.Patch(ctx, hubtest.Team, by, id, 0, role(r))
	case 2:
		_, err = s.SetState(ctx, hubtest.Team, by, id, 0, hub.MemberDisabled)
	case 3:
		_, err = s.SetState(ctx, hubtest.Team, by, id, 0, hub.MemberActive)
	case 4:
		err = s.Remove(ctx, hubtest.Team, by, id, 0)
	}
	switch hub.CodeOf(err) {
	case "", hub.NotFound, hub.Refused, hub.Conflict:
		return nil
	}
	return err
}

// TestSetOfAdminsIsTheActiveAdminsWhateverWasDone: after any operations, some of them at
// the same time, the set that guards the last admin is right, a team that had an admin
// has one, and the list of each person's teams is right.
func TestSetOfAdminsIsTheActiveAdminsWhateverWasDone(t *testing.T) {
	h := newScene(t)
	rapid.Check(t, func(t *rapid.T) {
		for _, m := range h.everybody() { // the next team, as it were: all but the last admin go
			_ = h.Remove(ctx, hubtest.Team, operator, m.ID, 0)
		}
		led := h.adminsAgree() > 0
		draw := func(n int, name string) int { return rapid.IntRange(0, n-1).Draw(t, name) }
		for range draw(6, "rounds") + 1 {
			var wg sync.WaitGroup
			for range draw(6, "at a time") + 1 {
				x := step{draw(5, "op"), draw(4, "who"), draw(5, "by"), draw(2, "role") * draw(2, "low")}
				wg.Go(func() {
					if err := h.take(x); err != nil {
						h.t.Errorf("%+v: %v", x, err)
					}
				})
			}
			wg.Wait()
			admins := h.adminsAgree()
			if led && admins == 0 {
				t.Fatal("the team lost its last admin")
			}
			led = admins > 0
		}
		for i := range 4 {
			subject := hub.Personal(fmt.Sprintf("p%d", i))
			_, err := h.Get(ctx, hubtest.Team, hub.NewMemberID(hubtest.Team, subject.Reveal()))
			teams, listErr := h.Store().TeamsOf(ctx, subject)
			if listErr != nil || (len(teams) == 1) != (err == nil) {
				t.Errorf("%d: got the teams %v, %v of a member that reads %v", i, teams, listErr, err)
			}
		}
	})
}

func (s *scene) everybody() []hub.Member {
	s.t.Helper()
	list, err := s.Members(ctx, hubtest.Team)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}
