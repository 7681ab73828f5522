package conformance

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// subject is what the conditions are asked about.
var subject = item{"pk": str("a"), "sk": str("b"), "n": num(5), "s": str("hello"), "b": bin("\x01\x02"), "t": yes(true), "u": null(),
	"ss": strs("x", "y"), "ns": nums("1", "2"), "l": list(str("x"), num(1), list(num(7))), "m": object(item{"k": str("v"), "n": num(1)}), "uni": str("é𝄞"), "es": str("")}

// conditions are expressions over subject, and whether they hold. Values are shared:
// those that an expression names are sent.
var values = item{":0": num(0), ":1": num(1), ":5": num("5.0"), ":9": num(9), ":10": num(10), ":n3": num(-3), ":s": str("hello"), ":h": str("he"), ":x": str("x"), ":z": str("z"), ":e": str(""),
	":b": bin("\x01"), ":t": yes(true), ":f": yes(false), ":u": null(), ":ss": strs("y", "x"), ":ns": nums("2.0", "1"), ":l": list(str("x"), num(1), list(num(7))),
	":m": object(item{"n": num(1), "k": str("v")}), ":l7": list(num(7)), ":tS": str("S"), ":tN": str("N"), ":tM": str("M"), ":tL": str("L"), ":tNULL": str("NULL"), ":tBOOL": str("BOOL"), ":tSS": str("SS"), ":tQ": str("Q"), ":2": num(2), ":3": num(3), ":aa": str("aa")}

var conditions = map[string]bool{
	"n = :5": true, "n <> :5": false, "n = :9": false, "n <> :9": true, "n < :10": true, "n > :9": false, "n >= :5": true, "n <= :5": true, ":9 > n": true, "n > :n3": true,
	"s = :s": true, "s < :z": true, "s >= :s": true, "b > :b": true, "es = :e": true, "es < :h": true,
	// different types are different, and have no order
	"n = :s": false, "n <> :s": true, "n < :s": false, "n > :s": false, "t = :t": true, "u = :u": true, "t = :u": false,
	// a missing attribute
	"gone = :5": false, "gone <> :5": true, "gone < :5": false, "gone > :5": false, "m.gone = :5": false, "l[9] = :5": false, "n.x = :5": false, "s[0] = :x": false, "gone = gone2": false,
	"gone IN (:u, :5)": false, "gone BETWEEN :1 AND :9": false, "size(gone) >= :0": false, "size(gone) <> :0": true, "NOT size(gone) = :0": true, "size(n) > :0": false,
	// documents and sets
	"l = :l": true, "m = :m": true, "ss = :ss": true, "ns = :ns": true, "m.k = :s": false, "m.n = :1": true, "l[1] = :1": true, "l[2][0] > :5": true, "l[2] = :l7": true,
	// functions
	"attribute_exists(n)": true, "attribute_exists(gone)": false, "attribute_not_exists(gone)": true, "attribute_not_exists(m.k)": false, "attribute_exists(l[2][0])": true,
	"attribute_type(s, :tS)": true, "attribute_type(s, :tN)": false, "attribute_type(m, :tM)": true, "attribute_type(u, :tNULL)": true, "attribute_type(gone, :tS)": false, "attribute_type(ss, :tSS)": true, "attribute_type(t, :tBOOL)": true, "attribute_type(l, :tL)": true,
	"begins_with(s, :h)": true, "begins_with(s, :z)": false, "begins_with(s, :e)": true, "begins_with(b, :b)": true, "begins_with(n, :h)": false, "begins_with(s, :b)": false,
	"contains(s, :h)": true, "contains(s, :z)": false, "contains(ss, :x)": true, "contains(ss, :z)": false, "contains(ns, :1)": true, "contains(l, :1)": true, "contains(l, :l7)": true, "contains(l, :9)": false, "contains(b, :b)": true, "contains(s, :1)": false, "contains(gone, :x)": false, "contains(ss, :1)": false,
	"size(s) = :5": true, "size(uni) = :3": true, "size(ss) = :2": true, "size(l) = :3": true, "size(m) = :2": true, "size(b) = :2": true, "size(es) = :0": true, "size(s) BETWEEN :1 AND :9": true, "size(s) IN (:1, :5)": true,
	// lists and ranges
	"n IN (:1, :5)": true, "n IN (:1, :9)": false, "n IN (:s)": false, "m.n IN (n, :1)": true, "n BETWEEN :1 AND :9": true, "n BETWEEN :5 AND :5": true, "n BETWEEN :9 AND :10": false, "s BETWEEN :aa AND :z": true, "s BETWEEN :1 AND :9": false, ":5 BETWEEN m.n AND :9": true,
	// logic
	"n = :5 AND s = :s": true, "n = :9 AND s = :s": false, "n = :9 OR s = :s": true, "NOT n = :9": true, "NOT (n = :9 OR s = :s)": false, "n = :9 OR n = :5 AND s = :s": true, "(n = :9 OR n = :5) AND s = :h": false, "n = :5 OR n = :5 AND s = :h": true,
	"n = :9 AND n = :9 OR s = :s": true, "NOT n = :9 AND s = :s": true, "NOT NOT n = :5": true, "n between :1 and :9 and s in (:s)": true, "(n) = (:5)": true, "(n = :5)": true, "attribute_exists ( n ) AND n=:5": true,
}

