package fake_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

type shop struct {
	fake.Account
	told []string
}

type plan struct {
	fake.StatusPlan
	Own int `json:"own"`
}

// bench is the least that a fake platform is: a call sends, and is told as delivered and
// as read.
type bench struct{ *fake.Core[*shop, plan] }

type toldEntry struct{ Account, What string }

func newBench(c fake.Config) fake.Platform {
	return bench{fake.NewCore[plan]("bench", c, func(a fake.Account) *shop { return &shop{Account: a} })}
}

func (b bench) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	s, err := b.Account(a.Account)
	if err != nil {
		return fake.Delivery{}, err
	}
	hook := fake.Webhook{URL: s.Webhook, Body: []byte(a.Text)}
	return b.Deliver(ctx, a, fake.Delivery{Message: "1"}, &hook, &hook), nil
}

func (b bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, name := b.Accounts[0], r.URL.Path
	b.Mu.Lock()
	f := b.Faults
	b.Mu.Unlock()
	answer := func(status int) func() {
		return func() { fake.Answer(w, status, "application/json", []byte(`{}`)) }
	}
	if b.Fault(w, r, f.Calls, name, answer(429), answer(500)) {
		return
	}
	b.Telling(fake.News{
		Owed:    b.Owed(f.StatusPlan, name, "delivered", "read"),
		Webhook: func(what string) fake.Webhook { return fake.Webhook{URL: s.Webhook, Body: []byte(what)} },
		Told: func(what string) {
			s.told = append(s.told, what)
			b.Journal.Record("told", toldEntry{s.ID, what})
		},
	}, f.StatusPlan, name).Around(r.Context(), func() {
		if !b.Spoil(f.Calls, name, answer(502)) {
			answer(200)()
		}
	})
}

func newWorld(t *testing.T, j *fake.Journal) (*faketest.World, bench) {
	w := faketest.New(t, "X-Mark", time.Unix(1791170415, 0))
	w.Start(newBench, j, fake.Account{ID: "one", ExternalID: "1", Webhook: w.Hub.URL}, fake.Account{ID: "two", ExternalID: "2", Webhook: w.Hub.URL})
	return w, w.Platform.(bench)
}

func bodies(hooks []faketest.Hook) (out []string) {
	for _, h := range hooks {
		out = append(out, h.Body)
	}
	return out
}

