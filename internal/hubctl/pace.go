package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/hub"
)

const (
	// defaultRate is how many a second a command puts on its way unless -rate says
	// otherwise: little beside what customers write.
	defaultRate = 50
	maxRate     = 10_000
	// showEvery is how often a long command tells how far it has come.
	showEvery = 2 * time.Second
)

// rate adds the flag -rate.
func (f flags) rate() *int { return f.Int("rate", defaultRate, "") }

func checkRate(name string, rate int) error {
	if rate < 1 || rate > maxRate {
		return fmt.Errorf("%s: -rate is 1 to %d a second", name, maxRate)
	}
	return nil
}

// work counts what becomes of things that are put on their way one by one, at a rate,
// and tells how far it has come.
type work struct {
	verb   string // "replayed"
	ticker *time.Ticker
	shown  time.Time
	out    io.Writer

	done, left, refused, failed int
}

// begin starts the work; its end stops it.
func (c *control) begin(verb string, rate int) *work {
	return &work{verb: verb, ticker: time.NewTicker(time.Second / time.Duration(rate)), shown: time.Now(), out: c.progress}
}

func (w *work) end() { w.ticker.Stop() }

// next waits for the turn of the next one.
func (w *work) next(ctx context.Context) error {
	if now := time.Now(); w.out != nil && now.Sub(w.shown) >= showEvery {
		w.shown = now
		fmt.Fprintln(w.out, w)
	}
	select {
	case <-ctx.Done():
		return errStopped
	case <-w.ticker.C:
		if ctx.Err() != nil {
			return errStopped
		}
		return nil
	}
}

var errStopped = hub.E(hub.Transient, "hubctl", fmt.Errorf("interrupted: what is done is done, and running it again goes on"))

// String is how far it has come.
func (w *work) String() string {
	out := []string{w.verb + " " + strconv.Itoa(w.done)}
	for _, n := range []struct {
		name  string
		count int
	}{{"left alone", w.left}, {"refused", w.refused}, {"failed", w.failed}} {
		if n.count > 0 {
			out = append(out, n.name+" "+strconv.Itoa(n.count))
		}
	}
	return strings.Join(out, ", ")
}

// err is the command's error: something was not done that should have been.
func (w *work) err(name string) error {
	if w.refused+w.failed == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", name, w)
}

// moment reads -since and -until: a time in RFC 3339, or how long ago, in Go's form or
// in days ("7d").
func moment(name, text string, now time.Time) (hub.Millis, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return hub.MillisOf(at), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return hub.MillisOf(now.Add(-time.Duration(n) * 24 * time.Hour)), nil
		}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return 0, fmt.Errorf("-%s: want how long ago (90m, 24h, 7d), or a time as 2026-11-22T08:00:00Z, not %q", name, text)
	}
	return hub.MillisOf(now.Add(-ago)), nil
}

// age is how long ago something was, for a list.
func age(at hub.Millis, now time.Time) string {
	if at == 0 {
		return "-"
	}
	d := now.Sub(at.Time())
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

// dash stands for what is not known, so that the columns of a list stay.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
