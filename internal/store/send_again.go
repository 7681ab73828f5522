package store

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// SendAgain makes a send wait until due as if it had not been tried, since the platform
// took it and told afterwards, under an id of its own, that it did not go out. The id is
// remembered: what else comes under it, and does not say that the message arrived, is
// not about this send any more. Conflict if the send is not as it was seen.
func (st *Store) SendAgain(ctx context.Context, seen Queued, platformID string, due hub.Millis) error {
	cond := "attribute_exists(SK) AND attribute_not_exists(deliveredAt) AND attribute_not_exists(readAt) AND attribute_not_exists(failedAt) AND attribute_not_exists(unknownAt)"
	values := item{
		":r": set(platformID), ":g": s(sendBucket(due, seen.Ref.User)), ":s": s(sendSort(due, seen.Ref.Team, seen.Ref.User, seen.Intent.Key)),
	}
	for _, is := range []struct{ name, value string }{{"pid", seen.Stamps.PlatformID}, {"own", seen.Claim.Owner}, {"stg", string(seen.Claim.Stage)}} {
		if is.value == "" {
			cond += " AND attribute_not_exists(" + is.name + ")"
			continue
		}
		cond += " AND " + is.name + "=:" + is.name
		values[":"+is.name] = s(is.value)
	}
	if count := len(seen.Refused); count == 0 {
		cond += " AND attribute_not_exists(refd)"
	} else {
		cond += " AND size(refd)=:n"
		values[":n"] = n(count)
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(seen.Ref.pk(), messageSK(seen.Intent.Key)),
		UpdateExpression:    aws.String("ADD refd :r SET gpk=:g, gsk=:s REMOVE takenAt, sentAt, pid, own, cdl, stg, cat, wt"),
		ConditionExpression: &cond, ExpressionAttributeValues: values,
	})
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: send again", errors.New("the send changed"))
	}
	return wrap("send again", err)
}

// Disown remembers that a platform's id is that of a call for a send which did not go
// out, while another call of the same send may have: what comes under the id, and does
// not say that the message arrived, is not about this send any more.
func (st *Store) Disown(ctx context.Context, r Ref, k hub.MessageKey, platformID string) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression: aws.String("ADD refd :r"), ConditionExpression: aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":r": set(platformID)},
	})
	if _, gone := refused(err); gone {
		return nil
	}
	return wrap("disown platform id", err)
}
