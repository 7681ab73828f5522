package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// WrappedKey is a data key as the key service wrapped it.
type WrappedKey struct {
	ID      string
	Wrapped []byte
}

// TeamItem is a tenant's record.
type TeamItem struct {
	ID     hub.TeamID
	Name   string
	Keys   []WrappedKey // oldest first
	Pepper []byte       // sealed for (team, "pepper")
}

// ConnectionItem is one set of credentials with its webhook URL.
type ConnectionItem struct {
	Team     hub.TeamID
	ID       hub.ConnectionID
	Channel  hub.Channel
	Sealed   map[string][]byte        // by field, sealed for (team, connection, field)
	Accounts map[string]hub.AccountID // by the platform's name of the account
}

// AccountItem is one connected channel.
type AccountItem struct {
	Team       hub.TeamID
	ID         hub.AccountID
	Connection hub.ConnectionID
	Channel    hub.Channel
	External   string
	Name       string
	Sealed     map[string][]byte // by field, sealed for (team, account, field)
}

// Keyword is one automatic answer: the text that a message must equal, without
// regard to case and surrounding space, and the answer's text.
type Keyword struct {
	Match, Answer string
}

func (st *Store) config(ctx context.Context, op, pk, sk string) (item, error) {
	it, err := st.get(ctx, op, st.Tables.Config, pk, sk, false)
	if err == nil && it == nil {
		return nil, notFound(op, "such setting")
	}
	return it, err
}

// EdgeKeys reads the keys of webhook path ids. NotFound before the first set-up.
func (st *Store) EdgeKeys(ctx context.Context) ([]WrappedKey, error) {
	it, err := st.config(ctx, "read edge keys", edgePK, edgeKeysSK)
	return readKeys(it), err
}

// PutEdgeKeys writes the keys of webhook path ids if there are none.
func (st *Store) PutEdgeKeys(ctx context.Context, keys []WrappedKey) error {
	it := key(edgePK, edgeKeysSK)
	it["keys"] = keyList(keys)
	_, _, err := st.putNew(ctx, "put edge keys", st.Tables.Config, it)
	return err
}

// Team reads a tenant's record. NotFound if there is none.
func (st *Store) Team(ctx context.Context, id hub.TeamID) (TeamItem, error) {
	it, err := st.config(ctx, "read team", teamPK(id), teamSK)
	if err != nil {
		return TeamItem{}, err
	}
	return TeamItem{ID: id, Name: str(it, "name"), Keys: readKeys(it), Pepper: bin(it, "pepper")}, nil
}

// PutTeam creates a tenant; one that is there stays as it is.
func (st *Store) PutTeam(ctx context.Context, t TeamItem) error {
	it := key(teamPK(t.ID), teamSK)
	it["name"] = s(t.Name)
	it["keys"] = keyList(t.Keys)
	it["pepper"] = b(t.Pepper)
	_, _, err := st.putNew(ctx, "put team", st.Tables.Config, it)
	return err
}

// Connection reads a connection. NotFound if there is none.
func (st *Store) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (ConnectionItem, error) {
	it, err := st.config(ctx, "read connection", teamPK(team), connectionSK(id))
	if err != nil {
		return ConnectionItem{}, err
	}
	c := ConnectionItem{
		Team: team, ID: id, Channel: hub.Channel(str(it, "chan")), Sealed: readSealed(it), Accounts: map[string]hub.AccountID{},
	}
	if m, ok := it["accts"].(*types.AttributeValueMemberM); ok {
		for name := range m.Value {
			c.Accounts[name] = hub.AccountID(str(m.Value, name))
		}
	}
	return c, nil
}

// PutConnection writes a connection as it is given.
func (st *Store) PutConnection(ctx context.Context, c ConnectionItem) error {
	it := key(teamPK(c.Team), connectionSK(c.ID))
	it["chan"] = s(string(c.Channel))
	it["sealed"] = sealedMap(c.Sealed)
	accounts := item{}
	for name, id := range c.Accounts {
		accounts[name] = s(string(id))
	}
	it["accts"] = &types.AttributeValueMemberM{Value: accounts}
	return st.putConfig(ctx, "put connection", it)
}

