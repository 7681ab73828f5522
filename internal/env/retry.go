package env

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	attempts     = 5
	firstBackoff = 50 * time.Millisecond
	longBackoff  = 400 * time.Millisecond
)

// retryer is how often the AWS clients repeat a call that was throttled or got no
// answer, and how long they wait. The SDK's own waits double from a second: a batch of
// throttled calls would outlast its function, and all of it would come again. After
// these short ones the queue is the retry.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.Retryables = append(o.Retryables, contended{})
		// The SDK's own store of retries runs dry while a table throttles for long, and then
		// every call fails at once. Here attempts and waits are few already.
		o.RateLimiter = ratelimit.None
	})
}

// contended tells of a write that was refused because another one held its item at that
// moment, or the table had no room for it: nothing was done. The SDK repeats neither.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
type contended struct{}

func (contended) IsErrorRetryable(err error) aws.Ternary {
	var conflict *types.TransactionConflictException
	if errors.As(err, &conflict) {
		return aws.TrueTernary
	}
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return aws.UnknownTernary
	}
	passing := false
	for _, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			passing = true
		default:
			return aws.UnknownTernary // a condition does not hold: it would not the next time
		}
	}
	return aws.BoolTernary(passing)
}

// backoff is a random wait up to 50 ms, doubled at each further attempt.
func backoff(attempt int, _ error) (time.Duration, error) {
	return rand.N(min(firstBackoff<<min(max(attempt-1, 0), 8), longBackoff)) + time.Millisecond, nil
}
