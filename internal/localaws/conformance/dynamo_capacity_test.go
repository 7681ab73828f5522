package conformance

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// units are the capacity units of one table: in all, of the table, of each index.
func units(c *types.ConsumedCapacity) string {
	if c == nil || c.CapacityUnits == nil {
		return "none"
	}
	out := fmt.Sprint(*c.CapacityUnits)
	if c.Table != nil {
		out += fmt.Sprint(" table ", *c.Table.CapacityUnits)
	}
	for _, name := range []string{"all", "keys", "some"} {
		if x, ok := c.GlobalSecondaryIndexes[name]; ok {
			out += fmt.Sprint(" ", name, " ", *x.CapacityUnits)
		}
	}
	return out
}

// first is the first table's units of a batch or transaction, empty if there are none.
func first(all []types.ConsumedCapacity) *types.ConsumedCapacity {
	if len(all) == 0 {
		return &types.ConsumedCapacity{}
	}
	return &all[0]
}

// rw are the read and the write units that a transaction names by themselves.
func rw(c *types.ConsumedCapacity) string {
	return fmt.Sprint(aws.ToFloat64(c.ReadCapacityUnits), " read ", aws.ToFloat64(c.WriteCapacityUnits), " write")
}

func (s *shelf) putUnits(it item) string {
	s.t.Helper()
	return units(must(s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it, ReturnConsumedCapacity: "INDEXES"}))(s.t).ConsumedCapacity)
}

// measured is an item of exactly size bytes.
func measured(sk string, size int) item {
	return item{"pk": str("a"), "sk": str(sk), "v": long(size - len("pk") - len("a") - len("sk") - len(sk) - len("v"))}
}

func TestWriteUnitsOfATable(t *testing.T) {
	s := newCloud(t).table(t)
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	want("1 KB", s.putUnits(measured("1", 1024)), "1 table 1")
	want("1 KB and a byte", s.putUnits(measured("2", 1025)), "2 table 2")
	want("a smaller item over a larger", s.putUnits(measured("2", 100)), "2 table 2")
	want("the same again", s.putUnits(measured("2", 100)), "1 table 1")
	s.put(measured("3", 3000))
	remove := func(sk string) string {
		return units(must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", sk), ReturnConsumedCapacity: "TOTAL"}))(t).ConsumedCapacity)
	}
	update := func(sk, expression string, values item) string {
		return units(must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", sk), UpdateExpression: &expression, ExpressionAttributeValues: values, ReturnConsumedCapacity: "TOTAL"}))(t).ConsumedCapacity)
	}
	want("an update of a large item", update("3", "SET x = :v", item{":v": num(1)}), "3")
	want("an update that shrinks", update("3", "SET v = :v", item{":v": num(1)}), "3")
	want("an update of nothing", update("4", "SET x = :v", item{":v": num(1)}), "1")
	s.put(measured("3", 3000))
	want("a deletion", remove("3"), "3")
	want("a deletion of nothing", remove("3"), "1")
	if out := must(s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "b")}))(t); out.ConsumedCapacity != nil {
		t.Errorf("got %v, want no units unless asked for", out.ConsumedCapacity)
	}
	batch := must(s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{ReturnConsumedCapacity: "TOTAL", RequestItems: map[string][]types.WriteRequest{s.name: {
		{PutRequest: &types.PutRequest{Item: measured("5", 1500)}}, {PutRequest: &types.PutRequest{Item: measured("6", 500)}}}}}))(t)
	want("a batch", units(first(batch.ConsumedCapacity)), "3")
}

