package store

import (
	"context"
	"errors"
	"slices"
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
	Seen    *AccountItem // nil = there was none
	Account AccountItem
	Rules   *hub.Rules    // as they are to stand, with the version that was seen; nil = they stay
	Care    *Care         // as it is to stand, with the version that was seen; nil = it stays
	Facts   []AccountFact // that come of it, with Care only: they get their ids here
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
		it["welcomes"] = welcomeMap(to.Welcomes)
	}
	it["v"] = n(1)
	put := &types.Put{TableName: &st.Tables.Config, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)")}
	if c.Seen != nil {
		it["v"] = n(c.Seen.Version + 1)
		put.ConditionExpression = aws.String("sealed=:sealed AND accts=:accts AND " + atVersion(c.Seen.Version))
		put.ExpressionAttributeValues = item{":sealed": sealedMap(c.Seen.Sealed), ":accts": accountMap(c.Seen.Accounts), ":v": n(c.Seen.Version)}
	}
	actions := []types.TransactWriteItem{st.keysAre(to.Team, c.Keys), {Put: put}}
	for _, a := range c.Accounts {
		it := accountItem(a.Account)
		it["v"] = n(1)
		put := &types.Put{TableName: &st.Tables.Config, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)")}
		if a.Seen != nil {
			it["v"] = n(a.Seen.Version + 1)
			put.ConditionExpression = aws.String("conn=:conn AND sealed=:sealed AND " + atVersion(a.Seen.Version))
			put.ExpressionAttributeValues = item{":conn": s(string(a.Seen.Connection)), ":sealed": sealedMap(a.Seen.Sealed), ":v": n(a.Seen.Version)}
		}
		actions = append(actions, types.TransactWriteItem{Put: put})
		if a.Rules != nil {
			rules, err := st.putRules(to.Team, a.Account.ID, a.Rules.Version, a.Rules.List)
			if err != nil {
				return err
			}
			actions = append(actions, rules)
		}
		if a.Care != nil {
			actions = append(actions, st.caring(ctx, *a.Care, a.Facts)...)
		}
	}
	return st.settle(ctx, "connect", actions)
}

// keysAre is the condition that a team has no newer key than those that were seen.
func (st *Store) keysAre(team hub.TeamID, seen []WrappedKey) types.TransactWriteItem {
	cond, names, values := newestIs(seen)
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &st.Tables.Config, Key: key(teamPK(team), teamSK),
		ConditionExpression: &cond, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}
}

// atVersion is the condition that a setting has the version :v that was seen.
func atVersion(version int) string {
	if version == 0 {
		return "(attribute_not_exists(v) OR v=:v)"
	}
	return "v=:v"
}

// Disconnect removes accounts of a connection with all that belongs to them, and the
// connection itself if none is left. Their cares, as they were seen, tell that they are
// gone. Conflict if something is not as it was seen any more.
func (st *Store) Disconnect(ctx context.Context, seen ConnectionItem, cares ...Care) error {
	left, welcomes := map[string]hub.AccountID{}, map[string]hub.Content{}
	for name, id := range seen.Accounts {
		if !slices.ContainsFunc(cares, func(c Care) bool { return c.Account == id }) {
			left[name] = id
			if w, ok := seen.Welcomes[name]; ok {
				welcomes[name] = w
			}
		}
	}
	var actions []types.TransactWriteItem
	remove := func(sk string) {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Config, Key: key(teamPK(seen.Team), sk)}})
	}
	for _, c := range cares {
		remove(accountSK(c.Account))
		remove(keywordSK(c.Account))
		gone := Care{Team: c.Team, Account: c.Account, Connection: seen.ID, Channel: seen.Channel, Gone: st.now(), Version: c.Version}
		actions = append(actions, st.caring(ctx, gone, []AccountFact{{Kind: hub.AccountDisconnected, At: gone.Gone}})...)
	}
	own, cond := key(teamPK(seen.Team), connectionSK(seen.ID)), aws.String("accts=:seen AND "+atVersion(seen.Version))
	values := item{":seen": accountMap(seen.Accounts), ":v": n(seen.Version)}
	if len(left) == 0 {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &st.Tables.Config, Key: own, ConditionExpression: cond, ExpressionAttributeValues: values,
		}})
		return st.settle(ctx, "disconnect", actions)
	}
	values[":left"], values[":w"], values[":next"] = accountMap(left), welcomeMap(welcomes), n(seen.Version+1)
	actions = append(actions, types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: own, UpdateExpression: aws.String("SET accts=:left, welcomes=:w, v=:next"),
		ConditionExpression: cond, ExpressionAttributeValues: values,
	}})
	return st.settle(ctx, "disconnect", actions)
}

