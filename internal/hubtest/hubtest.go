// Package hubtest is a hub for tests: the tables and queues of template.yaml in an
// in-memory local cloud, reached through the real clients, a clock that stands
// still until it is moved, and a team with one LINE account.
package hubtest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/channel"
	"omnihub/internal/env"
	"omnihub/internal/hub"
	"omnihub/internal/localaws"
	"omnihub/internal/queue"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// The team that every Hub has, and its accounts, with the credentials of the sample
// webhooks.
const (
	Team        hub.TeamID       = "test"
	LineConn    hub.ConnectionID = "line1"
	LineAccount hub.AccountID    = "line1"
	LineBot                      = "U5a1f0c3e9b7d4826a1c0e5f79d3b2468"
	LineSecret                   = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	LineToken                    = "test-line-channel-token"

	WhatsAppConn    hub.ConnectionID = "whatsapp1"
	WhatsAppAccount hub.AccountID    = "whatsapp1"
	WhatsAppNumber                   = "106540352242922"
	WhatsAppSecret                   = "f00dbabe0123456789abcdef01234567"
	WhatsAppVerify                   = "test-verify-token"
	WhatsAppToken                    = "test-whatsapp-access-token"
)

// API is the public address that the hub's webhooks have.
const API = "https://hub.example.tw"

// Start is the time at which every Hub's clock stands at first: a minute after the
// sample webhooks.
var Start = time.UnixMilli(1791170475123).UTC()

// Hub is one hub.
type Hub struct {
	Cloud    *localaws.Server
	URL      string // of the local cloud
	Clock    *Clock
	Store    *store.Store
	Keyring  *seal.Keyring
	KeyID    string // of the wrapping key
	Settings *settings.Reader
	Setup    settings.Setup
	Team     *settings.Team
	PathID   string // of the LINE connection's webhook
	MetaPath string // of the WhatsApp connection's webhook
	Inbound  *queue.Queue
	Outbound *queue.Queue
	Log      *slog.Logger
	Logged   *Log

	queues *sqs.Client
	names  map[string]string // queue URLs by logical id
	t      testing.TB
}

// New starts a hub, which ends with the test.
func New(t testing.TB) *Hub {
	t.Helper()
	clock := &Clock{now: Start}
	cloud, err := localaws.Open(localaws.Config{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud)
	t.Cleanup(func() { server.Close(); cloud.Close() })

	h := &Hub{Cloud: cloud, URL: server.URL, Clock: clock, Logged: &Log{}, t: t}
	h.Log = env.NewLog(h.Logged, "test", slog.LevelDebug)
	tables := h.provision()
	h.KeyID = h.names["SecretsKey"]
	h.Keyring = h.Keys("test", nil)
	h.Store = &store.Store{DB: h.DynamoDB("test"), Tables: tables, Now: clock.Now, Retention: 400 * 24 * time.Hour, Marks: &store.Marks{}}
	h.Setup = settings.Setup{Store: h.Store, Keyring: h.Keyring, URL: API}
	h.Settings = settings.NewReader(h.Store, h.Keyring, clock.Now)
	h.queues = h.SQS("test")
	h.Inbound, h.Outbound = h.queue("InboundQueue"), h.queue("OutboundQueue")

	ctx := t.Context()
	h.must(h.Setup.Hub(ctx))
	h.must(h.Setup.Team(ctx, Team, "Test team"))
	h.Team, err = h.Settings.Team(ctx, Team)
	h.must(err)
	h.must(h.Setup.Connect(ctx, h.Team, LineConn, "line", channel.Secrets{"channel_secret": LineSecret}, settings.NewAccount{
		ID: LineAccount, External: LineBot, Name: "Test", Secrets: channel.Secrets{"channel_token": LineToken},
		Keywords: []hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}},
	}))
	h.must(h.Setup.Connect(ctx, h.Team, WhatsAppConn, "whatsapp", channel.Secrets{"app_secret": WhatsAppSecret, "verify_token": WhatsAppVerify},
		settings.NewAccount{
			ID: WhatsAppAccount, External: WhatsAppNumber, Name: "Test", Secrets: channel.Secrets{"access_token": WhatsAppToken},
			Keywords: []hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}},
		}))
	edge, err := h.Settings.Edge(ctx)
	h.must(err)
	h.PathID, h.MetaPath = edge.PathID(Team, LineConn), edge.PathID(Team, WhatsAppConn)
	return h
}

func (h *Hub) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// AWS is the configuration of a client that calls under a name.
func (h *Hub) AWS(caller string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(h.URL),
		Credentials:      credentials.NewStaticCredentialsProvider(caller, "test", ""),
		HTTPClient:       &http.Client{Transport: localaws.Transport{}},
		RetryMaxAttempts: 1,
	}
}

// DynamoDB is a client that calls under a name.
func (h *Hub) DynamoDB(caller string) *dynamodb.Client { return dynamodb.NewFromConfig(h.AWS(caller)) }

// SQS is a client that calls under a name.
func (h *Hub) SQS(caller string) *sqs.Client { return sqs.NewFromConfig(h.AWS(caller)) }

// As is the hub's store as a function's client sees it: calls are counted under
// the caller's name, and wrap may stand between client and network (nil for
// nothing).
func (h *Hub) As(caller string, wrap func(http.RoundTripper) http.RoundTripper) *store.Store {
	cfg := h.AWS(caller)
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(localaws.Transport{})}
	}
	st := *h.Store
	st.DB = dynamodb.NewFromConfig(cfg)
	return &st
}

// Keys is the hub's keyring as a new process of a function has it, with nothing
// opened yet; caller and wrap are as in As.
func (h *Hub) Keys(caller string, wrap func(http.RoundTripper) http.RoundTripper) *seal.Keyring {
	cfg := h.AWS(caller)
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(localaws.Transport{})}
	}
	return seal.NewKeyring(kms.NewFromConfig(cfg), h.KeyID)
}

// Calls are the AWS calls that a caller has made since the last Reset.
func (h *Hub) Calls(caller string) (calls int, read, write float64) {
	for _, c := range h.Cloud.Meter().Counts() {
		if c.Caller == caller {
			calls, read, write = calls+c.Calls, read+c.Read, write+c.Write
		}
	}
	return calls, read, write
}

// Receive takes up to ten messages of a queue, as an event source would hand them
// to a function.
func (h *Hub) Receive(q *queue.Queue) events.SQSEvent {
	h.t.Helper()
	out, err := h.queues.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl: &q.URL, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	h.must(err)
	var e events.SQSEvent
	for _, m := range out.Messages {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
			Attributes: m.Attributes, Md5OfBody: aws.ToString(m.MD5OfBody), EventSource: "aws:sqs",
		})
	}
	return e
}

// Ack deletes the records that a function did not name as failed.
func (h *Hub) Ack(q *queue.Queue, e events.SQSEvent, r events.SQSEventResponse) {
	h.t.Helper()
	failed := map[string]bool{}
	for _, f := range r.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, m := range e.Records {
		if !failed[m.MessageId] {
			_, err := h.queues.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: aws.String(m.ReceiptHandle)})
			h.must(err)
		}
	}
}

// Depth is the number of messages of a queue, visible and not.
func (h *Hub) Depth(q *queue.Queue) int {
	c := h.Cloud.SQS().Counts()[q.URL[strings.LastIndex(q.URL, "/")+1:]]
	return c.Visible + c.InFlight + c.Delayed
}

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps what was logged.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}
