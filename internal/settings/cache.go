package settings

import (
	"context"
	"fmt"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
)

const (
	fresh = time.Minute
	stale = 10 * time.Minute
	// again is how long a failed reading is not tried again while there is something
	// to serve: an outage must not make every request wait for the table.
	again = 5 * time.Second
	// pause is the same while there is nothing to serve: who comes meanwhile gets the
	// same error at once, so that a table that comes back is not met by all at once.
	pause = time.Second
	// patience bounds one reading with its retries, and haste while there is something
	// to serve: a table that does not answer must not cost the process its life.
	patience = 3 * time.Second
	haste    = time.Second
	// maxKept bounds the cache; beyond it what was not asked for lately is read again.
	maxKept = 10_000
)

// place names what is kept.
type place struct{ kind, team, id string }

// entry is one thing that is kept, with the readings of it.
type entry struct {
	mu     sync.Mutex
	value  any
	err    error     // NotFound is kept too
	read   time.Time // when both were read; zero if never
	failed error     // of the last reading, if it failed
	tried  time.Time // when that was
	vain   time.Time // of a team: the last early reading that did not bring the key
	early  [doubts]time.Time
	flight chan struct{} // closed when the reading that is under way ends; nil if there is none
}

// current reports whether what is kept is younger than a minute.
func (e *entry) current(now time.Time) bool {
	age := now.Sub(e.read)
	return !e.read.IsZero() && age >= 0 && age < fresh
}

// usable reports whether what is kept may be served while reading fails.
func (e *entry) usable(now time.Time) bool {
	return !e.read.IsZero() && now.Sub(e.read) < fresh+stale
}

// resting reports whether the last reading failed a moment ago.
func (e *entry) resting(now time.Time) bool {
	rest := pause
	if e.usable(now) {
		rest = again
	}
	wait := now.Sub(e.tried)
	return e.failed != nil && wait >= 0 && wait < rest
}

// terms are what a caller asks of an entry.
type terms struct {
	// enough reports whether what is kept will do.
	enough func(e *entry, now time.Time) bool
	// begins is told of a reading; may be nil.
	begins func(e *entry, now time.Time)
	// strict: a reading that fails is an error, also while there is something to serve.
	strict bool
}

// upToDate are the terms of those who need what stood there within the last minute.
var upToDate = terms{enough: (*entry).current}

// lookup answers from what is kept if that is enough, and else by a reading. One
// reading of a place runs at a time; who comes meanwhile gets its outcome. That
// something is missing is kept too, and so is a failure, for a moment.
func lookup[T any](ctx context.Context, r *Reader, at place, t terms, read func(context.Context) (T, error)) (T, error) {
	e := r.entry(at)
	for {
		e.mu.Lock()
		now := r.Now()
		if t.enough(e, now) {
			defer e.mu.Unlock()
			return kept[T](e)
		}
		if e.resting(now) {
			defer e.mu.Unlock()
			return outcome[T](r, e, now, t)
		}
		if flight := e.flight; flight != nil {
			e.mu.Unlock()
			select {
			case <-flight:
				continue
			case <-ctx.Done():
				var none T
				return none, hub.E(hub.Transient, "settings: wait for a reading", context.Cause(ctx))
			}
		}
		e.flight = make(chan struct{})
		if t.begins != nil {
			t.begins(e, now)
		}
		limit := patience
		if e.usable(now) && !t.strict {
			limit = haste
		}
		e.mu.Unlock()
		return fly(ctx, r, e, t, limit, read)
	}
}

// fly makes the reading that the entry's flight stands for.
func fly[T any](ctx context.Context, r *Reader, e *entry, t terms, limit time.Duration, read func(context.Context) (T, error)) (T, error) {
	ended := false
	end := func() {
		ended = true
		close(e.flight)
		e.flight = nil
	}
	defer func() {
		if !ended { // the reading panicked
			e.mu.Lock()
			end()
			e.mu.Unlock()
		}
	}()
	r.Metrics.Add(metric.SettingsMisses, 1)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	value, err := read(bounded)

	e.mu.Lock()
	defer e.mu.Unlock()
	end()
	now := r.Now()
	switch {
	case err == nil, hub.CodeOf(err) == hub.NotFound:
		e.value, e.err, e.read, e.failed = value, err, now, nil
		return value, err
	case ctx.Err() != nil: // who asked has gone, which tells nothing of the table
		return value, fmt.Errorf("settings: %w", err)
	}
	e.failed, e.tried = fmt.Errorf("settings: %w", err), now
	return outcome[T](r, e, now, t)
}

// outcome is what a failed reading comes to.
func outcome[T any](r *Reader, e *entry, now time.Time, t terms) (T, error) {
	if e.usable(now) && !t.strict {
		r.Metrics.Add(metric.SettingsStale, 1)
		return kept[T](e)
	}
	var none T
	return none, e.failed
}

func kept[T any](e *entry) (T, error) {
	value, _ := e.value.(T)
	return value, e.err
}

// entry finds or makes the entry of a place. There are two generations: when the
// young one is full the old one is dropped, so that nobody can fill the cache at the
// cost of those who are asked for all the time.
func (r *Reader) entry(at place) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.young[at]; e != nil {
		return e
	}
	e := r.old[at]
	if e == nil {
		e = &entry{}
	}
	if r.young == nil || len(r.young) >= maxKept/2 {
		r.old, r.young = r.young, map[place]*entry{}
	}
	r.young[at] = e
	return e
}
