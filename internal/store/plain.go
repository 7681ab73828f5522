package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

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