func TestWriteUnitsOfIndexes(t *testing.T) {
	s := newCloud(t).table(t, gsi("all", "ALL", nil, "g", "S"), gsi("keys", "KEYS_ONLY", nil, "g", "S"), gsi("some", "INCLUDE", []string{"p"}, "g", "S"))
	for _, one := range []struct {
		what string
		it   item
		want string
	}{
		{"not in the indexes", item{"pk": str("a"), "sk": str("b")}, "1 table 1"},
		{"entering", item{"pk": str("a"), "sk": str("b"), "g": str("G")}, "4 table 1 all 1 keys 1 some 1"},
		{"the same again", item{"pk": str("a"), "sk": str("b"), "g": str("G")}, "1 table 1"},
		{"a change that only ALL shows", item{"pk": str("a"), "sk": str("b"), "g": str("G"), "w": num(1)}, "2 table 1 all 1"},
		{"a change of an included attribute", item{"pk": str("a"), "sk": str("b"), "g": str("G"), "w": num(1), "p": long(3000)}, "9 table 3 all 3 some 3"},
		{"in place and smaller", item{"pk": str("a"), "sk": str("b"), "g": str("G"), "w": num(1), "p": num(1)}, "9 table 3 all 3 some 3"},
		{"another key: a deletion and an insert", item{"pk": str("a"), "sk": str("b"), "g": str("H"), "w": num(1), "p": num(1)}, "7 table 1 all 2 keys 2 some 2"},
		{"leaving", item{"pk": str("a"), "sk": str("b"), "w": num(1), "p": num(1)}, "4 table 1 all 1 keys 1 some 1"},
	} {
		if got := s.putUnits(one.it); got != one.want {
			t.Errorf("%s: got %s, want %s", one.what, got, one.want)
		}
	}
	s.put(item{"pk": str("a"), "sk": str("b"), "g": str("G"), "p": long(1500)})
	update := must(s.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: "INDEXES", TransactItems: []types.TransactWriteItem{
		s.doUpdate(keyOf("a", "b"), "SET g = :v", item{":v": str("H")}), s.doCheck(keyOf("a", "none"), "attribute_not_exists(pk)")}}))(t)
	// in a transaction the table pays twice, an index does not
	if got, want := units(first(update.ConsumedCapacity)), "16 table 6 all 4 keys 2 some 4"; got != want || rw(first(update.ConsumedCapacity)) != "0 read 16 write" {
		t.Errorf("got %s, want %s", got, want)
	}
	gone := must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ReturnConsumedCapacity: "INDEXES"}))(t)
	if got, want := units(gone.ConsumedCapacity), "7 table 2 all 2 keys 1 some 2"; got != want {
		t.Errorf("deletion: got %s, want %s", got, want)
	}
}

func TestUnitsOfTransactions(t *testing.T) {
	c := newCloud(t)
	s := c.table(t)
	s.put(measured("1", 2500))
	token := unique("t")
	in := &dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: "TOTAL", ClientRequestToken: &token, TransactItems: []types.TransactWriteItem{
		s.doDelete(keyOf("a", "1")), s.doPut(measured("2", 9000), ""), s.doCheck(keyOf("a", "3"), "attribute_not_exists(pk)")}}
	once := first(must(s.api.TransactWriteItems(ctx, in))(t).ConsumedCapacity)
	if got := units(once); got != "26" || rw(once) != "0 read 26 write" {
		t.Errorf("got %s write units, want 2×(3+9+1) = 26", got)
	}
	again := first(must(s.api.TransactWriteItems(ctx, in))(t).ConsumedCapacity)
	if got := units(again); got != "10" || rw(again) != "10 read 0 write" {
		t.Errorf("got %s units for the repetition, want 2×(1+3+1) = 10 read units", got)
	}
	got := first(must(s.api.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{ReturnConsumedCapacity: "TOTAL", TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: &s.name, Key: keyOf("a", "2")}}, {Get: &types.Get{TableName: &s.name, Key: keyOf("a", "none")}}}}))(t).ConsumedCapacity)
	if units(got) != "8" || rw(got) != "8 read 0 write" {
		t.Errorf("got %s units for reading, want 2×(3+1) = 8", units(got))
	}
}

