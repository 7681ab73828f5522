package sqs

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/wire"
)

// task moves the messages of a dead-letter queue back to where they came from, or
// to one queue. Without a limit it is done when its start is answered; with one it
// goes on with each Sweep.
type task struct {
	Number  uint64
	Source  string // queue name
	Target  string // queue name, or "" for where each message came from
	Rate    int    // messages per second; 0 is no limit
	Started time.Time
	Status  string // RUNNING, COMPLETED, CANCELLED, FAILED
	Moved   int
	ToMove  int
	Reason  string // of a failure
}

const running = "RUNNING"

func (t *task) handle() string {
	return base64.StdEncoding.EncodeToString([]byte("task/" + strconv.FormatUint(t.Number, 10)))
}

type startTaskInput struct {
	SourceArn, DestinationArn    string
	MaxNumberOfMessagesPerSecond *int
}

func (in startTaskInput) resource() string { return lastPart(in.SourceArn) }

func lastPart(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

func (e *Engine) startMessageMoveTask(r *wire.Request, in *startTaskInput) (any, error) {
	if in.SourceArn == "" {
		return nil, missing("SourceArn")
	}
	q := e.queues[e.nameOf(in.SourceArn)]
	if q == nil {
		return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	t := &task{Number: e.next(), Source: q.name, Started: e.cfg.Clock(), Status: running}
	if in.DestinationArn != "" {
		target := e.queues[e.nameOf(in.DestinationArn)]
		if target == nil {
			return nil, noResource("The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
		if target.fifo != q.fifo || target == q {
			return nil, invalidValue(in.DestinationArn, "DestinationArn", "The destination must be another queue of the same type.")
		}
		t.Target = target.name
	}
	if rate := in.MaxNumberOfMessagesPerSecond; rate != nil {
		if t.Rate = *rate; t.Rate < 1 || t.Rate > 500 {
			return nil, invalidValue(t.Rate, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
		}
	}
	if len(e.sources(q.name)) == 0 {
		return nil, invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	for _, other := range e.tasks {
		if other.Source == q.name && other.Status == running {
			return nil, invalid("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		}
	}
	e.advance(q)
	t.ToMove = len(q.messages)
	e.tasks = append(e.tasks, t)
	e.saveTask(t)
	e.step(t)
	return struct{ TaskHandle string }{t.handle()}, nil
}

// step moves as many messages as the task may have moved by now. A message that is
// moved counts as new: it gets a new id, time and place, and no receives.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func (e *Engine) step(t *task) {
	if t.Status != running {
		return
	}
	defer e.saveTask(t)
	q := e.queues[t.Source]
	if q == nil {
		t.fail("AWS.SimpleQueueService.NonExistentQueue")
		return
	}
	now := e.cfg.Clock()
	may := t.ToMove
	if t.Rate > 0 {
		may = min(may, t.Rate*(1+int(now.Sub(t.Started)/time.Second)))
	}
	for t.Moved < may {
		m := q.first()
		if m == nil {
			break
		}
		name := t.Target
		if name == "" {
			name = e.nameOf(m.Source)
		}
		target := e.queues[name]
		if target == nil {
			if t.fail("AWS.SimpleQueueService.NonExistentQueue"); name == "" {
				t.Reason = "CouldNotDetermineMessageSource"
			}
			return
		}
		e.remove(q, m)
		again := &message{number: e.next(), letter: m.letter}
		again.ID, again.Sent = newID(), now
		again.Place, again.Enqueued, again.Dedup = again.number, now, m.Dedup
		e.add(target, again)
		t.Moved++
	}
	if t.Moved >= t.ToMove || q.first() == nil {
		t.Status = "COMPLETED"
	}
}

func (t *task) fail(reason string) { t.Status, t.Reason = "FAILED", reason }

// first is the visible message that has waited longest, or nil.
func (q *queue) first() *message {
	if len(q.ready.items) > 0 {
		return q.ready.items[0]
	}
	if len(q.open.items) > 0 {
		return q.open.items[0].queue[0]
	}
	return nil
}

type listTasksInput struct {
	SourceArn  string
	MaxResults *int
}

func (in listTasksInput) resource() string { return lastPart(in.SourceArn) }

type taskResult struct {
	TaskHandle                        string `json:",omitempty"` // only while it can be cancelled
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64  // milliseconds
}

func (e *Engine) listMessageMoveTasks(_ *wire.Request, in *listTasksInput) (any, error) {
	most := 1
	if in.MaxResults != nil {
		if most = *in.MaxResults; most < 1 || most > 10 {
			return nil, invalidValue(most, "MaxResults", "Must be between 1 and 10, if provided.")
		}
	}
	source := e.nameOf(in.SourceArn)
	if e.queues[source] == nil {
		return nil, noResource("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	out := struct{ Results []taskResult }{[]taskResult{}}
	for i := len(e.tasks) - 1; i >= 0 && len(out.Results) < most; i-- {
		t := e.tasks[i]
		if t.Source != source {
			continue
		}
		e.step(t)
		result := taskResult{Status: t.Status, SourceArn: e.arn(t.Source), MaxNumberOfMessagesPerSecond: t.Rate,
			ApproximateNumberOfMessagesMoved: t.Moved, ApproximateNumberOfMessagesToMove: t.ToMove,
			FailureReason: t.Reason, StartedTimestamp: t.Started.UnixMilli()}
		if t.Status == running {
			result.TaskHandle = t.handle()
		}
		if t.Target != "" {
			result.DestinationArn = e.arn(t.Target)
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

type cancelTaskInput struct{ TaskHandle string }

func (in cancelTaskInput) resource() string { return "" }

func (e *Engine) cancelMessageMoveTask(_ *wire.Request, in *cancelTaskInput) (any, error) {
	text, err := base64.StdEncoding.DecodeString(in.TaskHandle)
	if err != nil || !strings.HasPrefix(string(text), "task/") {
		return nil, invalid("Value for parameter TaskHandle is invalid.")
	}
	for _, t := range e.tasks {
		if t.handle() == in.TaskHandle && t.Status == running {
			t.Status = "CANCELLED"
			e.saveTask(t)
			return struct{ ApproximateNumberOfMessagesMoved int }{t.Moved}, nil
		}
	}
	return nil, noResource("Task does not exist.")
}
