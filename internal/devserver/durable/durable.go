// Package durable puts files into place as a whole: who reads one sees what it held
// before or what it holds now, also after a kill at any moment or a crash of the machine.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write replaces the file, for one writer at a time. What it wrote is on disk when it
// returns.
func Write(path string, data []byte) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("durable: write: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(fresh, filepath.Clean(path))
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("durable: write: %w", err)
	}
	return nil
}

// syncFolder makes a rename last. Not every file system can do it.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
