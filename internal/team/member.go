package team

import (
	"cmp"
	"context"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// NewMember is a person who is to become a member.
type NewMember struct {
	Subject hub.Personal // the provider's name of the person, 1 to 255 visible ASCII characters
	Name    hub.Personal // at most 200 characters; may be empty
	Email   hub.Personal // may be empty
	Role    hub.Role
}

// MemberPatch changes the fields that are not nil.
type MemberPatch struct {
	Name, Email *hub.Personal
	Role        *hub.Role
}

// Member is the caller of an API request: the active member whom the provider calls
// subject, read consistently. NotFound if there is none, or if he is disabled.
func (o *Office) Member(ctx context.Context, team hub.TeamID, subject hub.Personal) (hub.Member, error) {
	if !team.Valid() || !subjectForm.MatchString(subject.Reveal()) {
		return hub.Member{}, absent("read member", "member")
	}
	m, err := o.Store.Member(ctx, team, hub.NewMemberID(team, subject.Reveal()))
	if err == nil && m.State != hub.MemberActive {
		return hub.Member{}, absent("read member", "member")
	}
	return m, err
}

// Teams are the teams of which somebody is an active member, in order, with him as a
// member of each.
func (o *Office) Teams(ctx context.Context, subject hub.Personal) (map[hub.TeamID]hub.Member, error) {
	ids, err := o.Store.TeamsOf(ctx, subject)
	if err != nil {
		return nil, err
	}
	teams := map[hub.TeamID]hub.Member{}
	for _, id := range ids {
		m, err := o.Member(ctx, id, subject)
		if hub.CodeOf(err) == hub.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		teams[id] = m
	}
	return teams, nil
}

// Members are all members of a team, disabled ones too, by their ids.
func (o *Office) Members(ctx context.Context, team hub.TeamID) ([]hub.Member, error) {
	return o.Store.Members(ctx, team)
}

// MemberPage is a page of Members: at most limit after an id ("" = from the first), and
// the place to go on after, "" = there is no more.
func (o *Office) MemberPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]hub.Member, string, error) {
	return o.Store.MemberPage(ctx, team, after, limit)
}

// Get is a member by id, disabled or not.
func (o *Office) Get(ctx context.Context, team hub.TeamID, id hub.MemberID) (hub.Member, error) {
	if !memberForm.MatchString(string(id)) {
		return hub.Member{}, absent("read member", "member")
	}
	return o.Store.Member(ctx, team, id)
}

// Add makes a person an active member. Somebody who is one already just so stays as he is
// and is the answer; Refused with ErrMember if he is one otherwise. Errors: BadRequest
// with Invalid, Refused with ErrNotAdmin, Conflict if other changes kept coming between.
func (o *Office) Add(ctx context.Context, team hub.TeamID, by hub.Actor, n NewMember) (hub.Member, error) {
	if !subjectForm.MatchString(n.Subject.Reveal()) {
		return hub.Member{}, invalid("subject", "has 1 to %d visible ASCII characters", maxSubject)
	}
	m := hub.Member{ID: hub.NewMemberID(team, n.Subject.Reveal()), Subject: n.Subject, State: hub.MemberActive, Version: 1}
	m, err := MemberPatch{Name: &n.Name, Email: &n.Email, Role: &n.Role}.over(m)
	if err != nil {
		return m, err
	}
	err = o.change(ctx, team, by, "member.add", func(a act) error {
		stands, err := o.Store.Member(ctx, team, m.ID)
		switch {
		case err == nil:
			like := m
			like.Created, like.Version = stands.Created, stands.Version
			if stands != like {
				return forbid("add member", ErrMember)
			}
			m = stands
			return nil
		case hub.CodeOf(err) != hub.NotFound:
			return err
		}
		m.Created = hub.MillisOf(o.Now())
		return a.member(ctx, nil, &m)
	})
	return m, err
}

