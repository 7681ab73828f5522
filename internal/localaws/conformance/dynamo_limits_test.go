package conformance

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/localaws"
)

// The limits are those of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

func TestNamesHaveLimits(t *testing.T) {
	c := newCloud(t)
	s := c.table(t)
	put := func(name string) error {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("b"), name: num(1)}})
		return err
	}
	read := func(placeholder, name string) error {
		_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), ProjectionExpression: &placeholder, ExpressionAttributeNames: map[string]string{placeholder: name}})
		return err
	}
	long := strings.Repeat("n", 65_535)
	for what, err := range map[string]error{"put": put(long), "read": read("#n", long), "placeholder": read("#"+strings.Repeat("p", 254), "x"), "punctuation": put("a.b-c d#:é")} {
		if err != nil {
			t.Errorf("%s: got %v, want the longest name accepted", what, err)
		}
	}
	wantMessage(t, put(long+"n"), validation, "65535")
	wantMessage(t, put(""), validation, "")
	wantMessage(t, read("#n", long+"n"), validation, "65535")
	wantMessage(t, read("#"+strings.Repeat("p", 255), "x"), validation, "invalid key")
	_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: aws.String("SET x = :" + strings.Repeat("p", 255)), ExpressionAttributeValues: item{":" + strings.Repeat("p", 255): num(1)}})
	wantMessage(t, err, validation, "invalid key")

	key := strings.Repeat("k", 255)
	c.table(t, keys(key, "S"), gsi("byX", "INCLUDE", []string{strings.Repeat("i", 255)}, strings.Repeat("x", 255), "S"))
	for what, change := range map[string]func(*dynamodb.CreateTableInput){
		"key":   keys(key+"k", "S"),
		"index": gsi("byX", "ALL", nil, key+"k", "S"),
		"include": func(in *dynamodb.CreateTableInput) {
			gsi("byX", "INCLUDE", []string{key + "k"}, "x", "S")(in)
		},
	} {
		wantMessage(t, create(s, change), validation, "255")
		if t.Failed() {
			t.Fatal(what)
		}
	}
	_, err = s.api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &s.name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(key + "k"), Enabled: aws.Bool(true)}})
	wantMessage(t, err, validation, "255")
}

// create makes a table like those of this suite, changed.
func create(s *shelf, change func(*dynamodb.CreateTableInput)) error {
	in := &dynamodb.CreateTableInput{TableName: aws.String(unique("t")), BillingMode: types.BillingModePayPerRequest}
	keys("pk", "S", "sk", "S")(in)
	change(in)
	_, err := s.api.CreateTable(ctx, in)
	if err == nil && s.server == nil {
		_, err = s.api.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: in.TableName})
	}
	return err
}

func TestTableNamesHaveRules(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // the names are not unique
	s := c.table(t)
	named := func(name string) error {
		return create(s, func(in *dynamodb.CreateTableInput) { in.TableName = &name })
	}
	for name, want := range map[string]string{"abc": "", "A_b.c-9": "", "---": "", strings.Repeat("t", 255): "", "ab": validation, strings.Repeat("t", 256): validation, "": validation, "a/b": validation, "täb": validation, "a:b": validation} {
		if got := code(named(name)); got != want {
			t.Errorf("table %q: got %q, want %q", name, got, want)
		}
	}
	wantCode(t, create(s, gsi("ab", "ALL", nil, "g", "S")), validation)
	wantCode(t, create(s, gsi(strings.Repeat("i", 256), "ALL", nil, "g", "S")), validation)
	wantCode(t, create(s, gsi(strings.Repeat("i", 255), "ALL", nil, "g", "S")), "")
	indexes := func(n, each int) func(*dynamodb.CreateTableInput) {
		return func(in *dynamodb.CreateTableInput) {
			for i := range n {
				var include []string
				for j := range each {
					include = append(include, fmt.Sprint("v", j))
				}
				if each > 0 {
					gsi(fmt.Sprint("by", i), "INCLUDE", include, "g", "S")(in)
				} else {
					gsi(fmt.Sprint("by", i), "ALL", nil, "g", "S")(in)
				}
			}
		}
	}
	wantCode(t, create(s, indexes(20, 0)), "")
	if err := create(s, indexes(21, 0)); err == nil {
		t.Error("got 21 indexes, want 20 at most")
	}
	wantCode(t, create(s, indexes(5, 20)), "")
	if err := create(s, indexes(6, 17)); err == nil {
		t.Error("got 102 attributes included in indexes, want 100 at most")
	}
}

