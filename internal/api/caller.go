package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"omnihub/internal/api/problem"
	"omnihub/internal/apigw"
	"omnihub/internal/hub"
	"omnihub/internal/team/apikey"
)

// caller is who calls: a person with a token of the identity provider, and, where a
// team is named, the member of it that he is; or a program with a key of the team.
type caller struct {
	Subject hub.Personal // of a person
	member  hub.Member   // of a person, with ForMembers
	key     string       // of a program
	scopes  []string
}

// actor is who the caller is in facts and in the audit.
func (c caller) actor() hub.Actor {
	if c.key != "" {
		return hub.Actor{Kind: hub.ActorProgram, ID: c.key}
	}
	return hub.Actor{Kind: hub.ActorMember, ID: string(c.member.ID)}
}

// sees tells whether the caller may read what a scope lets read: a member whom a route
// serves may, and a program whose key has the scope. A key that may only write is told
// the ids of what it has written, and nothing that it has not given itself.
func (c *call) sees(s apikey.Scope) bool {
	return c.caller.key == "" || slices.Contains(c.caller.scopes, string(s))
}

// written is what a program is told that may not read.
type written struct {
	ID string `json:"id"`
}

// programCalls is how often within a second the programs of a team may call.
const programCalls = 40

// admit sees who calls and whether he may call the route. Nothing of it rests on what a
// client could write into a header: the gateway's authorizer vouches for the caller. To
// whom the team does not know it answers as of a team that there is not.
func (a *API) admit(ctx context.Context, c *call, s *served, r *http.Request) error {
	who := apigw.CallerOf(r.Context())
	switch {
	case s.Access == ForAll:
		return nil
	case s.open:
		return a.admitProgram(ctx, c, who.Context)
	}
	subject := who.Claims["sub"]
	// An ID token tells a program who somebody is; it is not made to open an API.
	if use := who.Claims["token_use"]; subject == "" || use != "" && use != "access" {
		return problem.New(problem.Unauthorized)
	}
	c.caller.Subject = hub.Personal(subject)
	if s.Access == ForPeople {
		return nil
	}
	team := hub.TeamID(c.param("team"))
	if !team.Valid() {
		return problem.New(hub.NotFound)
	}
	var err error
	if c.caller.member, err = a.Office.Member(ctx, team, c.caller.Subject); err != nil {
		return err
	}
	if c.team, err = a.Settings.Team(ctx, team); err != nil {
		return err
	}
	if !slices.Contains(s.Roles, c.caller.member.Role) {
		return problem.New(problem.Forbidden)
	}
	return nil
}

func (a *API) admitProgram(ctx context.Context, c *call, granted map[string]any) (err error) {
	team, _ := granted["team"].(string)
	key, _ := granted["key"].(string)
	scopes, _ := granted["scopes"].(string)
	if team == "" || key == "" {
		return problem.New(problem.Unauthorized)
	}
	if team != c.param("team") {
		return problem.New(hub.NotFound)
	}
	if c.team, err = a.Settings.Team(ctx, hub.TeamID(team)); err != nil {
		return err
	}
	c.caller = caller{key: key, scopes: strings.Fields(scopes)}
	if err := a.Store.Take(ctx, c.team.ID, c.now, programCalls); err != nil {
		return err
	}
	if !slices.Contains(c.caller.scopes, c.route.Scope) {
		return problem.New(problem.Forbidden)
	}
	return nil
}
