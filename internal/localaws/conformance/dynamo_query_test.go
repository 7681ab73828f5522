package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sks are the sort keys of items, joined.
func sks(items []item) string {
	var parts []string
	for _, it := range items {
		switch v := it["sk"].(type) {
		case *types.AttributeValueMemberS:
			parts = append(parts, v.Value)
		case *types.AttributeValueMemberN:
			parts = append(parts, v.Value)
		case *types.AttributeValueMemberB:
			parts = append(parts, fmt.Sprintf("%x", v.Value))
		}
	}
	return strings.Join(parts, " ")
}

func (s *shelf) query(condition string, values item, changes ...func(*dynamodb.QueryInput)) (*dynamodb.QueryOutput, error) {
	in := &dynamodb.QueryInput{TableName: &s.name, KeyConditionExpression: &condition, ExpressionAttributeValues: values}
	for _, change := range changes {
		change(in)
	}
	return s.api.Query(ctx, in)
}

func backward(in *dynamodb.QueryInput) { in.ScanIndexForward = aws.Bool(false) }
func onIndex(name string) func(*dynamodb.QueryInput) {
	return func(in *dynamodb.QueryInput) { in.IndexName = &name }
}

func TestKeyConditions(t *testing.T) {
	c := newCloud(t)
	s := c.table(t)
	for _, sk := range []string{"a", "a#1", "a#2", "ab", "b", "b\x00", "b\x00a", "c", "é", "𝄞"} {
		s.put(keyOf("p", sk))
		s.put(keyOf("q", sk))
	}
	values := item{":p": str("p"), ":a": str("a"), ":h": str("a#"), ":b": str("b"), ":c": str("c"), ":e": str("")}
	for condition, want := range map[string]string{
		"pk = :p":                          "a a#1 a#2 ab b b\x00 b\x00a c é 𝄞",
		":p = pk AND sk = :a":              "a",
		"pk = :p AND sk < :b":              "a a#1 a#2 ab",
		"sk <= :b AND pk = :p":             "a a#1 a#2 ab b",
		"pk = :p AND sk > :b":              "b\x00 b\x00a c é 𝄞",
		"pk = :p AND sk >= :b":             "b b\x00 b\x00a c é 𝄞",
		"pk = :p AND :b > sk":              "a a#1 a#2 ab",
		"pk = :p AND sk BETWEEN :a AND :b": "a a#1 a#2 ab b",
		"pk = :p AND begins_with(sk, :h)":  "a#1 a#2",
		"pk = :p AND begins_with(sk, :b)":  "b b\x00 b\x00a",
		"(pk = :p) AND (sk > :c)":          "é 𝄞",
		"pk = :c":                          "",
	} {
		got := must(s.query(condition, pick(condition, values)))(t)
		if sks(got.Items) != want {
			t.Errorf("%s: got %q, want %q", condition, sks(got.Items), want)
		}
		back := must(s.query(condition, pick(condition, values), backward))(t)
		slices.Reverse(back.Items)
		if sks(back.Items) != want {
			t.Errorf("%s backward: got %q, want the reverse of %q", condition, sks(back.Items), want)
		}
	}
	n := c.table(t, keys("pk", "S", "sk", "N"))
	for _, sk := range []string{"-1e100", "-12", "-1.25", "-1.2", "-1E-130", "0", "1E-130", "0.5", "1", "1.2", "1.25", "9", "10", "12", "100", "1e100"} {
		n.put(item{"pk": str("p"), "sk": num(sk)})
	}
	got := must(n.query("pk = :p AND sk BETWEEN :a AND :b", item{":p": str("p"), ":a": num("-1.25"), ":b": num(12)}))(t)
	if want := "-1.25 -1.2 -0." + strings.Repeat("0", 129) + "1 0 0." + strings.Repeat("0", 129) + "1 0.5 1 1.2 1.25 9 10 12"; sks(got.Items) != want {
		t.Errorf("got %q, want %q", sks(got.Items), want)
	}
	b := c.table(t, keys("pk", "S", "sk", "B"))
	for _, sk := range []string{"\x00", "\x7f", "\x80", "\xff", "\xff\xff", "\xff\xff\x00"} {
		b.put(item{"pk": str("p"), "sk": bin(sk)})
	}
	got = must(b.query("pk = :p AND begins_with(sk, :a)", item{":p": str("p"), ":a": bin("\xff\xff")}))(t)
	if sks(got.Items) != "ffff ffff00" {
		t.Errorf("got %q", sks(got.Items))
	}
}

// pick are the values that an expression names.
func pick(expression string, all item) item {
	out := item{}
	for name, v := range all {
		if strings.Contains(expression+" ", name+" ") || strings.Contains(expression, name+")") {
			out[name] = v
		}
	}
	return out
}

