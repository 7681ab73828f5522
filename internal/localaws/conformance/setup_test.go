// Package conformance holds the local cloud to what AWS does, through the real SDK.
// With CONFORMANCE_ENDPOINT it runs against another endpoint; then the tests that
// need the local cloud's clock, disk or in-process controls are skipped.
package conformance

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/oklog/ulid/v2"

	"omnihub/internal/localaws"
)

// cloud is an endpoint under test.
type cloud struct {
	url    string
	server *localaws.Server // nil against another endpoint
	clock  *clock           // nil against another endpoint
}

// clock is a clock that runs, and that a test can move forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// newCloud starts a local cloud in memory, or names the other endpoint.
func newCloud(t testing.TB, options ...func(*localaws.Config)) *cloud {
	t.Helper()
	if url := os.Getenv("CONFORMANCE_ENDPOINT"); url != "" {
		if len(options) > 0 {
			t.Skip("needs a local cloud of its own")
		}
		return &cloud{url: strings.TrimSuffix(url, "/")}
	}
	c := &cloud{clock: &clock{}}
	cfg := localaws.Config{Clock: c.clock.now}
	for _, option := range options {
		option(&cfg)
	}
	var err error
	if c.server, err = localaws.Open(cfg); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(c.server)
	c.url = front.URL
	t.Cleanup(func() {
		c.server.SQS().Close() // so that waiting receives do not hold up the end
		front.CloseClientConnections()
		front.Close()
		if err := c.server.Close(); err != nil {
			t.Errorf("closing the local cloud: %v", err)
		}
	})
	return c
}

// onDisk keeps the local cloud's state in a directory.
func onDisk(dir string) func(*localaws.Config) {
	return func(cfg *localaws.Config) { cfg.Dir = dir }
}

// needsLocal skips a test that needs more than an endpoint.
func (c *cloud) needsLocal(t testing.TB) {
	t.Helper()
	if c.server == nil {
		t.Skip("needs the local cloud's clock or in-process controls")
	}
}

// advance moves the clock and lets the local cloud see it.
func (c *cloud) advance(t testing.TB, d time.Duration) {
	t.Helper()
	c.needsLocal(t)
	c.clock.mu.Lock()
	c.clock.ahead += d
	c.clock.mu.Unlock()
	c.server.Sweep()
}

// config is an SDK configuration for one caller, without retries, so that a test
// sees every answer.
func (c *cloud) config(caller string) aws.Config {
	cfg := aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(c.url),
		Credentials:  credentials.NewStaticCredentialsProvider(caller, "secret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   &http.Client{Transport: localaws.Transport{}},
	}
	if c.server == nil { // real credentials and region, if there are any
		if id := os.Getenv("AWS_ACCESS_KEY_ID"); id != "" {
			cfg.Credentials = credentials.NewStaticCredentialsProvider(id, os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN"))
		}
		if region := os.Getenv("AWS_REGION"); region != "" {
			cfg.Region = region
		}
	}
	return cfg
}

func (c *cloud) sqs() *sqs.Client { return sqs.NewFromConfig(c.config("tester")) }

func (c *cloud) dynamo() *dynamodb.Client { return dynamodb.NewFromConfig(c.config("tester")) }

func (c *cloud) streams() *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(c.config("tester"))
}

func (c *cloud) s3() *s3.Client {
	return s3.NewFromConfig(c.config("tester"), func(o *s3.Options) { o.UsePathStyle = true })
}

// unique is a name that no other test uses.
func unique(prefix string) string { return prefix + "-" + strings.ToLower(ulid.Make().String()) }

// code is the AWS error code of an error, or its text.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

// wantCode fails the test unless err bears the code.
func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("got error code %q (%v), want %q", got, err, want)
	}
}

// must returns a value, or ends the test.
func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var ctx = context.Background()

// scaled shortens the visibility timeouts of the local cloud.
func scaled(factor float64) func(*localaws.Config) {
	return func(cfg *localaws.Config) { cfg.SQS.VisibilityScale = factor }
}
