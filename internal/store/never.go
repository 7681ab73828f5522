package store

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// noNever is the condition under which nobody says that two homes are never to be
// joined: it was never said, or was taken back.
const noNever = "attribute_not_exists(SK) OR attribute_exists(undone)"

// mayJoin checks that nobody says that the two homes are never to be joined.
func (st *Store) mayJoin(team hub.TeamID, e hub.Edge) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, e.A), neverSK(e.B)), ConditionExpression: aws.String(noNever),
	}}
}

// Never reports whether a "never join" stands between a home of one component and
// one of the other, which are given by their roots. It is exact for a join of the two
// that follows, since whoever says "never" raises the versions of both roots. Conflict
// if one was read before a join that the other shows.
func (st *Store) Never(ctx context.Context, team hub.TeamID, left, right hub.Home) (bool, error) {
	const op = "read never-joins"
	if err := apart(op, left, right); err != nil {
		return false, err
	}
	var keys []item
	for _, l := range left.Members {
		for _, r := range right.Members {
			a, b := hub.EdgeOf(l, r)
			keys = append(keys, key(homePK(team, a), neverSK(b)))
		}
	}
	found, err := st.getAll(ctx, op, st.Tables.Contacts, keys)
	return slices.ContainsFunc(found, func(it item) bool { return num(it, "undone") == 0 }), err
}

// NeverBetween reports whether a "never join" stands between two homes themselves.
func (st *Store) NeverBetween(ctx context.Context, team hub.TeamID, a, b hub.HomeID) (bool, error) {
	a, b = hub.EdgeOf(a, b)
	it, err := st.get(ctx, "read never-join", st.Tables.Contacts, homePK(team, a), neverSK(b), true)
	return it != nil && num(it, "undone") == 0, err
}

// SayNever writes that two homes, whose contacts have the roots left and right, are
// never to be joined, and decides what speaks for it: in one transaction with the
// audit. Conflict if a contact has changed since it was read, or it is said already.
func (st *Store) SayNever(ctx context.Context, team hub.TeamID, left, right hub.Home, pair hub.Candidate, open []hub.Candidate, a hub.Audit) error {
	actions := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, pair.A), neverSK(pair.B)),
			UpdateExpression:         aws.String("SET #by=:by, #at=:t, why=:w REMOVE undone, undoneBy"),
			ConditionExpression:      aws.String(noNever),
			ExpressionAttributeNames: map[string]string{"#by": "by", "#at": "at"},
			ExpressionAttributeValues: item{
				":by": s(a.Actor.String()), ":t": n(a.At), ":w": s(pair.Reason),
			},
		}},
		st.moveRoot(team, left, "", nil), st.moveRoot(team, right, "", nil), st.audit(team, a), st.mirror(team, pair.A, pair.B),
	}
	for _, c := range open {
		actions = append(actions, st.decide(team, c, hub.NeverOne, a)...)
	}
	_, err := st.transact(ctx, "say never", actions)
	return err
}

// TakeNeverBack takes it back that two homes are never to be joined, and opens again
// what was decided by it. Conflict if it is not said.
func (st *Store) TakeNeverBack(ctx context.Context, team hub.TeamID, x, y hub.HomeID, decided []hub.Candidate, a hub.Audit) error {
	x, y = hub.EdgeOf(x, y)
	actions := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, x), neverSK(y)),
			UpdateExpression:          aws.String("SET undone=:t, undoneBy=:by"),
			ConditionExpression:       aws.String("attribute_exists(SK) AND attribute_not_exists(undone)"),
			ExpressionAttributeValues: item{":t": n(a.At), ":by": s(a.Actor.String())},
		}},
		st.audit(team, a),
	}
	for _, c := range decided {
		actions = append(actions, st.reopen(team, c, "REMOVE verdict, verdictAt, verdictBy")...)
	}
	_, err := st.transact(ctx, "take never back", actions)
	return err
}
