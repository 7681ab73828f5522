package main

import (
	"fmt"
	"io"
	"strings"
)

// report prints the tables.
type report struct {
	out       io.Writer
	scenarios []Scenario
	prices    *Prices
	model     *Model
	err       error // the first that happened
}

func (r *report) f(format string, a ...any) { fmt.Fprintf(r.out, format+"\n", a...) }

func (r *report) write() error {
	a := r.model.Assume
	r.f("Price of a million events in USD, list prices of %s, no free tier.", r.prices.Region)
	r.f("Column 1: each event comes in a webhook, a receive and an invocation of its own.")
	r.f("Column 10: each in a webhook of its own, ten in a receive. Column 10 of 10: ten in a webhook, ten in a receive.")
	r.f("Beside each price stands what one event uses.")

	polling, other, err := r.model.fixed(r.prices, find(r.scenarios, "idle minute"))
	if err != nil {
		return err
	}
	perMillion := total(polling) / a.Month.Messages * million
	printed := map[string]bool{}
	for _, w := range wanted {
		found := find(r.scenarios, w.words...)
		if len(found) == 0 {
			r.f("\n%s: MISSING, the counts have no scenario of the words %q", w.title, w.words)
		}
		for _, s := range found {
			if !printed[s.Name] {
				printed[s.Name] = true
				r.table(s, perMillion)
			}
		}
	}
	r.overview()
	r.months(polling, other)
	r.basis()
	if r.err != nil {
		return r.err
	}
	return r.budget()
}

// bills prices a scenario in all shapes.
func (r *report) bills(s Scenario) []Bill {
	var list []Bill
	for _, shape := range shapes {
		u, err := r.model.use(s, shape)
		var b Bill
		if err == nil {
			b, err = bill(r.prices, r.model.Assume, u)
		}
		if err != nil && r.err == nil {
			r.err = err
		}
		list = append(list, b)
	}
	return list
}

func (r *report) row(name string, cell func(i int) string) {
	line := fmt.Sprintf("  %-44s", name)
	for i := range shapes {
		line += fmt.Sprintf(" %20s", cell(i))
	}
	r.f("%s", strings.TrimRight(line, " "))
}

func (r *report) table(s Scenario, polling float64) {
	b := r.bills(s)
	r.f("\n%s", s.Name)
	r.row("", func(i int) string { return shapes[i].Name })
	for _, id := range lines {
		used := false
		for _, one := range b {
			used = used || one.Items[id] > 0
		}
		if used {
			r.row(r.prices.Items[id].Name, func(i int) string { return fmt.Sprintf("%.4g × %8.4f", b[i].Usage.Items[id], b[i].Items[id]) })
		}
	}
	spared := r.spared(s)
	money := func(v func(Bill) float64) func(int) string {
		return func(i int) string { return fmt.Sprintf("%.4f", v(b[i])) }
	}
	r.row("without logs and polling", money(func(b Bill) float64 { return b.Sum }))
	if spared != nil {
		kinds := strings.Join(r.model.Assume.Budget.Without, ", ")
		bus := func(i int) float64 { return b[i].Items["eventbridge.event"] - spared[i].Items["eventbridge.event"] }
		r.row("  of it "+kinds+" on the bus", func(i int) string { return fmt.Sprintf("%.4f", bus(i)) })
		r.row("  of it the relay of "+kinds, func(i int) string { return fmt.Sprintf("%.4f", b[i].Sum-spared[i].Sum-bus(i)) })
		r.row("  without both: "+each(r.model.Assume.Budget.Parameters, "="), func(i int) string { return fmt.Sprintf("%.4f", spared[i].Sum) })
	}
	r.row("logs", func(i int) string { return fmt.Sprintf("%.0f B × %8.4f", b[i].Usage.LogBytes, b[i].Logs) })
	r.row("with logs", money(func(b Bill) float64 { return b.Sum + b.Logs }))
	r.row(fmt.Sprintf("polling, at %.0f messages a month", r.model.Assume.Month.Messages), func(int) string { return fmt.Sprintf("%.4f", polling) })
	r.row("with polling, without logs", money(func(b Bill) float64 { return b.Sum + polling }))
	r.row("with logs and polling", money(func(b Bill) float64 { return b.Sum + b.Logs + polling }))
	for _, n := range b[0].Usage.Notes {
		r.f("  note: %s", n)
	}
}

// spared prices a scenario without what the budget leaves out; nil if it has nothing
// of that.
func (r *report) spared(s Scenario) []Bill {
	rest := s.without(r.model.Assume.Budget.Without)
	if rest.published() == s.published() {
		return nil
	}
	return r.bills(rest)
}

