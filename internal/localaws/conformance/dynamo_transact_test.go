package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (s *shelf) transact(token string, actions ...types.TransactWriteItem) error {
	in := &dynamodb.TransactWriteItemsInput{TransactItems: append([]types.TransactWriteItem{}, actions...)}
	if token != "" {
		in.ClientRequestToken = &token
	}
	_, err := s.api.TransactWriteItems(ctx, in)
	return err
}

func (s *shelf) doPut(it item, condition string) types.TransactWriteItem {
	put := &types.Put{TableName: &s.name, Item: it}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}

func (s *shelf) doUpdate(key item, expression string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{TableName: &s.name, Key: key, UpdateExpression: &expression, ExpressionAttributeValues: values}}
}

func (s *shelf) doDelete(key item) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &s.name, Key: key}}
}

func (s *shelf) doCheck(key item, condition string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &s.name, Key: key, ConditionExpression: &condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD"}}
}

// reasons are the codes of a cancelled transaction, joined.
func reasons(t *testing.T, err error) (string, []types.CancellationReason) {
	t.Helper()
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		t.Errorf("got %v, want a cancelled transaction", err)
		return "", nil
	}
	var codes []string
	for _, r := range cancelled.CancellationReasons {
		codes = append(codes, *r.Code)
	}
	joined := strings.Join(codes, ", ")
	if want := "Transaction cancelled, please refer cancellation reasons for specific reasons [" + joined + "]"; cancelled.ErrorMessage() != want {
		t.Errorf("got message %q, want %q", cancelled.ErrorMessage(), want)
	}
	return joined, cancelled.CancellationReasons
}

func TestTransactionDoesAllOrNothing(t *testing.T) {
	s := newCloud(t).table(t)
	old := item{"pk": str("a"), "sk": str("3"), "n": num(1)}
	s.put(old)
	s.put(keyOf("a", "4"))
	all := func(condition string) []types.TransactWriteItem {
		return []types.TransactWriteItem{s.doPut(keyOf("a", "1"), "attribute_not_exists(pk)"), s.doUpdate(keyOf("a", "2"), "SET n = :v", item{":v": num(2)}),
			s.doCheck(keyOf("a", "3"), condition), s.doDelete(keyOf("a", "4"))}
	}
	codes, why := reasons(t, s.transact("", all("n > n2")...))
	if codes != "None, None, ConditionalCheckFailed, None" || !same(why[2].Item, old) || *why[2].Message != "The conditional request failed" || why[0].Message != nil {
		t.Errorf("got %q with %s", codes, show(why[2].Item))
	}
	if got := sks(s.all("a")); got != "3 4" {
		t.Errorf("got %q after a cancelled transaction, want 3 4", got)
	}
	if err := s.transact("", all("attribute_exists(n)")...); err != nil {
		t.Fatal(err)
	}
	if got := s.all("a"); sks(got) != "1 2 3" || number(got[1]["n"]) != "2" || !same(got[2], old) {
		t.Errorf("got %s", show(got))
	}
	codes, _ = reasons(t, s.transact("", s.doPut(keyOf("a", "1"), "attribute_not_exists(pk)"), s.doPut(keyOf("a", "2"), "attribute_not_exists(pk)")))
	if codes != "ConditionalCheckFailed, ConditionalCheckFailed" {
		t.Errorf("got %q", codes)
	}
}

