package catalogue

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the README's table anew")

const begin, end = "<!-- the kinds, from the schemas -->\n", "<!-- end of the kinds -->\n"

// table is the catalogue as README.md shows it.
func table(t *testing.T) string {
	var out strings.Builder
	out.WriteString("| kind | when | members |\n|---|---|---|\n")
	for _, kind := range Kinds() {
		s := read(t, kind)
		var members []string
		for _, name := range order(t, kind) {
			if slices.Contains([]string{"id", "team", "at", "trace"}, name) {
				continue
			}
			if !slices.Contains(s.Required, name) {
				name += "?"
			}
			members = append(members, "`"+name+"`")
		}
		fmt.Fprintf(&out, "| [`%s`](%s.json) | %s | %s |\n", kind, kind, s.Description, strings.Join(members, " "))
	}
	return out.String()
}

// order is the members of a kind in the order in which its schema names them.
func order(t *testing.T, kind string) []string {
	t.Helper()
	raw, _ := Schema(kind)
	var names []string
	inside := false
	for _, line := range strings.Split(string(raw), "\n") {
		switch {
		case line == `  "properties": {`:
			inside = true
		case strings.HasPrefix(line, "  }"):
			inside = false
		case inside && strings.HasPrefix(line, `    "`):
			names = append(names, strings.Split(line, `"`)[1])
		}
	}
	if len(names) != len(read(t, kind).Properties) {
		t.Fatalf("%s: found the members %v, want all of them: is the file indented by two?", kind, names)
	}
	return names
}

func TestReadmeShowsTheCatalogue(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	shown, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no table between %q and %q", begin, end)
	}
	want := table(t)
	if shown == want {
		return
	}
	if !*update {
		got, should := strings.Split(shown, "\n"), strings.Split(want, "\n")
		for i := range min(len(got), len(should)) {
			if got[i] != should[i] {
				t.Errorf("got  %s\nwant %s", got[i], should[i])
			}
		}
		t.Fatalf("README.md has %d lines of kinds, the schemas give %d: run go test ./internal/bus/catalogue -update", len(got), len(should))
	}
	if err := os.WriteFile("README.md", []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
