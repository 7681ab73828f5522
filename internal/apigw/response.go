package apigw

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// response collects an answer by the rules of net/http: what is set after the status was
// written comes too late, and informational statuses pass.
type response struct {
	header http.Header
	sent   http.Header // as it was with the status
	status int
	body   bytes.Buffer
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.mayHaveBody() {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(b)
}

func (w *response) mayHaveBody() bool {
	return w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// event is the answer in format 2.0. Cookies stand by themselves; the values of other
// headers are joined, since the format has one for each name.
func (w *response) event() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.sent {
		name = strings.ToLower(name)
		switch {
		case name == "set-cookie":
			for _, v := range values {
				out.Cookies = append(out.Cookies, oneLine(v))
			}
		case !isToken(name) || isConnection(name):
		case len(values) > 0:
			joined := oneLine(strings.Join(values, ","))
			if before, ok := out.Headers[name]; ok { // two spellings of one name
				joined = before + "," + joined
			}
			out.Headers[name] = joined
		}
	}
	if utf8.Valid(w.body.Bytes()) {
		out.Body = w.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return out
}

// oneLine keeps a value from ending its header.
func oneLine(v string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, v)
}

// isToken reports whether a text can be a header's name.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(name string) bool {
	for _, r := range name {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r)) {
			return false
		}
	}
	return name != ""
}

// isConnection reports whether a header is the gateway's to write: it tells of the
// connection or counts the body's bytes.
func isConnection(name string) bool {
	switch name {
	case "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return strings.HasPrefix(name, "trailer:")
}
