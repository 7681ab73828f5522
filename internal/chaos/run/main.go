// Command run plays one chaos run on a local stack of its own, prints its report in
// one line, and exits 0 only if every promise held.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"omnihub/internal/chaos"
	"omnihub/internal/stack"
)

func main() {
	var l chaos.Load
	flag.Uint64Var(&l.Seed, "seed", 1, "of the order of deliveries")
	flag.IntVar(&l.Customers, "customers", 20, "who write")
	flag.IntVar(&l.Messages, "messages", 200, "that they write in all")
	flag.IntVar(&l.Repeats, "repeats", 50, "deliveries of each message")
	flag.IntVar(&l.Clients, "clients", 16, "that deliver at the same time")
	flag.IntVar(&l.Kills, "kills", 20, "of the function with events in hand")
	flag.StringVar(&l.Function, "function", "inbound", "that is killed")
	shuffle := flag.Int64("shuffle", 0, "seed of shuffled standard queues instead of FIFO queues; 0 = FIFO")
	scale := flag.Float64("scale", 0.05, "of the queues' visibility times")
	restarts := flag.Int("restarts", 0, "instead: kill the whole stack that often under load, with its state on disk")
	limit := flag.Duration("limit", 10*time.Minute, "of the run")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, *limit)
	defer stop()
	l.Scale = fmt.Sprint(*scale)
	if *restarts > 0 {
		if err := restart(ctx, l, *restarts, *scale); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := play(ctx, l, stack.Options{Memory: true, VisibilityScale: *scale, Shuffle: *shuffle}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func restart(ctx context.Context, l chaos.Load, rounds int, scale float64) error {
	dir, err := os.MkdirTemp("", "omnihub-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o := stack.Options{Dir: dir, VisibilityScale: scale}
	r, err := chaos.Restarts(ctx, o, l.Seed, rounds, l.Customers)
	fmt.Println(r)
	if err != nil {
		return err
	}
	if wrong := r.WrongAfterRestarts(); len(wrong) > 0 {
		return fmt.Errorf("broken promises: %v; run again with -seed %d", wrong, l.Seed)
	}
	return nil
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
	if wrong := r.Wrong(l); len(wrong) > 0 {
		for _, w := range wrong {
			fmt.Fprintln(os.Stderr, "broken promise:", w)
		}
		return fmt.Errorf("%d promises were broken; run again with -seed %d", len(wrong), l.Seed)
	}
	return nil
}
