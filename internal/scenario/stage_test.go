package scenario

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/stack"
)

// stage is what all tests share: it is set up by the first one, and struck after the last.
var stage struct {
	once   sync.Once
	err    error
	stack  *stack.Stack
	front  *front
	chrome *browser.Browser
	close  func() // of the browser
	passed time.Duration
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	defer func() {
		if stage.close != nil {
			stage.close()
		}
		if stage.stack != nil {
			if err := stage.stack.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
		if stage.front != nil {
			stage.front.server.Close()
		}
	}()
	return m.Run()
}

// raise sets the stage up.
func raise() error {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	stage.front = newFront()
	running, err := stack.Start(ctx, stack.Options{Memory: true, Parameters: map[string]string{"ApiUrl": stage.front.server.URL}})
	if err != nil {
		return err
	}
	stage.stack = running
	if err := stage.front.lead(running.API); err != nil {
		return err
	}
	if stage.chrome, stage.close, err = browser.Launch(); err != nil {
		return err
	}
	if err := found(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, warnings())
	}
	return nil
}

// front is the hub's own domain, before the gateway: cards link to it, by https, as
// Instagram wants it of each link.
type front struct {
	server *httptest.Server
	to     atomic.Pointer[httputil.ReverseProxy]
}

func newFront() *front {
	f := &front{}
	f.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if to := f.to.Load(); to != nil {
			to.ServeHTTP(w, r)
			return
		}
		http.Error(w, "the stack has not started", http.StatusServiceUnavailable)
	}))
	return f
}

// lead puts the front before an address.
func (f *front) lead(api string) error {
	at, err := url.Parse(api)
	if err != nil {
		return err
	}
	f.to.Store(httputil.NewSingleHostReverseProxy(at))
	return nil
}

// scene is one test's share of the stage.
type scene struct {
	t   *testing.T
	ctx context.Context
	*stack.Stack
	chrome *browser.Browser
}

// enter gives a test its share. With -short only what is marked as brief runs.
func enter(t *testing.T) *scene {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes the whole stack and a browser")
	}
	return brief(t)
}

// brief is enter for what runs with -short too.
func brief(t *testing.T) *scene {
	t.Helper()
	browser.Need(t)
	stage.once.Do(func() { stage.err = raise() })
	if stage.err != nil {
		t.Fatal(stage.err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return &scene{t: t, ctx: ctx, Stack: stage.stack, chrome: stage.chrome.For(t)}
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// rest waits until the stack has nothing to do.
func (s *scene) rest() {
	s.t.Helper()
	s.must(s.Idle(s.ctx, time.Minute))
}

// pass lets time pass on the stack's clock.
func (s *scene) pass(by time.Duration) {
	s.t.Helper()
	_, err := s.AdvanceClock(s.ctx, by)
	s.must(err)
	stage.passed += by
	s.rest()
}

// now is the time on the stack's clock.
func now() time.Time { return time.Now().Add(stage.passed) }