func TestKeysAreCheckedWhereverTheyStand(t *testing.T) {
	c := newCloud(t)
	s, b := c.table(t, gsi("byG", "ALL", nil, "g", "S", "h", "B")), c.table(t, keys("pk", "B", "sk", "B"))
	blob := func(n int) value { return bin(strings.Repeat("\xff", n)) }
	if _, err := b.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &b.name, Item: item{"pk": blob(2048), "sk": blob(1024)}}); err != nil {
		t.Errorf("got %v, want the largest binary keys accepted: their bytes count, not base64", err)
	}
	_, err := b.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &b.name, Key: item{"pk": blob(2048), "sk": blob(1025)}})
	wantMessage(t, err, validation, "size limit of 1024 bytes")
	key := item{"pk": long(2049), "sk": str("b")}
	_, get := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: key})
	_, update := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: key})
	_, remove := s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: key})
	_, query := s.query("pk = :p", item{":p": long(2049)})
	_, batch := s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{s.name: {{DeleteRequest: &types.DeleteRequest{Key: key}}}}})
	for what, err := range map[string]error{"get": get, "update": update, "delete": remove, "query": query, "batch": batch} {
		if !strings.Contains(fmt.Sprint(err), "exceeded the maximum size limit") {
			t.Errorf("%s with a partition key of 2,049 bytes: got %v", what, err)
		}
	}
	_, err = s.query("pk = :p AND sk BETWEEN :a AND :b", item{":p": str("a"), ":a": str("a"), ":b": long(1025)})
	wantMessage(t, err, validation, "size limit of 1024 bytes")
	for what, it := range map[string]item{"size limit of 1024 bytes": {"g": str("g"), "h": blob(1025)}, "exceeded the maximum size limit": {"g": long(2049), "h": blob(1)}, "IndexKey: h": {"g": str("g"), "h": blob(0)}} {
		it["pk"], it["sk"] = str("a"), str("b")
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it})
		wantMessage(t, err, validation, what)
	}
	if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("b"), "g": long(2048), "h": blob(1024)}}); err != nil {
		t.Errorf("got %v, want the largest keys of an index accepted", err)
	}
}

func TestExpressionsHaveLimits(t *testing.T) {
	s := newCloud(t).table(t)
	condition := func(text string, values item) error {
		_, err := s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ConditionExpression: &text, ExpressionAttributeValues: values})
		return err
	}
	update := func(text string, values item) error {
		_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: &text, ExpressionAttributeValues: values})
		return err
	}
	project := func(text string) error {
		_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), ProjectionExpression: &text})
		return err
	}
	filter := func(text string) error {
		_, err := s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, FilterExpression: &text})
		return err
	}
	const failed, size = "ConditionalCheckFailedException", "Expression size has exceeded the maximum allowed size; expression size: 4097"
	spaces := func(n int) string { return strings.Repeat(" ", n) }
	wantCode(t, project(strings.Repeat("x", 4096)), "")
	wantMessage(t, project(strings.Repeat("x", 4097)), validation, "Invalid ProjectionExpression: "+size)
	wantCode(t, update("SET"+spaces(4085)+"a = :val", item{":val": num(1)}), "")
	wantMessage(t, update("SET"+spaces(4086)+"a = :val", item{":val": num(1)}), validation, "Invalid UpdateExpression: "+size)
	wantCode(t, condition("attribute_exists(x)"+spaces(4096-19), nil), failed)
	wantMessage(t, condition("attribute_exists(x)"+spaces(4097-19), nil), validation, "Invalid ConditionExpression: "+size)
	wantMessage(t, filter("attribute_exists(x)"+spaces(4097-19)), validation, "Invalid FilterExpression: "+size)
	wantMessage(t, filter(strings.Repeat("é", 2048)+"x"), validation, size) // bytes, not characters

	chain := func(n int, by string) string { return strings.TrimSuffix(strings.Repeat("a<b"+by, n), by) }
	wantCode(t, condition(chain(150, " or "), nil), failed) // 150 comparisons and 149 ORs
	wantMessage(t, condition(chain(151, " or "), nil), validation, "too many operators; operator count: 301")
	wantCode(t, condition(strings.Repeat("a<b or (", 149)+"a<b"+strings.Repeat(")", 149), nil), failed)
	wantCode(t, condition(strings.Repeat("not ", 298)+"a<b", nil), failed)
	wantMessage(t, condition(strings.Repeat("not ", 300)+"a<b", nil), validation, "operator count: 301")
	sums := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("a%d=:v+:v", i))
		}
		return "SET " + strings.Join(all, ",")
	}
	wantCode(t, update(sums(300), item{":v": num(1)}), "")
	wantMessage(t, update(sums(301), item{":v": num(1)}), validation, "operator count: 301")

	in := func(n int) error { // operands of IN count with the one on its left
		values, names := item{}, []string{}
		for i := range n {
			name := fmt.Sprint(":v", i)
			values[name] = num(i)
			names = append(names, name)
		}
		return condition("x IN ("+strings.Join(names, ",")+")", values)
	}
	wantCode(t, in(99), failed)
	wantMessage(t, in(100), validation, "too many operands; number of operands: 101")
}

