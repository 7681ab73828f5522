package store

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/seal"
)

const (
	// CallKept is how long an API call is known by its Idempotency-Key, from when it was
	// first begun.
	CallKept = 24 * time.Hour
	// CallLease is how long a call that was begun counts as being in progress: longer, by
	// more than two clocks differ, than the API's function may run.
	CallLease = time.Minute
	// MaxAnswer is the longest body of an answer that is kept, in bytes.
	MaxAnswer = 300 << 10
	// saltBytes is how much of a call's secrets is random.
	saltBytes = 20
	// callWait is what a repetition is asked to wait while the call is in progress.
	callWait = time.Second
)

// ErrCallReused tells that another call had the same Idempotency-Key.
var ErrCallReused = errors.New("another call had the same key")

// Call is an API call that bears an Idempotency-Key.
type Call struct {
	Team      hub.TeamID
	Pepper    hub.Pepper // the team's
	Actor     hub.Actor
	Operation string
	Key       string // the Idempotency-Key
	// Request is a hash of all that the call asks: its path, query, conditions and body.
	Request string
}

// Begun is a call that was begun, now or before.
type Begun struct {
	Call
	// ID and At name the call, and are the same at each try of it until RenewCall: what is
	// made under an id that derives from both is made once, though a try died half-way.
	ID  string     // 32 characters of base32
	At  hub.Millis // when it was first begun, or begun anew
	Try int        // 1, 2 …
	// Done is the answer that the call had; nil = it has none, and this try is to make it.
	Done *Answer

	salt []byte // of the record: gone with it
}

// Secret is a secret of the call for a purpose, 160 bits in 32 characters of base32, the
// same at each try: it takes the call's record, the pepper and the Idempotency-Key to
// make it, and nobody can once the record is gone.
func (b Begun) Secret(purpose string) string {
	return b.Pepper.Value(purpose, hub.Digest(b.ID, strconv.FormatInt(int64(b.At), 10), string(b.salt), b.Key))
}

// Answer is what an API call was answered.
type Answer struct {
	Status int
	Header map[string]string // those that the caller may need: ETag, Location, Content-Type
	Body   []byte
	// Short tells that the body was not kept: what it told is to be read again.
	Short bool
}

// BeginCall begins a call, or tells how it ended: one Put for a new one, one more Update
// for one whose last try died or was dropped. Refused with ErrCallReused if another call
// had the key within CallKept; Conflict with a wait while a try is in progress.
//
// The key and the answer cannot be read back from the table: the record stands under the
// key's hash, and the answer is sealed under a key that derives from the pepper and the
// Idempotency-Key, which is stored nowhere. So what an answer tells of a person is gone
// with the caller's own key.
func (st *Store) BeginCall(ctx context.Context, c Call) (Begun, error) {
	begun := Begun{Call: c, ID: c.derive("call"), At: st.now(), Try: 1, salt: make([]byte, saltBytes)}
	rand.Read(begun.salt) // never fails
	it := begun.key()
	it["req"], it["at"], it["try"], it["salt"] = s(c.Request), n(begun.At), n(begun.Try), b(begun.salt)
	it["lease"], it[ttlAttr] = n(begun.At.Add(CallLease)), n(ttlAfter(begun.At, CallKept))
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &st.Tables.Ledger, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK) OR #at <= :expired"),
		ExpressionAttributeNames:            map[string]string{"#at": "at"},
		ExpressionAttributeValues:           item{":expired": n(begun.At.Add(-CallKept))},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	old, stood := refused(err)
	if !stood {
		return begun, wrap("begin call", err)
	}
	now := begun.At
	begun.At, begun.Try, begun.salt = millis(old, "at"), int(num(old, "try")), bin(old, "salt")
	switch {
	case str(old, "req") != c.Request:
		return begun, hub.E(hub.Refused, "store: begin call", ErrCallReused)
	case num(old, "status") != 0:
		begun.Done, err = begun.answer(old)
		return begun, err
	case millis(old, "lease") > now:
		return begun, inProgress()
	}
	taken, err := st.changeCall(ctx, begun, "SET try=:next, lease=:lease", " AND attribute_not_exists(#status)",
		item{":next": n(begun.Try + 1), ":lease": n(now.Add(CallLease))})
	if err == nil && !taken {
		err = inProgress()
	}
	begun.Try++
	return begun, err
}

