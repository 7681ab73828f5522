package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// breaking is a transport that loses the requests that it is told to.
type breaking struct {
	next  http.RoundTripper
	loses func(operation, body string) bool
}

func (b breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if b.loses(operation, string(body)) {
		return nil, errors.New("the connection broke")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return b.next.RoundTrip(r)
}

// broken is the API's store over connections that lose some requests.
func (sc *scene) broken(loses func(operation, body string) bool) *store.Store {
	return sc.As("Api", func(next http.RoundTripper) http.RoundTripper { return breaking{next, loses} })
}

// lost makes a call whose process dies before its answer is kept, and makes it again when
// it is not in progress any more, after something else.
func (sc *scene) lost(q ask, between func()) (first, again reply) {
	sc.t.Helper()
	whole := sc.API.Store
	sc.API.Store = sc.broken(func(operation, body string) bool { return operation == "UpdateItem" && strings.Contains(body, ":cut") })
	q.header = map[string]string{"Idempotency-Key": q.method + q.path, "If-Match": q.header["If-Match"]}
	first = sc.do(q)
	sc.API.Store = whole
	if first.status >= 300 {
		sc.t.Fatalf("%s %s: got %d %s", q.method, q.path, first.status, first.raw)
	}
	sc.Clock.Advance(store.CallLease + time.Second)
	if between != nil {
		between()
	}
	again = sc.do(q)
	if again.status != first.status || again.header.Get("Idempotency-Replayed") != "" {
		sc.t.Fatalf("%s %s again: got %d %s, want it told as the first: %d %s", q.method, q.path, again.status, again.raw, first.status, first.raw)
	}
	if third := sc.do(q); third.raw != again.raw || third.header.Get("Idempotency-Replayed") != "true" {
		sc.t.Errorf("%s %s a third time: got %s, want the answer kept: %s", q.method, q.path, third.raw, again.raw)
	}
	return first, again
}

func TestCallWhoseAnswerWasLostIsDoneOnceAndToldAgain(t *testing.T) {
	sc := newScene(t)
	same := func(q ask) reply {
		t.Helper()
		first, again := sc.lost(q, nil)
		if first.raw != again.raw || first.header.Get("ETag") != again.header.Get("ETag") {
			t.Errorf("%s %s: got %s, want the first answer: %s", q.method, q.path, again.raw, first.raw)
		}
		return again
	}
	at := func(tag string) map[string]string { return map[string]string{"If-Match": tag} }

	key := same(ask{as: "admin", method: "POST", path: "/keys", body: `{"name":"CRM","scopes":["contacts:read"]}`})
	if all := sc.do(ask{as: "admin", method: "GET", path: "/keys"}); all.value("items", 1) != nil || all.text("items", 0, "id") != key.text("id") {
		t.Errorf("got %s, want one key", all.raw)
	}
	tag := same(ask{as: "admin", method: "POST", path: "/tags", body: `{"name":"VIP","days":30}`})
	tag = same(ask{as: "admin", method: "PATCH", path: "/tags/" + tag.text("id"), body: `{"days":3}`, header: at(tag.header.Get("ETag"))})
	same(ask{as: "admin", method: "DELETE", path: "/tags/" + tag.text("id"), header: at(tag.header.Get("ETag"))})
	size := same(ask{as: "admin", method: "POST", path: "/attributes", body: `{"key":"size","type":"text"}`})
	size = same(ask{as: "admin", method: "PATCH", path: "/attributes/size", body: `{"archived":true}`, header: at(size.header.Get("ETag"))})
	same(ask{as: "admin", method: "DELETE", path: "/attributes/size", header: at(size.header.Get("ETag"))})
	member := same(ask{as: "admin", method: "POST", path: "/members", body: `{"subject":"new","role":"agent"}`})
	member = same(ask{as: "admin", method: "PATCH", path: "/members/" + member.text("id"), body: `{"role":"marketer"}`, header: at(member.header.Get("ETag"))})
	same(ask{as: "admin", method: "DELETE", path: "/members/" + member.text("id"), header: at(member.header.Get("ETag"))})
	same(ask{as: "admin", method: "PATCH", path: "", body: `{"name":"New"}`, header: at(`"1"`)})
	account := same(ask{as: "admin", method: "POST", path: "/accounts",
		body: `{"id":"line9","connection":"line9","channel":"line","external_id":"U9bot","unchecked":true,"secrets":{"channel_secret":"s","channel_token":"t"}}`})
	same(ask{as: "admin", method: "PATCH", path: "/accounts/line9", body: `{"name":"Nine","unchecked":true}`, header: at(account.header.Get("ETag"))})
	connection := sc.do(ask{as: "admin", method: "GET", path: "/connections/line9"})
	same(ask{as: "admin", method: "PATCH", path: "/connections/line9", body: `{"secrets":{"channel_secret":"s2"},"unchecked":true}`, header: at(connection.header.Get("ETag"))})
	sc.lost(ask{as: "admin", method: "DELETE", path: "/accounts/line9?force=true"}, nil) // what the platform said is not known any more
	same(ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"Ann","tags":["A"]}`})
	up := same(ask{as: "admin", method: "POST", path: "/contacts:upsert", body: `{"match":"email","email":"ann@example.com","tags_to_add":["B"]}`})
	if up.value("created") != true {
		t.Errorf("got %s, want it told that the call made the contact", up.raw)
	}
}

// TestLostAnswerIsNoSecondChange: what others changed since stays, though the first call
// is made again.
func TestLostAnswerIsNoSecondChange(t *testing.T) {
	sc := newScene(t)
	make := func(text string) string {
		return sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: text}).want(t, "create", 201, "").text("id")
	}
	ann, bob := make(`{"name":"Ann"}`), make(`{"name":"Bob"}`)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	user := string(homeOf(t, sc, hubtest.Team, "U1"))
	other := func(method, path, text string) func() {
		return func() { sc.do(ask{as: "supervisor", method: method, path: path, body: text}).want(t, path, 200, "") }
	}
	_, got := sc.lost(ask{as: "admin", method: "PATCH", path: "/contacts/" + ann, body: `{"name":"Anna"}`}, other("PATCH", "/contacts/"+ann, `{"name":"Anne"}`))
	if got.text("name") != "Anne" {
		t.Errorf("got %s, want the later name", got.raw)
	}
	_, got = sc.lost(ask{as: "admin", method: "POST", path: "/contacts:upsert", body: `{"match":"email","email":"carl@example.com","name":"Carl"}`}, func() {
		id := sc.do(ask{as: "admin", method: "GET", path: "/contacts?email=carl@example.com"}).text("items", 0, "id")
		other("PATCH", "/contacts/"+id, `{"name":"Karl"}`)()
	})
	if got.text("contact", "name") != "Karl" || got.value("created") != true {
		t.Errorf("got %s, want the later name of the contact that was made", got.raw)
	}
	_, got = sc.lost(ask{as: "admin", method: "PATCH", path: "/contacts/" + ann + "/tags", body: `{"tags":["a"]}`}, other("PATCH", "/contacts/"+ann+"/tags", `{"tags_to_add":["b"],"tags_to_remove":["a"]}`))
	if got.text("tags", 0, "name") != "b" || got.value("tags", 1) != nil {
		t.Errorf("got %s, want the later tags", got.raw)
	}
	_, got = sc.lost(ask{as: "admin", method: "POST", path: "/contacts/" + ann + "/joins", body: map[string]string{"with": bob}},
		other("POST", "/contacts/"+ann+"/joins:undo", `{"pairs":[["`+ann+`","`+bob+`"]]}`))
	if got.value("homes", 1) != nil {
		t.Errorf("got %s, want the join undone still", got.raw)
	}
	_, got = sc.lost(ask{as: "admin", method: "PUT", path: "/contacts/" + user + "/subscription", body: `{"marketing":false}`}, other("PUT", "/contacts/"+user+"/subscription", `{"marketing":true}`))
	if got.value("takes_marketing") != true {
		t.Errorf("got %s, want the later word", got.raw)
	}

	_, got = sc.lost(ask{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: `{"content":{"type":"text","text":"hi"}}`}, nil)
	log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"})
	if log.text("items", 0, "id") != got.text("messages", 0) || log.value("items", 2) != nil {
		t.Errorf("got %s, want the message once", log.raw)
	}
	conv := map[string]string{"conversation": sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).text("conversation", "id")}
	sc.do(ask{as: "agent", method: "POST", path: "/threads/" + u + "/accept", body: conv}).want(t, "accept", 200, "")
	sc.lost(ask{as: "agent", method: "POST", path: "/threads/" + u + "/release", body: conv}, nil)
	sc.do(ask{as: "agent", method: "POST", path: "/threads/" + u + "/accept", body: conv}).want(t, "accept", 200, "")
	conv["last_message"] = sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u}).text("last_message")
	sc.lost(ask{as: "agent", method: "POST", path: "/threads/" + u + "/close", body: conv}, nil)
}

// TestCallThatDidNothingBeginsAsOfNow: a call that failed, and is made again hours later,
// writes nothing under the time of its first try.
func TestCallThatDidNothingBeginsAsOfNow(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	id := string(homeOf(t, sc, hubtest.Team, "U1"))
	whole, contacts, tags, desk := sc.API.Store, sc.API.Contacts.Store, sc.API.Tags.Store, sc.API.Desk.Composer.Store
	failed := sc.broken(func(operation, _ string) bool { return operation == "TransactWriteItems" || operation == "PutItem" })
	sc.API.Contacts.Store, sc.API.Tags.Store, sc.API.Desk.Composer.Store = failed, failed, failed
	calls := []ask{
		{as: "admin", method: "PATCH", path: "/contacts/" + id, body: `{"name":"Ann"}`, header: keyedBy("name")},
		{as: "admin", method: "PATCH", path: "/contacts/" + id + "/tags", body: `{"tags_to_add":["VIP"]}`, header: keyedBy("tag")},
		{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: `{"content":{"type":"text","text":"hi"}}`, header: keyedBy("send")},
	}
	for _, q := range calls {
		sc.do(q).want(t, "first", 503, hub.Transient)
	}
	sc.API.Store, sc.API.Contacts.Store, sc.API.Tags.Store, sc.API.Desk.Composer.Store = whole, contacts, tags, desk
	sc.Clock.Advance(3 * time.Hour)
	sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + id + "/tags", body: `{"tags_to_remove":["VIP"]}`}).want(t, "another's word", 200, "")
	sc.Clock.Advance(3 * time.Hour)
	now := sc.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	for _, q := range calls {
		if got := sc.do(q); got.status >= 300 {
			t.Fatalf("%s: got %d %s", q.path, got.status, got.raw)
		}
	}
	got := sc.do(ask{as: "admin", method: "GET", path: "/contacts/" + id}).want(t, "show", 200, "")
	if got.text("fields", 0, "at") != now || got.text("tags", 0, "at") != now {
		t.Errorf("got %s, want the name and the tag as of %s", got.raw, now)
	}
	if log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"}); log.text("items", 0, "at") != now {
		t.Errorf("got %s, want the message as of %s", log.raw, now)
	}
}

// TestCallThatFailedHalfWayIsCompleted: what stands of it is found again, and the rest is
// done as of when it was made.
func TestCallThatFailedHalfWayIsCompleted(t *testing.T) {
	sc := newScene(t)
	tags := sc.API.Tags.Store
	sc.API.Tags.Store = sc.broken(func(operation, _ string) bool { return operation == "TransactWriteItems" })
	made := ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"Ann","tags":["VIP"]}`, header: keyedBy("half")}
	sc.do(made).want(t, "first", 503, hub.Transient)
	sc.API.Tags.Store = tags
	begun := sc.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	sc.Clock.Advance(6 * time.Hour)
	got := sc.do(made).want(t, "again", 201, "")
	if got.text("tags", 0, "name") != "VIP" || got.text("tags", 0, "at") != begun {
		t.Errorf("got %s, want it tagged as of %s", got.raw, begun)
	}
	if all := sc.do(ask{as: "admin", method: "GET", path: "/contacts"}); all.value("items", 1) != nil {
		t.Errorf("got %s, want one contact", all.raw)
	}
}
