package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// OpenThreads reads up to limit threads of a team with an open conversation, the one that
// was opened first first, after a place in the list ("" = from the first). It answers
// the place to go on from; "" = there is no more. A page may hold fewer than limit
// threads, or none, before the end: what was closed since is left out. It costs a Query
// for each shard and the reading of what is shown.
func (st *Store) OpenThreads(ctx context.Context, team hub.TeamID, after string, limit int) (threads []hub.Thread, next string, err error) {
	var entries []item
	for shard := range Shards {
		out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
			TableName: &st.Tables.Messages, IndexName: aws.String(DueIndex),
			KeyConditionExpression:    aws.String("gpk=:g AND gsk > :a"),
			ExpressionAttributeValues: item{":g": s(fmt.Sprintf("O#%s#%d", team, shard)), ":a": s(after + " ")},
			Limit:                     aws.Int32(int32(limit + 1)),
		})
		if err != nil {
			return nil, "", wrap("list open threads", err)
		}
		entries = append(entries, out.Items...)
	}
	slices.SortFunc(entries, func(a, b item) int { return strings.Compare(str(a, dueSort), str(b, dueSort)) })
	if len(entries) > limit {
		entries = entries[:limit]
		next = str(entries[limit-1], dueSort)
	}
	keys := make([]item, len(entries))
	order := map[string]int{}
	for i, it := range entries {
		keys[i] = item{pkAttr: it[pkAttr], skAttr: it[skAttr]}
		order[str(it, pkAttr)] = i
	}
	items, err := st.getAll(ctx, "read open threads", st.Tables.Messages, keys)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(items, func(a, b item) int { return order[str(a, pkAttr)] - order[str(b, pkAttr)] })
	for _, it := range items {
		if t := readThread(it); t.Conversation != "" && t.See == "" {
			threads = append(threads, t)
		}
	}
	return threads, next, nil
}

// ClosedBy tells whether a member closed a conversation of a thread, by the mark that this
// left: one read, however many were closed.
func (st *Store) ClosedBy(ctx context.Context, team hub.TeamID, t *hub.Thread, member string) (bool, error) {
	var keys []item
	for _, r := range Partitions(team, t) {
		keys = append(keys, key(r.pk(), closerSK(member)))
	}
	items, err := st.getAll(ctx, "read who closed conversations", st.Tables.Messages, keys)
	return len(items) > 0, err
}

// Closer is who closed a conversation of a thread; "" if nobody did, as far as is known.
func (st *Store) Closer(ctx context.Context, r Ref, h hub.ConversationID) (string, error) {
	it, err := st.get(ctx, "read closed conversation", st.Tables.Messages, r.pk(), closedSK(h), true)
	return str(it, "who"), err
}

// Release gives an accepted conversation back to all who may take it: one conditional
// Update, with the fence raised, so that one of several who change it at once wins. From
// now on the customer waits again, for a person, and the bot may answer. Conflict if the member has it
// no more.
func (st *Store) Release(ctx context.Context, r Ref, h hub.ConversationID, member, by string) (hub.Thread, error) {
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression:    aws.String("SET waitSince=:now, need=:need, chg=:c REMOVE assignee, floor ADD fence :one, rev :one"),
		ConditionExpression: aws.String("conv=:h AND assignee=:m"),
		ExpressionAttributeValues: item{
			":m": s(member), ":h": s(string(h)), ":one": n(1), ":now": n(st.now()), ":need": s(string(hub.NeedHuman)),
			":c": Revision{By: by, Fields: []string{"assignee", "floor"}}.value(ctx, st.now()),
		},
		ReturnValues: types.ReturnValueAllNew,
	})
	if _, ok := refused(err); ok {
		return hub.Thread{}, hub.E(hub.Conflict, "store: release conversation", errors.New("the member has it no more"))
	}
	if err != nil {
		return hub.Thread{}, wrap("release conversation", err)
	}
	return readThread(out.Attributes), nil
}

// QuarantinePage reads up to limit entries of a team's quarantine of one UTC day
// ("20261122"), by their ids, after one of them ("" = from the first). It answers the one
// to go on from; "" = there is no more.
func (st *Store) QuarantinePage(ctx context.Context, team hub.TeamID, day, after string, limit int) (list []Quarantined, next string, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Ledger, KeyConditionExpression: aws.String("PK=:p AND SK > :a"),
		ExpressionAttributeValues: item{":p": s(quarantineDayPK(team, day)), ":a": s(after + " ")},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap("list quarantine", err)
	}
	for _, it := range out.Items {
		if !st.expired(it) {
			list = append(list, readQuarantined(team, it))
		}
	}
	if out.LastEvaluatedKey != nil {
		next = str(out.LastEvaluatedKey, skAttr)
	}
	return list, next, nil
}
