package events

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

const sample = `{"name":"Ann","quote":"a \"b\"","n":1.50,"ok":false,"none":null,"empty":"","tags":["a","b"],"who":{"id":"x","list":[{"k":1},{"k":2},{}]},"a b":1,"x":{"*":0}}`

// event of the tests.
func sampleEvent() *event {
	ev := &event{id: "i", source: "s", kind: "k", account: "0", region: "r", detail: sample, resources: []string{"a"}, time: noon, ingested: noon}
	ev.write()
	return ev
}

func TestPathLeadsToFieldsElementsAndAll(t *testing.T) {
	text := json.RawMessage(sampleEvent().text)
	for path, want := range map[string]string{
		"$":                         string(text),
		"$.id":                      `"i"`,
		"$.detail-type":             `"k"`,
		"$.detail.n":                `1.50`,
		"$.detail.none":             `null`,
		"$.detail.tags":             `["a","b"]`,
		"$.detail.tags[1]":          `"b"`,
		"$.resources[0]":            `"a"`,
		"$.detail.who.list[1].k":    `2`,
		"$.detail.who.list[*].k":    `[1,2]`,
		"$.detail.who.list[9].k":    ``,
		"$.detail.who.*":            `["x",[{"k":1},{"k":2},{}]]`,
		"$.detail.name.x":           ``,
		"$.detail.who[0]":           ``,
		"$.detail.nothing":          ``,
		"$.detail.nothing[*]":       ``,
		"$['detail']['a b']":        `1`,
		`$.detail["tags"][0]`:       `"a"`,
		"$.detail['x']['*']":        `0`,
		"$.detail.who.list[*][*]":   `[[1],[2],[]]`,
		"$.detail.name[*]":          `[]`,
		"$.detail.who.list[0][*].x": `[]`,
	} {
		p, err := parsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, found := p.find(text)
		if string(got) != want && found || found != (want != "") {
			t.Errorf("%s: got %s, %v, want %s", path, got, found, want)
		}
	}
	for _, path := range []string{"", "detail", "$detail", "$.", "$..id", "$.a[", "$.a[-1]", "$.a[x]", "$.a[0:2]", "$.a[?(@.b)]", "$.a b", "$['a'", "$['']", "$.a.length()"} {
		if _, err := parsePath(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: got %v, want a refusal that names it", path, err)
		}
	}
}

func rendered(t *testing.T, target Target) (string, error) {
	t.Helper()
	target.Id = "t"
	render, err := newRenderer(target)
	if err != nil {
		t.Fatalf("%+v: %v", target.InputTransformer, err)
	}
	return render(sampleEvent(), &rule{arn: "arn:rule", ruleRecord: ruleRecord{Name: "r"}})
}

func TestTemplateTakesValuesWithinAndOutsideOfStrings(t *testing.T) {
	paths := map[string]string{"name": "$.detail.name", "quote": "$.detail.quote", "n": "$.detail.n", "ok": "$.detail.ok", "none": "$.detail.none",
		"tags": "$.detail.tags", "who": "$.detail.who", "missing": "$.detail.missing", "empty": "$.detail.empty"}
	for template, want := range map[string]string{
		`{"a": <name>}`:                            `{"a":"Ann"}`,
		`{"a": "<name>"}`:                          `{"a":"Ann"}`,
		`{"a": "x \"<name>\" y"}`:                  `{"a":"x \"Ann\" y"}`,
		`{"a": "\\<name>"}`:                        `{"a":"\\Ann"}`,
		`{"a": <quote>}`:                           `{"a":"a \"b\""}`,
		`{"a": <n>, "b": "<n>"}`:                   `{"a":1.50,"b":"1.50"}`,
		`{"a": <ok>, "b": "<ok>"}`:                 `{"a":false,"b":"false"}`,
		`{"a": <none>, "b": "<none>"}`:             `{"a":null,"b":"null"}`,
		`{"a": <missing>, "b": "<missing>"}`:       `{"a":"","b":""}`,
		`{"a": <empty>}`:                           `{"a":""}`,
		`{"a": <tags>, "<name>": 1}`:               `{"a":["a","b"],"Ann":1}`,
		`[<name>, <n>]`:                            `["Ann",1.50]`,
		`[INFO] <name>`:                            `[INFO] "Ann"`,
		`"<name> has <tags> and <n>"`:              `"Ann has [a,b] and 1.50"`,
		`"<name>"` + "\n" + `"<quote>"`:            `"Ann"` + "\n" + `"a "b""`,
		`<name> is here`:                           `"Ann" is here`,
		`<who>`:                                    `{"id":"x","list":[{"k":1},{"k":2},{}]}`,
		`"5 > 4 and <name>"`:                       `"5 > 4 and Ann"`,
		`"5 < 4"`:                                  `"5 < 4"`,
		`"<aws.events.rule-name> triggered"`:       `"r triggered"`,
		`{"r": <aws.events.rule-arn>}`:             `{"r":"arn:rule"}`,
		`{"h": <aws.events.event>}`:                `{"h":{"id":"i","account":"0","detailType":"k","time":"2026-01-02T12:00:00Z","source":"s","region":"r","resources":["a"],"version":"0"}}`,
		`{"t": <aws.events.event.ingestion-time>}`: `{"t":"2026-01-02T12:00:00Z"}`,
		`<aws.events.event.json>`:                  sampleEvent().text,
	} {
		got, err := rendered(t, Target{InputTransformer: &InputTransformer{InputTemplate: template, InputPathsMap: paths}})
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", template, got, err, want)
		}
	}
	// A value within a string is not escaped, so these make no JSON.
	for _, template := range []string{`{"a": "<quote>"}`, `{"a": "<who>"}`, `["<quote>"]`} {
		if got, err := rendered(t, Target{InputTransformer: &InputTransformer{InputTemplate: template, InputPathsMap: paths}}); err == nil {
			t.Errorf("%s: got %s, want an error", template, got)
		}
	}
}

