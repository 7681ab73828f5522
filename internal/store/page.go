package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// pageOf reads items of a partition whose sort keys begin with a mark, consistently, in
// their order: at most limit after one ("" = from the first), which is named by what
// follows the mark, letters and digits. The last one's name continues; "" = there is no
// more. It is one Query.
func (st *Store) pageOf(ctx context.Context, op, table, pk, mark, after string, limit int) (items []item, next string, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		// '!' comes before letters and digits, '~' behind them.
		ExpressionAttributeValues: item{":p": s(pk), ":a": s(mark + after + "!"), ":z": s(mark + "~")},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap(op, err)
	}
	if out.LastEvaluatedKey != nil {
		next = strings.TrimPrefix(str(out.LastEvaluatedKey, skAttr), mark)
	}
	return out.Items, next, nil
}

// readPage is a page of a list, each item as it is read.
func readPage[T any](items []item, next string, err error, read func(item) T) ([]T, string, error) {
	list := make([]T, len(items))
	for i, it := range items {
		list[i] = read(it)
	}
	return list, next, err
}

// MemberPage is a page of Members: at most limit after an id ("" = from the first). The
// place to go on after; "" = there is no more.
func (st *Store) MemberPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]hub.Member, string, error) {
	items, next, err := st.pageOf(ctx, "list members", st.Tables.Config, teamPK(team), memberMark, after, limit)
	return readPage(items, next, err, readMember)
}

// APIKeyPage is a page of APIKeys, as MemberPage is of Members.
func (st *Store) APIKeyPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]APIKey, string, error) {
	items, next, err := st.pageOf(ctx, "list API keys", st.Tables.Config, teamPK(team), apiKeyMark, after, limit)
	return readPage(items, next, err, readAPIKey)
}

// ErasurePage is a page of the erasures of a team by their ids, as MemberPage is of Members.
func (st *Store) ErasurePage(ctx context.Context, team hub.TeamID, after string, limit int) ([]hub.Erasure, string, error) {
	items, next, err := st.pageOf(ctx, "list erasures", st.Tables.Contacts, erasurePK(team), erasureMark, after, limit)
	return readPage(items, next, err, readErasure)
}

// AccountPage is a page of AccountIDs, as MemberPage is of Members.
func (st *Store) AccountPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]hub.AccountID, string, error) {
	items, next, err := st.pageOf(ctx, "list accounts", st.Tables.Config, teamPK(team), accountSK(""), after, limit)
	return readPage(items, next, err, func(it item) hub.AccountID { return hub.AccountID(strings.TrimPrefix(str(it, skAttr), accountSK(""))) })
}

// ConnectionPage is a page of ConnectionIDs, as MemberPage is of Members.
func (st *Store) ConnectionPage(ctx context.Context, team hub.TeamID, after string, limit int) ([]hub.ConnectionID, string, error) {
	items, next, err := st.pageOf(ctx, "list connections", st.Tables.Config, teamPK(team), connectionSK(""), after, limit)
	return readPage(items, next, err, func(it item) hub.ConnectionID {
		return hub.ConnectionID(strings.TrimPrefix(str(it, skAttr), connectionSK("")))
	})
}
