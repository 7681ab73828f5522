// Command run plays one chaos run on a local stack of its own, prints its report in
// one line, and exits 0 only if every promise held.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"omnihub/internal/chaos"
	"omnihub/internal/stack"
)

func main() {
	var l chaos.Load
	flag.Uint64Var(&l.Seed, "seed", 1, "of the order of deliveries and of the platforms' faults")
	flag.IntVar(&l.Customers, "customers", 20, "who write; with -restarts in each round")
	flag.IntVar(&l.Messages, "messages", 200, "that they write in all")
	flag.IntVar(&l.Repeats, "repeats", 50, "deliveries of each message")
	flag.IntVar(&l.Clients, "clients", 16, "that deliver at the same time")
	flag.IntVar(&l.Kills, "kills", 20, "of the function with events in hand")
	flag.StringVar(&l.Function, "function", "inbound", "that is killed")
	channels := flag.String("channel", "both", "on which the customers write: line, whatsapp or both")
	shuffle := flag.Int64("shuffle", 0, "seed of shuffled standard queues instead of FIFO queues; 0 = FIFO")
	scale := flag.Float64("scale", 0.05, "of the queues' visibility times")
	restarts := flag.Int("restarts", 0, "instead: kill the whole stack that often under load, with its state on disk")
	logFile := flag.String("log", "", "file to keep the stack's log in, as lines of JSON")
	limit := flag.Duration("limit", 10*time.Minute, "of the run")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, *limit)
	defer stop()
	l.Scale = fmt.Sprint(*scale)
	switch *channels {
	case "both":
		l.Channels = []string{"line", "whatsapp"}
	case "line", "whatsapp":
		l.Channels = []string{*channels}
	default:
		fail(errors.New("-channel is line, whatsapp or both"))
	}
	o := stack.Options{VisibilityScale: *scale}
	if *logFile != "" {
		f, err := os.Create(*logFile)
		if err != nil {
			fail(err)
		}
		defer f.Close()
		o.Log, o.RawLog = io.Writer(f), true
	}
	if *restarts > 0 {
		fail(restart(ctx, l, *restarts, o))
		return
	}
	o.Memory, o.Shuffle = true, *shuffle
	fail(play(ctx, l, o))
}

// fail ends the command if there is an error.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func restart(ctx context.Context, l chaos.Load, rounds int, o stack.Options) error {
	dir, err := os.MkdirTemp("", "omnihub-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.Dir = dir
	r, err := chaos.Restarts(ctx, o, l, rounds)
	fmt.Println(r)
	if err != nil {
		return err
	}
	return judge(r, l, r.WrongAfterRestarts())
}

func play(ctx context.Context, l chaos.Load, o stack.Options) error {
	st, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	r, err := chaos.Run(ctx, st, l)
	log := st.Log()
	if stopped := st.Stop(); err == nil {
		err = stopped
	}
	fmt.Println(r)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, log[max(0, len(log)-4000):])
	}
	return judge(r, l, r.Wrong(l))
}

// judge prints what went wrong, with cases of it.
func judge(r chaos.Report, l chaos.Load, wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, "broken promise:", w)
	}
	for _, what := range slices.Sorted(maps.Keys(r.Examples)) {
		for _, e := range r.Examples[what] {
			fmt.Fprintf(os.Stderr, "  %s: %s\n", what, e)
		}
	}
	return fmt.Errorf("%d promises were broken; run again with -seed %d", len(wrong), l.Seed)
}
