package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stateDir is the folder that keeps what survives a restart. One devserver at a
// time holds it.
type stateDir struct {
	path string
	held *os.File
}

// openState makes and locks the folder.
func openState(path string) (*stateDir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("devserver: state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("devserver: state folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(f.Name())
		_ = f.Close()
		return nil, fmt.Errorf("devserver: another devserver (process %s) runs on %s; stop it, or choose another folder with DEV_DIR and other ports",
			strings.TrimSpace(string(holder)), path)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	return &stateDir{path, f}, nil
}

func (s *stateDir) file(name string) string { return filepath.Join(s.path, name) }

// close gives the folder free.
func (s *stateDir) close() {
	_ = os.Remove(s.file("addresses.json"))
	_ = s.held.Close()
}

// offset is the clock's offset that was kept.
func (s *stateDir) offset() (time.Duration, error) {
	data, err := os.ReadFile(s.file("clock"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("devserver: clock: %w", err)
	}
	d, err := time.ParseDuration(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, fmt.Errorf("devserver: clock: %s is no duration; remove %s", strings.TrimSpace(string(data)), s.file("clock"))
	}
	return d, nil
}

func (s *stateDir) keepOffset(d time.Duration) error {
	return s.write("clock", []byte(d.String()+"\n"))
}

// addresses are the base URLs, as addresses.json has them.
type addresses struct {
	API      string `json:"api"`
	AWS      string `json:"aws"`
	Platform string `json:"platform"`
	PID      int    `json:"pid"`
}

func (s *stateDir) keepAddresses(a addresses) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return s.write("addresses.json", data)
}

// write puts a file into place as a whole.
func (s *stateDir) write(name string, data []byte) error {
	temporary := s.file(name + ".new")
	if err := os.WriteFile(temporary, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, s.file(name))
}
