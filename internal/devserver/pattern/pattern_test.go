package pattern

import (
	"strings"
	"testing"
)

func TestMatchFollowsTheOperators(t *testing.T) {
	cases := []struct {
		pattern, event string
		want           bool
	}{
		{`{"a":["x"]}`, `{"a":"x"}`, true},
		{`{"a":["x"]}`, `{"a":"X"}`, false},
		{`{"a":["x","y"]}`, `{"a":"y"}`, true},
		{`{"a":["x"],"b":[1]}`, `{"a":"x","b":1}`, true},
		{`{"a":["x"],"b":[1]}`, `{"a":"x"}`, false},
		{`{"a":[1]}`, `{"a":1.0}`, false},
		{`{"a":[true]}`, `{"a":"true"}`, false},
		{`{"a":[null]}`, `{"a":null}`, true},
		{`{"a":[null]}`, `{}`, false},
		{`{"a":[""]}`, `{"a":""}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":{"b":"x"}}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":"x"}`, false},
		{`{"a":["x"]}`, `{"a":["y","x"]}`, true},
		{`{"a":{"f":["1"],"l":["2"]}}`, `{"a":[{"f":"1","l":"3"},{"f":"3","l":"2"}]}`, false},
		{`{"a":{"f":["1"],"l":["2"]}}`, `{"a":[{"f":"1","l":"2"}]}`, true},
		{`{"a":[{"prefix":"T#"}]}`, `{"a":"T#1"}`, true},
		{`{"a":[{"prefix":"T#"}]}`, `{"a":"t#1"}`, false},
		{`{"a":[{"prefix":{"equals-ignore-case":"T#"}}]}`, `{"a":"t#1"}`, true},
		{`{"a":[{"suffix":"z"}]}`, `{"a":"az"}`, true},
		{`{"a":[{"suffix":"z"}]}`, `{"a":1}`, false},
		{`{"a":[{"equals-ignore-case":"Ab"}]}`, `{"a":"aB"}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{`{"a":[{"numeric":["=",3]}]}`, `{"a":3.0}`, true},
		{`{"a":[{"numeric":["=",3]}]}`, `{"a":"3"}`, false},
		{`{"a":[{"exists":true}]}`, `{"a":null}`, true},
		{`{"a":[{"exists":true}]}`, `{}`, false},
		{`{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, false},
		{`{"a":[{"exists":false}]}`, `{}`, true},
		{`{"a":[{"exists":false}]}`, `{"a":{"b":1}}`, true},
		{`{"a":[{"exists":false}]}`, `{"a":1}`, false},
		{`{"o":{"x":{"S":[{"exists":false}]}}}`, `{"o":{}}`, true},
		{`{"o":{"x":{"S":[{"exists":false}]}}}`, `{}`, true},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, true},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, false},
		{`{"a":[{"anything-but":"x"}]}`, `{}`, false},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":null}`, true},
		{`{"a":[{"anything-but":["x","y"]}]}`, `{"a":"y"}`, false},
		{`{"a":[{"anything-but":[1,2]}]}`, `{"a":3}`, true},
		{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, false},
		{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"y"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"x"}`, false},
		{`{"c":["z"],"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, false},
		{`{"d":{"$or":[{"a":["x"]},{"b":["y"],"c":[1]}]}}`, `{"d":{"b":"y","c":1}}`, true},
		{`{"$or":["x"]}`, `{"$or":"x"}`, true},
		{`{"a":["x",{"exists":false}]}`, `{}`, true},
		{`{"a":["x"]}`, `{"a":[]}`, false},
		{`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"gpk":{"S":[{"prefix":"S#"}]}}}}`, `{"eventName":"INSERT","dynamodb":{"NewImage":{"gpk":{"S":"S#1"}}}}`, true},
		{`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"gpk":{"S":[{"prefix":"S#"}]}}}}`, `{"eventName":"INSERT","dynamodb":{"NewImage":{"pk":{"S":"S#1"}}}}`, false},
	}
	for _, c := range cases {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		event, err := decode(c.event)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(event); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.pattern, c.event, got, c.want)
		}
	}
}

func TestCompileRefusesWhatItDoesNotKnow(t *testing.T) {
	cases := map[string]string{
		`{`:                                   "not JSON",
		`[]`:                                  "the pattern must be an object",
		`{}`:                                  "the pattern must be an object",
		`{"a":{}}`:                            "a must be an object with fields",
		`{"a":"x"}`:                           "a must be a list or an object",
		`{"a":[]}`:                            "a is an empty list",
		`{"a":[["x"]]}`:                       "a: a list within a list",
		`{"a":{"b":[{"wildcard":"x*"}]}}`:     "a.b: operator wildcard is not known",
		`{"a":[{"cidr":"10.0.0.0/8"}]}`:       "operator cidr is not known",
		`{"a":[{"prefix":"x","suffix":"y"}]}`: "an operator stands alone",
		`{"a":[{"prefix":1}]}`:                "the argument of prefix is malformed",
		`{"a":[{"exists":"yes"}]}`:            "the argument of exists is malformed",
		`{"a":[{"numeric":[">"]}]}`:           "numeric wants one or two pairs",
		`{"a":[{"numeric":["!=",1]}]}`:        "the argument of numeric is malformed",
		`{"a":[{"anything-but":["x",1]}]}`:    "anything-but wants texts or numbers",
		`{"a":[{"anything-but":{"wildcard":"x"}}]}`: "operator wildcard within anything-but is not known",
	}
	for text, want := range cases {
		if _, err := Compile(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}