// SwitchAccount puts an account off or on. Conflict if it is not as it was seen any
// more.
func (st *Store) SwitchAccount(ctx context.Context, seen AccountItem, off bool) error {
	update := "SET v=:next REMOVE off"
	values := item{":v": n(seen.Version), ":next": n(seen.Version + 1)}
	if off {
		update = "SET v=:next, off=:off"
		values[":off"] = n(1)
	}
	return st.settle(ctx, "switch account", []types.TransactWriteItem{{Update: &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(seen.Team), accountSK(seen.ID)), UpdateExpression: &update,
		ConditionExpression: aws.String("attribute_exists(SK) AND " + atVersion(seen.Version)), ExpressionAttributeValues: values,
	}}})
}

// Renewal is an account's renewed credentials, sealed, beside what was read. Sealed is
// the whole map of a place; nil = nothing of that place changes.
type Renewal struct {
	Keys             []WrappedKey // the team's; the newest sealed what is sealed here
	Account          AccountItem  // as seen
	Connection       ConnectionItem
	AccountSealed    map[string][]byte
	ConnectionSealed map[string][]byte
	Care             Care // as it is to stand, with the version that was seen
	Facts            []AccountFact
}

// Renew writes renewed credentials with what is known of them: all of it, or nothing.
// Conflict if the credentials changed since they were seen, or the team has a newer key.
func (st *Store) Renew(ctx context.Context, r Renewal) error {
	team := r.Account.Team
	actions := []types.TransactWriteItem{st.keysAre(team, r.Keys)}
	for _, place := range []struct {
		sk           string
		seen, sealed map[string][]byte
	}{{accountSK(r.Account.ID), r.Account.Sealed, r.AccountSealed}, {connectionSK(r.Connection.ID), r.Connection.Sealed, r.ConnectionSealed}} {
		actions = append(actions, st.reseal(key(teamPK(team), place.sk), place.seen, place.sealed))
	}
	return st.settle(ctx, "renew", append(actions, st.caring(ctx, r.Care, r.Facts)...))
}

// reseal replaces the sealed fields of a setting if they are as they were seen; or, with
// nothing to put in their place, checks that.
func (st *Store) reseal(at item, seen, sealed map[string][]byte) types.TransactWriteItem {
	cond, values := aws.String("sealed=:seen"), item{":seen": sealedMap(seen)}
	if sealed == nil {
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Config, Key: at, ConditionExpression: cond, ExpressionAttributeValues: values,
		}}
	}
	values[":new"] = sealedMap(sealed)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: at, UpdateExpression: aws.String("SET sealed=:new"),
		ConditionExpression: cond, ExpressionAttributeValues: values,
	}}
}

func (st *Store) settle(ctx context.Context, op string, actions []types.TransactWriteItem) error {
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: st.audited(ctx, actions)})
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

// AccountIDs reads, strictly, the ids of a team's accounts, in order.
func (st *Store) AccountIDs(ctx context.Context, team hub.TeamID) ([]hub.AccountID, error) {
	items, err := st.queryAll(ctx, "list accounts", st.Tables.Config, teamPK(team), accountSK(""))
	if err != nil {
		return nil, err
	}
	ids := make([]hub.AccountID, len(items))
	for i, it := range items {
		ids[i] = hub.AccountID(strings.TrimPrefix(str(it, skAttr), accountSK("")))
	}
	return ids, nil
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

func welcomeMap(welcomes map[string]hub.Content) types.AttributeValue {
	m := item{}
	for name, w := range welcomes {
		content := item{}
		putContent(content, w)
		m[name] = &types.AttributeValueMemberM{Value: content}
	}
	return &types.AttributeValueMemberM{Value: m}
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
	if a.Off {
		it["off"] = n(1)
	}
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
