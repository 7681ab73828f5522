// Package stack starts the devserver as a process of its own, on free ports and in
// a folder of its own, for tests, the demo and chaos runs.
package stack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say how the devserver is run. The zero value runs the project's
// template.yaml with its state in a temporary folder.
type Options struct {
	// Dir keeps the state, so that a stack can be killed and started again on it.
	// "" is a temporary folder that Stop and Kill remove.
	Dir string

	// BuildDir keeps the built programs, devserver's included, and may be shared by
	// many stacks, also at the same time and with other tags: what lies there already
	// is not built again.
	// Start with a fresh folder in each test run. "" is SharedBuilds, or else below Dir.
	BuildDir string

	Template   string            // "" is template.yaml of the project
	Parameters map[string]string // of the template
	Memory     bool              // the local cloud keeps nothing on disk

	VisibilityScale float64 // of the queues' visibility timeouts; 0 is 1
	Shuffle         int64   // seed: FIFO queues become shuffled standard queues; 0 = they stay
	Tags            string  // build tags of the functions, with commas between; chaos builds their failpoints in

	RawLog bool      // the log is JSON lines
	Log    io.Writer // gets the log as it comes; nil = kept only
	Env    []string  // further environment of the devserver, NAME=value
}

// SharedBuilds is the folder for the programs of template.yaml that all stacks of one
// test run share, from $STACK_BUILDS; "" if there is none.
func SharedBuilds() string { return os.Getenv("STACK_BUILDS") }

// Stack is a devserver that runs.
type Stack struct {
	API, AWS, Platform string // base URLs
	Dir                string
	PID                int

	temporary bool
	cmd       *exec.Cmd
	ended     chan struct{}
	err       error // of the process, once ended
	log       *capture
}

// Start builds what is missing, starts the devserver and returns when it is ready.
// Whoever starts a stack ends it, with Stop or Kill.
func Start(ctx context.Context, o Options) (*Stack, error) {
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	s := &Stack{Dir: o.Dir, ended: make(chan struct{}), log: &capture{tee: o.Log}}
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "omnihub-stack-"); err != nil {
			return nil, fmt.Errorf("stack: %w", err)
		}
		s.temporary = true
	}
	if err := s.start(ctx, root, o); err != nil {
		s.clean()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, root string, o Options) error {
	var err error
	if s.Dir, err = filepath.Abs(s.Dir); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	if o.BuildDir == "" {
		o.BuildDir = cmp.Or(SharedBuilds(), filepath.Join(s.Dir, "build"))
	}
	program, err := buildDevserver(ctx, root, o.BuildDir)
	if err != nil {
		return err
	}
	if o.Template == "" {
		o.Template = filepath.Join(root, "template.yaml")
	}
	args := []string{"-template", o.Template}
	for name, v := range o.Parameters {
		args = append(args, "-parameter", name+"="+v)
	}
	s.cmd = exec.Command(program, args...)
	s.cmd.Dir = root
	s.cmd.Env = environment(s.Dir, o)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = attributes()
	if err := s.spawn(); err != nil {
		return fmt.Errorf("stack: start: %w", err)
	}
	return s.await(ctx)
}

// spawn starts the process from a thread that lives as long as the process: the
// signal that a child gets when its parent dies follows the thread.
func (s *Stack) spawn() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.err = s.cmd.Wait()
			close(s.ended)
		}
	}()
	return <-started
}

// await returns when the devserver has written its addresses.
func (s *Stack) await(ctx context.Context) error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var a struct {
			API, AWS, Platform string
			PID                int
		}
		data, err := os.ReadFile(filepath.Join(s.Dir, "addresses.json"))
		if err == nil && json.Unmarshal(data, &a) == nil && a.PID == s.cmd.Process.Pid {
			s.API, s.AWS, s.Platform, s.PID = a.API, a.AWS, a.Platform, a.PID
			return nil
		}
		select {
		case <-again.C:
		case <-s.ended:
			return fmt.Errorf("stack: the devserver ended at its start (%v):\n%s", s.err, s.log.tail(4000))
		case <-ctx.Done():
			_ = s.Kill()
			return fmt.Errorf("stack: the devserver was not ready in time: %w:\n%s", ctx.Err(), s.log.tail(4000))
		}
	}
}

// environment is the caller's own, without what would steer the devserver.
func environment(dir string, o Options) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DEV_") && !strings.HasPrefix(v, "AWS_") {
			env = append(env, v)
		}
	}
	env = append(env, "DEV_API_ADDR=127.0.0.1:0", "DEV_AWS_ADDR=127.0.0.1:0", "DEV_PLATFORM_ADDR=127.0.0.1:0", "DEV_DIR="+dir, "DEV_BUILD_DIR="+o.BuildDir,
		"DEV_THROTTLE=off") // a load on a fast machine would meet the throttles of a deployment
	if o.Memory {
		env = append(env, "DEV_MEMORY=1")
	}
	if o.VisibilityScale != 0 {
		env = append(env, "DEV_VISIBILITY_SCALE="+strconv.FormatFloat(o.VisibilityScale, 'g', -1, 64))
	}
	if o.Shuffle != 0 {
		env = append(env, "DEV_SHUFFLE="+strconv.FormatInt(o.Shuffle, 10))
	}
	if o.Tags != "" {
		env = append(env, "DEV_TAGS="+o.Tags)
	}
	if o.RawLog {
		env = append(env, "DEV_LOG=json")
	}
	return append(env, o.Env...)
}

// Stop asks the devserver to end, as Ctrl-C does, and waits for it.
func (s *Stack) Stop() error {
	defer s.clean()
	_ = s.cmd.Process.Signal(os.Interrupt)
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	select {
	case <-s.ended:
	case <-late.C:
		_ = s.Kill()
		return errors.New("stack: the devserver did not stop within 30 s and was killed")
	}
	if s.err != nil {
		return fmt.Errorf("stack: the devserver ended badly (%w):\n%s", s.err, s.log.tail(4000))
	}
	return nil
}

// Kill ends the devserver's whole process group with SIGKILL and waits. The
// functions' processes die with it.
func (s *Stack) Kill() error {
	defer s.clean()
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stack: kill: %w", err)
	}
	<-s.ended
	return nil
}

// Ended is closed when the devserver's process has ended.
func (s *Stack) Ended() <-chan struct{} { return s.ended }

// Log is what the devserver and the functions have printed so far.
func (s *Stack) Log() string { return s.log.String() }

func (s *Stack) clean() {
	if s.temporary {
		_ = os.RemoveAll(s.Dir)
	}
}

// capture keeps what is written.
type capture struct {
	mu  sync.Mutex
	b   bytes.Buffer
	tee io.Writer
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tee != nil {
		_, _ = c.tee.Write(p)
	}
	return c.b.Write(p)
}

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.String()
}

func (c *capture) tail(n int) string {
	text := c.String()
	return text[max(0, len(text)-n):]
}
