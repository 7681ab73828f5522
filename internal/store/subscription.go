package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Names of the subscription stamps on THREAD.
const (
	subFollowed     = "followedAt"
	subUnfollowed   = "unfollowedAt"
	subOptedOut     = "optedOutAt"
	subOptedIn      = "optedInAt"
	subMarketingOut = "marketingOutAt"
)

// Names of other times on THREAD that move forward, and of what stands beside one.
const (
	lastAct   = "actAt"
	enteredAt = "adAt"
	enteredAd = "ad"
	lastTeam  = "teamAt"
	lastAds   = "mktAt"
)

// toldBy is the time on THREAD that a message of ours of a class moves forward.
var toldBy = map[hub.Class]string{hub.ClassPerson: lastTeam, hub.ClassMarketing: lastAds}

// subscriptionStamps are the stamps that a kind of fact moves.
var subscriptionStamps = map[string]string{
	hub.Followed: subFollowed, hub.Unfollowed: subUnfollowed, hub.OptOut: subOptedOut, hub.OptIn: subOptedIn,
	hub.MarketingOut: subMarketingOut,
}

// Subscribe moves a stamp of a channel user's subscription forward and makes the
// thread known if it is not: one Update, no read. Kind is one of hub.Followed,
// Unfollowed, OptOut, OptIn and MarketingOut. The thread comes back as it stands,
// with the step Moved if the stamp is new, Again if it knows more, and as Advance
// says otherwise.
func (st *Store) Subscribe(ctx context.Context, r Ref, kind string, at hub.Millis, a Arrival) (hub.Thread, Step, error) {
	return st.forward(ctx, "move subscription", r, subscriptionStamps[kind], at, a, nil)
}

// Come is Subscribe for an act of the customer's that is no message: the platform's
// session window counts from it too.
func (st *Store) Come(ctx context.Context, r Ref, at hub.Millis, a Arrival) (hub.Thread, Step, error) {
	return st.forward(ctx, "move last act", r, lastAct, at, a, nil)
}

// Enter is Subscribe for an entry by an advertisement, of which the newest counts.
func (st *Store) Enter(ctx context.Context, r Ref, at hub.Millis, ad string, a Arrival) (hub.Thread, Step, error) {
	return st.forward(ctx, "move entry", r, enteredAt, at, a, item{enteredAd: s(ad)})
}

// forward moves a time of a thread forward, and what is known of that time with it.
func (st *Store) forward(ctx context.Context, op string, r Ref, name string, at hub.Millis, a Arrival, with item) (hub.Thread, Step, error) {
	values := item{":t": n(at), ":a": s(string(a.Account)), ":e": s(a.External.Reveal()), ":u": s(string(a.Kind))}
	more := ""
	for attribute, v := range with {
		more += ", " + attribute + "=:" + attribute
		values[":"+attribute] = v
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET " + name + "=:t, acct=if_not_exists(acct,:a), ext=if_not_exists(ext,:e), kind=if_not_exists(kind,:u)" + more),
		ConditionExpression: aws.String("(attribute_not_exists(" + name + ") OR " + name + " < :t) AND attribute_not_exists(see) " +
			"AND (attribute_not_exists(erasedAt) OR erasedAt < :t)"),
		ExpressionAttributeValues: values, ReturnValues: types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		t := readThread(old)
		switch {
		case t.Erased != 0 && at <= t.Erased:
			return t, Gone, nil
		case t.See != "":
			return t, Elsewhere, nil
		}
		return t, Again, nil
	}
	if err != nil {
		return hub.Thread{}, 0, wrap(op, err)
	}
	return readThread(out.Attributes), Moved, nil
}

// Know makes the thread of a channel user known before anything was written in it:
// for a message of ours of a time and a class ("" = of another system's) to somebody who
// may not have written. A person's and a marketing message move the thread's time of such
// forward. It answers the thread, with the step Gone if the time is not after the
// customer's erasure.
func (st *Store) Know(ctx context.Context, r Ref, at hub.Millis, by hub.Class, a Arrival) (hub.Thread, Step, error) {
	set, unless := "", ""
	if name, ok := toldBy[by]; ok {
		set, unless = ", "+name+"=:t", " OR attribute_not_exists("+name+") OR "+name+" < :t"
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression:    aws.String("SET acct=if_not_exists(acct,:a), ext=if_not_exists(ext,:e), kind=if_not_exists(kind,:u)" + set),
		ConditionExpression: aws.String("(attribute_not_exists(acct)" + unless + ") AND attribute_not_exists(see) AND (attribute_not_exists(erasedAt) OR erasedAt < :t)"),
		ExpressionAttributeValues: item{
			":a": s(string(a.Account)), ":e": s(a.External.Reveal()), ":u": s(string(a.Kind)), ":t": n(at),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		t := readThread(old)
		switch {
		case t.Erased != 0 && at <= t.Erased:
			return t, Gone, nil
		case t.See != "":
			return t, Elsewhere, nil
		}
		return t, Again, nil
	}
	if err != nil {
		return hub.Thread{}, 0, wrap("know thread", err)
	}
	return readThread(out.Attributes), Moved, nil
}

// Act moves the time of the customer's last act that is no message forward: the
// platform's session window counts from it too.
func (st *Store) Act(ctx context.Context, r Ref, at hub.Millis) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression:          aws.String("SET actAt=:t"),
		ConditionExpression:       aws.String("attribute_exists(acct) AND (attribute_not_exists(actAt) OR actAt < :t)"),
		ExpressionAttributeValues: item{":t": n(at)},
	})
	if _, ok := refused(err); ok {
		return nil
	}
	return wrap("move last act", err)
}
