package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Journal is what a fake platform must still know after a restart, or after a kill:
// entries are appended as lines of JSON, the newest of a name counts. A nil Journal
// remembers nothing.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	past []line
}

type line struct {
	Kind  string          `json:"kind"`
	Entry json.RawMessage `json:"entry"`
}

// OpenJournal opens or creates the file. A last line that a kill cut short is
// dropped.
func OpenJournal(path string) (*Journal, error) {
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("fake: open journal: %w", err)
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	j := &Journal{}
	for _, text := range bytes.Split(data[:whole], []byte("\n")) {
		var l line
		if len(text) > 0 && json.Unmarshal(text, &l) == nil {
			j.past = append(j.past, l)
		}
	}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("fake: open journal: %w", err)
	}
	if err = j.file.Truncate(int64(whole)); err == nil {
		_, err = j.file.Seek(int64(whole), 0)
	}
	if err != nil {
		return nil, fmt.Errorf("fake: open journal: %w", err)
	}
	return j, nil
}

// Replay calls each for every entry that was there when the journal was opened,
// oldest first.
func (j *Journal) Replay(each func(kind string, entry json.RawMessage)) {
	if j == nil {
		return
	}
	for _, l := range j.past {
		each(l.Kind, l.Entry)
	}
}

// Record appends an entry. It is with the operating system when Record returns, so
// a killed process loses none.
func (j *Journal) Record(kind string, entry any) {
	if j == nil {
		return
	}
	encoded, err := json.Marshal(entry)
	if err == nil {
		encoded, err = json.Marshal(line{kind, encoded})
	}
	if err != nil {
		panic(err) // only plain data comes here
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, _ = j.file.Write(append(encoded, '\n')) // a full disk costs memory of a fake, nothing more
}

// Close closes the file.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}

// Recorded reads an entry; false if it is of another form.
func Recorded[T any](entry json.RawMessage) (T, bool) {
	var e T
	err := json.Unmarshal(entry, &e)
	return e, err == nil
}

// RecordedOf reads an entry that has a member Account, and finds that account; false if
// the entry is of another form or the account is gone.
func RecordedOf[T any, A account, F faults](c *Core[A, F], entry json.RawMessage) (e T, a A, ok bool) {
	of, ok := Recorded[struct{ Account string }](entry)
	if !ok || of.Account == "" {
		return e, a, false
	}
	a, err := c.Account(of.Account)
	if err != nil {
		return e, a, false
	}
	e, ok = Recorded[T](entry)
	return e, a, ok
}

// Strike takes something off what a send still owes.
func Strike(owed []string, what string) []string {
	return slices.DeleteFunc(owed, func(o string) bool { return o == what })
}
