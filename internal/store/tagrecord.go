package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Bearer is a home in the list of those who bear a tag.
type Bearer struct {
	Home  hub.HomeID
	At    hub.Millis // when it was tagged last
	Until hub.Millis // when that ends; 0 = never
}

// Bearers reads a page of the homes that bear a tag, consistently, from a position
// ("" = from the first), at most limit: one Query, and one more for each of the list's
// shards whose end it meets. Those whose end has passed are among them until the daily
// check has ended them. Next continues; "" = there is no more. BadRequest for a position
// that is none.
func (st *Store) Bearers(ctx context.Context, team hub.TeamID, tag hub.TagID, position string, limit int) (list []Bearer, next string, err error) {
	items, next, err := st.sharded(ctx, "list who bears a tag", position, limit, func(shard int, after string) *dynamodb.QueryInput {
		return &dynamodb.QueryInput{
			KeyConditionExpression: aws.String("PK=:p AND SK > :a"), ConsistentRead: aws.Bool(true),
			ExpressionAttributeValues: item{":p": s(tagPK(team, string(tag), shard)), ":a": s(after + "!")},
		}
	}, skAttr)
	for _, it := range items {
		list = append(list, Bearer{Home: hub.HomeID(str(it, skAttr)), At: millis(it, "at"), Until: millis(it, "until")})
	}
	return list, next, err
}

// sharded reads a page of a list that is spread over shards: one after the other, each in
// the order of an attribute. A position is the shard and that attribute of the last item.
func (st *Store) sharded(ctx context.Context, op, position string, limit int, query func(shard int, after string) *dynamodb.QueryInput, by string) (items []item, next string, err error) {
	shard, after := 0, ""
	if position != "" {
		head, tail, ok := strings.Cut(position, ".")
		if shard, err = strconv.Atoi(head); !ok || err != nil || shard < 0 || shard >= Shards {
			return nil, "", hub.E(hub.BadRequest, "store: "+op, errors.New("not a position"))
		}
		after = tail
	}
	for ; shard < Shards; shard, after = shard+1, "" {
		in := query(shard, after)
		in.TableName, in.Limit = &st.Tables.Contacts, aws.Int32(int32(limit-len(items)))
		out, err := st.DB.Query(ctx, in)
		if err != nil {
			return nil, "", wrap(op, err)
		}
		items = append(items, out.Items...)
		if out.LastEvaluatedKey != nil {
			return items, fmt.Sprintf("%d.%s", shard, str(out.Items[len(out.Items)-1], by)), nil
		}
		if len(items) == limit && shard+1 < Shards {
			return items, fmt.Sprintf("%d.", shard+1), nil
		}
	}
	return items, "", nil
}

// CountBearers counts the homes that bear a tag at a time, among the first most entries
// of its list: more says that it did not come to the list's end. It moves nothing of it.
func (st *Store) CountBearers(ctx context.Context, team hub.TeamID, tag hub.TagID, now hub.Millis, most int) (count int, more bool, err error) {
	for shard := range Shards {
		in := &dynamodb.QueryInput{
			TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p"), Select: types.SelectCount,
			FilterExpression:         aws.String("attribute_not_exists(#u) OR #u > :now"),
			ExpressionAttributeNames: map[string]string{"#u": "until"},
			ExpressionAttributeValues: item{
				":p": s(tagPK(team, string(tag), shard)), ":now": n(now),
			},
		}
		for first := true; first || in.ExclusiveStartKey != nil; first = false {
			if most <= 0 {
				return count, true, nil
			}
			in.Limit = aws.Int32(int32(most))
			page, err := st.DB.Query(ctx, in)
			if err != nil {
				return 0, false, wrap("count who bears a tag", err)
			}
			count, most = count+int(page.Count), most-int(page.ScannedCount)
			in.ExclusiveStartKey = page.LastEvaluatedKey
		}
	}
	return count, false, nil
}

