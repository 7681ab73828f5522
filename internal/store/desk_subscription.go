package store

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// SubscribeBy has a member or a program say whether the channel user of a home, whose
// thread was seen, is sent marketing messages, as of the audit's time, or just after what
// was said last: the stamp of the thread, the fact for the bus and the audit are one
// transaction. Who has opted out himself is let in again by nobody but himself: Refused.
// Said again it changes nothing. Conflict if the thread changed meanwhile.
func (st *Store) SubscribeBy(ctx context.Context, team hub.TeamID, of hub.Home, seen *hub.Thread, marketing bool, a hub.Audit) (hub.Thread, error) {
	if marketing == seen.Wants(hub.ClassMarketing) {
		return *seen, nil
	}
	if marketing && !seen.Wants(hub.ClassBot) {
		return *seen, hub.E(hub.Refused, "store: subscribe", errors.New("the customer has opted out, and only he can opt in again"))
	}
	kind := hub.MarketingOut
	if marketing {
		kind = hub.OptIn
	}
	at := max(a.At, seen.MarketingOut+1, seen.OptedIn+1) // what stands may bear the time of a clock ahead of ours
	r := Ref{Team: team, User: seen.User}
	fact := key(r.pk(), otherSK(at, a.ID))
	fact["ty"], fact["ev"], fact["ra"], fact["pub"] = s("api"), s(a.ID), n(a.At), s(kind)
	fact[ttlAttr] = st.messageTTL(a.At)
	whose(fact, seen.Account, of.Channel, of.ID)
	trace(ctx, fact)
	a.Before, a.After = map[string]string{"marketing": said(!marketing)}, map[string]string{"marketing": said(marketing)}
	_, err := st.transact(ctx, "subscribe", []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK), UpdateExpression: aws.String("SET " + subscriptionStamps[kind] + "=:t"),
			ConditionExpression: aws.String("attribute_exists(acct) AND attribute_not_exists(see) AND " +
				"(attribute_not_exists(" + subscriptionStamps[kind] + ") OR " + subscriptionStamps[kind] + " < :t)"),
			ExpressionAttributeValues: item{":t": n(at)},
		}},
		{Put: &types.Put{TableName: &st.Tables.Messages, Item: fact, ConditionExpression: aws.String("attribute_not_exists(SK)")}},
		st.audit(team, a),
	})
	if err != nil {
		return *seen, err
	}
	return st.Thread(ctx, r)
}

func said(yes bool) string {
	if yes {
		return "on"
	}
	return "off"
}

// ThreadsOf reads the threads of channel users, consistently, by the users' keys, each
// where it leads. Users without one are left out.
func (st *Store) ThreadsOf(ctx context.Context, team hub.TeamID, users []hub.UserKey) (map[hub.UserKey]hub.Thread, error) {
	keys := make([]item, len(users))
	for i, u := range users {
		keys[i] = key(userPK(team, u), threadSK)
	}
	items, err := st.getAll(ctx, "read threads", st.Tables.Messages, keys)
	if err != nil {
		return nil, err
	}
	threads := map[hub.UserKey]hub.Thread{}
	for _, it := range items {
		t := readThread(it)
		u := t.User
		if t.See != "" {
			if t, err = st.Thread(ctx, Ref{Team: team, User: t.See}); err != nil {
				return nil, err
			}
		}
		threads[u] = t
	}
	return threads, nil
}
