package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// state is where a process stands between start and end.
type state int

const (
	starting state = iota // has not asked for an event yet
	idle                  // waits for an event
	busy                  // has an event
	answered              // has answered, and did not ask for the next one yet
	stopping              // told to end
	dead
)

func (s state) String() string {
	return [...]string{"starting", "idle", "busy", "answered", "stopping", "dead"}[s]
}

// process is one running copy of a function's program, with its own Runtime API.
type process struct {
	fn     *Function
	config Config // as it was at the start
	next   chan *invocation
	left   chan struct{}          // closed when it is told to end
	peak   atomic.Int64           // of its resident memory so far, in bytes
	looked atomic.Int64           // when that was measured last, in ns
	trace  atomic.Pointer[string] // of the last event, for the log

	// Guarded by the host's lock.
	state    state
	since    time.Time // of the state
	current  *invocation
	last     string // id of the last event that was answered
	retired  bool   // ends after its event
	killed   bool
	reported bool // the last answer was an error: an exit is expected after a panic
	late     bool // did not ask for an event in time
	events   int
	pid      int
	grace    *time.Timer

	cmd       atomic.Pointer[exec.Cmd]
	inherited int64 // what the system counts as its memory though it is the devserver's
	server    *http.Server
	outputs   []*lineWriter

	tailMu sync.Mutex
	lines  []string // last lines of standard error
}

// start makes a process. The lock is held.
func (h *Host) start(f *Function) {
	p := &process{fn: f, config: f.config, next: make(chan *invocation, 1), left: make(chan struct{}), since: time.Now()}
	f.processes = append(f.processes, p)
	f.starting++
	h.processes++
	h.exits.Add(1)
	go h.run(p)
}

// run lives as long as the process.
func (h *Host) run(p *process) {
	defer h.exits.Done()
	var listener net.Listener
	err := p.holdBack(h.Faults.SlowStart(p.fn.label))
	if err == nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err == nil {
		p.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serveRuntime(p, w, r) })}
		go func() { _ = p.server.Serve(listener) }()
		err = h.spawnProcess(p, listener.Addr().String())
	}
	if err == nil {
		watch := time.AfterFunc(startWithin, func() { h.tooSlow(p) })
		err = p.cmd.Load().Wait()
		watch.Stop()
		p.measureEnd()
		for _, w := range p.outputs {
			w.end()
		}
	}
	if p.server != nil {
		_ = p.server.Close()
	}
	h.exited(p, err)
}

// holdBack waits before a start that a fault makes slow. It is an error if the process
// is told to end meanwhile.
func (p *process) holdBack(d time.Duration) error {
	if d == 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.left:
		return errors.New("it was told to end before it was started")
	}
}

// spawnProcess starts the program. A program that was written a moment ago may be
// held open for writing by a child of this process that is just being started; then
// it is tried again.
func (h *Host) spawnProcess(p *process, address string) error {
	const tries, between = 20, 10 * time.Millisecond
	again := time.NewTicker(between)
	defer again.Stop()
	err := h.spawnOnce(p, address)
	for n := 1; n < tries && errors.Is(err, syscall.ETXTBSY); n++ {
		<-again.C
		err = h.spawnOnce(p, address)
	}
	return err
}

func (h *Host) spawnOnce(p *process, address string) error {
	cmd := exec.Command(filepath.Join(p.config.Dir, "bootstrap"))
	cmd.Dir = p.config.Dir
	cmd.Env = append(append([]string{}, p.config.Environment...), "AWS_LAMBDA_RUNTIME_API="+address,
		"AWS_LAMBDA_LOG_STREAM_NAME="+time.Now().UTC().Format("2006/01/02")+"/[$LATEST]"+requestID()[:8])
	out := &lineWriter{each: func(line string) { h.log.Line(p.config.Label, p.traceID(), line) }}
	errs := &lineWriter{each: func(line string) {
		p.remember(line)
		h.log.Line(p.config.Label, p.traceID(), line)
	}}
	p.outputs = []*lineWriter{out, errs}
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = childAttributes()
	if err := h.spawn.start(cmd); err != nil {
		return err
	}
	p.inherited = residentPeak(os.Getpid())
	p.cmd.Store(cmd)
	h.mu.Lock()
	p.pid = cmd.Process.Pid
	leaving := p.state == stopping
	h.mu.Unlock()
	if leaving {
		p.signalKill()
	}
	return nil
}

