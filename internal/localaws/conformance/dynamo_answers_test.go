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

	"omnihub/internal/localaws"
)

func TestWhatTheRequestShowsIsRefusedBeforeTheCondition(t *testing.T) {
	s := newCloud(t).table(t, gsi("byG", "ALL", nil, "g", "S"))
	s.put(keyOf("a", "b"))
	for want, it := range map[string]item{
		"Type mismatch for Index Key g": {"g": num(1)},
		"IndexName: byG, IndexKey: g":   {"g": str("")},
		"Item size has exceeded":        {"v": long(409_600)},
	} {
		it["pk"], it["sk"] = str("a"), str("b")
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")})
		wantMessage(t, err, validation, want)
	}
	_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: aws.String("SET x.y = :v"), ConditionExpression: aws.String("attribute_exists(nothing)"), ExpressionAttributeValues: item{":v": num(1)}})
	wantCode(t, err, "ConditionalCheckFailedException") // only the item shows that the path leads nowhere
}

func TestTransactionNamesItsFirstInvalidActionAlone(t *testing.T) {
	s := newCloud(t).table(t, gsi("byG", "ALL", nil, "g", "S"))
	bad, worse := s.doPut(item{"pk": str("a"), "sk": num(1)}, ""), s.doPut(item{"pk": str("a"), "sk": num(2)}, "")
	failing := s.doPut(keyOf("a", "x"), "attribute_exists(pk)")
	codes, why := reasons(t, s.transact("", failing, bad, worse))
	if codes != "None, ValidationError, None" || len(why) == 3 && (why[0].Message != nil || !strings.Contains(aws.ToString(why[1].Message), "Type mismatch for key sk")) {
		t.Errorf("got %q", codes)
	}
	if codes, _ := reasons(t, s.transact("", failing, s.doPut(item{"pk": str("a"), "sk": str("y"), "g": num(1)}, ""))); codes != "None, ValidationError" {
		t.Errorf("got %q for a wrong key of an index, want the condition not looked at", codes)
	}
	s.put(item{"pk": str("a"), "sk": str("n"), "n": str("text")})
	sum := s.doUpdate(keyOf("a", "n"), "SET n = n + :one", item{":one": num(1)})
	if codes, why := reasons(t, s.transact("", failing, sum)); codes != "ConditionalCheckFailed, ValidationError" || aws.ToString(why[1].Message) != "An operand in the update expression has an incorrect data type" {
		t.Errorf("got %q, want a reason for each action that the items show to fail", codes)
	}
}

func TestTransactionsHaveLimits(t *testing.T) {
	s := newCloud(t).table(t)
	puts := func(n, size int) (all []types.TransactWriteItem) {
		for i := range n {
			all = append(all, s.doPut(item{"pk": str("a"), "sk": str(fmt.Sprintf("%03d", i)), "v": long(size)}, ""))
		}
		return all
	}
	const fixed = len("pk") + len("a") + len("sk") + 3 + len("v")
	if err := s.transact("", puts(16, 4<<20/16-fixed)...); err != nil {
		t.Errorf("got %v, want exactly 4 MB accepted", err)
	}
	wantMessage(t, s.transact("", append(puts(15, 4<<20/16-fixed), s.doPut(item{"pk": str("a"), "sk": str("999"), "v": long(4<<20/16 - fixed + 1)}, ""))...), validation, "size cannot exceed 4 MB")
	// What is sent counts, also where a condition would fail: and deletions send little.
	var updates, deletes []types.TransactWriteItem
	for i := range 16 {
		key := keyOf("a", fmt.Sprintf("%03d", i))
		one := s.doUpdate(key, "SET w = if_not_exists(v, :v)", item{":v": long(300_000)})
		one.Update.ConditionExpression = aws.String("attribute_not_exists(pk)")
		updates, deletes = append(updates, one), append(deletes, s.doDelete(key))
	}
	wantMessage(t, s.transact("", updates...), validation, "size cannot exceed 4 MB")
	if err := s.transact("", deletes...); err != nil {
		t.Errorf("got %v, want 4 MB of items deleted in one transaction", err)
	}
	var gets []types.TransactGetItem
	for i := range 101 {
		gets = append(gets, types.TransactGetItem{Get: &types.Get{TableName: &s.name, Key: keyOf("b", fmt.Sprint(i))}})
	}
	read := func(n int) error {
		_, err := s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: gets[:n]})
		return err
	}
	wantCode(t, read(100), "")
	wantMessage(t, read(101), validation, "less than or equal to 100")
	for i := range 11 {
		s.put(item{"pk": str("b"), "sk": str(fmt.Sprint(i)), "v": long(400_000)})
	}
	wantCode(t, read(10), "")
	wantMessage(t, read(11), validation, "4 MB")
	token := strings.Repeat("t", 36)
	wantCode(t, s.transact(token, s.doPut(keyOf("c", "1"), "")), "")
	wantMessage(t, s.transact(token+"t", s.doPut(keyOf("c", "1"), "")), validation, "less than or equal to 36")
}

