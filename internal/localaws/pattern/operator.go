package pattern

import (
	"encoding/json"
	"strconv"
	"strings"
)

// element makes the test of one element of a leaf's list, or tells why not.
func (c compiler) element(e any) (t test, reason string) {
	switch e := e.(type) {
	case object:
		return c.operator(e)
	case []any:
		return nil, "Match value must be String, number, true, false, or null"
	}
	return exactly(e), ""
}

// exactly wants a value of the same JSON type. Numbers are the same if their text
// is, as the guide says; the published matcher also takes those of the same value.
func exactly(want any) test {
	return func(v any) bool { return v == want }
}

func (c compiler) operator(o object) (test, string) {
	if len(o) == 0 {
		return nil, "Match expression name not found"
	}
	name, argument := o[0].name, o[0].value
	if len(o) > 1 {
		return nil, "Only one key allowed in match expression"
	}
	if c.filter && (name == "wildcard" || name == "cidr") {
		return nil, "the operator " + name + " is not known to event-source filters"
	}
	switch name {
	case "exactly", "prefix", "suffix", "equals-ignore-case", "wildcard":
		return onText(name, argument)
	case "numeric":
		return numeric(argument)
	case "cidr":
		return cidr(argument)
	case "exists":
		if argument != true {
			return nil, "exists match pattern must be either true or false."
		}
		return func(any) bool { return true }, ""
	case "anything-but":
		return c.anythingBut(argument)
	}
	return nil, "Unrecognized match type " + name
}

// onText makes the test of an operator that looks at strings only.
func onText(name string, argument any) (test, string) {
	fold, spoken := name == "equals-ignore-case", name
	if o, ok := argument.(object); ok && (name == "prefix" || name == "suffix") {
		if len(o) != 1 {
			return nil, "Only one key allowed in match expression"
		}
		if o[0].name != "equals-ignore-case" {
			return nil, "Unsupported " + name + " pattern: " + o[0].name
		}
		argument, fold, spoken = o[0].value, true, o[0].name
	}
	want, ok := argument.(string)
	if !ok {
		return nil, spoken + " match pattern must be a string"
	}
	if fold {
		want = folded(want)
	}
	holds, reason := textTest(name, want)
	if reason != "" {
		return nil, reason
	}
	return func(v any) bool {
		text, ok := v.(string)
		if ok && fold {
			text = folded(text)
		}
		return ok && holds(text)
	}, ""
}

func textTest(name, want string) (func(text string) bool, string) {
	switch name {
	case "prefix":
		return func(text string) bool { return strings.HasPrefix(text, want) }, ""
	case "suffix":
		return func(text string) bool { return strings.HasSuffix(text, want) }, ""
	case "wildcard":
		return wildcard(want)
	}
	return func(text string) bool { return text == want }, ""
}

// folded writes a text so that its casings are the same.
func folded(s string) string { return strings.ToLower(s) }

// anythingBut wants a value that is there and is none of those that are named.
func (c compiler) anythingBut(argument any) (test, string) {
	if o, ok := argument.(object); ok {
		return c.anythingButLike(o)
	}
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	texts, numbers := map[string]bool{}, map[float64]bool{}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			texts[e] = true
		case json.Number:
			n, reason := limit(e)
			if reason != "" {
				return nil, reason
			}
			numbers[n] = true
		default:
			if !ok {
				return nil, "Value of anything-but must be an array or single string/number value."
			}
			return nil, "Inside anything but list, start|null|boolean is not supported."
		}
	}
	if (len(texts) > 0) == (len(numbers) > 0) {
		return nil, "Inside anything but list, either all values are number or string, mixed type is not supported"
	}
	return func(v any) bool {
		switch v := v.(type) {
		case string:
			return !texts[v]
		case json.Number: // by value here, so that no spelling of a number slips through
			n, err := v.Float64()
			return err != nil || !numbers[n]
		}
		return true
	}, ""
}

