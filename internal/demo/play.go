package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/localaws/wire"
	"omnihub/internal/stack"
)

// ready tells the devserver's banner from its start-up lines.
func ready(line []byte) bool { return bytes.Contains(line, []byte("The hub runs")) }

// play is one run of the scenario.
type play struct {
	ctx   context.Context
	out   io.Writer
	stack *stack.Stack
	began time.Time         // of the scene
	ids   map[string]string // the platform's ids of customers, by name
	ok    bool
	held  int
}

// scene is one part of the scenario.
type scene struct {
	title string
	play  func(p *play) error
}

// scene plays one scene between two counts of the AWS calls.
func (p *play) scene(n int, s scene) error {
	fmt.Fprintf(p.out, "\n%d. %s\n", n, s.title)
	if err := p.stack.ResetCounts(p.ctx); err != nil {
		return err
	}
	p.began = time.Now()
	if err := s.play(p); err != nil {
		return err
	}
	counts, err := p.stack.Counts(p.ctx)
	if err != nil {
		return err
	}
	p.costs(counts)
	return nil
}

// tell prints one line of the timeline.
func (p *play) tell(what, format string, args ...any) {
	fmt.Fprintf(p.out, "   %7.3f s  %-8s  %s\n", time.Since(p.began).Seconds(), what, fmt.Sprintf(format, args...))
}

// expect holds one expectation and prints it.
func (p *play) expect(what string, got, want any) {
	if fmt.Sprint(got) == fmt.Sprint(want) {
		p.held++
		p.tell("✓", "%s: %v", what, got)
		return
	}
	p.ok = false
	p.tell("✗", "%s: got %v, want %v", what, got, want)
}

// costs prints the AWS calls of the functions in a scene.
func (p *play) costs(counts []wire.Count) {
	type sum struct {
		calls       int
		read, write float64
		operations  map[string]int
	}
	by := map[string]*sum{}
	var names []string
	for _, c := range counts {
		if c.Caller == "" || c.Caller == strings.ToLower(c.Caller) {
			continue // the devserver and this program: no function
		}
		s := by[c.Caller]
		if s == nil {
			s = &sum{operations: map[string]int{}}
			by[c.Caller] = s
			names = append(names, c.Caller)
		}
		s.calls, s.read, s.write = s.calls+c.Calls, s.read+c.Read, s.write+c.Write
		s.operations[c.Operation] += c.Calls
	}
	sort.Strings(names)
	for _, name := range names {
		s := by[name]
		var parts []string
		for op, n := range s.operations {
			parts = append(parts, fmt.Sprintf("%d %s", n, op))
		}
		sort.Strings(parts)
		p.tell("AWS", "%-9s %3d calls, %g RRU, %g WRU: %s", strings.ToLower(name), s.calls, s.read, s.write, strings.Join(parts, ", "))
	}
}

// customer lets a customer act.
func (p *play) customer(act fake.Act) (fake.Delivery, error) {
	d, err := p.stack.Customer(p.ctx, "line", act)
	if _, rest, ok := strings.Cut(d.Body, `"userId":"`); ok {
		p.ids[act.From], _, _ = strings.Cut(rest, `"`)
	}
	if err == nil && !act.Hold {
		p.tell("arrived", "webhook of %s: %q, answered %s", act.From, act.Text, statuses(d.Statuses))
	}
	return d, err
}

// deliver posts a webhook that was held.
func (p *play) deliver(d fake.Delivery) error {
	req, err := http.NewRequestWithContext(p.ctx, "POST", d.URL, strings.NewReader(d.Body))
	if err != nil {
		return err
	}
	for name, v := range d.Header {
		req.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	p.tell("arrived", "webhook answered %d", resp.StatusCode)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a signed webhook was answered %d", resp.StatusCode)
	}
	return nil
}

func statuses(list []int) string {
	if len(list) == 1 {
		return fmt.Sprint(list[0])
	}
	count := map[int]int{}
	for _, s := range list {
		count[s]++
	}
	var parts []string
	for s, n := range count {
		parts = append(parts, fmt.Sprintf("%d × %d", n, s))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

// settle waits until the stack is at rest, and tells what a customer's thread holds
// and what the customer got.
func (p *play) settle(from string) (thread, []fake.Call, error) {
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return thread{}, nil, err
	}
	th, err := readThread(p.ctx, p.stack.AWS, p.ids[from])
	if err != nil {
		return thread{}, nil, err
	}
	for _, m := range th.messages {
		direction := "in "
		if !m.inbound {
			direction = "out"
		}
		p.tell("stored", "%s %s %q", direction, m.at.Format("15:04:05.000"), m.text)
	}
	calls, err := p.stack.Sent(p.ctx, "line", from)
	for _, c := range calls {
		p.tell("sent", "%s to %s by %s: %q", time.UnixMilli(c.At).UTC().Format("15:04:05.000"), from, c.Kind, c.Text)
	}
	return th, calls, err
}
