package settings_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

// table stands between a reader and its network: it counts calls, breaks them, and
// holds them until it is told to let them go.
type table struct {
	calls  atomic.Int64
	broken atomic.Bool
	hold   atomic.Pointer[chan struct{}]
}

func (b *table) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		b.calls.Add(1)
		if hold := b.hold.Load(); hold != nil {
			select {
			case <-*hold:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		if b.broken.Load() {
			return nil, errors.New("outage")
		}
		return next.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// behind is a reader of a new process behind b.
func behind(h *hubtest.Hub, b *table) *settings.Reader {
	return settings.NewReader(h.As("reader", b.wrap), h.Keys("keys", nil), h.Clock.Now)
}

// together runs n at the same time and gives the errors.
func together(n int, do func() error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = do()
		}()
	}
	all.Wait()
	return errs
}

func TestHundredColdRequestsMakeOneReading(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	gate := make(chan struct{})
	b.hold.Store(&gate)
	go func() {
		for b.calls.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // the others come meanwhile
		close(gate)
	}()
	for i, err := range together(100, func() error { _, _, err := r.Resolve(ctx, h.PathID); return err }) {
		if err != nil {
			t.Fatalf("request %d: got %v", i, err)
		}
	}
	if got := b.calls.Load(); got != 1 {
		t.Errorf("got %d readings of the keys by 100 cold requests, want 1", got)
	}
	for _, err := range together(100, func() error { _, err := r.Known(ctx, hubtest.Team, hubtest.LineConn); return err }) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := b.calls.Load(); got != 3 { // and the connection, and its team
		t.Errorf("got %d calls, want 3", got)
	}
}

func TestColdOutageIsAskedOnceASecond(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	b.broken.Store(true)
	r := behind(h, b)
	resolve := func() error { _, _, err := r.Resolve(ctx, h.PathID); return err }
	for range 3 {
		b.calls.Store(0)
		for _, err := range append(together(100, resolve), together(100, resolve)...) {
			if hub.CodeOf(err) != hub.Transient {
				t.Fatalf("got %v, want transient", err)
			}
		}
		if got := b.calls.Load(); got != 1 {
			t.Errorf("got %d calls by 200 requests in one second of an outage, want 1", got)
		}
		h.Clock.Advance(time.Second)
	}
	b.broken.Store(false)
	if err := resolve(); err != nil {
		t.Errorf("after the outage: got %v", err)
	}
}

func TestWhoWaitsForAReadingWaitsNoLongerThanItMay(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	gate := make(chan struct{})
	defer close(gate)
	b.hold.Store(&gate)
	leader, giveUp := context.WithCancel(ctx)
	led := make(chan error)
	go func() { _, err := r.Edge(leader); led <- err }()
	for b.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := r.Edge(short); hub.CodeOf(err) != hub.Transient {
		t.Errorf("who waits: got %v, want transient", err)
	}
	// Who reads goes away: that says nothing of the table, and the next reads at once.
	giveUp()
	if err := <-led; hub.CodeOf(err) != hub.Transient {
		t.Errorf("who reads: got %v, want transient", err)
	}
	b.hold.Store(nil)
	if _, err := r.Edge(ctx); err != nil {
		t.Errorf("the next: got %v", err)
	}
}

