package env

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// patience bounds the opening of a connection ahead of its use.
const patience = 3 * time.Second

// Warm opens a connection to each service beside what the process does: its name is
// looked up and TLS agreed on while the function starts, and for all services at the
// same time, instead of one after the other on the way of the first event. Nothing is
// asked of a service that costs or needs a permission, and nothing waits for it; what
// fails here is tried again by the first call.
//
// A service is named by a call of its client, By(client.ListTables), which knows
// where its requests go. The call itself is not made.
func (p Process) Warm(services ...func(context.Context)) {
	for _, call := range services {
		go func() {
			ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), warming{}, true), patience)
			defer cancel()
			call(ctx)
		}()
	}
}

// By names a service for Warm by a call without required members.
func By[In, Out, Options any](call func(context.Context, *In, ...func(*Options)) (*Out, error)) func(context.Context) {
	return func(ctx context.Context) {
		_, _ = call(ctx, nil)
	}
}

// warming marks the context of a call that is to go no further than its connection.
type warming struct{}

var errWarm = errors.New("env: only the connection was opened")

// client sends the requests of all AWS clients of the process, over one transport.
// The SDK would give each client a transport of its own.
type client struct{ next aws.HTTPClient }

// shared makes the client from what the configuration has, a set of certificates
// (AWS_CA_BUNDLE) perhaps.
func shared(configured aws.HTTPClient) aws.HTTPClient {
	if configured == nil {
		configured = awshttp.NewBuildableClient()
	}
	return client{configured}
}

// Do sends a request. Of a call that Warm makes only the address is used: a plain
// GET of /ping, which every service answers to anybody in some way, opens the
// connection and leaves it to the calls that follow.
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Context().Value(warming{}) == nil {
		return c.next.Do(r)
	}
	ping, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Scheme+"://"+r.URL.Host+"/ping", nil)
	if err == nil {
		var resp *http.Response
		if resp, err = c.next.Do(ping); err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
			_ = resp.Body.Close()
		}
	}
	return nil, &aws.RequestCanceledError{Err: errors.Join(errWarm, err)} // which the SDK does not try again
}
