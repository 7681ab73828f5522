package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"omnihub/internal/devserver/durable"
)

func TestWriteReplacesAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "clock")
	// What a kill in the middle of an earlier write left.
	if err := os.WriteFile(path+".new", []byte("half of something that was longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "2"} {
		if err := durable.Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("folder: got %v, %v, want the file alone", list, err)
	}
	if err := durable.Write(filepath.Join(dir, "no such folder", "x"), nil); err == nil {
		t.Error("got no error, want one for a folder that is not there")
	}
}

func TestFailedWriteKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "clock")
	if err := durable.Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".new", 0o700); err != nil { // nothing can be written beside it
		t.Fatal(err)
	}
	if err := durable.Write(path, []byte("new")); err == nil {
		t.Error("got no error, want one")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v, want the old content", got, err)
	}
}
