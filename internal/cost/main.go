// Command cost prices what internal/budget counts: it prints what a million events
// cost at AWS's list prices, by service, and fails if a million inbound messages are
// above the budget. Counts come from the golden file, sizes from template.yaml,
// prices and assumptions from files that say where each figure is from. What the
// budget leaves out stands in the assumptions, and is printed beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// errOver says that the budget is not kept.
var errOver = errors.New("cost: above the budget")

// paths are the files that the report is made from, from the project's root.
type paths struct{ template, golden, prices, assumptions, measured string }

func main() {
	var p paths
	flag.StringVar(&p.template, "template", "template.yaml", "the template")
	flag.StringVar(&p.golden, "golden", "internal/budget/testdata/budget.golden", "the counts")
	flag.StringVar(&p.prices, "prices", "internal/cost/prices.json", "the price file")
	flag.StringVar(&p.assumptions, "assumptions", "internal/cost/assumptions.json", "what is neither counted nor priced")
	flag.StringVar(&p.measured, "measured", "internal/cost/measured.json", "log lines of the local stack")
	again := flag.Bool("measure", false, "measure the log lines again, in a local stack, and print no prices")
	flag.Parse()
	if *again {
		ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer cancel()
		ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
		defer stop()
		exit(measure(ctx, p.measured))
		return
	}
	exit(run(p, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the report. It answers errOver, after the whole report, if the budget is
// not kept.
func run(p paths, out io.Writer) error {
	scenarios, err := ReadGolden(p.golden)
	if err != nil {
		return err
	}
	prices, err := ReadPrices(p.prices)
	if err != nil {
		return err
	}
	assume, err := ReadAssumptions(p.assumptions)
	if err != nil {
		return err
	}
	plant, err := ReadPlant(p.template, assume.Month.Days)
	if err != nil {
		return err
	}
	if err := checkSwitch(p.template, assume); err != nil {
		return err
	}
	measured, err := ReadMeasured(p.measured)
	if err != nil {
		return err
	}
	for name := range assume.PlatformCalls.PerMessage {
		if _, ok := plant.Functions[name]; !ok {
			return fmt.Errorf("cost: platform_calls: the template has no function %s", name)
		}
	}
	r := &report{out: out, scenarios: scenarios, prices: prices, model: &Model{Plant: plant, Assume: assume, Measured: measured}}
	return r.write()
}
