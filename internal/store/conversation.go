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

// Opening is the fact that a message began a conversation.
type Opening struct {
	Conversation hub.ConversationID
	Key          hub.MessageKey // of the message
	Account      hub.AccountID
	Channel      hub.Channel
	Home         hub.HomeID
}

func opening(t *hub.Thread, ch hub.Channel, home hub.HomeID, h hub.ConversationID, k hub.MessageKey) Opening {
	return Opening{Conversation: h, Key: k, Account: t.Account, Channel: ch, Home: home}
}

func (st *Store) openedItem(ctx context.Context, own Ref, o Opening) item {
	it := key(own.pk(), openedSK(o.Conversation))
	it["k"] = s(string(o.Key))
	it["ra"] = n(o.Key.At())
	it["pub"] = s(hub.ConversationOpened)
	trace(ctx, it)
	whose(it, o.Account, o.Channel, o.Home)
	return it
}

// whose names account, channel and home in an item, for who reads of it on the bus.
func whose(it item, account hub.AccountID, ch hub.Channel, home hub.HomeID) {
	for name, v := range map[string]string{"ac": string(account), "ch": string(ch), "hm": string(home)} {
		if v != "" {
			it[name] = s(v)
		}
	}
}

// PutOpened writes the fact that a message, which lies in the partition own, opened
// a conversation, once.
func (st *Store) PutOpened(ctx context.Context, own Ref, o Opening) error {
	_, _, err := st.putNew(ctx, "open conversation", st.Tables.Messages, st.openedItem(ctx, own, o))
	return err
}

// Revision says who changed a thread, and what.
type Revision struct {
	By     string
	Fields []string
}

func (c Revision) value(ctx context.Context, at hub.Millis) types.AttributeValue {
	fields := make([]types.AttributeValue, len(c.Fields))
	for i, f := range c.Fields {
		fields[i] = s(f)
	}
	change := item{"by": s(c.By), "at": n(at), "fields": &types.AttributeValueMemberL{Value: fields}}
	trace(ctx, change)
	return &types.AttributeValueMemberM{Value: change}
}

// Accept gives the open conversation to a member: one conditional Update, so that
// one of several who try at once wins. The floor becomes the member's and the
// fence rises, which stops the bot's answers that are still under way. Conflict if
// somebody else has it or it is closed.
func (st *Store) Accept(ctx context.Context, r Ref, h hub.ConversationID, member string) (hub.Thread, error) {
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET assignee=:m, floor=:m, chg=:c REMOVE waitSince ADD fence :one, rev :one"),
		// waitSince ends: the customer waits for nobody any more; the place in the
		// list of open threads stays.
		ConditionExpression: aws.String("conv=:h AND attribute_not_exists(assignee)"),
		ExpressionAttributeValues: item{
			":m": s(member), ":h": s(string(h)), ":one": n(1),
			":c": Revision{By: member, Fields: []string{"assignee", "floor"}}.value(ctx, st.now()),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		if t := readThread(old); t.Conversation == h && t.Assignee == member {
			return t, nil // the member has it: by this call, whose first answer was lost, or before
		}
		return hub.Thread{}, hub.E(hub.Conflict, "store: accept conversation", errors.New("taken or closed"))
	}
	if err != nil {
		return hub.Thread{}, wrap("accept conversation", err)
	}
	return readThread(out.Attributes), nil
}

// HandOver gives the floor of the open conversation to the team, for a message that came
// while the fence was as seen shows it: one conditional Update, with the fence raised, so
// that the message does it once, and what the bot was about to say is late. The bot is
// silent until the conversation is closed or released. The thread comes back as it stands
// then; Conflict if the conversation is another, a member has it, or the floor has changed.
func (st *Store) HandOver(ctx context.Context, r Ref, seen *hub.Thread, k hub.MessageKey) (hub.Thread, error) {
	cond, values := "fence=:f", item{
		":h": s(string(seen.Conversation)), ":team": s(hub.FloorTeam), ":bot": s(hub.FloorBot), ":need": s(string(hub.NeedHuman)),
		":k": s(string(k)), ":one": n(1), ":f": n(seen.Fence),
		":c": Revision{By: "bot", Fields: []string{"floor", "need"}}.value(ctx, st.now()),
	}
	if seen.Fence == 0 {
		cond = "(attribute_not_exists(fence) OR fence=:f)"
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET floor=:team, need=:need, handed=:k, chg=:c ADD fence :one, rev :one"),
		ConditionExpression: aws.String("conv=:h AND attribute_not_exists(assignee) AND (attribute_not_exists(floor) OR floor=:bot) AND " +
			"attribute_not_exists(see) AND " + cond),
		ExpressionAttributeValues: values, ReturnValues: types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		t := readThread(old)
		if t.Handed == k && t.Conversation == seen.Conversation && t.Fence == seen.Fence+1 {
			return t, nil // by this call, whose first answer was lost
		}
		return t, hub.E(hub.Conflict, "store: hand over conversation", errors.New("the floor has changed"))
	}
	if err != nil {
		return hub.Thread{}, wrap("hand over conversation", err)
	}
	return readThread(out.Attributes), nil
}

