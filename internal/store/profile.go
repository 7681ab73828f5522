package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const (
	registerMark = "P#"
	// maxRegister is how much of a field's value is stored, in bytes.
	maxRegister = 2 << 10
	// registerTries bounds how often a write meets another one of the same field.
	registerTries = 4
)

// SetRegister moves a field of a home's profile forward to a value: of all that was
// ever set, the latest by time counts, then the greatest value, then the greatest
// source. So any order and any repetition of the same writes end in the same state.
// A value that is over 2 KB is cut; an empty one clears the field.
//
// One conditional Update raises rev and names the change in chg. An older value and
// a repetition change nothing. The value that stands, said again later, only moves
// its time, by a second Update without a revision: there is nothing to tell.
// Conflict if others write the same field all the time.
func (st *Store) SetRegister(ctx context.Context, team hub.TeamID, home hub.HomeID, r hub.Register) error {
	return st.setRegister(ctx, team, home, r, "")
}

// SetIndexed is SetRegister for a value that is to be found: its hash names the finder,
// which is put in one transaction with the value. The register keeps the hashes of all
// its finders: by these an erasure finds them.
func (st *Store) SetIndexed(ctx context.Context, team hub.TeamID, home hub.HomeID, r hub.Register, hash string) error {
	return st.setRegister(ctx, team, home, r, hash)
}

func (st *Store) setRegister(ctx context.Context, team hub.TeamID, home hub.HomeID, r hub.Register, hash string) error {
	r.Value = cut(strings.ToValidUTF8(r.Value, "\uFFFD"), maxRegister)
	values := item{
		":v": s(r.Value), ":t": n(r.At), ":src": s(r.Source), ":p": s(hub.ContactChanged), ":one": n(1),
		":c": Revision{By: r.Source, Fields: []string{r.Field}}.value(ctx, r.At),
	}
	update := "SET val=:v, #at=:t, src=:src, pub=:p, chg=:c ADD rev :one"
	if hash != "" {
		update += ", fk :f"
		values[":f"] = set(hash)
	}
	for range registerTries {
		old, stood, err := st.moveRegister(ctx, team, home, r.Field, update,
			"attribute_not_exists(SK) OR (#at < :t AND val <> :v) OR (#at = :t AND val < :v)", values, hash)
		if err != nil || !stood {
			return err
		}
		if !registerAfter(r, readRegister(old)) {
			return st.keepFinder(ctx, team, home, r.Field, hash, old)
		}
		_, stood, err = st.moveRegister(ctx, team, home, r.Field, "SET #at=:t, src=:src",
			"val=:v AND (#at < :t OR (#at = :t AND src < :src))", item{":v": values[":v"], ":t": values[":t"], ":src": values[":src"]}, "")
		if err != nil || !stood {
			return err
		}
	}
	return hub.E(hub.Conflict, "store: set register", errors.New("the field is written by others"))
}

// keepFinder puts a finder, and notes it at its register, whose value came too late to
// stand there: so the finders are the same in whatever order the values come.
func (st *Store) keepFinder(ctx context.Context, team hub.TeamID, home hub.HomeID, field, hash string, old item) error {
	if hash == "" || slices.Contains(strs(old, "fk"), hash) {
		return nil
	}
	_, err := st.transact(ctx, "keep finder", []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, home), registerSK(field)), UpdateExpression: aws.String("ADD fk :f"),
			ConditionExpression: aws.String("attribute_exists(SK)"), ExpressionAttributeValues: item{":f": set(hash)},
		}},
		st.putFinder(team, field, hash, home),
	})
	return err
}

func (st *Store) putFinder(team hub.TeamID, field, hash string, home hub.HomeID) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: finderItem(team, field, hash, home)}}
}

// moveRegister makes a conditional Update, with the finder of a hash ("" = none). If it
// is refused, the item that stands comes back.
func (st *Store) moveRegister(ctx context.Context, team hub.TeamID, home hub.HomeID, field, update, cond string, values item, hash string) (item, bool, error) {
	const op = "set register"
	at := key(homePK(team, home), registerSK(field))
	if hash != "" {
		failed, err := st.transact(ctx, op, []types.TransactWriteItem{
			{Update: &types.Update{
				TableName: &st.Tables.Contacts, Key: at, UpdateExpression: &update, ConditionExpression: &cond,
				ExpressionAttributeNames: map[string]string{"#at": "at"}, ExpressionAttributeValues: values,
			}},
			st.putFinder(team, field, hash, home),
		})
		if len(failed) == 0 {
			return nil, false, err
		}
		old, err := st.get(ctx, op, st.Tables.Contacts, homePK(team, home), registerSK(field), true)
		return old, true, err
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Contacts, Key: at, UpdateExpression: &update, ConditionExpression: &cond,
		ExpressionAttributeNames: map[string]string{"#at": "at"}, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		return old, true, nil
	}
	return nil, false, wrap(op, err)
}

// registerAfter is the order in which a register moves forward.
func registerAfter(r, old hub.Register) bool {
	switch {
	case r.At != old.At:
		return r.At > old.At
	case r.Value != old.Value:
		return r.Value > old.Value
	}
	return r.Source > old.Source
}

// Registers reads the profile of a home, by field, consistently. A field that was
// cleared is there with an empty value.
func (st *Store) Registers(ctx context.Context, team hub.TeamID, home hub.HomeID) ([]hub.Register, error) {
	items, err := st.queryAll(ctx, "read registers", st.Tables.Contacts, homePK(team, home), registerMark)
	if err != nil {
		return nil, err
	}
	list := make([]hub.Register, len(items))
	for i, it := range items {
		list[i] = readRegister(it)
	}
	return list, nil
}

func readRegister(it item) hub.Register {
	return hub.Register{
		Field: strings.TrimPrefix(str(it, skAttr), registerMark), Value: str(it, "val"), At: millis(it, "at"), Source: str(it, "src"),
	}
}