func used(expression string) item {
	out := item{}
	for name, v := range values {
		for rest := expression; ; {
			i := strings.Index(rest, name)
			if i < 0 {
				break
			}
			rest = rest[i+len(name):]
			if rest == "" || !strings.ContainsAny(rest[:1], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") {
				out[name] = v
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func TestConditions(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(subject)
	for expression, want := range conditions {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: subject, ConditionExpression: &expression, ExpressionAttributeValues: used(expression)})
		if got := err == nil; got != want || err != nil && code(err) != "ConditionalCheckFailedException" {
			t.Errorf("%s: got %v (%v), want %v", expression, got, err, want)
		}
	}
}

func TestFiltersAreTheSameConditions(t *testing.T) {
	s := newCloud(t).table(t)
	s.put(subject)
	for expression, want := range conditions {
		out, err := s.api.Scan(ctx, &dynamodb.ScanInput{TableName: &s.name, FilterExpression: &expression, ExpressionAttributeValues: used(expression)})
		if err != nil || out.ScannedCount != 1 || (out.Count == 1) != want {
			t.Errorf("%s: got %+v (%v), want %v", expression, out, err, want)
		}
	}
}

func TestBadConditionsAreRefused(t *testing.T) {
	s := newCloud(t).table(t)
	for expression, want := range map[string]string{
		"":                          "Invalid ConditionExpression: The expression can not be empty;",
		"n":                         "Syntax error",
		"n =":                       `Syntax error; token: "<EOF>", near: "="`,
		"n = :5 s":                  `Syntax error; token: "s", near: ":5 s"`,
		"n == :5":                   "Syntax error",
		"n = :5 AND":                "Syntax error",
		"(n = :5":                   "Syntax error",
		"n ! :5":                    "Syntax error",
		"n = 5":                     "Syntax error",
		"n[x] = :5":                 "Syntax error",
		"((n = :5))":                "The expression has redundant parentheses;",
		"name = :5":                 "Attribute name is a reserved keyword; reserved keyword: name",
		"m.Status = :5":             "reserved keyword: Status",
		"#a = :5":                   "An expression attribute name used in the document path is not defined; attribute name: #a",
		"n = :nope":                 "An expression attribute value used in expression is not defined; attribute value: :nope",
		"foo(n)":                    "Invalid function name; function: foo",
		"size(n)":                   "The function is not allowed to be used this way in an expression; function: size",
		"attribute_exists(n) = :t":  "The function is not allowed to be used this way in an expression; function: attribute_exists",
		"if_not_exists(n, :5) = :5": "The function is not allowed in a condition expression; function: if_not_exists",
		"attribute_exists(:5)":      "Operator or function requires a document path; operator or function: attribute_exists",
		"attribute_exists(n, s)":    "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
		"begins_with(s, :5)":        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"size(:5) = :5":             "Incorrect operand type for operator or function; operator or function: size, operand type: N",
		"n < :t":                    "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
		"n > :l":                    "operator or function: >, operand type: L",
		"n BETWEEN :t AND :f":       "operator or function: BETWEEN, operand type: BOOL",
		"n BETWEEN :9 AND :1":       "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}",
		"n BETWEEN :1 AND :z":       "The BETWEEN operator requires same data type for lower and upper bounds",
		"attribute_type(n, :tQ)":    "Invalid attribute type name found; type: Q",
		"attribute_type(n, :5)":     "operator or function: attribute_type, operand type: N",
		"n = n":                     "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]",
		"contains(m.k, m.k)":        "operator: contains, first operand: [m, k]",
		"n IN (" + strings.TrimSuffix(strings.Repeat("s,", 100), ",") + ")": "The IN operator is provided with too many operands; number of operands: 101",
		strings.Repeat("x", 4097) + " = :5":                                 "Expression size has exceeded the maximum allowed size",
	} {
		_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.name, Item: subject, ConditionExpression: &expression, ExpressionAttributeValues: used(expression)})
		wantMessage(t, err, validation, want)
	}
}

