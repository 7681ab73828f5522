package catalogue

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"omnihub/internal/hub"
)

// schema is what the tests read of a schema.
type schema struct {
	Schema      string `json:"$schema"`
	Title       string
	Description string
	Type        string
	Properties  map[string]struct {
		Type, Description string
	}
	Required             []string
	AdditionalProperties *bool
	Examples             []map[string]any
}

func read(t *testing.T, kind string) schema {
	t.Helper()
	raw, ok := Schema(kind)
	if !ok {
		t.Fatalf("%s has no schema", kind)
	}
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return s
}

// constants are the kinds that internal/hub/published.go names.
func constants(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../hub/published.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				value, err := strconv.Unquote(v.Values[i].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatalf("%s: %v", name.Name, err)
				}
				if name.Name != "Source" {
					found = append(found, value)
				}
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("read %d kinds, want all of them", len(found))
	}
	return found
}

func TestEveryKindHasItsSchemaAndEverySchemaItsKind(t *testing.T) {
	want := constants(t)
	slices.Sort(want)
	if len(slices.Compact(slices.Clone(want))) != len(want) {
		t.Errorf("two constants name one kind: %v", want)
	}
	got := Kinds()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got the kinds %v, want those of internal/hub: %v", got, want)
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, e := range entries {
		named = append(named, strings.TrimSuffix(e.Name(), ".json"))
	}
	slices.Sort(named)
	if !slices.Equal(named, want) {
		t.Errorf("got the schemas %v, want those of internal/hub: %v", named, want)
	}
}

func TestEverySchemaIsWholeAndClosed(t *testing.T) {
	for _, kind := range Kinds() {
		s := read(t, kind)
		if s.Schema != "https://json-schema.org/draft/2020-12/schema" || s.Type != "object" {
			t.Errorf("%s: got schema %q of type %q, want an object by 2020-12", kind, s.Schema, s.Type)
		}
		if s.Title == "" || s.Description == "" {
			t.Errorf("%s has no title or no description", kind)
		}
		if s.AdditionalProperties == nil || *s.AdditionalProperties {
			t.Errorf("%s lets in members that it does not name", kind)
		}
		for _, name := range []string{"id", "team", "at", "trace"} {
			if !slices.Contains(s.Required, name) {
				t.Errorf("%s does not demand %s", kind, name)
			}
		}
		for _, name := range s.Required {
			if _, ok := s.Properties[name]; !ok {
				t.Errorf("%s demands %s and does not describe it", kind, name)
			}
		}
		for name, p := range s.Properties {
			if p.Type == "" || p.Description == "" {
				t.Errorf("%s: %s has no type or no description", kind, name)
			}
		}
	}
}

func TestSharedMembersAreOfOneForm(t *testing.T) {
	forms := map[string]string{}
	for _, kind := range Kinds() {
		raw, _ := Schema(kind)
		var s struct {
			Properties map[string]map[string]any
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"id", "team", "at", "trace", "account", "connection", "channel", "user", "home", "message", "conversation", "by", "actor", "target"} {
			p, ok := s.Properties[name]
			if !ok {
				continue
			}
			delete(p, "description")
			form, _ := json.Marshal(p)
			if forms[name] == "" {
				forms[name] = string(form)
			}
			if forms[name] != string(form) {
				t.Errorf("%s: %s is %s, elsewhere %s", kind, name, form, forms[name])
			}
		}
	}
}

func TestExamplesAreValidAndNothingLessIs(t *testing.T) {
	for _, kind := range Kinds() {
		compiled := compile(t, kind)
		s := read(t, kind)
		if len(s.Examples) == 0 {
			t.Errorf("%s has no example", kind)
		}
		shown := map[string]bool{}
		for _, example := range s.Examples {
			for name := range example {
				shown[name] = true
			}
			if err := compiled.Validate(again(t, example)); err != nil {
				t.Errorf("%s: the example does not fit: %v", kind, err)
			}
			for _, name := range s.Required {
				less := map[string]any{}
				for n, v := range example {
					if n != name {
						less[n] = v
					}
				}
				if compiled.Validate(again(t, less)) == nil {
					t.Errorf("%s: an event without %s fits", kind, name)
				}
			}
			more := map[string]any{"foreign": "x"}
			for n, v := range example {
				more[n] = v
			}
			if compiled.Validate(again(t, more)) == nil {
				t.Errorf("%s: an event with a foreign member fits", kind)
			}
		}
		for name := range s.Properties {
			if !shown[name] {
				t.Errorf("%s: no example shows %s", kind, name)
			}
		}
	}
}

func TestUnknownKindHasNoSchema(t *testing.T) {
	for _, kind := range []string{"", "message", "message.received.json", "../catalogue/message.received", hub.Source} {
		if _, ok := Schema(kind); ok {
			t.Errorf("there is a schema for %q", kind)
		}
	}
}

func compile(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	raw, _ := Schema(kind)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(kind+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(kind + ".json")
	if err != nil {
		t.Fatalf("%s is no schema: %v", kind, err)
	}
	return s
}

// again is a value as the validator wants it.
func again(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