func TestBadKeyConditionsAreRefused(t *testing.T) {
	c := newCloud(t)
	s, hash := c.table(t), c.table(t, keys("pk", "S"))
	all := item{":p": str("p"), ":a": str("a"), ":b": str("b"), ":n": num(1), ":t": yes(true)}
	for condition, want := range map[string]string{
		"sk = :a":                            "Query condition missed key schema element: pk",
		"pk = :p AND x = :a":                 "Query condition missed key schema element: sk",
		"pk > :p":                            "Query key condition not supported",
		"pk = :p OR sk = :a":                 "Invalid operator used in KeyConditionExpression: OR",
		"NOT pk = :p":                        "Invalid operator used in KeyConditionExpression: NOT",
		"pk = :p AND sk <> :a":               "Invalid operator used in KeyConditionExpression: <>",
		"pk = :p AND sk IN (:a)":             "Invalid operator used in KeyConditionExpression: IN",
		"pk = :p AND attribute_exists(sk)":   "Invalid operator used in KeyConditionExpression: attribute_exists",
		"pk = :p AND contains(sk, :a)":       "Invalid operator used in KeyConditionExpression: contains",
		"pk = :p AND sk > :a AND sk < :b":    "KeyConditionExpressions must only contain one condition per key",
		"pk = :p AND sk > :a AND extra = :b": "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
		"pk = :p AND sk.x = :a":              "KeyConditionExpressions cannot have conditions on nested attributes",
		"pk = :p AND size(sk) = :n":          "KeyConditionExpressions cannot contain nested operations",
		"pk = :p AND sk = pk":                "Multiple attribute names used in one condition",
		"pk = :p AND :a = :b":                "No key attribute specified",
		"pk = :p AND sk = :n":                "Condition parameter type does not match schema type",
		"pk = :n":                            "Condition parameter type does not match schema type",
		"pk = :p AND begins_with(sk, :n)":    "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"pk = :p AND sk < :t":                "operator or function: <, operand type: BOOL",
		"pk = :p AND sk BETWEEN :b AND :a":   "The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
		"pk = :p AND":                        "Syntax error",
	} {
		_, err := s.query(condition, pick(condition, all))
		wantMessage(t, err, validation, want)
	}
	_, err := hash.query("pk = :p AND sk = :a", pick(":p :a ", all))
	wantMessage(t, err, validation, "")
	_, err = s.api.Query(ctx, &dynamodb.QueryInput{TableName: &s.name})
	wantMessage(t, err, validation, "KeyConditionExpression parameter must be specified")
	_, err = s.query("pk = :p", item{":p": str("p"), ":u": str("u")})
	wantMessage(t, err, validation, "unused in expressions: keys: {:u}")
	_, err = s.query("pk = :p", item{":p": str("p"), ":a": str("a")}, func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("sk = :a") })
	wantMessage(t, err, validation, "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk")
}

func TestQueryPages(t *testing.T) {
	s := newCloud(t).table(t)
	for i := range 10 {
		s.put(item{"pk": str("p"), "sk": str(fmt.Sprint(i)), "even": yes(i%2 == 0)})
	}
	values := item{":p": str("p")}
	first := must(s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(4) }))(t)
	if sks(first.Items) != "0 1 2 3" || !same(first.LastEvaluatedKey, keyOf("p", "3")) {
		t.Errorf("got %q and %v", sks(first.Items), first.LastEvaluatedKey)
	}
	next := must(s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = first.LastEvaluatedKey }))(t)
	if sks(next.Items) != "4 5 6 7 8 9" || next.LastEvaluatedKey != nil {
		t.Errorf("got %q and %v", sks(next.Items), next.LastEvaluatedKey)
	}
	back := must(s.query("pk = :p", values, backward, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = keyOf("p", "3x") }))(t)
	if sks(back.Items) != "3 2 1 0" {
		t.Errorf("got %q, want what lies before a key that does not exist", sks(back.Items))
	}
	full := must(s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(10) }))(t)
	if !same(full.LastEvaluatedKey, keyOf("p", "9")) {
		t.Errorf("got %v after an exactly full page, want its last key", full.LastEvaluatedKey)
	}
	rest := must(s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = full.LastEvaluatedKey }))(t)
	if rest.Count != 0 || rest.LastEvaluatedKey != nil {
		t.Errorf("got %d items and %v after the end", rest.Count, rest.LastEvaluatedKey)
	}
	filtered := must(s.query("pk = :p", item{":p": str("p"), ":t": yes(true)}, func(in *dynamodb.QueryInput) {
		in.Limit, in.FilterExpression = aws.Int32(5), aws.String("even = :t")
	}))(t)
	if sks(filtered.Items) != "0 2 4" || filtered.Count != 3 || filtered.ScannedCount != 5 || !same(filtered.LastEvaluatedKey, keyOf("p", "4")) {
		t.Errorf("got %q, %d of %d, %v", sks(filtered.Items), filtered.Count, filtered.ScannedCount, filtered.LastEvaluatedKey)
	}
	counted := must(s.query("pk = :p", item{":p": str("p"), ":t": yes(true)}, func(in *dynamodb.QueryInput) {
		in.Select, in.FilterExpression = types.SelectCount, aws.String("even = :t")
	}))(t)
	if counted.Items != nil || counted.Count != 5 || counted.ScannedCount != 10 {
		t.Errorf("got %v, %d of %d", counted.Items, counted.Count, counted.ScannedCount)
	}
	for _, bad := range []item{{"pk": str("p")}, {"pk": str("p"), "sk": num(1)}, {"pk": str("p"), "sk": str("1"), "x": str("y")}, keyOf("other", "1")} {
		_, err := s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = bad })
		wantMessage(t, err, validation, "starting key")
	}
	_, err := s.query("pk = :p", values, func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(0) })
	wantMessage(t, err, validation, "greater than or equal to 1")
}

