package store

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const edgeMark = "E#"

// edge puts the edge if it is not there, or was undone. Its insert is the fact that
// the two are linked; being linked again is a revision of it.
func (st *Store) edge(ctx context.Context, team hub.TeamID, e hub.Edge) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, e.A), edgeSK(e.B)),
		UpdateExpression:         aws.String("SET pub=:p, evidence=:e, detail=:d, #by=:by, #at=:t, chg=:c REMOVE undone, undoneBy ADD rev :one"),
		ConditionExpression:      aws.String("attribute_not_exists(SK) OR attribute_exists(undone)"),
		ExpressionAttributeNames: map[string]string{"#by": "by", "#at": "at"},
		ExpressionAttributeValues: item{
			":p": s(hub.ContactLinked), ":e": s(string(e.Evidence)), ":d": s(e.Detail), ":by": s(e.By), ":t": n(e.At),
			":c": Revision{By: e.By, Fields: []string{"edge"}}.value(ctx, e.At), ":one": n(1),
		},
	}}
}

// Edge reads the edge between two homes, consistently, undone or not. NotFound if they
// were never joined.
func (st *Store) Edge(ctx context.Context, team hub.TeamID, a, b hub.HomeID) (hub.Edge, error) {
	a, b = hub.EdgeOf(a, b)
	it, err := st.get(ctx, "read edge", st.Tables.Contacts, homePK(team, a), edgeSK(b), true)
	if err == nil && it == nil {
		err = notFound("read edge", "edge")
	}
	if err != nil {
		return hub.Edge{}, err
	}
	return readEdge(it), nil
}

// Joins reads the edges between pairs of homes, undone or not, each once and in the order
// of the pairs, and a home with them: one read for all, consistently. The ID of a home that
// is gone is empty. NotFound if two of a pair were never joined.
func (st *Store) Joins(ctx context.Context, team hub.TeamID, pairs [][2]hub.HomeID, with hub.HomeID) (edges []hub.Edge, home hub.Home, err error) {
	const op = "read edges"
	keys, place := []item{key(homePK(team, with), homeSK)}, map[[2]hub.HomeID]int{}
	for _, p := range pairs {
		a, b := hub.EdgeOf(p[0], p[1])
		if _, named := place[[2]hub.HomeID{a, b}]; !named {
			place[[2]hub.HomeID{a, b}] = len(place)
			keys = append(keys, key(homePK(team, a), edgeSK(b)))
		}
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keys)
	if err != nil {
		return nil, home, err
	}
	edges = make([]hub.Edge, len(place))
	for _, it := range items {
		switch e := readEdge(it); {
		case str(it, skAttr) != homeSK:
			edges[place[[2]hub.HomeID{e.A, e.B}]] = e
		case livingHome(it):
			home = readHome(it)
		}
	}
	if slices.ContainsFunc(edges, func(e hub.Edge) bool { return e.A == "" }) {
		return nil, home, notFound(op, "edge")
	}
	return edges, home, nil
}

// Linked reports whether a live edge stands between two homes.
func (st *Store) Linked(ctx context.Context, team hub.TeamID, a, b hub.HomeID) (bool, error) {
	e, err := st.Edge(ctx, team, a, b)
	if hub.CodeOf(err) == hub.NotFound {
		return false, nil
	}
	return err == nil && e.Undone == 0, err
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
		Detail: str(it, "detail"), At: millis(it, "at"), By: str(it, "by"), Undone: millis(it, "undone"), UndoneBy: str(it, "undoneBy"),
	}
}