func inProgress() error {
	return &hub.Error{Code: hub.Conflict, Op: "store: begin call", Err: errors.New("the same call is in progress"), RetryAfter: callWait}
}

// RenewCall begins a call anew of whose earlier tries nothing stands: as of now, so that
// nothing is written as of a time that is long past, and with other names for what it
// makes. Conflict if a later try has begun meanwhile.
func (st *Store) RenewCall(ctx context.Context, b Begun) (Begun, error) {
	now := st.now()
	kept, err := st.changeCall(ctx, b, "SET #at=:now, #ttl=:ttl", " AND attribute_not_exists(#status)",
		item{":now": n(now), ":ttl": n(ttlAfter(now, CallKept))})
	if err == nil && !kept {
		err = inProgress()
	}
	b.At = now
	return b, err
}

// EndCall keeps the answer that a try came to, for those that repeat the call. A body over
// MaxAnswer is not kept, and neither is one of an answer that is Short already. Conflict
// if a later try has begun meanwhile: that one answers.
func (st *Store) EndCall(ctx context.Context, b Begun, a Answer) error {
	values := item{":status": n(a.Status), ":cut": n(0), ":head": headerMap(a.Header), ":body": &types.AttributeValueMemberB{Value: []byte{}}}
	if a.Short || len(a.Body) > MaxAnswer {
		values[":cut"] = n(1)
	} else {
		sealed, err := b.seal(a.Body)
		if err != nil {
			return hub.E(hub.Internal, "store: end call", err)
		}
		values[":body"] = &types.AttributeValueMemberB{Value: sealed}
	}
	kept, err := st.changeCall(ctx, b, "SET #status=:status, cut=:cut, head=:head, body=:body REMOVE lease", "", values)
	if err == nil && !kept {
		err = hub.E(hub.Conflict, "store: end call", errors.New("a later try of the call has begun"))
	}
	return err
}

// DropCall tells that a try came to no answer that would hold: the next one need not wait
// for the lease. It changes nothing if a later try has begun, or the call has its answer.
func (st *Store) DropCall(ctx context.Context, b Begun) error {
	_, err := st.changeCall(ctx, b, "SET lease=:zero", " AND attribute_not_exists(#status)", item{":zero": n(0)})
	return err
}

// changeCall updates the record of a call if its last try is the one that was begun. It
// answers whether it was.
func (st *Store) changeCall(ctx context.Context, b Begun, update, cond string, values item) (bool, error) {
	values[":at"], values[":try"] = n(b.At), n(b.Try)
	names := map[string]string{"#at": "at", "#status": "status"}
	if values[":ttl"] != nil {
		names["#ttl"] = ttlAttr
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Ledger, Key: b.key(), UpdateExpression: &update, ConditionExpression: aws.String("#at=:at AND try=:try" + cond),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	_, other := refused(err)
	if other {
		err = nil
	}
	return !other, wrap("change call", err)
}

func (b Begun) key() item { return key(callPK(b.Team, b.ID), callSK) }

// derive is a value that only who has the pepper and the Idempotency-Key can make.
func (c Call) derive(scope string) string {
	return c.Pepper.Value(scope, hub.Digest(c.Actor.String(), c.Operation, c.Key))
}

func (b Begun) box() (*seal.Box, error) {
	box := &seal.Box{}
	return box, box.Add("1", []byte(b.derive("answer")))
}

func (b Begun) seal(body []byte) ([]byte, error) {
	box, err := b.box()
	if err != nil {
		return nil, err
	}
	packed, deflated := pack(body)
	form := byte(0)
	if deflated {
		form = 1
	}
	return box.Seal(append([]byte{form}, packed...), string(b.Team), b.ID)
}

func (b Begun) answer(it item) (*Answer, error) {
	a := &Answer{Status: int(num(it, "status")), Header: texts(it, "head"), Short: num(it, "cut") != 0}
	if a.Short {
		return a, nil
	}
	box, err := b.box()
	if err == nil {
		var clear []byte
		if clear, err = box.Open(bin(it, "body"), string(b.Team), b.ID); err == nil {
			a.Body, err = unpack(clear[1:], clear[0] == 1)
		}
	}
	if err != nil {
		return nil, hub.E(hub.Internal, "store: read call", err)
	}
	return a, nil
}

func headerMap(header map[string]string) types.AttributeValue {
	m := item{}
	for name, v := range header {
		m[name] = s(v)
	}
	return &types.AttributeValueMemberM{Value: m}
}
