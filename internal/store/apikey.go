package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// APIKey is a program's key as it is stored: its secret is not.
type APIKey struct {
	ID      string
	Name    string
	Scopes  []string
	Hash    []byte // SHA-256 of the secret
	Created hub.Millis
	By      string     // who made it: hub.Actor as text
	Revoked hub.Millis // 0 = it is good
	Version int
}

const apiKeyMark = "KEY#"

// PutAPIKey stores a new key. Conflict if there is one of that id, or if the deed's admin
// is none any more.
func (st *Store) PutAPIKey(ctx context.Context, d Deed, k APIKey) error {
	it := key(teamPK(d.Team), apiKeyMark+k.ID)
	it["name"], it["scopes"], it["hash"] = s(k.Name), textList(k.Scopes), b(k.Hash)
	it["at"], it["who"], it["v"] = n(k.Created), s(k.By), n(k.Version)
	return st.do(ctx, "put API key", d, types.TransactWriteItem{Put: &types.Put{
		TableName: &st.Tables.Config, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)"),
	}})
}

// RevokeAPIKey ends a key for good, at the deed's time. Conflict if it is not as it was
// seen any more, or if the deed's admin is none any more.
func (st *Store) RevokeAPIKey(ctx context.Context, d Deed, seen APIKey) error {
	return st.do(ctx, "revoke API key", d, types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Config, Key: key(teamPK(d.Team), apiKeyMark+seen.ID), UpdateExpression: aws.String("SET revoked=:now, v=:next"),
		ConditionExpression:       aws.String("v=:v"),
		ExpressionAttributeValues: item{":v": n(seen.Version), ":next": n(seen.Version + 1), ":now": n(d.Audit.At)},
	}})
}

// APIKey reads a key, consistently. NotFound if there is none.
func (st *Store) APIKey(ctx context.Context, team hub.TeamID, id string) (APIKey, error) {
	it, err := st.config(ctx, "read API key", teamPK(team), apiKeyMark+id, Strict)
	if err != nil {
		return APIKey{}, err
	}
	return readAPIKey(it), nil
}

// APIKeys reads all keys of a team, consistently, by their ids: the revoked ones too.
func (st *Store) APIKeys(ctx context.Context, team hub.TeamID) ([]APIKey, error) {
	items, err := st.queryAll(ctx, "list API keys", st.Tables.Config, teamPK(team), apiKeyMark)
	if err != nil {
		return nil, err
	}
	list := make([]APIKey, len(items))
	for i, it := range items {
		list[i] = readAPIKey(it)
	}
	return list, nil
}

func readAPIKey(it item) APIKey {
	return APIKey{
		ID: strings.TrimPrefix(str(it, skAttr), apiKeyMark), Name: str(it, "name"), Scopes: strs(it, "scopes"), Hash: bin(it, "hash"),
		Created: millis(it, "at"), By: str(it, "who"), Revoked: millis(it, "revoked"), Version: int(num(it, "v")),
	}
}
