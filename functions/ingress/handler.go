package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/webhook"
)

// handler answers ANY /webhooks/{channel}/{connection}.
type handler struct {
	Intake *webhook.Intake
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, webhook.MaxBody+1))
	if err != nil {
		problem(w, hub.E(hub.BadRequest, "ingress: read body", nil))
		return
	}
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	answer, err := h.Intake.Accept(r.Context(), hub.Channel(r.PathValue("channel")), r.PathValue("connection"), trace(r),
		&channel.Request{Method: r.Method, RawQuery: r.URL.RawQuery, Header: headers, Body: body})
	if err != nil {
		h.log(r, err)
		problem(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, answer.Text)
}

func (h *handler) log(r *http.Request, err error) {
	code := hub.CodeOf(err)
	kind := r.PathValue("channel")
	if h.Intake.Adapters[hub.Channel(kind)] == nil {
		kind = "unknown" // what anybody may write into a path stays out of the log
	}
	level := h.Intake.Log.Warn
	if code.HTTPStatus() >= http.StatusInternalServerError {
		level = h.Intake.Log.Error
	}
	level("webhook refused", "channel", kind, "code", code, "error", err, "trace", trace(r))
}

// trace is the id that follows an event through the whole chain: the gateway's
// trace root, or its request id.
func trace(r *http.Request) string {
	for _, part := range strings.Split(r.Header.Get("X-Amzn-Trace-Id"), ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(part), "Root="); ok && len(root) <= 64 {
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