func TestPagesEndAtOneMegabyte(t *testing.T) {
	s := newCloud(t).table(t)
	for i := range 7 {
		s.put(item{"pk": str("p"), "sk": str(fmt.Sprint(i)), "v": long(300_000)})
	}
	first := must(s.query("pk = :p", item{":p": str("p")}))(t)
	if first.Count != 3 || !same(first.LastEvaluatedKey, keyOf("p", "2")) {
		t.Errorf("got %d items and %v, want the 3 that fit into 1 MB", first.Count, first.LastEvaluatedKey)
	}
	if got := len(s.all("p")); got != 7 {
		t.Errorf("got %d items over all pages, want 7", got)
	}
}

func TestSelectsAndProjections(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(item{"pk": str("p"), "sk": str("1"), "a": num(1), "m": object(item{"x": num(1), "y": num(2)})})
	got := must(s.query("pk = :p", item{":p": str("p")}, func(in *dynamodb.QueryInput) { in.ProjectionExpression = aws.String("m.x, a") }))(t)
	if want := []item{{"a": num(1), "m": object(item{"x": num(1)})}}; !same(got.Items, want) {
		t.Errorf("got %s, want %s", show(got.Items), show(want))
	}
	for selects, projection := range map[types.Select]*string{types.SelectAllAttributes: p("a"), types.SelectCount: p("a"), types.SelectSpecificAttributes: nil, types.SelectAllProjectedAttributes: nil} {
		_, err := s.query("pk = :p", item{":p": str("p")}, func(in *dynamodb.QueryInput) { in.Select, in.ProjectionExpression = selects, projection })
		wantMessage(t, err, validation, "")
	}
}

func TestScanReadsEverythingInSegments(t *testing.T) {
	s := newCloud(t).table(t)
	want := map[string]bool{}
	for i := range 120 {
		it := keyOf(fmt.Sprint("p", i%40), fmt.Sprint(i))
		s.put(it)
		want[show(it)] = true
	}
	for _, segments := range []int32{1, 3, 7} {
		got := map[string]bool{}
		for segment := range segments {
			in := &dynamodb.ScanInput{TableName: &s.name, Limit: aws.Int32(9)}
			if segments > 1 {
				in.Segment, in.TotalSegments = aws.Int32(segment), aws.Int32(segments)
			}
			pages, seen := dynamodb.NewScanPaginator(s.api, in), 0
			for pages.HasMorePages() {
				for _, it := range must(pages.NextPage(ctx))(t).Items {
					if got[show(it)] {
						t.Errorf("%s came twice", show(it))
					}
					got[show(it)] = true
					seen++
				}
			}
			if segments == 3 && seen < 10 {
				t.Errorf("segment %d of 3 holds %d of 120 items", segment, seen)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d segments: got %d items, want %d", segments, len(got), len(want))
		}
	}
	_, err := s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, Segment: aws.Int32(3), TotalSegments: aws.Int32(3)})
	wantMessage(t, err, validation, "must be less than parameter TotalSegments")
	_, err = s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, Segment: aws.Int32(0)})
	wantMessage(t, err, validation, "TotalSegments parameter is required")
}

