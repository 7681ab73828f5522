package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// publishedEvent is an event of a bus as GET /_dev/events shows it.
type publishedEvent struct {
	Number     int             `json:"number"` // counts up from 1 since the start
	ID         string          `json:"id"`
	Bus        string          `json:"bus"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
	Rules      []string        `json:"rules"` // those that it fits
	Failures   []undelivered   `json:"failures,omitempty"`
}

// undelivered is why an event did not reach a target.
type undelivered struct {
	Rule         string `json:"rule,omitempty"`
	Target       string `json:"target,omitempty"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	DeadLettered bool   `json:"dead_lettered"`
}

// serveEvents shows the last events that were published, those after ?after= only.
func (m *machine) serveEvents(w http.ResponseWriter, r *http.Request) {
	after := 0
	if text := r.FormValue("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil || after < 0 {
			refuse(w, http.StatusBadRequest, "after must be the number of an event, or 0")
			return
		}
	}
	if m.cloud == nil {
		refuse(w, http.StatusNotImplemented, "only the own local cloud tells what was published; unset AWS_ENDPOINT_URL, or read the queues of the rules")
		return
	}
	out := []publishedEvent{}
	for _, p := range m.cloud.Events().Published(after) {
		e := publishedEvent{p.Number, p.ID, p.Bus, p.Source, p.DetailType, p.Time.UTC(), json.RawMessage(p.Detail), p.Rules, nil}
		if e.Rules == nil {
			e.Rules = []string{}
		}
		for _, f := range p.Failures {
			e.Failures = append(e.Failures, undelivered{f.Rule, f.Target, f.Code, f.Message, f.DeadLettered})
		}
		out = append(out, e)
	}
	reply(w, http.StatusOK, out)
}
