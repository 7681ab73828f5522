package env

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// beside are the folders below internal that stand beside the product.
var beside = []string{
	"localaws", "devserver", "stack", "demo", "hubtest", "budget", "cost", "canary", "chaos", "deploy", "hubctl", "mutants", "failpoint", "fake", "channeltest",
}

// source is a file of the product.
type source struct {
	path string
	set  *token.FileSet
	file *ast.File
}

func (s source) at(n ast.Node) string {
	p := s.set.Position(n.Pos())
	return filepath.ToSlash(s.path) + ":" + strconv.Itoa(p.Line)
}

// product is the source of all that runs in a function.
func product(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, root := range []string{"../../internal", "../../functions"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if slices.Contains(beside, d.Name()) || d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test") {
					return filepath.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err == nil { // else somebody is writing it, and it builds nowhere
				all = append(all, source{path, set, file})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 80 {
		t.Fatalf("read %d files, want the whole product", len(all))
	}
	return all
}

// lastName is the last name of an expression: c of a.b.c, and of a.b.c().
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		return lastName(e.Fun)
	case *ast.ParenExpr:
		return lastName(e.X)
	}
	return ""
}

// skips are the methods of a logger with the number of arguments before its pairs.
var skips = map[string]int{
	"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "DebugContext": 2, "InfoContext": 2, "WarnContext": 2, "ErrorContext": 2, "Log": 3, "With": 0,
}

// isLog reports whether an expression is a logger, by its name.
func isLog(e ast.Expr) bool {
	switch lastName(e) {
	case "Log", "log", "logger", "slog":
		return true
	case "With", "NewLog": // a logger made of another
		_, call := e.(*ast.CallExpr)
		return call
	}
	return false
}

// revealing are names of what platforms and people say, and of what must not be shown.
// An expression that ends in one of them belongs in no line and in no error's text.
var revealing = []string{
	"Raw", "raw", "Body", "body", "Head", "Text", "Preview", "Data", "External", "Address", "To", "Aliases", "Profile", "Phone", "Username", "Picture",
	"Value", "Secret", "Secrets", "Token", "Bearer", "Pepper", "Header", "RawQuery", "Query", "Reveal", "Nonce", "Content", "Detail", "Quotes",
}

// shows finds what in an expression is not to be shown: "" if nothing.
func shows(e ast.Expr) string {
	found := ""
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			// The length of a secret, and what a function made of it, are not the secret;
			// a conversion is.
			name := lastName(n.Fun)
			if name == "Reveal" {
				found = name
			}
			return name == "string" || name == "Sprint" || name == "Sprintf" || name == "Quote"
		case *ast.SelectorExpr:
			if slices.Contains(revealing, n.Sel.Name) {
				found = n.Sel.Name
			}
		case *ast.Ident:
			if slices.Contains(revealing, n.Name) {
				found = n.Name
			}
		}
		return found == ""
	})
	return found
}

// allowed are the members of those names that tell of no person: by file and line's
// expression.
var allowed = []string{
	"a.ev.Receipt.Detail", // the platform's own number of an error
}

// written is an expression of names and dots as it stands in the source.
func written(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return written(e.X) + "." + e.Sel.Name
	}
	return ""
}

func TestEveryLogLineIsOfListedKeysAndPlainWords(t *testing.T) {
	lines := 0
	for _, s := range product(t) {
		calls := map[*ast.SelectorExpr]bool{}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !isLog(method.X) {
				return true
			}
			skip, known := skips[method.Sel.Name]
			if !known {
				if method.Sel.Name != "Enabled" && lastName(method.X) != "slog" {
					t.Errorf("%s: the method %s of a logger cannot be checked", s.at(call), method.Sel.Name)
				}
				return true
			}
			calls[method] = true
			lines++
			if skip > 0 && (len(call.Args) < skip || text(call.Args[skip-1]) == "" || strings.ContainsAny(text(call.Args[skip-1]), "0123456789%")) {
				t.Errorf("%s: the message is no constant of words", s.at(call))
				return true
			}
			checkPairs(t, s, call, call.Args[skip:])
			return true
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			if method, ok := n.(*ast.SelectorExpr); ok && isLog(method.X) && !calls[method] && lastName(method.X) != "slog" {
				if _, known := skips[method.Sel.Name]; known {
					t.Errorf("%s: a logger's method is taken as a value, and what it logs cannot be checked", s.at(method))
				}
			}
			return true
		})
	}
	if lines < 30 {
		t.Errorf("found %d log lines, want all of them", lines)
	}
}

func checkPairs(t *testing.T, s source, call *ast.CallExpr, pairs []ast.Expr) {
	t.Helper()
	if len(pairs)%2 != 0 || call.Ellipsis.IsValid() {
		t.Errorf("%s: keys and values do not come in pairs", s.at(call))
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		if key := text(pairs[i]); !slices.Contains(Keys(), key) {
			t.Errorf("%s: the key %q is not listed in internal/env/log.go", s.at(pairs[i]), key)
		}
		if what := shows(pairs[i+1]); what != "" && !slices.Contains(allowed, written(pairs[i+1])) {
			t.Errorf("%s: %s may be somebody's own", s.at(pairs[i+1]), what)
		}
	}
}

// text is a string literal's value, "" for anything else.
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		v, _ := strconv.Unquote(lit.Value)
		return v
	}
	return ""
}

func TestErrorsQuoteNoBodies(t *testing.T) {
	errors := 0
	for _, s := range product(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch written(call.Fun) {
			case "fmt.Errorf", "errors.New":
			default:
				return true
			}
			errors++
			for _, arg := range call.Args {
				if what := shows(arg); what != "" {
					t.Errorf("%s: an error's text quotes %s", s.at(arg), what)
				}
			}
			return true
		})
	}
	if errors < 100 {
		t.Errorf("found %d errors, want all of them", errors)
	}
}

func TestNothingIsPrintedPastTheLog(t *testing.T) {
	for _, s := range product(t) {
		own := strings.HasSuffix(filepath.ToSlash(s.path), "internal/env/env.go")
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				if n.Path.Value == `"log"` {
					t.Errorf("%s: the package log prints what it is given", s.at(n))
				}
			case *ast.SelectorExpr:
				name := written(n)
				if strings.HasPrefix(name, "fmt.Print") || !own && (name == "os.Stdout" || name == "os.Stderr") {
					t.Errorf("%s: %s prints past the log", s.at(n), name)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
					t.Errorf("%s: %s prints past the log", s.at(n), id.Name)
				}
			}
			return true
		})
	}
}
