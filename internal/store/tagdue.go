package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// tagDue begins the sort keys of the tags' part of a bucket of due work.
const tagDue = "tag#"

// TagsDue is what of one bucket a daily check is to look at.
type TagsDue struct {
	Homes  []TaggedHome
	Sweeps []TagSweep
}

// TaggedHome is a home with how a tag stands at it.
type TaggedHome struct {
	Team  hub.TeamID
	Home  hub.HomeID
	State hub.TagState
}

// TagsDue reads a page of what is due at now in a bucket, which is a UTC day and a shard,
// the longest due first, at most limit. After is what the page before told, or "". Next
// continues; "" = there is no more.
func (st *Store) TagsDue(ctx context.Context, day string, shard int, after string, now hub.Millis, limit int) (due TagsDue, next string, err error) {
	const op = "list tags that are due"
	if after == "" {
		after = tagDue
	}
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, IndexName: aws.String(DueIndex),
		KeyConditionExpression: aws.String("gpk=:g AND gsk BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{
			":g": s(fmt.Sprintf("D#%s#%d", day, shard)), ":a": s(after + "!"), ":z": s(tagDueSort(now+1, "")),
		},
		Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return TagsDue{}, "", wrap(op, err)
	}
	if out.LastEvaluatedKey != nil {
		next = str(out.Items[len(out.Items)-1], dueSort)
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keysOf(out.Items))
	for _, it := range items {
		if w, ok := readSweep(it); ok {
			if w.Due <= now { // else it was moved since the index was read
				due.Sweeps = append(due.Sweeps, w)
			}
		} else if team, home, ok := splitPK(str(it, pkAttr), "H"); ok && str(it, dueSort) != "" && str(it, dueSort) < tagDueSort(now+1, "") {
			due.Homes = append(due.Homes, TaggedHome{Team: team, Home: hub.HomeID(home), State: readTagState(it)})
		}
	}
	return due, next, err
}

// checkPK is where the daily check of tags notes how far it came. It is the hub's own, and
// of no team.
const checkPK = "HUB#CUR#tagexpiry"

// TagsChecked reads the last UTC day ("20261122") whose daily check of tags was finished;
// "" = none was.
func (st *Store) TagsChecked(ctx context.Context) (day string, err error) {
	it, err := st.get(ctx, "read check of tags", st.Tables.Ledger, checkPK, cursorSK, true)
	return str(it, "day"), err
}

// FinishTagCheck notes that the daily check of a day was finished, and of all before it.
// An earlier day than what stands changes nothing.
func (st *Store) FinishTagCheck(ctx context.Context, day string) error {
	it := key(checkPK, cursorSK)
	it["day"] = s(day)
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &st.Tables.Ledger, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK) OR #d < :d"),
		ExpressionAttributeNames: map[string]string{"#d": "day"}, ExpressionAttributeValues: item{":d": s(day)},
	})
	if _, later := refused(err); later {
		return nil
	}
	return wrap("finish check of tags", err)
}
