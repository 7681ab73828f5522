package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
)

const (
	// window is how long refusals of one kind are counted between two lines.
	window = time.Second
	// maxKinds bounds the kinds that are counted apart.
	maxKinds = 1000
)

// refusals count what was refused and say which of it is to be written down: the
// first of a kind at once, those that follow within a second in one line. So it is
// not for who sends it to decide how much is written. Nothing of it comes from the
// request: kinds are made of the hub's own names. What is left over when a process
// rests is written at the next request that it takes.
type refusals struct {
	mu    sync.Mutex
	kinds map[refusal]*tally
	next  time.Time // when the first of the windows ends; zero if there is none
}

// refusal is a kind of them.
type refusal struct {
	channel    hub.Channel
	team       hub.TeamID
	connection hub.ConnectionID
	code       hub.Code
}

// tally counts a kind since its last line.
type tally struct {
	since time.Time
	n     int
	line  line // of the last one
}

type line struct {
	refusal
	cause error
	trace string
	n     int
}

// add counts one refusal and gives the lines that are to be written.
func (r *refusals) add(now time.Time, l line) []line {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.settle(now)
	if r.kinds == nil {
		r.kinds = map[refusal]*tally{}
	}
	t := r.kinds[l.refusal]
	if t == nil && len(r.kinds) >= maxKinds { // all others of the code together
		l.refusal = refusal{channel: "any", code: l.code}
		t = r.kinds[l.refusal]
	}
	if t != nil {
		t.n++
		t.line = l
		return due
	}
	r.kinds[l.refusal] = &tally{since: now}
	if r.next.IsZero() {
		r.next = now.Add(window)
	}
	l.n = 1
	return append(due, l)
}

// settle gives the lines of the windows that have ended. The caller holds the lock.
func (r *refusals) settle(now time.Time) []line {
	if r.next.IsZero() || now.Before(r.next) {
		return nil
	}
	var due []line
	r.next = time.Time{}
	for kind, t := range r.kinds {
		if now.Sub(t.since) >= window {
			if t.n == 0 {
				delete(r.kinds, kind)
				continue
			}
			t.line.n = t.n
			due = append(due, t.line)
			t.n, t.since = 0, now
		}
		if end := t.since.Add(window); r.next.IsZero() || end.Before(r.next) {
			r.next = end
		}
	}
	return due
}

// refuse counts a refusal, writes what is due, and gives the error on.
func (in *Intake) refuse(r Request, c *settings.Connection, err error) error {
	l := line{refusal: refusal{channel: r.Channel, code: hub.CodeOf(err)}, cause: err, trace: r.Trace}
	if c != nil {
		l.team, l.connection = c.Team.ID, c.ID
	}
	in.write(in.refusals.add(in.Now(), l))
	in.Metrics.Add(metric.WebhooksRefused, 1, metric.Channel(r.Channel), metric.Code(told(l.code)))
	return err
}

// told is a code as whoever calls is told it.
func told(code hub.Code) hub.Code {
	if code.HTTPStatus() >= http.StatusInternalServerError {
		return "unavailable"
	}
	return code
}

// settle writes what is due.
func (in *Intake) settle(now time.Time) {
	in.refusals.mu.Lock()
	due := in.refusals.settle(now)
	in.refusals.mu.Unlock()
	in.write(due)
}

func (in *Intake) write(lines []line) {
	for _, l := range lines {
		level := slog.LevelWarn
		if l.code.HTTPStatus() >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		log := in.Log
		if l.connection != "" {
			log = log.With("team", l.team, "connection", l.connection)
		}
		log.Log(context.Background(), level, "webhook refused", "channel", l.channel, "code", l.code, "count", l.n, "error", l.cause, "trace", l.trace)
	}
}