// Account reads an account. NotFound if there is none.
func (st *Store) Account(ctx context.Context, team hub.TeamID, id hub.AccountID) (AccountItem, error) {
	it, err := st.config(ctx, "read account", teamPK(team), accountSK(id))
	if err != nil {
		return AccountItem{}, err
	}
	return AccountItem{
		Team: team, ID: id, Connection: hub.ConnectionID(str(it, "conn")), Channel: hub.Channel(str(it, "chan")),
		External: str(it, "ext"), Name: str(it, "name"), Sealed: readSealed(it),
	}, nil
}

// PutAccount writes an account as it is given.
func (st *Store) PutAccount(ctx context.Context, a AccountItem) error {
	it := key(teamPK(a.Team), accountSK(a.ID))
	it["conn"] = s(string(a.Connection))
	it["chan"] = s(string(a.Channel))
	it["ext"] = s(a.External)
	it["name"] = s(a.Name)
	it["sealed"] = sealedMap(a.Sealed)
	return st.putConfig(ctx, "put account", it)
}

// Keywords reads the keyword answers of an account; none if none were set.
func (st *Store) Keywords(ctx context.Context, team hub.TeamID, id hub.AccountID) ([]Keyword, error) {
	it, err := st.get(ctx, "read keywords", st.Tables.Config, teamPK(team), keywordSK(id), false)
	if err != nil {
		return nil, err
	}
	var list []Keyword
	if l, ok := it["list"].(*types.AttributeValueMemberL); ok {
		for _, e := range l.Value {
			if m, ok := e.(*types.AttributeValueMemberM); ok {
				list = append(list, Keyword{Match: str(m.Value, "match"), Answer: str(m.Value, "answer")})
			}
		}
	}
	return list, nil
}

// PutKeywords replaces the keyword answers of an account.
func (st *Store) PutKeywords(ctx context.Context, team hub.TeamID, id hub.AccountID, list []Keyword) error {
	var values []types.AttributeValue
	for _, k := range list {
		values = append(values, &types.AttributeValueMemberM{Value: item{"match": s(k.Match), "answer": s(k.Answer)}})
	}
	it := key(teamPK(team), keywordSK(id))
	it["list"] = &types.AttributeValueMemberL{Value: values}
	return st.putConfig(ctx, "put keywords", it)
}

func (st *Store) putConfig(ctx context.Context, op string, it item) error {
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(st.Tables.Config), Item: it})
	return wrap(op, err)
}

func keyList(keys []WrappedKey) types.AttributeValue {
	var list []types.AttributeValue
	for _, k := range keys {
		list = append(list, &types.AttributeValueMemberM{Value: item{"id": s(k.ID), "w": b(k.Wrapped)}})
	}
	return &types.AttributeValueMemberL{Value: list}
}

func readKeys(it item) []WrappedKey {
	var keys []WrappedKey
	if l, ok := it["keys"].(*types.AttributeValueMemberL); ok {
		for _, e := range l.Value {
			if m, ok := e.(*types.AttributeValueMemberM); ok {
				keys = append(keys, WrappedKey{ID: str(m.Value, "id"), Wrapped: bin(m.Value, "w")})
			}
		}
	}
	return keys
}

func sealedMap(fields map[string][]byte) types.AttributeValue {
	m := item{}
	for name, v := range fields {
		m[name] = b(v)
	}
	return &types.AttributeValueMemberM{Value: m}
}

func readSealed(it item) map[string][]byte {
	fields := map[string][]byte{}
	if m, ok := it["sealed"].(*types.AttributeValueMemberM); ok {
		for name := range m.Value {
			fields[name] = bin(m.Value, name)
		}
	}
	return fields
}
