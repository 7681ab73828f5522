package store

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Overdue is how long after its intent a send is looked for by reconcile: longer
// than the change stream and the queue need.
const Overdue = 3 * time.Minute

// PutIntent stores a message that is to be sent. The insert is the intent: the
// change stream hands it on, and reconcile finds it in the due index if nothing
// else does. It answers false if the intent is there already.
func (st *Store) PutIntent(ctx context.Context, r Ref, m hub.Intent) (bool, error) {
	due := m.Accepted.Add(Overdue)
	it := st.intentItem(r, m)
	it[dueBucket] = s(sendBucket(due, r.User))
	it[dueSort] = s(sendSort(due, r.Team, r.User, m.Key))
	isNew, _, err := st.putNew(ctx, "put intent", st.Tables.Messages, it)
	return isNew, err
}

// PutAnswered stores a message of ours that went out with the webhook's own answer: it
// is never handed on. Whoever stores it stamps it as accepted.
func (st *Store) PutAnswered(ctx context.Context, r Ref, m hub.Intent) error {
	_, _, err := st.putNew(ctx, "put answered message", st.Tables.Messages, st.intentItem(r, m))
	return err
}

func (st *Store) intentItem(r Ref, m hub.Intent) item {
	it := key(r.pk(), messageSK(m.Key))
	it["d"] = s("out")
	putContent(it, m.Content)
	whose(it, m.Account, m.Channel, m.Home)
	if m.By != "" {
		it["who"] = s(m.By)
	}
	it["cl"] = s(string(m.Class))
	it["acc"] = n(m.Accepted)
	it["dl"] = n(m.Deadline)
	it["tr"] = s(m.Trace)
	it[ttlAttr] = st.messageTTL(m.Accepted)
	if m.Thread != "" && m.Thread != r.User {
		it["th"] = s(string(m.Thread))
	}
	if m.Fence != 0 {
		it["fence"] = n(m.Fence)
	}
	if m.Over {
		it["ov"] = n(1)
	}
	if m.Reply.Token != "" {
		it["rt"] = s(m.Reply.Token.Reveal())
		it["rs"] = n(m.Reply.Since)
	}
	return it
}

// putContent puts a message's content into its item: a plain text as it is, any other
// form as JSON beside what stands in lists.
func putContent(it item, c hub.Content) {
	it["ty"] = s(string(c.Type))
	it["tx"] = s(c.Words())
	if plain := (hub.Content{Type: c.Type, Text: c.Text}); reflect.DeepEqual(c, plain) {
		return
	}
	if encoded, err := json.Marshal(c); err == nil {
		it["ct"] = s(string(encoded))
	}
}

func readContent(it item) hub.Content {
	var c hub.Content
	if text := str(it, "ct"); text != "" && json.Unmarshal([]byte(text), &c) == nil {
		return c
	}
	return hub.Content{Type: hub.MessageType(str(it, "ty")), Text: str(it, "tx")}
}

// Queued is an intent with what has happened to it since.
type Queued struct {
	Ref     Ref
	Intent  hub.Intent
	Attempt int        // how often reconcile has handed it on
	Due     hub.Millis // when reconcile looks at it next
	Stamps  hub.Stamps
	Claim   Claim
	Tried   hub.Millis // when a call that can be repeated ended unclear first; 0 = none did
	Waits   hub.Code   // why it is parked, if that is for the account's owner to end; "" = for another reason
	Refused []string   // the platform's ids under which it did not go out: see SendAgain, Disown
}

// Line names the thread in whose order the send leaves. A person of several ids has one,
// though the sends lie in the partitions of the ids that they answer.
func (q Queued) Line() hub.UserKey {
	if q.Intent.Thread != "" {
		return q.Intent.Thread
	}
	return q.Ref.User
}

// Claim is a worker's hold on a send whose platform would take it twice.
type Claim struct {
	Owner    string // "" = not claimed
	Deadline hub.Millis
	Stage    Stage
	Since    hub.Millis // when it was made
}

// Stage is how far a claimed send has come.
type Stage string

