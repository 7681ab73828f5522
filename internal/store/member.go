package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Deed is a change of a team's settings by somebody: it is done and written down in one
// transaction.
type Deed struct {
	Team hub.TeamID
	// Admin is the member whose right it takes: an active admin still when it is done.
	// "" = nobody's: the operator changes it.
	Admin hub.MemberID
	Audit hub.Audit
}

const (
	adminsSK   = "ADMINS"
	memberMark = "MEMBER#"
	teamMark   = "TEAM#"
)

// ErrLastAdmin tells that a team would have no active admin.
var ErrLastAdmin = errors.New("the last active admin of a team stays")

// ChangeMember writes a member as he is to stand, beside what was seen of him: nil for
// seen adds him, nil for next removes him. The set of admins and the list of his teams
// change in the same transaction. Conflict if he is not as he was seen any more, or if the
// deed's admin is none any more; Refused with ErrLastAdmin if he is the last active admin
// and would not be one then.
func (st *Store) ChangeMember(ctx context.Context, d Deed, seen, next *hub.Member) error {
	who := cmp.Or(next, seen)
	at, own := key(teamPK(d.Team), memberSK(who.ID)), key(subjectPK(who.Subject), teamMark+string(d.Team))
	var actions []types.TransactWriteItem
	switch {
	case seen == nil:
		own["id"] = s(string(who.ID))
		actions = append(actions,
			types.TransactWriteItem{Put: &types.Put{
				TableName: &st.Tables.Config, Item: memberItem(d.Team, next), ConditionExpression: aws.String("attribute_not_exists(SK)"),
			}},
			types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Config, Item: own}})
	case next == nil:
		cond, names, values := memberIs(seen)
		actions = append(actions,
			types.TransactWriteItem{Delete: &types.Delete{
				TableName: &st.Tables.Config, Key: at, ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			}},
			types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Config, Key: own}})
	default:
		cond, names, values := memberIs(seen)
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: &st.Tables.Config, Item: memberItem(d.Team, next), ConditionExpression: cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		}})
	}
	was, is := leads(seen), leads(next)
	if was != is {
		actions = append(actions, st.admin(d.Team, who.ID, is))
	}
	if d.Admin == who.ID {
		d.Admin = "" // he was seen as an admin, and his own item is changed
	}
	err := st.do(ctx, "change member", d, actions...)
	if hub.CodeOf(err) != hub.Conflict || !was || is {
		return err
	}
	admins, readErr := st.Admins(ctx, d.Team)
	if readErr == nil && slices.Equal(admins, []hub.MemberID{who.ID}) {
		return hub.E(hub.Refused, "store: change member", ErrLastAdmin)
	}
	return cmp.Or(readErr, err)
}

// admin lets a member into the set of active admins, or out of it unless he is the last.
func (st *Store) admin(team hub.TeamID, id hub.MemberID, in bool) types.TransactWriteItem {
	u := &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(team), adminsSK), UpdateExpression: aws.String("ADD ids :set"),
		ExpressionAttributeValues: item{":set": set(string(id))},
	}
	if !in {
		u.UpdateExpression = aws.String("DELETE ids :set")
		u.ConditionExpression = aws.String("contains(ids, :id) AND size(ids) > :one")
		u.ExpressionAttributeValues[":id"], u.ExpressionAttributeValues[":one"] = s(string(id)), n(1)
	}
	return types.TransactWriteItem{Update: u}
}

// do carries out a deed: its actions, the check of the admin's right and the audit entry
// in one transaction.
func (st *Store) do(ctx context.Context, op string, d Deed, actions ...types.TransactWriteItem) error {
	if d.Admin != "" {
		actions = append(actions, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Config, Key: key(teamPK(d.Team), memberSK(d.Admin)),
			ConditionExpression:       aws.String("#role=:admin AND #state=:active"),
			ExpressionAttributeNames:  map[string]string{"#role": "role", "#state": "state"},
			ExpressionAttributeValues: item{":admin": s(string(hub.Admin)), ":active": s(string(hub.MemberActive))},
		}})
	}
	return st.settle(ctx, op, append(actions, st.audit(d.Team, d.Audit)))
}

// memberIs is the condition that a member is the one that was seen, and as he was seen.
func memberIs(seen *hub.Member) (cond *string, names map[string]string, values item) {
	return aws.String("v=:v AND #at=:at AND #role=:role AND #state=:state"),
		map[string]string{"#at": "at", "#role": "role", "#state": "state"},
		item{":v": n(seen.Version), ":at": n(seen.Created), ":role": s(string(seen.Role)), ":state": s(string(seen.State))}
}

func memberItem(team hub.TeamID, m *hub.Member) item {
	it := key(teamPK(team), memberSK(m.ID))
	it["sub"], it["name"], it["mail"] = s(m.Subject.Reveal()), s(m.Name.Reveal()), s(m.Email.Reveal())
	it["role"], it["state"] = s(string(m.Role)), s(string(m.State))
	it["at"], it["v"] = n(m.Created), n(m.Version)
	return it
}

func readMember(it item) hub.Member {
	return hub.Member{
		ID: hub.MemberID(strings.TrimPrefix(str(it, skAttr), memberMark)), Subject: hub.Personal(str(it, "sub")),
		Name: hub.Personal(str(it, "name")), Email: hub.Personal(str(it, "mail")),
		Role: hub.Role(str(it, "role")), State: hub.MemberState(str(it, "state")), Created: millis(it, "at"), Version: int(num(it, "v")),
	}
}

// Member reads a member, consistently. NotFound if there is none.
func (st *Store) Member(ctx context.Context, team hub.TeamID, id hub.MemberID) (hub.Member, error) {
	it, err := st.config(ctx, "read member", teamPK(team), memberSK(id), Strict)
	if err != nil {
		return hub.Member{}, err
	}
	return readMember(it), nil
}

// Members reads the members of a team, consistently, by their ids.
func (st *Store) Members(ctx context.Context, team hub.TeamID) ([]hub.Member, error) {
	items, err := st.queryAll(ctx, "list members", st.Tables.Config, teamPK(team), memberMark)
	if err != nil {
		return nil, err
	}
	list := make([]hub.Member, len(items))
	for i, it := range items {
		list[i] = readMember(it)
	}
	return list, nil
}

// Admins reads the set of a team's active admins, consistently, in order.
func (st *Store) Admins(ctx context.Context, team hub.TeamID) ([]hub.MemberID, error) {
	it, err := st.get(ctx, "read admins", st.Tables.Config, teamPK(team), adminsSK, true)
	var ids []hub.MemberID
	for _, id := range strs(it, "ids") {
		ids = append(ids, hub.MemberID(id))
	}
	slices.Sort(ids)
	return ids, err
}

// TeamsOf reads the teams of which somebody is a member, disabled or not, in order.
func (st *Store) TeamsOf(ctx context.Context, subject hub.Personal) ([]hub.TeamID, error) {
	items, err := st.queryAll(ctx, "list teams", st.Tables.Config, subjectPK(subject), teamMark)
	var teams []hub.TeamID
	for _, it := range items {
		teams = append(teams, hub.TeamID(strings.TrimPrefix(str(it, skAttr), teamMark)))
	}
	return teams, err
}

// leads tells whether a member is an active admin.
func leads(m *hub.Member) bool {
	return m != nil && m.Role == hub.Admin && m.State == hub.MemberActive
}
