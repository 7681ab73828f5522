package chaos

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// watchEvery is how often the bus is looked at. The devserver knows the last 1,000
// events.
const watchEvery = 50 * time.Millisecond

// busWatch notes which messages and links were told on the bus.
type busWatch struct {
	stack    *stack.Stack
	end      chan struct{}
	ended    chan struct{}
	stopping sync.Once

	last   int
	missed bool // events were forgotten before they were seen
	seen   map[string]bool
	links  map[string]map[string]int // of OmniLink: by both homes, how often each id was told
}

// watchBus watches until stop is called.
func watchBus(ctx context.Context, st *stack.Stack) *busWatch {
	w := &busWatch{stack: st, end: make(chan struct{}), ended: make(chan struct{}), seen: map[string]bool{}, links: map[string]map[string]int{}}
	go func() {
		defer close(w.ended)
		again := time.NewTicker(watchEvery)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				w.look(ctx)
			case <-w.end:
				w.look(ctx)
				return
			}
		}
	}()
	return w
}

func (w *busWatch) stop() {
	w.stopping.Do(func() { close(w.end) })
	<-w.ended
}

func (w *busWatch) look(ctx context.Context) {
	list, err := w.stack.Events(ctx, w.last)
	if err != nil {
		w.missed = true
		return
	}
	for _, e := range list {
		w.missed = w.missed || e.Number != w.last+1
		w.last = e.Number
		switch e.DetailType {
		case hub.MessageReceived:
			var d struct{ User, Message string }
			if json.Unmarshal(e.Detail, &d) == nil {
				w.seen[d.User+"."+d.Message] = true
			}
		case hub.OmniLinked:
			var d struct {
				ID, Home, Activity string
				Target             string `json:"target_home"`
			}
			if json.Unmarshal(e.Detail, &d) == nil {
				w.linked(d.Activity+" "+d.Home+" "+d.Target, d.ID)
			}
		}
	}
}

// linked notes that a link was told.
func (w *busWatch) linked(between, id string) {
	if w.links[between] == nil {
		w.links[between] = map[string]int{}
	}
	w.links[between][id]++
}

// complete tells whether the watch, which has stopped, saw every event.
func (w *busWatch) complete() bool { return !w.missed }

func (w *busWatch) told(user, key string) bool { return w.seen[user+"."+key] }
