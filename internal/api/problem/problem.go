// Package problem tells callers of the API what went wrong, as the problem documents of
// RFC 9457: one closed list of codes, each with its status and its words.
//
// https://www.rfc-editor.org/rfc/rfc9457
package problem

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"omnihub/internal/hub"
)

// Codes that only the API has; all others are those of internal/hub.
const (
	Unauthorized         hub.Code = "unauthorized"           // nobody, or nobody that the API knows
	Forbidden            hub.Code = "forbidden"              // the role or the key does not allow it
	UnsupportedMedia     hub.Code = "unsupported_media_type" // the body is not JSON
	CursorInvalid        hub.Code = "cursor_invalid"         // not one that this list gave
	KeyReused            hub.Code = "idempotency_key_reused" // with another body
	InProgress           hub.Code = "in_progress"            // the first call under the key has not ended
	PreconditionRequired hub.Code = "precondition_required"  // If-Match is missing
	PreconditionFailed   hub.Code = "precondition_failed"    // somebody changed it since
	InUse                hub.Code = "in_use"                 // something leads to it
)

// own are the statuses and words of the API's own codes.
var own = map[hub.Code]struct {
	status int
	words  string
}{
	Unauthorized:         {http.StatusUnauthorized, "Say who you are: by a token of a person, or by the key of a program."},
	Forbidden:            {http.StatusForbidden, "Your role, or the key's scopes, do not allow this."},
	UnsupportedMedia:     {http.StatusUnsupportedMediaType, "The body must be JSON: send it with Content-Type: application/json."},
	CursorInvalid:        {http.StatusBadRequest, "The cursor is not one of this list with these filters. Begin with the first page."},
	KeyReused:            {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request. Make a new key for each request."},
	InProgress:           {http.StatusConflict, "The first request under this Idempotency-Key has not ended. Ask again in a moment."},
	PreconditionRequired: {http.StatusPreconditionRequired, "Send If-Match with the ETag that you have read, so that nobody's change is lost."},
	InUse:                {http.StatusConflict, "Something leads to it still: used_by says what. Change that first."},
	PreconditionFailed:   {http.StatusPreconditionFailed, "Somebody changed it since you read it. Read it again and repeat your change."},
}

// typePrefix begins the type of every problem.
const typePrefix = "urn:omnihub:problem:"

// Problem is one problem document. It is an error, so that any part of the API may
// return it.
type Problem struct {
	Type   string   `json:"type"` // urn:omnihub:problem:<code>
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Code   hub.Code `json:"code"`
	Detail string   `json:"detail"`
	Errors []Field  `json:"errors,omitempty"`

	Contacts []hub.HomeID    `json:"contacts,omitempty"` // which stand in the way
	Joins    [][2]hub.HomeID `json:"joins,omitempty"`    // which stand in the way
	UsedBy   []string        `json:"used_by,omitempty"`  // what leads to it: "module/<id>"

	RetryAfter time.Duration `json:"-"` // the header Retry-After; 0 = none
	Allow      string        `json:"-"` // the header Allow, with 405
	Cause      error         `json:"-"` // for the log
}

// Field says what is wrong about one part of a request.
type Field struct {
	Field     string `json:"field,omitempty"`     // a JSON pointer into the body; "" = the body as a whole
	Parameter string `json:"parameter,omitempty"` // a query parameter
	Header    string `json:"header,omitempty"`
	Detail    string `json:"detail"`
}

// New is a problem with the words of its code.
func New(code hub.Code, fields ...Field) *Problem {
	p := &Problem{Type: typePrefix + string(code), Status: Status(code), Code: code, Detail: code.Advice(), Errors: fields}
	if o, ok := own[code]; ok {
		p.Detail = o.words
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// Words is a problem with words of its own.
func Words(code hub.Code, words string) *Problem {
	p := New(code)
	p.Detail = words
	return p
}

// Body is a malformed body: what is wrong at a place in it.
func Body(pointer, detail string) *Problem {
	return New(hub.BadRequest, Field{Field: pointer, Detail: detail})
}

// Parameter is a malformed query parameter.
func Parameter(name, detail string) *Problem {
	return New(hub.BadRequest, Field{Parameter: name, Detail: detail})
}

// Header is a malformed header.
func Header(name, detail string) *Problem {
	return New(hub.BadRequest, Field{Header: name, Detail: detail})
}

// Name gives a problem a code of more exact meaning; its status stays.
func (p *Problem) Name(code hub.Code) { p.Code, p.Type = code, typePrefix+string(code) }

func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Cause.Error()
	}
	return "api: " + string(p.Code)
}

// Unwrap is the cause, if there is one.
func (p *Problem) Unwrap() error { return p.Cause }

// Status is the status that a code answers with.
func Status(code hub.Code) int {
	if o, ok := own[code]; ok {
		return o.status
	}
	switch code {
	case hub.TokenExpired, hub.AccountBroken, hub.Unsupported, hub.Permanent, hub.TemplateInvalid, hub.QuotaExhausted:
		return http.StatusUnprocessableEntity // the request is well-formed, and the platform or the channel refuses it
	case hub.Erased:
		return http.StatusConflict
	case hub.Internal:
		return http.StatusInternalServerError
	}
	return code.HTTPStatus()
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		panic(err) // texts and numbers
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}
