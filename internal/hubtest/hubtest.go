// Package hubtest is a hub for tests: the tables and queues of template.yaml in an
// in-memory local cloud, reached through the real clients, a clock that stands
// still until it is moved, and a team with one LINE account.
package hubtest

import (
	"bytes"
	"context"
	"errors"
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

	"omnihub/internal/env"
	"omnihub/internal/hub"
	"omnihub/internal/localaws"
	"omnihub/internal/localaws/disk"
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

	made   *made // of an original
	queues *sqs.Client
	t      testing.TB
}

// New starts a hub, which ends with the test. All hubs of a process begin as copies of
// one, with the same ids and keys.
func New(t testing.TB) *Hub {
	t.Helper()
	first, err := origin()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, first, first.image.Start(), Start)
}

// NewOriginal is New for a hub that Copy is made of.
func NewOriginal(t testing.TB) *Hub {
	t.Helper()
	first, err := origin()
	if err != nil {
		t.Fatal(err)
	}
	own := first.copy()
	h := start(t, own, own.image.Record(), Start)
	h.made = own
	return h
}

// Copy starts another hub that begins as this one, an original, is now, with the same time
// and log, and ends with the test. What clients and readers of settings remember is not
// copied.
func (h *Hub) Copy(t testing.TB) *Hub {
	t.Helper()
	if h.made == nil {
		t.Fatal("hubtest: a copy of a hub that is no original")
	}
	own := h.made.copy()
	c := start(t, own, own.image.Start(), h.Clock.Now())
	_, err := c.Logged.Write([]byte(h.Logged.String()))
	c.must(err)
	return c
}

// start starts a hub on a disk that holds what was made.
func start(t testing.TB, m *made, on *disk.Store, now time.Time) *Hub {
	t.Helper()
	clock := &Clock{now: now}
	cloud, err := localaws.Open(localaws.Config{Clock: clock.Now, Disk: on})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud)
	t.Cleanup(func() { server.Close(); cloud.Close() })

	h := &Hub{Cloud: cloud, URL: server.URL, Clock: clock, t: t}
	h.attach(m)
	h.Team, err = h.Settings.Team(t.Context(), Team)
	h.must(err)
	edge, err := h.Settings.Edge(t.Context())
	h.must(err)
	h.PathID, h.MetaPath = edge.PathID(Team, LineConn), edge.PathID(Team, WhatsAppConn)
	return h
}

// attach makes the clients of what was made in the hub's cloud.
func (h *Hub) attach(m *made) {
	h.Logged = &Log{}
	h.Log = env.NewLog(h.Logged, "test", slog.LevelDebug)
	h.KeyID = m.names["SecretsKey"]
	h.Keyring = h.Keys("test", nil)
	h.Store = &store.Store{DB: h.DynamoDB("test"), Tables: m.tables, Now: h.Clock.Now, Retention: 400 * 24 * time.Hour, Marks: &store.Marks{}}
	h.Setup = settings.Setup{Store: h.Store, Keyring: h.Keyring, URL: API}
	h.Settings = settings.NewReader(h.Store, h.Keyring, h.Clock.Now)
	h.queues = h.SQS("test")
	queue := func(id string) *queue.Queue {
		return &queue.Queue{Client: h.queues, URL: strings.Replace(m.names[id], originURL, h.URL, 1)}
	}
	h.Inbound, h.Outbound = queue("InboundQueue"), queue("OutboundQueue")
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
		HTTPClient:       Direct{h.Cloud},
		RetryMaxAttempts: 1,
	}
}

// Near is the way from a client to the local cloud: without a network.
func (h *Hub) Near() http.RoundTripper { return Direct{h.Cloud} }

// DynamoDB is a client that calls under a name.
func (h *Hub) DynamoDB(caller string) *dynamodb.Client { return dynamoDB(h.AWS(caller)) }

func dynamoDB(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.HTTPSignerV4 = named{} })
}

// SQS is a client that calls under a name.
func (h *Hub) SQS(caller string) *sqs.Client {
	return sqs.NewFromConfig(h.AWS(caller), func(o *sqs.Options) { o.HTTPSignerV4 = named{} })
}

// As is the hub's store as a function's client sees it: calls are counted under
// the caller's name, and wrap may stand between client and network (nil for
// nothing).
func (h *Hub) As(caller string, wrap func(http.RoundTripper) http.RoundTripper) *store.Store {
	cfg := h.AWS(caller)
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(h.Near())}
	}
	st := *h.Store
	st.DB = dynamoDB(cfg)
	return &st
}

// Keys is the hub's keyring as a new process of a function has it, with nothing
// opened yet; caller and wrap are as in As.
func (h *Hub) Keys(caller string, wrap func(http.RoundTripper) http.RoundTripper) *seal.Keyring {
	cfg := h.AWS(caller)
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(h.Near())}
	}
	return seal.NewKeyring(kms.NewFromConfig(cfg, func(o *kms.Options) { o.HTTPSignerV4 = named{} }), h.KeyID)
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
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}
