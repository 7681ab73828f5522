package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Stamped says what Stamp met.
type Stamped struct {
	Found bool // the message is there
	Taken bool // it was written down before that the platform took our call
	Final bool // the message had ended before, in whatever way
	// Disowned tells that nothing was stamped, since the platform's id is one under which
	// the send did not go out.
	Disowned bool
	// Doubted is the place of a send that was waiting for just such a receipt, if it
	// was: its thread may hold others back behind it.
	Doubted *hub.Parked
}

// Stamp sets states of a sent message that are not set yet; set ones stay as they
// are, so stamps may come in any order and any number of times; but Unknown is set only
// while nothing else is known, and nothing that bears a disowned id of the platform's but
// that the message arrived. A final state takes the message out of the due index.
// What is new raises rev, by which the bus tells of it.
func (st *Store) Stamp(ctx context.Context, r Ref, k hub.MessageKey, stamps hub.Stamps) (Stamped, error) {
	return st.stamp(ctx, r, k, stamps, " ADD rev :one")
}

// StampEcho is Stamp for a message of the account's side that another system sent: the
// bus is not told of it.
func (st *Store) StampEcho(ctx context.Context, r Ref, k hub.MessageKey, stamps hub.Stamps) error {
	_, err := st.stamp(ctx, r, k, stamps, "")
	return err
}

func (st *Store) stamp(ctx context.Context, r Ref, k hub.MessageKey, stamps hub.Stamps, revise string) (Stamped, error) {
	var sets, missing []string
	values := item{}
	put := func(name string, v types.AttributeValue) {
		ref := ":" + name
		sets = append(sets, name+"=if_not_exists("+name+","+ref+")")
		missing = append(missing, "attribute_not_exists("+name+")")
		values[ref] = v
	}
	for name, at := range stampTimes(stamps) {
		put(name, n(at))
	}
	if stamps.PlatformID != "" {
		put("pid", s(stamps.PlatformID))
	}
	if stamps.Code != "" {
		put("fcode", s(string(stamps.Code)))
	}
	if len(sets) == 0 {
		return Stamped{Found: true}, nil
	}
	unless := ""
	if stamps.Unknown != 0 {
		unless = " AND " + untold
	}
	if mayBeDisowned(stamps) {
		unless += " AND " + owned
	}
	expr := "SET " + strings.Join(sets, ", ")
	if stamps.Final() {
		expr += " REMOVE gpk, gsk"
		missing = append(missing, "attribute_exists(gpk)")
	}
	if expr += revise; revise != "" {
		values[":one"] = n(1)
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression:          &expr,
		ConditionExpression:       aws.String("attribute_exists(SK) AND (" + strings.Join(missing, " OR ") + ")" + unless),
		ExpressionAttributeValues: values, ReturnValues: types.ReturnValueAllOld,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		return stampedOn(old, stamps), nil
	}
	if err != nil {
		return Stamped{}, wrap("stamp message", err)
	}
	return stampedOn(out.Attributes, stamps), nil
}

// untold is the condition that the platform has told nothing of a message.
const untold = "attribute_not_exists(takenAt) AND attribute_not_exists(sentAt) AND attribute_not_exists(deliveredAt) AND " +
	"attribute_not_exists(readAt) AND attribute_not_exists(failedAt)"

// owned is the condition that a platform's id is no disowned one.
const owned = "(attribute_not_exists(refd) OR NOT contains(refd, :pid))"

func mayBeDisowned(stamps hub.Stamps) bool {
	return stamps.PlatformID != "" && stamps.Delivered == 0 && stamps.Read == 0
}

func stampedOn(it item, stamps hub.Stamps) Stamped {
	q, ok := readQueued(it)
	s := Stamped{Found: it != nil, Taken: q.Stamps.Accepted != 0, Final: q.Stamps.Final()}
	s.Disowned = mayBeDisowned(stamps) && slices.Contains(q.Refused, stamps.PlatformID)
	if ok && q.Claim.Stage.waits() && !s.Disowned {
		s.Doubted = &hub.Parked{Accepted: q.Intent.Accepted, Key: q.Intent.Key}
	}
	return s
}

func stampTimes(stamps hub.Stamps) map[string]hub.Millis {
	times := map[string]hub.Millis{
		"takenAt": stamps.Accepted, "sentAt": stamps.Sent, "deliveredAt": stamps.Delivered, "readAt": stamps.Read,
		"failedAt": stamps.Failed, "unknownAt": stamps.Unknown,
	}
	for name, at := range times {
		if at == 0 {
			delete(times, name)
		}
	}
	return times
}

