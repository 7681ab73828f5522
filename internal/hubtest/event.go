package hubtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Event reads a sample event of the folder events, the same that `sam local
// invoke` takes.
func Event(t testing.TB, name string, into any) {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "events", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("events/%s: %v", name, err)
	}
}