// anythingButLike is anything-but with an operator: none of its texts may hold.
func (c compiler) anythingButLike(o object) (test, string) {
	if len(o) != 1 {
		return nil, "Only one key allowed in match expression"
	}
	name := o[0].name
	switch name {
	case "prefix", "suffix", "equals-ignore-case":
	case "wildcard":
		if c.filter {
			return nil, "the operator wildcard within anything-but is not known to event-source filters"
		}
	default:
		return nil, "Unsupported anything-but pattern: " + name
	}
	list, ok := o[0].value.([]any)
	switch {
	case !ok:
		list = []any{o[0].value}
	case c.filter:
		return nil, "a list of " + name + " within anything-but is not known to event-source filters"
	case len(list) == 0:
		return nil, "Empty arrays are not allowed"
	}
	var not []test
	for _, e := range list {
		text, isText := e.(string)
		switch {
		case isText && text == "" && (name == "prefix" || name == "suffix"):
			return nil, "Null prefix/suffix not allowed"
		case isText:
		case e == nil || !ok && isObject(e):
			return nil, "Value of anything-but must be an array or single string/number value."
		case name == "equals-ignore-case":
			return nil, "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
		case name == "wildcard":
			return nil, "wildcard match pattern must be a string"
		default:
			return nil, "prefix/suffix match pattern must be a string"
		}
		t, reason := onText(name, text)
		if reason != "" {
			return nil, reason
		}
		not = append(not, t)
	}
	return func(v any) bool {
		for _, t := range not {
			if t(v) {
				return false
			}
		}
		return true
	}, ""
}

func isObject(v any) bool { _, ok := v.(object); return ok }

// most is the largest number that numeric knows; its negative is the smallest.
const most = 5e9

// limit reads a number that a pattern names.
func limit(n json.Number) (float64, string) {
	x, err := strconv.ParseFloat(string(n), 64)
	if err != nil || x < -most || x > most {
		return 0, "Value must be between -5.0E9 and 5.0E9, inclusive"
	}
	return x, ""
}

// numeric makes the test of one comparison, or of a range with its lower bound first.
func numeric(argument any) (test, string) {
	list, ok := argument.([]any)
	if !ok {
		return nil, "Value of numeric must be an array."
	}
	sign, low, reason := pair(list)
	if reason != "" {
		return nil, reason
	}
	holds := compare(sign, low)
	if list = list[2:]; len(list) > 0 {
		if sign != ">" && sign != ">=" {
			return nil, "Too many elements in numeric expression"
		}
		upper, top, reason := pair(list)
		switch {
		case reason != "":
			return nil, reason
		case upper != "<" && upper != "<=":
			return nil, "Bad numeric range operator: " + upper
		case len(list) > 2:
			return nil, "Too many terms in numeric range expression"
		case low >= top:
			return nil, "Bottom must be less than top"
		}
		above, below := holds, compare(upper, top)
		holds = func(x float64) bool { return above(x) && below(x) }
	}
	return func(v any) bool {
		n, ok := v.(json.Number)
		if !ok {
			return false
		}
		x, err := n.Float64()
		return err == nil && x >= -most && x <= most && holds(x)
	}, ""
}

// pair reads a sign and a number from the start of a list.
func pair(list []any) (sign string, x float64, reason string) {
	if len(list) == 0 {
		return "", 0, "Invalid member in numeric match: the list is empty"
	}
	sign, ok := list[0].(string)
	if !ok {
		return "", 0, "Invalid member in numeric match: a sign is wanted"
	}
	if compare(sign, 0) == nil {
		return "", 0, "Unrecognized numeric range operator: " + sign
	}
	if len(list) > 1 {
		if n, ok := list[1].(json.Number); ok {
			x, reason = limit(n)
			return sign, x, reason
		}
	}
	if sign == "=" {
		sign = "equals"
	}
	return "", 0, "Value of " + sign + " must be numeric"
}

func compare(sign string, y float64) func(x float64) bool {
	switch sign {
	case "=":
		return func(x float64) bool { return x == y }
	case "<":
		return func(x float64) bool { return x < y }
	case "<=":
		return func(x float64) bool { return x <= y }
	case ">":
		return func(x float64) bool { return x > y }
	case ">=":
		return func(x float64) bool { return x >= y }
	}
	return nil
}
