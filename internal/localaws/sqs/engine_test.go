package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// machine drives an engine with random calls and knows what must hold of it.
type machine struct {
	path  string
	store *disk.Store
	e     *Engine
	now   time.Time

	handles []held
	sent    map[string]int // place in its group, by body
	deleted map[string]bool
	n       int
}

type held struct{ queue, handle, body string }

var boxes = []string{"plain", "plain-dlq", "line.fifo", "dlq.fifo"}

func (m *machine) open(t *rapid.T) {
	var err error
	if m.store, err = disk.Open(m.path); err != nil {
		t.Fatal(err)
	}
	m.e, err = Open(Config{Disk: m.store, Clock: func() time.Time { return m.now }, Region: "r", Account: "1"})
	if err != nil {
		t.Fatal(err)
	}
}

// call runs an operation; its answer is decoded into out. It returns the error code.
func (m *machine) call(t *rapid.T, operation string, in, out any) string {
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := m.e.Do(&wire.Request{Operation: operation, Body: body})
	var fault *wire.Error
	switch {
	case errors.As(err, &fault):
		return fault.Code
	case err != nil:
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatal(err)
		}
	}
	return ""
}

type object map[string]any

func url(queue string) string { return "http://x/1/" + queue }

func (m *machine) send(t *rapid.T) {
	q := rapid.SampledFrom([]string{"plain", "line.fifo"}).Draw(t, "queue")
	m.n++
	body := strconv.Itoa(m.n)
	in := object{"QueueUrl": url(q), "MessageBody": body}
	if q == "line.fifo" {
		in["MessageGroupId"], in["MessageDeduplicationId"] = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group"), body
	} else {
		in["DelaySeconds"] = rapid.SampledFrom([]int{0, 0, 5}).Draw(t, "delay")
	}
	if fault := m.call(t, "SendMessage", in, nil); fault != "" {
		t.Fatalf("send: got %s, want no error", fault)
	}
	m.sent[body] = m.n
}

func (m *machine) receive(t *rapid.T) {
	q := rapid.SampledFrom(boxes).Draw(t, "queue")
	in := object{"QueueUrl": url(q), "MaxNumberOfMessages": rapid.IntRange(1, 10).Draw(t, "most"), "MessageSystemAttributeNames": []string{"All"},
		"VisibilityTimeout": rapid.SampledFrom([]int{0, 5, 30}).Draw(t, "visibility")}
	var out struct{ Messages []received }
	if fault := m.call(t, "ReceiveMessage", in, &out); fault != "" {
		t.Fatalf("receive: got %s, want no error", fault)
	}
	last := map[string]int{}
	for _, got := range out.Messages {
		if m.deleted[got.Body] {
			t.Fatalf("message %s was deleted and is delivered", got.Body)
		}
		if group := got.Attributes["MessageGroupId"]; q == "line.fifo" {
			if m.sent[got.Body] <= last[group] {
				t.Fatalf("group %s: message %s came after %d", group, got.Body, last[group])
			}
			last[group] = m.sent[got.Body]
			for body, n := range m.sent { // all before it are deleted or in the dead-letter queue, or came with it
				if n < m.sent[got.Body] && m.groupOf("line.fifo", body) == group && !slices.ContainsFunc(out.Messages, func(r received) bool { return r.Body == body }) {
					t.Fatalf("group %s: message %s came before %s", group, got.Body, body)
				}
			}
		}
		m.handles = append(m.handles, held{q, got.ReceiptHandle, got.Body})
	}
}

// groupOf is the group of a message that is in the queue, or "".
func (m *machine) groupOf(queue, body string) string {
	for _, other := range m.e.queues[queue].messages {
		if other.Body == body {
			return other.Group
		}
	}
	return ""
}

func (m *machine) pick(t *rapid.T) held {
	if len(m.handles) == 0 {
		t.Skip("nothing was received")
	}
	return rapid.SampledFrom(m.handles).Draw(t, "handle")
}

func (m *machine) remove(t *rapid.T) {
	h := m.pick(t)
	fault := m.call(t, "DeleteMessage", object{"QueueUrl": url(h.queue), "ReceiptHandle": h.handle}, nil)
	if fault == "" && m.find(h.body) == "" {
		m.deleted[h.body] = true
	}
	if fault != "" && m.e.queues[h.queue].fifo == false {
		t.Fatalf("delete: got %s, want no error on a standard queue", fault)
	}
}

func (m *machine) find(body string) string {
	for name, q := range m.e.queues {
		for _, other := range q.messages {
			if other.Body == body {
				return name
			}
		}
	}
	return ""
}

func (m *machine) change(t *rapid.T) {
	h := m.pick(t)
	m.call(t, "ChangeMessageVisibility", object{"QueueUrl": url(h.queue), "ReceiptHandle": h.handle,
		"VisibilityTimeout": rapid.SampledFrom([]int{0, 3, 60}).Draw(t, "seconds")}, nil)
}

