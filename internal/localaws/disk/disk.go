// Package disk keeps the state of the local cloud in one file: an ordered stream
// of writes, committed in groups, so that an acknowledged write survives kill -9
// and what survives is always a prefix of what was written.
package disk

import (
	"errors"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Op puts one pair, or deletes the key if Value is nil.
type Op struct {
	Bucket     string
	Key, Value []byte
}

// Store is the file. A nil *Store is the in-memory mode: it loads nothing, and
// its tickets are done at once.
type Store struct {
	db      *bolt.DB
	image   *Image // in place of the file
	records bool   // writes go into the image

	mu       sync.Mutex
	work     sync.Cond // signalled when pending grows or the store closes
	done     sync.Cond // broadcast when flushed moves or err is set
	pending  []Op
	appended uint64 // batches appended so far
	flushed  uint64 // batches known to be on disk
	closing  bool
	stopped  chan struct{}
	err      error
}

// ErrClosed is returned to whoever waits for a write that came after Close.
var ErrClosed = errors.New("disk: closed")

// Open opens or creates the file. An empty path gives the in-memory mode.
func Open(path string) (*Store, error) {
	if path == "" {
		return nil, nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: 3 * time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, stopped: make(chan struct{})}
	s.work.L, s.done.L = &s.mu, &s.mu
	go s.flush()
	return s, nil
}

// Load calls each for every pair of a bucket, in the order of the keys. The
// slices are valid only during the call.
func (s *Store) Load(bucket string, each func(key, value []byte) error) error {
	if s == nil {
		return nil
	}
	if s.image != nil {
		return s.image.load(bucket, each)
	}
	return s.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		return b.ForEach(each)
	})
}

// Append adds one batch of writes to the stream. Call it while holding the lock
// under which the same change was made in memory: the order of the calls is the
// order on disk. All of a batch becomes durable together.
func (s *Store) Append(ops ...Op) Ticket {
	if s == nil || len(ops) == 0 {
		return s.Tip()
	}
	if s.image != nil {
		if s.records {
			s.image.apply(ops)
		}
		return Ticket{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.pending = append(s.pending, ops...)
	}
	s.appended++
	s.work.Signal()
	return Ticket{s, s.appended}
}

// Tip is the ticket of everything appended so far. Who answers from memory waits
// for it first, so that no answer shows what a crash could still take back.
func (s *Store) Tip() Ticket {
	if s == nil || s.image != nil {
		return Ticket{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Ticket{s, s.appended}
}

// Ticket stands for the writes up to one batch.
type Ticket struct {
	s   *Store
	seq uint64
}

// Wait returns when the writes are on disk (fsynced). Call it without locks held.
func (t Ticket) Wait() error {
	if t.s == nil {
		return nil
	}
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	for t.s.flushed < t.seq && t.s.err == nil {
		t.s.done.Wait()
	}
	if t.s.flushed >= t.seq {
		return nil
	}
	return t.s.err
}

// Close writes what is pending and closes the file.
func (s *Store) Close() error {
	if s == nil || s.image != nil {
		return nil
	}
	s.mu.Lock()
	s.closing = true
	s.work.Signal()
	s.mu.Unlock()
	<-s.stopped
	return s.db.Close()
}

func (s *Store) flush() {
	defer close(s.stopped)
	for {
		s.mu.Lock()
		for len(s.pending) == 0 && !s.closing {
			s.work.Wait()
		}
		ops, upTo := s.pending, s.appended
		s.pending = nil
		if len(ops) == 0 {
			if s.err == nil {
				s.err = ErrClosed
			}
			s.done.Broadcast()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()

		err := s.db.Update(func(tx *bolt.Tx) error { return apply(tx, ops) })

		s.mu.Lock()
		if err != nil {
			s.err = err
		} else {
			s.flushed = upTo
		}
		s.done.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return // a later batch must not become durable where this one is missing
		}
	}
}

func apply(tx *bolt.Tx, ops []Op) error {
	buckets := map[string]*bolt.Bucket{}
	for _, op := range ops {
		b := buckets[op.Bucket]
		if b == nil {
			var err error
			if b, err = tx.CreateBucketIfNotExists([]byte(op.Bucket)); err != nil {
				return err
			}
			buckets[op.Bucket] = b
		}
		var err error
		if op.Value == nil {
			err = b.Delete(op.Key)
		} else {
			err = b.Put(op.Key, op.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