func TestPlansAreStrict(t *testing.T) {
	w, b := newWorld(t, nil)
	for text, want := range map[string]string{
		`{"colour":1}`:          `unknown field "colour"`,
		`{} {}`:                 "more than one value",
		`{"rate429":1.1}`:       "a rate lies between 0 and 1",
		`{"status_read":-0.1}`:  "a rate lies between 0 and 1",
		`{"delay_ms":-1}`:       "a number is below 0",
		`{"status_late_ms":-1}`: "a number is below 0",
		`{"account":"three"}`:   `benchtest: faults: no account "three"`,
		`{"seed":1.5}`:          "benchtest: faults: json",
	} {
		if err := w.Platform.SetFaults(json.RawMessage(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that says %q", text, err, want)
		}
	}
	w.Faults(`{"own":3,"status_read":true,"account":"2","rate500":0.5}`)
	if f := b.Faults; f.Own != 3 || f.StatusRead != 1 || f.Rate500 != 0.5 {
		t.Errorf("got %+v, want what was given", f)
	}
	for i, want := range []bool{true, false} {
		if got := fake.Spares(b.Faults.Plan, b.Accounts[i]); got != want {
			t.Errorf("account %d: got spared %v, want %v", i, got, want)
		}
	}
	if !fake.Spares(b.Faults.Plan, (*shop)(nil)) || fake.Spares(fake.Plan{}, b.Accounts[0]) {
		t.Error("got a stranger struck by another's faults, or an account spared by a plan for all")
	}
	w.Faults("null")
	if b.Faults.Own != 0 {
		t.Errorf("got %+v, want no faults", b.Faults)
	}
}

func TestAccountsAreFoundByEitherName(t *testing.T) {
	_, b := newWorld(t, nil)
	for name, want := range map[string]string{"": "one", "one": "one", "2": "two"} {
		if a, err := b.Account(name); err != nil || a.ID != want {
			t.Errorf("%q: got %+v, %v, want %s", name, a, err, want)
		}
	}
	if a, err := b.Account("three"); err == nil || a != nil {
		t.Errorf("got %+v, %v, want an error", a, err)
	}
}

func TestActsAreDeliveredAsTheySay(t *testing.T) {
	w, _ := newWorld(t, nil)
	w.Faults(`{"duplicate_webhooks":2}`)
	d := w.Act(fake.Act{Text: "hi", Repeat: 2})
	w.Want("delivery", []any{d.Status, d.Statuses, d.Message, d.Body}, []any{200, []int{200, 200}, "1", "hi"})
	w.Want("hooks", bodies(w.Got()), []string{"hi", "hi", "hi", "hi"})
	d = w.Act(fake.Act{Text: "hi", Hold: true})
	w.Want("held", []any{d.Status, len(d.Statuses), d.Body, len(w.Got())}, []any{0, 0, "hi", 0})
	for act, want := range map[*fake.Act]int{{}: 0, {Text: "x"}: 1, {Text: "x", Follow: true, Extra: json.RawMessage(`{}`)}: 3} {
		w.Want("doings", act.Doings(), want)
	}
}

func TestCallsFailAsPlanned(t *testing.T) {
	w, _ := newWorld(t, nil)
	for _, c := range []struct {
		plan          string
		status, later any
		told          int
	}{
		{"null", 200, "", 2},
		{`{"rate429":1,"retry_after":7}`, 429, "7", 0},
		{`{"rate500":1}`, 500, "", 0},
		{`{"accept_then_drop":1}`, 0, "", 2},
		{`{"accept_then_500":1}`, 502, "", 2},
	} {
		w.Faults(c.plan)
		status, _, header := w.Call("POST", "/"+c.plan, "")
		w.Want(c.plan, []any{status, header.Get("Retry-After"), len(w.Got())}, []any{c.status, c.later, c.told})
	}
	w.Faults(`{"timeout":1}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("got an answer, want none")
		}
	}()
	w.Platform.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
}

func TestNewsAreToldByThePlan(t *testing.T) {
	w, b := newWorld(t, nil)
	w.Faults(`{"status_missing":1}`)
	w.Call("GET", "/a", "")
	w.Want("missing", len(w.Got()), 0)
	w.Faults(`{"status_early":1}`)
	w.Call("GET", "/b", "")
	w.Want("before the answer", bodies(w.Hooks()), []string{"delivered", "read"})
	w.Want("and not again", len(w.Got()), 2)
	w.Faults(`{"seed":1,"status_shuffle":true}`)
	first := map[string]bool{}
	for _, path := range strings.Split("abcdefgh", "") {
		w.Call("GET", "/"+path, "")
		got := bodies(w.Got())
		first[got[0]] = true
		if slices.Sort(got); !slices.Equal(got, []string{"delivered", "read"}) {
			t.Fatalf("got %v, want both", got)
		}
	}
	w.Want("either comes first", len(first), 2)
	w.Faults(`{"duplicate_webhooks":1,"shuffle_webhooks":true,"status_late_ms":20}`)
	w.Call("GET", "/c", "")
	w.Want("each twice", len(w.Got()), 4)
	if b.Pending() != 0 {
		t.Errorf("got %d pending, want 0", b.Pending())
	}
}

func TestNewsAreToldAgainUntilTheHubTakesThem(t *testing.T) {
	w, b := newWorld(t, nil)
	tell := func(n fake.News) {
		n.Owed = []string{"x"}
		n.Webhook = func(what string) fake.Webhook { return fake.Webhook{URL: w.Hub.URL, Body: []byte(what)} }
		n.Told = func(string) { b.Accounts[0].told = append(b.Accounts[0].told, "x") }
		b.Telling(n, fake.StatusPlan{}, "x").Later()
	}
	w.Answer(500)
	tell(fake.News{Tries: 2})
	w.Want("tries", len(w.Got()), 2)
	w.Want("it stays owed", len(b.Accounts[0].told), 0)
	tell(fake.News{Tries: 2, Forgettable: true})
	w.Want("tries", len(w.Got()), 2)
	w.Want("it is lost", len(b.Accounts[0].told), 1)
	tell(fake.News{Tries: 9, Unreached: true, Forgettable: true})
	w.Want("tries after an answer", len(w.Got()), 1)
	tell(fake.News{Taken: func(status int) bool { return status == 500 }})
	w.Want("tries of what is taken", len(w.Got()), 1)
}

func TestEntriesOfGoneAccountsArePassedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := faketest.Journal(t, path)
	for _, entry := range []any{toldEntry{"one", "a"}, toldEntry{"gone", "b"}, toldEntry{"", "c"}, map[string]any{"Account": "two", "What": 7}} {
		j.Record("told", entry)
	}
	_ = j.Close()
	_, b := newWorld(t, faketest.Journal(t, path))
	var got []string
	b.Journal.Replay(func(_ string, entry json.RawMessage) {
		if e, a, ok := fake.RecordedOf[toldEntry](b.Core, entry); ok {
			got = append(got, a.ExternalID+" "+e.What)
		}
	})
	if !slices.Equal(got, []string{"1 a"}) {
		t.Errorf("got %v, want that of the account that is there", got)
	}
}

func TestLimitsForgetWhatIsOver(t *testing.T) {
	var r fake.Recent
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	for i := range 3 {
		r.Note(at(i))
	}
	for _, c := range []struct {
		at   int
		full bool
		left int
	}{{2, true, 3}, {9, true, 3}, {10, true, 2}, {11, false, 1}, {12, false, 0}} {
		if full := r.Full(at(c.at), 10*time.Second, 2); full != c.full || len(r) != c.left {
			t.Errorf("after %d s: got full %v and %d left, want %v and %d", c.at, full, len(r), c.full, c.left)
		}
	}
	if got := fake.Newest([]int{1, 2, 3}, 2); !slices.Equal(got, []int{2, 3}) {
		t.Errorf("newest: got %v, want the last two", got)
	}
}

func TestMembersThatNothingAskedForAreKnown(t *testing.T) {
	m, ok := fake.ReadMembers(json.RawMessage(`{"b":1,"a":null,"d":2,"c":3}`))
	if _, there := m.Take("a"); !ok || there {
		t.Errorf("null: got %v, %v, want it absent", ok, there)
	}
	if raw, there := m.Take("b"); !there || string(raw) != "1" {
		t.Errorf("got %s, %v, want 1", raw, there)
	}
	if got := m.Untaken(); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("got %v, want c and d", got)
	}
	for _, text := range []string{"null", "[]", "1", "{"} {
		if _, ok := fake.ReadMembers(json.RawMessage(text)); ok {
			t.Errorf("%s: got an object", text)
		}
	}
}