func (m *machine) redrive(t *rapid.T) {
	q := rapid.SampledFrom([]string{"plain-dlq", "dlq.fifo"}).Draw(t, "queue")
	m.call(t, "StartMessageMoveTask", object{"SourceArn": m.e.arn(q)}, nil)
	m.sent = map[string]int{} // a redriven message is a new one, behind the others
	for _, q := range m.e.queues {
		for _, other := range q.messages {
			m.sent[other.Body] = int(other.Place)
		}
	}
	m.n = max(m.n, int(m.e.last))
}

func (m *machine) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.SampledFrom([]int{1, 4, 31, 400}).Draw(t, "seconds")) * time.Second)
	m.e.Sweep()
}

// reopen closes the engine and opens it again on the same file: nothing may change.
func (m *machine) reopen(t *rapid.T) {
	before, messages := m.e.Counts(), m.dump()
	m.e.Close()
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
	if after := m.e.Counts(); !maps.Equal(before, after) {
		t.Fatalf("got counts %v after reopening, want %v", after, before)
	}
	if after := m.dump(); !slices.Equal(after, messages) {
		t.Fatalf("got messages %v after reopening, want %v", after, messages)
	}
	m.n = max(m.n, int(m.e.last))
}

func (m *machine) dump() (all []string) {
	for name, q := range m.e.queues {
		for _, msg := range q.messages {
			all = append(all, fmt.Sprint(name, msg.number, msg.ID, msg.Body, msg.Place, msg.Count, msg.First.UnixNano(), msg.Until.UnixNano(), msg.Source, msg.Dedup))
		}
		for key, s := range q.sightings {
			all = append(all, fmt.Sprint(name, key, s.ID, s.Sequence))
		}
	}
	slices.Sort(all)
	return all
}

// check holds the structures of every queue to each other.
func (m *machine) check(t *rapid.T) {
	for name, q := range m.e.queues {
		hidden, flying, delayed, grouped := 0, 0, 0, 0
		for _, msg := range q.messages {
			if !msg.visible() {
				hidden++
				if msg.Delayed {
					delayed++
				} else {
					flying++
				}
			}
		}
		for id, g := range q.groups {
			busy := 0
			for i, msg := range g.queue {
				if i > 0 && g.queue[i-1].Place >= msg.Place {
					t.Fatalf("%s: group %s is out of order", name, id)
				}
				if !msg.visible() && !msg.Delayed {
					busy++
				}
			}
			grouped += len(g.queue)
			can := busy == 0 && len(g.queue) > 0 && g.queue[0].visible()
			if busy != g.busy || can != (g.index >= 0) || len(g.queue) == 0 || g.held {
				t.Fatalf("%s: group %s of %d has %d in flight (counted %d) and slot %d", name, id, len(g.queue), busy, g.busy, g.index)
			}
		}
		if hidden != len(q.hidden.items) || flying != q.inFlight || delayed != q.delayed {
			t.Fatalf("%s: %d hidden of which %d fly and %d are delayed, counted %d, %d, %d", name, hidden, flying, delayed, len(q.hidden.items), q.inFlight, q.delayed)
		}
		if q.fifo && grouped != len(q.messages) || !q.fifo && len(q.ready.items) != len(q.messages)-hidden {
			t.Fatalf("%s: %d messages, %d in groups, %d ready, %d hidden", name, len(q.messages), grouped, len(q.ready.items), hidden)
		}
	}
}

func TestEveryOrderOfCallsKeepsQueuesConsistent(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &machine{path: filepath.Join(dir, strconv.Itoa(runs)), now: time.Unix(1_800_000_000, 0), sent: map[string]int{}, deleted: map[string]bool{}}
		m.open(t)
		for i, name := range []string{"plain-dlq", "plain", "dlq.fifo", "line.fifo"} {
			attributes := object{}
			if name[len(name)-1] == 'o' {
				attributes["FifoQueue"] = "true"
			}
			if i%2 == 1 {
				grave := []string{"plain-dlq", "dlq.fifo"}[i/2]
				attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":3}`, m.e.arn(grave))
			}
			if fault := m.call(t, "CreateQueue", object{"QueueName": name, "Attributes": attributes}, nil); fault != "" {
				t.Fatalf("create %s: got %s", name, fault)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"send":    m.send,
			"send2":   m.send,
			"receive": m.receive,
			"recv2":   m.receive,
			"delete":  m.remove,
			"change":  m.change,
			"redrive": m.redrive,
			"pass":    m.pass,
			"reopen":  m.reopen,
		})
		m.e.Close()
		if err := errors.Join(m.store.Close(), os.Remove(m.path)); err != nil {
			t.Fatal(err)
		}
	})
}
