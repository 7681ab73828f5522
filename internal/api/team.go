package api

import (
	"context"
	"maps"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/store"
	"omnihub/internal/team"
	"omnihub/internal/team/apikey"
)

type teamShown struct {
	ID       hub.TeamID `json:"id"`
	Name     string     `json:"name"`
	Zone     string     `json:"time_zone"`
	Language string     `json:"language"`
	Version  int        `json:"version"`
}

func showTeamData(id hub.TeamID, d store.TeamData) answer {
	return answer{body: teamShown{id, d.Name, d.Zone, d.Language, d.Version}, version: d.Version}
}

type membership struct {
	Team   hub.TeamID   `json:"team"`
	Name   string       `json:"name"`
	Member hub.MemberID `json:"member"`
	Role   hub.Role     `json:"role"`
}

// listTeams lists the teams of which the person is an active member.
func (a *API) listTeams(ctx context.Context, c *call) (answer, error) {
	teams, err := a.Office.Teams(ctx, c.caller.Subject)
	if err != nil {
		return answer{}, err
	}
	out := list[membership]{Items: []membership{}}
	for _, id := range slices.Sorted(maps.Keys(teams)) {
		d, err := a.Office.Data(ctx, id)
		if err != nil {
			return answer{}, err
		}
		out.Items = append(out.Items, membership{id, d.Name, teams[id].ID, teams[id].Role})
	}
	return answer{body: out}, nil
}

func (a *API) showTeam(ctx context.Context, c *call) (answer, error) {
	d, err := a.Office.Data(ctx, c.team.ID)
	return showTeamData(c.team.ID, d), err
}

func (a *API) changeTeam(ctx context.Context, c *call) (answer, error) {
	var in struct {
		Name     *string `json:"name"`
		Zone     *string `json:"time_zone"`
		Language *string `json:"language"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	d, err := a.office(c).PatchData(ctx, c.team.ID, c.caller.actor(), c.match, team.DataPatch{Name: in.Name, Zone: in.Zone, Language: in.Language})
	return showTeamData(c.team.ID, d), err
}

// office is the Office for the change that a call makes.
func (a *API) office(c *call) *team.Office {
	its := team.Call{ID: c.id(), At: c.at()}
	if c.begun != nil {
		its.Seed = hub.Secret(c.begun.Secret("api key"))
	}
	return a.Office.For(its)
}

type memberShown struct {
	ID      hub.MemberID    `json:"id"`
	Subject string          `json:"subject"`
	Name    string          `json:"name"`
	Email   string          `json:"email"`
	Role    hub.Role        `json:"role"`
	State   hub.MemberState `json:"state"`
	Created *string         `json:"created_at"`
	Version int             `json:"version"`
}

func showMember(m hub.Member) memberShown {
	return memberShown{m.ID, m.Subject.Reveal(), m.Name.Reveal(), m.Email.Reveal(), m.Role, m.State, instant(m.Created), m.Version}
}

func oneMember(m hub.Member) answer { return answer{body: showMember(m), version: m.Version} }

func (a *API) listMembers(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	members, next, err := a.Office.MemberPage(ctx, c.team.ID, place, c.limit())
	return page(c, members, next, showMember), err
}

func (a *API) showMember(ctx context.Context, c *call) (answer, error) {
	m, err := a.Office.Get(ctx, c.team.ID, hub.MemberID(c.param("member")))
	return oneMember(m), err
}

// member is what is given of a member.
type memberGiven struct {
	Subject hub.Personal     `json:"subject"`
	Name    *hub.Personal    `json:"name"`
	Email   *hub.Personal    `json:"email"`
	Role    *hub.Role        `json:"role"`
	State   *hub.MemberState `json:"state"`
}

func (a *API) addMember(ctx context.Context, c *call) (answer, error) {
	var in memberGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	n := team.NewMember{Subject: in.Subject, Role: *in.Role}
	if in.Name != nil {
		n.Name = *in.Name
	}
	if in.Email != nil {
		n.Email = *in.Email
	}
	m, err := a.office(c).Add(ctx, c.team.ID, c.caller.actor(), n)
	return oneMember(m), err
}

// changeMember changes a member's data, or his state, which is a deed of its own.
func (a *API) changeMember(ctx context.Context, c *call) (answer, error) {
	var in memberGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	id, by := hub.MemberID(c.param("member")), c.caller.actor()
	if err := c.stands(c.match); err != nil { // 0 would be any
		return answer{}, err
	}
	var m hub.Member
	var err error
	if in.State != nil {
		m, err = a.office(c).SetState(ctx, c.team.ID, by, id, c.match, *in.State)
	} else {
		m, err = a.office(c).Patch(ctx, c.team.ID, by, id, c.match, team.MemberPatch{Name: in.Name, Email: in.Email, Role: in.Role})
	}
	return oneMember(m), err
}

func (a *API) removeMember(ctx context.Context, c *call) (answer, error) {
	if err := c.stands(c.match); err != nil {
		return answer{}, err
	}
	return answer{}, a.office(c).Remove(ctx, c.team.ID, c.caller.actor(), hub.MemberID(c.param("member")), c.match)
}

type keyShown struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Created *string  `json:"created_at"`
	By      string   `json:"created_by"`
	Revoked *string  `json:"revoked_at"`
}

func showKey(k store.APIKey) keyShown {
	return keyShown{k.ID, k.Name, k.Scopes, instant(k.Created), k.By, instant(k.Revoked)}
}

func (a *API) listKeys(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	keys, next, err := a.Office.KeyPage(ctx, c.team.ID, place, c.limit())
	return page(c, keys, next, showKey), err
}

// createKey answers the key's text, this once: only a hash of it is stored. A call with an
// Idempotency-Key makes one key, and answers it whenever it is repeated within the day.
func (a *API) createKey(ctx context.Context, c *call) (answer, error) {
	var in struct {
		Name   string         `json:"name"`
		Scopes []apikey.Scope `json:"scopes"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	k, text, err := a.office(c).CreateKey(ctx, c.team.ID, c.caller.actor(), in.Name, in.Scopes)
	return answer{body: struct {
		keyShown
		Key string `json:"key"`
	}{showKey(k), text.Reveal()}}, err
}

func (a *API) revokeKey(ctx context.Context, c *call) (answer, error) {
	return answer{}, a.office(c).RevokeKey(ctx, c.team.ID, c.caller.actor(), c.param("key"))
}
