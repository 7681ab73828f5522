package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/webhook"
)

// handler answers ANY /webhooks/{channel}/{connection}.
type handler struct {
	Intake *webhook.Intake
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.Intake.Metrics.Flush()
	answer, err := h.Intake.Take(r.Context(), webhook.Request{
		Channel: hub.Channel(r.PathValue("channel")), PathID: r.PathValue("connection"), Trace: trace(r),
		Method: r.Method, RawQuery: r.URL.RawQuery, Size: r.ContentLength,
		Header: func() map[string]string { return headers(r) },
		Body:   func() ([]byte, error) { return body(r) },
	})
	if err != nil {
		problem(w, err)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if answer.JSON != nil {
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer.JSON)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, answer.Text)
}

func headers(r *http.Request) map[string]string {
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return headers
}

// body reads a body into one piece of memory that has its size, and no further than
// one byte over the cap.
func body(r *http.Request) ([]byte, error) {
	size := max(0, min(r.ContentLength, webhook.MaxBody))
	into := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := into.ReadFrom(io.LimitReader(r.Body, webhook.MaxBody+1))
	return into.Bytes(), err
}

// traceForm is the form of the gateway's trace roots. A caller may send one of its
// own, and it stands in logs and on the queue.
var traceForm = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)

// trace is the id that follows an event through the whole chain: the gateway's
// trace root, or its request id.
func trace(r *http.Request) string {
	for _, part := range strings.Split(r.Header.Get("X-Amzn-Trace-Id"), ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(part), "Root="); ok && traceForm.MatchString(root) {
			return root
		}
	}
	return r.Header.Get("X-Request-Id")
}

// advice is what a caller can do about a refusal.
var advice = map[hub.Code]string{
	hub.NotFound:     "No such channel or connection. Copy the webhook URL from the connection's settings.",
	hub.BadSignature: "The signature does not belong to these bytes and this connection. Check the secret on both sides.",
	hub.BadMethod:    "Platforms send webhooks with POST.",
	hub.TooLarge:     "A webhook may have at most 3 MB.",
	hub.BadRequest:   "The request could not be read.",
}

func problem(w http.ResponseWriter, err error) {
	code := hub.CodeOf(err)
	status := code.HTTPStatus()
	detail, known := advice[code]
	if !known {
		code, detail = "unavailable", "The webhook could not be taken now. Send it again."
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "POST")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "detail": detail})
}
