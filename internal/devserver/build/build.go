// Package build makes the functions' programs as they are deployed, by the
// Makefile that sam build uses, but for this machine.
//
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/building-custom-runtimes.html
package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Builder builds functions into folders below Dir, named by their logical ids.
type Builder struct {
	Root string // folder of the template
	Dir  string // absolute
	Tags string // build tags for make's TAGS; "" = the Makefile's own
}

// Target is one function.
type Target struct {
	ID   string // logical id
	Code string // folder with the Makefile, relative to Root
}

// Outcome is how one build went.
type Outcome struct {
	ID      string
	Dir     string // artifacts, with the file bootstrap
	Changed bool   // other bytes than before
	Reused  bool   // taken as it was found
	Took    time.Duration
	Output  string // of make, if Err is set
	Err     error
}

// Env is the environment of a go command that compiles as the Makefile does, so that one
// build cache serves both.
func Env() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false -tags=lambda.norpc")
}

// Run builds all targets, two at a time, and tells each outcome as it comes. With
// reuse a target that is built already is taken as it is. Several processes may
// share Dir.
func (b *Builder) Run(ctx context.Context, targets []Target, reuse bool, each func(Outcome)) error {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	lock, err := lockFile(ctx, filepath.Join(b.Dir, "lock"))
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer func() { _ = lock.Close() }()
	work := make(chan Target)
	var told sync.Mutex
	var wg sync.WaitGroup
	var failures []error
	for range 2 {
		wg.Go(func() {
			for t := range work {
				o := b.one(ctx, t, reuse, lock)
				told.Lock()
				if o.Err != nil {
					failures = append(failures, fmt.Errorf("build: %s: %w", o.ID, o.Err))
				}
				each(o)
				told.Unlock()
			}
		})
	}
	for _, t := range targets {
		work <- t
	}
	close(work)
	wg.Wait()
	return errors.Join(failures...)
}

// one builds into a folder that stays between builds, so that the compiler can see
// that nothing changed, and moves what it made into place only if it differs.
func (b *Builder) one(ctx context.Context, t Target, reuse bool, lock *os.File) Outcome {
	began := time.Now()
	o := Outcome{ID: t.ID, Dir: filepath.Join(b.Dir, t.ID)}
	if _, err := os.Stat(filepath.Join(o.Dir, "bootstrap")); err == nil && reuse {
		o.Reused = true
		return o
	}
	stage := filepath.Join(b.Dir, "stage", t.ID)
	if o.Err = open(stage); o.Err != nil {
		return o
	}
	o.Output, o.Err = b.make(ctx, t, stage, lock)
	if o.Err == nil {
		o.Err = os.Remove(stage + unfinished)
	}
	if o.Err == nil {
		o.Changed, o.Err = replace(stage, o.Dir)
	}
	o.Took = time.Since(began)
	return o
}

// unfinished is the ending of the file that stands beside a stage while it is built.
const unfinished = ".unfinished"

// open prepares a stage. One that a kill left in the middle of a build is emptied: the
// compiler takes a program whose beginning it knows for the whole of it.
func open(stage string) error {
	mark := stage + unfinished
	if _, err := os.Stat(mark); err == nil {
		if err := os.RemoveAll(stage); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// make runs make.
func (b *Builder) make(ctx context.Context, t Target, dir string, lock *os.File) (string, error) {
	cmd := b.command(ctx, t, dir, lock)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil {
		info, statErr := os.Stat(filepath.Join(dir, "bootstrap"))
		if statErr != nil || info.Mode()&0o111 == 0 {
			err = errors.New("make left no executable file bootstrap in ARTIFACTS_DIR")
		}
	}
	return strings.TrimRight(out.String(), "\n"), err
}

// command is the make of a function. It and all that it starts hold the lock: if this
// process is killed, the next one waits until they have ended.
func (b *Builder) command(ctx context.Context, t Target, dir string, lock *os.File) *exec.Cmd {
	args := []string{"--no-print-directory", "build-" + t.ID, "ARTIFACTS_DIR=" + dir, "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	if b.Tags != "" {
		args = append(args, "TAGS="+b.Tags)
	}
	cmd := exec.CommandContext(ctx, "make", args...)
	cmd.Dir = filepath.Join(b.Root, t.Code)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	cmd.ExtraFiles = []*os.File{lock}
	return cmd
}

// replace puts a copy of the files in from into the place of to, if they differ.
// Processes that run from the old files keep them.
func replace(from, to string) (changed bool, err error) {
	a, err := digest(from)
	if err != nil {
		return false, err
	}
	if b, err := digest(to); err == nil && a == b {
		return false, nil
	}
	fresh, old := to+".new", to+".old"
	for _, dir := range []string{fresh, old} {
		if err := os.RemoveAll(dir); err != nil {
			return false, err
		}
	}
	if err := os.CopyFS(fresh, os.DirFS(from)); err != nil {
		return false, err
	}
	if err := os.Rename(to, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.Rename(fresh, to); err != nil {
		return false, err
	}
	return true, os.RemoveAll(old)
}

// digest is a hash over the names and bytes of all files in a folder.
func digest(dir string) (sum [32]byte, err error) {
	h := sha256.New()
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(h, "%s\x00%d\x00", name, info.Size())
		_, err = io.Copy(h, f)
		return err
	})
	return [32]byte(h.Sum(nil)), err
}

// Lock takes the lock that builds into one folder share, and waits for it as long as
// ctx lives.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := lockFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// lockFile is Lock; the lock is free when the file is closed in every process that has
// it from here.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = f.Close()
			return nil, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}
