package body_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
)

func TestParseGivesWhatTheTextSays(t *testing.T) {
	got, err := body.Parse([]byte(` {"a":[1.10,-2e3,"x\n",true,null,{}],"b":{"c":[]}} `))
	want := map[string]any{
		"a": []any{json.Number("1.10"), json.Number("-2e3"), "x\n", true, nil, map[string]any{}}, "b": map[string]any{"c": []any{}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v, want %#v", got, err, want)
	}
}

func TestParseNamesThePlaceOfWhatIsWrong(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, place := range map[string]string{
		`{"a":{"b":1,"b":2}}`:               "/a/b",
		`[{"a":1},{"a":1,"a":1}]`:           "/1/a",
		`{"a":`:                             "/a",
		`{"a" 1}`:                           "/a",
		`{a:1}`:                             "",
		`[1,]`:                              "/1",
		`[1 2]`:                             "/1",
		"":                                  "",
		"nul":                               "",
		`{"a":01}`:                          "",
		`{"a":1e309}`:                       "/a",
		`{"a":1e-309}`:                      "/a",
		`{"a":1e99999999999999999999999}`:   "/a",
		`[` + strings.Repeat("9", 41) + `]`: "/0",
		`{"a/~":tru}`:                       "/a~1~0",
		"\"\xff\"":                          "",
		`1 1`:                               "",
		deep(body.MaxDepth + 1):             strings.Repeat("/0", body.MaxDepth),
	} {
		_, err := body.Parse([]byte(text))
		var p *problem.Problem
		if !errors.As(err, &p) || p.Code != hub.BadRequest || len(p.Errors) != 1 {
			t.Errorf("%.40s: got %v, want a problem with one place", text, err)
			continue
		}
		if got := p.Errors[0].Field; got != place {
			t.Errorf("%.40s: got the place %q, want %q", text, got, place)
		}
	}
	if _, err := body.Parse([]byte(deep(body.MaxDepth))); err != nil {
		t.Errorf("got %v for %d levels, want none", err, body.MaxDepth)
	}
	if _, err := body.Parse([]byte(`[` + strings.Repeat("9", 40) + `,1e308,1.5e-308]`)); err != nil {
		t.Errorf("got %v for numbers that are just not too long", err)
	}
}

func TestReadBoundsTheBody(t *testing.T) {
	for size, want := range map[int]hub.Code{0: "", body.MaxBytes: "", body.MaxBytes + 1: hub.TooLarge} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size)))
		r.ContentLength = -1 // the sender did not say
		raw, err := body.Read(r)
		var p *problem.Problem
		if errors.As(err, &p); err != nil && p.Code != want || err == nil && (want != "" || len(raw) != size) {
			t.Errorf("%d bytes: got %d, %v, want %q", size, len(raw), err, want)
		}
	}
}

// FuzzParse holds that what passes is JSON of the same value as the standard library
// reads, and that nothing takes long.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"a":[1,2,{"b":null}]}`, `{"a":1,"a":2}`, `[[[[`, `"\ud800"`, "1e5", `{"":{"":[]}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := body.Parse([]byte(text))
		if err != nil {
			var p *problem.Problem
			if !errors.As(err, &p) {
				t.Fatalf("got %v, want a problem", err)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v (%v)", got, want, err)
		}
	})
}
