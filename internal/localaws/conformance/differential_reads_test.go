package conformance

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// read is a Query or Scan of a differential run, as both have it.
func (w *twins) page(out []item, count, scanned int32, last item, sorted bool) map[string]string {
	m := map[string]string{"Count": fmt.Sprint(count, " of ", scanned), "Items": rowsShown(out, sorted)}
	if last != nil {
		m["LastEvaluatedKey"] = show(last)
	}
	return m
}

func (w *twins) query() attempt {
	in := &dynamodb.QueryInput{TableName: &w.name}
	hash, sort, figure := "pk", "sk", true
	if w.one(30) {
		in.IndexName, hash, sort = aws.String("byG"), "g", "due"
		if w.one(30) {
			in.IndexName, sort, figure = aws.String("few"), "", false
		}
	}
	condition := hash + " = " + w.placeholder(str(w.of("a", "b", "G", "H")))
	bound := func() string {
		if w.wild(8) {
			return w.operand()
		}
		return w.placeholder(num(w.of("1", "2", "3", "-1", "10")))
	}
	operator := w.of(" = ", " < ", " <= ", " > ", " >= ")
	if w.wild(10) {
		operator = " <> "
	}
	if figure && w.one(50) {
		condition += " AND " + sort + operator + bound()
	} else if figure && w.sound && w.one(40) {
		condition += " AND " + sort + " BETWEEN " + w.placeholder(num(1)) + " AND " + w.placeholder(num(3))
	} else if figure && w.wild(40) {
		condition += " AND " + sort + " BETWEEN " + bound() + " AND " + bound()
	} else if w.wild(8) {
		condition = w.condition(1)
	}
	in.KeyConditionExpression = w.spoilt(condition)
	if w.one(30) && (in.IndexName == nil || *in.IndexName != "few" || !w.sound) {
		in.FilterExpression = w.spoilt(w.condition(0))
	}
	whole := in.IndexName == nil || *in.IndexName != "few" // else only some attributes are there
	if w.one(30) && (whole || !w.sound) {
		in.ProjectionExpression = w.spoilt(w.projection())
	}
	if w.wild(20) {
		in.Select = types.Select(w.of("COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"))
	} else if w.one(10) && in.ProjectionExpression == nil {
		in.Select = types.SelectCount
	}
	if w.one(40) {
		in.ScanIndexForward = aws.Bool(w.one(50))
	}
	if w.one(10) && (in.IndexName == nil || !w.sound) {
		in.ConsistentRead = aws.Bool(true)
	}
	if in.IndexName == nil && w.one(40) { // entries of an index with one key have no order
		in.Limit = aws.Int32(int32(1 + w.IntN(5)))
		if w.wild(5) {
			in.Limit = aws.Int32(0)
		}
		if w.wild(50) {
			in.ExclusiveStartKey = w.key()
		}
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = w.names, w.values
	request := w.words(in.KeyConditionExpression, in.FilterExpression, in.ProjectionExpression, "index", in.IndexName, in.Select, "start", in.ExclusiveStartKey)
	if in.Limit != nil {
		request += fmt.Sprint(" limit ", *in.Limit)
	}
	return attempt{"Query", request, func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.Query(ctx, in)
		if err != nil {
			return nil, err
		}
		return w.page(out.Items, out.Count, out.ScannedCount, out.LastEvaluatedKey, in.IndexName != nil), nil
	}, false}
}

func (w *twins) scan() attempt {
	in := &dynamodb.ScanInput{TableName: &w.name}
	if w.one(20) {
		if in.IndexName = aws.String("byG"); w.wild(50) {
			in.IndexName = aws.String("few")
		}
	}
	if w.one(60) {
		in.FilterExpression = w.spoilt(w.condition(0))
	}
	if w.one(30) {
		in.ProjectionExpression = w.spoilt(w.projection())
	}
	if w.wild(20) {
		in.Select = types.Select(w.of("COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"))
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = w.names, w.values
	return attempt{"Scan", w.words(in.FilterExpression, in.ProjectionExpression, "index", in.IndexName, in.Select), func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.Scan(ctx, in)
		if err != nil {
			return nil, err
		}
		return w.page(out.Items, out.Count, out.ScannedCount, out.LastEvaluatedKey, true), nil
	}, false}
}

