package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Rules reads the rules of an account; none of version 0 if none were ever set.
func (st *Store) Rules(ctx context.Context, team hub.TeamID, id hub.AccountID, read Read) (hub.Rules, error) {
	it, err := st.get(ctx, "read rules", st.Tables.Config, teamPK(team), keywordSK(id), bool(read))
	if err != nil {
		return hub.Rules{}, err
	}
	return readRules(it)
}

// AllRules reads the rules of all accounts of a team that have some, consistently.
func (st *Store) AllRules(ctx context.Context, team hub.TeamID) (map[hub.AccountID]hub.Rules, error) {
	items, err := st.queryAll(ctx, "list rules", st.Tables.Config, teamPK(team), keywordSK(""))
	if err != nil {
		return nil, err
	}
	all := map[hub.AccountID]hub.Rules{}
	for _, it := range items {
		rules, err := readRules(it)
		if err != nil {
			return nil, err
		}
		all[hub.AccountID(strings.TrimPrefix(str(it, skAttr), keywordSK("")))] = rules
	}
	return all, nil
}

// readRules reads an item of rules, or one of version 0, which holds keywords alone.
func readRules(it item) (hub.Rules, error) {
	var list []hub.Rule
	if keywords, ok := it["list"].(*types.AttributeValueMemberL); ok {
		var plain []hub.Keyword
		for _, e := range keywords.Value {
			if m, ok := e.(*types.AttributeValueMemberM); ok {
				plain = append(plain, hub.Keyword{Match: str(m.Value, "match"), Answer: readContent(m.Value)})
			}
		}
		list = hub.Rules{}.WithKeywords(plain)
	}
	if text := str(it, "rules"); text != "" {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return hub.Rules{}, hub.E(hub.Internal, "store: read rules", fmt.Errorf("the rules are damaged"))
		}
	}
	return hub.NewRules(int(num(it, "v")), list), nil
}

// SaveRules writes the rules of an account, which must be there, over the version that was
// seen, and raises the version of bots that was seen: with the audit entry in one
// transaction. Conflict if one of them is another, or if the deed's admin is none any more.
func (st *Store) SaveRules(ctx context.Context, d Deed, bots int, account hub.AccountID, seen int, list []hub.Rule) error {
	put, err := st.putRules(d.Team, account, seen, list)
	if err != nil {
		return err
	}
	exists := "attribute_exists(SK)"
	return st.do(ctx, "save rules", d, st.botsFrom(d.Team, bots), put, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &st.Tables.Config, Key: key(teamPK(d.Team), accountSK(account)), ConditionExpression: &exists,
	}})
}

// putRules is the rules of an account over the version that was seen.
func (st *Store) putRules(team hub.TeamID, account hub.AccountID, seen int, list []hub.Rule) (types.TransactWriteItem, error) {
	if list == nil {
		list = []hub.Rule{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return types.TransactWriteItem{}, hub.E(hub.Internal, "store: save rules", fmt.Errorf("the rules are no JSON"))
	}
	it := key(teamPK(team), keywordSK(account))
	it["rules"], it["v"] = s(string(text)), n(seen+1)
	cond, values := over(seen)
	if seen == 0 {
		cond = aws.String("attribute_not_exists(v)")
	}
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &st.Tables.Config, Item: it, ConditionExpression: cond, ExpressionAttributeValues: values,
	}}, nil
}
