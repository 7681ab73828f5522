package source

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"omnihub/internal/devserver/gateway"
	"omnihub/internal/devserver/lambda"
)

// Lambda tries a failed event a second time after one minute, and a third time after
// two more. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const retryStep = time.Minute

// An event that Lambda could not give to the function, or whose answer it lost, waits
// so long, doubled each time, and uses up no try.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

// delivery is an event of a schedule that Lambda took for its function. It is gone
// when the devserver ends.
type delivery struct {
	entry   *entry
	payload []byte
	taken   time.Time
	tries   int           // that the function failed
	wait    time.Duration // since the last time it was not to be had
	next    time.Time     // of the next try
}

func (t *Timetable) newDelivery(e *entry) *delivery {
	return &delivery{entry: e, payload: t.event(e), taken: t.Now()}
}

func (t *Timetable) tryAll(deliveries []*delivery) []Fired {
	out := make([]Fired, len(deliveries))
	var wg sync.WaitGroup
	for i, d := range deliveries {
		wg.Go(func() { out[i] = t.try(d) })
	}
	wg.Wait()
	return out
}

// try gives the event to the function once, and plans what follows a failure.
func (t *Timetable) try(d *delivery) Fired {
	e := d.entry
	f := Fired{Function: e.function, Schedule: e.Event}
	if t.tooOld(d, t.Now()) {
		f.Error = "the event is older than MaximumEventAgeInSeconds"
		t.giveUp(d, "EventAgeExceeded", lambda.Result{})
		return f
	}
	result := e.invoke.Invoke(context.Background(), d.payload, gateway.NewTrace(time.Now()))
	f.Millis = result.Took.Milliseconds()
	if result.Failure == nil {
		f.Answer = string(result.Payload)
		return f
	}
	f.Error = result.Failure.Error()
	switch result.Failure.Kind {
	case lambda.Refused:
		t.Log.Error("schedule", "a scheduled event was not taken", "function", e.function, "schedule", e.Event, "error", f.Error)
		return f
	case lambda.Throttled, lambda.Lost:
		d.wait = min(max(2*d.wait, firstWait), lastWait)
		d.next = t.Now().Add(d.wait)
	default:
		d.tries++
		d.next = t.Now().Add(time.Duration(d.tries) * retryStep)
	}
	switch {
	case d.tries > e.async.Retries:
		t.giveUp(d, "RetriesExhausted", result)
	case t.tooOld(d, d.next):
		t.giveUp(d, "EventAgeExceeded", result)
	default:
		t.Log.Error("schedule", "a scheduled invocation failed and is tried again", "function", e.function, "schedule", e.Event,
			"again", d.next.UTC().Format(time.RFC3339), "error", f.Error)
		t.mu.Lock()
		t.again = append(t.again, d)
		t.mu.Unlock()
		select {
		case t.wake() <- struct{}{}:
		default:
		}
	}
	return f
}

func (t *Timetable) tooOld(d *delivery, at time.Time) bool {
	return d.entry.async.MaxAge > 0 && at.Sub(d.taken) > d.entry.async.MaxAge
}

// asyncRecord is what the on-failure destination gets of an event that was given up.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type asyncRecord struct {
	Version         string             `json:"version"`
	Timestamp       string             `json:"timestamp"`
	RequestContext  asyncRequest       `json:"requestContext"`
	RequestPayload  json.RawMessage    `json:"requestPayload"`
	ResponseContext *asyncResponse     `json:"responseContext,omitempty"`
	ResponsePayload *map[string]string `json:"responsePayload,omitempty"`
}

type asyncRequest struct {
	ID        string `json:"requestId"`
	Function  string `json:"functionArn"`
	Condition string `json:"condition"`
	Tries     int    `json:"approximateInvokeCount"`
}

type asyncResponse struct {
	Status  int    `json:"statusCode"`
	Version string `json:"executedVersion"`
	Error   string `json:"functionError"`
}

// giveUp drops an event; the function's on-failure queue gets its record.
func (t *Timetable) giveUp(d *delivery, condition string, last lambda.Result) {
	e := d.entry
	say := []any{"function", e.function, "schedule", e.Event, "tries", d.tries, "why", condition}
	if f := last.Failure; f != nil {
		say = append(say, "error", f.Error())
	}
	t.Log.Error("schedule", "a scheduled event was given up", say...)
	if e.async.OnFailure == "" || t.Keep == nil {
		return
	}
	rec := asyncRecord{Version: "1.0", Timestamp: t.Now().UTC().Format(isoMillis), RequestPayload: d.payload,
		RequestContext: asyncRequest{last.ID, e.arn + ":$LATEST", condition, d.tries}}
	if rec.RequestContext.ID == "" {
		rec.RequestContext.ID = uuid(nil)
	}
	if f := last.Failure; f != nil {
		rec.ResponseContext = &asyncResponse{200, "$LATEST", "Unhandled"}
		rec.ResponsePayload = &map[string]string{"errorType": f.Type, "errorMessage": f.Message}
	}
	body, err := json.Marshal(rec)
	if err == nil {
		err = t.Keep(context.Background(), e.async.OnFailure, string(body))
	}
	if err != nil {
		t.Log.Error("schedule", "the record of the event could not be kept", "function", e.function, "queue", e.async.OnFailure, "error", err)
	}
}
