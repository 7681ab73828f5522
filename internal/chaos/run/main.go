// Command run plays chaos runs, each on a local stack of its own, prints the report of
// each in one line, and exits 0 only if every promise held.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"omnihub/internal/chaos"
	"omnihub/internal/stack"
)

// options are the flags.
type options struct {
	load     chaos.Load
	scenario string
	seeds    []uint64
	rounds   int
	level    string
	channels string
	shuffle  int64
	scale    float64
	json     string
	log      string
	limit    time.Duration
}

func main() {
	o, err := read(os.Args[1:])
	if err != nil {
		fail(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	fail(o.run(ctx))
}

// fail ends the command if there is an error.
func fail(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(args []string) (options, error) {
	o := options{load: chaos.Load{Functions: chaos.Functions}}
	l, seeds, functions := &o.load, "", ""
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.StringVar(&o.scenario, "scenario", "standard", "standard, pacing, outage, drill or restarts")
	f.StringVar(&seeds, "seeds", "1", "of the load and of the faults: 7, 1-10 or 1,4,9; each is a run of its own")
	f.IntVar(&l.Customers, "customers", 60, "who write; with restarts in each round")
	f.IntVar(&l.Messages, "messages", 500, "that they write in all")
	f.IntVar(&l.Repeats, "repeats", 5, "deliveries of each event")
	f.IntVar(&l.Clients, "clients", 32, "that deliver at the same time")
	f.IntVar(&l.Kills, "kills", 40, "of functions with work in hand")
	f.StringVar(&functions, "functions", "", "that are killed, by turns, with commas; all of them if empty")
	f.IntVar(&l.Poison, "poison", 10, "webhooks that can never be worked off")
	f.BoolVar(&l.Rival, "rival", true, "a second team has the same accounts and some of the same customers")
	f.IntVar(&l.Failpoints, "failpoints", 0, "deaths at each failpoint, at most; the functions are built with the tag chaos then")
	f.StringVar(&o.level, "faults", "smoke", "none, smoke (5 % of each) or standard (20 % throttling, 10 % conflicts, 5 % of each other)")
	f.StringVar(&o.channels, "channels", strings.Join(chaos.Channels(), ","), "on which the customers write, by turns")
	f.Int64Var(&o.shuffle, "shuffle", 0, "seed of shuffled standard queues instead of FIFO queues; 0 = FIFO")
	f.Float64Var(&o.scale, "scale", 1, "of the queues' visibility times")
	f.IntVar(&o.rounds, "rounds", 50, "of restarts")
	f.StringVar(&o.json, "json", "", "file to append the reports to, as an object of JSON in a line each")
	f.StringVar(&o.log, "log", "", "file to keep the stacks' logs in, as lines of JSON")
	f.DurationVar(&o.limit, "limit", 20*time.Minute, "of each run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("run: %q is no flag", f.Arg(0))
	}
	if functions != "" {
		l.Functions = strings.Split(functions, ",")
	}
	l.Channels = strings.Split(o.channels, ",")
	for _, channel := range l.Channels {
		if !slices.Contains(chaos.Channels(), channel) {
			return o, fmt.Errorf("run: -channels %s: want some of %v", channel, chaos.Channels())
		}
	}
	l.Level, l.Ordered, l.Scale = chaos.Level(o.level), o.shuffle == 0, fmt.Sprint(o.scale)
	if !slices.Contains(chaos.Levels(), l.Level) {
		return o, fmt.Errorf("run: -faults %s: want one of %v", o.level, chaos.Levels())
	}
	var err error
	o.seeds, err = readSeeds(seeds)
	return o, err
}

// readSeeds reads numbers and ranges of them.
func readSeeds(text string) ([]uint64, error) {
	var out []uint64
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 32)
		last, err2 := strconv.ParseUint(to, 10, 32)
		if err != nil || err2 != nil || first > last || last-first > 1000 {
			return nil, fmt.Errorf("run: -seeds %s: want numbers or ranges, such as 1-10", part)
		}
		for seed := first; seed <= last; seed++ {
			out = append(out, seed)
		}
	}
	return out, nil
}

// run plays all seeds. It is an error if one of them broke a promise.
func (o options) run(ctx context.Context) error {
	build, err := os.MkdirTemp("", "omnihub-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	failed := 0
	for _, seed := range o.seeds {
		report, err := o.one(ctx, seed, build)
		fmt.Println(report)
		if kept := o.keep(report); kept != nil {
			return kept
		}
		if err == nil && len(report.Broken) == 0 {
			continue
		}
		failed++
		o.tell(report, err, seed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d runs failed", failed, len(o.seeds))
	}
	return nil
}

// one plays one seed.
func (o options) one(ctx context.Context, seed uint64, build string) (chaos.Report, error) {
	ctx, stop := context.WithTimeout(ctx, o.limit)
	defer stop()
	l := o.load
	l.Seed = seed
	s := stack.Options{VisibilityScale: o.scale, RawLog: true, BuildDir: build, Shuffle: o.shuffle, Parameters: chaos.Parameters()}
	if l.Failpoints > 0 {
		s.Tags = "chaos"
	}
	if o.log != "" {
		f, err := os.Create(strings.ReplaceAll(o.log, "SEED", fmt.Sprint(seed)))
		if err != nil {
			return chaos.Report{}, err
		}
		defer f.Close()
		s.Log = f
	}
	switch o.scenario {
	case "standard":
		s.Memory = true
		return onOne(ctx, s, func(st *stack.Stack) (chaos.Report, error) { return chaos.Run(ctx, st, l) })
	case "pacing":
		s.Memory = true
		return onOne(ctx, s, func(st *stack.Stack) (chaos.Report, error) { return chaos.Pacing(ctx, st, l) })
	case "outage":
		s.Memory = true
		return onOne(ctx, s, func(st *stack.Stack) (chaos.Report, error) { return chaos.Outage(ctx, st, l) })
	case "drill":
		s.Memory = true
		return onOne(ctx, s, func(st *stack.Stack) (chaos.Report, error) { return chaos.Drill(ctx, st, l) })
	case "restarts":
		dir, err := os.MkdirTemp("", "omnihub-chaos-")
		if err != nil {
			return chaos.Report{}, err
		}
		defer os.RemoveAll(dir)
		s.Dir = dir
		return chaos.Restarts(ctx, s, l, o.rounds)
	}
	return chaos.Report{}, fmt.Errorf("run: there is no scenario %q", o.scenario)
}

// onOne plays on one stack, which is stopped afterwards.
func onOne(ctx context.Context, s stack.Options, play func(*stack.Stack) (chaos.Report, error)) (chaos.Report, error) {
	st, err := stack.Start(ctx, s)
	if err != nil {
		return chaos.Report{}, err
	}
	report, err := play(st)
	log := st.Log()
	stopped := st.Stop()
	if err != nil {
		return report, fmt.Errorf("%w\n%s", err, log[max(0, len(log)-4000):])
	}
	return report, stopped
}

// keep appends a report to the file of reports.
func (o options) keep(report chaos.Report) error {
	if o.json == "" {
		return nil
	}
	line, err := json.Marshal(report)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(o.json, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// tell prints what went wrong, with cases of it, and how to see it again.
func (o options) tell(report chaos.Report, err error, seed uint64) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "the run ended early:", err)
	}
	report.Blame(os.Stderr)
	args := []string{}
	for i := 1; i < len(os.Args); i++ {
		if arg := strings.TrimLeft(os.Args[i], "-"); arg == "seeds" {
			i++
		} else if !strings.HasPrefix(arg, "seeds=") {
			args = append(args, os.Args[i])
		}
	}
	fmt.Fprintf(os.Stderr, "again: go run ./internal/chaos/run %s -seeds %d\n", strings.Join(args, " "), seed)
}
