package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const activityMark = "ACT#"

func activitySK(id hub.ActivityID) string { return activityMark + string(id) }

// endedSK is the mark of an activity that was deleted: its id is not given again, since
// cards that bear its links are still out, and so are their participations and totals.
func endedSK(id hub.ActivityID) string { return "ACTX#" + string(id) }

// Activity reads an activity of OmniLink. NotFound if there is none.
func (st *Store) Activity(ctx context.Context, team hub.TeamID, id hub.ActivityID, how Read) (hub.Activity, error) {
	it, err := st.config(ctx, "read activity", teamPK(team), activitySK(id), how)
	if err != nil {
		return hub.Activity{}, err
	}
	return readActivity(it)
}

// Activities reads a page of a team's activities in the order of their ids, consistently,
// after one ("" = from the first), at most limit. The last one's id continues; "" =
// there is no more.
func (st *Store) Activities(ctx context.Context, team hub.TeamID, after hub.ActivityID, limit int) (list []hub.Activity, next hub.ActivityID, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Config, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		// Ids are letters and digits: '!' comes before, '~' behind them.
		ExpressionAttributeValues: item{":p": s(teamPK(team)), ":a": s(activitySK(after) + "!"), ":z": s(activitySK("~"))},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap("list activities", err)
	}
	for _, it := range out.Items {
		a, err := readActivity(it)
		if err != nil {
			return nil, "", err
		}
		list = append(list, a)
	}
	if out.LastEvaluatedKey != nil {
		next = hub.ActivityID(strings.TrimPrefix(str(out.LastEvaluatedKey, skAttr), activityMark))
	}
	return list, next, nil
}

// ActivityEnded reads, strictly, whether there was an activity of an id that was deleted.
func (st *Store) ActivityEnded(ctx context.Context, team hub.TeamID, id hub.ActivityID) (bool, error) {
	it, err := st.get(ctx, "read mark of activity", st.Tables.Config, teamPK(team), endedSK(id), true)
	return it != nil, err
}

// SaveActivity writes an activity over the version that it bears, which it raises, with
// its audit entry. Conflict if it is not as it was seen, if it is new and one of its id was
// deleted, or if a module of the bot to which it leads is gone.
func (st *Store) SaveActivity(ctx context.Context, team hub.TeamID, a hub.Activity, audit hub.Audit) error {
	seen := a.Version
	a.Version++
	it, err := activityItem(team, a)
	if err != nil {
		return err
	}
	more := st.namesModules(team, a.Success.Source.Module, a.Success.Target.Module, a.Failure.Module)
	if seen == 0 {
		more = append(more, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Config, Key: key(teamPK(team), endedSK(a.ID)), ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}})
	}
	return st.saveSetting(ctx, "save activity", team, it, seen, audit, more...)
}

// DeleteActivity deletes an activity of the version that was seen, with its audit entry,
// and marks its id as used. Conflict if it is not as it was seen. Its participations stay
// with their homes.
func (st *Store) DeleteActivity(ctx context.Context, team hub.TeamID, seen hub.Activity, audit hub.Audit) error {
	return st.deleteSetting(ctx, "delete activity", team, activitySK(seen.ID), seen.Version, audit, types.TransactWriteItem{Put: &types.Put{
		TableName: &st.Tables.Config, Item: key(teamPK(team), endedSK(seen.ID)),
	}})
}

// activityItem keeps an activity as JSON: nothing of it is looked for by itself.
func activityItem(team hub.TeamID, a hub.Activity) (item, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, hub.E(hub.Internal, "store: save activity", err)
	}
	it := key(teamPK(team), activitySK(a.ID))
	it["doc"], it["v"] = s(string(raw)), n(a.Version)
	return it, nil
}

func readActivity(it item) (a hub.Activity, err error) {
	if err = json.Unmarshal([]byte(str(it, "doc")), &a); err != nil {
		return a, hub.E(hub.Internal, "store: read activity", err)
	}
	a.ID, a.Version = hub.ActivityID(strings.TrimPrefix(str(it, skAttr), activityMark)), int(num(it, "v"))
	return a, nil
}
