// Command demo plays a scenario through a local stack on free ports, and prints a
// timeline: what arrived, what was stored, what was sent, and the AWS calls and
// capacity units of each step. It exits 0 only if every expectation held. With an
// argument it plays only the scenes with that text in their title.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"omnihub/internal/stack"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	ok, err := run(ctx, os.Stdout, chosen(strings.Join(os.Args[1:], " ")))
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// chosen are the scenes with a text in their title.
func chosen(text string) []scene {
	var list []scene
	for _, s := range scenes {
		if strings.Contains(s.title, text) {
			list = append(list, s)
		}
	}
	return list
}

// run starts a stack, plays the scenes and answers whether every expectation held.
func run(ctx context.Context, out io.Writer, scenes []scene) (bool, error) {
	if len(scenes) == 0 {
		return false, errors.New("no scene has such a title")
	}
	fmt.Fprintln(out, "Omnihub demo: a local stack starts on free ports.")
	began := time.Now()
	st, err := stack.Start(ctx, stack.Options{
		Memory: true, VisibilityScale: 0.1, Log: &progress{out: out},
	})
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "ready after %.1f s: API %s, AWS %s, platforms %s\n", time.Since(began).Seconds(), st.API, st.AWS, st.Platform)
	fmt.Fprintln(out, "Visibility times are a tenth of the template's, so that what is killed comes back sooner.")

	p := &play{ctx: ctx, out: out, stack: st, ids: map[string]string{}, names: map[string]string{}, ok: true}
	p.view, err = newView(ctx, st, p.now)
	for i := 0; i < len(scenes) && err == nil; i++ {
		err = p.scene(i+1, scenes[i])
	}
	if stopped := st.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return false, fmt.Errorf("%w\n%s", err, tail(st.Log()))
	}
	if p.ok {
		fmt.Fprintf(out, "\nEvery expectation held: %d scenes, %d expectations.\n", len(scenes), p.held)
	} else {
		fmt.Fprintf(out, "\nNOT every expectation held.\n")
	}
	return p.ok, nil
}

func tail(log string) string { return log[max(0, len(log)-3000):] }

// progress shows a start-up's lines until the stack is ready; what the functions
// log later is kept out of the timeline.
type progress struct {
	out  io.Writer
	done bool
}

func (p *progress) Write(b []byte) (int, error) {
	if !p.done {
		if ready(b) {
			p.done = true
		} else {
			fmt.Fprintf(p.out, "  %s", b)
		}
	}
	return len(b), nil
}