// tooSlow kills a process that did not ask for its first event.
func (h *Host) tooSlow(p *process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.state == starting {
		p.late = true
		p.signalKill()
	}
}

// exited settles what the end of a process means for its event and its function.
func (h *Host) exited(p *process, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, was := p.fn, p.state
	if p.grace != nil {
		p.grace.Stop()
	}
	for i, other := range f.processes {
		if other == p {
			f.processes = append(f.processes[:i], f.processes[i+1:]...)
			break
		}
	}
	h.processes--
	p.state = dead
	how := ending(err)
	switch {
	case was == stopping:
		h.stopping--
	case was == starting:
		f.starting--
		if p.late {
			how = fmt.Sprintf("did not ask for an event within %s", startWithin)
		}
		h.startFailed(p, how)
	case p.current != nil:
		inv := p.current
		failure := &Failure{Crashed, "Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", inv.id, how)}
		h.log.Block(p.config.Label, inv.trace, "the process ended during an invocation: "+how, p.tail())
		h.finish(inv, Result{Failure: failure})
	case !p.reported:
		h.log.Block(p.config.Label, p.traceID(), "the process ended between invocations: "+how, p.tail())
	}
	if p.current != nil { // told to end while it had an event
		h.finish(p.current, Result{Failure: &Failure{Crashed, "Runtime.ExitError", "the process was ended: " + how}})
	}
	h.dispatch()
}

// startFailed remembers that the function cannot start, so that it is tried again
// only after a growing pause, and answers those who wait for it.
func (h *Host) startFailed(p *process, how string) {
	f := p.fn
	f.failures++
	pause := min(minBackoff<<min(f.failures-1, 10), maxBackoff)
	f.retryAt = time.Now().Add(pause)
	f.broken = &Failure{NotReady, "Runtime.ExitError", "the function could not start: " + how}
	h.log.Block(p.config.Label, "", fmt.Sprintf("the function could not start: %s (next try in %s at the earliest)", how, pause), p.tail())
	if f.live() == 0 {
		h.refuse(f, f.broken)
	}
}

func ending(err error) string {
	var exit *exec.ExitError
	if err == nil {
		return "exit status 0"
	}
	if errors.As(err, &exit) {
		return exit.Error()
	}
	return err.Error()
}

func (p *process) traceID() string {
	if t := p.trace.Load(); t != nil {
		return *t
	}
	return ""
}

func (p *process) signalTerm() {
	if cmd := p.cmd.Load(); cmd != nil {
		p.measure()
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
}

func (p *process) signalKill() {
	if cmd := p.cmd.Load(); cmd != nil {
		p.measure()
		_ = cmd.Process.Kill()
	}
}

// remember keeps the last lines of standard error.
func (p *process) remember(line string) {
	const keep = 20
	p.tailMu.Lock()
	defer p.tailMu.Unlock()
	if p.lines = append(p.lines, line); len(p.lines) > keep {
		p.lines = p.lines[1:]
	}
}

func (p *process) tail() []string {
	p.tailMu.Lock()
	defer p.tailMu.Unlock()
	return append([]string{}, p.lines...)
}

// lineWriter cuts a stream into lines. A line longer than a screenful of pages is
// cut, so that no function can fill the memory.
type lineWriter struct {
	each func(string)
	part []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	const longest = 256 << 10
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			w.part = append(w.part, b...)
			if len(w.part) > longest {
				w.flush()
			}
			break
		}
		w.part = append(w.part, b[:i]...)
		w.flush()
		b = b[i+1:]
	}
	return n, nil
}

// end writes what stands after the last line break.
func (w *lineWriter) end() {
	if len(w.part) > 0 {
		w.flush()
	}
}

func (w *lineWriter) flush() {
	w.each(string(bytes.TrimRight(w.part, "\r")))
	w.part = w.part[:0]
}
