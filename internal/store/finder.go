package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// finderItem says that a home has, or once had, a value of a field. Whoever finds it
// reads the register.
func finderItem(team hub.TeamID, field, hash string, home hub.HomeID) item {
	return key(finderPK(team, field, hash), string(home))
}

// Match is a home that was found, and the root of its contact.
type Match struct {
	Home, Root hub.HomeID
}

// Find lists the homes whose register of a field has a value now, by their ids, after
// a home ("" = from the first), at most limit, which is 50 at most. Next continues; ""
// = there is no more. Hash is that of the value. Homes that had the value once are
// left out, so a call may answer fewer.
func (st *Store) Find(ctx context.Context, team hub.TeamID, field, hash, value string, after hub.HomeID, limit int) (found []Match, next hub.HomeID, err error) {
	const op = "find homes"
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p AND SK > :a"),
		ExpressionAttributeValues: item{":p": s(finderPK(team, field, hash)), ":a": s(string(after) + " ")},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap(op, err)
	}
	var keys []item
	for _, it := range out.Items {
		home := hub.HomeID(str(it, skAttr))
		keys = append(keys, key(homePK(team, home), homeSK), key(homePK(team, home), registerSK(field)))
		next = home
	}
	if out.LastEvaluatedKey == nil {
		next = ""
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keys)
	if err != nil {
		return nil, "", err
	}
	roots, has := map[hub.HomeID]hub.HomeID{}, map[hub.HomeID]bool{}
	for _, it := range items {
		switch home := homeOf(it); {
		case str(it, skAttr) != homeSK:
			has[home] = readRegister(it).Value == value
		case livingHome(it):
			roots[home] = readHome(it).Root
		}
	}
	for _, it := range out.Items {
		home := hub.HomeID(str(it, skAttr))
		if root, ok := roots[home]; ok && has[home] {
			found = append(found, Match{Home: home, Root: root})
		}
	}
	return found, next, nil
}

// Say tells which of some homes have a value of a field now, consistently, in any order.
func (st *Store) Say(ctx context.Context, team hub.TeamID, field, value string, homes []hub.HomeID) (say []hub.HomeID, err error) {
	var keys []item
	for _, home := range homes {
		keys = append(keys, key(homePK(team, home), registerSK(field)))
	}
	items, err := st.getAll(ctx, "read what homes say", st.Tables.Contacts, keys)
	for _, it := range items {
		if readRegister(it).Value == value {
			say = append(say, homeOf(it))
		}
	}
	return say, err
}

// Claimed answers the home that holds a unique value, by the value's hash; "" if
// nobody does.
func (st *Store) Claimed(ctx context.Context, team hub.TeamID, kind, hash string) (hub.HomeID, error) {
	it, err := st.get(ctx, "read claim", st.Tables.Contacts, claimPK(team, kind, hash), claimSK, true)
	return hub.HomeID(str(it, "home")), err
}

// Gone reports whether one of some values was erased: each is a field and the value's
// hash.
func (st *Store) Gone(ctx context.Context, team hub.TeamID, values [][2]string) (bool, error) {
	var keys []item
	for _, v := range values {
		keys = append(keys, key(gonePK(team, v[0], v[1]), goneSK))
	}
	found, err := st.getAll(ctx, "read what was erased", st.Tables.Contacts, keys)
	return len(found) > 0, err
}
