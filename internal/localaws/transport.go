package localaws

import (
	"bytes"
	"io"
	"net/http"
)

var near = &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}

// Transport carries a client's requests to a server in the same machine, each in
// one piece, for tests whose clients do not retry. The SDK closes a request's body
// when the answer comes, and net/http, if it has not noticed yet that it sent all
// of it, then drops the connection in the middle of the answer. Only a server that
// is this near is fast enough to see that; the SDK's usual retries hide it.
type Transport struct{}

// RoundTrip sends one request.
func (Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return near.RoundTrip(req)
}