func readStamps(it item) hub.Stamps {
	return hub.Stamps{
		Accepted: millis(it, "takenAt"), Sent: millis(it, "sentAt"), Delivered: millis(it, "deliveredAt"), Read: millis(it, "readAt"),
		Failed: millis(it, "failedAt"), Unknown: millis(it, "unknownAt"),
		PlatformID: str(it, "pid"), Code: hub.Code(str(it, "fcode")),
	}
}

// earlyRetention is how long a receipt waits for the message that it belongs to.
const earlyRetention = 8 * 24 * time.Hour

// PutEarly keeps a receipt by the platform's id of the message, for when the message
// becomes known under it.
func (st *Store) PutEarly(ctx context.Context, r Ref, platformID string, stamps hub.Stamps, at hub.Millis) error {
	it := key(r.pk(), earlySK(platformID, string(stamps.State())))
	for name, v := range stampTimes(stamps) {
		it[name] = n(v)
	}
	if stamps.Code != "" {
		it["fcode"] = s(string(stamps.Code))
	}
	it[ttlAttr] = n(ttlAfter(at, earlyRetention))
	_, _, err := st.putNew(ctx, "keep early receipt", st.Tables.Messages, it)
	return err
}

// Early is what is known of a message by the platform's id alone.
type Early struct {
	Ours   hub.MessageKey // our key of it; "" = it is none of ours, as far as is known
	Echo   hub.MessageKey // under which it stands in the log as another system's; "" = it does not
	Stamps []hub.Stamps   // by receipts, and by the echo
}

// PutKnown notes under which platform id a message of ours went out, for receipts and
// echoes that name nothing else. It answers what came before.
func (st *Store) PutKnown(ctx context.Context, r Ref, platformID string, k hub.MessageKey) (Early, error) {
	it := key(r.pk(), earlySK(platformID, knownState))
	it["k"] = s(string(k))
	it[ttlAttr] = st.messageTTL(st.now())
	if _, _, err := st.putNew(ctx, "note platform id", st.Tables.Messages, it); err != nil {
		return Early{}, err
	}
	return st.Early(ctx, r, platformID)
}

// Early reads, consistently, what is known by a platform's id.
func (st *Store) Early(ctx context.Context, r Ref, platformID string) (Early, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :r)"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":r": s(earlySK(platformID, ""))}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return Early{}, wrap("read early receipts", err)
	}
	var early Early
	for _, it := range out.Items {
		switch str(it, skAttr) {
		case earlySK(platformID, knownState):
			early.Ours = hub.MessageKey(str(it, "k"))
			continue
		case earlySK(platformID, echoState):
			early.Echo = hub.MessageKey(str(it, "k"))
		}
		early.Stamps = append(early.Stamps, readStamps(it))
	}
	return early, nil
}

// What takes the place of a receipt's state in the keys of two notes: PutKnown's, and
// NoteEcho's.
const (
	knownState = "key"
	echoState  = "echo"
)

// Known answers our key of the message that went out under a platform's id; "" if
// none is known.
func (st *Store) Known(ctx context.Context, r Ref, platformID string) (hub.MessageKey, error) {
	it, err := st.get(ctx, "read platform id", st.Tables.Messages, r.pk(), earlySK(platformID, knownState), true)
	return hub.MessageKey(str(it, "k")), err
}

// Watermark moves the time forward until which all that was sent was delivered or
// read. It answers false if the thread is not there or knows more.
func (st *Store) Watermark(ctx context.Context, r Ref, state hub.State, upTo hub.Millis) (bool, error) {
	name := "deliveredUpTo"
	if state == hub.Read {
		name = "readUpTo"
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET " + name + "=:t"),
		ConditionExpression: aws.String("attribute_exists(acct) AND attribute_not_exists(see) AND (attribute_not_exists(" + name +
			") OR " + name + " < :t)"),
		ExpressionAttributeValues: item{":t": n(upTo)},
	})
	if _, ok := refused(err); ok {
		return false, nil
	}
	return err == nil, wrap("move watermark", err)
}

func parseParked(v string) (hub.Parked, bool) {
	at, k, ok := strings.Cut(v, "|")
	ms, err := strconv.ParseInt(at, 10, 64)
	return hub.Parked{Accepted: hub.Millis(ms), Key: hub.MessageKey(k)}, ok && err == nil
}

func parkedText(p hub.Parked) string {
	return strconv.FormatInt(int64(p.Accepted), 10) + "|" + string(p.Key)
}
