package env

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// services plays AWS on one address and counts connections and requests.
type services struct {
	*httptest.Server
	ping http.HandlerFunc

	mu          sync.Mutex
	connections int
	requests    []string // "GET /ping", or the operation
	more        chan struct{}
}

func newServices(t *testing.T) *services {
	t.Helper()
	s := &services{ping: func(http.ResponseWriter, *http.Request) {}, more: make(chan struct{}, 100)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("X-Amz-Target")
		if name == "" {
			name = r.Method + " " + r.URL.Path
		}
		s.mu.Lock()
		s.requests = append(s.requests, name)
		s.mu.Unlock()
		s.more <- struct{}{}
		if r.URL.Path == "/ping" {
			if r.Header.Get("Authorization") != "" {
				t.Error("the ping bears a signature")
			}
			s.ping(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *services) counts() (connections int, requests []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, append([]string{}, s.requests...)
}

// start is a process whose AWS is at the address.
func start(t *testing.T, address string) Process {
	t.Helper()
	for name, v := range map[string]string{
		"AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, v)
	}
	return Read("test").Start(context.Background())
}

type clients struct {
	db     *dynamodb.Client
	keys   *kms.Client
	queues *sqs.Client
}

func (p Process) clients() clients {
	return clients{dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS), sqs.NewFromConfig(p.AWS)}
}

// warmed are the calls that name the services, and what tells that they ended.
func (c clients) warmed() (calls []func(context.Context), ended *sync.WaitGroup) {
	ended = &sync.WaitGroup{}
	for _, call := range []func(context.Context){By(c.db.ListTables), By(c.keys.ListKeys), By(c.queues.ListQueues)} {
		ended.Add(1)
		calls = append(calls, func(ctx context.Context) {
			defer ended.Done()
			call(ctx)
		})
	}
	return calls, ended
}

func (c clients) use(t *testing.T) {
	t.Helper()
	if _, err := c.db.ListTables(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := c.keys.ListKeys(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := c.queues.ListQueues(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestConnectionsAreOpenedSideBySideAndThenUsed(t *testing.T) {
	aws := newServices(t)
	// No ping is answered before all three are there: one after the other would never
	// end.
	var together sync.WaitGroup
	together.Add(3)
	aws.ping = func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait()
		http.Error(w, "what is this?", http.StatusNotFound)
	}
	p := start(t, aws.URL)
	c := p.clients()
	calls, ended := c.warmed()
	p.Warm(calls...)
	ended.Wait()
	connections, requests := aws.counts()
	if connections != 3 || len(requests) != 3 {
		t.Fatalf("got %d connections, requests %q, want 3 pings over 3 connections", connections, requests)
	}
	for _, name := range requests {
		if name != "GET /ping" {
			t.Errorf("got the request %s: a call was made", name)
		}
	}
	c.use(t)
	if now, requests := aws.counts(); now != 3 || len(requests) != 6 {
		t.Errorf("got %d connections after the calls %q, want the 3 that were open", now, requests)
	}
}

func TestEachServiceIsWarmedWhereItsCallsGo(t *testing.T) {
	rest, queues := newServices(t), newServices(t)
	t.Setenv("AWS_ENDPOINT_URL_SQS", queues.URL)
	// Neither is answered before both are there: else one connection could serve both.
	var together sync.WaitGroup
	together.Add(2)
	rest.ping = func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait()
		http.Error(w, "what is this?", http.StatusNotFound)
	}
	p := start(t, rest.URL)
	calls, ended := p.clients().warmed()
	p.Warm(calls...)
	ended.Wait()
	if n, _ := rest.counts(); n != 2 {
		t.Errorf("got %d connections, want those of the tables and the keys", n)
	}
	if n, _ := queues.counts(); n != 1 {
		t.Errorf("got %d connections to the queues' own endpoint, want 1", n)
	}
}

func TestServiceThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	aws := newServices(t)
	release := make(chan struct{})
	aws.ping = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	defer close(release)
	p := start(t, aws.URL)
	c := p.clients()
	calls, ended := c.warmed()
	began := time.Now()
	p.Warm(calls...)
	if took := time.Since(began); took > time.Second {
		t.Errorf("Warm took %s, want it to wait for nothing", took)
	}
	for range 3 {
		<-aws.more
	}
	c.use(t) // over connections of their own, while the pings hang
	ended.Wait()
	if took := time.Since(began); took > patience+5*time.Second {
		t.Errorf("the pings ended after %s, want about %s", took, patience)
	}
}

func TestServiceThatIsNotThereDoesNoHarm(t *testing.T) {
	aws := newServices(t)
	address := aws.URL
	aws.Close()
	p := start(t, address)
	calls, ended := p.clients().warmed()
	p.Warm(calls...)
	ended.Wait()
}
