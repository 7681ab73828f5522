package conformance

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// base is what the updates change.
var base = item{"pk": str("a"), "sk": str("b"), "n": num(5), "s": str("hello"), "ss": strs("x", "y"), "ns": nums("1", "2"),
	"l": list(num(0), num(1), num(2)), "m": object(item{"k": num(1), "in": object(item{"deep": str("v")})})}

func changed(changes item, gone ...string) item {
	out := item{}
	for name, v := range base {
		out[name] = v
	}
	for name, v := range changes {
		out[name] = v
	}
	for _, name := range gone {
		delete(out, name)
	}
	return out
}

func TestUpdates(t *testing.T) {
	s := newCloud(t).table(t)
	for _, one := range []struct {
		expression string
		values     item
		want       item
	}{
		{"SET n = :v", item{":v": str("z")}, changed(item{"n": str("z")})},
		{"set n = n + :v", item{":v": num("0.1")}, changed(item{"n": num("5.1")})},
		{"SET n = :v - n", item{":v": num("1e20")}, changed(item{"n": num("99999999999999999995")})},
		{"SET n = n + :v", item{":v": num("0.0000000000000000000000000000000000001")}, changed(item{"n": num("5.0000000000000000000000000000000000001")})},

		{"SET c = (n - :v)", item{":v": num(3)}, changed(item{"c": num(2)})},
		{"SET x = n, n = :v", item{":v": num(1)}, changed(item{"x": num(5), "n": num(1)})}, // operands are read before
		{"SET x = if_not_exists(x, :v), n = if_not_exists(n, :v)", item{":v": num(9)}, changed(item{"x": num(9)})},
		{"SET x = if_not_exists(x, n) + :v", item{":v": num(1)}, changed(item{"x": num(6)})},
		{"SET l = list_append(l, :v)", item{":v": list(num(3))}, changed(item{"l": list(num(0), num(1), num(2), num(3))})},
		{"SET l = list_append(:v, l)", item{":v": list(num(3))}, changed(item{"l": list(num(3), num(0), num(1), num(2))})},
		{"SET x = list_append(if_not_exists(x, :e), :v)", item{":e": list(), ":v": list(num(3))}, changed(item{"x": list(num(3))})},
		{"SET m.k = :v, m.fresh = :v", item{":v": num(2)}, changed(item{"m": object(item{"k": num(2), "fresh": num(2), "in": object(item{"deep": str("v")})})})},
		{"SET m.#in.deep = :v", item{":v": num(2)}, changed(item{"m": object(item{"k": num(1), "in": object(item{"deep": num(2)})})})},
		{"SET l[1] = :v", item{":v": str("z")}, changed(item{"l": list(num(0), str("z"), num(2))})},
		{"SET l[9] = :b, l[5] = :a", item{":a": str("a"), ":b": str("b")}, changed(item{"l": list(num(0), num(1), num(2), str("a"), str("b"))})},
		{"REMOVE n, nothing, m.nothing, l[7]", nil, changed(nil, "n")},
		{"REMOVE l[0], l[1]", nil, changed(item{"l": list(num(2))})},
		{"SET l[2] = :v REMOVE l[0]", item{":v": str("z")}, changed(item{"l": list(num(1), str("z"))})},
		{"REMOVE m.#in.deep", nil, changed(item{"m": object(item{"k": num(1), "in": object(item{})})})},
		{"ADD n :v", item{":v": num(-7)}, changed(item{"n": num(-2)})},
		{"ADD x :v", item{":v": num(3)}, changed(item{"x": num(3)})},
		{"ADD ss :v", item{":v": strs("y", "z", "")}, changed(item{"ss": strs("", "x", "y", "z")})},
		{"ADD x :v", item{":v": nums("3")}, changed(item{"x": nums("3")})},
		{"ADD m.k :v", item{":v": num(1)}, changed(item{"m": object(item{"k": num(2), "in": object(item{"deep": str("v")})})})},
		{"DELETE ss :v", item{":v": strs("y", "q")}, changed(item{"ss": strs("x")})},
		{"DELETE ns :v", item{":v": nums("1.0", "2")}, changed(nil, "ns")}, // no empty set stays
		{"DELETE x :v", item{":v": strs("y")}, base},
		{"SET n = :v REMOVE s ADD x :v DELETE ss :s", item{":v": num(1), ":s": strs("x")}, changed(item{"n": num(1), "x": num(1), "ss": strs("y")}, "s")},
	} {
		s.put(base)
		in := &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: &one.expression, ExpressionAttributeValues: one.values, ReturnValues: "ALL_NEW"}
		if strings.Contains(one.expression, "#in") {
			in.ExpressionAttributeNames = map[string]string{"#in": "in"}
		}
		out, err := s.api.UpdateItem(ctx, in)
		if err != nil {
			t.Errorf("%s: %v", one.expression, err)
			continue
		}
		if !same(out.Attributes, one.want) {
			t.Errorf("%s: got %s, want %s", one.expression, show(out.Attributes), show(one.want))
		}
		if got := s.get(keyOf("a", "b")); !same(got, one.want) {
			t.Errorf("%s: stored %s, want %s", one.expression, show(got), show(one.want))
		}
	}
}

