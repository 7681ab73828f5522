package api

import (
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func keyedBy(key string) map[string]string { return map[string]string{"Idempotency-Key": key} }

func TestRepeatedCallIsDoneOnceAndAnsweredAsTheFirst(t *testing.T) {
	sc := newScene(t)
	make := ask{as: "admin", method: "POST", path: "/keys", body: `{"name":"CRM","scopes":["contacts:read"]}`, header: keyedBy("k-1")}
	first := sc.do(make).want(t, "first", 201, "")
	sc.Clock.Advance(time.Hour)
	again := sc.do(make).want(t, "again", 201, "")
	if again.raw != first.raw || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("got %s, want the first answer: %s", again.raw, first.raw)
	}
	if all := sc.do(ask{as: "admin", method: "GET", path: "/keys"}); all.value("items", 1) != nil {
		t.Errorf("got %s, want one key", all.raw)
	}
	if dump := sc.Dump(sc.Store.Tables.Ledger); strings.Contains(dump, first.text("key")) || strings.Contains(dump, "k-1") {
		t.Error("the key, or the caller's name of the call, stands in the table")
	}
	reused := make
	reused.body = `{"name":"CRM2","scopes":["contacts:read"]}`
	sc.do(reused).want(t, "another body", 422, problem.KeyReused)
	sc.Clock.Advance(24 * time.Hour)
	late := sc.do(make).want(t, "a day later", 201, "")
	if late.raw == first.raw {
		t.Error("got the first answer after its day")
	}
}

func TestKeysOfOtherCallersAndOperationsAreTheirOwn(t *testing.T) {
	sc := newScene(t)
	note := func(as, scopes string) reply {
		return sc.do(ask{as: as, scopes: scopes, method: "POST", path: "/contacts", body: `{"name":"A"}`, header: keyedBy("same")})
	}
	a, b, c := note("admin", ""), note("supervisor", ""), note("", "contacts:write")
	for _, r := range []reply{a, b, c} {
		r.want(t, "create", 201, "")
	}
	if a.text("id") == b.text("id") || b.text("id") == c.text("id") {
		t.Errorf("got %s, %s, %s, want three contacts", a.text("id"), b.text("id"), c.text("id"))
	}
	sc.do(ask{as: "admin", method: "POST", path: "/tags", body: `{"name":"A"}`, header: keyedBy("same")}).want(t, "another operation", 201, "")
}

func TestFailedCallHoldsNoKey(t *testing.T) {
	sc := newScene(t)
	make := ask{as: "admin", method: "POST", path: "/tags", body: `{"name":"VIP"}`}
	sc.do(make).want(t, "create", 201, "")
	make.header = keyedBy("k")
	sc.do(make).want(t, "create twice", 409, hub.Refused)
	id := sc.do(ask{as: "admin", method: "GET", path: "/tags"}).text("items", 0, "id")
	sc.do(ask{as: "admin", method: "DELETE", path: "/tags/" + id, header: map[string]string{"If-Match": `"1"`}}).want(t, "remove", 204, "")
	sc.do(make).want(t, "now it can be done", 201, "")
}

func TestCallsAtTheSameTimeUnderOneKeyAreOne(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	var mu sync.Mutex
	var done sync.WaitGroup
	codes := map[int]int{}
	for range 8 {
		done.Add(1)
		go func() {
			defer done.Done()
			got := sc.do(ask{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: `{"content":{"type":"text","text":"hi"}}`, header: keyedBy("send")})
			mu.Lock()
			defer mu.Unlock()
			codes[got.status]++
		}()
	}
	done.Wait()
	if codes[202] < 1 || codes[202]+codes[409] != 8 {
		t.Errorf("got %v, want one done and the others the same or in progress", codes)
	}
	log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"})
	if log.value("items", 1) == nil || log.value("items", 2) != nil {
		t.Errorf("got %s, want the customer's message and one answer", log.raw)
	}
}

func TestIdempotencyKeysHaveTheirForm(t *testing.T) {
	sc := newScene(t)
	for _, bad := range []string{"", strings.Repeat("x", 256), "a b", "ключ"} {
		q := ask{as: "admin", method: "POST", path: "/tags", body: `{"name":"VIP"}`, header: keyedBy(bad)}
		got := sc.do(q).want(t, bad, 400, hub.BadRequest)
		if got.text("errors", 0, "header") != "Idempotency-Key" {
			t.Errorf("%q: got %s, want the header named", bad, got.raw)
		}
	}
}

func TestProgramsAreHeldToTheirRateAndPeopleAreNot(t *testing.T) {
	sc := newScene(t)
	for i := range programCalls {
		sc.do(ask{scopes: "contacts:read", method: "GET", path: "/tags"}).want(t, "call", 200, "")
		_ = i
	}
	got := sc.do(ask{scopes: "contacts:read", method: "GET", path: "/tags"}).want(t, "one more", 429, hub.RateLimited)
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("got Retry-After %q, want 1", got.header.Get("Retry-After"))
	}
	sc.do(ask{as: "admin", method: "GET", path: "/tags"}).want(t, "a person", 200, "")
	sc.do(ask{scopes: "contacts:read", team: other, method: "GET", path: "/tags"}).want(t, "another team", 200, "")
	sc.Clock.Advance(time.Second)
	sc.do(ask{scopes: "contacts:read", method: "GET", path: "/tags"}).want(t, "a second later", 200, "")
}
