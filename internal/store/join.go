package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// The places of the first two actions of a join's transaction.
const (
	joinEdge = iota
	joinNever
)

// Join connects the two homes of an edge, in one transaction: the edge, at its
// smaller home; the root of the component that it makes of two, with its members;
// and the homes that get another root. Left and right are the roots of the edge's
// homes as they were read: their versions guard the members of both sides, for
// whoever changes a component raises the version of its root. If both are one, the
// edge is a further one within the component.
//
// The root is the oldest home, then the one with the smallest id, whatever the
// direction: the older of two roots is therefore the new one, and only the other
// side's homes change theirs.
//
// Of two components at most one has a member id, and the one that they become has it.
// With an audit, who joins them is written down in the same transaction.
//
// Errors: Conflict if a side has changed since it was read, or the edge is there;
// Refused if a "never join" of the two homes stands, both sides have member ids, or the
// component would be too large.
func (st *Store) Join(ctx context.Context, team hub.TeamID, left, right hub.Home, e hub.Edge, a *hub.Audit) error {
	const op = "join homes"
	e.A, e.B = hub.EdgeOf(e.A, e.B)
	if err := apart(op, left, right); left.ID != right.ID && err != nil {
		return err
	}
	actions := []types.TransactWriteItem{joinEdge: st.edge(ctx, team, e), joinNever: st.mayJoin(team, e)}
	if a != nil {
		actions = append(actions, st.audit(team, *a))
	}
	roots, err := st.unite(op, team, left, right)
	if err != nil {
		return err
	}
	failed, err := st.transact(ctx, op, append(actions, roots...))
	if slices.Contains(failed, joinNever) {
		return hub.Refuse("store: "+op, hub.Obstacle{Code: hub.NeverJoin, Homes: []hub.HomeID{e.A, e.B}})
	}
	return err
}

// JoinSpending is Join for a join that rests on a code, which it uses up, with all that
// is told of that, in the same transaction. That no "never join" of the two stands the caller has read after the roots:
// whoever says one raises their versions, so it needs no check of its own.
//
// Errors: Conflict if a side or the code has changed since it was read, or the edge is
// there; Refused as of Join, but for a "never join".
func (st *Store) JoinSpending(ctx context.Context, team hub.TeamID, left, right hub.Home, e hub.Edge, sp Spend) error {
	const op = "join by code"
	e.A, e.B = hub.EdgeOf(e.A, e.B)
	if err := apart(op, left, right); left.ID != right.ID && err != nil {
		return err
	}
	roots, err := st.unite(op, team, left, right)
	if err == nil {
		_, err = st.transact(ctx, op, slices.Concat(roots, []types.TransactWriteItem{st.edge(ctx, team, e)}, st.spend(ctx, team, sp)))
	}
	return err
}

// SpendLinked uses a code up for two homes between which a live edge stands. Conflict if
// the code or the edge is not as it was read.
func (st *Store) SpendLinked(ctx context.Context, team hub.TeamID, a, b hub.HomeID, sp Spend) error {
	a, b = hub.EdgeOf(a, b)
	_, err := st.transact(ctx, "spend code", append(st.spend(ctx, team, sp), types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, a), edgeSK(b)), ConditionExpression: aws.String("attribute_exists(SK) AND attribute_not_exists(undone)"),
	}}))
	return err
}

// unite makes one component of two, as far as it stands at their homes. Of one component
// it raises the version only.
func (st *Store) unite(op string, team hub.TeamID, left, right hub.Home) ([]types.TransactWriteItem, error) {
	root, other := left, right
	if Older(right, left) {
		root, other = right, left
	}
	if root.ID == other.ID {
		return []types.TransactWriteItem{st.moveRoot(team, root, "", nil)}, nil
	}
	if len(root.Members)+len(other.Members) > hub.MaxMembers {
		return nil, hub.E(hub.Refused, "store: "+op, fmt.Errorf("a contact has at most %d homes", hub.MaxMembers))
	}
	if root.MemberID != "" && other.MemberID != "" {
		return nil, hub.Refuse("store: "+op, hub.Obstacle{Code: hub.MemberIDConflict, Homes: []hub.HomeID{root.Holder, other.Holder}})
	}
	update, values := ", root=:r, members=:m", item{":r": s(string(root.ID)), ":m": homeSet(slices.Concat(root.Members, other.Members))}
	if other.MemberID != "" {
		update += ", mid=:mid, midh=:midh"
		values[":mid"], values[":midh"] = s(other.MemberID.Reveal()), s(string(other.Holder))
	}
	actions := []types.TransactWriteItem{
		st.moveRoot(team, root, update, values),
		st.moveRoot(team, other, ", root=:r REMOVE members, mid, midh", item{":r": s(string(root.ID))}),
	}
	for _, m := range other.Members {
		if m != other.ID {
			actions = append(actions, st.follow(team, m, other.ID, root.ID))
		}
	}
	return actions, nil
}

// apart answers a Conflict if two components share a home: one of them was read
// before a join that the other shows.
func apart(op string, left, right hub.Home) error {
	for _, m := range left.Members {
		if slices.Contains(right.Members, m) {
			return hub.E(hub.Conflict, "store: "+op, errors.New("a side changed"))
		}
	}
	return nil
}

// Older reports whether a comes before b as the root of both.
func Older(a, b hub.Home) bool {
	if a.Created != b.Created {
		return a.Created < b.Created
	}
	return a.ID < b.ID
}

// moveRoot raises the version of a root that stands as it was read, and is not being
// erased.
func (st *Store) moveRoot(team hub.TeamID, h hub.Home, update string, values item) types.TransactWriteItem {
	cond := "attribute_exists(SK) AND attribute_not_exists(v)"
	all := item{":next": n(h.Version + 1)}
	if h.Version > 0 {
		cond = "v=:seen"
		all[":seen"] = n(h.Version)
	}
	for name, v := range values {
		all[name] = v
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, h.ID), homeSK),
		UpdateExpression: aws.String("SET v=:next" + update), ConditionExpression: aws.String(cond + " AND attribute_not_exists(era)"), ExpressionAttributeValues: all,
	}}
}

// follow gives a member of the absorbed side its new root.
func (st *Store) follow(team hub.TeamID, member, from, to hub.HomeID) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, member), homeSK),
		UpdateExpression: aws.String("SET root=:to"), ConditionExpression: aws.String("root=:from"),
		ExpressionAttributeValues: item{":from": s(string(from)), ":to": s(string(to))},
	}}
}
