package store

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// transact carries out actions together or not at all. If others were faster it
// answers a Conflict, and the places of the actions whose own condition did not hold.
func (st *Store) transact(ctx context.Context, op string, actions []types.TransactWriteItem) (failed []int, err error) {
	_, err = st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil, wrap(op, err)
	}
	changed := false
	for i, r := range cancelled.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "ConditionalCheckFailed":
			failed, changed = append(failed, i), true
		case "TransactionConflict":
			changed = true
		}
	}
	if changed {
		return failed, hub.E(hub.Conflict, "store: "+op, errors.New("what was read has changed"))
	}
	return nil, wrap(op, err)
}
