package hub_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/hub"
)

const hidden = "canary-0912733918"

// carrier holds values in every way in which product code may.
type carrier struct {
	Person  hub.Personal
	Secret  hub.Secret
	Pointer *hub.Personal
	List    []hub.Personal
	Map     map[string]hub.Secret
	Any     any
}

func newCarrier() carrier {
	p := hub.Personal(hidden)
	return carrier{p, hidden, &p, []hub.Personal{p}, map[string]hub.Secret{"a": hidden}, p}
}

func TestSecretsAndPersonsCannotBePrinted(t *testing.T) {
	c := newCarrier()
	values := []any{c, &c, c.Person, c.Secret, c.Pointer, c.List, c.Map, c.Any, []any{c}, map[string]any{"a": c}, struct{ C carrier }{c}}
	// %T and %p print a type and an address; %w of what is no error is refused by vet.
	for _, verb := range strings.Split("v +v #v s q x X d t f e c U b o 10s -10v .3s", " ") {
		for _, v := range values {
			if got := fmt.Sprintf("%"+verb, v); strings.Contains(got, hidden[:6]) || strings.Contains(got, hidden[8:]) || strings.Contains(got, fmt.Sprintf("%x", hidden)) {
				t.Errorf("%%%s of a %T: got %s", verb, v, got)
			}
		}
	}
	for _, v := range values {
		for _, got := range []string{fmt.Sprint(v), fmt.Sprintln(v), fmt.Errorf("x: %w", hub.E(hub.Internal, "x", fmt.Errorf("%v", v))).Error()} {
			if strings.Contains(got, hidden) {
				t.Errorf("a %T: got %s", v, got)
			}
		}
	}
}

func TestSecretsAndPersonsCannotBeLoggedOrEncoded(t *testing.T) {
	c := newCarrier()
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&out, nil)), slog.New(slog.NewTextHandler(&out, nil))} {
		log.With("with", c.Person).WithGroup("g").Info("m", "person", c.Person, "secret", c.Secret, "pointer", c.Pointer, "list", c.List,
			"all", c, "map", c.Map, "error", errors.New(c.Person.String()), slog.Group("group", "person", c.Person))
	}
	encoded, err := json.Marshal(map[string]any{"carrier": c, "person": c.Person, "list": c.List})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String() + string(encoded); strings.Contains(got, hidden) {
		t.Errorf("got %s", got)
	}
	if c.Person.Reveal() != hidden || c.Secret.Reveal() != hidden {
		t.Error("the value is gone")
	}
}

// TestNoFieldHidesSecretsFromTheirMethods finds fields of structs that fmt would print
// raw: those that are not exported, of a type that hides its value.
func TestNoFieldHidesSecretsFromTheirMethods(t *testing.T) {
	structs := 0
	for _, root := range []string{"../../internal", "../../functions"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return nil // somebody is writing it
			}
			ast.Inspect(file, func(n ast.Node) bool {
				s, ok := n.(*ast.StructType)
				if !ok {
					return true
				}
				structs++
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						if !name.IsExported() && hides(f.Type) {
							t.Errorf("%s: the field %s would be printed: export it, or keep a pointer", path, name.Name)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if structs < 100 {
		t.Errorf("looked at %d structs, want those of the whole project", structs)
	}
}

// hides reports whether a type holds a value that is not to be printed.
func hides(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name == "Secret" || t.Name == "Personal" || t.Name == "Secrets"
	case *ast.SelectorExpr:
		return hides(t.Sel)
	case *ast.ArrayType:
		return hides(t.Elt)
	case *ast.MapType:
		return hides(t.Key) || hides(t.Value)
	}
	return false
}
