package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Due is what of one bucket is due.
type Due struct {
	Sends  []Queued
	Scrubs []Scrub
}

// Due returns up to limit items of one bucket that are due at now, longest due first,
// read consistently. A bucket is a UTC day and a shard.
func (st *Store) Due(ctx context.Context, day string, shard int, now hub.Millis, limit int) (Due, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, IndexName: aws.String(DueIndex),
		KeyConditionExpression: aws.String("gpk=:g AND gsk < :now"),
		ExpressionAttributeValues: item{
			":g": s(fmt.Sprintf("S#%s#%d", day, shard)), ":now": s(fmt.Sprintf("%013d", now+1)),
		},
		Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return Due{}, wrap("list what is due", err)
	}
	var due Due
	for start := 0; start < len(out.Items); start += 100 {
		page := out.Items[start:min(len(out.Items), start+100)]
		if err := st.readDue(ctx, page, &due); err != nil {
			return Due{}, err
		}
	}
	return due, nil
}

func (st *Store) readDue(ctx context.Context, entries []item, due *Due) error {
	keys := make([]item, len(entries))
	for i, it := range entries {
		keys[i] = item{pkAttr: it[pkAttr], skAttr: it[skAttr]}
	}
	want := map[string]types.KeysAndAttributes{st.Tables.Messages: {Keys: keys, ConsistentRead: aws.Bool(true)}}
	for len(want) > 0 {
		out, err := st.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: want})
		if err != nil {
			return wrap("read what is due", err)
		}
		for _, it := range out.Responses[st.Tables.Messages] {
			if !strings.HasPrefix(str(it, dueBucket), "S#") {
				continue // finished since the index was read
			}
			if q, ok := readQueued(it); ok {
				due.Sends = append(due.Sends, q)
			}
			if sc, ok := readScrub(it); ok {
				due.Scrubs = append(due.Scrubs, sc)
			}
		}
		if len(out.UnprocessedKeys) > 0 && len(out.Responses[st.Tables.Messages]) == 0 {
			return hub.E(hub.Transient, "store: read what is due", fmt.Errorf("the table is throttled"))
		}
		want = out.UnprocessedKeys
	}
	return nil
}

// outage is how long ago a send may have been due that nobody has looked at since:
// longer than messages need be kept.
const outage = 35

// DueDays are the UTC days whose buckets may hold sends that are due at now:
// today's and yesterday's, once an hour those of the week before, and once a day, since
// nothing may have run for long, those of the month before.
func DueDays(now hub.Millis) []string {
	days := []string{Day(now), Day(now.Add(-24 * time.Hour))}
	if now.Time().Minute() == 0 {
		before := 7
		if now.Time().Hour() == 0 {
			before = outage
		}
		for i := 2; i <= before; i++ {
			days = append(days, Day(now.Add(time.Duration(-i)*24*time.Hour)))
		}
	}
	return days
}