// Read marks the thread as read up to a key, and takes the late keys that were
// seen out of it. The mark moves forward only.
func (st *Store) Read(ctx context.Context, r Ref, upTo hub.MessageKey, late []hub.MessageKey) error {
	if len(late) > 0 {
		keys := make([]string, len(late))
		for i, k := range late {
			keys[i] = string(k)
		}
		_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
			UpdateExpression: aws.String("REMOVE lateMany DELETE late :l"), ConditionExpression: aws.String("attribute_exists(SK)"),
			ExpressionAttributeValues: item{":l": set(keys...)},
		})
		if _, gone := refused(err); gone {
			return notFound("read thread", "thread")
		}
		if err != nil {
			return wrap("mark late as read", err)
		}
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression:          aws.String("SET readKey=:k"),
		ConditionExpression:       aws.String("attribute_exists(SK) AND (attribute_not_exists(readKey) OR readKey < :k)"),
		ExpressionAttributeValues: item{":k": s(string(upTo))},
	})
	if _, behind := refused(err); behind {
		return nil
	}
	return wrap("mark as read", err)
}

// Close ends the conversation that seen shows, in one transaction with the fact, and with
// the mark that by has closed one of the thread: only if nothing has come since. Conflict if a new message came, or somebody else
// closed it.
func (st *Store) Close(ctx context.Context, r Ref, seen *hub.Thread, by string) error {
	if seen.Conversation == "" {
		return hub.E(hub.Conflict, "store: close conversation", errors.New("none is open"))
	}
	values := item{
		":seen": s(string(seen.LastKey)), ":h": s(string(seen.Conversation)), ":one": n(1),
		":c": Revision{By: by, Fields: []string{"conv", "assignee", "floor"}}.value(ctx, st.now()),
	}
	cond := "lastKey=:seen AND conv=:h AND "
	if len(seen.Late) == 0 {
		cond += "attribute_not_exists(late)"
	} else {
		cond += "late=:late"
		keys := make([]string, len(seen.Late))
		for i, k := range seen.Late {
			keys[i] = string(k)
		}
		values[":late"] = set(keys...)
	}
	if seen.LateMany {
		cond += " AND attribute_exists(lateMany)"
	} else {
		cond += " AND attribute_not_exists(lateMany)"
	}
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
			UpdateExpression: aws.String("SET readKey=:seen, chg=:c REMOVE conv, waitSince, assignee, floor, need, late, lateMany, gpk, gsk " +
				"ADD fence :one, rev :one"),
			ConditionExpression: &cond, ExpressionAttributeValues: values,
		}},
		{Put: &types.Put{
			TableName: &st.Tables.Messages, Item: st.closedItem(ctx, r, seen, by), ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}},
		{Put: &types.Put{TableName: &st.Tables.Messages, Item: st.closerItem(r, by)}},
	}})
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return hub.E(hub.Conflict, "store: close conversation", errors.New("a new message came"))
	}
	return wrap("close conversation", err)
}

func (st *Store) closedItem(ctx context.Context, r Ref, seen *hub.Thread, by string) item {
	it := key(r.pk(), closedSK(seen.Conversation))
	it["ra"] = n(st.now())
	it["who"] = s(by)
	it["pub"] = s(hub.ConversationClosed)
	trace(ctx, it)
	whose(it, seen.Account, "", "")
	return it
}

// closerItem is the mark that somebody has closed a conversation of a thread.
func (st *Store) closerItem(r Ref, by string) item {
	it := key(r.pk(), closerSK(by))
	it["ra"] = n(st.now())
	return it
}

// Waiting is one entry of the list of open threads.
type Waiting struct {
	Ref   Ref
	Since hub.Millis
}

// Open lists threads of a team with an open conversation in one shard, longest
// wait first.
func (st *Store) Open(ctx context.Context, team hub.TeamID, shard, limit int) ([]Waiting, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, IndexName: aws.String(DueIndex),
		KeyConditionExpression:    aws.String("gpk=:g"),
		ExpressionAttributeValues: item{":g": s(fmt.Sprintf("O#%s#%d", team, shard))},
		Limit:                     aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, wrap("list open threads", err)
	}
	var list []Waiting
	for _, it := range out.Items {
		t, u, ok := splitUserPK(str(it, pkAttr))
		if !ok {
			continue
		}
		at, _, _ := strings.Cut(str(it, dueSort), "#")
		list = append(list, Waiting{Ref: Ref{t, u}, Since: hub.MessageKey(at + "#").At()})
	}
	return list, nil
}