func (w *twins) batchWrite() attempt {
	var requests []types.WriteRequest
	for _, key := range w.keysOnce(1 + w.IntN(4)) {
		it := w.item()
		if w.sound {
			it["pk"], it["sk"] = key["pk"], key["sk"]
		}
		one := types.WriteRequest{PutRequest: &types.PutRequest{Item: it}}
		if w.one(30) {
			one = types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key}}
		}
		requests = append(requests, one)
	}
	in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{w.name: requests}}
	text := ""
	for _, one := range requests {
		if one.PutRequest != nil {
			text += w.words("put", one.PutRequest.Item)
		} else {
			text += w.words("delete", one.DeleteRequest.Key)
		}
	}
	return attempt{"BatchWriteItem", text, func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.BatchWriteItem(ctx, in)
		if err != nil {
			return nil, err
		}
		return map[string]string{"UnprocessedItems": fmt.Sprint(len(out.UnprocessedItems))}, nil
	}, false}
}

func (w *twins) batchGet() attempt {
	one := types.KeysAndAttributes{ConsistentRead: aws.Bool(w.one(50))}
	one.Keys = w.keysOnce(1 + w.IntN(4))
	if w.one(40) {
		one.ProjectionExpression = w.spoilt(w.projection())
	}
	one.ExpressionAttributeNames = w.names
	text := w.words(one.ProjectionExpression)
	for _, key := range one.Keys {
		text += " " + show(key)
	}
	return attempt{"BatchGetItem", text, func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{w.name: one}})
		if err != nil {
			return nil, err
		}
		return map[string]string{"Responses": rowsShown(out.Responses[w.name], true), "UnprocessedKeys": fmt.Sprint(len(out.UnprocessedKeys))}, nil
	}, false}
}

func (w *twins) transactWrite() attempt {
	in := &dynamodb.TransactWriteItemsInput{}
	text := ""
	for _, key := range w.keysOnce(1 + w.IntN(3)) {
		w.names, w.values = nil, nil
		var one types.TransactWriteItem
		switch w.IntN(5) {
		case 0, 1:
			it := w.item()
			if w.sound {
				it["pk"], it["sk"] = key["pk"], key["sk"]
			}
			one.Put = &types.Put{TableName: &w.name, Item: it, ConditionExpression: w.maybeCondition()}
			one.Put.ExpressionAttributeNames, one.Put.ExpressionAttributeValues = w.names, w.values
			text += w.words("put", it, one.Put.ConditionExpression)
		case 2, 3:
			one.Update = &types.Update{TableName: &w.name, Key: key, UpdateExpression: w.spoilt(w.speaker.update()), ConditionExpression: w.maybeCondition()}
			one.Update.ExpressionAttributeNames, one.Update.ExpressionAttributeValues = w.names, w.values
			text += w.words("update", key, one.Update.UpdateExpression, one.Update.ConditionExpression)
		case 4:
			one.ConditionCheck = &types.ConditionCheck{TableName: &w.name, Key: key, ConditionExpression: w.spoilt(w.condition(0))}
			one.ConditionCheck.ExpressionAttributeNames, one.ConditionCheck.ExpressionAttributeValues = w.names, w.values
			text += w.words("check", key, one.ConditionCheck.ConditionExpression)
		}
		in.TransactItems = append(in.TransactItems, one)
	}
	return attempt{"TransactWriteItems", text, func(api *dynamodb.Client) (map[string]string, error) {
		_, err := api.TransactWriteItems(ctx, in)
		return map[string]string{}, err
	}, false}
}

func (w *twins) transactGet() attempt {
	in := &dynamodb.TransactGetItemsInput{}
	text := ""
	for _, key := range w.keysOnce(1 + w.IntN(3)) {
		w.names, w.values = nil, nil
		get := &types.Get{TableName: &w.name, Key: key}
		if w.one(40) {
			get.ProjectionExpression = w.spoilt(w.projection())
		}
		get.ExpressionAttributeNames = w.names
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: get})
		text += w.words(get.Key, get.ProjectionExpression)
	}
	return attempt{"TransactGetItems", text, func(api *dynamodb.Client) (map[string]string, error) {
		out, err := api.TransactGetItems(ctx, in)
		if err != nil {
			return nil, err
		}
		var items []item
		for _, one := range out.Responses {
			items = append(items, one.Item)
		}
		return map[string]string{"Responses": rowsShown(items, false)}, nil
	}, false}
}
