package store

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Connecting is a connection as it is to stand, with the accounts of it that change,
// beside what was read of them.
type Connecting struct {
	Keys       []WrappedKey // the team's; the newest sealed what is sealed here
	Seen       *ConnectionItem
	Connection ConnectionItem
	Accounts   []ConnectingAccount
}

// ConnectingAccount is one account of a Connecting.
type ConnectingAccount struct {
	Seen     *AccountItem // nil = there was none
	Account  AccountItem
	Keywords []Keyword
}

// Connect writes a connection with accounts: all of it, or nothing. Conflict if what
// was seen has changed, or the team has a newer key.
func (st *Store) Connect(ctx context.Context, c Connecting) error {
	to := c.Connection
	it := key(teamPK(to.Team), connectionSK(to.ID))
	it["chan"] = s(string(to.Channel))
	it["sealed"] = sealedMap(to.Sealed)
	it["accts"] = accountMap(to.Accounts)
	if to.URL != "" {
		it["url"] = s(to.URL)
	}
	if len(to.Welcomes) > 0 {
		m := item{}
		for name, w := range to.Welcomes {
			content := item{}
			putContent(content, w)
			m[name] = &types.AttributeValueMemberM{Value: content}
		}
		it["welcomes"] = &types.AttributeValueMemberM{Value: m}
	}
	put := &types.Put{TableName: &st.Tables.Config, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)")}
	if c.Seen != nil {
		put.ConditionExpression = aws.String("sealed=:sealed AND accts=:accts")
		put.ExpressionAttributeValues = item{":sealed": sealedMap(c.Seen.Sealed), ":accts": accountMap(c.Seen.Accounts)}
	}
	cond, names, values := newestIs(c.Keys)
	actions := []types.TransactWriteItem{
		{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Config, Key: key(teamPK(to.Team), teamSK),
			ConditionExpression: &cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		}},
		{Put: put},
	}
	for _, a := range c.Accounts {
		put := &types.Put{TableName: &st.Tables.Config, Item: accountItem(a.Account), ConditionExpression: aws.String("attribute_not_exists(SK)")}
		if a.Seen != nil {
			put.ConditionExpression = aws.String("conn=:conn AND sealed=:sealed")
			put.ExpressionAttributeValues = item{":conn": s(string(a.Seen.Connection)), ":sealed": sealedMap(a.Seen.Sealed)}
		}
		actions = append(actions, types.TransactWriteItem{Put: put},
			types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Config, Item: keywordItem(to.Team, a.Account.ID, a.Keywords)}})
	}
	return st.settle(ctx, "connect", actions)
}

// Disconnect removes accounts of a connection with all that belongs to them, and the
// connection itself if none is left. Conflict if it is not as it was seen any more.
func (st *Store) Disconnect(ctx context.Context, seen ConnectionItem, accounts ...hub.AccountID) error {
	left := map[string]hub.AccountID{}
	for name, id := range seen.Accounts {
		left[name] = id
	}
	var actions []types.TransactWriteItem
	remove := func(sk string) {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Config, Key: key(teamPK(seen.Team), sk)}})
	}
	for _, id := range accounts {
		for name, other := range left {
			if other == id {
				delete(left, name)
			}
		}
		remove(accountSK(id))
		remove(keywordSK(id))
	}
	own, cond := key(teamPK(seen.Team), connectionSK(seen.ID)), aws.String("accts=:seen")
	values := item{":seen": accountMap(seen.Accounts)}
	if len(left) == 0 {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.Tables.Config, Key: own, ConditionExpression: cond, ExpressionAttributeValues: values,
		}})
		return st.settle(ctx, "disconnect", actions)
	}
	values[":left"] = accountMap(left)
	actions = append(actions, types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: own, UpdateExpression: aws.String("SET accts=:left"),
		ConditionExpression: cond, ExpressionAttributeValues: values,
	}})
	return st.settle(ctx, "disconnect", actions)
}

func (st *Store) settle(ctx context.Context, op string, actions []types.TransactWriteItem) error {
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return hub.E(hub.Conflict, "store: "+op, errors.New("the settings changed"))
	}
	return wrap(op, err)
}

// SealedItem is a setting with sealed fields.
type SealedItem struct {
	Team   hub.TeamID
	Place  string // the id of the connection or the account: what its fields are sealed for, beside team and field
	Fields map[string][]byte
	sk     string
}

// Sealed reads, strictly, all settings of a team that have sealed fields.
func (st *Store) Sealed(ctx context.Context, team hub.TeamID) ([]SealedItem, error) {
	var list []SealedItem
	for _, mark := range []string{connectionSK(""), accountSK("")} {
		pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
			TableName: &st.Tables.Config, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :m)"),
			ExpressionAttributeValues: item{":p": s(teamPK(team)), ":m": s(mark)}, ConsistentRead: aws.Bool(true),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, wrap("read sealed settings", err)
			}
			for _, it := range page.Items {
				sk := str(it, skAttr)
				list = append(list, SealedItem{Team: team, Place: strings.TrimPrefix(sk, mark), Fields: readSealed(it), sk: sk})
			}
		}
	}
	return list, nil
}

// Reseal replaces the sealed fields of a setting. Conflict if they are not as they
// were read any more.
func (st *Store) Reseal(ctx context.Context, seen SealedItem, fields map[string][]byte) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Config, Key: key(teamPK(seen.Team), seen.sk),
		UpdateExpression: aws.String("SET sealed=:new"), ConditionExpression: aws.String("sealed=:seen"),
		ExpressionAttributeValues: item{":new": sealedMap(fields), ":seen": sealedMap(seen.Fields)},
	})
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: reseal", errors.New("the setting changed"))
	}
	return wrap("reseal", err)
}

func accountItem(a AccountItem) item {
	it := key(teamPK(a.Team), accountSK(a.ID))
	it["conn"] = s(string(a.Connection))
	it["chan"] = s(string(a.Channel))
	it["ext"] = s(a.External)
	it["name"] = s(a.Name)
	it["scope"] = s(a.Scope)
	it["outWords"], it["inWords"] = textList(a.OptOut.OutWords), textList(a.OptOut.InWords)
	it["outReply"], it["inReply"] = s(a.OptOut.OutReply), s(a.OptOut.InReply)
	it["sealed"] = sealedMap(a.Sealed)
	return it
}

func keywordItem(team hub.TeamID, id hub.AccountID, list []Keyword) item {
	values := []types.AttributeValue{}
	for _, k := range list {
		m := item{"match": s(k.Match)}
		putContent(m, k.Answer)
		values = append(values, &types.AttributeValueMemberM{Value: m})
	}
	it := key(teamPK(team), keywordSK(id))
	it["list"] = &types.AttributeValueMemberL{Value: values}
	return it
}

func accountMap(accounts map[string]hub.AccountID) types.AttributeValue {
	m := item{}
	for name, id := range accounts {
		m[name] = s(string(id))
	}
	return &types.AttributeValueMemberM{Value: m}
}

func textList(texts []string) types.AttributeValue {
	list := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, t := range texts {
		list.Value = append(list.Value, s(t))
	}
	return list
}

func sealedMap(fields map[string][]byte) types.AttributeValue {
	m := item{}
	for name, v := range fields {
		m[name] = b(v)
	}
	return &types.AttributeValueMemberM{Value: m}
}
