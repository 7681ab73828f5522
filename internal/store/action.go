package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// What customers do to messages.
const (
	actionReaction = "reaction"
	actionEdit     = "edit"
	actionUnsend   = "unsend"
)

var actionKinds = map[string]string{
	actionReaction: hub.MessageReaction, actionEdit: hub.MessageEdited, actionUnsend: hub.MessageUnsent,
}

// PutAction stores what a customer did to a message: of one target, kind and actor
// the newest by (time, event) stays, in whatever order they come, whether the target
// is known or not. It answers whether this one is the newest now. An unsend leaves
// its place in the due index, by which reconcile scrubs the target.
func (st *Store) PutAction(ctx context.Context, r Ref, a hub.Action) (bool, error) {
	packed, deflated := pack(a.Raw)
	values := item{
		":t": n(a.At), ":e": s(a.Event), ":v": s(cut(a.Value, maxText)), ":p": s(actionKinds[a.Kind]), ":one": n(1),
		":ra": n(a.Received), ":tr": s(a.Trace), ":rw": b(packed), ":ttl": st.messageTTL(a.Received),
		":ac": s(string(a.Account)), ":ch": s(string(a.Channel)), ":hm": s(string(a.Home)),
	}
	set := "SET #at=:t, ev=:e, val=:v, pub=:p, ra=:ra, tr=:tr, rw=:rw, #ttl=:ttl, ac=:ac, ch=:ch, hm=:hm"
	if deflated {
		set += ", z=:one"
	} else {
		values[":zero"] = n(0)
		set += ", z=:zero"
	}
	if a.Kind == actionUnsend {
		sk := actionSK(hub.ShortID(a.Target), a.Kind, a.Actor)
		due := st.now().Add(scrubAfter)
		values[":g"], values[":s"] = s(sendBucket(due, r.User)), s(scrubSort(due, r, sk))
		set += ", gpk=:g, gsk=:s"
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), actionSK(hub.ShortID(a.Target), a.Kind, a.Actor)),
		UpdateExpression:          aws.String(set + " ADD rev :one"),
		ConditionExpression:       aws.String("attribute_not_exists(#at) OR #at < :t OR (#at = :t AND ev < :e)"),
		ExpressionAttributeNames:  map[string]string{"#at": "at", "#ttl": ttlAttr},
		ExpressionAttributeValues: values,
	})
	if _, older := refused(err); older {
		return false, nil
	}
	return err == nil, wrap("put action", err)
}

func readAction(it item) hub.Action {
	target, kind, actor := splitActionSK(str(it, skAttr))
	return hub.Action{
		Kind: kind, Target: target, Actor: actor, Value: str(it, "val"), Event: str(it, "ev"), At: millis(it, "at"),
		Received: millis(it, "ra"), Trace: str(it, "tr"),
		Account: hub.AccountID(str(it, "ac")), Channel: hub.Channel(str(it, "ch")), Home: hub.HomeID(str(it, "hm")),
	}
}

// splitActionSK reads target, kind and actor; a platform's id may hold "#".
func splitActionSK(sk string) (target, kind, actor string) {
	rest := strings.TrimPrefix(sk, actionMark)
	i := strings.LastIndex(rest, "#")
	if i < 0 {
		return rest, "", ""
	}
	rest, actor = rest[:i], rest[i+1:]
	if i = strings.LastIndex(rest, "#"); i < 0 {
		return rest, "", actor
	}
	return rest[:i], rest[i+1:], actor
}

// Scrub is an unsend whose message is to be emptied.
type Scrub struct {
	Ref     Ref
	Target  string // the platform's id of the message, short
	At      hub.Millis
	sk      string
	attempt int
}

func readScrub(it item) (Scrub, bool) {
	team, user, ok := splitUserPK(str(it, pkAttr))
	sk := str(it, skAttr)
	target, kind, _ := splitActionSK(sk)
	if !ok || !strings.HasPrefix(sk, actionMark) || kind != actionUnsend {
		return Scrub{}, false
	}
	return Scrub{Ref: Ref{team, user}, Target: target, At: millis(it, "at"), sk: sk, attempt: int(num(it, "att"))}, true
}

const (
	// scrubAfter is when an unsent message is looked for first.
	scrubAfter = 10 * time.Second
	// scrubReach is how far back of its unsend a message is looked for. LINE lets
	// people take back what is a day old.
	scrubReach = 3 * 24 * time.Hour
	// scrubPatience is how long a message that has not come is waited for: no platform
	// sends again for so long.
	scrubPatience = hub.StaleAfter
)

