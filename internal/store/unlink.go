package store

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Part is one of the components that an undoing leaves: its root, and all its homes.
type Part struct {
	Root    hub.HomeID
	Members []hub.HomeID
}

// Unlink undoes edges of a component in one transaction with the audit, and gives the
// homes of what it falls into their roots and members. Was is the root as it was read,
// from the roots of the other homes.
// The version of a new root rises above all that it ever had, so that whoever read it
// before it was joined is refused.
//
// The candidates that nobody has decided between homes that it parts are listed and told
// again, with it: those that one transaction has no room for before it. If it comes to
// nothing then, they are listed of one contact, and shown to nobody.
//
// Conflict if the component has changed since it was read, or an edge is undone
// already.
func (st *Store) Unlink(ctx context.Context, team hub.TeamID, was hub.Home, edges []hub.Edge, parts []Part, a hub.Audit) error {
	const op = "undo edges"
	again, err := st.parted(ctx, team, parts)
	if err != nil {
		return err
	}
	for room := maxActions - 1 - 2*len(edges) - len(was.Members); len(again) > room; was.Version++ {
		some := again[:min(len(again)-room, maxActions-1)]
		if _, err := st.transact(ctx, op, append(st.toldAgain(team, some), st.moveRoot(team, was, "", nil))); err != nil {
			return err
		}
		again = again[len(some):]
	}
	actions := []types.TransactWriteItem{st.audit(team, a)}
	for _, e := range edges {
		actions = append(actions, st.undoEdge(ctx, team, e, a), st.mirror(team, e.A, e.B))
	}
	for _, p := range parts {
		update, values := ", root=:r, members=:m", item{":r": s(string(p.Root)), ":m": homeSet(p.Members)}
		mine := was.MemberID != "" && slices.Contains(p.Members, was.Holder)
		switch {
		case p.Root == was.ID && was.MemberID != "" && !mine:
			actions = append(actions, st.moveRoot(team, was, update+" REMOVE mid, midh", values))
			continue
		case p.Root == was.ID:
			actions = append(actions, st.moveRoot(team, was, update, values))
			continue
		case mine:
			update += ", mid=:mid, midh=:midh"
			values[":mid"], values[":midh"] = s(was.MemberID.Reveal()), s(string(was.Holder))
		}
		actions = append(actions, st.newRoot(team, p.Root, was.ID, update, values))
		for _, m := range p.Members {
			if m != p.Root {
				actions = append(actions, st.follow(team, m, was.ID, p.Root))
			}
		}
	}
	_, err = st.transact(ctx, op, append(actions, st.toldAgain(team, again)...))
	return err
}

// undoEdge marks a live edge as undone. That is a revision of it.
func (st *Store) undoEdge(ctx context.Context, team hub.TeamID, e hub.Edge, a hub.Audit) types.TransactWriteItem {
	by := a.Actor.String()
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, e.A), edgeSK(e.B)),
		UpdateExpression:    aws.String("SET pub=:p, undone=:t, undoneBy=:by, chg=:c ADD rev :one"),
		ConditionExpression: aws.String("attribute_exists(SK) AND attribute_not_exists(undone)"),
		ExpressionAttributeValues: item{
			":p": s(hub.ContactUnlinked), ":t": n(a.At), ":by": s(by), ":c": Revision{By: by, Fields: []string{"undone"}}.value(ctx, a.At), ":one": n(1),
		},
	}}
}

// newRoot makes a home that followed another root one itself.
func (st *Store) newRoot(team hub.TeamID, home, from hub.HomeID, update string, values item) types.TransactWriteItem {
	values[":from"], values[":one"], values[":zero"] = s(string(from)), n(1), n(0)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, home), homeSK),
		UpdateExpression:    aws.String("SET v=if_not_exists(v,:zero)+:one" + update),
		ConditionExpression: aws.String("root=:from"), ExpressionAttributeValues: values,
	}}
}
