package hub

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// codes are the constants of the type Code.
func codes(t *testing.T) map[string]Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Code{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if of, ok := v.Type.(*ast.Ident); !ok || of.Name != "Code" {
				continue
			}
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[v.Names[0].Name] = Code(value)
		}
	}
	if len(found) < 30 {
		t.Fatalf("read %d codes, want all of them", len(found))
	}
	return found
}

func TestEveryCodeHasItsPlainWords(t *testing.T) {
	said := map[string]string{}
	for name, code := range codes(t) {
		words := code.Advice()
		if len(words) < 20 || !strings.HasSuffix(words, ".") || strings.Contains(words, "_") {
			t.Errorf("%s: got %q, want a sentence for people", name, words)
		}
		if other := said[words]; other != "" {
			t.Errorf("%s and %s say the same: %q", name, other, words)
		}
		said[words] = name
	}
	if n := len(codes(t)); len(advice) != n {
		t.Errorf("got advice on %d codes, want it on the %d that there are", len(advice), n)
	}
	if got := Code("").Advice(); got != "" {
		t.Errorf("no code: got %q, want nothing", got)
	}
}
