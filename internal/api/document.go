package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
)

// openapi describes the API. It is served as it is, and requests are held against it.
//
//go:embed openapi.json
var openapi []byte

// document is the description, read when it is first needed: a process starts without,
// and compiles the schemas of those operations only that it is asked for.
type document struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	queries  map[string]map[string]any // by operation: the schema of its query, as an object
	schemas  map[string]*jsonschema.Schema
}

const documentURL = "urn:omnihub:openapi"

// open reads the description. The lock is held.
func (d *document) open() error {
	if d.compiler != nil {
		return nil
	}
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi))
	if err != nil {
		return fmt.Errorf("api: read openapi.json: %w", err)
	}
	var doc struct {
		Paths      map[string]map[string]operation
		Components struct{ Parameters map[string]parameter }
	}
	if err := json.Unmarshal(openapi, &doc); err != nil {
		return fmt.Errorf("api: read openapi.json: %w", err)
	}
	d.queries, d.schemas = map[string]map[string]any{}, map[string]*jsonschema.Schema{}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			properties := map[string]any{}
			for _, p := range op.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					p = doc.Components.Parameters[name]
				}
				if p.In == "query" {
					properties[p.Name] = p.Schema
				}
			}
			d.queries[op.ID] = properties
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(documentURL, raw); err != nil {
		return fmt.Errorf("api: read openapi.json: %w", err)
	}
	d.compiler = c
	return nil
}

// operation is what is read of an operation of the description.
type operation struct {
	ID         string `json:"operationId"`
	Parameters []parameter
}

type parameter struct {
	Ref    string `json:"$ref"`
	Name   string
	In     string
	Schema map[string]any
}

// schema compiles what stands at a place of the description, once.
func (d *document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.open(); err != nil {
		return nil, err
	}
	if s := d.schemas[pointer]; s != nil {
		return s, nil
	}
	s, err := d.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return nil, fmt.Errorf("api: compile a schema: %w", err)
	}
	d.schemas[pointer] = s
	return s, nil
}

// check holds a body against a schema of the description.
func (d *document) check(name string, raw []byte) error {
	value, err := body.Parse(raw)
	if err != nil {
		return err
	}
	s, err := d.schema("/components/schemas/" + name)
	if err != nil {
		return err
	}
	return faults(s.Validate(value), func(path []string, detail string) problem.Field {
		return problem.Field{Field: body.Pointer(path), Detail: detail}
	})
}

// query reads the parameters of an operation.
func (d *document) query(op, raw string) (map[string]any, error) {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problem.Parameter("", "the query is not well-formed")
	}
	if len(given) == 0 {
		return nil, nil
	}
	s, properties, err := d.querySchema(op)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if len(given[name]) > 1 {
			return nil, problem.Parameter(name, "stands there twice")
		}
		p, _ := properties[name].(map[string]any)
		values[name] = typed(p["type"], given[name][0])
	}
	return values, faults(s.Validate(values), func(path []string, detail string) problem.Field {
		return problem.Field{Parameter: strings.TrimPrefix(body.Pointer(path), "/"), Detail: detail}
	})
}

// querySchema compiles the schema of an operation's query, once.
func (d *document) querySchema(op string) (*jsonschema.Schema, map[string]any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.open(); err != nil {
		return nil, nil, err
	}
	properties := d.queries[op]
	id := "urn:omnihub:query:" + op
	if s := d.schemas[id]; s != nil {
		return s, properties, nil
	}
	err := d.compiler.AddResource(id, map[string]any{"type": "object", "additionalProperties": false, "properties": properties})
	if err != nil {
		return nil, nil, fmt.Errorf("api: read the parameters of %s: %w", op, err)
	}
	s, err := d.compiler.Compile(id)
	if err != nil {
		return nil, nil, fmt.Errorf("api: read the parameters of %s: %w", op, err)
	}
	d.schemas[id] = s
	return s, properties, nil
}

var integer = regexp.MustCompile(`^-?[0-9]{1,9}$`)

// typed is a parameter's text as a value of the type that its schema names, if it is one.
func typed(want any, text string) any {
	switch {
	case want == "integer" && integer.MatchString(text):
		return json.Number(text)
	case want == "boolean" && (text == "true" || text == "false"):
		return text == "true"
	}
	return text
}

// maxFaults is how many faults of one request are named.
const maxFaults = 20

// faults is the problem of what a schema refused; nil if it refused nothing.
func faults(err error, at func(path []string, detail string) problem.Field) error {
	var wrong *jsonschema.ValidationError
	if err == nil || !errors.As(err, &wrong) {
		return err
	}
	var fields []problem.Field
	collect(wrong, func(path []string, detail string) {
		if f := at(path, detail); len(fields) < maxFaults && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	})
	return problem.New(hub.BadRequest, fields...)
}

// collect finds the places that a schema refused, in the words of fault. Of a choice of
// forms only the choice itself is told.
func collect(e *jsonschema.ValidationError, found func(path []string, detail string)) {
	at := func(name string) []string {
		return append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], name)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range slices.Sorted(slices.Values(k.Properties)) {
			found(at(name), "is not known here")
		}
	case *kind.Required:
		for _, name := range k.Missing {
			found(at(name), "is missing")
		}
	case *kind.DependentRequired:
		found(at(k.Prop), "stands only together with "+strings.Join(k.Missing, ", "))
	case *kind.AnyOf, *kind.OneOf, *kind.Not:
		found(e.InstanceLocation, "has none of the forms that are allowed")
	default:
		if len(e.Causes) == 0 {
			found(e.InstanceLocation, fault(e.ErrorKind))
		}
		for _, cause := range e.Causes {
			collect(cause, found)
		}
	}
}

// fault says in words what a keyword of a schema refused, without the value.
func fault(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("has at most %d characters", k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("has at least %d characters", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has at most %d entries", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has at least %d entries", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("has at most %d members", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("has at least %d members", k.Want)
	case *kind.Maximum:
		return "is at most " + k.Want.RatString()
	case *kind.Minimum:
		return "is at least " + k.Want.RatString()
	case *kind.Pattern:
		return "must have the form " + k.Want
	case *kind.Format:
		return "must be a " + k.Want
	case *kind.UniqueItems:
		return "has an entry twice"
	}
	return "is not allowed"
}
