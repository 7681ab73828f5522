// Package store keeps the hub's state in its four DynamoDB tables. It is the only
// user of DynamoDB: every key stands in keys.go, every write is idempotent, and no
// write depends on the order in which events arrive.
package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Tables are the names of the four tables. A function names only those that it
// may use.
type Tables struct {
	Contacts, Messages, Config, Ledger string
}

// Store reads and writes the tables. It is safe for concurrent use.
type Store struct {
	DB     *dynamodb.Client
	Tables Tables
	Now    func() time.Time
	// Retention is how long messages are kept, by their arrival.
	Retention time.Duration
	// Marks spares those who make homes a write for each; may be nil.
	Marks *Marks
}

// MinRetention is the shortest retention: no platform sends an event again later.
const MinRetention = 30 * 24 * time.Hour

type item = map[string]types.AttributeValue

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n[T ~int | ~int64](v T) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(v), 10)}
}
func b(v []byte) types.AttributeValue {
	if v == nil {
		v = []byte{} // nil is written as null, which the table refuses
	}
	return &types.AttributeValueMemberB{Value: v}
}
func set(v ...string) types.AttributeValue {
	return &types.AttributeValueMemberSS{Value: v}
}

func key(pk, sk string) item { return item{pkAttr: s(pk), skAttr: s(sk)} }

func str(it item, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func num(it item, name string) int64 {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		if i, err := strconv.ParseInt(v.Value, 10, 64); err == nil {
			return i
		}
	}
	return 0
}

func bin(it item, name string) []byte {
	if v, ok := it[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func strs(it item, name string) []string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberSS:
		return v.Value
	case *types.AttributeValueMemberL:
		var out []string
		for _, e := range v.Value {
			if x, ok := e.(*types.AttributeValueMemberS); ok {
				out = append(out, x.Value)
			}
		}
		return out
	}
	return nil
}

func millis(it item, name string) hub.Millis { return hub.Millis(num(it, name)) }

// refused tells whether a write failed on its own condition, and gives the item
// that was there (nil if there was none).
func refused(err error) (item, bool) {
	var c *types.ConditionalCheckFailedException
	if errors.As(err, &c) {
		return c.Item, true
	}
	return nil, false
}

// wrap turns an error of the SDK into a hub.Error: everything that the table
// answers may pass, so it is Transient, but for what the code itself did wrong.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	var denied interface{ ErrorCode() string }
	if errors.As(err, &denied) {
		// The message of a validation error may quote values; the code does not.
		return hub.E(hub.Transient, "store: "+op, errors.New(denied.ErrorCode()))
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hub.E(hub.Transient, "store: "+op, errors.New("out of time"))
	}
	return hub.E(hub.Transient, "store: "+op, errors.New("no answer from the table"))
}

func (st *Store) now() hub.Millis { return hub.MillisOf(st.Now()) }

// putNew puts an item if nothing stands under its key. It answers whether it was
// put, and else the item that stands there.
func (st *Store) putNew(ctx context.Context, op, table string, it item) (bool, item, error) {
	if it["pub"] != nil && it["tr"] == nil {
		trace(ctx, it)
	}
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &table,
		Item:                                it,
		ConditionExpression:                 aws.String("attribute_not_exists(SK)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		return false, old, nil
	}
	if err != nil {
		return false, nil, wrap(op, err)
	}
	return true, nil, nil
}

// trace notes whose work an item comes from, if the context knows.
func trace(ctx context.Context, it item) {
	if tr := hub.TraceOf(ctx); tr != "" {
		it["tr"] = s(tr)
	}
}

func (st *Store) get(ctx context.Context, op, table, pk, sk string, consistent bool) (item, error) {
	out, err := st.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &table, Key: key(pk, sk), ConsistentRead: aws.Bool(consistent),
	})
	if err != nil {
		return nil, wrap(op, err)
	}
	return out.Item, nil
}

func (st *Store) messageTTL(received hub.Millis) types.AttributeValue {
	keep := st.Retention
	if keep < MinRetention {
		keep = MinRetention
	}
	return n(ttlAfter(received, keep))
}

func notFound(op, what string) error {
	return hub.E(hub.NotFound, "store: "+op, fmt.Errorf("no %s", what))
}
