package deploy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// resource is one resource of the template. Intrinsics stand as text:
// "!GetAtt X.Arn", "!Ref X", "!Sub …".
type resource struct {
	name, kind string
	attributes map[string]any // beside Properties: DeletionPolicy, Metadata …
	properties map[string]any
}

type document struct {
	text       string
	parameters map[string]any
	globals    map[string]any
	resources  map[string]resource
}

func read(t *testing.T) document {
	t.Helper()
	raw, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	top, ok := plain(root.Content[0]).(map[string]any)
	if !ok {
		t.Fatal("the template is no mapping")
	}
	doc := document{text: string(raw), resources: map[string]resource{}}
	doc.parameters, _ = top["Parameters"].(map[string]any)
	doc.globals, _ = top["Globals"].(map[string]any)
	all, _ := top["Resources"].(map[string]any)
	for name, v := range all {
		m := v.(map[string]any)
		properties, _ := m["Properties"].(map[string]any)
		doc.resources[name] = resource{name: name, kind: fmt.Sprint(m["Type"]), attributes: m, properties: properties}
	}
	if len(doc.resources) < 20 {
		t.Fatalf("read %d resources, want the whole template", len(doc.resources))
	}
	return doc
}

// plain turns a node into maps, lists and text; a tagged scalar keeps its tag.
func plain(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(n.Content[i+1])
		}
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return map[string]any{n.Tag: m}
		}
		return m
	case yaml.SequenceNode:
		var list []any
		for _, c := range n.Content {
			list = append(list, plain(c))
		}
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return map[string]any{n.Tag: list}
		}
		return list
	case yaml.AliasNode:
		return plain(n.Alias)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n.Tag + " " + n.Value
	}
	return n.Value
}

// at walks into maps by names; nil if one is missing.
func at(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// text is a leaf as text, "" if it is missing.
func text(v any, path ...string) string {
	leaf := at(v, path...)
	if leaf == nil {
		return ""
	}
	return fmt.Sprint(leaf)
}

// list is a value that may be one or several, as several.
func list(v any) []any {
	switch l := v.(type) {
	case nil:
		return nil
	case []any:
		return l
	}
	return []any{v}
}

func (d document) of(kind string) []resource {
	var found []resource
	for _, r := range d.resources {
		if r.kind == kind {
			found = append(found, r)
		}
	}
	return found
}

// event is one event of a function.
type event struct {
	function, name, kind string
	properties           map[string]any
}

func (d document) events(kind string) []event {
	var found []event
	for _, f := range d.of("AWS::Serverless::Function") {
		all, _ := f.properties["Events"].(map[string]any)
		for name, v := range all {
			if text(v, "Type") == kind {
				properties, _ := at(v, "Properties").(map[string]any)
				found = append(found, event{f.name, name, kind, properties})
			}
		}
	}
	return found
}

// target is the logical id that an intrinsic names: "!GetAtt X.Arn" gives X.
func target(v any) string {
	s := fmt.Sprint(v)
	if _, name, ok := strings.Cut(s, " "); ok {
		s = name
	}
	name, _, _ := strings.Cut(s, ".")
	return name
}