const (
	// StageReply: the reply token is in use; its end may be unclear.
	StageReply Stage = "reply"
	// StagePush: surely nothing was sent by the token; a push with a retry key follows.
	StagePush Stage = "push"
	// StageSend: a call without an idempotency key is in the air.
	StageSend Stage = "send"
	// StageDoubt: the answer of that call was lost; a receipt is waited for.
	StageDoubt Stage = "doubt"
	// StageAgain: the one further call that a transactional message may have.
	StageAgain Stage = "again"
	// StageLost: the answer of the last call that the message may have was lost; a
	// receipt is waited for, then it is looked for at the platform.
	StageLost Stage = "lost"
)

// waits reports whether a receipt is waited for at the stage.
func (s Stage) waits() bool { return s == StageDoubt || s == StageLost }

func readQueued(it item) (Queued, bool) {
	team, user, ok := splitUserPK(str(it, pkAttr))
	sk := str(it, skAttr)
	if !ok || !strings.HasPrefix(sk, messageMark) || str(it, "d") != "out" {
		return Queued{}, false
	}
	return Queued{
		Ref: Ref{Team: team, User: user},
		Intent: hub.Intent{
			Key: hub.MessageKey(strings.TrimPrefix(sk, messageMark)), Class: hub.Class(str(it, "cl")),
			Content: readContent(it), By: str(it, "who"), Account: hub.AccountID(str(it, "ac")), Channel: hub.Channel(str(it, "ch")),
			Home: hub.HomeID(str(it, "hm")), Thread: hub.UserKey(str(it, "th")), Fence: int(num(it, "fence")), Over: num(it, "ov") != 0,
			Accepted: millis(it, "acc"), Deadline: millis(it, "dl"), Trace: str(it, "tr"),
			Reply: hub.Reply{Token: hub.Secret(str(it, "rt")), Since: millis(it, "rs")},
		},
		Attempt: int(num(it, "att")),
		Due:     dueOf(it),
		Stamps:  readStamps(it),
		Tried:   millis(it, "tried"),
		Waits:   hub.Code(str(it, "wt")),
		Refused: strs(it, "refd"),
		Claim:   Claim{Owner: str(it, "own"), Deadline: millis(it, "cdl"), Stage: Stage(str(it, "stg")), Since: millis(it, "cat")},
	}, true
}

// dueOf is the time by which the index sorts an item; 0 if it is not in the index.
func dueOf(it item) hub.Millis {
	at, _, _ := strings.Cut(str(it, dueSort), "#")
	return hub.MessageKey(at + "#").At()
}

// Send reads an intent, consistently. NotFound if it is gone.
func (st *Store) Send(ctx context.Context, r Ref, k hub.MessageKey) (Queued, error) {
	it, err := st.get(ctx, "read send", st.Tables.Messages, r.pk(), messageSK(k), true)
	if err != nil {
		return Queued{}, err
	}
	q, ok := readQueued(it)
	if !ok {
		return Queued{}, notFound("read send", "such send")
	}
	return q, nil
}

// ClaimSend takes a send for one worker until the deadline. It answers nil if the
// claim was won, else the send as it stands (claimed, or final). NotFound if it is
// gone.
func (st *Store) ClaimSend(ctx context.Context, r Ref, k hub.MessageKey, c Claim) (*Queued, error) {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression: aws.String("SET own=:o, cdl=:d, stg=:s, cat=:n"),
		ConditionExpression: aws.String("attribute_exists(SK) AND attribute_not_exists(own) AND attribute_not_exists(takenAt) AND attribute_not_exists(sentAt) " +
			"AND attribute_not_exists(deliveredAt) AND attribute_not_exists(readAt) AND attribute_not_exists(failedAt) AND attribute_not_exists(unknownAt)"),
		ExpressionAttributeValues:           item{":o": s(c.Owner), ":d": n(c.Deadline), ":s": s(string(c.Stage)), ":n": n(st.now())},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	old, lost := refused(err)
	if !lost {
		return nil, wrap("claim send", err)
	}
	q, ok := readQueued(old)
	if !ok {
		return nil, notFound("claim send", "such send")
	}
	return &q, nil
}