func TestBatchGetEndsAtSixteenMegabytes(t *testing.T) {
	s := newCloud(t).table(t)
	one := types.KeysAndAttributes{}
	for i := range 100 { // the example of the documentation: 52 of 100 items of 300 KB
		it := item{"pk": str("a"), "sk": str(fmt.Sprintf("%03d", i))}
		one.Keys = append(one.Keys, keyOf("a", fmt.Sprintf("%03d", i)))
		it["v"] = long(300<<10 - 2 - 1 - 2 - 3 - 1)
		s.put(it)
	}
	out := must(s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.name: one}}))(t)
	if got, left := len(out.Responses[s.name]), len(out.UnprocessedKeys[s.name].Keys); got != 52 || left != 48 {
		t.Errorf("got %d items and %d left, want 52 and 48", got, left)
	}
}

func TestScanPagesEndAtOneMegabyteWhateverTheFilterLeaves(t *testing.T) {
	s := newCloud(t).table(t, gsi("byG", "KEYS_ONLY", nil, "g", "S"))
	for i := range 7 {
		s.put(item{"pk": str("p"), "sk": str(fmt.Sprint(i)), "g": str("G"), "v": long(300_000), "n": num(i)})
	}
	pages, items := 0, 0
	scan := dynamodb.NewScanPaginator(s.api, &dynamodb.ScanInput{TableName: &s.name, FilterExpression: aws.String("n = :n"), ExpressionAttributeValues: item{":n": num(6)}})
	for scan.HasMorePages() {
		page := must(scan.NextPage(ctx))(t)
		if page.ScannedCount > 3 {
			t.Errorf("got %d items read for one page", page.ScannedCount)
		}
		pages, items = pages+1, items+len(page.Items)
	}
	if pages != 3 || items != 1 {
		t.Errorf("got %d items on %d pages, want 1 on 3", items, pages)
	}
	only := must(s.query("g = :g", item{":g": str("G")}, onIndex("byG")))(t)
	if only.Count != 7 || only.LastEvaluatedKey != nil {
		t.Errorf("got %d entries and %v, want all 7: an index counts what it projects", only.Count, only.LastEvaluatedKey)
	}
	_, err := s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, IndexName: aws.String("byG"), ConsistentRead: aws.Bool(true)})
	wantMessage(t, err, validation, "Consistent reads are not supported on global secondary indexes")
	_, err = s.query("g = :g", item{":g": str("G"), ":n": num(1)}, onIndex("byG"), func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("n = :n") })
	wantMessage(t, err, validation, "does not project one or more filter attributes: [n]")
}

