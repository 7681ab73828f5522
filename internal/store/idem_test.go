package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func call(h *hubtest.Hub) store.Call {
	return store.Call{
		Team: hubtest.Team, Pepper: h.Team.Pepper, Actor: hub.Actor{Kind: hub.ActorProgram, ID: "k1"},
		Operation: "contacts.upsert", Key: "order-1027", Request: hub.Digest("a body"),
	}
}

func begin(t *testing.T, h *hubtest.Hub, c store.Call) store.Begun {
	t.Helper()
	b, err := h.Store.BeginCall(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func end(t *testing.T, h *hubtest.Hub, b store.Begun, a store.Answer) {
	t.Helper()
	if err := h.Store.EndCall(ctx, b, a); err != nil {
		t.Fatal(err)
	}
}

// inProgress checks that a call is refused while another try of it runs.
func inProgress(t *testing.T, h *hubtest.Hub, c store.Call) {
	t.Helper()
	if _, err := h.Store.BeginCall(ctx, c); hub.CodeOf(err) != hub.Conflict || hub.RetryAfterOf(err) != time.Second {
		t.Errorf("got %v, want in progress and a wait", err)
	}
}

func TestRepeatedCallGetsTheFirstAnswer(t *testing.T) {
	h := hubtest.New(t)
	b := begin(t, h, call(h))
	if b.Done != nil || b.Try != 1 || b.At != hub.MillisOf(h.Clock.Now()) || len(b.ID) != 32 {
		t.Fatalf("got %+v, want a first try", b)
	}
	inProgress(t, h, call(h))
	want := store.Answer{Status: 201, Header: map[string]string{"ETag": `"1"`}, Body: []byte(`{"name":"王美","email":"mei@shop.example"}`)}
	end(t, h, b, want)
	h.Clock.Advance(time.Hour)
	again := begin(t, h, call(h))
	if again.Done == nil || !reflect.DeepEqual(*again.Done, want) || again.ID != b.ID || again.At != b.At {
		t.Errorf("got %+v, want the first answer", again)
	}
	end(t, h, b, want) // the try's own repetition, its first answer lost
	other := call(h)
	other.Request = hub.Digest("another body")
	if _, err := h.Store.BeginCall(ctx, other); hub.CodeOf(err) != hub.Refused || !errors.Is(err, store.ErrCallReused) {
		t.Errorf("got %v, want the key to be told as reused", err)
	}
	// Nothing of the key or of the answer can be read in the table.
	dump := h.Dump(h.Store.Tables.Ledger)
	for _, secret := range []string{"order-1027", "王美", "mei@shop"} {
		if strings.Contains(dump, secret) {
			t.Errorf("the table holds %q", secret)
		}
	}
}

func TestCallsOfOthersAreOtherCalls(t *testing.T) {
	h := hubtest.New(t)
	end(t, h, begin(t, h, call(h)), store.Answer{Status: 200})
	for what, change := range map[string]func(*store.Call){
		"team":      func(c *store.Call) { c.Team = "other" },
		"pepper":    func(c *store.Call) { c.Pepper = hub.Pepper("another") },
		"actor":     func(c *store.Call) { c.Actor.ID = "k2" },
		"kind":      func(c *store.Call) { c.Actor.Kind = hub.ActorMember },
		"operation": func(c *store.Call) { c.Operation = "contacts.patch" },
		"key":       func(c *store.Call) { c.Key = "order-1028" },
	} {
		c := call(h)
		change(&c)
		if b := begin(t, h, c); b.Done != nil {
			t.Errorf("another %s: got another's answer", what)
		}
	}
}

func TestTryThatDiedIsTakenOverAfterItsLease(t *testing.T) {
	h := hubtest.New(t)
	dead := begin(t, h, call(h))
	h.Clock.Advance(store.CallLease - time.Millisecond)
	inProgress(t, h, call(h))
	h.Clock.Advance(time.Millisecond)
	var wg sync.WaitGroup
	begun := make(chan store.Begun, 20)
	for range 20 {
		wg.Go(func() {
			b, err := h.Store.BeginCall(ctx, call(h))
			if err == nil {
				begun <- b
			} else if hub.CodeOf(err) != hub.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(begun) != 1 {
		t.Fatalf("got %d who took it over, want 1", len(begun))
	}
	second := <-begun
	if second.Try != 2 || second.ID != dead.ID || second.At != dead.At || second.Done != nil {
		t.Errorf("got %+v, want the second try of the same call", second)
	}
	// The first one was only slow: it neither answers nor drops any more.
	if err := h.Store.EndCall(ctx, dead, store.Answer{Status: 500}); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v, want conflict", err)
	}
	if err := h.Store.DropCall(ctx, dead); err != nil {
		t.Fatal(err)
	}
	inProgress(t, h, call(h))
	end(t, h, second, store.Answer{Status: 204})
	if got := begin(t, h, call(h)); got.Done == nil || got.Done.Status != 204 {
		t.Errorf("got %+v, want the second's answer", got)
	}
}

func TestDroppedCallIsTriedAgainAtOnceAsTheSameCall(t *testing.T) {
	h := hubtest.New(t)
	first := begin(t, h, call(h))
	if err := h.Store.DropCall(ctx, first); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
	second := begin(t, h, call(h))
	if second.Try != 2 || second.At != first.At || second.ID != first.ID {
		t.Errorf("got %+v, want the second try of the same call", second)
	}
	inProgress(t, h, call(h))
	end(t, h, second, store.Answer{Status: 200})
	if err := h.Store.DropCall(ctx, second); err != nil {
		t.Fatal(err)
	}
	if got := begin(t, h, call(h)); got.Done == nil {
		t.Error("an answer was dropped")
	}
}

func TestOfParallelCallsOneBegins(t *testing.T) {
	h := hubtest.New(t)
	for round := range 2 { // the second time over a record that is too old
		var wg sync.WaitGroup
		begun := make(chan store.Begun, 50)
		for range 50 {
			wg.Go(func() {
				b, err := h.Store.BeginCall(ctx, call(h))
				if err == nil && b.Done == nil {
					begun <- b
				} else if hub.CodeOf(err) != hub.Conflict {
					t.Error(b.Done, err)
				}
			})
		}
		wg.Wait()
		if len(begun) != 1 {
			t.Fatalf("round %d: got %d who began, want 1", round, len(begun))
		}
		end(t, h, <-begun, store.Answer{Status: 200})
		h.Clock.Advance(store.CallKept)
	}
}

func TestAnswerIsKeptForADayThoughTheRecordLiesLonger(t *testing.T) {
	h := hubtest.New(t)
	c, other := call(h), call(h)
	other.Request = hub.Digest("another body")
	end(t, h, begin(t, h, c), store.Answer{Status: 200})
	h.Clock.Advance(store.CallKept - time.Millisecond)
	if b := begin(t, h, c); b.Done == nil {
		t.Error("the answer is gone within the day")
	}
	h.Clock.Advance(time.Millisecond)
	b := begin(t, h, other)
	if b.Done != nil || b.Try != 1 || b.At != hub.MillisOf(h.Clock.Now()) {
		t.Errorf("got %+v, want the key to be free", b)
	}
	if _, err := h.Store.BeginCall(ctx, c); !errors.Is(err, store.ErrCallReused) {
		t.Errorf("got %v, want the new call to stand", err)
	}
}

func TestLongAnswersAreKeptShort(t *testing.T) {
	h := hubtest.New(t)
	noise := make([]byte, store.MaxAnswer+1) // does not deflate
	rand.Read(noise)
	for i, a := range []store.Answer{{Status: 200, Body: noise[1:]}, {Status: 200, Body: noise}, {Status: 200, Body: []byte("x"), Short: true}, {Status: 204}} {
		c := call(h)
		c.Key = string(rune('a' + i))
		end(t, h, begin(t, h, c), a)
		got := begin(t, h, c).Done
		short := i == 1 || i == 2
		if got == nil || got.Status != a.Status || got.Short != short || short != (len(got.Body) == 0 && len(a.Body) > 0) || !short && !bytes.Equal(got.Body, a.Body) {
			t.Errorf("%d: got %d bytes, short %v", i, len(got.Body), got.Short)
		}
	}
}

func TestCallBegunAnewHasOtherNamesAndItsDayFromThen(t *testing.T) {
	h := hubtest.New(t)
	first := begin(t, h, call(h))
	if err := h.Store.DropCall(ctx, first); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(20 * time.Hour)
	second := begin(t, h, call(h))
	if second.Try != 2 || second.At != first.At || second.Secret("x") != first.Secret("x") || second.Secret("x") == second.Secret("y") {
		t.Errorf("got %+v, want the call as it was begun, with its secrets", second)
	}
	anew, err := h.Store.RenewCall(ctx, second)
	if err != nil || anew.At != hub.MillisOf(h.Clock.Now()) || anew.Secret("x") == first.Secret("x") {
		t.Errorf("got %+v, %v, want it as of now", anew, err)
	}
	if _, err := h.Store.RenewCall(ctx, second); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v for what is not the last try any more, want a conflict", err)
	}
	end(t, h, anew, store.Answer{Status: 200})
	h.Clock.Advance(store.CallKept - time.Second)
	if again := begin(t, h, call(h)); again.Done == nil {
		t.Error("got no answer a day after it was begun anew, want the one that was kept")
	}
	// Another call under the same key, a day later, has secrets of its own; and so has one
	// whose record is gone, even at the same moment.
	h.Clock.Advance(time.Second)
	later := begin(t, h, call(h))
	if later.Try != 1 || later.Secret("x") == anew.Secret("x") {
		t.Errorf("got %+v, want another call", later)
	}
	_, err = h.Store.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &h.Store.Tables.Ledger, Key: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: "T#test#IDEM#" + later.ID}, "SK": &types.AttributeValueMemberS{Value: "CALL"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if gone := begin(t, h, call(h)); gone.Try != 1 || gone.At != later.At || gone.Secret("x") == later.Secret("x") {
		t.Errorf("got %+v after its record was deleted, want secrets that went with it", gone)
	}
}
