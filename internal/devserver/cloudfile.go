package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// cloudFile is where the local cloud keeps everything, in the state's folder.
const cloudFile = "aws.db"

// checkCloud looks at the local cloud's file before the cloud does: reading one that is
// shorter than it says would crash the process. A file that a kill at the very first
// start left unfinished is removed; it never held anything.
func (s *stateDir) checkCloud() error {
	path := s.file(cloudFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("devserver: the local cloud's file: %w", err)
	}
	damaged := func(what string) error {
		return fmt.Errorf("devserver: the local cloud's file %s is damaged (%s), and what it held cannot be told; put a copy back, or remove it to begin with an empty cloud", path, what)
	}
	// A new file begins with four pages, written at once.
	if least := int64(4 * os.Getpagesize()); info.Size() < least {
		if s.used() {
			return damaged(fmt.Sprintf("it has %d bytes", info.Size()))
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("devserver: the local cloud's file: %w", err)
		}
		return nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("devserver: the local cloud's file %s is in use by another process", path)
	}
	if err != nil {
		return damaged(err.Error())
	}
	defer func() { _ = db.Close() }()
	var wanted int64
	if err := db.View(func(tx *bolt.Tx) error { wanted = tx.Size(); return nil }); err != nil {
		return damaged(err.Error())
	}
	if info.Size() < wanted {
		return damaged(fmt.Sprintf("it has %d bytes of %d", info.Size(), wanted))
	}
	return nil
}

// used reports whether a devserver was ever ready on this folder.
func (s *stateDir) used() bool {
	for _, name := range []string{"platforms", "checkpoints.json", "clock"} {
		if _, err := os.Stat(s.file(name)); err == nil {
			return true
		}
	}
	return false
}
