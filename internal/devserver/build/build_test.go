package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is a folder with a Makefile whose functions are files that are copied.
func project(t *testing.T) *Builder {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "Makefile"), "build-%:\n\t@echo making $* for $(GOARCH) with [$(TAGS)]\n\t@cp $*.txt $(ARTIFACTS_DIR)/bootstrap\n\t@chmod +x $(ARTIFACTS_DIR)/bootstrap\n")
	write(t, filepath.Join(root, "A.txt"), "one")
	write(t, filepath.Join(root, "B.txt"), "two")
	return &Builder{Root: root, Dir: filepath.Join(t.TempDir(), "out")}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(b *Builder, reuse bool) (map[string]Outcome, error) {
	out := map[string]Outcome{}
	err := b.Run(context.Background(), []Target{{"A", "."}, {"B", "."}}, reuse, func(o Outcome) { out[o.ID] = o })
	return out, err
}

func TestOnlyChangedFunctionsAreReplaced(t *testing.T) {
	b := project(t)
	first, err := run(b, false)
	if err != nil || !first["A"].Changed || !first["B"].Changed {
		t.Fatalf("first build: got %+v, %v, want both changed", first, err)
	}
	if second, err := run(b, false); err != nil || second["A"].Changed || second["B"].Changed {
		t.Errorf("second build: got %+v, %v, want nothing changed", second, err)
	}
	write(t, filepath.Join(b.Root, "A.txt"), "changed")
	third, err := run(b, false)
	if err != nil || !third["A"].Changed || third["B"].Changed {
		t.Errorf("third build: got %+v, %v, want A changed", third, err)
	}
	if got, _ := os.ReadFile(filepath.Join(third["A"].Dir, "bootstrap")); string(got) != "changed" {
		t.Errorf("artifact: got %q", got)
	}
}

func TestBuiltFunctionsAreReusedIfAskedFor(t *testing.T) {
	b := project(t)
	if _, err := run(b, true); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.Root, "A.txt"), "changed")
	out, err := run(b, true)
	if err != nil || !out["A"].Reused || out["A"].Changed {
		t.Errorf("got %+v, %v, want A reused", out["A"], err)
	}
}

func TestFailedBuildKeepsTheOldProgramAndShowsTheOutput(t *testing.T) {
	b := project(t)
	if _, err := run(b, false); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(b.Root, "A.txt")); err != nil {
		t.Fatal(err)
	}
	out, err := run(b, false)
	if err == nil || !strings.Contains(err.Error(), "build: A:") || out["B"].Err != nil {
		t.Errorf("error: got %v, want one of A alone", err)
	}
	if !strings.Contains(out["A"].Output, "making A for") || !strings.Contains(out["A"].Output, "A.txt") {
		t.Errorf("output: got %q", out["A"].Output)
	}
	if got, _ := os.ReadFile(filepath.Join(out["A"].Dir, "bootstrap")); string(got) != "one" {
		t.Errorf("old program: got %q, want one", got)
	}
}

func TestTagsReachMake(t *testing.T) {
	b := project(t)
	b.Tags = "chaos"
	if err := os.Remove(filepath.Join(b.Root, "A.txt")); err != nil {
		t.Fatal(err)
	}
	out, _ := run(b, false)
	if !strings.Contains(out["A"].Output, "with [chaos]") {
		t.Errorf("output: got %q, want the tags in it", out["A"].Output)
	}
}
