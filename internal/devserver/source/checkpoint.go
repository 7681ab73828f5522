package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Checkpoints remember how far each reader has come in its shard. They are written
// at most once a second, so a reader may see records again after a crash.
type Checkpoints struct {
	path  string // "" = kept in memory only
	mu    sync.Mutex
	marks map[string]string
	armed *time.Timer
	fail  func(error)
}

// OpenCheckpoints reads the file, if there is one. Errors of later writes go to fail.
func OpenCheckpoints(path string, fail func(error)) (*Checkpoints, error) {
	c := &Checkpoints{path: path, marks: map[string]string{}, fail: fail}
	if path == "" {
		return c, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c.marks)
	}
	if err != nil {
		return nil, fmt.Errorf("source: checkpoints: %w", err)
	}
	return c, nil
}

// Get is the sequence number up to which a reader has come; "" is the beginning.
func (c *Checkpoints) Get(reader string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.marks[reader]
}

// Set moves a reader.
func (c *Checkpoints) Set(reader, sequence string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks[reader] = sequence
	if c.path != "" && c.armed == nil {
		c.armed = time.AfterFunc(time.Second, func() {
			if err := c.Flush(); err != nil {
				c.fail(err)
			}
		})
	}
}

// Flush writes the file.
func (c *Checkpoints) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed == nil {
		return nil
	}
	c.armed.Stop()
	c.armed = nil
	data, err := json.MarshalIndent(c.marks, "", " ")
	if err == nil {
		err = os.WriteFile(c.path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(c.path+".new", filepath.Clean(c.path))
	}
	if err != nil {
		return fmt.Errorf("source: checkpoints: %w", err)
	}
	return nil
}
