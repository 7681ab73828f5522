package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"

	"omnihub/internal/devserver/durable"
)

// Checkpoints remember how far each reader has come in its shard. They are written
// at most once a second, so a reader may see records again after a crash.
type Checkpoints struct {
	path string // "" = kept in memory only
	fail func(error)
	torn error

	writing sync.Mutex // held while the file is written; taken before mu

	mu    sync.Mutex
	marks map[string]string
	armed *time.Timer // nil if the file is as the marks are
}

// flushEvery is how long a mark may wait for the file.
const flushEvery = time.Second

// OpenCheckpoints reads the file, if there is one. One that is torn is put aside, and
// readers begin anew: see Torn. Errors of later writes go to fail.
func OpenCheckpoints(path string, fail func(error)) (*Checkpoints, error) {
	c := &Checkpoints{path: path, marks: map[string]string{}, fail: fail}
	if path == "" {
		return c, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("source: checkpoints: %w", err)
	}
	var marks map[string]string
	if err := json.Unmarshal(data, &marks); err == nil && marks != nil {
		c.marks = marks
		return c, nil
	}
	aside := path + ".torn"
	if err := os.Rename(path, aside); err != nil {
		return nil, fmt.Errorf("source: checkpoints: %s is torn and cannot be put aside: %w", path, err)
	}
	c.torn = fmt.Errorf("source: checkpoints: %s was torn and lies in %s now: readers begin with the oldest record that is kept", path, aside)
	return c, nil
}

// Torn is why readers begin with the oldest record that their stream still keeps,
// whatever the template says, so that none is left out; nil if they do not.
func (c *Checkpoints) Torn() error { return c.torn }

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
	c.arm()
}

// arm sees to it that the file is written. The lock is held.
func (c *Checkpoints) arm() {
	if c.path != "" && c.armed == nil {
		c.armed = time.AfterFunc(flushEvery, func() {
			if err := c.Flush(); err != nil {
				c.fail(err)
			}
		})
	}
}

// Flush writes the file, if it is not as it should be. What could not be written is
// tried again later.
func (c *Checkpoints) Flush() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	if c.armed == nil {
		c.mu.Unlock()
		return nil
	}
	c.armed.Stop()
	c.armed = nil
	marks := maps.Clone(c.marks)
	c.mu.Unlock()
	data, err := json.MarshalIndent(marks, "", " ")
	if err == nil {
		err = durable.Write(c.path, data)
	}
	if err != nil {
		c.mu.Lock()
		c.arm()
		c.mu.Unlock()
		return fmt.Errorf("source: checkpoints: %w", err)
	}
	return nil
}