func TestTargetInputThatAWSRefusesIsRefused(t *testing.T) {
	many := map[string]string{}
	for i := range 101 {
		many[strings.Repeat("x", i+1)] = "$.id"
	}
	for name, target := range map[string]Target{
		"two inputs":          {Input: "1", InputPath: "$.id"},
		"all inputs":          {Input: "1", InputPath: "$.id", InputTransformer: &InputTransformer{InputTemplate: "x"}},
		"no JSON":             {Input: "{"},
		"long input":          {Input: `"` + strings.Repeat("x", 8191) + `"`},
		"long path":           {InputPath: "$." + strings.Repeat("x", 255)},
		"no template":         {InputTransformer: &InputTransformer{}},
		"long template":       {InputTransformer: &InputTransformer{InputTemplate: strings.Repeat("x", 8193)}},
		"many variables":      {InputTransformer: &InputTransformer{InputTemplate: "x", InputPathsMap: many}},
		"reserved variable":   {InputTransformer: &InputTransformer{InputTemplate: "x", InputPathsMap: map[string]string{"AWS.x": "$.id"}}},
		"bad name":            {InputTransformer: &InputTransformer{InputTemplate: "x", InputPathsMap: map[string]string{"a b": "$.id"}}},
		"unknown variable":    {InputTransformer: &InputTransformer{InputTemplate: `"<x>"`}},
		"variable as a key":   {InputTransformer: &InputTransformer{InputTemplate: `{<x>: 1}`, InputPathsMap: map[string]string{"x": "$.id"}}},
		"braces without JSON": {InputTransformer: &InputTransformer{InputTemplate: `{ <x>`, InputPathsMap: map[string]string{"x": "$.id"}}},
		"path":                {InputTransformer: &InputTransformer{InputTemplate: `"<x>"`, InputPathsMap: map[string]string{"x": "id"}}},
	} {
		if _, err := newRenderer(target); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"a": <x>, "b": "<y>"}`, `{"t":"a \"b\"","n":[1,{"k":null}]}`)
	f.Add(`"<x> \" <aws.events.event.json>`, `{}`)
	f.Add(`[<aws.events.event>, "\\<y>"]`, `{"n":1e5}`)
	f.Fuzz(func(t *testing.T, text, detail string) {
		if !utf8.ValidString(detail) || !json.Valid([]byte(detail)) || !strings.HasPrefix(detail, "{") {
			return
		}
		render, err := newRenderer(Target{Id: "t", InputTransformer: &InputTransformer{InputTemplate: text,
			InputPathsMap: map[string]string{"x": "$.detail.n", "y": "$.detail.t"}}})
		if err != nil {
			return
		}
		ev := &event{id: "i", source: "s", kind: "k", detail: detail, time: noon, ingested: noon}
		ev.write()
		got, err := render(ev, &rule{})
		if err == nil && strings.HasPrefix(strings.TrimSpace(text), "{") && !json.Valid([]byte(got)) {
			t.Errorf("%s on %s: got %s, want JSON or an error", text, detail, got)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add("s", "k", "r", `{"a":1}`)
	f.Add("quote \" \\ \n", "grüße \u2028 <&>", "\x00\x7f", `{"a":"\ud800"}`)
	f.Fuzz(func(t *testing.T, source, kind, resource, detail string) {
		if !json.Valid([]byte(detail)) || !strings.HasPrefix(detail, "{") {
			return
		}
		for _, s := range []string{source, kind, resource, detail} {
			if !utf8.ValidString(s) {
				return
			}
		}
		ev := &event{id: "i", source: source, kind: kind, resources: []string{resource}, detail: detail, time: noon}
		ev.write()
		var got struct {
			Source    string
			Kind      string `json:"detail-type"`
			Resources []string
		}
		if err := json.Unmarshal([]byte(ev.text), &got); err != nil || got.Source != source || got.Kind != kind || got.Resources[0] != resource {
			t.Errorf("got %+v of %s (%v), want %q, %q, %q", got, ev.text, err, source, kind, resource)
		}
		tree := ev.tree()
		if tree["source"] != source || tree["detail"] == nil || !json.Valid(ev.head()) {
			t.Errorf("got %v", tree)
		}
	})
}