// recordsBetween is the Query of one shard of a tag's records from a time until before
// another one; after is the place behind which it begins, "" = none.
func recordsBetween(team hub.TeamID, tag hub.TagID, shard int, from, before hub.Millis, after string) *dynamodb.QueryInput {
	if after == "" {
		after = fmt.Sprintf("%013d", from)
	}
	return &dynamodb.QueryInput{
		IndexName: aws.String(DueIndex), KeyConditionExpression: aws.String("gpk=:g AND gsk BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{
			// A place ends with the id of a call, which no other one continues with '!'.
			":g": s(recordBucket(team, tag, shard)), ":a": s(after + "!"), ":z": s(fmt.Sprintf("%013d", before)),
		},
	}
}

// TagRecords reads a page of the taggings of a tag from a time until before another one,
// from a position ("" = from the first), at most limit: by shard, and within it by time.
// A tagging of the last moments may be missing. Next and errors are as of Bearers.
func (st *Store) TagRecords(ctx context.Context, team hub.TeamID, tag hub.TagID, from, before hub.Millis, position string, limit int) (list []hub.Tagging, next string, err error) {
	const op = "list records of a tag"
	found, next, err := st.sharded(ctx, op, position, limit, func(shard int, after string) *dynamodb.QueryInput {
		return recordsBetween(team, tag, shard, from, before, after)
	}, dueSort)
	if err != nil {
		return nil, "", err
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keysOf(found))
	at := map[string]hub.Tagging{}
	for _, it := range items {
		at[str(it, pkAttr)+str(it, skAttr)] = readTagging(it)
	}
	for _, it := range found {
		if r, ok := at[str(it, pkAttr)+str(it, skAttr)]; ok { // else it was deleted since the index was read
			list = append(list, r)
		}
	}
	return list, next, err
}

// keysOf are the keys of an index's entries.
func keysOf(entries []item) []item {
	keys := make([]item, len(entries))
	for i, it := range entries {
		keys[i] = item{pkAttr: it[pkAttr], skAttr: it[skAttr]}
	}
	return keys
}

// TagUse is how often a tag was given in a time.
type TagUse struct {
	Times int
	Homes int        // to how many different homes
	Last  hub.Millis // the last time; 0 = never
}

// TagUsed counts the taggings of a tag from a time until before another one: it reads the
// index of all of them. Taggings of the last moments may be missing.
func (st *Store) TagUsed(ctx context.Context, team hub.TeamID, tag hub.TagID, from, before hub.Millis) (TagUse, error) {
	var use TagUse
	for shard := range Shards {
		homes := map[hub.HomeID]bool{} // a home's records lie in one shard
		in := recordsBetween(team, tag, shard, from, before, "")
		in.TableName = &st.Tables.Contacts
		pages := dynamodb.NewQueryPaginator(st.DB, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return TagUse{}, wrap("count records of a tag", err)
			}
			use.Times += len(page.Items)
			for _, it := range page.Items {
				homes[homeOf(it)] = true
				use.Last = max(use.Last, hub.MessageKey(str(it, dueSort)).At())
			}
		}
		use.Homes += len(homes)
	}
	return use, nil
}

// Taggings reads a page of the taggings of a home, consistently: those of one tag by
// time, or, with "" for the tag, all by tag and time. After is what the page before
// told, or ""; next "" = there is no more.
func (st *Store) Taggings(ctx context.Context, team hub.TeamID, home hub.HomeID, tag hub.TagID, after string, limit int) (list []hub.Tagging, next string, err error) {
	mark := factSK(taggedFact, string(tag))
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":p": s(homePK(team, home)), ":a": s(mark + after + "!"), ":z": s(mark + "~")},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap("list taggings of a home", err)
	}
	for _, it := range out.Items {
		list = append(list, readTagging(it))
	}
	if out.LastEvaluatedKey != nil {
		next = strings.TrimPrefix(str(out.LastEvaluatedKey, skAttr), mark)
	}
	return list, next, nil
}
