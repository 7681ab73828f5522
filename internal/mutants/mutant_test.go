package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

const whole = `# a comment
mutant first-one
lacks   the first defence
threat T11 T12
file a/b.go
- one
-   two
+ three
- four
test a TestB => got .* want
chaos -kills 2 => duplicate
`

func TestMutantIsReadFromItsParagraph(t *testing.T) {
	list, err := load(fstest.MapFS{"x.txt": {Data: []byte(whole)}, "other.md": {Data: []byte("mutant")}})
	if err != nil || len(list) != 1 {
		t.Fatalf("got %d mutants, %v, want 1", len(list), err)
	}
	m := list[0]
	if m.Name != "first-one" || m.Lacks != "the first defence" || strings.Join(m.Threats, " ") != "T11 T12" {
		t.Errorf("got %+v", m)
	}
	if len(m.Hunks) != 2 || m.Hunks[0] != (Hunk{"a/b.go", "one\ntwo", "three"}) || m.Hunks[1] != (Hunk{"a/b.go", "four", ""}) {
		t.Errorf("got the changes %q", m.Hunks)
	}
	if len(m.Killers) != 2 || m.Killers[0].String() != "a TestB" || m.Killers[1].String() != "chaos -kills 2" || !m.Killers[0].Expect.MatchString("got 1, want 2") {
		t.Errorf("got the killers %v", m.Killers)
	}
}

func TestMutantThatIsNotWholeIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no name":               strings.Replace(whole, "first-one", "First One", 1),
		"nothing lacks":         strings.Replace(whole, "lacks", "# lacks", 1),
		"no threat":             strings.Replace(whole, "threat", "# threat", 1),
		"no file":               strings.Replace(whole, "file", "# file", 1),
		"a file outside":        strings.Replace(whole, "a/b.go", "../b.go", 1),
		"a file of no Go":       strings.Replace(whole, "a/b.go", "a/b.yaml", 1),
		"an unknown word":       whole + "kill a TestC\n",
		"no test's name":        strings.Replace(whole, "TestB", "B", 1),
		"no promise":            strings.Replace(whole, "=> duplicate", "", 1),
		"a broken expression":   strings.Replace(whole, "got .* want", "(", 1),
		"a change of nothing":   strings.Replace(whole, "- four", "- four\n+ four", 1),
		"only what is put":      strings.Replace(whole, "- one\n-   two\n", "", 1),
		"no killer":             strings.Replace(strings.Replace(whole, "test a", "# ", 1), "chaos -k", "# ", 1),
		"before the first":      "lacks x\n" + whole,
		"two of one name":       whole + whole,
		"a word with no object": whole + "lacks\n",
	} {
		if list, err := load(fstest.MapFS{"x.txt": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s: got %d mutants, want an error", name, len(list))
		}
	}
}

func TestChangeFindsItsPlaceOnceWhateverTheIndentation(t *testing.T) {
	const text = "func f() {\n\tif a &&\n\t\tb {\n\t\treturn 1\n\t}\n\treturn 2\n}\n"
	for _, c := range []struct{ name, old, new, want, err string }{
		{"a part of a line", "a &&", "false &&", "func f() {\n\tif false &&\n\t\tb {\n\t\treturn 1\n\t}\n\treturn 2\n}\n", ""},
		{"several lines", "if a &&\nb {", "if b {", "func f() {\n\tif b {\n\t\treturn 1\n\t}\n\treturn 2\n}\n", ""},
		{"nothing in its place", "return 2", "", "func f() {\n\tif a &&\n\t\tb {\n\t\treturn 1\n\t}\n\t\n}\n", ""},
		{"not there", "return 3", "x", "", `nowhere does it say "return 3"`},
		{"there twice", "return", "x", "", `lines 4 and 6 both say "return"`},
	} {
		got, err := replace(text, c.old, c.new)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: got %q, %v, want %q, %s", c.name, got, err, c.want, c.err)
		}
	}
}

func TestSourceThatMovedOnIsNamed(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.go"), []byte("package a\n\nvar x = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := Mutant{Name: "m", Hunks: []Hunk{{"a.go", "var x = 1", "var y = 2"}, {"a.go", "var y = 2", "var z = 3"}}}
	files, err := patched(root, m)
	if err != nil || string(files["a.go"]) != "package a\n\nvar z = 3\n" {
		t.Errorf("got %q, %v, want both changes", files["a.go"], err)
	}
	m.Hunks[1].Old = "var x = 1"
	if _, err := patched(root, m); err == nil || !strings.Contains(err.Error(), `mutant m: a.go has changed: nowhere does it say "var x = 1"`) {
		t.Errorf("got %v, want the mutant, the file and the text", err)
	}
	m.Hunks[0].File = "gone.go"
	if _, err := patched(root, m); err == nil || !strings.Contains(err.Error(), "gone.go") {
		t.Errorf("got %v, want the file that is gone", err)
	}
}