func TestPlaceholdersMustBeUsedAndDefined(t *testing.T) {
	s := newCloud(t).table(t)
	update := func(in dynamodb.UpdateItemInput) error {
		in.TableName, in.Key = &s.name, keyOf("a", "b")
		_, err := s.api.UpdateItem(ctx, &in)
		return err
	}
	set := aws.String("SET x = :x")
	wantMessage(t, update(dynamodb.UpdateItemInput{UpdateExpression: set, ExpressionAttributeValues: item{":x": num(1), ":y": num(2)}}), validation,
		"Value provided in ExpressionAttributeValues unused in expressions: keys: {:y}")
	wantMessage(t, update(dynamodb.UpdateItemInput{UpdateExpression: set, ExpressionAttributeValues: item{":x": num(1)}, ExpressionAttributeNames: map[string]string{"#n": "n"}}), validation,
		"Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}")
	wantMessage(t, update(dynamodb.UpdateItemInput{ExpressionAttributeValues: item{":x": num(1)}}), validation, "ExpressionAttributeValues can only be specified when using expressions")
	wantMessage(t, update(dynamodb.UpdateItemInput{ExpressionAttributeNames: map[string]string{"#n": "n"}}), validation, "ExpressionAttributeNames can only be specified when using expressions")
	wantMessage(t, update(dynamodb.UpdateItemInput{UpdateExpression: set, ExpressionAttributeValues: item{}}), validation, "ExpressionAttributeValues must not be empty")
	wantMessage(t, update(dynamodb.UpdateItemInput{UpdateExpression: set, ExpressionAttributeValues: item{"x": num(1)}}), validation, "ExpressionAttributeValues contains invalid key")
	wantMessage(t, update(dynamodb.UpdateItemInput{UpdateExpression: set, ExpressionAttributeValues: item{":x": num(1)}, ExpressionAttributeNames: map[string]string{"n": "n"}}), validation, "ExpressionAttributeNames contains invalid key")
	if err := update(dynamodb.UpdateItemInput{UpdateExpression: aws.String("SET #n.#n = :x"), ConditionExpression: aws.String("attribute_exists(#n) AND :x = :x2"),
		ExpressionAttributeNames: map[string]string{"#n": "name"}, ExpressionAttributeValues: item{":x": num(1), ":x2": num(1)}}); code(err) != "ConditionalCheckFailedException" {
		t.Errorf("got %v, want a failed condition", err)
	}
}