func TestReservedWordsNeedPlaceholders(t *testing.T) {
	s := newCloud(t).table(t)
	words := strings.Fields(string(must(os.ReadFile("../dynamo/expr/reserved.txt"))(t)))
	if len(words) != 573 {
		t.Errorf("got %d reserved words, want the 573 of the documentation", len(words))
	}
	for _, word := range words {
		for _, spelling := range []string{word, strings.ToLower(word)} {
			_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), ProjectionExpression: &spelling})
			wantMessage(t, err, validation, "Attribute name is a reserved keyword; reserved keyword: "+spelling)
		}
		if t.Failed() {
			return
		}
	}
	must(s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), ProjectionExpression: aws.String("named, stat, ttls, keyed")}))(t)
}

func TestNamesInExpressionsAreTokens(t *testing.T) {
	s := newCloud(t).table(t)
	for name, want := range map[string]string{"a": "", "A9_": "", "_a": "Syntax error; token: \"_\"", "9a": "Syntax error", "a-b": "Syntax error", "a$b": "Syntax error", "é": "Syntax error", `"a"`: "Syntax error"} {
		_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: aws.String("SET " + name + " = :v"), ExpressionAttributeValues: item{":v": num(1)}})
		if want == "" {
			wantCode(t, err, "")
			continue
		}
		wantMessage(t, err, validation, want)
	}
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: aws.String("SET #_ = :9, #9 = :_"),
		ExpressionAttributeNames: map[string]string{"#_": "_a", "#9": "9 a.#="}, ExpressionAttributeValues: item{":9": num(1), ":_": num(2)}}))(t)
	if got := s.get(keyOf("a", "b")); !same(got, item{"pk": str("a"), "sk": str("b"), "a": num(1), "A9_": num(1), "_a": num(1), "9 a.#=": num(2)}) {
		t.Errorf("got %s", show(got))
	}
}

// some serves the first entries of every batch.
func some(n int) func(*localaws.Config) {
	return func(cfg *localaws.Config) {
		cfg.Dynamo.Partial = func(_, _ string, all int) int { return min(n, all) }
	}
}

func TestUnprocessedEntriesCanBeSentAgainAsTheyAre(t *testing.T) {
	s := newCloud(t, some(2)).table(t)
	s.put(keyOf("a", "gone"))
	request := map[string][]types.WriteRequest{s.name: {{DeleteRequest: &types.DeleteRequest{Key: keyOf("a", "gone")}}}}
	for i := range 4 {
		request[s.name] = append(request[s.name], types.WriteRequest{PutRequest: &types.PutRequest{Item: item{"pk": str("a"), "sk": str(fmt.Sprint(i)), "v": list(num(i), null())}}})
	}
	rounds := 0
	for ; len(request) > 0 && rounds < 9; rounds++ {
		request = must(s.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: request}))(t).UnprocessedItems
	}
	if got := s.all("a"); sks(got) != "0 1 2 3" || !same(got[3]["v"], list(num(3), null())) || rounds != 3 {
		t.Errorf("got %s after %d rounds, want four items after three", show(got), rounds)
	}
	wanted := map[string]types.KeysAndAttributes{s.name: {ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("#s"), ExpressionAttributeNames: map[string]string{"#s": "sk"},
		Keys: []item{keyOf("a", "0"), keyOf("a", "1"), keyOf("a", "none"), keyOf("a", "3")}}}
	var got []item
	for rounds = 0; len(wanted) > 0 && rounds < 9; rounds++ {
		out := must(s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted}))(t)
		got = append(got, out.Responses[s.name]...)
		wanted = out.UnprocessedKeys
		if left := wanted[s.name]; len(wanted) > 0 && (left.ConsistentRead == nil || !*left.ConsistentRead || aws.ToString(left.ProjectionExpression) != "#s" || left.ExpressionAttributeNames["#s"] != "sk") {
			t.Errorf("got %+v left over, want the request's own members", left)
		}
	}
	if sks(got) != "0 1 3" || len(got) > 0 && len(got[0]) != 1 || rounds != 2 {
		t.Errorf("got %s after %d rounds", show(got), rounds)
	}
}
