package settings

import (
	"fmt"
	"sync"
	"time"

	"omnihub/internal/hub"
)

const (
	fresh = time.Minute
	stale = 10 * time.Minute
	// again is how long a failed reading is not tried again while there is something
	// to serve: an outage must not make every request wait for the table.
	again = 5 * time.Second
	// maxKept bounds each cache; beyond it the oldest are read again.
	maxKept = 10_000
)

type entry struct {
	value any
	err   error // NotFound is kept too
	read  time.Time
	tried time.Time  // the last reading that failed
	vain  time.Time  // of a team: the last early reading that did not bring the key
	busy  sync.Mutex // one reader at a time
}

// cached answers from the cache while it is fresh, reads again after that, and
// serves what it has while reading fails. That something is missing is kept too.
func cached[T any](r *Reader, key string, read func() (T, error)) (T, error) {
	e := r.entry(key)
	e.busy.Lock()
	defer e.busy.Unlock()
	age := r.Now().Sub(e.read)
	known := !e.read.IsZero()
	if known && age >= 0 && age < fresh {
		value, _ := e.value.(T)
		return value, e.err
	}
	usable := known && age < fresh+stale
	if wait := r.Now().Sub(e.tried); usable && wait >= 0 && wait < again {
		value, _ := e.value.(T)
		return value, e.err
	}
	value, err := read()
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		e.tried = r.Now()
		if usable {
			value, _ = e.value.(T)
			return value, e.err
		}
		return value, fmt.Errorf("settings: %w", err)
	}
	e.value, e.err, e.read = value, err, r.Now()
	return value, err
}

func (r *Reader) entry(key string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil || len(r.kept) >= maxKept {
		r.kept = map[string]*entry{}
	}
	e := r.kept[key]
	if e == nil {
		e = &entry{}
		r.kept[key] = e
	}
	return e
}
