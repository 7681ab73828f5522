// Package team keeps who may use the hub for a team: its members with their roles, the
// keys of its programs, and what the team says of itself.
//
// A member is a person whom the identity provider knows: Subject is the claim "sub" of
// his token, and the provider alone says who he is, with which password or second factor.
// There are no invitations: an admin enters the subject that the provider shows of the
// person.
package team

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// What forbids a change, as the cause of an error with the code Refused.
var (
	// ErrNotAdmin: only an active admin changes members, keys and team data. So nobody
	// grants a role above his own, and nobody changes a member above him.
	ErrNotAdmin = errors.New("only an active admin of the team may do this")
	// ErrLastAdmin: the team would have no active admin.
	ErrLastAdmin = store.ErrLastAdmin
	// ErrMember: the person is a member already, and as another than is asked for.
	ErrMember = errors.New("the person is a member of the team already")
	// ErrVersion: the version that was asked for does not stand.
	ErrVersion = errors.New("another version stands")
)

// Invalid is a value that cannot stand in a field, as the cause of an error with the code
// BadRequest.
type Invalid struct {
	Field  string // as the API calls it: "email"
	Detail string
}

func (i Invalid) Error() string { return i.Field + " " + i.Detail }

// Office changes and reads it. Each change is written with its audit entry in one
// transaction, in which personal values stand as hashes and which bears the context's
// trace. It is safe for concurrent use.
//
// Methods take who makes a change. They answer NotFound where there is no such team, or
// no such thing in it: for an id of another team, too.
type Office struct {
	Store    *store.Store
	Settings *settings.Reader
	Now      func() time.Time
	// Call names the call that a copy of the Office makes its one change for; the zero
	// one = each change is its own.
	Call Call
}

// Call is a call that may be repeated. What the Office does for it bears its id and its
// time, so that who repeats it finds what it did.
type Call struct {
	ID   string // of its audit entry
	At   hub.Millis
	Seed hub.Secret // 160 bits, of which a key is made; "" = keys are random
}

// For is the Office for a call.
func (o *Office) For(c Call) *Office {
	its := *o
	its.Call = c
	return &its
}

// act is one try of a change, after everything was read anew.
type act struct {
	*Office
	team   *settings.Team
	by     hub.Actor
	admin  hub.MemberID
	action string
}

// change makes a change for somebody who may, until nobody else's comes between.
func (o *Office) change(ctx context.Context, team hub.TeamID, by hub.Actor, action string, try func(act) error) error {
	t, err := o.Settings.Team(ctx, team)
	if err != nil {
		return err
	}
	return settings.Settle(func() error {
		admin, err := o.right(ctx, team, by)
		if err != nil {
			return err
		}
		return try(act{Office: o, team: t, by: by, admin: admin, action: action})
	})
}

// right is the member whose right a change takes; none for the operator.
func (o *Office) right(ctx context.Context, team hub.TeamID, by hub.Actor) (hub.MemberID, error) {
	if by.Kind == hub.ActorHub {
		return "", nil
	}
	if by.Kind == hub.ActorMember && memberForm.MatchString(by.ID) {
		m, err := o.Store.Member(ctx, team, hub.MemberID(by.ID))
		if err != nil && hub.CodeOf(err) != hub.NotFound {
			return "", err
		}
		if err == nil && m.Role == hub.Admin && m.State == hub.MemberActive {
			return m.ID, nil
		}
	}
	return "", forbid("change", ErrNotAdmin)
}

// deed is the change as it is written down: what of the fields changed, before and after.
func (a act) deed(ctx context.Context, target string, version int, before, after map[string]string) store.Deed {
	at, id := hub.MillisOf(a.Now()), a.Call.ID
	if id != "" {
		at = a.Call.At
	} else {
		id = hub.Digest("audit", string(a.team.ID), a.action, target, strconv.Itoa(version), strconv.FormatInt(int64(at), 10))[:26]
	}
	was, is := map[string]string{}, map[string]string{}
	for _, field := range slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))) {
		if before[field] != after[field] {
			was[field], is[field] = before[field], after[field]
		}
	}
	return store.Deed{Team: a.team.ID, Admin: a.admin, Audit: hub.Audit{
		ID: id, Actor: a.by, Action: a.action, Target: target, At: at, Trace: hub.TraceOf(ctx), Before: was, After: is,
	}}
}

func forbid(op string, cause error) error { return hub.E(hub.Refused, "team: "+op, cause) }

func absent(op, what string) error {
	return hub.E(hub.NotFound, "team: "+op, fmt.Errorf("no such %s", what))
}

func invalid(field, format string, args ...any) error {
	return hub.E(hub.BadRequest, "team: check", Invalid{field, fmt.Sprintf(format, args...)})
}

const (
	maxName    = 200 // characters
	maxEmail   = 254 // bytes: RFC 5321, section 4.5.3.1.3
	maxSubject = 255 // https://openid.net/specs/openid-connect-core-1_0.html#IDToken
)

var (
	memberForm  = regexp.MustCompile(`^[a-z2-7]{26}$`)
	subjectForm = regexp.MustCompile(`^[!-~]{1,255}$`)
	emailForm   = regexp.MustCompile(`^[^\s@<>()\[\]\\,;:"]{1,64}@([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$`)
)

// line is a text of one line without the space around it.
func line(field, text string, most int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", invalid(field, "has to be text of one line")
	case utf8.RuneCountInString(text) > most:
		return "", invalid(field, "has at most %d characters", most)
	}
	return text, nil
}

// address is a plausible e-mail address in small letters, or nothing.
func address(text string) (hub.Personal, error) {
	text, err := line("email", strings.ToLower(text), maxEmail)
	if err != nil {
		return "", err
	}
	if text != "" && (len(text) > maxEmail || !emailForm.MatchString(text)) {
		return "", invalid("email", "is no e-mail address")
	}
	return hub.Personal(text), nil
}
