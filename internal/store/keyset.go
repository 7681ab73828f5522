package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// WrappedKey is a data key as the key service wrapped it.
type WrappedKey struct {
	ID      string // "1", "2" …: counts up and never repeats, since the newest key stays
	Wrapped []byte
	Since   hub.Millis // when it was made; 0 = not known, long ago
}

// NextKeyID is the id of the key that may join those of a list.
func NextKeyID(keys []WrappedKey) (string, error) {
	if len(keys) == 0 {
		return "1", nil
	}
	n, err := strconv.Atoi(keys[len(keys)-1].ID)
	if err != nil || n < 1 {
		return "", hub.E(hub.Internal, "store: name key", errors.New("the newest key has no number"))
	}
	return strconv.Itoa(n + 1), nil
}

// TeamItem is a tenant's record.
type TeamItem struct {
	ID     hub.TeamID
	Name   string
	Keys   []WrappedKey // oldest first
	Pepper []byte       // sealed for (team, "pepper")
	// Zone and Language are as in TeamData; "" = not set.
	Zone, Language string
}

// EdgeKeys reads the keys of webhook path ids, oldest first. NotFound before the
// first set-up.
func (st *Store) EdgeKeys(ctx context.Context, read Read) ([]WrappedKey, error) {
	it, err := st.config(ctx, "read edge keys", edgePK, edgeKeysSK, read)
	return readKeys(it), err
}

// PutEdgeKeys writes the keys of webhook path ids if there are none.
func (st *Store) PutEdgeKeys(ctx context.Context, keys []WrappedKey) error {
	it := key(edgePK, edgeKeysSK)
	it["keys"] = keyList(keys)
	_, _, err := st.putNew(ctx, "put edge keys", st.Tables.Config, it)
	return err
}

// AddEdgeKey lets a key of webhook path ids join those that were seen. Conflict if
// others stand there.
func (st *Store) AddEdgeKey(ctx context.Context, seen []WrappedKey, k WrappedKey) error {
	return st.changeKeys(ctx, "add edge key", edgePK, edgeKeysSK, seen, append(seen[:len(seen):len(seen)], k), nil, nil)
}

// Team reads a tenant's record. NotFound if there is none.
func (st *Store) Team(ctx context.Context, id hub.TeamID, read Read) (TeamItem, error) {
	it, err := st.config(ctx, "read team", teamPK(id), teamSK, read)
	if err != nil {
		return TeamItem{}, err
	}
	return TeamItem{
		ID: id, Name: str(it, "name"), Keys: readKeys(it), Pepper: bin(it, "pepper"), Zone: str(it, "tz"), Language: str(it, "lang"),
	}, nil
}

// PutTeam creates a tenant; one that is there stays as it is.
func (st *Store) PutTeam(ctx context.Context, t TeamItem) error {
	it := key(teamPK(t.ID), teamSK)
	it["name"] = s(t.Name)
	it["keys"] = keyList(t.Keys)
	it["pepper"] = b(t.Pepper)
	_, _, err := st.putNew(ctx, "put team", st.Tables.Config, it)
	return err
}

// AddTeamKey lets a data key join those of a tenant, with the pepper sealed under it.
// Conflict if the tenant is not as it was seen any more.
func (st *Store) AddTeamKey(ctx context.Context, seen TeamItem, k WrappedKey, pepper []byte) error {
	return st.changeKeys(ctx, "add data key", teamPK(seen.ID), teamSK, seen.Keys, append(seen.Keys[:len(seen.Keys):len(seen.Keys)], k), seen.Pepper, pepper)
}

// KeepNewestKey removes all data keys of a tenant but the newest. Conflict if the
// tenant is not as it was seen any more.
func (st *Store) KeepNewestKey(ctx context.Context, seen TeamItem) error {
	return st.changeKeys(ctx, "drop data keys", teamPK(seen.ID), teamSK, seen.Keys, seen.Keys[len(seen.Keys)-1:], seen.Pepper, seen.Pepper)
}

// changeKeys replaces a list of keys, and with it the pepper if there is one, if both
// are as they were seen.
func (st *Store) changeKeys(ctx context.Context, op, pk, sk string, seen, keys []WrappedKey, oldPepper, pepper []byte) error {
	cond, names, values := newestIs(seen)
	update := "SET #keys=:keys"
	values[":keys"] = keyList(keys)
	if pepper != nil {
		update += ", pepper=:pepper"
		cond += " AND pepper=:old"
		values[":pepper"], values[":old"] = b(pepper), b(oldPepper)
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Config, Key: key(pk, sk), UpdateExpression: &update,
		ConditionExpression: aws.String(cond), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: "+op, errors.New("the keys changed"))
	}
	return wrap(op, err)
}

// newestIs is the condition that a list of keys is the one that was seen: as long,
// with the same newest key.
func newestIs(seen []WrappedKey) (cond string, names map[string]string, values item) {
	last := len(seen) - 1
	if last < 0 {
		return "attribute_exists(SK) AND size(#keys)=:count", map[string]string{"#keys": "keys"}, item{":count": n(0)}
	}
	return fmt.Sprintf("size(#keys)=:count AND #keys[%d].id=:newest", last),
		map[string]string{"#keys": "keys"}, item{":count": n(last + 1), ":newest": s(seen[last].ID)}
}

func keyList(keys []WrappedKey) types.AttributeValue {
	list := []types.AttributeValue{}
	for _, k := range keys {
		list = append(list, &types.AttributeValueMemberM{Value: item{"id": s(k.ID), "w": b(k.Wrapped), "at": n(k.Since)}})
	}
	return &types.AttributeValueMemberL{Value: list}
}

func readKeys(it item) []WrappedKey {
	var keys []WrappedKey
	if l, ok := it["keys"].(*types.AttributeValueMemberL); ok {
		for _, e := range l.Value {
			if m, ok := e.(*types.AttributeValueMemberM); ok {
				keys = append(keys, WrappedKey{ID: str(m.Value, "id"), Wrapped: bin(m.Value, "w"), Since: millis(m.Value, "at")})
			}
		}
	}
	return keys
}
