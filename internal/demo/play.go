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
	"omnihub/internal/hub"
	"omnihub/internal/localaws/wire"
	"omnihub/internal/stack"
	"omnihub/internal/store"
)

// ready tells the devserver's banner from its start-up lines.
func ready(line []byte) bool { return bytes.Contains(line, []byte("The hub runs")) }

// play is one run of the scenario.
type play struct {
	ctx    context.Context
	out    io.Writer
	stack  *stack.Stack
	view   *view
	began  time.Time         // of the scene
	ids    map[string]string // an id of each customer at the platform, by name
	names  map[string]string // of ids, as the timeline shows them
	second time.Time         // of the last act at WhatsApp, whose times are in seconds
	passed time.Duration     // by which the stack's clock was moved
	ok     bool
	held   int
}

// scene is one part of the scenario.
type scene struct {
	title string
	play  func(p *play) error
}

// now is the time on the stack's clock.
func (p *play) now() time.Time { return time.Now().Add(p.passed) }

// pass lets time pass on the stack's clock.
func (p *play) pass(by time.Duration) error {
	if _, err := p.stack.AdvanceClock(p.ctx, by); err != nil {
		return err
	}
	p.passed += by
	p.tell("clock", "%s pass", by)
	return nil
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

// customer lets a customer of LINE act.
func (p *play) customer(act fake.Act) (fake.Delivery, error) {
	d, err := p.stack.Customer(p.ctx, line, act)
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

// rest waits until the stack is at rest, and reads a customer's thread.
func (p *play) rest(channel, from string) (thread, error) {
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return thread{}, err
	}
	return p.view.thread(p.ctx, accounts[channel], p.ids[from])
}

// settle waits until the stack is at rest, and tells what a customer's thread holds
// and what the customer got.
func (p *play) settle(channel, from string) (thread, []fake.Call, error) {
	th, err := p.rest(channel, from)
	if err != nil {
		return thread{}, nil, err
	}
	for _, m := range th.log {
		p.tell("stored", "%s", shown(th, m))
	}
	calls, err := p.stack.Sent(p.ctx, channel, from)
	for _, c := range calls {
		p.tell("sent", "%s to %s by %s: %q", time.UnixMilli(c.At).UTC().Format("15:04:05.000"), from, c.Kind, c.Text)
	}
	return th, calls, err
}

// shown is one line of a thread's log.
func shown(th thread, m store.Logged) string {
	direction, state := "in ", ""
	if !m.Inbound {
		direction, state = "out", ", "+string(stateOf(th, m))
		if m.Stamps.Code != "" {
			state += " (" + string(m.Stamps.Code) + ")"
		}
	}
	for _, r := range m.Reactions {
		state += ", reaction " + r.Value
	}
	return fmt.Sprintf("%s %s %q%s", direction, m.Key.At().Time().Format("15:04:05.000"), m.Text, state)
}

// The channels of the scenes, and the demo team's account of each.
const (
	line      = "line"
	whatsApp  = "whatsapp"
	messenger = "messenger"
	instagram = "instagram"
	twilio    = "twilio"
	viber     = "viber"
)

var accounts = map[string]hub.AccountID{
	line: "line1", whatsApp: "whatsapp1", messenger: "messenger1", instagram: "instagram1", twilio: "twilio1", viber: "viber1",
}