func TestIndexesAreSparseAndOrdered(t *testing.T) {
	c := newCloud(t)
	s := c.table(t, gsi("byG", "ALL", nil, "g", "S", "at", "N"), gsi("keysOnly", "KEYS_ONLY", nil, "g", "S"), gsi("some", "INCLUDE", []string{"v"}, "g", "S", "v", "S"))
	s.put(item{"pk": str("z"), "sk": str("1"), "g": str("G"), "at": num(10), "v": str("a"), "w": num(1)})
	s.put(item{"pk": str("a"), "sk": str("2"), "g": str("G"), "at": num(9), "v": str("a\x00"), "w": num(1)})
	s.put(item{"pk": str("m"), "sk": str("3"), "g": str("G"), "at": num(10), "v": str("ab"), "w": num(1)})
	s.put(item{"pk": str("m"), "sk": str("4"), "g": str("H"), "at": num(1)})
	s.put(item{"pk": str("m"), "sk": str("5"), "g": str("G")})
	s.put(item{"pk": str("m"), "sk": str("6"), "at": num(5)})
	g := item{":g": str("G")}
	forth := must(s.query("g = :g", g, onIndex("byG")))(t)
	back := must(s.query("g = :g", g, onIndex("byG"), backward))(t)
	if len(forth.Items) != 3 || sks(forth.Items[:1]) != "2" {
		t.Fatalf("got %q", sks(forth.Items))
	}
	slices.Reverse(back.Items)
	if !same(forth.Items, back.Items) {
		t.Errorf("got %q forward and the reverse of %q backward: ties must break alike", sks(forth.Items), sks(back.Items))
	}
	some := must(s.query("g = :g AND v BETWEEN :a AND :b", item{":g": str("G"), ":a": str("a"), ":b": str("ab")}, onIndex("some")))(t)
	if want := []item{{"pk": str("z"), "sk": str("1"), "g": str("G"), "v": str("a")}, {"pk": str("a"), "sk": str("2"), "g": str("G"), "v": str("a\x00")}, {"pk": str("m"), "sk": str("3"), "g": str("G"), "v": str("ab")}}; !same(some.Items, want) {
		t.Errorf("got %s, want %s", show(some.Items), show(want))
	}
	for condition, want := range map[string]string{"g = :g AND v > :a": "2 3", "g = :g AND v <= :a": "1", "g = :g AND begins_with(v, :a)": "1 2 3", "g = :g AND v = :a": "1"} {
		if got := must(s.query(condition, item{":g": str("G"), ":a": str("a")}, onIndex("some")))(t); sks(got.Items) != want {
			t.Errorf("%s: got %q, want %q", condition, sks(got.Items), want)
		}
	}
	only := must(s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, IndexName: aws.String("keysOnly")}))(t)
	if only.Count != 5 || len(only.Items[0]) != 3 {
		t.Errorf("got %d entries, the first %s", only.Count, show(only.Items[0]))
	}
	var paged []item
	var start item
	for range 9 {
		page := must(s.query("g = :g", g, onIndex("byG"), func(in *dynamodb.QueryInput) { in.Limit, in.ExclusiveStartKey = aws.Int32(1), start }))(t)
		paged = append(paged, page.Items...)
		if start = page.LastEvaluatedKey; start == nil {
			break
		} else if len(start) != 4 {
			t.Errorf("got %s as last key of an index, want its keys and the table's", show(start))
		}
	}
	if !same(paged, forth.Items) {
		t.Errorf("got %q in pages of one, want %q", sks(paged), sks(forth.Items))
	}
	must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "2"), UpdateExpression: aws.String("REMOVE g")}))(t)
	must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("z", "1")}))(t)
	if got := must(s.query("g = :g", g, onIndex("byG")))(t); sks(got.Items) != "3" {
		t.Errorf("got %q after a removal and a deletion, want 3", sks(got.Items))
	}
}

func TestIndexesRefuse(t *testing.T) {
	s := newCloud(t).table(t, gsi("keysOnly", "KEYS_ONLY", nil, "g", "S"))
	g := item{":g": str("G")}
	_, err := s.query("g = :g", g, onIndex("keysOnly"), func(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) })
	wantMessage(t, err, validation, "Consistent reads are not supported on global secondary indexes")
	_, err = s.query("g = :g", g, onIndex("keysOnly"), func(in *dynamodb.QueryInput) { in.Select = types.SelectAllAttributes })
	wantMessage(t, err, validation, "its projection type is not ALL")
	_, err = s.query("g = :g", g, onIndex("keysOnly"), func(in *dynamodb.QueryInput) { in.ProjectionExpression = aws.String("pk, w") })
	wantMessage(t, err, validation, "does not project [w]")
	_, err = s.query("g = :g", g, onIndex("other"))
	wantMessage(t, err, validation, "does not have the specified index: other")
	_, err = s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("b"), "g": num(1)}})
	wantMessage(t, err, validation, "Type mismatch for Index Key g Expected: S Actual: N IndexName: keysOnly")
	_, err = s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("b"), "g": str("")}})
	wantMessage(t, err, validation, "IndexName: keysOnly, IndexKey: g")
}
