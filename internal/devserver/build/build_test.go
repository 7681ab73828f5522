package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

func TestStageThatAKillLeftIsBuiltFromNothing(t *testing.T) {
	b := project(t)
	// A compiler that trusts what lies there, as go build trusts a program's build id.
	write(t, filepath.Join(b.Root, "Makefile"), "build-%:\n\t@test -e $(ARTIFACTS_DIR)/bootstrap || cp $*.txt $(ARTIFACTS_DIR)/bootstrap\n\t@chmod +x $(ARTIFACTS_DIR)/bootstrap\n")
	stage := filepath.Join(b.Dir, "stage", "A")
	if err := os.MkdirAll(stage, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(stage, "bootstrap"), "on")
	write(t, stage+unfinished, "")
	out, err := run(b, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(out["A"].Dir, "bootstrap")); string(got) != "one" {
		t.Errorf("program: got %q, want the whole of it", got)
	}
	if _, err := os.Stat(stage + unfinished); err == nil {
		t.Error("the stage is finished and still marked")
	}
}

func TestLockOutlivesAKilledBuilderUntilItsMakeHasEnded(t *testing.T) {
	b := project(t)
	gate := filepath.Join(t.TempDir(), "gate")
	write(t, filepath.Join(b.Root, "Makefile"), "build-%:\n\t@n=0; while ! test -e "+gate+" && [ $$n -lt 1000 ]; do sleep 0.02; n=$$((n+1)); done; touch $(ARTIFACTS_DIR)/bootstrap; chmod +x $(ARTIFACTS_DIR)/bootstrap\n")
	if err := os.MkdirAll(filepath.Join(b.Dir, "stage", "A"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(b.Dir, "lock")
	lock, err := lockFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := b.command(context.Background(), Target{"A", "."}, filepath.Join(b.Dir, "stage", "A"), lock)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil { // as the kill of this process does
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if unlock, err := Lock(short, path); err == nil {
		unlock()
		t.Error("got the lock while make runs, want it taken")
	}
	write(t, gate, "")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	unlock, err := Lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
