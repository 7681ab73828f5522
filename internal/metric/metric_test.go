package metric

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
)

var update = flag.Bool("update", false, "write the README's table anew")

const (
	usd  = 0.30 // of a metric and month: https://aws.amazon.com/cloudwatch/pricing/, read 2026-11
	free = 10   // metrics of an account
)

func channels() []string {
	var kinds []string
	for kind := range all.Adapters(channel.Platform{}) {
		kinds = append(kinds, string(kind))
	}
	slices.Sort(kinds)
	return kinds
}

// constants are the string constants of a type that a file declares.
func constants(t *testing.T, path, kind string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Type == nil || len(v.Values) != 1 {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); ok && id.Name == kind {
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, value)
		}
		return true
	})
	slices.Sort(found)
	return found
}

func TestEveryNameIsDefinedOnce(t *testing.T) {
	var defined []string
	for _, d := range Definitions() {
		defined = append(defined, string(d.Name))
		if d.Means == "" || len(d.Sets) == 0 || d.Unit != Count && d.Unit != Milliseconds {
			t.Errorf("%s: got %+v, want a unit, sets of dimensions and a meaning", d.Name, d)
		}
		if (len(d.Codes) > 0) != slices.Contains(d.Dimensions(), codeKey) {
			t.Errorf("%s: its codes and its dimensions do not agree", d.Name)
		}
	}
	slices.Sort(defined)
	if want := constants(t, "catalogue.go", "Name"); !slices.Equal(defined, want) {
		t.Errorf("got the definitions %v, want one for each name: %v", defined, want)
	}
}

func TestValuesAreThoseOfTheHub(t *testing.T) {
	codes := append(constants(t, "../hub/errors.go", "Code"), "unavailable") // the edge's word for what is no fault of the caller
	for _, d := range Definitions() {
		for _, code := range d.Codes {
			if !slices.Contains(codes, code) {
				t.Errorf("%s knows the code %s, which the hub does not have", d.Name, code)
			}
		}
	}
	got := slices.Sorted(slices.Values(classes))
	if want := constants(t, "../hub/message.go", "Class"); !slices.Equal(got, want) {
		t.Errorf("got the classes %v, want those of the hub: %v", got, want)
	}
	for sign, got := range map[string][]string{"settings.NewReader(": readers, "queue.Batch{": batchers} {
		if want := having(t, sign); !slices.Equal(got, want) {
			t.Errorf("got the functions %v with %s, want %v", got, sign, want)
		}
	}
}

// having are the functions in whose code a text stands.
func having(t *testing.T, what string) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../functions/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") && strings.Contains(string(raw), what) {
			names = append(names, filepath.Base(filepath.Dir(name)))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

const begin, end = "<!-- the metrics, from catalogue.go -->\n", "<!-- end of the metrics -->\n"

// table is the catalogue as README.md shows it, with what it can cost.
func table() string {
	var out strings.Builder
	out.WriteString("| metric | unit | dimensions | may wait | at most | one is |\n|---|---|---|---|---|---|\n")
	total := 0
	for _, d := range Definitions() {
		var sets []string
		for _, set := range d.Sets {
			if len(set) == 0 {
				sets = append(sets, "none")
				continue
			}
			sets = append(sets, strings.Join(set, " × "))
		}
		n := len(d.Series(channels()))
		total += n
		name := "`" + string(d.Name) + "`"
		wait := []string{Urgent: "**not**", Prompt: "1 s", Routine: "10 s"}[d.Wait]
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %d | %s |\n", name, d.Unit, strings.Join(sets, "; "), wait, n, d.Means)
	}
	fmt.Fprintf(&out, "\nWith the channels %s that is %d metrics at most, %.2f USD a month if every one of them occurred all month; "+
		"a month in which nothing fails has %d.\n", strings.Join(channels(), " and "), total, float64(total-free)*usd, quiet())
	return out.String()
}

// quiet is how many metrics a deployment has in which customers write and are
// answered, and nothing fails.
func quiet() int {
	n := 0
	for _, name := range []Name{
		WebhooksAccepted, EventsEnqueued, MessagesStored, MessagesLate, StoreDelay, SendsHandedOn, EventsPublished, SendsSent, SendDelay,
		ProfilesStored, SettingsMisses,
	} {
		d, _ := Of(name)
		for _, s := range d.Series(channels()) {
			if !slices.ContainsFunc(s.Dims, func(dim Dim) bool { return dim.Value == Other }) {
				n++
			}
		}
	}
	return n
}

func TestReadmeListsTheMetricsAndTheirPrice(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no table between %q and %q", begin, end)
	}
	want := table()
	t.Log(strings.TrimSpace(want[strings.LastIndex(strings.TrimSpace(want), "\n"):]))
	if shown == want {
		return
	}
	if !*update {
		t.Fatalf("README.md differs from the catalogue: run go test ./internal/metric -update\ngot\n%s\nwant\n%s", shown, want)
	}
	if err := os.WriteFile("README.md", []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// bound is how many metrics there may be at most, with every channel in use and every
// code seen in it: a new dimension is a decision about money. A metric costs only for the
// hours in which it got a value.
const bound = 560

func TestNumberOfMetricsIsBounded(t *testing.T) {
	total := 0
	seen := map[string]bool{}
	for _, d := range Definitions() {
		for _, s := range d.Series(channels()) {
			total++
			id := fmt.Sprint(s)
			if seen[id] {
				t.Errorf("%s is counted twice", id)
			}
			seen[id] = true
		}
	}
	if total > bound {
		t.Errorf("got %d metrics at most, %.2f USD a month, want at most %d", total, float64(total)*usd, bound)
	}
}
