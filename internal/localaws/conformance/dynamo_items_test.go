package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestEveryTypeComesBackAsItWent(t *testing.T) {
	s := newCloud(t).table(t)
	want := item{"pk": str("a"), "sk": str("日本 \"x\" \\ \n\t\x01 é𝄞"),
		"s": str(""), "n": num("-12.5"), "b": bin("\x00\xff"), "eb": bin(""), "yes": yes(true), "no": yes(false), "nil": null(),
		"ss": strs("", "a", "b"), "ns": nums("-1", "2", "10"), "bs": bins([]byte{0}, []byte{1, 2}),
		"l": list(str("q"), num(1), list()), "m": object(item{"k": str("v"), "in": object(item{})})}
	s.put(want)
	if got := s.get(keyOf("a", text(want["sk"]))); !same(got, want) {
		t.Errorf("got %s, want %s", show(got), show(want))
	}
}

func TestNumbersAreExactAndNormal(t *testing.T) {
	s := newCloud(t).table(t)
	cases := map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "007": "7", "1.50": "1.5", "1E3": "1000", "1.23e-2": "0.0123", "-1E-2": "-0.01", "100": "100",
		"12345678901234567890123456789012345678":   "12345678901234567890123456789012345678",
		"0.12345678901234567890123456789012345678": "0.12345678901234567890123456789012345678",
		"1E125": "1" + strings.Repeat("0", 125), "1E-130": "0." + strings.Repeat("0", 129) + "1",
		"9.9999999999999999999999999999999999999E+125": strings.Repeat("9", 38) + strings.Repeat("0", 88),
	}
	for in, want := range cases {
		s.put(item{"pk": str("a"), "sk": str("n"), "n": num(in)})
		if got := number(s.get(keyOf("a", "n"))["n"]); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"123456789012345678901234567890123456789": "more than 38 significant digits",
		"1E126": "Number overflow", "-1E126": "Number overflow", "1E-131": "Number underflow",
		"": "cannot be converted", "abc": "cannot be converted", "1.2.3": "cannot be converted", "1e": "cannot be converted", "0x1": "cannot be converted", " 1": "cannot be converted", "NaN": "cannot be converted",
	} {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("n"), "n": num(in)}})
		wantMessage(t, err, validation, want)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	s := newCloud(t).table(t)
	deep := func(levels int) value {
		v := str("leaf")
		for range levels {
			v = object(item{"n": v})
		}
		return v
	}
	cases := map[string]struct {
		v    value
		text string
	}{
		"empty string set":   {strs(), "string set  may not be empty"},
		"empty number set":   {nums(), "number set  may not be empty"},
		"empty binary set":   {bins(), "Binary sets should not be empty"},
		"string twice":       {strs("a", "b", "a"), "contains duplicates"},
		"number twice":       {nums("1", "1.0"), "contains duplicates"},
		"binary twice":       {bins([]byte{1}, []byte{1}), "of type BS contains duplicates"},
		"NULL false":         {&types.AttributeValueMemberNULL{Value: false}, "must have the value of true"},
		"nested 32 deep":     {deep(32), "Nesting Levels have exceeded"},
		"larger than 400 KB": {long(400*1024 - 6), "Item size has exceeded the maximum allowed size"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: item{"pk": str("a"), "sk": str("b"), "v": one.v}})
			wantMessage(t, err, validation, one.text)
		})
	}
	s.put(item{"pk": str("a"), "sk": str("b"), "v": deep(31)})
}

// sized is an item whose attribute v is a number and which is total bytes large,
// if the number counts for bytes.
func sized(numberText string, bytes, total int) item {
	rest := total - len("pk")*2 - len("a") - len("b") - len("v") - bytes - len("p")
	return item{"pk": str("a"), "sk": str("b"), "v": num(numberText), "p": long(rest)}
}

