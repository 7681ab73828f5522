package store

import (
	"context"
	"errors"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// quarantineDays are the UTC days from the one of a time to the one of another, oldest
// first, at most as many as entries are kept.
func quarantineDays(from, to hub.Millis) []string {
	from = max(from, to.Add(-QuarantineRetention))
	var days []string
	for at := from; Day(at) <= Day(to); at = at.Add(24 * time.Hour) {
		days = append(days, Day(at))
	}
	return days
}

// QuarantinedBetween lists the entries of a team that the edge accepted from one time
// to another, both included, oldest first; those that were replayed are among them,
// those past their time are not. It reads a partition for each day.
func (st *Store) QuarantinedBetween(ctx context.Context, team hub.TeamID, from, to hub.Millis) ([]Quarantined, error) {
	var list []Quarantined
	for _, day := range quarantineDays(from, to) {
		pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
			TableName: &st.Tables.Ledger, KeyConditionExpression: aws.String("PK=:p"),
			ExpressionAttributeValues: item{":p": s(quarantineDayPK(team, day))}, ConsistentRead: aws.Bool(true),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, wrap("list quarantine", err)
			}
			for _, it := range page.Items {
				if q := readQuarantined(team, it); q.At >= from && q.At <= to && !st.expired(it) {
					list = append(list, q)
				}
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].At < list[j].At })
	return list, nil
}

// entryKeys are the keys that the entry of an id may have, by the day on which the edge
// accepted it: with a day more at both ends, since its clock need not be ours.
func entryKeys(team hub.TeamID, id string, now hub.Millis) []item {
	var keys []item
	for _, day := range quarantineDays(now.Add(-QuarantineRetention), now.Add(24*time.Hour)) {
		keys = append(keys, key(quarantineDayPK(team, day), id))
	}
	return keys
}

// QuarantinedEntry finds the entry of an id; of several, since the same thing was
// accepted on several days, the newest. NotFound if there is none, or its time is over.
func (st *Store) QuarantinedEntry(ctx context.Context, team hub.TeamID, id string) (Quarantined, error) {
	keys := entryKeys(team, id, st.now())
	var found Quarantined
	want := map[string]types.KeysAndAttributes{st.Tables.Ledger: {Keys: keys, ConsistentRead: aws.Bool(true)}}
	for len(want) > 0 {
		out, err := st.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: want})
		if err != nil {
			return Quarantined{}, wrap("find quarantined", err)
		}
		for _, it := range out.Responses[st.Tables.Ledger] {
			if q := readQuarantined(team, it); q.At > found.At && !st.expired(it) {
				found = q
			}
		}
		if len(out.UnprocessedKeys[st.Tables.Ledger].Keys) == len(want[st.Tables.Ledger].Keys) {
			return Quarantined{}, hub.E(hub.Transient, "store: find quarantined", errors.New("the table is throttled"))
		}
		want = out.UnprocessedKeys
	}
	if found.ID == "" {
		return found, notFound("find quarantined", "such entry in the team's quarantine")
	}
	return found, nil
}

// QuarantinedWhole reads a quarantined body with what the edge knew of it. It answers
// false while chunks are missing.
func (st *Store) QuarantinedWhole(ctx context.Context, q Quarantined) ([]byte, Known, bool, error) {
	var body []byte
	var known Known
	chunks := map[string]bool{}
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Ledger, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :r)"),
		ExpressionAttributeValues: item{":p": s(rawPK(q.Team, q.ID)), ":r": s(rawPrefix)}, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Known{}, false, wrap("read quarantined body", err)
		}
		for _, it := range page.Items {
			if str(it, skAttr) == rawSK(0, 0) {
				known = readKnown(it)
			}
			chunk, _, _ := strings.Cut(strings.TrimPrefix(str(it, skAttr), rawPrefix), "#")
			chunks[chunk] = true
			body = append(body, bin(it, "rw")...)
		}
	}
	return body, known, len(chunks) == q.Chunks && len(body) == q.Size, nil
}

// BeginReplay notes, before an entry is put on its way again, that this begins, and
// answers the stamp under which EndReplay ends it. A replay that was cut off begins
// again under its old stamp. NotFound if the entry is gone.
func (st *Store) BeginReplay(ctx context.Context, q Quarantined) (hub.Millis, error) {
	set := "SET replay=if_not_exists(replay, :now)"
	if q.Replayed != 0 {
		set = "SET replay=:now REMOVE replayedAt"
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Ledger, Key: key(quarantineDayPK(q.Team, Day(q.At)), quarantineSort(q)),
		UpdateExpression: &set, ConditionExpression: aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":now": n(st.now())}, ReturnValues: types.ReturnValueAllNew,
	})
	if _, gone := refused(err); gone {
		return 0, notFound("begin replay", "such entry in the team's quarantine")
	}
	if err != nil {
		return 0, wrap("begin replay", err)
	}
	return millis(out.Attributes, "replay"), nil
}

// EndReplay marks an entry as replayed: it stays until its time is over. It answers
// false if the entry came back since the replay began, and is listed as it was.
func (st *Store) EndReplay(ctx context.Context, q Quarantined, begun hub.Millis) (bool, error) {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Ledger, Key: key(quarantineDayPK(q.Team, Day(q.At)), quarantineSort(q)),
		UpdateExpression: aws.String("SET replayedAt=:now"), ConditionExpression: aws.String("replay=:begun"),
		ExpressionAttributeValues: item{":now": n(st.now()), ":begun": n(begun)},
	})
	if _, back := refused(err); back {
		return false, nil
	}
	return err == nil, wrap("end replay", err)
}

// expired tells of an item that is past its time and not yet taken away.
func (st *Store) expired(it item) bool {
	ttl := num(it, ttlAttr)
	return ttl != 0 && ttl <= st.Now().Unix()
}