func TestTransactionsAreValidated(t *testing.T) {
	c := newCloud(t)
	s := c.table(t, gsi("byG", "ALL", nil, "g", "S"))
	many := func(n int, size int) (actions []types.TransactWriteItem) {
		for i := range n {
			actions = append(actions, s.doPut(item{"pk": str("a"), "sk": str(fmt.Sprint(i)), "v": long(size)}, ""))
		}
		return actions
	}
	wantMessage(t, s.transact(""), validation, "Member must have length greater than or equal to 1")
	wantMessage(t, s.transact("", many(101, 1)...), validation, "Member must have length less than or equal to 100")
	if err := s.transact("", many(100, 1)...); err != nil {
		t.Errorf("got %v, want 100 actions accepted", err)
	}
	wantMessage(t, s.transact("", many(11, 390_000)...), validation, "4 MB")
	wantMessage(t, s.transact("", s.doPut(keyOf("a", "1"), ""), s.doCheck(keyOf("a", "1"), "attribute_exists(pk)")), validation, "Transaction request cannot include multiple operations on one item")
	wantMessage(t, s.transact("", types.TransactWriteItem{}), validation, "")
	wantMessage(t, s.transact("", s.doPut(item{"pk": str(""), "sk": str("b")}, "")), validation, "cannot contain an empty string value. Key: pk")
	wantMessage(t, s.transact("", s.doPut(keyOf("a", "1"), "((a = b))")), validation, "redundant parentheses")
	gone := s.doPut(keyOf("a", "1"), "")
	gone.Put.TableName = aws.String("no-such-table")
	wantCode(t, s.transact("", s.doPut(keyOf("a", "1"), ""), gone), "ResourceNotFoundException")
	for text, action := range map[string]types.TransactWriteItem{
		"Type mismatch for key sk expected: S actual: N":     s.doPut(item{"pk": str("a"), "sk": num(1)}, ""),
		"The provided key element does not match the schema": s.doDelete(item{"pk": str("a"), "sk": num(1)}),
		"Type mismatch for Index Key g":                      s.doPut(item{"pk": str("a"), "sk": str("1"), "g": num(1)}, ""),
		"is invalid for update":                              s.doUpdate(keyOf("a", "1"), "SET x.y = :v", item{":v": num(1)}),
		"does not exist in the item":                         s.doUpdate(keyOf("a", "1"), "SET x = y", nil),
	} {
		codes, why := reasons(t, s.transact("", s.doPut(keyOf("fine", "1"), ""), action))
		if codes != "None, ValidationError" || !strings.Contains(*why[1].Message, text) {
			t.Errorf("got %q, %v, want a validation error that says %q", codes, why, text)
		}
	}
	if got := s.all("fine"); got != nil {
		t.Errorf("got %s from cancelled transactions", show(got))
	}
}

func TestClientTokenMakesATransactionIdempotent(t *testing.T) {
	c := newCloud(t)
	s := c.table(t)
	token := unique("t")
	add := func(n int) []types.TransactWriteItem {
		return []types.TransactWriteItem{s.doUpdate(keyOf("a", "b"), "ADD n :v", item{":v": num(n)}), s.doPut(item{"pk": str("a"), "sk": str("c"), "x": num(1), "y": num(2), "z": strs("p", "q")}, "")}
	}
	for range 3 {
		if err := s.transact(token, add(1)...); err != nil {
			t.Fatal(err)
		}
	}
	if got := number(s.get(keyOf("a", "b"))["n"]); got != "1" {
		t.Errorf("got %s after three calls with one token, want 1", got)
	}
	wantCode(t, s.transact(token, add(2)...), "IdempotentParameterMismatchException")
	failed := unique("f")
	if codes, _ := reasons(t, s.transact(failed, s.doPut(keyOf("a", "b"), "attribute_not_exists(pk)"))); codes != "ConditionalCheckFailed" {
		t.Errorf("got %q", codes)
	}
	if err := s.transact(failed, add(1)...); err != nil {
		t.Errorf("got %v, want the token of a cancelled transaction free", err)
	}
	c.advance(t, 9*time.Minute)
	if err := s.transact(token, add(1)...); err != nil || number(s.get(keyOf("a", "b"))["n"]) != "2" {
		t.Errorf("after nine minutes: got %v and n = %v, want no second effect", err, s.get(keyOf("a", "b"))["n"])
	}
	c.advance(t, 2*time.Minute)
	if err := s.transact(token, add(5)...); err != nil || number(s.get(keyOf("a", "b"))["n"]) != "7" {
		t.Errorf("after eleven minutes: got %v and n = %v, want a new transaction", err, s.get(keyOf("a", "b"))["n"])
	}
}

func TestTransactGetReadsTogether(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(item{"pk": str("a"), "sk": str("1"), "x": num(1), "y": num(2)})
	get := func(sk string, projection *string) types.TransactGetItem {
		return types.TransactGetItem{Get: &types.Get{TableName: &s.name, Key: keyOf("a", sk), ProjectionExpression: projection}}
	}
	out := must(s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{get("1", p("x")), get("2", nil)}}))(t)
	if len(out.Responses) != 2 || !same(out.Responses[0].Item, item{"x": num(1)}) || out.Responses[1].Item != nil {
		t.Errorf("got %v", out.Responses)
	}
	_, err := s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{get("1", nil), get("1", nil)}})
	wantMessage(t, err, validation, "multiple operations on one item")
	_, err = s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: make([]types.TransactGetItem, 0)})
	wantMessage(t, err, validation, "")
}

