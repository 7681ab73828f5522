// Package metatest is what Meta's platforms have in common, for their fakes: how the
// Graph API answers and refuses, and how webhooks are written, signed and entered. It is
// written from Meta's documents alone and shares no code with package meta.
//
// https://developers.facebook.com/docs/graph-api/overview
package metatest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// MaxBody is the largest request that the fakes read; Meta states none.
const MaxBody = 4 << 20

// Call is one call of the API.
type Call struct {
	W     http.ResponseWriter
	R     *http.Request
	Body  []byte // at most one byte more than MaxBody
	Trace string // the fbtrace_id of what is answered
}

// Begin reads a call; false if the caller has left.
func Begin(w http.ResponseWriter, r *http.Request) (Call, bool) {
	c := Call{W: w, R: r, Trace: Trace()}
	w.Header().Set("X-Fb-Trace-Id", c.Trace)
	var err error
	c.Body, err = io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	return c, err == nil
}

// Trace makes an fbtrace_id.
func Trace() string { return "A" + base64.RawURLEncoding.EncodeToString(fake.Random(16)) }

// Answer answers the call.
func (c *Call) Answer(status int, v any) {
	fake.Answer(c.W, status, "application/json; charset=UTF-8", fake.JSON(v))
}

// Refusal is an answer that is not a success.
// https://developers.facebook.com/docs/graph-api/guides/error-handling
type Refusal struct {
	Status    int // HTTP
	Code      int
	Subcode   int
	Kind      string // "" = OAuthException
	Message   string
	Details   string // of WhatsApp
	Transient bool
}

// The types of errors: mostly, and of objects that are not there.
const (
	OAuth    = "OAuthException"
	NoObject = "GraphMethodException"
)

type errorBody struct {
	Error struct {
		Message   string     `json:"message"`
		Type      string     `json:"type"`
		Transient bool       `json:"is_transient,omitempty"`
		Code      int        `json:"code"`
		Data      *errorData `json:"error_data,omitempty"`
		Subcode   int        `json:"error_subcode,omitempty"`
		Trace     string     `json:"fbtrace_id"`
	} `json:"error"`
}

type errorData struct {
	Product string `json:"messaging_product"`
	Details string `json:"details"`
}

// Refuse answers a refusal; its type is kind if it has none of its own.
func (c *Call) Refuse(r *Refusal, kind string) {
	var out errorBody
	e := &out.Error
	e.Message, e.Type, e.Transient, e.Code, e.Subcode, e.Trace = r.Message, r.Kind, r.Transient, r.Code, r.Subcode, c.Trace
	if r.Kind == "" {
		e.Type = kind
	}
	if r.Details != "" {
		e.Data = &errorData{"whatsapp", r.Details}
	}
	c.Answer(r.Status, out)
}

// Invalid is a parameter that is wrong.
func Invalid(format string, args ...any) *Refusal {
	return &Refusal{Status: 400, Code: 100, Message: "(#100) " + fmt.Sprintf(format, args...)}
}

// Missing is an object that is not there, or not for the call's token.
func (c *Call) Missing() *Refusal {
	return &Refusal{Status: 400, Code: 100, Subcode: 33, Kind: NoObject, Message: "Unsupported " + strings.ToLower(c.R.Method) +
		" request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does not support this operation."}
}

// Unknown is an error that nobody explains.
func Unknown() *Refusal {
	return &Refusal{Status: 500, Code: 1, Kind: OAuth, Message: "An unknown error has occurred."}
}

// TooLarge is a request of more than MaxBody.
func TooLarge() *Refusal {
	return &Refusal{Status: 413, Code: 1, Kind: OAuth, Message: "The request is too large"}
}

// NoToken is a call without an access token.
func NoToken() *Refusal {
	return &Refusal{Status: 400, Code: 104, Kind: OAuth, Message: "An access token is required to request this resource."}
}

// NoPath is a path that leads nowhere.
func (c *Call) NoPath() *Refusal {
	return &Refusal{Status: 400, Code: 2500, Kind: OAuth, Message: "Unknown path components: " + c.R.URL.Path}
}

// NotPage is a call of an app for which it needs the token of a Page.
func NotPage() *Refusal {
	return &Refusal{Status: 400, Code: 210, Kind: OAuth, Message: "(#210) A page access token is required to request this resource."}
}

// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging

// Unparsed is the message about a token that is none.
const Unparsed = "Invalid OAuth access token - Cannot parse access token"

// Expired is a token whose time is over.
func Expired(at, now time.Time) *Refusal {
	const form = "Monday, 02-Jan-06 15:04:05 MST"
	return &Refusal{Status: 400, Code: 190, Subcode: 463, Kind: OAuth, Message: "Error validating access token: Session has expired on " +
		at.UTC().Format(form) + ". The current time is " + now.UTC().Format(form) + "."}
}

// Revoked is a token that was taken back, under the HTTP status of the platform.
func Revoked(status int) *Refusal {
	return &Refusal{Status: status, Code: 190, Subcode: 460, Kind: OAuth, Message: "Error validating access token: The session has been " +
		"invalidated because the user changed their password or Facebook has changed the session for security reasons."}
}