func TestUpdateThatOnlyTakesAwayMakesNoItem(t *testing.T) {
	c := newCloud(t)
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly))
	r := s.reader()
	for sk, expression := range map[string]string{"remove": "REMOVE x", "nested": "REMOVE x.y, l[0]", "delete": "DELETE x :v"} {
		in := &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", sk), UpdateExpression: &expression, ReturnValues: "ALL_NEW"}
		if sk == "delete" {
			in.ExpressionAttributeValues = item{":v": strs("a")}
		}
		if out := must(s.api.UpdateItem(ctx, in))(t); out.Attributes != nil {
			t.Errorf("%s: got %s, want nothing", sk, show(out.Attributes))
		}
		if got := s.get(keyOf("a", sk)); got != nil {
			t.Errorf("%s: got %s, want no item", sk, show(got))
		}
	}
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "none")}))(t)
	if got := s.get(keyOf("a", "none")); !same(got, keyOf("a", "none")) {
		t.Errorf("without an expression: got %s, want an item that is its key", show(got))
	}
	if got, want := summary(r.read()), "INSERT "+show(keyOf("a", "none"))+" - -"; got != want {
		t.Errorf("got %s in the stream, want %s", got, want)
	}
	_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "x"), UpdateExpression: aws.String("SET l = list_append(list_append(:v, :v), :v)"), ExpressionAttributeValues: item{":v": list()}})
	wantMessage(t, err, validation, "The function is not allowed to be used this way in an expression; function: list_append")
}

func TestExpiredItemsShowUntilTheyAreDeleted(t *testing.T) {
	c := newCloud(t, func(cfg *localaws.Config) { cfg.Dynamo.TTLDelay = 48 * time.Hour })
	s := c.table(t, streamOf(types.StreamViewTypeOldImage), gsi("byG", "ALL", nil, "g", "S"))
	must(s.api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &s.name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}}))(t)
	at := func(d time.Duration) value { return num(c.clock.now().Add(d).Unix()) }
	old := item{"pk": str("a"), "sk": str("old"), "ttl": at(time.Minute), "g": str("G")}
	s.put(old)
	s.put(item{"pk": str("a"), "sk": str("renewed"), "ttl": at(time.Minute), "g": str("G")})
	c.advance(t, 47*time.Hour)
	if got := s.get(keyOf("a", "old")); !same(got, old) {
		t.Errorf("get: got %s, want the expired item", show(got))
	}
	if got := sks(s.all("a")); got != "old renewed" {
		t.Errorf("query: got %q", got)
	}
	if got := must(s.query("g = :g", item{":g": str("G")}, onIndex("byG")))(t); got.Count != 2 {
		t.Errorf("index: got %d entries, want 2", got.Count)
	}
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "old"), ConditionExpression: aws.String("attribute_not_exists(pk)")})
	wantCode(t, err, "ConditionalCheckFailedException")
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "renewed"), UpdateExpression: aws.String("SET #t = :t"),
		ExpressionAttributeNames: map[string]string{"#t": "ttl"}, ExpressionAttributeValues: item{":t": at(100 * time.Hour)}}))(t)
	before := len(s.reader().read())
	c.advance(t, 2*time.Hour)
	if got := sks(s.all("a")); got != "renewed" {
		t.Errorf("got %q two days after the expiry, want the renewed item alone", got)
	}
	if got, want := summary(s.reader().read()[before:]), "REMOVE "+show(keyOf("a", "old"))+" "+show(old)+" - by Service dynamodb.amazonaws.com"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReturnedItemsOfFailedConditionsStandWithTheirActions(t *testing.T) {
	s := newCloud(t).table(t)
	old := item{"pk": str("a"), "sk": str("1"), "x": num(1)}
	s.put(old)
	show1 := s.doPut(keyOf("a", "1"), "attribute_not_exists(pk)")
	show1.Put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	codes, why := reasons(t, s.transact("", s.doPut(keyOf("a", "2"), ""), s.doCheck(keyOf("a", "3"), "attribute_exists(pk)"), show1, s.doDelete(keyOf("a", "4"))))
	if codes != "None, ConditionalCheckFailed, ConditionalCheckFailed, None" || len(why) == 4 && (why[1].Item != nil || !same(why[2].Item, old) || why[0].Item != nil) {
		t.Errorf("got %q, %+v", codes, why)
	}
	bad := s.doPut(keyOf("a", "1"), "attribute_not_exists(pk)")
	bad.Put.ReturnValuesOnConditionCheckFailure = "ALL_NEW"
	var cancelled *types.TransactionCanceledException
	if err := s.transact("", bad); errors.As(err, &cancelled) || code(err) != validation {
		t.Errorf("got %v, want the whole request refused", err)
	}
}
