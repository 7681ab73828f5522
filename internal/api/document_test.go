package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/team/apikey"
)

// described is the description as far as the tests of it go.
type described struct {
	OpenAPI    string `json:"openapi"`
	Paths      map[string]map[string]described1
	Components struct {
		Schemas    map[string]map[string]any
		Parameters map[string]struct {
			Name, In string
			Schema   map[string]any
		}
	}
}

type described1 struct {
	ID          string      `json:"operationId"`
	Roles       []hub.Role  `json:"x-roles"`
	Scope       string      `json:"x-scope"`
	Security    []any       `json:"security"`
	Summary     string      `json:"summary"`
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	} `json:"requestBody"`
	Responses map[string]any
}

func (d described1) takes(ref string) bool {
	return slices.ContainsFunc(d.Parameters, func(p parameter) bool { return p.Ref == "#/components/parameters/"+ref })
}

func readDescription(t *testing.T) described {
	t.Helper()
	var d described
	if err := json.Unmarshal(openapi, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDescriptionAndTableSayTheSame(t *testing.T) {
	d := readDescription(t)
	left := map[string]bool{}
	for path, methods := range d.Paths {
		for method := range methods {
			left[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, r := range Routes() {
		op, ok := d.Paths[r.Path][strings.ToLower(r.Method)]
		if !ok {
			t.Errorf("%s %s is served and not described", r.Method, r.Path)
			continue
		}
		delete(left, r.Method+" "+r.Path)
		schema := strings.TrimPrefix(op.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")
		if op.ID != r.Operation || !slices.Equal(op.Roles, r.Roles) || op.Scope != r.Scope || schema != r.Body || op.Summary == "" {
			t.Errorf("%s %s: got %+v described, want %s for %v, scope %q, body %q", r.Method, r.Path, op, r.Operation, r.Roles, r.Scope, r.Body)
		}
		if op.Responses[fmt.Sprint(r.Success)] == nil {
			t.Errorf("%s: its answer with status %d is not described", r.Operation, r.Success)
		}
		if op.takes("if_match") != r.IfMatch || op.takes("idempotency_key") != (r.Access == ForMembers && r.Method != "GET") {
			t.Errorf("%s: its headers are described otherwise than it takes them", r.Operation)
		}
		if open := r.Access == ForAll; open != (op.Security != nil && len(op.Security) == 0) {
			t.Errorf("%s: whether it is for everybody is described otherwise", r.Operation)
		}
		for name := range strings.SplitSeq(r.Path, "/") {
			if m := paramForm.FindStringSubmatch(name); m != nil && !op.takes(m[1]) {
				t.Errorf("%s: the parameter %s is not described", r.Operation, name)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("described and not served: %v", slices.Sorted(maps.Keys(left)))
	}
}

func TestFormsOfPathParametersAreThoseThatAreDescribed(t *testing.T) {
	d := readDescription(t)
	for name, form := range forms {
		p, ok := d.Components.Parameters[name]
		if !ok {
			t.Errorf("%s is not described", name)
			continue
		}
		if p.In != "path" || p.Schema["pattern"] != form.String() {
			t.Errorf("%s: got %v described, want %s", name, p.Schema, form)
		}
	}
}

func TestEverySchemaIsWholeStrictAndItsExamplesFit(t *testing.T) {
	d, doc := readDescription(t), &document{}
	for name, schema := range d.Components.Schemas {
		s, err := doc.schema("/components/schemas/" + name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		examples, _ := schema["examples"].([]any)
		for _, e := range examples {
			if err := s.Validate(e); err != nil {
				t.Errorf("%s: its example does not fit: %v", name, err)
			}
		}
		bounded(t, name, schema)
	}
	for _, r := range Routes() {
		if r.Body == "" {
			continue
		}
		schema := d.Components.Schemas[r.Body]
		if examples, _ := schema["examples"].([]any); len(examples) == 0 {
			t.Errorf("%s has no example", r.Body)
		}
		limited(t, d, r.Body, schema, map[string]bool{})
	}
}

// bounded holds that objects name what they may have.
func bounded(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if v["properties"] != nil && v["type"] == "object" && v["additionalProperties"] != false {
			t.Errorf("%s: takes members that it does not name", at)
		}
		for name, child := range v {
			if name != "examples" {
				bounded(t, at+"/"+name, child)
			}
		}
	case []any:
		for i, child := range v {
			bounded(t, fmt.Sprint(at, "/", i), child)
		}
	}
}

// limited holds that every text and list that a caller may give has its length.
func limited(t *testing.T, d described, at string, schema map[string]any, seen map[string]bool) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		if !seen[name] {
			seen[name] = true
			limited(t, d, name, d.Components.Schemas[name], seen)
		}
		return
	}
	is := func(kind string) bool {
		list, _ := schema["type"].([]any)
		return schema["type"] == kind || slices.Contains(list, any(kind))
	}
	if is("string") && schema["maxLength"] == nil && schema["enum"] == nil && schema["pattern"] == nil {
		t.Errorf("%s: a text has no greatest length", at)
	}
	if is("array") && schema["maxItems"] == nil {
		t.Errorf("%s: a list has no greatest length", at)
	}
	for _, group := range []string{"properties"} {
		members, _ := schema[group].(map[string]any)
		for name, child := range members {
			if m, ok := child.(map[string]any); ok {
				limited(t, d, at+"/"+name, m, seen)
			}
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if child, ok := schema[name].(map[string]any); ok {
			limited(t, d, at+"/"+name, child, seen)
		}
	}
}

func TestDescriptionIsServedToEverybodyAsItIs(t *testing.T) {
	sc := newScene(t)
	got := sc.do(ask{method: "GET", path: "/v1/openapi.json"}).want(t, "document", 200, "")
	if got.raw != string(openapi) || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d bytes of %s", len(got.raw), got.header.Get("Content-Type"))
	}
}

func TestEveryScopeOfTheTableIsOneThatKeysMayHave(t *testing.T) {
	for _, r := range Routes() {
		if r.Scope != "" && !apikey.Scope(r.Scope).Known() {
			t.Errorf("%s: no key has the scope %q", r.Operation, r.Scope)
		}
		for _, word := range []string{"/members", "/keys"} {
			if strings.Contains(r.Path, word) && r.Scope != "" {
				t.Errorf("%s: programs get at members or keys", r.Operation)
			}
		}
	}
}

func TestTableThatLetsNobodyInDoesNotStart(t *testing.T) {
	good := func() Route {
		return in("GET", "/x/{member}", "x", admins, nobody, "", 200, (*API).showMember)
	}
	if _, err := compile([]Route{good()}); err != nil {
		t.Fatalf("got %v for a good route", err)
	}
	for name, spoil := range map[string]func(*Route){
		"no roles":         func(r *Route) { r.Roles = nil },
		"a role too many":  func(r *Route) { r.Roles = []hub.Role{"owner"} },
		"no handler":       func(r *Route) { r.handle = nil },
		"no status":        func(r *Route) { r.Success = 0 },
		"no name":          func(r *Route) { r.Operation = "" },
		"no team":          func(r *Route) { r.Path = "/v1/x" },
		"open with roles":  func(r *Route) { r.Access = ForAll },
		"an unknown param": func(r *Route) { r.Path = "/v1/teams/{team}/{nosuch}" },
	} {
		r := good()
		spoil(&r)
		if _, err := compile([]Route{r}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	twice, other := good(), good()
	if _, err := compile([]Route{twice, other}); err == nil {
		t.Error("the same route twice: got no error")
	}
	other.Operation = "y"
	if _, err := compile([]Route{twice, other}); err == nil {
		t.Error("two routes of one path: got no error")
	}
	other.Path = "/v1/teams/{team}/x/{key}/y"
	if _, err := compile([]Route{twice, other}); err == nil {
		t.Error("two parameters in one place: got no error")
	}
}
