package store

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Edit is a change of one home's profile by a person or a program.
type Edit struct {
	Home hub.Home
	// New makes the home. Else it must be there.
	New    bool
	Sets   []Set
	Member *Membership // of the register member_id, if Sets have it; nil = they have not
	// Imported are the values of Sets that are refused if they are those of somebody who
	// was erased, each a field and the value's hash.
	Imported [][2]string
	Audit    hub.Audit
}

// Set is a new value of a register that stands as it was read.
type Set struct {
	hub.Register
	Was    hub.Register // At 0 = there was none
	Finder string       // the hash under which the value is found; "" = it is not
}

// Membership is what a new member id of a home does to its contact.
type Membership struct {
	Root     hub.Home // of the contact, as it was read
	Old, New string   // the hashes of the home's own member ids, before and after; "" = none
	Value    hub.Personal
}

// Profile reads a home and some of its registers, by field, consistently and in one
// call. NotFound if there is no such home.
func (st *Store) Profile(ctx context.Context, team hub.TeamID, id hub.HomeID, fields []string) (hub.Home, map[string]hub.Register, error) {
	keys := []item{key(homePK(team, id), homeSK)}
	for _, f := range fields {
		keys = append(keys, key(homePK(team, id), registerSK(f)))
	}
	items, err := st.getAll(ctx, "read profile", st.Tables.Contacts, keys)
	if err != nil {
		return hub.Home{}, nil, err
	}
	var home hub.Home
	registers := map[string]hub.Register{}
	for _, it := range items {
		switch {
		case str(it, skAttr) != homeSK:
			r := readRegister(it)
			registers[r.Field] = r
		case livingHome(it):
			home = readHome(it)
		}
	}
	if home.ID == "" {
		return hub.Home{}, nil, notFound("read profile", "home")
	}
	return home, registers, nil
}

// Edit carries out a change in one transaction: the registers, their finders, the
// claim of a member id and the root that tells it, the home if it is new, and the
// audit. A register moves forward only; the value that stands, said again, moves its
// time and is no revision.
//
// Refused with the Obstacle WasErased for an imported value of somebody who was erased,
// whenever that was read before: each costs a check of 2 WRU. Conflict if something is not as it was read: a register has changed, the contact has,
// somebody else claims the member id, the home is there already or is gone.
func (st *Store) Edit(ctx context.Context, team hub.TeamID, e Edit) error {
	var actions []types.TransactWriteItem
	m := e.Member
	switch {
	case e.New:
		if err := st.markHome(ctx, team, e.Home); err != nil {
			return err
		}
		it := homeItem(team, e.Home)
		trace(ctx, it)
		if m != nil {
			it["mid"], it["midh"], it["v"] = s(m.Value.Reveal()), s(string(e.Home.ID)), n(1)
		}
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: &st.Tables.Contacts, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}})
	case m == nil || m.Root.ID != e.Home.ID:
		actions = append(actions, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, e.Home.ID), homeSK), ConditionExpression: aws.String(homeStands),
		}})
	}
	for _, set := range e.Sets {
		actions = append(actions, st.setAction(ctx, team, e.Home.ID, set))
		if set.Finder != "" {
			actions = append(actions, types.TransactWriteItem{Put: &types.Put{
				TableName: &st.Tables.Contacts, Item: finderItem(team, set.Field, set.Finder, e.Home.ID),
			}})
		}
	}
	if m != nil {
		actions = append(actions, st.claimActions(team, e.Home.ID, *m, e.Audit.At)...)
		if !e.New {
			actions = append(actions, st.tellMember(team, e.Home.ID, *m))
		}
	}
	actions = append(actions, st.audit(team, e.Audit))
	imported := len(actions)
	for _, v := range e.Imported {
		actions = append(actions, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Contacts, Key: key(gonePK(team, v[0], v[1]), goneSK), ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}})
	}
	failed, err := st.transact(ctx, "edit profile", actions)
	if slices.ContainsFunc(failed, func(place int) bool { return place >= imported }) {
		return hub.Refuse("store: edit profile", hub.Obstacle{Code: hub.WasErased})
	}
	return err
}

func (st *Store) setAction(ctx context.Context, team hub.TeamID, home hub.HomeID, r Set) types.TransactWriteItem {
	u := &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, home), registerSK(r.Field)),
		ConditionExpression: aws.String("attribute_not_exists(SK)"), ExpressionAttributeNames: map[string]string{"#at": "at"},
		ExpressionAttributeValues: item{":v": s(r.Value), ":t": n(r.At), ":src": s(r.Source)},
	}
	if r.Was.At != 0 {
		u.ConditionExpression = aws.String("#at=:was AND val=:old AND #at < :t")
		u.ExpressionAttributeValues[":was"], u.ExpressionAttributeValues[":old"] = n(r.Was.At), s(r.Was.Value)
	}
	update := "SET val=:v, #at=:t, src=:src"
	if r.Was.At == 0 || r.Was.Value != r.Value {
		update += ", pub=:p, chg=:c ADD rev :one"
		u.ExpressionAttributeValues[":p"], u.ExpressionAttributeValues[":one"] = s(hub.ContactChanged), n(1)
		u.ExpressionAttributeValues[":c"] = Revision{By: r.Source, Fields: []string{r.Field}}.value(ctx, r.At)
		if r.Finder != "" {
			update += ", fk :f"
			u.ExpressionAttributeValues[":f"] = set(r.Finder)
		}
	}
	u.UpdateExpression = &update
	return types.TransactWriteItem{Update: u}
}

// claimActions claim a home's new member id and give its old one back.
func (st *Store) claimActions(team hub.TeamID, home hub.HomeID, m Membership, at hub.Millis) (actions []types.TransactWriteItem) {
	const mine = "attribute_not_exists(SK) OR home=:h"
	if m.New != "" {
		claim := key(claimPK(team, hub.FieldMemberID, m.New), claimSK)
		claim["home"], claim["at"] = s(string(home)), n(at)
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: &st.Tables.Contacts, Item: claim, ConditionExpression: aws.String(mine), ExpressionAttributeValues: item{":h": s(string(home))},
		}})
	}
	if m.Old != "" && m.Old != m.New {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.Tables.Contacts, Key: key(claimPK(team, hub.FieldMemberID, m.Old), claimSK),
			ConditionExpression: aws.String(mine), ExpressionAttributeValues: item{":h": s(string(home))},
		}})
	}
	return actions
}

// tellMember puts the member id of a component at its root, or takes it away.
func (st *Store) tellMember(team hub.TeamID, home hub.HomeID, m Membership) types.TransactWriteItem {
	if m.New == "" {
		return st.moveRoot(team, m.Root, " REMOVE mid, midh", nil)
	}
	return st.moveRoot(team, m.Root, ", mid=:mid, midh=:midh", item{":mid": s(m.Value.Reveal()), ":midh": s(string(home))})
}