// overview prices every scenario of the counts in one line each.
func (r *report) overview() {
	r.f("\nall counted events, without logs and polling, with everything that is published")
	for _, s := range r.scenarios {
		if s.counted() == 0 || strings.Contains(s.Name, "idle minute") {
			continue
		}
		b := r.bills(s)
		if s.events() > 1 {
			last := len(b) - 1
			r.row(fmt.Sprintf("%.44s", "whole, each of "+s.Name), func(i int) string {
				if i < last {
					return ""
				}
				return fmt.Sprintf("%.4f", b[last].Sum)
			})
			continue
		}
		r.row(fmt.Sprintf("%.44s", s.Name), func(i int) string { return fmt.Sprintf("%.4f", b[i].Sum) })
	}
}

func (r *report) months(polling, other []Fixed) {
	r.f("\na month of %g days, whether anybody writes or not", r.model.Assume.Month.Days)
	for _, list := range [][]Fixed{polling, other} {
		for _, f := range list {
			r.f("  %-64s %10.0f × %10.4f", f.Name, f.Amount, f.USD)
		}
	}
	r.f("  %-64s %23.4f", "polling", total(polling))
	r.f("  %-64s %23.4f", "all of it", total(polling)+total(other))
	r.f("  not in it: stored bytes and backups, traffic to the internet, stored logs, metrics, the settings that each warm process")
	r.f("  reads again each minute, and what the platforms take. DynamoDB Streams cost %g when Lambda reads them.", r.prices.Items["dynamodb.stream"].USD)
}

// basis prints prices and assumptions with their origins.
func (r *report) basis() {
	r.f("\nprices (%s)", r.prices.Region)
	for _, id := range r.prices.ids() {
		it := r.prices.Items[id]
		r.f("  %-46s %12.10g per %-9.0f %-10s %s\n      %s", it.Name, it.USD, it.Per, it.Date, it.Source, it.Read)
	}
	r.f("\nassumptions")
	for _, o := range r.model.Assume.origins() {
		r.f("  %s: %s\n      %s", o.part, o.value, o.text)
	}
	r.f("  log lines: measured in the local stack on %s", r.model.Measured.Date)
	if quiet := r.model.Plant.quiet(); len(quiet) > 0 {
		r.f("      not in the logs, and not paid: Lambda's platform.start and platform.report (duration, billed duration, memory used)")
		r.f("      of invocations that succeed, of %s", strings.Join(quiet, ", "))
	}
	r.f("  streams: in column 1 each event on the bus takes a call and an invocation of its own, the dearest case; an invocation")
	r.f("      that makes no call and publishes nothing is not in the counts, and not in the price")
}

// budget holds the scenarios of the budget against it.
func (r *report) budget() error {
	limit := r.model.Assume.Budget
	column := -1
	for i, s := range shapes {
		if s.Name == limit.Column {
			column = i
		}
	}
	if column < 0 {
		return fmt.Errorf("cost: budget: there is no column %q", limit.Column)
	}
	var bound []Scenario
	for _, s := range find(r.scenarios, limit.Scenario) {
		if s.events() == 1 {
			bound = append(bound, s)
		}
	}
	if len(bound) == 0 {
		return fmt.Errorf("cost: budget: the counts have no scenario %q", limit.Scenario)
	}
	r.f("")
	over := false
	for _, s := range bound {
		whole := r.bills(s)[column]
		b := r.bills(s.without(limit.Without))[column]
		word := "kept"
		if b.Sum > limit.USD {
			word, over = "NOT KEPT", true
		}
		r.f("budget %s: %.2f USD of at most %.2f a million at column %s without logs and polling: %s", word, b.Sum, limit.USD, limit.Column, s.Name)
		if len(limit.Without) > 0 {
			r.f("  %s; with it: %.2f", r.model.Assume.leftOut(), whole.Sum)
		}
		r.slack(b, limit.USD)
	}
	if r.err != nil {
		return r.err
	}
	if over {
		return errOver
	}
	return nil
}

// slack says what the price is made of, and how much longer Lambda may take, since
// its times are assumed.
func (r *report) slack(b Bill, limit float64) {
	var parts []string
	for _, id := range lines {
		if b.Items[id] > 0 {
			parts = append(parts, fmt.Sprintf("%s %.2f", id, b.Items[id]))
		}
	}
	r.f("  %s", strings.Join(parts, ", "))
	time := b.Items["lambda.gbsecond"]
	switch left := limit - b.Sum; {
	case time == 0:
	case left >= 0:
		r.f("  Lambda's time is assumed; the budget holds until it is %.1f times as long", (time+left)/time)
	default:
		r.f("  Lambda's time is assumed; without any it would be %.2f", b.Sum-time)
	}
}
