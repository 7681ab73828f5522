package source

import (
	"context"
	"sync"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
)

// Overlapping gives a batch to the function twice at the same time where a fault says
// so, as an event source may: each event comes at least once. The result of one counts.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
type Overlapping struct {
	Function Invoker
	Label    string // the function's name
	Faults   *fault.Faults
	Log      *logs.Log

	// Both waits for the second too, where nothing may overtake the batch: a shard
	// gives its next batch only when this one is over. The second delivery of a
	// queue's batch goes on while its messages are deleted and others follow.
	Both bool

	others sync.WaitGroup
}

// Invoke gives the function one event, or two.
func (o *Overlapping) Invoke(ctx context.Context, payload []byte, trace string) lambda.Result {
	if !o.Faults.Event(o.Label, payload).Duplicated() {
		return o.Function.Invoke(ctx, payload, trace)
	}
	o.Log.Request(o.Label, trace, "batch given twice, as the fault plan says")
	done := make(chan struct{})
	o.others.Go(func() {
		defer close(done)
		o.Function.Invoke(ctx, payload, trace)
	})
	result := o.Function.Invoke(ctx, payload, trace)
	if o.Both {
		<-done
	}
	return result
}

// settle returns when no second delivery of an invoker is under way. Call it after the
// last Invoke has returned.
func settle(i Invoker) {
	if o, ok := i.(*Overlapping); ok {
		o.others.Wait()
	}
}
