package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// report is how a function tells an error.
type report struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
	Stack   []struct {
		Path  string `json:"path"`
		Line  int    `json:"line"`
		Label string `json:"label"`
	} `json:"stackTrace"`
}

// maxAnswer is the largest answer that AWS takes, in bytes.
const maxAnswer = MaxPayload + 100

// serveRuntime is the Runtime API of one process.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (h *Host) serveRuntime(p *process, w http.ResponseWriter, r *http.Request) {
	path, known := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/")
	if !known {
		h.serveExtension(w, r)
		return
	}
	id, verb, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case path == "invocation/next" && r.Method == http.MethodGet:
		h.serveNext(p, w, r)
	case path == "init/error" && r.Method == http.MethodPost:
		h.serveInitError(p, w, r)
	case strings.HasPrefix(path, "invocation/") && (verb == "response" || verb == "error") && r.Method == http.MethodPost:
		h.serveAnswer(p, id, verb, w, r)
	default:
		problem(w, http.StatusNotFound, "NotFound", "the Runtime API has no "+r.Method+" "+r.URL.Path)
	}
}

// serveExtension answers what lambda.WithEnableSIGTERM asks for: an extension that
// never gets an event.
func (h *Host) serveExtension(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/2020-01-01/extension/register":
		w.Header().Set("Lambda-Extension-Identifier", requestID())
		_, _ = io.WriteString(w, "{}")
	case "/2020-01-01/extension/event/next":
		<-r.Context().Done()
	default:
		problem(w, http.StatusNotFound, "NotFound", "the Runtime API has no "+r.Method+" "+r.URL.Path)
	}
}

// serveNext takes the process for ready and holds the request until it has an event.
func (h *Host) serveNext(p *process, w http.ResponseWriter, r *http.Request) {
	p.measureNow(time.Now())
	h.mu.Lock()
	if inv := p.current; inv != nil {
		failure := &Failure{Crashed, "Runtime.InvalidStateTransition", "the function asked for the next event without answering"}
		h.log.Block(p.config.Label, inv.trace, failure.Message, nil)
		h.finish(inv, Result{Failure: failure})
		select {
		case <-p.next: // it was never taken
		default:
		}
	}
	switch p.state {
	case starting:
		p.fn.starting--
		p.fn.broken, p.fn.failures = nil, 0
		p.state, p.since = idle, time.Now()
	case busy, answered:
		p.state, p.since = idle, time.Now()
	}
	p.reported = false
	if p.retired {
		h.stop(p)
	}
	h.dispatch()
	h.mu.Unlock()

	var inv *invocation
	select {
	case inv = <-p.next:
	case <-r.Context().Done():
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", p.config.ARN)
	if inv.trace != "" {
		header.Set("Lambda-Runtime-Trace-Id", inv.trace)
	}
	header.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	_, _ = w.Write(inv.payload)
}

// serveAnswer takes the answer or the error of an invocation.
func (h *Host) serveAnswer(p *process, id, verb string, w http.ResponseWriter, r *http.Request) {
	if !h.open(p, id, w) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		return // the process broke off: its end settles the invocation
	}
	result := Result{Payload: body}
	status, lines := http.StatusAccepted, []string(nil)
	switch {
	case len(body) > maxAnswer:
		status = http.StatusRequestEntityTooLarge
		result = Result{Failure: &Failure{Reported, "Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer)}}
	case verb == "error":
		result.Payload = nil
		result.Failure, lines = readReport(body)
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		body, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		result.Payload = nil
		result.Failure, lines = readReport(body)
		result.Failure.Type = r.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	}

	h.mu.Lock()
	inv := p.current
	if inv == nil || inv.id != id {
		h.mu.Unlock()
		h.open(p, id, w)
		return
	}
	if result.Failure != nil {
		p.reported = true
		h.log.Block(p.config.Label, inv.trace, "invocation error: "+result.Failure.Error(), lines)
	}
	p.state = answered
	h.finish(inv, result)
	h.mu.Unlock()
	if status != http.StatusAccepted {
		problem(w, status, "RequestEntityTooLarge", result.Failure.Message)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// open reports whether the process has that invocation, and answers the error if not.
func (h *Host) open(p *process, id string, w http.ResponseWriter) bool {
	h.mu.Lock()
	current, last := p.current, p.last
	h.mu.Unlock()
	switch {
	case current != nil && current.id == id:
		return true
	case current != nil || id == last:
		problem(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	default:
		problem(w, http.StatusForbidden, "InvalidStateTransition", "there is no open invocation")
	}
	return false
}

func (h *Host) serveInitError(p *process, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	h.mu.Lock()
	early := p.state == starting
	h.mu.Unlock()
	if !early {
		problem(w, http.StatusForbidden, "InvalidStateTransition", "the function has started already")
		return
	}
	failure, lines := readReport(body)
	h.log.Block(p.config.Label, "", "error at start: "+failure.Error(), lines)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// readReport reads an error report; lines are its stack, for the log.
func readReport(body []byte) (*Failure, []string) {
	var rep report
	if err := json.Unmarshal(body, &rep); err != nil || rep.Type == "" && rep.Message == "" {
		return &Failure{Reported, "Runtime.Unknown", "the error report could not be read"}, nil
	}
	var lines []string
	for _, s := range rep.Stack {
		lines = append(lines, fmt.Sprintf("%s  %s:%d", s.Label, s.Path, s.Line))
	}
	return &Failure{Reported, rep.Type, rep.Message}, lines
}

func problem(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorMessage": message, "errorType": kind})
}