func TestItemSizeIsCountedToTheByte(t *testing.T) {
	s := newCloud(t).table(t)
	for in, bytes := range map[string]int{
		"0": 1, "-0": 1, "1": 2, "12": 2, "123": 3, "12345678901234567890123456789012345678": 20, "100": 2, "1010": 3,
		"0.0000001": 2, "1E125": 2, "1.5": 3, "15": 2, "1.234": 4, "3.14159": 5, "123456": 4, "100.5": 4, "0.15": 2, "-42": 3,
	} {
		if _, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: sized(in, bytes, 409600)}); err != nil {
			t.Errorf("%s as %d bytes: got %v, want an item of exactly 400 KB accepted", in, bytes, err)
		}
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: sized(in, bytes, 409601)})
		wantMessage(t, err, validation, "Item size has exceeded")
	}
	for _, one := range []struct {
		v     value
		bytes int
	}{{list(), 3}, {object(item{}), 3}, {list(num(1), str("abc")), 3 + 2 + 2 + 3}, {object(item{"key": yes(true), "é": null()}), 3 + 2 + 3 + 1 + 2 + 1},
		{strs("a", "bc"), 3}, {nums("1", "100.5"), 2 + 4}, {bin("\x00\xff"), 2}, {list(list(list())), 3 + 1 + 3 + 1 + 3}} {
		for extra, want := range map[int]string{0: "", 1: validation} {
			it := sized("0", 1, 409600+extra)
			it["v"], it["p"] = one.v, long(len(text(it["p"]))+1-one.bytes)
			_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it})
			if got := code(err); got != want {
				t.Errorf("%s as %d bytes, %d over 400 KB: got %q, want %q", show(one.v), one.bytes, extra, got, want)
			}
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	c := newCloud(t)
	s := c.table(t)
	put := func(it item) error {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: it})
		return err
	}
	wantMessage(t, put(item{"pk": str("a")}), validation, "Missing the key sk in the item")
	wantMessage(t, put(item{"pk": str("a"), "sk": num(1)}), validation, "Type mismatch for key sk expected: S actual: N")
	wantMessage(t, put(item{"pk": str(""), "sk": str("b")}), validation, "cannot contain an empty string value. Key: pk")
	wantMessage(t, put(item{"pk": long(2049), "sk": str("b")}), validation, "exceeded the maximum size limit")
	wantMessage(t, put(item{"pk": str("a"), "sk": long(1025)}), validation, "exceeded the size limit")
	if err := put(item{"pk": long(2048), "sk": long(1024)}); err != nil {
		t.Errorf("got %v, want the largest keys accepted", err)
	}
	for name, key := range map[string]item{"missing": {"pk": str("a")}, "more": {"pk": str("a"), "sk": str("b"), "x": str("c")}, "type": {"pk": str("a"), "sk": num(1)}} {
		t.Run(name, func(t *testing.T) {
			_, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: key})
			wantMessage(t, err, validation, "The provided key element does not match the schema")
			_, err = s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: key})
			wantMessage(t, err, validation, "The provided key element does not match the schema")
			_, err = s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: key})
			wantMessage(t, err, validation, "The provided key element does not match the schema")
		})
	}
	b := c.table(t, keys("pk", "B"))
	_, err := b.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &b.name, Item: item{"pk": bin("")}})
	wantMessage(t, err, validation, "cannot contain an empty binary value. Key: pk")
	n := c.table(t, keys("pk", "N"))
	n.put(item{"pk": num("1.0"), "v": str("x")})
	if got := n.get(item{"pk": num("1e0")}); got["v"] == nil {
		t.Error("got no item, want the one whose key is the same number")
	}
}

func TestReturnValues(t *testing.T) {
	s := newCloud(t).table(t)
	old := item{"pk": str("a"), "sk": str("b"), "x": num(1), "y": str("keep"), "m": object(item{"k": num(1), "z": num(2)}), "gone": num(9)}
	update := func(mode types.ReturnValue) item {
		s.put(old)
		out := must(s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), ReturnValues: mode,
			UpdateExpression:          aws.String("SET x = :x, #m.k = :x, fresh = :x REMOVE gone"),
			ExpressionAttributeNames:  map[string]string{"#m": "m"},
			ExpressionAttributeValues: item{":x": num(5)}}))(t)
		return out.Attributes
	}
	after := item{"pk": str("a"), "sk": str("b"), "x": num(5), "y": str("keep"), "m": object(item{"k": num(5), "z": num(2)}), "fresh": num(5)}
	for mode, want := range map[types.ReturnValue]item{
		"": nil, "NONE": nil, "ALL_OLD": old, "ALL_NEW": after,
		"UPDATED_OLD": {"x": num(1), "m": object(item{"k": num(1)}), "gone": num(9)},
		"UPDATED_NEW": {"x": num(5), "m": object(item{"k": num(5)}), "fresh": num(5)},
	} {
		if got := update(mode); !same(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%s: got %s, want %s", mode, show(got), show(want))
		}
	}
	put := func(mode types.ReturnValue) (*dynamodb.PutItemOutput, error) {
		return s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: old, ReturnValues: mode})
	}
	if got := must(put("ALL_OLD"))(t).Attributes; !same(got, after) {
		t.Errorf("put: got %v, want %v", got, after)
	}
	for _, mode := range []types.ReturnValue{"ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"} {
		_, err := put(mode)
		wantMessage(t, err, validation, "ReturnValues can only be ALL_OLD or NONE")
		_, err = s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ReturnValues: mode})
		wantMessage(t, err, validation, "ReturnValues can only be ALL_OLD or NONE")
	}
	deleted := must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ReturnValues: "ALL_OLD"}))(t)
	if !same(deleted.Attributes, old) {
		t.Errorf("delete: got %v, want %v", deleted.Attributes, old)
	}
	if again := must(s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ReturnValues: "ALL_OLD"}))(t); again.Attributes != nil {
		t.Errorf("second delete: got %v, want nothing", again.Attributes)
	}
}