func TestBatches(t *testing.T) {
	c := newCloud(t)
	s, other := c.table(t), c.table(t, keys("pk", "S"))
	put := func(it item) types.WriteRequest { return types.WriteRequest{PutRequest: &types.PutRequest{Item: it}} }
	write := func(requests map[string][]types.WriteRequest) error {
		out, err := s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: requests})
		if err == nil && len(out.UnprocessedItems) > 0 {
			t.Errorf("got unprocessed items %v", out.UnprocessedItems)
		}
		return err
	}
	s.put(keyOf("a", "gone"))
	if err := write(map[string][]types.WriteRequest{s.name: {put(keyOf("a", "1")), put(keyOf("a", "2")), {DeleteRequest: &types.DeleteRequest{Key: keyOf("a", "gone")}}}, other.name: {put(item{"pk": str("x"), "v": num(1)})}}); err != nil {
		t.Fatal(err)
	}
	if got := sks(s.all("a")); got != "1 2" {
		t.Errorf("got %q, want 1 2", got)
	}
	var many []types.WriteRequest
	for i := range 26 {
		many = append(many, put(keyOf("b", fmt.Sprint(i))))
	}
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: many}), validation, "less than or equal to 25")
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: many[:20], other.name: many[20:]}), validation, "")
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: {many[0], many[1], many[0]}}), validation, "Provided list of item keys contains duplicates")
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: {put(keyOf("c", "1")), put(item{"pk": str("c")})}}), validation, "The provided key element does not match the schema")
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: {put(keyOf("c", "1")), put(item{"pk": str("c"), "sk": str("2"), "v": long(410_000)})}}), validation, "Item size")
	wantMessage(t, write(map[string][]types.WriteRequest{s.name: {}}), validation, "")
	wantCode(t, write(map[string][]types.WriteRequest{"no-such-table": many[:1]}), "ResourceNotFoundException")
	if got := s.all("c"); got != nil {
		t.Errorf("got %s from refused batches", show(got))
	}
	get := func(requests map[string]types.KeysAndAttributes) (*dynamodb.BatchGetItemOutput, error) {
		return s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: requests})
	}
	out := must(get(map[string]types.KeysAndAttributes{s.name: {Keys: []item{keyOf("a", "1"), keyOf("a", "9"), keyOf("a", "2")}}, other.name: {Keys: []item{{"pk": str("x")}}, ProjectionExpression: p("v")}}))(t)
	if sks(out.Responses[s.name]) != "1 2" || !same(out.Responses[other.name], []item{{"v": num(1)}}) || len(out.UnprocessedKeys) != 0 {
		t.Errorf("got %v", out)
	}
	var ids []item
	for i := range 101 {
		ids = append(ids, keyOf("a", fmt.Sprint(i)))
	}
	_, err := get(map[string]types.KeysAndAttributes{s.name: {Keys: ids}})
	wantMessage(t, err, validation, "less than or equal to 100")
	_, err = get(map[string]types.KeysAndAttributes{s.name: {Keys: []item{ids[0], ids[0]}}})
	wantMessage(t, err, validation, "Provided list of item keys contains duplicates")
}

func TestLargeBatchGetLeavesKeysUnprocessed(t *testing.T) {
	s := newCloud(t).table(t)
	var ids []item
	for i := range 50 {
		s.put(item{"pk": str("a"), "sk": str(fmt.Sprint(i)), "v": long(400_000)})
		ids = append(ids, keyOf("a", fmt.Sprint(i)))
	}
	request, got := map[string]types.KeysAndAttributes{s.name: {Keys: ids, ConsistentRead: aws.Bool(true), ProjectionExpression: p("#s"), ExpressionAttributeNames: map[string]string{"#s": "sk"}}}, 0
	rounds := 0
	for ; len(request) > 0 && rounds < 5; rounds++ {
		out := must(s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request}))(t)
		got += len(out.Responses[s.name])
		request = out.UnprocessedKeys
	}
	if got != 50 || rounds != 2 {
		t.Errorf("got %d items in %d rounds, want 50 in 2", got, rounds)
	}
}
