package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// matching is patterns and events, and whether they match.
var matching = []struct {
	pattern, event string
	want           bool
}{
	// exact values
	{`{"a":["x"]}`, `{"a":"x"}`, true},
	{`{"a":["x"]}`, `{"a":"X"}`, false},
	{`{"a":["x","y"]}`, `{"a":"y"}`, true},
	{`{"a":["x"],"b":[1]}`, `{"a":"x","b":1}`, true},
	{`{"a":["x"],"b":[1]}`, `{"a":"x"}`, false},
	{`{"a":["é"]}`, "{\"a\":\"e\u0301\"}", false},
	{`{"a":["\u00e9"]}`, `{"a":"é"}`, true},
	{`{"a":[300]}`, `{"a":300}`, true},
	{`{"a":[300]}`, `{"a":300.0}`, false},
	{`{"a":[300]}`, `{"a":3.0e2}`, false},
	{`{"a":[300]}`, `{"a":"300"}`, false},
	{`{"a":[true]}`, `{"a":true}`, true},
	{`{"a":[true]}`, `{"a":"true"}`, false},
	{`{"a":[false]}`, `{"a":true}`, false},
	{`{"a":[null]}`, `{"a":null}`, true},
	{`{"a":[null]}`, `{"a":"null"}`, false},
	{`{"a":[null]}`, `{}`, false},
	{`{"a":[null]}`, `{"a":[]}`, false},
	{`{"a":[""]}`, `{"a":""}`, true},
	{`{"a":[""]}`, `{"a":null}`, false},
	{`{"a":[{"exactly":"x"}]}`, `{"a":"x"}`, true},
	// structure
	{`{"a":{"b":["x"]}}`, `{"a":{"b":"x"}}`, true},
	{`{"a":{"b":["x"]}}`, `{"a":"x"}`, false},
	{`{"a":["x"]}`, `{"a":{"x":"x"}}`, false},
	{`{"A":["x"]}`, `{"a":"x"}`, false},
	{`{"a.b":["x"]}`, `{"a":{"b":"x"}}`, true},
	{`{"a":{"b":["x"]}}`, `{"a.b":"x"}`, true},
	{`{"a.b":["x"]}`, `{"a.b":"x"}`, true},
	{`{"a":{"b.c":["x"],"d":[1]}}`, `{"a.b":{"c":"x"},"a":{"d":1}}`, true},
	{`{"a":{"b.c":["x"],"d":[1]}}`, `{"a.b":{"c":"x"},"a":{"d":2}}`, false},
	{`{"a":{"b":["x"]}}`, `{"a.b":{"b":"x"}}`, false},
	{`{"a":["y"],"a.b":["x"]}`, `{"a":"y","a.b":"x"}`, false},
	// lists in the event
	{`{"a":["x"]}`, `{"a":["y","x"]}`, true},
	{`{"a":["x"]}`, `{"a":[["y"],["x"]]}`, true},
	{`{"a":["x"]}`, `{"a":[]}`, false},
	{`{"e":{"first":["Anna"],"last":["Jones"]}}`, `{"e":[{"first":"Anna","last":"Smith"},{"first":"Peter","last":"Jones"}]}`, false},
	{`{"e":{"first":["Anna"],"last":["Smith"]}}`, `{"e":[{"first":"Peter","last":"Jones"},{"first":"Anna","last":"Smith"}]}`, true},
	{`{"e.first":["Anna"],"e.last":["Jones"]}`, `{"e":[{"first":"Anna","last":"Smith"},{"first":"Peter","last":"Jones"}]}`, false},
	{`{"e":{"first":["Anna"]},"$or":[{"e":{"last":["Jones"]}},{"e":{"last":["Brown"]}}]}`, `{"e":[{"first":"Anna","last":"Smith"},{"first":"Peter","last":"Jones"}]}`, false},
	{`{"e":{"first":["Anna"]},"f":{"last":["Jones"]}}`, `{"e":[{"first":"Eve"},{"first":"Anna"}],"f":[{"last":"Jones"}]}`, true},
	{`{"e":{"id":[{"exists":true}]}}`, `{"e":[{"k":1},{"id":2},{"k":3}]}`, true},
	{`{"e":{"x":[{"exists":false}]}}`, `{"e":[{"x":1},{"y":2}]}`, false},
	{`{"e":{"x":[{"exists":false}]}}`, `{"e":[{"z":1},{"y":2}]}`, true},
	{`{"e":{"k":["b"],"x":[{"exists":false}]}}`, `{"e":[{"k":"a","x":1},{"k":"b"}]}`, true},
	{`{"e":{"k":["b"],"x":[{"exists":false}]}}`, `{"e":[{"k":"a"},{"k":"b","x":1}]}`, false},
	{`{"a":[{"anything-but":"x"}]}`, `{"a":["x","y"]}`, true},
	{`{"a":[{"anything-but":"x"}]}`, `{"a":["x"]}`, false},
	// prefix, suffix, case
	{`{"a":[{"prefix":"T#"}]}`, `{"a":"T#1"}`, true},
	{`{"a":[{"prefix":"T#"}]}`, `{"a":"t#1"}`, false},
	{`{"a":[{"prefix":""}]}`, `{"a":"x"}`, true},
	{`{"a":[{"prefix":"1"}]}`, `{"a":12}`, false},
	{`{"a":[{"prefix":{"equals-ignore-case":"T#"}}]}`, `{"a":"t#1"}`, true},
	{`{"a":[{"suffix":"z"}]}`, `{"a":"az"}`, true},
	{`{"a":[{"suffix":"z"}]}`, `{"a":1}`, false},
	{`{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"x.pNg"}`, true},
	{`{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"x.jpg"}`, false},
	{`{"a":[{"equals-ignore-case":"Ab"}]}`, `{"a":"aB"}`, true},
	{`{"a":[{"equals-ignore-case":""}]}`, `{"a":"x"}`, false},
	{`{"a":[{"equals-ignore-case":"GRÜẞE"}]}`, `{"a":"grüße"}`, true},
	// wildcard
	{`{"a":[{"wildcard":"a*b"}]}`, `{"a":"ab"}`, true},
	{`{"a":[{"wildcard":"a*b"}]}`, `{"a":"axxb"}`, true},
	{`{"a":[{"wildcard":"a*b"}]}`, `{"a":"axxbc"}`, false},
	{`{"a":[{"wildcard":"ab*ba"}]}`, `{"a":"aba"}`, false},
	{`{"a":[{"wildcard":"*x*y*"}]}`, `{"a":"1x2y3"}`, true},
	{`{"a":[{"wildcard":"*x*y*"}]}`, `{"a":"1y2x3"}`, false},
	{`{"a":[{"wildcard":"*aab"}]}`, `{"a":"aaab"}`, true},
	{`{"a":[{"wildcard":"*"}]}`, `{"a":""}`, true},
	{`{"a":[{"wildcard":"*"}]}`, `{"a":1}`, false},
	{`{"a":[{"wildcard":""}]}`, `{"a":"x"}`, false},
	{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"a*b"}`, true},
	{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"axb"}`, false},
	{`{"a":[{"wildcard":"a\\\\*"}]}`, `{"a":"a\\x"}`, true},
	{`{"a":[{"wildcard":"a\\**"}]}`, `{"a":"a*x"}`, true},
	{`{"a":[{"wildcard":"?"}]}`, `{"a":"x"}`, false},
	// numeric
	{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
	{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
	{`{"a":[{"numeric":[">=",0,"<",5]}]}`, `{"a":0}`, true},
	{`{"a":[{"numeric":[">=",0,"<",5]}]}`, `{"a":5}`, false},
	{`{"a":[{"numeric":["=",3]}]}`, `{"a":3.0}`, true},
	{`{"a":[{"numeric":["=",3.018e2]}]}`, `{"a":301.8}`, true},
	{`{"a":[{"numeric":["=",3]}]}`, `{"a":"3"}`, false},
	{`{"a":[{"numeric":[">",-5e9]}]}`, `{"a":5000000000}`, true},
	{`{"a":[{"numeric":[">",0]}]}`, `{"a":5000000001}`, false},
	{`{"a":[{"numeric":[">",0]}]}`, `{"a":null}`, false},
	{`{"a":[{"numeric":["<",0]}]}`, `{"a":-0.000001}`, true},
	// addresses
	{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.255"}`, true},
	{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.1.0"}`, false},
	{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"::a00:1"}`, false},
	{`{"a":[{"cidr":"10.0.0.8/24"}]}`, `{"a":"10.0.0.7"}`, false},
	{`{"a":[{"cidr":"0.0.0.0/0"}]}`, `{"a":"1.2.3.4"}`, true},
	{`{"a":[{"cidr":"10.0.0.0/20"}]}`, `{"a":"10.0.15.9"}`, true},
	{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"host"}`, false},
	{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":10}`, false},
	{`{"a":[{"cidr":"2001:db8:1234:1a00::/56"}]}`, `{"a":"2001:0db8:1234:1a00:0000:0000:0000:0000"}`, true},
	{`{"a":[{"cidr":"2001:db8:1234:1a00::/56"}]}`, `{"a":"2001:db8:1234:1aff::1"}`, true},
	{`{"a":[{"cidr":"2001:db8:1234:1a00::/56"}]}`, `{"a":"2001:db8:1234:1b00::"}`, false},
	{`{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:db8::1%eth0"}`, false},
	// presence
	{`{"a":[{"exists":true}]}`, `{"a":null}`, true},
	{`{"a":[{"exists":true}]}`, `{}`, false},
	{`{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, false},
	{`{"a":[{"exists":true}]}`, `{"a":[]}`, false},
	{`{"a":[{"exists":false}]}`, `{}`, true},
	{`{"a":[{"exists":false}]}`, `{"a":{"b":1}}`, true},
	{`{"a":[{"exists":false}]}`, `{"a":[]}`, true},
	{`{"a":[{"exists":false}]}`, `{"a":1}`, false},
	{`{"o":{"x":{"S":[{"exists":false}]}}}`, `{"o":{}}`, true},
	{`{"o":{"x":{"S":[{"exists":false}]}}}`, `{}`, true},
	{`{"o":{"x":{"S":[{"anything-but":["r"]},{"exists":false}]}}}`, `{"o":{"y":{"S":"1"}}}`, true},
	{`{"o":{"x":{"S":[{"anything-but":["r"]},{"exists":false}]}}}`, `{"o":{"x":{"S":"r"}}}`, false},
	{`{"a":["x",{"exists":false}]}`, `{}`, true},
	// anything but
	{`{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, true},
	{`{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, false},
	{`{"a":[{"anything-but":"x"}]}`, `{}`, false},
	{`{"a":[{"anything-but":"x"}]}`, `{"a":null}`, true},
	{`{"a":[{"anything-but":"x"}]}`, `{"a":{"b":"y"}}`, false},
	{`{"a":[{"anything-but":"1"}]}`, `{"a":1}`, true},
	{`{"a":[{"anything-but":["x","y"]}]}`, `{"a":"y"}`, false},
	{`{"a":[{"anything-but":1}]}`, `{"a":2}`, true},
	{`{"a":[{"anything-but":0}]}`, `{"a":0}`, false},
	{`{"a":[{"anything-but":[1,2]}]}`, `{"a":3}`, true},
	{`{"a":[{"anything-but":[1,2]}]}`, `{"a":2.0}`, false},
	{`{"a":[{"anything-but":[1,2]}]}`, `{"a":"1"}`, true},
	{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, false},
	{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"y"}`, true},
	{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":12}`, true},
	{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":null}`, true},
	{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{}`, false},
	{`{"a":[{"anything-but":{"suffix":".png"}}]}`, `{"a":"a.png"}`, false},
	{`{"a":[{"anything-but":{"equals-ignore-case":"Ab"}}]}`, `{"a":"AB"}`, false},
	// $or
	{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true},
	{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"x"}`, false},
	{`{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, false},
	{`{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y","c":"z"}`, true},
	{`{"d":{"$or":[{"a":["x"]},{"b":["y"],"c":[1]}]}}`, `{"d":{"b":"y","c":1}}`, true},
	{`{"d":{"$or":[{"a":["x"]},{"b":["y"],"c":[1]}]}}`, `{"d":{"b":"y"}}`, false},
	{`{"$or":[{"a":["x"]},{"b":["y"],"$or":[{"c":[1]},{"c":[2]}]}]}`, `{"b":"y","c":2}`, true},
	{`{"$or":[{"a":["x"]},{"b":["y"]}],"d":{"$or":[{"e":[1]},{"f":[2]}]}}`, `{"a":"x","d":{"f":2}}`, true},
	{`{"$or":[{"a":["x"]},{"b":["y"]}],"d":{"$or":[{"e":[1]},{"f":[2]}]}}`, `{"a":"x","d":{"f":1}}`, false},
	{`{"$or":["x"]}`, `{"$or":"x"}`, true},
	{`{"$or":{"a":["x"],"b":["y"]}}`, `{"$or":{"a":"x","b":"y"}}`, true},
	{`{"$or":{"a":["x"],"b":["y"]}}`, `{"a":"x"}`, false},
	{`{"$or":[{"prefix":"x"},{"suffix":"y"}]}`, `{"$or":"ay"}`, true},
	// a stream's record
	{`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"gpk":{"S":[{"prefix":"S#"}]}}}}`, `{"eventName":"INSERT","dynamodb":{"NewImage":{"gpk":{"S":"S#1"}}}}`, true},
	{`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"gpk":{"S":[{"prefix":"S#"}]}}}}`, `{"eventName":"INSERT","dynamodb":{"NewImage":{"pk":{"S":"S#1"}}}}`, false},
}

func TestMatchFollowsTheOperators(t *testing.T) {
	for _, c := range matching {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match(decode(t, c.event)); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.pattern, c.event, got, c.want)
		}
	}
}

// busOnly is what a bus knows and a mapping's filter does not.
var busOnly = []struct {
	pattern, event string
	want           bool
}{
	{`{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"x/lib/y"}`, false},
	{`{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"x/bin/y"}`, true},
	{`{"a":[{"anything-but":{"wildcard":""}}]}`, `{"a":"x"}`, true},
	{`{"a":[{"anything-but":{"wildcard":["*a","*b"]}}]}`, `{"a":"xb"}`, false},
	{`{"a":[{"anything-but":{"prefix":["x","y"]}}]}`, `{"a":"yz"}`, false},
	{`{"a":[{"anything-but":{"suffix":["x","y"]}}]}`, `{"a":"yz"}`, true},
	{`{"a":[{"anything-but":{"equals-ignore-case":["Ab","Cd"]}}]}`, `{"a":"cD"}`, false},
	{`{"a":[{"anything-but":{"equals-ignore-case":["Ab","Cd"]}}]}`, `{"a":null}`, true},
}

func TestFiltersKnowTheDocumentedOperatorsOnly(t *testing.T) {
	for _, c := range busOnly {
		if p, err := Compile(c.pattern); err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		} else if got := p.Match(decode(t, c.event)); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.pattern, c.event, got, c.want)
		}
		if _, err := CompileFilter(c.pattern); err == nil || !strings.Contains(err.Error(), "not known to event-source filters") {
			t.Errorf("filter %s: got %v, want a refusal", c.pattern, err)
		}
	}
	for _, c := range matching {
		p, err := CompileFilter(c.pattern)
		if strings.Contains(c.pattern, "wildcard") || strings.Contains(c.pattern, "cidr") {
			if err == nil || !strings.Contains(err.Error(), "a: the operator") {
				t.Errorf("filter %s: got %v, want a refusal that names the place", c.pattern, err)
			}
		} else if err != nil {
			t.Errorf("filter %s: %v", c.pattern, err)
		} else if got := p.Match(decode(t, c.event)); got != c.want {
			t.Errorf("filter %s on %s: got %v, want %v", c.pattern, c.event, got, c.want)
		}
	}
}

func TestCompileRefusesWhatAWSRefusesAndNamesThePlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                                    `the text is not JSON`,
		`{`:                                   `the text is not JSON`,
		`{} {}`:                               `the text is not JSON`,
		`[]`:                                  `Filter is not an object`,
		`null`:                                `Filter is not an object`,
		`{}`:                                  `Empty objects are not allowed`,
		`{"a":{}}`:                            `a: Empty objects are not allowed`,
		`{"a":{"b":"x"}}`:                     `a.b: "b" must be an object or an array`,
		`{"a":42}`:                            `a: "a" must be an object or an array`,
		`{"a":null}`:                          `a: "a" must be an object or an array`,
		`{"a":[]}`:                            `a: Empty arrays are not allowed`,
		`{"a":[["x"]]}`:                       `a: Match value must be String, number, true, false, or null`,
		`{"a":[{}]}`:                          `a: Match expression name not found`,
		`{"a":{"b":[{"regex":"x"}]}}`:         `a.b: Unrecognized match type regex`,
		`{"a":[{"NUMERIC":["=",5]}]}`:         `a: Unrecognized match type NUMERIC`,
		`{"a":[{"prefix":"x","suffix":"y"}]}`: `a: Only one key allowed in match expression`,
		`{"a":[{"prefix":1}]}`:                `a: prefix match pattern must be a string`,
		`{"a":[{"prefix":["x"]}]}`:            `a: prefix match pattern must be a string`,
		`{"a":[{"prefix":{"suffix":"x"}}]}`:   `a: Unsupported prefix pattern: suffix`,
		`{"a":[{"prefix":{"equals-ignore-case":1}}]}`:                    `a: equals-ignore-case match pattern must be a string`,
		`{"a":[{"suffix":[".png"]}]}`:                                    `a: suffix match pattern must be a string`,
		`{"a":[{"equals-ignore-case":["x"]}]}`:                           `a: equals-ignore-case match pattern must be a string`,
		`{"a":[{"equals-ignore-case":{"prefix":"x"}}]}`:                  `a: equals-ignore-case match pattern must be a string`,
		`{"a":[{"exists":"yes"}]}`:                                       `a: exists match pattern must be either true or false.`,
		`{"a":[{"exists":false,"prefix":"x"}]}`:                          `a: Only one key allowed in match expression`,
		`{"a":[{"wildcard":"arn:**:x"}]}`:                                `a: Consecutive wildcard characters at pos 5`,
		`{"a":[{"wildcard":"a\\b"}]}`:                                    `a: Invalid escape character at pos 1`,
		`{"a":[{"wildcard":"a\\"}]}`:                                     `a: Invalid escape character at pos 1`,
		`{"a":[{"wildcard":123}]}`:                                       `a: wildcard match pattern must be a string`,
		`{"a":[{"numeric":">"}]}`:                                        `a: Value of numeric must be an array.`,
		`{"a":[{"numeric":[]}]}`:                                         `a: Invalid member in numeric match`,
		`{"a":[{"numeric":[">"]}]}`:                                      `a: Value of > must be numeric`,
		`{"a":[{"numeric":["=","5"]}]}`:                                  `a: Value of equals must be numeric`,
		`{"a":[{"numeric":["!=",1]}]}`:                                   `a: Unrecognized numeric range operator: !=`,
		`{"a":[{"numeric":[">",0,"<"]}]}`:                                `a: Value of < must be numeric`,
		`{"a":[{"numeric":[">",0,">",0]}]}`:                              `a: Bad numeric range operator: >`,
		`{"a":[{"numeric":["<",5,">",0]}]}`:                              `a: Too many elements in numeric expression`,
		`{"a":[{"numeric":["=",5,"<",9]}]}`:                              `a: Too many elements in numeric expression`,
		`{"a":[{"numeric":[">",0,"<",5,"<",6]}]}`:                        `a: Too many terms in numeric range expression`,
		`{"a":[{"numeric":[">",5,"<",5]}]}`:                              `a: Bottom must be less than top`,
		`{"a":[{"numeric":["<",5000000001]}]}`:                           `a: Value must be between -5.0E9 and 5.0E9, inclusive`,
		`{"a":[{"numeric":["<",1e999]}]}`:                                `a: Value must be between`,
		`{"a":[{"cidr":["bad-type"]}]}`:                                  `a: prefix match pattern must be a string`,
		`{"a":[{"cidr":"10.0.0.0"}]}`:                                    `a: Malformed CIDR, one '/' required`,
		`{"a":[{"cidr":"10.0.0.0/x"}]}`:                                  `a: Malformed CIDR, mask bits must be an integer`,
		`{"a":[{"cidr":"10.0.0.0/-1"}]}`:                                 `a: Malformed CIDR, mask bits must not be negative`,
		`{"a":[{"cidr":"xx.11.xx/8"}]}`:                                  `a: Nonstandard IP address: xx.11.xx`,
		`{"a":[{"cidr":"10.0.0.0/32"}]}`:                                 `a: IPv4 mask bits must be < 32`,
		`{"a":[{"cidr":"::/128"}]}`:                                      `a: IPv6 mask bits must be < 128`,
		`{"a":[{"anything-but":["x",1]}]}`:                               `a: Inside anything but list, either all values are number or string, mixed type is not supported`,
		`{"a":[{"anything-but":[]}]}`:                                    `a: Inside anything but list`,
		`{"a":[{"anything-but":[null]}]}`:                                `a: Inside anything but list`,
		`{"a":[{"anything-but":null}]}`:                                  `a: Value of anything-but must be an array or single string/number value.`,
		`{"a":[{"anything-but":{"numeric":[">",1]}}]}`:                   `a: Unsupported anything-but pattern: numeric`,
		`{"a":[{"anything-but":{"prefix":""}}]}`:                         `a: Null prefix/suffix not allowed`,
		`{"a":[{"anything-but":{"suffix":["x",""]}}]}`:                   `a: Null prefix/suffix not allowed`,
		`{"a":[{"anything-but":{"prefix":123}}]}`:                        `a: prefix/suffix match pattern must be a string`,
		`{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}`: `a: Value of anything-but must be an array or single string/number value.`,
		`{"a":[{"anything-but":{"wildcard":[1,"*"]}}]}`:                  `a: wildcard match pattern must be a string`,
		`{"a":[{"anything-but":{"wildcard":"**"}}]}`:                     `a: Consecutive wildcard characters at pos 1`,
		`{"a":[{"anything-but":{"equals-ignore-case":[123,456]}}]}`:      `a: Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.`,
		`{"a":[{"anything-but":{"equals-ignore-case":[]}}]}`:             `a: Empty arrays are not allowed`,
		`{"a":[{"anything-but":{"prefix":"x","suffix":"y"}}]}`:           `a: Only one key allowed in match expression`,
		`{"$or":[{"a":["x"]}]}`:                                          `$or: Unrecognized match type a`,
		`{"$or":[]}`:                                                     `$or: Empty arrays are not allowed`,
		`{"$or":[{"a":["x"]},{}]}`:                                       `Empty objects are not allowed`,
		`{"$or":[{"a":["x"]},"b"]}`:                                      `$or: Unrecognized match type a`,
		`{"$or":[{"a":{"prefix":["x"]}},{"b":["y"]}]}`:                   `a: prefix is Ruler reserved fieldName which cannot be used inside $or.`,
		`{"a":["x"],"a":["y"]}`:                                          "a: Path `a` cannot be allowed multiple times",
		`{"a":{"b":["x"]},"a.b":["y"]}`:                                  "a.b: Path `a.b` cannot be allowed multiple times",
		`{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}`:                    "a: Path `a` cannot be allowed multiple times",
		strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300):    `nests too deep`,
	} {
		_, err := Compile(text)
		var refused *Error
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "pattern: "+want) && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestOrMakesNoMoreThanAThousandCombinations(t *testing.T) {
	or := func(n int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`{"x":[%d]}`, i))
		}
		return `{"$or":[` + strings.Join(members, ",") + `]}`
	}
	three := func(a, b, c int) string { return `{"a":` + or(a) + `,"b":` + or(b) + `,"c":` + or(c) + `}` }
	if p, err := Compile(three(10, 10, 10)); err != nil || len(p.any) != 1000 {
		t.Errorf("10·10·10: got %v, want 1000 combinations", err)
	} else if !p.Match(decode(t, `{"a":{"x":9},"b":{"x":3},"c":{"x":0}}`)) {
		t.Error("the last combination does not match")
	}
	var refused *Error
	if _, err := Compile(three(10, 10, 11)); !errors.As(err, &refused) || !refused.TooMany {
		t.Errorf("10·10·11: got %v, want a refusal as too many", err)
	}
}

func TestMatchLeavesTheEventAsItWas(t *testing.T) {
	p, err := Compile(`{"a":{"b":["x"],"c":["y"]},"d":{"e":[1]}}`)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"a":{"c":"y"},"a.b":"x","d":[2],"d.e":1}`
	event := decode(t, text)
	for range 2 {
		if !p.Match(event) {
			t.Error("got no match, want one each time")
		}
	}
	if after, err := json.Marshal(event); err != nil || string(after) != text {
		t.Errorf("got %s, %v after matching, want %s", after, err, text)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, err := Compile(`{"source":["omnihub"],"detail-type":["message.stored",{"prefix":"contact."}],"detail":{"team":["t1","t2"],"$or":[{"n":[{"numeric":[">",3]}]},{"tags":["vip"]}]}}`)
	if err != nil {
		b.Fatal(err)
	}
	event := decode(b, `{"version":"0","id":"1","detail-type":"contact.changed","source":"omnihub","account":"0","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{"team":"t2","n":1,"tags":["a","b","vip"]}}`)
	for b.Loop() {
		if !p.Match(event) {
			b.Fatal("no match")
		}
	}
}