// Patch changes a member's name, address or role. Version is the one that has to stand;
// 0 = any. Errors: as of Add, NotFound, Refused with ErrVersion, or with ErrLastAdmin.
// The provider is told nothing of a new address.
func (o *Office) Patch(ctx context.Context, team hub.TeamID, by hub.Actor, id hub.MemberID, version int, p MemberPatch) (hub.Member, error) {
	return o.move(ctx, team, by, "member.patch", id, version, p.over)
}

// SetState enables a member, or disables him: from his next request on he is as nobody to
// the team. Errors: as of Patch.
func (o *Office) SetState(ctx context.Context, team hub.TeamID, by hub.Actor, id hub.MemberID, version int, to hub.MemberState) (hub.Member, error) {
	action := "member.enable"
	if to == hub.MemberDisabled {
		action = "member.disable"
	}
	return o.move(ctx, team, by, action, id, version, func(m hub.Member) (hub.Member, error) {
		if to != hub.MemberActive && to != hub.MemberDisabled {
			return m, invalid("state", "is %s or %s", hub.MemberActive, hub.MemberDisabled)
		}
		m.State = to
		return m, nil
	})
}

// Remove takes a member out of the team. What he did stays under his id, which he has
// again if he comes back. Errors: as of Patch.
func (o *Office) Remove(ctx context.Context, team hub.TeamID, by hub.Actor, id hub.MemberID, version int) error {
	return o.change(ctx, team, by, "member.remove", func(a act) error {
		seen, err := o.seen(ctx, team, id, version)
		if err != nil {
			return err
		}
		return a.member(ctx, &seen, nil)
	})
}

func (o *Office) move(ctx context.Context, team hub.TeamID, by hub.Actor, action string, id hub.MemberID, version int,
	over func(hub.Member) (hub.Member, error)) (m hub.Member, err error) {
	err = o.change(ctx, team, by, action, func(a act) error {
		seen, err := o.seen(ctx, team, id, version)
		if err != nil {
			return err
		}
		if m, err = over(seen); err != nil || m == seen {
			return err
		}
		m.Version++
		return a.member(ctx, &seen, &m)
	})
	return m, err
}

// seen is a member as he stands, at a version.
func (o *Office) seen(ctx context.Context, team hub.TeamID, id hub.MemberID, version int) (hub.Member, error) {
	m, err := o.Get(ctx, team, id)
	if err == nil && version != 0 && m.Version != version {
		err = forbid("change member", ErrVersion)
	}
	return m, err
}

// member writes a member as he is to stand over what was seen.
func (a act) member(ctx context.Context, seen, next *hub.Member) error {
	who := cmp.Or(next, seen)
	d := a.deed(ctx, "member/"+string(who.ID), who.Version, written(a.team, seen), written(a.team, next))
	return a.Store.ChangeMember(ctx, d, seen, next)
}

// written is a member as the audit has him.
func written(t *settings.Team, m *hub.Member) map[string]string {
	if m == nil {
		return nil
	}
	fields := map[string]string{"role": string(m.Role), "state": string(m.State)}
	for field, v := range map[string]hub.Personal{"subject": m.Subject, "name": m.Name, "email": m.Email} {
		if v != "" {
			fields[field] = t.Pepper.Value("audit", v.Reveal())
		}
	}
	return fields
}

// over is a member with what a patch changes of him, checked.
func (p MemberPatch) over(m hub.Member) (hub.Member, error) {
	if p.Name != nil {
		name, err := line("name", p.Name.Reveal(), maxName)
		if err != nil {
			return m, err
		}
		m.Name = hub.Personal(name)
	}
	if p.Email != nil {
		email, err := address(p.Email.Reveal())
		if err != nil {
			return m, err
		}
		m.Email = email
	}
	if p.Role != nil {
		if !slices.Contains(hub.Roles(), *p.Role) {
			return m, invalid("role", "is one of %v", hub.Roles())
		}
		m.Role = *p.Role
	}
	return m, nil
}
