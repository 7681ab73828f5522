package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/source"
)

// queueCount is what a queue holds.
type queueCount struct {
	Visible    int  `json:"visible"`
	InFlight   int  `json:"in_flight"`
	Delayed    int  `json:"delayed"`
	DeadLetter bool `json:"dead_letter,omitempty"`
}

// snapshot is what the machine is doing at one moment.
type snapshot struct {
	Idle        bool                  `json:"idle"`
	Queues      map[string]queueCount `json:"queues"`
	Streams     []source.Position     `json:"streams"`
	Invocations lambda.Activity       `json:"invocations"`
	Fakes       map[string]int        `json:"fakes"` // deliveries that are still to be made
}

// snapshot counts everything. The counts belong to one moment if no invocation
// began or ended while they were taken; else nothing is idle.
func (m *machine) snapshot(ctx context.Context) (snapshot, error) {
	before := m.host.Activity()
	s := snapshot{Invocations: before, Fakes: map[string]int{}, Streams: []source.Position{}}
	for channel, p := range m.fakes {
		s.Fakes[channel] = p.Pending()
	}
	var err error
	if s.Queues, err = m.queueCounts(ctx); err != nil {
		return s, err
	}
	for _, r := range m.readers {
		s.Streams = append(s.Streams, r.Positions()...)
	}
	quiet := before.Running == 0 && before.Waiting == 0
	for _, q := range s.Queues {
		quiet = quiet && (q.DeadLetter || q.Visible+q.InFlight+q.Delayed == 0)
	}
	for _, p := range s.Streams {
		quiet = quiet && p.CaughtUp
	}
	for channel, p := range m.fakes {
		s.Fakes[channel] = max(s.Fakes[channel], p.Pending())
		quiet = quiet && s.Fakes[channel] == 0
	}
	s.Idle = quiet && m.host.Activity() == before
	return s, nil
}

// queueCounts asks the local cloud, or else the endpoint queue by queue.
func (m *machine) queueCounts(ctx context.Context) (map[string]queueCount, error) {
	out := map[string]queueCount{}
	if m.cloud != nil {
		counts := m.cloud.SQS().Counts()
		for _, q := range m.model.Queues {
			c := counts[q.Name]
			out[q.ID] = queueCount{c.Visible, c.InFlight, c.Delayed, m.model.IsDeadLetter(q.ARN)}
		}
		return out, nil
	}
	client := sqs.NewFromConfig(m.awsConfig)
	for _, q := range m.model.Queues {
		got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.URL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			return nil, err
		}
		number := func(name types.QueueAttributeName) int {
			n, _ := strconv.Atoi(got.Attributes[string(name)])
			return n
		}
		out[q.ID] = queueCount{number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"),
			number("ApproximateNumberOfMessagesDelayed"), m.model.IsDeadLetter(q.ARN)}
	}
	return out, nil
}

// serveIdle waits until the machine is idle, at most as long as ?wait says. Counts
// from another endpoint are only nearly of one moment, so they must hold twice.
func (m *machine) serveIdle(w http.ResponseWriter, r *http.Request) {
	wait := time.Duration(0)
	if text := r.FormValue("wait"); text != "" {
		var err error
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > 10*time.Minute {
			refuse(w, http.StatusBadRequest, "wait must be a duration up to 10m, such as 30s")
			return
		}
	}
	wanted, pause := 1, 5*time.Millisecond
	if m.cloud == nil {
		wanted, pause = 2, 500*time.Millisecond
	}
	end := time.Now().Add(wait)
	again := time.NewTicker(pause)
	defer again.Stop()
	for held := 0; ; {
		s, err := m.snapshot(r.Context())
		if err != nil {
			refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		if held++; !s.Idle {
			held = 0
		}
		if held >= wanted {
			reply(w, http.StatusOK, s)
			return
		}
		if !time.Now().Before(end) && held == 0 {
			s.Idle = false
			reply(w, http.StatusServiceUnavailable, s)
			return
		}
		select {
		case <-again.C:
		case <-r.Context().Done():
			return
		}
	}
}

// find finds a function by its logical id, its name in the log, or its physical
// name with or without the stack's; case does not matter.
func (m *machine) find(name string) string {
	for _, f := range m.model.Functions {
		for _, known := range []string{f.ID, short(f.ID), f.Name, strings.TrimPrefix(f.Name, m.stack+"-")} {
			if strings.EqualFold(known, name) {
				return f.ID
			}
		}
	}
	return ""
}