func TestFailedConditionReturnsTheItem(t *testing.T) {
	s := newCloud(t).table(t)
	old := item{"pk": str("a"), "sk": str("b"), "x": num(1)}
	s.put(old)
	cond, show := aws.String("attribute_not_exists(pk)"), types.ReturnValuesOnConditionCheckFailureAllOld
	_, put := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: old, ConditionExpression: cond, ReturnValuesOnConditionCheckFailure: show})
	_, update := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), ConditionExpression: cond, ReturnValuesOnConditionCheckFailure: show})
	_, remove := s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("a", "b"), ConditionExpression: cond, ReturnValuesOnConditionCheckFailure: show})
	for verb, err := range map[string]error{"put": put, "update": update, "delete": remove} {
		var failed *types.ConditionalCheckFailedException
		if !errors.As(err, &failed) || *failed.Message != "The conditional request failed" || !same(failed.Item, old) {
			t.Errorf("%s: got %v, want a failed condition with the item", verb, err)
		}
	}
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: old, ConditionExpression: cond})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || failed.Item != nil {
		t.Errorf("got %v, want a failed condition without the item", err)
	}
	_, err = s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.name, Key: keyOf("no", "item"), ConditionExpression: aws.String("attribute_exists(pk)"), ReturnValuesOnConditionCheckFailure: show})
	if !errors.As(err, &failed) || failed.Item != nil {
		t.Errorf("got %v, want a failed condition without an item", err)
	}
}

func TestProjectionOfOneItem(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(item{"pk": str("a"), "sk": str("b"), "l": list(num(0), num(1), object(item{"k": num(2), "z": num(3)})), "m": object(item{"x": num(1), "y": num(2)}), "name": num(4)})
	get := func(expression string, names map[string]string) (item, error) {
		out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.name, Key: keyOf("a", "b"), ProjectionExpression: &expression, ExpressionAttributeNames: names})
		if err != nil {
			return nil, err
		}
		return out.Item, nil
	}
	for expression, want := range map[string]item{
		"pk":                    {"pk": str("a")},
		"m.y":                   {"m": object(item{"y": num(2)})},
		"l[2].k, l[0]":          {"l": list(num(0), object(item{"k": num(2)}))},
		"m.x, m.y, l[9]":        {"m": object(item{"x": num(1), "y": num(2)})},
		"nowhere, m.nowhere, l": {"l": list(num(0), num(1), object(item{"k": num(2), "z": num(3)}))},
	} {
		if got := must(get(expression, nil))(t); !same(got, want) {
			t.Errorf("%s: got %s, want %s", expression, show(got), show(want))
		}
	}
	if got := must(get("#n", map[string]string{"#n": "name"}))(t); !same(got, item{"name": num(4)}) {
		t.Errorf("got %v, want the attribute behind the placeholder", got)
	}
	if got := must(get("nowhere", nil))(t); got == nil || len(got) != 0 {
		t.Errorf("got %v, want an item without attributes", got)
	}
	for expression, want := range map[string]string{
		"name": "reserved keyword; reserved keyword: name", "m, m.x": "Two document paths overlap", "pk, pk": "Two document paths overlap",
		"m.x, m[1]": "Two document paths conflict", "": "can not be empty", "a b": "Syntax error", "#u": "not defined",
	} {
		_, err := get(expression, nil)
		wantMessage(t, err, validation, want)
	}
	_, err := get("pk", map[string]string{"#u": "x"})
	wantMessage(t, err, validation, "unused in expressions: keys: {#u}")
}

func TestSetsComeBackSorted(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(item{"pk": str("a"), "sk": str("b"), "n": nums("10", "9", "-1", "1.5"), "s": strs("b", "", "aa", "a")})
	got := s.get(keyOf("a", "b"))
	if n := got["n"].(*types.AttributeValueMemberNS).Value; !slices.Equal(n, []string{"-1", "1.5", "9", "10"}) {
		t.Errorf("got %v", n)
	}
	if n := got["s"].(*types.AttributeValueMemberSS).Value; !slices.Equal(n, []string{"", "a", "aa", "b"}) {
		t.Errorf("got %v", n)
	}
}
