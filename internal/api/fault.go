package api

import (
	"errors"
	"strings"

	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/bot"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/image"
	"omnihub/internal/settings"
	"omnihub/internal/team"
)

// obstacles are the words for what stands in the way of a change of contacts.
var obstacles = map[hub.ObstacleCode]string{
	hub.MemberIDTaken:    "Another contact has this member id. Join the two, or choose another one.",
	hub.MemberIDConflict: "The contact has another member id already, at another of its homes. Clear that first.",
	hub.Ambiguous:        "Several contacts fit. Name one of them, or join them.",
	hub.StillLinked:      "Other joins connect the two still. Undo all of them in one call.",
	hub.NeverJoin:        "Somebody has said that the two are never one person. Take that back first.",
	hub.AlreadyOne:       "The two are one contact already. Undo that first.",
	hub.WasErased:        "The person with this value was erased, and an import brings nothing back.",
}

// problemOf is the problem that an error of any use case comes to, with the fields and
// the contacts that it names.
func problemOf(err error) *problem.Problem {
	var p *problem.Problem
	var field *contact.FieldError
	var invalid team.Invalid
	var o *hub.Obstacle
	var wrong bot.Invalid
	var fault *hub.FieldFault
	var used bot.InUse
	var rule image.Rule
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &field):
		p = problem.Body(body.Pointer(fieldPlace(field.Field)), field.Detail)
	case errors.As(err, &invalid):
		p = problem.Body(body.Pointer([]string{invalid.Field}), invalid.Detail)
	case errors.As(err, &wrong):
		p = problem.Body(body.Pointer(pathOf(wrong.Field)), wrong.Detail)
	case errors.As(err, &fault):
		p = problem.Body(body.Pointer(pathOf(fault.Field)), fault.Detail)
	case errors.As(err, &rule):
		p = problem.Words(hub.BadRequest, rule.Error())
		p.Name(hub.Code(rule))
	case errors.As(err, &used):
		p = problem.New(problem.InUse)
		p.UsedBy = used.By
	case errors.Is(err, team.ErrNotAdmin):
		p = problem.New(problem.Forbidden)
	case errors.Is(err, team.ErrVersion), errors.Is(err, settings.ErrVersion), errors.Is(err, bot.ErrVersion):
		p = problem.New(problem.PreconditionFailed)
	case errors.As(err, &o):
		p = obstacle(o)
	default:
		return problem.Of(err)
	}
	p.Cause = err
	return p
}

// fieldPlace is where a field of a profile stands in a body.
func fieldPlace(field string) []string {
	if key, custom := strings.CutPrefix(field, attributeMark); custom {
		return []string{"attributes", key}
	}
	return []string{field}
}

// pathOf is the path that use cases name a field by, "cards[1].buttons[0].title", part by
// part.
func pathOf(field string) []string {
	return strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func obstacle(o *hub.Obstacle) *problem.Problem {
	p := problem.Words(hub.Refused, obstacles[o.Code])
	p.Name(hub.Code(o.Code))
	p.Contacts = o.Homes
	for _, e := range o.Edges {
		p.Joins = append(p.Joins, [2]hub.HomeID{e.A, e.B})
	}
	return p
}

// asked is an error about a value that a list was asked for, as one about its
// parameter.
func asked(err error) error {
	var field *contact.FieldError
	var fault *hub.FieldFault
	switch {
	case errors.As(err, &field):
		return problem.Parameter(field.Field, field.Detail)
	case errors.As(err, &fault):
		return problem.Parameter(fault.Field, fault.Detail)
	}
	return err
}

// noAccount is an error about an account that a body names: that there is none is not
// that the API knows no such address.
func noAccount(err error, pointer string) error {
	if hub.CodeOf(err) != hub.NotFound {
		return err
	}
	p := problem.Words(hub.Refused, "The team has no account of this id.")
	p.Errors, p.Cause = []problem.Field{{Field: pointer, Detail: "names no account"}}, err
	return p
}

// stands checks that the version that If-Match names is the one that stands.
func (c *call) stands(version int) error {
	if c.match == 0 || c.match != version {
		return problem.New(problem.PreconditionFailed)
	}
	return nil
}
