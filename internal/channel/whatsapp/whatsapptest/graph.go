package whatsapptest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest request that the fake reads; Meta states none.
const maxBody = 4 << 20

// exchange is one call of the API.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	trace  string
	body   []byte
	number *number
	faults faults
}

func (x *exchange) answer(status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // only types of this package come here
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	x.w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a caller who has left loses his answer
	_ = http.NewResponseController(x.w).Flush()
}

func (x *exchange) refuse(r *refusal) {
	x.answer(r.status, r.body(x.trace))
}

var (
	versionPath  = regexp.MustCompile(`^/(v\d{1,2}\.\d)/([^/]+(?:/[^/]+)?)$`)
	messagesPath = regexp.MustCompile(`^/(v\d{1,2}\.\d)/([^/]+)/messages$`)
)

// ServeHTTP is the Graph API, with the endpoint that sends and those by which an account
// is connected.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, trace: trace()}
	w.Header().Set("X-Fb-Trace-Id", x.trace)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return
	}
	x.body = body
	path := messagesPath.FindStringSubmatch(x.r.URL.Path)
	for _, n := range p.numbers {
		if path != nil && n.ExternalID == path[2] {
			x.number = n
		}
	}
	p.mu.Lock()
	x.faults = p.faults.of(x.number)
	p.mu.Unlock()
	if x.faults.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(x.faults.DelayMS) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
	if of := versionPath.FindStringSubmatch(x.r.URL.Path); of != nil && path == nil {
		w.Header().Set("Facebook-Api-Version", of[1])
		if p.care(x, of[2]) {
			return
		}
	}
	if refused := p.admit(x, path); refused != nil {
		x.refuse(refused)
		return
	}
	p.messages(x)
}

// admit tells why a call is not let in; nil if it is.
func (p *platform) admit(x *exchange, path []string) *refusal {
	if x.faults.Down {
		return refuse(131016, "")
	}
	if path == nil {
		return &refusal{status: 400, code: 2500, message: "Unknown path components: " + x.r.URL.Path}
	}
	x.w.Header().Set("Facebook-Api-Version", path[1])
	bearer, ok := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer ")
	if !ok || bearer == "" {
		return &refusal{status: 401, code: 0, message: "Authentication Error", details: codes[0].details}
	}
	known := false
	for _, n := range p.numbers {
		known = known || n.Secrets["access_token"] == bearer
	}
	switch {
	case x.faults.ExpiredToken:
		return &refusal{status: 401, code: 190, subcode: 463, message: "Error validating access token: Session has expired."}
	case !known:
		return &refusal{status: 401, code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	case x.number == nil:
		return &refusal{status: 400, code: 100, subcode: 33, kind: "GraphMethodException", message: "Unsupported " + strings.ToLower(x.r.Method) +
			" request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does not support this operation."}
	case x.number.Secrets["access_token"] != bearer:
		return refuse(131005, "")
	case x.r.Method != http.MethodPost:
		return &refusal{status: 400, code: 100, kind: "GraphMethodException", message: "Unsupported " + strings.ToLower(x.r.Method) + " request."}
	case len(x.body) > maxBody:
		return &refusal{status: 413, code: 1, message: "The request is too large"}
	}
	if media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return required("messaging_product")
	}
	return nil
}

// required is the refusal of a request that lacks a parameter of its own.
func required(parameter string) *refusal {
	r := refuse(100, "")
	r.message = "(#100) The parameter " + parameter + " is required."
	return r
}
