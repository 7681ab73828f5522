package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const edgeMark = "E#"

// candidateSK is the key of what speaks for a join with home b, at the smaller home.
func candidateSK(b hub.HomeID, reason string) string {
	return "K#" + string(b) + "#" + hub.ShortID(reason)
}

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
// Errors: Conflict if a side has changed since it was read, or the edge is there;
// Refused if a "never join" of the two homes stands, or the component would be too
// large.
func (st *Store) Join(ctx context.Context, team hub.TeamID, left, right hub.Home, e hub.Edge) error {
	e.A, e.B = hub.EdgeOf(e.A, e.B)
	if err := apart("join homes", left, right); left.ID != right.ID && err != nil {
		return err
	}
	actions := []types.TransactWriteItem{joinEdge: st.edge(ctx, team, e), joinNever: st.mayJoin(team, e)}
	root, other := left, right
	if Older(right, left) {
		root, other = right, left
	}
	if root.ID == other.ID {
		actions = append(actions, st.moveRoot(team, root, "", nil))
	} else {
		if len(root.Members)+len(other.Members) > hub.MaxMembers {
			return hub.E(hub.Refused, "store: join homes", fmt.Errorf("a contact has at most %d homes", hub.MaxMembers))
		}
		var members []string
		for _, m := range slices.Concat(root.Members, other.Members) {
			members = append(members, string(m))
		}
		to := item{":r": s(string(root.ID))}
		actions = append(actions,
			st.moveRoot(team, root, ", root=:r, members=:m", item{":r": s(string(root.ID)), ":m": set(members...)}),
			st.moveRoot(team, other, ", root=:r REMOVE members", to))
		for _, m := range other.Members {
			if m != other.ID {
				actions = append(actions, st.follow(team, m, other.ID, root.ID))
			}
		}
	}
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	return joined(err)
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

// edge puts the edge if it is not there, or was undone. Its insert is the fact that
// the two are linked; being linked again is a revision of it.
func (st *Store) edge(ctx context.Context, team hub.TeamID, e hub.Edge) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, e.A), edgeSK(e.B)),
		UpdateExpression:         aws.String("SET pub=:p, evidence=:e, detail=:d, #by=:by, #at=:t, chg=:c REMOVE undone ADD rev :one"),
		ConditionExpression:      aws.String("attribute_not_exists(SK) OR attribute_exists(undone)"),
		ExpressionAttributeNames: map[string]string{"#by": "by", "#at": "at"},
		ExpressionAttributeValues: item{
			":p": s(hub.ContactLinked), ":e": s(string(e.Evidence)), ":d": s(e.Detail), ":by": s(e.By), ":t": n(e.At),
			":c": Revision{By: e.By, Fields: []string{"edge"}}.value(ctx, e.At), ":one": n(1),
		},
	}}
}

// mayJoin checks that nobody has said that the two homes are never to be joined.
func (st *Store) mayJoin(team hub.TeamID, e hub.Edge) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, e.A), neverSK(e.B)),
		ConditionExpression: aws.String("attribute_not_exists(SK)"),
	}}
}

// moveRoot raises the version of a root that stands as it was read.
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
		UpdateExpression: aws.String("SET v=:next" + update), ConditionExpression: &cond, ExpressionAttributeValues: all,
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

// joined tells why a join's transaction was refused.
func joined(err error) error {
	const op = "join homes"
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return wrap(op, err)
	}
	changed := false
	for i, r := range cancelled.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "ConditionalCheckFailed":
			if i == joinNever {
				return hub.E(hub.Refused, "store: "+op, errors.New("the two are never to be joined"))
			}
			changed = true
		case "TransactionConflict":
			changed = true
		}
	}
	if changed {
		return hub.E(hub.Conflict, "store: "+op, errors.New("a side changed"))
	}
	return wrap(op, err)
}

// Never reports whether a "never join" stands between a home of one component and
// one of the other, which are given by their roots. It is exact for a join of the two
// that follows, if whoever says "never" raises the versions of both roots. Conflict if
// one was read before a join that the other shows.
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
	return len(found) > 0, err
}

// Linked reports whether a live edge stands between two homes.
func (st *Store) Linked(ctx context.Context, team hub.TeamID, a, b hub.HomeID) (bool, error) {
	a, b = hub.EdgeOf(a, b)
	it, err := st.get(ctx, "read edge", st.Tables.Contacts, homePK(team, a), edgeSK(b), true)
	return err == nil && it != nil && millis(it, "undone") == 0, err
}

// Edges reads the live edges between the homes of a component, by their homes. An
// edge lies at its smaller home, once, so that both directions of a join meet in one
// condition; what leads to a home from smaller ones is found without an index,
// since the component's root names every home that can have such an edge: one Query
// for each home but the largest, 29 at most, and none for a single home.
func (st *Store) Edges(ctx context.Context, team hub.TeamID, members []hub.HomeID) ([]hub.Edge, error) {
	members = slices.Sorted(slices.Values(members))
	var edges []hub.Edge
	for i := range len(members) - 1 {
		items, err := st.queryAll(ctx, "read edges", st.Tables.Contacts, homePK(team, members[i]), edgeMark)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			// One that leads out of the members came, or was undone, since they were read.
			if e := readEdge(it); e.Undone == 0 && slices.Contains(members, e.B) {
				edges = append(edges, e)
			}
		}
	}
	return edges, nil
}

func readEdge(it item) hub.Edge {
	return hub.Edge{
		A: homeOf(it), B: hub.HomeID(strings.TrimPrefix(str(it, skAttr), edgeMark)), Evidence: hub.Evidence(str(it, "evidence")),
		Detail: str(it, "detail"), At: millis(it, "at"), By: str(it, "by"), Undone: millis(it, "undone"),
	}
}

// PutCandidate writes, once for each reason, that two homes may be one person.
func (st *Store) PutCandidate(ctx context.Context, team hub.TeamID, a, b hub.HomeID, reason string, at hub.Millis) error {
	a, b = hub.EdgeOf(a, b)
	it := key(homePK(team, a), candidateSK(b, reason))
	it["reason"] = s(reason)
	it["at"] = n(at)
	it["pub"] = s(hub.ContactCandidate)
	_, _, err := st.putNew(ctx, "put candidate", st.Tables.Contacts, it)
	return err
}