func TestBadUpdatesAreRefused(t *testing.T) {
	s := newCloud(t).table(t, gsi("byG", "ALL", nil, "g", "S"))
	s.put(base)
	const path, missing, kind = "The document path provided in the update expression is invalid for update",
		"The provided expression refers to an attribute that does not exist in the item", "An operand in the update expression has an incorrect data type"
	v := func(v value) item { return item{":v": v} }
	for _, one := range []struct {
		expression string
		values     item
		want       string
	}{
		{"SET gone.x = :v", v(num(1)), path}, {"SET n.x = :v", v(num(1)), path}, {"SET s[0] = :v", v(num(1)), path}, {"SET m.gone.x = :v", v(num(1)), path}, {"SET l[9].x = :v", v(num(1)), path}, {"SET m[0] = :v", v(num(1)), path},
		{"REMOVE gone.x", nil, path}, {"REMOVE gone[0]", nil, path}, {"ADD gone.x :v", v(num(1)), path}, {"DELETE gone.x :v", v(strs("a")), path},
		{"SET x = gone", nil, missing}, {"SET x = gone + :v", v(num(1)), missing}, {"SET x = list_append(gone, :v)", v(list()), missing}, {"SET x = m.gone", nil, missing},
		{"SET x = s + :v", v(num(1)), kind}, {"SET x = list_append(s, :v)", v(list()), kind}, {"ADD s :v", v(num(1)), kind}, {"ADD ss :v", v(nums("1")), kind}, {"DELETE n :v", v(strs("1")), kind}, {"ADD n :v", v(strs("1")), kind},
		{"SET x = :v + n", v(str("1")), "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
		{"SET x = list_append(l, :v)", v(num(1)), "Incorrect operand type for operator or function; operator or function: list_append, operand type: N"},
		{"ADD n :v", v(str("1")), "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
		{"DELETE n :v", v(num(1)), "operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"},
		{"SET n = :v, n = :v", v(num(1)), "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]"},
		{"SET m = :v, m.k = :v", v(num(1)), "path one: [m], path two: [m, k]"}, {"SET l[0] = :v REMOVE l[0]", v(num(1)), "overlap"},
		{"SET m.k = :v, m[0] = :v", v(num(1)), "Two document paths conflict with each other"},
		{"SET n = :v SET s = :v", v(num(1)), `The "SET" section can only be used once in an update expression;`},
		{"SET pk = :v", v(str("x")), "Cannot update attribute pk. This attribute is part of the key"}, {"REMOVE sk", nil, "Cannot update attribute sk"}, {"SET sk.x = :v", v(str("x")), "Cannot update attribute sk"},
		{"", nil, "Invalid UpdateExpression: The expression can not be empty;"}, {"INVALID SYNTAX HERE", nil, `Syntax error; token: "INVALID", near: "INVALID SYNTAX"`}, {"SET n :v", v(num(1)), "Syntax error"},
		{"SET n = :v,", v(num(1)), "Syntax error"}, {"ADD n n", nil, "Syntax error"}, {"SET n = n + :v + :v", v(num(1)), "Syntax error"}, {"SET size = :v", v(num(1)), "reserved keyword: size"},
		{"SET n = foo(n)", nil, "Invalid function name; function: foo"}, {"SET n = size(n)", nil, "The function is not allowed in an update expression; function: size"},
		{"SET n = if_not_exists(:v, n)", v(num(1)), "Operator or function requires a document path; operator or function: if_not_exists"},
		{"SET n = if_not_exists(n)", nil, "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1"},
		{"SET n = n + :v", v(num("1e-38")), "more than 38 significant digits"}, {"SET n = :v + :w", item{":v": num("9e125"), ":w": num("9e125")}, "Number overflow"},
		{"SET g = :v", v(num(1)), "Type mismatch for Index Key g Expected: S Actual: N IndexName: byG"}, {"SET g = :v", v(str("")), "IndexName: byG, IndexKey: g"}, {"SET x = :v", v(long(409600)), "Item size"},
	} {
		_, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &s.name, Key: keyOf("a", "b"), UpdateExpression: &one.expression, ExpressionAttributeValues: one.values})
		wantMessage(t, err, validation, one.want)
	}
	if got := s.get(keyOf("a", "b")); !same(got, base) {
		t.Errorf("got %s after refused updates, want %s", show(got), show(base))
	}
}
