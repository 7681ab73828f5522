package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// rateKept is how long a second's count is kept after it: longer than any two clocks
// differ.
const rateKept = time.Minute

// Take counts one call of a team's programs within the second of a time, if limit are not
// counted yet: one Update. RateLimited if they are, with the wait until the next second.
// A count whose answer was lost may count twice, and no call is ever let in beyond the
// limit.
func (st *Store) Take(ctx context.Context, team hub.TeamID, at hub.Millis, limit int) error {
	const second = hub.Millis(1000)
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Ledger, Key: key(ratePK(team), fmt.Sprintf("%010d", at/second)),
		UpdateExpression: aws.String("ADD #n :one SET #ttl=:ttl"), ConditionExpression: aws.String("attribute_not_exists(#n) OR #n < :limit"),
		ExpressionAttributeNames:  map[string]string{"#n": "n", "#ttl": ttlAttr},
		ExpressionAttributeValues: item{":one": n(1), ":limit": n(limit), ":ttl": n(ttlAfter(at, rateKept))},
	})
	if _, full := refused(err); full {
		wait := time.Duration(second-at%second) * time.Millisecond
		return &hub.Error{Code: hub.RateLimited, Op: "store: count call", Err: errors.New("the team's programs called too often within a second"), RetryAfter: wait}
	}
	return wrap("count call", err)
}
