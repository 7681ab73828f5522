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

	"omnihub/internal/devserver/durable"
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
	if !patiently(func() bool { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }) {
		holder, _ := os.ReadFile(f.Name())
		_ = f.Close()
		return nil, fmt.Errorf("devserver: another devserver (process %s) runs on %s; stop it, or choose another folder with DEV_DIR and other ports",
			strings.TrimSpace(string(holder)), path)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	_ = os.Remove(filepath.Join(path, "addresses.json")) // of one that was killed
	return &stateDir{path, f}, nil
}

// patiently tries for a second: a devserver that was killed a moment ago may hold its
// lock and its ports until the system has cleared it away.
func patiently(try func() bool) bool {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(time.Second); ; <-again.C {
		if try() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
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
	text, whole := strings.CutSuffix(string(data), "\n")
	d, err := time.ParseDuration(text)
	if !whole || err != nil {
		return 0, fmt.Errorf("devserver: clock: %q in %s is not how far the hub's clock is ahead; write that there, such as 36h0m0s and a line break, or remove the file to have the machine's own time", text, s.file("clock"))
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

func (s *stateDir) write(name string, data []byte) error { return durable.Write(s.file(name), data) }