// MoveClaim puts a claim from one stage to its next; an empty stage gives the claim
// back, for a send of which surely nothing went out. Conflict if the owner lost it,
// if it is not at that stage any more, or if the platform has told of it before it was
// to be called again.
func (st *Store) MoveClaim(ctx context.Context, r Ref, k hub.MessageKey, owner string, from, to Stage, deadline hub.Millis) error {
	in := &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression:          aws.String("REMOVE own, cdl, stg, cat"),
		ConditionExpression:       aws.String("own=:o AND stg=:f"),
		ExpressionAttributeValues: item{":o": s(owner), ":f": s(string(from))},
	}
	if to != "" {
		in.UpdateExpression = aws.String("SET stg=:s, cdl=:d")
		in.ExpressionAttributeValues[":s"], in.ExpressionAttributeValues[":d"] = s(string(to)), n(deadline)
	}
	if to == StageAgain {
		in.ConditionExpression = aws.String(*in.ConditionExpression +
			" AND attribute_not_exists(sentAt) AND attribute_not_exists(deliveredAt) AND attribute_not_exists(readAt) AND attribute_not_exists(failedAt)")
	}
	_, err := st.DB.UpdateItem(ctx, in)
	if _, ok := refused(err); ok {
		return hub.E(hub.Conflict, "store: move claim", nil)
	}
	return wrap("move claim", err)
}

// MarkTried notes that a call of the send ended unclear: from here on it can no
// longer be said that it was not sent.
func (st *Store) MarkTried(ctx context.Context, r Ref, k hub.MessageKey, at hub.Millis) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression:          aws.String("SET tried=if_not_exists(tried,:t)"),
		ConditionExpression:       aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":t": n(at)},
	})
	if _, gone := refused(err); gone {
		return nil
	}
	return wrap("mark tried", err)
}

// Park makes a send wait until due: first its thread remembers it, so that later
// sends wait behind it, then the send gets its place in the due index, with why it
// waits. Both may be done again. It answers false if the send is final or gone, or a
// later order of it has been handed on; the thread remembers it all the same.
func (st *Store) Park(ctx context.Context, q Queued, thread hub.UserKey, due hub.Millis) (bool, error) {
	p := hub.Parked{Accepted: q.Intent.Accepted, Key: q.Intent.Key}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(userPK(q.Ref.Team, thread), threadSK),
		UpdateExpression: aws.String("ADD held :h"), ConditionExpression: aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":h": set(parkedText(p))},
	})
	if _, gone := refused(err); gone {
		return false, nil
	}
	if err != nil {
		return false, wrap("park send", err)
	}
	return st.setDue(ctx, q, due, q.Attempt)
}

// Unpark lets the sends of a thread that wait behind a parked one go on.
func (st *Store) Unpark(ctx context.Context, team hub.TeamID, thread hub.UserKey, p hub.Parked) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(userPK(team, thread), threadSK),
		UpdateExpression: aws.String("DELETE held :h"), ConditionExpression: aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":h": set(parkedText(p))},
	})
	if _, gone := refused(err); gone {
		return nil
	}
	return wrap("unpark send", err)
}

// HandedOn notes that a send was put on the queue once more, and when to look at
// it again if nothing came of that.
func (st *Store) HandedOn(ctx context.Context, q Queued, next hub.Millis) error {
	_, err := st.setDue(ctx, q, next, q.Attempt+1)
	return err
}

func (st *Store) setDue(ctx context.Context, q Queued, due hub.Millis, attempt int) (bool, error) {
	cond := "attribute_exists(gpk) AND att=:o"
	values := item{
		":g": s(sendBucket(due, q.Ref.User)), ":s": s(sendSort(due, q.Ref.Team, q.Ref.User, q.Intent.Key)),
		":a": n(attempt),
	}
	if q.Attempt == 0 {
		cond = "attribute_exists(gpk) AND attribute_not_exists(att)"
	} else {
		values[":o"] = n(q.Attempt)
	}
	set := "SET gpk=:g, gsk=:s, att=:a"
	if attempt == 0 {
		set = "SET gpk=:g, gsk=:s"
		delete(values, ":a")
	}
	if q.Waits == "" {
		set += " REMOVE wt"
	} else {
		set, values[":w"] = set+", wt=:w", s(string(q.Waits))
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(q.Ref.pk(), messageSK(q.Intent.Key)),
		UpdateExpression: &set, ConditionExpression: &cond, ExpressionAttributeValues: values,
	})
	if _, ok := refused(err); ok {
		return false, nil
	}
	return err == nil, wrap("set due time", err)
}