func TestSilentTableIsGivenUpWhileThereIsSomethingToServe(t *testing.T) {
	t.Parallel() // it takes real seconds
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	first, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	defer close(gate)
	b.hold.Store(&gate)
	h.Clock.Advance(2 * time.Minute)
	began := time.Now()
	got, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil || got != first {
		t.Errorf("got %v, want what was known", err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s, want about a second", took)
	}
}

func TestMissingConnectionIsReadOnceAMinute(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	if _, err := r.Team(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.calls.Store(0)
		for range 500 {
			if _, err := r.Known(ctx, hubtest.Team, "gone"); hub.CodeOf(err) != hub.NotFound {
				t.Fatalf("got %v, want not_found", err)
			}
			h.Clock.Advance(100 * time.Millisecond)
		}
		if got := b.calls.Load(); got != 1 {
			t.Errorf("got %d calls in 50 s, want 1", got)
		}
		h.Clock.Advance(11 * time.Second)
	}
	// It is there again.
	err := h.Setup.Connect(ctx, h.Team, "gone", "line", channel.Secrets{"channel_secret": "x"}, settings.NewAccount{ID: "back", External: "Uback"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Known(ctx, hubtest.Team, "gone"); err != nil {
		t.Errorf("a minute later: got %v", err)
	}
}

func TestKnownConnectionIsServedWithoutAReading(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	first, err := r.Known(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil {
		t.Fatal(err)
	}
	b.calls.Store(0)
	for range 10 {
		h.Clock.Advance(time.Minute)
		if c, err := r.Known(ctx, hubtest.Team, hubtest.LineConn); err != nil || c != first {
			t.Fatalf("got %v, want what was read first", err)
		}
	}
	if got := b.calls.Load(); got != 0 {
		t.Errorf("got %d calls in ten minutes, want 0", got)
	}
	h.Clock.Advance(2 * time.Minute) // too old to be served
	if c, err := r.Known(ctx, hubtest.Team, hubtest.LineConn); err != nil || c == first {
		t.Errorf("after twelve minutes: got the same, %v, want it read anew", err)
	}
	// Who has proved whose it is gets it as of the last minute.
	h.Clock.Advance(61 * time.Second)
	old, _ := r.Known(ctx, hubtest.Team, hubtest.LineConn)
	if c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn); err != nil || c == old {
		t.Errorf("Connection: got the same, %v, want it read anew", err)
	}
}

func TestDoubtsReadAConnectionOnceAMinuteEach(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil {
		t.Fatal(err)
	}
	calls := func(d settings.Doubt) int64 {
		t.Helper()
		b.calls.Store(0)
		for range 100 {
			newer, err := r.Renewed(ctx, c, d)
			if err != nil || newer.Secrets["channel_secret"].Reveal() != hubtest.LineSecret {
				t.Fatalf("got %v", err)
			}
			c = newer
		}
		return b.calls.Load()
	}
	if got := calls(settings.WrongSignature); got != 0 {
		t.Errorf("wrong signatures just after a reading: got %d calls, want 0", got)
	}
	h.Clock.Advance(10 * time.Second)
	if got := calls(settings.WrongSignature); got != 1 {
		t.Errorf("wrong signatures ten seconds later: got %d calls, want 1", got)
	}
	h.Clock.Advance(20 * time.Second)
	if got := calls(settings.WrongSignature); got != 0 {
		t.Errorf("wrong signatures in the same minute: got %d calls, want 0", got)
	}
	if got := calls(settings.UnknownAccount); got != 1 {
		t.Errorf("an unknown account in the same minute: got %d calls, want 1 of its own", got)
	}
	total := int64(0)
	for range 600 { // ten minutes of wrong signatures
		h.Clock.Advance(time.Second)
		total += calls(settings.WrongSignature)
	}
	if total > 22 || total < 18 {
		t.Errorf("ten minutes of wrong signatures: got %d calls, want the connection and its team once a minute", total)
	}
}

func TestRenewalSaysWhenTheTableFailsAndWhenItIsGone(t *testing.T) {
	h := hubtest.New(t)
	b := &table{}
	r := behind(h, b)
	c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(30 * time.Second)
	b.broken.Store(true)
	if _, err := r.Renewed(ctx, c, settings.WrongSignature); hub.CodeOf(err) != hub.Transient {
		t.Errorf("table fails: got %v, want transient", err)
	}
	if again, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn); err != nil || again != c {
		t.Errorf("what is fresh is not served any more: %v", err)
	}
	b.broken.Store(false)
	h.Clock.Advance(61 * time.Second)
	if err := h.Setup.Disconnect(ctx, hubtest.Team, hubtest.LineConn); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Renewed(ctx, c, settings.WrongSignature); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("disconnected: got %v, want not_found", err)
	}
}
