package conformance

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const sample = `{"name":"Ann","n":1.50,"ok":true,"none":null,"tags":["a","b"],"who":{"id":"x","list":[{"k":1},{"k":2}]}}`

func TestTargetInputIsTheConstantThePartOrTheTemplate(t *testing.T) {
	c := newCloud(t)
	l := c.bus(t)
	transformer := func(template string, paths map[string]string) func(*types.Target) {
		return func(t *types.Target) {
			t.InputTransformer = &types.InputTransformer{InputTemplate: &template, InputPathsMap: paths}
		}
	}
	path := func(path string) func(*types.Target) { return func(t *types.Target) { t.InputPath = &path } }
	paths := map[string]string{"name": "$.detail.name", "n": "$.detail.n", "tags": "$.detail.tags", "tag": "$.detail.tags[1]",
		"who": "$.detail.who", "missing": "$.detail.nothing", "detail-type": "$.detail-type", "ok": "$.detail.ok"}
	for name, test := range map[string]struct {
		change func(*types.Target)
		want   string
	}{
		"constant":                  {func(t *types.Target) { t.Input = aws.String(`{"job":"sweep"}`) }, `{"job":"sweep"}`},
		"detail":                    {path("$.detail.who"), `{"id":"x","list":[{"k":1},{"k":2}]}`},
		"text":                      {path("$.detail.name"), `"Ann"`},
		"number":                    {path("$.detail.n"), `1.50`},
		"index":                     {path("$.detail.who.list[1].k"), `2`},
		"text template":             {transformer(`"Event <detail-type> of <name>: <missing>."`, paths), `"Event thing of Ann: ."`},
		"brackets in text":          {transformer(`"{[/<name>"`, paths), `"{[/Ann"`},
		"JSON template":             {transformer("{\n \"name\": <name>, \"n\": <n>, \"all\": [ 9, <tags>, true ], \"t\": \"<tag> of \\\"<name>\\\"\", \"who\": <who>, \"ok\": <ok>\n}", paths), `{"name":"Ann","n":1.50,"all":[9,["a","b"],true],"t":"b of \"Ann\"","who":{"id":"x","list":[{"k":1},{"k":2}]},"ok":true}`},
		"what is missing":           {transformer(`{"name": <missing>, "text": "<missing>"}`, paths), `{"name":"","text":""}`},
		"variable twice":            {transformer(`{"a": <name>, "b": <name>}`, paths), `{"a":"Ann","b":"Ann"}`},
		"template without variable": {transformer(`{"a": 1}`, nil), `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			q := c.inbox(t, false, nil)
			kind := unique("k")
			l.rule(t, `{"detail-type":["`+kind+`"]}`, q.to(t, test.change))
			l.put(t, l.entry(kind, sample))
			want := strings.ReplaceAll(test.want, "thing", kind)
			if got := *q.arrived(t, 1)[0].Body; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestTemplateKnowsTheReservedVariables(t *testing.T) {
	c := newCloud(t)
	l, q := c.bus(t), c.inbox(t, false, nil)
	template := `{"arn": <aws.events.rule-arn>, "name": "rule <aws.events.rule-name>", "at": <aws.events.event.ingestion-time>, "head": <aws.events.event>, "all": <aws.events.event.json>}`
	rule, arn := l.rule(t, `{"source":["conformance"]}`, q.to(t, func(t *types.Target) {
		t.InputTransformer = &types.InputTransformer{InputTemplate: &template}
	}))
	id := l.put(t, l.entry("k", `{"n":1}`))[0]
	body := *q.arrived(t, 1)[0].Body
	for _, want := range []string{`"arn":"` + arn + `"`, `"name":"rule ` + rule + `"`, `"at":"20`, `"head":{"id":"` + id + `"`, `"detailType":"k"`,
		`"all":{"version":"0","id":"` + id + `"`, `"detail":{"n":1}}}`} {
		if !strings.Contains(body, want) {
			t.Errorf("got %s, want %s in it", body, want)
		}
	}
	if strings.Count(body, `"detail":`) != 1 {
		t.Errorf("got %s, want the detail only in the whole event", body)
	}
}

// Each pair of a pattern and an event was judged by AWS or is of its guide; the unit
// tests of the pattern package have more.
func TestEventPatternIsTested(t *testing.T) {
	api := newCloud(t).events()
	event := func(detail string) string {
		return `{"id":"1","source":"s","detail-type":"k","account":"123456789012","region":"us-east-1","time":"2022-07-13T13:48:01Z","resources":[],"detail":` + detail + `}`
	}
	for _, test := range []struct {
		pattern, detail string
		want            bool
	}{
		{`{"source":["s"]}`, `{}`, true},
		{`{"resources":[null]}`, `{}`, false},
		{`{"resources":[{"exists":true}]}`, `{}`, false},
		{`{"detail":{"a":["x"]}}`, `{"a":["y","x"]}`, true},
		{`{"detail":{"a":[null]}}`, `{"a":null}`, true},
		{`{"detail":{"a.b":["x"]}}`, `{"a":{"b":"x"}}`, true},
		{`{"detail":{"a":{"b":["x"]}}}`, `{"a.b":{"b":"x"}}`, false},
		{`{"detail":{"a":[{"prefix":"x"}]}}`, `{"a":"xy"}`, true},
		{`{"detail":{"a":[{"prefix":{"equals-ignore-case":"X"}}]}}`, `{"a":"xy"}`, true},
		{`{"detail":{"a":[{"suffix":".png"}]}}`, `{"a":"b.png"}`, true},
		{`{"detail":{"a":[{"equals-ignore-case":"Ab"}]}}`, `{"a":"aB"}`, true},
		{`{"detail":{"a":[{"wildcard":"a*c"}]}}`, `{"a":"abbc"}`, true},
		{`{"detail":{"a":[{"numeric":[">",0,"<=",5]}]}}`, `{"a":5.0}`, true},
		{`{"detail":{"a":[{"numeric":[">",0,"<=",5]}]}}`, `{"a":"5"}`, false},
		{`{"detail":{"a":[{"cidr":"10.0.0.0/24"}]}}`, `{"a":"10.0.0.255"}`, true},
		{`{"detail":{"a":[{"exists":false}]}}`, `{"a":{"b":1}}`, true},
		{`{"detail":{"a":{"S":[{"anything-but":["r"]},{"exists":false}]}}}`, `{"b":1}`, true},
		{`{"detail":{"a":[{"anything-but":["x","y"]}]}}`, `{"a":null}`, true},
		{`{"detail":{"a":[{"anything-but":{"prefix":"init"}}]}}`, `{"a":12}`, true},
		{`{"detail":{"a":[{"anything-but":{"suffix":[".a",".b"]}}]}}`, `{"a":"x.b"}`, false},
		{`{"detail":{"a":[{"anything-but":{"wildcard":""}}]}}`, `{"a":"dir/init/file"}`, true},
		{`{"detail":{"e":{"first":["Anna"],"last":["Jones"]}}}`, `{"e":[{"first":"Anna","last":"Smith"},{"first":"Peter","last":"Jones"}]}`, false},
		{`{"detail":{"e":{"id":[{"exists":true}]}}}`, `{"e":[{"k":1},{"id":2}]}`, true},
		{`{"detail":{"$or":[{"a":[1]},{"b":[{"numeric":["<",0]}]}]}}`, `{"b":-1}`, true},
		{`{"detail":{"$or":[{"a":[1]},{"b":[{"numeric":["<",0]}]}]}}`, `{"b":1}`, false},
	} {
		out, err := api.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &test.pattern, Event: aws.String(event(test.detail))})
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
		} else if out.Result != test.want {
			t.Errorf("%s on %s: got %v, want %v", test.pattern, test.detail, out.Result, test.want)
		}
	}
	for pattern, want := range map[string]string{
		`{"a":"x"}`:                         "InvalidEventPatternException",
		`["a"]`:                             "InvalidEventPatternException",
		`{"a":[{"EXISTS":true}]}`:           "InvalidEventPatternException",
		`{"a":[{"numeric":[">",0,">",0]}]}`: "InvalidEventPatternException",
		`{"a":[{"cidr":"10.0.0.0"}]}`:       "InvalidEventPatternException",
		`{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}`: "InvalidEventPatternException",
	} {
		_, err := api.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: aws.String(event(`{}`))})
		if got := code(err); got != want {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
	for _, bad := range []string{`this is no JSON`, `[]`, `{"source":"s"}`} {
		_, err := api.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"source":["s"]}`), Event: &bad})
		wantCode(t, err, "ValidationException")
	}
}
