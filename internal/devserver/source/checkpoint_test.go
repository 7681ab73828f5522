package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/devserver/template"
)

func TestCheckpointsAreReadOrPutAsideWhereverTheyWereTorn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "checkpoints.json")
	c := checkpoints(t, path)
	c.Set("F/items arn shard-1", "100000000000000000017")
	c.Set("F/items arn shard-2", "100000000000000000042")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		torn, err := OpenCheckpoints(path, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatalf("%d bytes of %d: %v", n, len(whole), err)
		}
		if n == len(whole) {
			if torn.Torn() != nil || torn.Get("F/items arn shard-2") != "100000000000000000042" {
				t.Errorf("whole file: got %v and %q, want what was kept", torn.Torn(), torn.Get("F/items arn shard-2"))
			}
			continue
		}
		if torn.Torn() == nil || !strings.Contains(torn.Torn().Error(), path+".torn") || torn.Get("F/items arn shard-1") != "" {
			t.Fatalf("%d bytes of %d: got %v, want it put aside", n, len(whole), torn.Torn())
		}
		torn.Set("x", "1")
		if err := torn.Flush(); err != nil {
			t.Fatal(err)
		}
		if again := checkpoints(t, path); again.Torn() != nil || again.Get("x") != "1" {
			t.Fatalf("%d bytes of %d: after a new start: got %v", n, len(whole), again.Torn())
		}
	}
	for _, text := range []string{"null", "[]", `{"a":1}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := checkpoints(t, path); got.Torn() == nil {
			t.Errorf("%s: got it taken for checkpoints", text)
		}
	}
}

func TestReaderWithoutItsCheckpointLeavesNothingOut(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Latest: true})
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	if err := os.WriteFile(path, []byte(`{"F/it`), 0o600); err != nil {
		t.Fatal(err)
	}
	tb.stream.Checkpoints = checkpoints(t, path)
	tb.put(t, "a", "b")
	run(t, tb.stream)
	eventually(t, "read to the tip", func() bool { return tb.atTip() && f.count() > 0 })
	if got := sum(f.values()); got != "ab" {
		t.Errorf("delivered: got %s, want what may not have been delivered before", got)
	}
}

func TestFailedFlushIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "checkpoints.json")
	c, err := OpenCheckpoints(path, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	c.Set("x", "1")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err == nil {
		t.Error("got no error, want one: the folder is gone")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the file is written", func() bool { _, err := os.Stat(path); return err == nil })
	if got := checkpoints(t, path).Get("x"); got != "1" {
		t.Errorf("got %q, want the mark of before", got)
	}
}
