package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// HomeItems reads all that lies in a home's partition but for edges and "never joins",
// which belong to two, as plain values: texts, numbers, booleans, bytes, lists and
// maps, by their sort keys, for an export. Attributes named in without are left out.
func (st *Store) HomeItems(ctx context.Context, team hub.TeamID, home hub.HomeID, without map[string]bool) ([]map[string]any, error) {
	var list []map[string]any
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p"),
		ExpressionAttributeValues: item{":p": s(homePK(team, home))}, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read home's items", err)
		}
		for _, it := range page.Items {
			if sk := str(it, skAttr); strings.HasPrefix(sk, edgeMark) || strings.HasPrefix(sk, neverMark) {
				continue
			}
			plain := map[string]any{}
			for name, v := range it {
				if without[name] {
					continue
				}
				value, err := plainOf(v)
				if err != nil {
					return nil, hub.E(hub.Internal, "store: read home's items", fmt.Errorf("attribute %s: %w", name, err))
				}
				plain[name] = value
			}
			list = append(list, plain)
		}
	}
	return list, nil
}

// plainOf is an attribute as JSON has it. The members of a set are in order.
func plainOf(v types.AttributeValue) (any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value, nil
	case *types.AttributeValueMemberN:
		return json.Number(v.Value), nil
	case *types.AttributeValueMemberBOOL:
		return v.Value, nil
	case *types.AttributeValueMemberB:
		return v.Value, nil
	case *types.AttributeValueMemberSS:
		return slices.Sorted(slices.Values(v.Value)), nil
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, e := range v.Value {
			value, err := plainOf(e)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	case *types.AttributeValueMemberM:
		m := map[string]any{}
		for name, e := range v.Value {
			value, err := plainOf(e)
			if err != nil {
				return nil, err
			}
			m[name] = value
		}
		return m, nil
	}
	return nil, fmt.Errorf("a type %T that the tables do not hold", v)
}