func scrubSort(due hub.Millis, r Ref, sk string) string {
	return sendSort(due, r.Team, r.User, hub.MessageKey(sk))
}

// Scrub empties the message that was unsent, and the thread's preview if that shows
// it. What has not come yet is looked for again later: the item keeps its place in
// the due index until then. It answers whether the message was found.
func (st *Store) Scrub(ctx context.Context, sc Scrub) (bool, error) {
	t, err := st.Thread(ctx, sc.Ref)
	if hub.CodeOf(err) == hub.NotFound {
		return false, st.lookAgain(ctx, sc)
	}
	if err != nil {
		return false, err
	}
	refs := Partitions(sc.Ref.Team, &t)
	for _, r := range refs {
		found, err := st.scrub(ctx, r, &t, sc)
		if err != nil {
			return false, err
		}
		if found {
			return true, st.doneScrub(ctx, sc)
		}
	}
	return false, st.lookAgain(ctx, sc)
}

func (st *Store) scrub(ctx context.Context, r Ref, t *hub.Thread, sc Scrub) (bool, error) {
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{
			":p": s(r.pk()), ":a": s(messageSK(hub.NewMessageKey(sc.At.Add(-scrubReach), ""))), ":z": s(messageSK(hub.NewMessageKey(sc.At.Add(hub.MaxAhead), "~"))),
		},
		ScanIndexForward: aws.Bool(false), ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("PK, SK, d, parts, pid"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, wrap("look for unsent message", err)
		}
		for _, it := range page.Items {
			l := Logged{
				Key:     hub.MessageKey(strings.TrimPrefix(str(it, skAttr), messageMark)),
				Inbound: str(it, "d") == "in", Stamps: readStamps(it),
			}
			if !l.Inbound || !l.names(sc.Target) {
				continue
			}
			return true, st.empty(ctx, r, t, sc, l.Key, int(num(it, "parts")))
		}
	}
	return false, nil
}

// empty takes the content out of a message that was unsent.
func (st *Store) empty(ctx context.Context, r Ref, t *hub.Thread, sc Scrub, k hub.MessageKey, parts int) error {
	for part := range parts {
		_, err := st.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &st.Tables.Ledger, Key: key(largePK(r.Team, r.User), largeSK(messageSK(k), part)),
		})
		if err != nil {
			return wrap("empty unsent message", err)
		}
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression:          aws.String("SET scrubbedAt=:t REMOVE tx, dt, rw, z, parts"),
		ConditionExpression:       aws.String("attribute_exists(SK)"),
		ExpressionAttributeValues: item{":t": n(sc.At)},
	})
	if _, gone := refused(err); err != nil && !gone {
		return wrap("empty unsent message", err)
	}
	if t.LastKey != k {
		return nil
	}
	_, err = st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(Ref{r.Team, t.User}.pk(), threadSK),
		UpdateExpression: aws.String("REMOVE preview"), ConditionExpression: aws.String("lastKey=:k"),
		ExpressionAttributeValues: item{":k": s(string(k))},
	})
	if _, moved := refused(err); moved {
		return nil
	}
	return wrap("empty preview", err)
}

func (st *Store) doneScrub(ctx context.Context, sc Scrub) error {
	return st.moveScrub(ctx, sc, "REMOVE gpk, gsk, att", nil)
}

// lookAgain moves an unsend's place in the due index on: after a minute, then at
// twice the time, at most hourly, until no platform would send the message any more.
func (st *Store) lookAgain(ctx context.Context, sc Scrub) error {
	now := st.now()
	if sc.At.Add(scrubPatience) < now {
		return st.doneScrub(ctx, sc)
	}
	due := now.Add(min(time.Minute<<min(sc.attempt, 10), time.Hour))
	return st.moveScrub(ctx, sc, "SET gpk=:g, gsk=:s, att=:a", item{
		":g": s(sendBucket(due, sc.Ref.User)), ":s": s(scrubSort(due, sc.Ref, sc.sk)), ":a": n(sc.attempt + 1),
	})
}

func (st *Store) moveScrub(ctx context.Context, sc Scrub, update string, values item) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(sc.Ref.pk(), sc.sk), UpdateExpression: &update,
		ConditionExpression: aws.String("attribute_exists(SK)"), ExpressionAttributeValues: values,
		ReturnValues: types.ReturnValueNone,
	})
	if _, gone := refused(err); gone {
		return nil
	}
	return wrap("move unsend", err)
}
