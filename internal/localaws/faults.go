package localaws

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"omnihub/internal/localaws/fault"
	"omnihub/internal/localaws/wire"
)

// maxPlan is the most bytes of a fault plan.
const maxPlan = 1 << 20

// SetFaults replaces the fault plan; null ends all faults. Calls that the old plan
// delays go on; what it holds until its end is let go. A plan that cannot be read is
// an error that names what is wrong with it, and leaves the old one in force. The
// README describes plans.
func (s *Server) SetFaults(plan json.RawMessage) error {
	p, err := fault.Decode(plan, s.knows)
	if err != nil {
		return fmt.Errorf("localaws: faults: %w", err)
	}
	s.replace(p)
	return nil
}

// Faults is the plan in force with how often each rule was asked and has struck; nil
// if there is none.
func (s *Server) Faults() *fault.Report {
	if p := s.faults.Load(); p != nil {
		return p.Report()
	}
	return nil
}

func (s *Server) replace(p *fault.Plan) {
	if old := s.faults.Swap(p); old != nil {
		old.End()
	}
}

func (s *Server) knows(service, operation string) bool {
	switch service {
	case "dynamodb", "streams":
		return s.dynamo.Knows(service, operation)
	case "sqs":
		return s.sqs.Knows(operation)
	case "events":
		return s.events.Knows(operation)
	case "kms":
		return s.kms.Knows(operation)
	case "s3":
		return s.s3.Knows(operation)
	}
	return false
}

func (s *Server) showFaults(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.Faults())
}

func (s *Server) takeFaults(w http.ResponseWriter, req *http.Request) {
	plan, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxPlan))
	if err == nil {
		err = s.SetFaults(plan)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.showFaults(w)
}

// run does a call as far as the fault plan lets it. What the call is about is found
// out only if there is a plan. Do is told whether its answer will go unheard.
func (s *Server) run(r *wire.Request, about func() *fault.Call, do func(unheard bool) (any, error)) (any, error) {
	if r.Operation == "ReceiveMessage" {
		r.Hide = func(digest string, fifo bool, visibility time.Duration) time.Duration {
			return s.hide(r, digest, fifo, visibility)
		}
	}
	p := s.faults.Load()
	if p == nil {
		return do(false)
	}
	c := about()
	v := p.Judge(c)
	if v.Delay > 0 {
		if err := pause(r.Context, v.Delay, nil); err != nil {
			return nil, err
		}
	}
	if v.Hold {
		if err := pause(r.Context, v.HoldFor, p.Ended()); err != nil {
			return nil, err
		}
	}
	if r.Unserved = v.Unserved; (v.Refuse != nil || v.Lose) && r.Resource == "" {
		r.Resource = c.Resource // for the meter: no engine sees the call
	}
	switch {
	case v.Refuse != nil:
		return nil, v.Refuse
	case v.Lose:
		return nil, http.ErrAbortHandler
	}
	out, err := do(v.Drop)
	if v.Drop {
		return nil, http.ErrAbortHandler
	}
	return out, err
}

// hide asks the plan that is in force when a message is given out, which a receive
// may have waited for.
func (s *Server) hide(r *wire.Request, digest string, fifo bool, visibility time.Duration) time.Duration {
	p := s.faults.Load()
	if p == nil {
		return visibility
	}
	return p.Hide(&fault.Call{Service: r.Service, Operation: r.Operation, Caller: r.Caller, Resource: r.Resource, Identity: digest}, fifo, visibility)
}

// pause waits for a time of the real clock, 0 for ever, or until ended is closed. It
// fails when the client is gone.
func pause(ctx context.Context, d time.Duration, ended <-chan struct{}) error {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// nowhere takes an answer that nobody will get.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
