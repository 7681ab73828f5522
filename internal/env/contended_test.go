package env

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestContendedWritesAreRepeatedAndRefusedOnesAreNot(t *testing.T) {
	cancelled := func(codes ...string) error {
		e := &types.TransactionCanceledException{}
		for _, code := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
		}
		return fmt.Errorf("operation error: %w", e)
	}
	for _, c := range []struct {
		what string
		err  error
		want bool
	}{
		{"a conflict", &types.TransactionConflictException{}, true},
		{"a transaction in conflict", cancelled("None", "TransactionConflict"), true},
		{"a throttled transaction", cancelled("ThrottlingError", "None"), true},
		{"a refused transaction", cancelled("None", "ConditionalCheckFailed"), false},
		{"a refused transaction in conflict", cancelled("TransactionConflict", "ConditionalCheckFailed"), false},
		{"a transaction without reasons", cancelled(), false},
		{"a refused write", &types.ConditionalCheckFailedException{}, false},
		{"anything else", errors.New("x"), false},
	} {
		if got := retryer().IsErrorRetryable(c.err); got != c.want {
			t.Errorf("%s: got repeated %v, want %v", c.what, got, c.want)
		}
	}
}
