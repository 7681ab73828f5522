package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Care is what is known of an account at its platform, and when it is looked after
// next. It stands from the account's connecting on, and after its disconnecting too,
// as Gone.
type Care struct {
	Team       hub.TeamID
	Account    hub.AccountID
	Connection hub.ConnectionID
	Channel    hub.Channel

	Due  hub.Millis
	Gone hub.Millis // when it was disconnected; 0 = it is connected

	Fingerprint string     // of the credentials that the following is about: settings.Account.Fingerprint
	Since       hub.Millis // when these credentials were first seen
	Checked     hub.Millis // when the platform answered last; 0 = never
	Trouble     hub.Code   // what that answer was, if not that all is well
	Why         string     // the same in words for people, without secrets
	Name        string     // the platform's name of the account, for people
	Expires     hub.Millis // when the credentials end; 0 = never, or not known
	Fixed       bool       // they cannot be renewed by a call
	Advice      []string   // what is not as it should be, for people

	Registered hub.Millis // when the hub's webhook was last entered at the platform, or seen there; 0 = never
	Lost       hub.Millis // when another one was found in its place; 0 = none was

	Version int // raised by each write
}

const (
	careSK = "CARE"
	usedSK = "USED"
)

// careBucket and careSort place an account in the due index of Contacts. There is one
// entry for each account, always, so the buckets are not divided by days.
func careBucket(t hub.TeamID, a hub.AccountID) string {
	return fmt.Sprintf("A#%d", shardOf(string(t)+"#"+string(a)))
}

func careSort(due hub.Millis, t hub.TeamID, a hub.AccountID) string {
	return fmt.Sprintf("%013d#%s#%s", due, t, a)
}

func careItem(c Care) item {
	it := key(accountPK(c.Team, c.Account), careSK)
	for name, v := range map[string]string{
		"conn": string(c.Connection), "chan": string(c.Channel), "fp": c.Fingerprint, "trouble": string(c.Trouble), "why": c.Why, "name": c.Name,
	} {
		if v != "" {
			it[name] = s(v)
		}
	}
	for name, v := range map[string]hub.Millis{
		"goneAt": c.Gone, "since": c.Since, "checked": c.Checked, "exp": c.Expires, "reg": c.Registered, "lost": c.Lost,
	} {
		if v != 0 {
			it[name] = n(v)
		}
	}
	if c.Fixed {
		it["fixed"] = n(1)
	}
	if len(c.Advice) > 0 {
		it["advice"] = textList(c.Advice)
	}
	it["v"] = n(c.Version)
	if c.Gone == 0 {
		it["due"] = n(c.Due)
		it[dueBucket] = s(careBucket(c.Team, c.Account))
		it[dueSort] = s(careSort(c.Due, c.Team, c.Account))
	}
	return it
}

// readCare reads what careItem wrote; false for anything else.
func readCare(it item) (Care, bool) {
	parts := strings.Split(str(it, pkAttr), "#")
	if len(parts) != 4 || parts[2] != "ACC" || str(it, skAttr) != careSK {
		return Care{}, false
	}
	return Care{
		Team: hub.TeamID(parts[1]), Account: hub.AccountID(parts[3]), Connection: hub.ConnectionID(str(it, "conn")), Channel: hub.Channel(str(it, "chan")),
		Due: millis(it, "due"), Gone: millis(it, "goneAt"), Fingerprint: str(it, "fp"), Since: millis(it, "since"),
		Checked: millis(it, "checked"), Trouble: hub.Code(str(it, "trouble")), Why: str(it, "why"), Name: str(it, "name"),
		Expires: millis(it, "exp"), Fixed: num(it, "fixed") != 0, Advice: strs(it, "advice"),
		Registered: millis(it, "reg"), Lost: millis(it, "lost"), Version: int(num(it, "v")),
	}, true
}

// Care reads the care of an account, consistently. One that never was has none: the
// answer has Version 0.
func (st *Store) Care(ctx context.Context, team hub.TeamID, account hub.AccountID) (Care, error) {
	it, err := st.get(ctx, "read care", st.Tables.Contacts, accountPK(team, account), careSK, true)
	if err != nil {
		return Care{}, err
	}
	c, ok := readCare(it)
	if !ok {
		c = Care{Team: team, Account: account}
	}
	return c, nil
}

// careWrite is the writing of a care over the version that it bears, which it raises.
func (st *Store) careWrite(c *Care) *types.Put {
	seen := c.Version
	c.Version++
	put := &types.Put{TableName: &st.Tables.Contacts, Item: careItem(*c), ConditionExpression: aws.String("attribute_not_exists(SK)")}
	if seen != 0 {
		put.ConditionExpression = aws.String("v=:v")
		put.ExpressionAttributeValues = item{":v": n(seen)}
	}
	return put
}

// numbered gives facts that belong to a writing of a care the id of its version, under
// which they are the only ones.
func numbered(c Care, facts []AccountFact) []AccountFact {
	for i := range facts {
		facts[i].ID = fmt.Sprintf("%06d", c.Version)
		facts[i].Account, facts[i].Connection, facts[i].Channel = c.Account, c.Connection, c.Channel
	}
	return facts
}

// caring is the writing of a care over the version that it bears, with the facts that
// come of it, as parts of a transaction.
func (st *Store) caring(ctx context.Context, c Care, facts []AccountFact) []types.TransactWriteItem {
	put := st.careWrite(&c)
	actions := []types.TransactWriteItem{{Put: put}}
	for _, f := range numbered(c, facts) {
		actions = append(actions, st.newFact(ctx, c.Team, f))
	}
	return actions
}

// SaveCare writes the care of an account over the version that it bears, with the facts
// that come of it: all of it, or nothing. The facts get their ids here. Conflict if
// somebody wrote since.
func (st *Store) SaveCare(ctx context.Context, c Care, facts ...AccountFact) error {
	if len(facts) > 0 || auditedBy(ctx) {
		return st.settle(ctx, "save care", st.caring(ctx, c, facts))
	}
	put := st.careWrite(&c)
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
	})
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: save care", errors.New("the account changed"))
	}
	return wrap("save care", err)
}

// DueCares returns up to limit accounts of one shard that are to be looked after at now,
// the longest due first, and where the next page begins: "" = this is the last. After
// is what the page before told, or "".
func (st *Store) DueCares(ctx context.Context, shard int, after string, now hub.Millis, limit int) (due []Care, next string, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, IndexName: aws.String(DueIndex),
		KeyConditionExpression: aws.String("gpk=:g AND gsk BETWEEN :after AND :now"),
		ExpressionAttributeValues: item{
			":g": s(fmt.Sprintf("A#%d", shard)), ":after": s(after + "!"), ":now": s(fmt.Sprintf("%013d", now+1)),
		},
		Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap("list accounts that are due", err)
	}
	keys := make([]item, len(out.Items))
	for i, it := range out.Items {
		keys[i] = item{pkAttr: it[pkAttr], skAttr: it[skAttr]}
	}
	if len(out.LastEvaluatedKey) > 0 {
		next = str(out.Items[len(out.Items)-1], dueSort)
	}
	items, err := st.getAll(ctx, "read accounts that are due", st.Tables.Contacts, keys)
	if err != nil {
		return nil, "", err
	}
	for _, it := range items {
		if c, ok := readCare(it); ok && c.Gone == 0 && c.Due <= now { // else changed since the index was read
			due = append(due, c)
		}
	}
	return due, next, nil
}
