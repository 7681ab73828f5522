// Command devserver runs the project's template.yaml on a developer's machine: it
// builds the functions and plays API Gateway, event sources and schedules around
// them, over the local cloud. It is a development tool and part of no deployment.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	_ "time/tzdata" // schedules name time zones, and a machine may have none

	"omnihub/internal/devserver/logs"
)

func main() {
	debug.SetGCPercent(400) // the local cloud lives here: a hundred megabytes are cheaper than a core
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run lives until a signal ends it.
func run(args []string) error {
	began := time.Now()
	s, err := readSettings(args, os.Getenv, os.Stderr)
	if err != nil {
		return err
	}
	state, err := openState(s.dir)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	m := &machine{settings: s, state: state, log: logs.New(os.Stdout, s.rawLog, isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "")}
	started := make(chan error, 1)
	go func() { started <- m.start(ctx) }()
	for starting := true; starting; {
		select {
		case err := <-started:
			if err != nil {
				m.stop()
				return err
			}
			starting = false
		case sig := <-signals:
			if sig == syscall.SIGUSR1 {
				continue // it builds anyway
			}
			cancel()
			<-started
			m.stop()
			return nil
		}
	}
	m.log.Text(m.banner(time.Since(began)))

	enter := make(chan struct{})
	if isTerminal(os.Stdin) {
		go readEnter(enter)
	}
	for {
		select {
		case <-enter:
			go func() { _, _ = m.rebuild(ctx) }()
		case sig := <-signals:
			if sig == syscall.SIGUSR1 {
				go func() { _, _ = m.rebuild(ctx) }()
				continue
			}
			m.log.Info("devserver", "stopping; once more ends at once")
			stopped := make(chan struct{})
			go func() {
				cancel()
				m.stop()
				close(stopped)
			}()
			for {
				select {
				case <-stopped:
					return nil
				case sig := <-signals:
					if sig != syscall.SIGUSR1 {
						return errors.New("devserver: ended before everything had stopped")
					}
				}
			}
		}
	}
}

// readEnter tells each line that is entered.
func readEnter(enter chan<- struct{}) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		enter <- struct{}{}
	}
}
