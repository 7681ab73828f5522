// Command mutants takes one defence of the product away at a time, and shows that
// something notices: a test fails, or a chaos run breaks its promise. It prints what
// each mutant fell by, and exits 0 only if all were killed. README.md tells how one
// is written.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed list
var lists embed.FS

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

// command is main without the process.
func command(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	var (
		only     = flags.String("run", "", "regular expression of the mutants to try, by name or threat (T11)")
		list     = flags.Bool("list", false, "print the mutants and their killers only")
		keep     = flags.String("make", "", "folder to make the mutants in, to be tried by hand; nothing is run")
		parallel = flags.Int("parallel", 1, "mutants at a time")
		timeout  = flags.Duration("timeout", 3*time.Minute, "of one killer")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	files, err := fs.Sub(lists, "list")
	if err != nil {
		return err
	}
	all, err := load(files)
	if err != nil {
		return err
	}
	var chosen []Mutant
	for _, m := range all {
		if match.MatchString(m.Name) || *only != "" && slicesMatch(match, m.Threats) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("mutants: none is called %q", *only)
	}
	if *list {
		show(out, chosen)
		return nil
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if *keep != "" {
		return produce(out, root, *keep, chosen)
	}
	scratch, err := os.MkdirTemp("", "omnihub-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{root: root, scratch: scratch, timeout: *timeout}
	return play(ctx, b, chosen, max(*parallel, 1), out)
}

func slicesMatch(match *regexp.Regexp, names []string) bool {
	for _, n := range names {
		if match.MatchString(n) {
			return true
		}
	}
	return false
}

// moduleRoot is the folder with go.mod above the working folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("mutants: no go.mod above the working folder")
		}
		dir = above
	}
}

// produce makes mutants in a folder and prints how each is built.
func produce(out io.Writer, root, dir string, mutants []Mutant) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	b := &bench{root: root, scratch: dir}
	for _, m := range mutants {
		over, err := b.produce(m)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "GOFLAGS=-overlay=%s\n", over)
	}
	return nil
}

// play tries the mutants and prints a line for each as it is done. An error tells
// that not all were killed.
func play(ctx context.Context, b *bench, mutants []Mutant, parallel int, out io.Writer) error {
	start := time.Now()
	killers := distinct(mutants)
	if err := b.prepare(ctx, killers); err != nil {
		return err
	}
	control := b.control(ctx, killers)
	fmt.Fprintf(out, "%d of %d killers pass on the source as it stands (%.0f s)\n", len(killers)-len(control), len(killers), time.Since(start).Seconds())
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		killed int
		names  []string
		work   = make(chan Mutant)
	)
	for range parallel {
		wg.Go(func() {
			for m := range work {
				began := time.Now()
				by, o := b.try(ctx, m, control)
				mu.Lock()
				fmt.Fprintln(out, row(m, by, o, time.Since(began)))
				if o.Verdict == Killed {
					killed++
				} else {
					names = append(names, m.Name)
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		if ctx.Err() != nil {
			break
		}
		work <- m
	}
	close(work)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("mutants: stopped: %w", err)
	}
	fmt.Fprintf(out, "%d/%d killed (%.0f s)\n", killed, len(mutants), time.Since(start).Seconds())
	if killed < len(mutants) {
		return fmt.Errorf("mutants: not killed: %s", strings.Join(names, ", "))
	}
	return nil
}

// distinct are the killers of all mutants, each once.
func distinct(mutants []Mutant) []Killer {
	var all []Killer
	known := map[string]bool{}
	for _, m := range mutants {
		for _, k := range m.Killers {
			if !known[k.String()] {
				known[k.String()] = true
				all = append(all, k)
			}
		}
	}
	return all
}

const (
	nameWidth   = 34
	figureWidth = 150
)

// row is one line of the table.
func row(m Mutant, by Killer, o Outcome, took time.Duration) string {
	figure := o.Figure
	switch {
	case o.Verdict == Survived:
		figure = "without: " + m.Lacks
	case by.Test != "":
		figure = by.Test + ": " + figure
	case by.Chaos != nil:
		figure = "chaos: " + figure
	}
	return fmt.Sprintf("%-8s %5.1fs  %-*s %-9s %s", o.Verdict, took.Seconds(), nameWidth, m.Name, strings.Join(m.Threats, ","), short(figure))
}

// short is a figure in one line that fits a terminal.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > figureWidth {
		return string(r[:figureWidth]) + "…"
	}
	return text
}

// show prints what there is.
func show(out io.Writer, mutants []Mutant) {
	for _, m := range mutants {
		fmt.Fprintf(out, "%-*s %-9s without: %s\n", nameWidth, m.Name, strings.Join(m.Threats, ","), m.Lacks)
		for _, k := range m.Killers {
			fmt.Fprintf(out, "%-*s   %s\n", nameWidth, "", k)
		}
	}
	fmt.Fprintf(out, "%d mutants\n", len(mutants))
}
