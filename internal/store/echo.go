package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// EchoBy is who wrote a message that the platform's own inbox sent, or nobody is told
// of; EchoByApp and the app's id stand for another app of the platform's.
const (
	EchoBy    = "platform"
	EchoByApp = "app:"
)

// Echo is a message of the account's side that another system sent, as far as is known.
type Echo struct {
	Key        hub.MessageKey // as NoteEcho answered it
	PlatformID string
	Type       hub.MessageType
	Text       string
	By         string // EchoBy, or EchoByApp and the app's id
	Event      string // the platform's id of the event
	Hash       string // of the payload without redelivery marks
	Account    hub.AccountID
	Channel    hub.Channel
	Home       hub.HomeID
	At         hub.Millis
	Raw        []byte
	Received   hub.Millis
	Trace      string
}

// NoteEcho keeps, by the platform's id alone, that the account's side sent a message,
// which is to stand under a key in the log. It answers the key of the first note, which
// counts. It comes before the message itself: whoever learns that the message is ours
// finds by it what to take out of the log, or that nothing is to come into it.
func (st *Store) NoteEcho(ctx context.Context, r Ref, platformID string, k hub.MessageKey, at, received hub.Millis) (hub.MessageKey, error) {
	it := key(r.pk(), earlySK(platformID, echoState))
	it["k"] = s(string(k))
	it["sentAt"] = n(at)
	it[ttlAttr] = st.messageTTL(received)
	isNew, old, err := st.putNew(ctx, "note echo", st.Tables.Messages, it)
	if err != nil || isNew {
		return k, err
	}
	return hub.MessageKey(str(old, "k")), nil
}

// PutEcho stores an echo in the log, once. It moves nothing on its thread, and nobody
// is told of it.
func (st *Store) PutEcho(ctx context.Context, r Ref, m Echo) error {
	sk := messageSK(m.Key)
	if err := st.putLarge(ctx, r, sk, m.Raw, m.Received); err != nil {
		return err
	}
	it := key(r.pk(), sk)
	it["d"] = s("out")
	it["ty"] = s(string(m.Type))
	it["who"] = s(m.By)
	it["ev"] = s(m.Event)
	it["ph"] = s(m.Hash)
	it["pid"] = s(m.PlatformID)
	it["sentAt"] = n(m.At)
	it["ra"] = n(m.Received)
	it["tr"] = s(m.Trace)
	whose(it, m.Account, m.Channel, m.Home)
	it[ttlAttr] = st.messageTTL(m.Received)
	if m.Text != "" {
		it["tx"] = s(cut(m.Text, maxText))
	}
	putRaw(it, m.Raw)
	_, _, err := st.putNew(ctx, "put echo", st.Tables.Messages, it)
	return err
}

// MergeEcho takes an echo out of the log, since it is our message of the key: a mark
// stays in its place, so that it does not come back, nor come at all if it has not yet.
func (st *Store) MergeEcho(ctx context.Context, r Ref, echo, ours hub.MessageKey) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(echo)),
		UpdateExpression: aws.String("SET moved=:k, #ttl=:ttl " +
			"REMOVE d, ty, who, ev, ph, pid, sentAt, deliveredAt, readAt, ra, tr, ac, ch, hm, tx, rw, z, parts"),
		ExpressionAttributeNames:  map[string]string{"#ttl": ttlAttr},
		ExpressionAttributeValues: item{":k": s(string(ours)), ":ttl": n(ttlAfter(st.now(), arrivalRetention))},
	})
	return wrap("merge echo", err)
}

// EchoLike answers the platform's id of the first message since a time that stands in a
// customer's log as another system's and has exactly this text; "" if there is none.
func (st *Store) EchoLike(ctx context.Context, r Ref, text string, since hub.Millis) (string, error) {
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		FilterExpression:          aws.String("d=:out AND attribute_not_exists(cl) AND attribute_exists(pid) AND tx=:t"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":a": s(messageSK(hub.NewMessageKey(since, ""))), ":z": s(messageMark + "~"), ":out": s("out"), ":t": s(cut(text, maxText))},
		ProjectionExpression:      aws.String("pid"), ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", wrap("look for echo", err)
		}
		for _, it := range page.Items {
			return str(it, "pid"), nil
		}
	}
	return "", nil
}

// EchoKey answers the key under which the echo of a platform's id stands in the log; ""
// if none is known.
func (st *Store) EchoKey(ctx context.Context, r Ref, platformID string) (hub.MessageKey, error) {
	it, err := st.get(ctx, "read echo", st.Tables.Messages, r.pk(), earlySK(platformID, echoState), true)
	return hub.MessageKey(str(it, "k")), err
}