func TestReadUnits(t *testing.T) {
	s := newCloud(t).table(t, gsi("all", "ALL", nil, "g", "S"), gsi("keys", "KEYS_ONLY", nil, "g", "S"))
	for i := range 4 {
		it := measured(fmt.Sprint(i), 3000)
		it["g"] = str("G")
		s.put(it)
	}
	s.put(measured("big", 4097))
	s.put(measured("fit", 4096))
	get := func(sk string, consistent bool) string {
		return units(must(s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", sk), ConsistentRead: &consistent, ReturnConsumedCapacity: "TOTAL", ProjectionExpression: p("pk")}))(t).ConsumedCapacity)
	}
	for _, one := range []struct {
		sk         string
		consistent bool
		want       string
	}{{"fit", false, "0.5"}, {"fit", true, "1"}, {"big", false, "1"}, {"big", true, "2"}, {"none", false, "0.5"}, {"none", true, "1"}} {
		if got := get(one.sk, one.consistent); got != one.want {
			t.Errorf("get %s, consistent %v: got %s, want %s", one.sk, one.consistent, got, one.want)
		}
	}
	query := func(in dynamodb.QueryInput) string {
		in.TableName, in.ReturnConsumedCapacity = &s.name, "INDEXES"
		return units(must(s.api.Query(ctx, &in))(t).ConsumedCapacity)
	}
	below := dynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p AND sk < :b"), ExpressionAttributeValues: item{":p": str("a"), ":b": str("b")}, FilterExpression: aws.String("attribute_not_exists(g)")}
	if got := query(below); got != "1.5 table 1.5" { // 12,012 bytes
		t.Errorf("got %s for 12 KB that the filter drops, want 1.5", got)
	}
	below.ConsistentRead = aws.Bool(true)
	if got := query(below); got != "3 table 3" {
		t.Errorf("got %s for a consistent query, want 3", got)
	}
	empty := dynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": str("none")}}
	if got := query(empty); got != "0.5 table 0.5" {
		t.Errorf("got %s for an empty query, want 0.5", got)
	}
	index := dynamodb.QueryInput{KeyConditionExpression: aws.String("g = :g"), ExpressionAttributeValues: item{":g": str("G")}, IndexName: aws.String("keys"), Select: types.SelectCount}
	if got := query(index); got != "0.5 table 0 keys 0.5" {
		t.Errorf("got %s for an index of keys, want 0.5", got)
	}
	index.IndexName = aws.String("all")
	if got := query(index); got != "1.5 table 0 all 1.5" {
		t.Errorf("got %s for an index of all, want 1.5", got)
	}
	batch := must(s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{ReturnConsumedCapacity: "TOTAL", RequestItems: map[string]types.KeysAndAttributes{s.name: {Keys: []item{keyOf("a", "0"), keyOf("a", "big"), keyOf("a", "none")}}}}))(t)
	if got := units(first(batch.ConsumedCapacity)); got != "2" {
		t.Errorf("got %s for a batch, want each item rounded: 0.5 + 1 + 0.5", got)
	}
	scan := must(s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, ReturnConsumedCapacity: "TOTAL"}))(t)
	if got := units(scan.ConsumedCapacity); got != "2.5" { // 20,205 bytes
		t.Errorf("got %s for a scan of 20 KB, want 2.5", got)
	}
}

func TestMeterCountsWhatRefusedWritesCost(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	s := c.table(t)
	s.put(measured("1", 3000))
	cost := func(do func()) (read, write float64) {
		c.server.Meter().Reset()
		do()
		for _, count := range c.server.Meter().Counts() {
			read, write = read+count.Read, write+count.Write
		}
		return read, write
	}
	if _, write := cost(func() {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: keyOf("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)")})
		wantCode(t, err, "ConditionalCheckFailedException")
	}); write != 3 {
		t.Errorf("got %v units for a refused put over 3 KB, want 3", write)
	}
	if _, write := cost(func() {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: measured("2", 5000), ConditionExpression: aws.String("attribute_exists(pk)")})
		wantCode(t, err, "ConditionalCheckFailedException")
	}); write != 1 {
		t.Errorf("got %v units for a refused put over nothing, want 1", write)
	}
	if _, write := cost(func() {
		codes, _ := reasons(t, s.transact("", s.doPut(keyOf("a", "1"), "attribute_not_exists(pk)"), s.doPut(keyOf("a", "9"), "")))
		if codes != "ConditionalCheckFailed, None" {
			t.Errorf("got %q", codes)
		}
	}); write != 8 {
		t.Errorf("got %v units for a cancelled transaction, want 2×(3+1)", write)
	}
	if read, _ := cost(func() { s.get(keyOf("a", "1")) }); read != 1 {
		t.Errorf("got %v units for a read, want 1", read)
	}
	for _, count := range c.server.Meter().Counts() {
		if count.Caller != "tester" || count.Resource != s.name || count.Operation != "GetItem" {
			t.Errorf("got %+v, want the caller and the table", count)
		}
	}
}
