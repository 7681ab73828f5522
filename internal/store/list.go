package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// listDays is how many days that have homes one call of HomesBefore looks at.
const listDays = 7

// markDay notes for ever that a day has homes, before the first of them is made: one
// Put, refused if the mark is there; nothing if this process knows that it is.
func (st *Store) markDay(ctx context.Context, team hub.TeamID, day string) error {
	known := daysPK(team) + "#" + day
	if st.Marks.has(known) {
		return nil
	}
	if _, _, err := st.putNew(ctx, "mark day", st.Tables.Contacts, key(daysPK(team), day)); err != nil {
		return err
	}
	st.Marks.add(known)
	return nil
}

// HomesBefore lists homes by the time at which they came to be, the newest first,
// before a place ("" = from the newest on), at most limit, which is 100 at most. The
// place of the last one continues, "" = there is no more. A call looks at a bounded
// number of days, so it may answer fewer, or none, and a place. A home that was made a
// moment ago may be missing. BadRequest for a place that is none.
func (st *Store) HomesBefore(ctx context.Context, team hub.TeamID, before string, limit int) (list []hub.HomeID, next string, err error) {
	const op = "list homes"
	from := "~"
	if before != "" {
		at := hub.MessageKey(before + "#").At()
		if at == 0 {
			return nil, "", hub.E(hub.BadRequest, "store: "+op, fmt.Errorf("not a place of the list"))
		}
		from = Day(at)
	}
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p AND SK <= :d"), ScanIndexForward: aws.Bool(false),
		ExpressionAttributeValues: item{":p": s(daysPK(team)), ":d": s(from)}, ConsistentRead: aws.Bool(true), Limit: aws.Int32(listDays),
	})
	if err != nil {
		return nil, "", wrap(op, err)
	}
	for _, it := range out.Items {
		day := str(it, skAttr)
		buckets := make([]string, Shards)
		for i := range buckets {
			buckets[i] = fmt.Sprintf("L#%s#%s#%d", team, day, i)
		}
		entries, err := st.newest(ctx, op, buckets, before, limit-len(list))
		if err != nil {
			return nil, "", err
		}
		for _, e := range entries {
			list = append(list, homeOf(e))
		}
		if len(list) == limit {
			return list, str(entries[len(entries)-1], dueSort), nil
		}
		next = day
	}
	if len(out.Items) < listDays {
		return list, "", nil
	}
	begins, err := time.Parse("20060102", next)
	if err != nil {
		return nil, "", hub.E(hub.Internal, "store: "+op, fmt.Errorf("a day's mark is none"))
	}
	return list, fmt.Sprintf("%013d", hub.MillisOf(begins)), nil
}

// newest reads the entries of several buckets of Contacts' due index that stand before
// a place ("" = all), as one list, the latest first: one Query for each.
func (st *Store) newest(ctx context.Context, op string, buckets []string, before string, limit int) ([]item, error) {
	if before == "" {
		before = "~"
	}
	var all []item
	for _, bucket := range buckets {
		out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
			TableName: &st.Tables.Contacts, IndexName: aws.String(DueIndex), KeyConditionExpression: aws.String("gpk=:g AND gsk < :b"),
			ExpressionAttributeValues: item{":g": s(bucket), ":b": s(before)}, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit)),
		})
		if err != nil {
			return nil, wrap(op, err)
		}
		all = append(all, out.Items...)
	}
	slices.SortFunc(all, func(a, b item) int { return strings.Compare(str(b, dueSort), str(a, dueSort)) })
	return all[:min(len(all), limit)], nil
}
