package lambda

import (
	"os/exec"
	"runtime"
)

// spawner starts children from one thread that lives as long as the devserver:
// the signal that a child gets when its parent dies follows the thread that
// started it, not the process.
type spawner struct{ work chan func() }

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	s.work <- func() { done <- cmd.Start() }
	return <-done
}

// close ends the thread, and with it every child that is left.
func (s *spawner) close() { close(s.work) }
