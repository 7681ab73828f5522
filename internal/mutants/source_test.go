package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/devserver/build"
)

func listed(t *testing.T) (string, []Mutant) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(lists, "list")
	if err != nil {
		t.Fatal(err)
	}
	all, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("got %d mutants, want the list", len(all))
	}
	return root, all
}

// TestEveryMutantFitsTheSource tells who changed a defence that its mutant must
// change with it: each is made, and its packages are type-checked. Mutants that change
// the same packages in different places are checked together, and apart if the packages
// do not compile with all of them.
func TestEveryMutantFitsTheSource(t *testing.T) {
	root, all := listed(t)
	var groups []*group
	folders := map[string]bool{}
	for _, m := range all {
		files, err := patched(root, m)
		if err != nil {
			t.Error(err)
			continue
		}
		packages := slices.Sorted(maps.Keys(folderSet(files)))
		for _, folder := range packages {
			folders["./"+folder] = true
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return slices.Equal(g.folders, packages) && g.take(root, m) })
		if i < 0 {
			groups = append(groups, &group{folders: packages, mutants: []Mutant{m}, files: files})
		}
	}
	if t.Failed() {
		return
	}
	c := &checker{root: root, known: packages(t, root, slices.Sorted(maps.Keys(folders))), fset: token.NewFileSet(), source: map[string]*ast.File{}}
	c.imports = importer.ForCompiler(c.fset, "gc", func(name string) (io.ReadCloser, error) {
		p := c.known[name]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("no export data of %s", name)
		}
		return os.Open(p.Export)
	})
	for _, g := range groups {
		if c.check(g.files) == nil {
			continue
		}
		for _, m := range g.mutants {
			files, err := patched(root, m)
			if err == nil {
				err = c.check(files)
			}
			if err != nil {
				t.Errorf("mutant %s does not compile: %v", m.Name, err)
			}
		}
	}
}

// group is mutants that change the same packages, none where another does.
type group struct {
	folders []string
	mutants []Mutant
	files   map[string][]byte // with the changes of all
}

// take makes a mutant one of the group, unless it finds its places changed.
func (g *group) take(root string, m Mutant) bool {
	files := maps.Clone(g.files)
	if patch(root, m, files) != nil {
		return false
	}
	g.mutants, g.files = append(g.mutants, m), files
	return true
}

// checker type-checks packages with changed files.
type checker struct {
	root    string
	known   map[string]*listedPackage
	fset    *token.FileSet
	source  map[string]*ast.File // unchanged files, by their names
	imports types.Importer
}

func (c *checker) check(files map[string][]byte) error {
	for folder := range folderSet(files) {
		p := c.known["omnihub/"+folder]
		var parsed []*ast.File
		for _, name := range p.GoFiles {
			file, err := parseFile(c.fset, c.source, c.root, path.Join(folder, name), files)
			if err != nil {
				return err
			}
			parsed = append(parsed, file)
		}
		if _, err := (&types.Config{Importer: c.imports}).Check(p.ImportPath, c.fset, parsed, nil); err != nil {
			return err
		}
	}
	return nil
}

func folderSet(files map[string][]byte) map[string]bool {
	set := map[string]bool{}
	for name := range files {
		set[path.Dir(name)] = true
	}
	return set
}

func parseFile(fset *token.FileSet, source map[string]*ast.File, root, name string, files map[string][]byte) (*ast.File, error) {
	if text, ok := files[name]; ok {
		return parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	}
	if file := source[name]; file != nil {
		return file, nil
	}
	file, err := parser.ParseFile(fset, filepath.Join(root, name), nil, parser.SkipObjectResolution)
	source[name] = file
	return file, err
}

// listedPackage is what "go list" tells of a package.
type listedPackage struct {
	ImportPath, Export string
	GoFiles            []string
}

// packages lists packages and all that they import, with their export data.
func packages(t *testing.T, root string, folders []string) map[string]*listedPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export,GoFiles"}, folders...)...)
	cmd.Dir, cmd.Env = root, build.Env()
	var bad bytes.Buffer
	cmd.Stderr = &bad
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, bad.String())
	}
	all := map[string]*listedPackage{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all[p.ImportPath] = &p
	}
}

// TestEveryKillerIsThere finds the tests that are named by their functions.
func TestEveryKillerIsThere(t *testing.T) {
	root, all := listed(t)
	folders := map[string]string{} // their tests, as text
	for _, m := range all {
		for _, k := range m.Killers {
			if k.Test == "" {
				continue
			}
			text, ok := folders[k.Package]
			if !ok {
				names, err := filepath.Glob(filepath.Join(root, k.Package, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range names {
					b, err := os.ReadFile(name)
					if err != nil {
						t.Fatal(err)
					}
					text += string(b)
				}
				folders[k.Package] = text
			}
			if !strings.Contains(text, "\nfunc "+k.Test+"(") {
				t.Errorf("mutant %s: %s has no test %s", m.Name, k.Package, k.Test)
			}
		}
	}
}
