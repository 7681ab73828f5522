package hubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Items are the items of one partition, by sort key, as their attributes' names.
func (h *Hub) Items(table, partition string) map[string][]string {
	h.t.Helper()
	items := map[string][]string{}
	pages := dynamodb.NewQueryPaginator(h.Store.DB, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("PK=:p"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: partition}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		h.must(err)
		for _, it := range page.Items {
			var names []string
			for name := range it {
				names = append(names, name)
			}
			items[it["SK"].(*types.AttributeValueMemberS).Value] = names
		}
	}
	return items
}

// Strings are the members of a set of texts of an item, in order.
func (h *Hub) Strings(table, partition, sk, name string) []string {
	h.t.Helper()
	out, err := h.Store.DB.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &table, Key: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: partition}, "SK": &types.AttributeValueMemberS{Value: sk},
	}})
	h.must(err)
	v, _ := out.Item[name].(*types.AttributeValueMemberSS)
	if v == nil {
		return nil
	}
	return slices.Sorted(slices.Values(v.Value))
}

// PutItem puts an item of texts and numbers behind the store's back.
func (h *Hub) PutItem(table string, fields map[string]any) {
	h.t.Helper()
	it := map[string]types.AttributeValue{}
	for name, v := range fields {
		switch v := v.(type) {
		case string:
			it[name] = &types.AttributeValueMemberS{Value: v}
		case int64:
			it[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}
		default:
			h.t.Fatalf("PutItem takes no %T", v)
		}
	}
	_, err := h.Store.DB.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &table, Item: it})
	h.must(err)
}

// Dump is a whole table as text, to be searched for what must not stand in it.
func (h *Hub) Dump(table string) string {
	h.t.Helper()
	var out strings.Builder
	pages := dynamodb.NewScanPaginator(h.Store.DB, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		h.must(err)
		for _, it := range page.Items {
			dump(&out, &types.AttributeValueMemberM{Value: it})
		}
	}
	return out.String()
}

func dump(out *strings.Builder, v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		for _, name := range slices.Sorted(maps.Keys(v.Value)) {
			out.WriteString(name + " ")
			dump(out, v.Value[name])
		}
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			dump(out, e)
		}
	case *types.AttributeValueMemberS:
		out.WriteString(v.Value + " ")
	case *types.AttributeValueMemberB:
		out.Write(v.Value)
		out.WriteByte(' ')
	default:
		fmt.Fprintf(out, "%v ", v)
	}
}
