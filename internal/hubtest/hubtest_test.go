package hubtest_test

import (
	"context"
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

// put stores a message of ours in a thread of its own.
func put(t *testing.T, h *hubtest.Hub, id string) {
	t.Helper()
	at := hub.MillisOf(h.Clock.Now())
	in := hub.Intent{Key: hub.NewMessageKey(at, id), Class: hub.ClassPerson, Content: hub.TextContent(id), Accepted: at, Deadline: at + 1e6, Account: hubtest.LineAccount, Channel: "line"}
	if _, err := h.Store.PutIntent(t.Context(), store.Ref{Team: hubtest.Team, User: hub.UserKey(strings.Repeat(id[:1], 32))}, in); err != nil {
		t.Fatal(err)
	}
}

func TestCopyGoesItsOwnWay(t *testing.T) {
	h := hubtest.NewOriginal(t)
	put(t, h, "first")
	h.Clock.Advance(time.Hour)
	h.Log.Info("logged before")
	a := h.Copy(t)
	put(t, a, "second")
	put(t, h, "third")
	b := h.Copy(t)
	for _, c := range []struct {
		name string
		*hubtest.Hub
		want string
	}{{"the original", h, "first third"}, {"the earlier copy", a, "first second"}, {"the later copy", b, "first third"}, {"another hub", hubtest.New(t), ""}} {
		messages, found := c.Dump(c.Store.Tables.Messages), []string{}
		for _, text := range []string{"first", "second", "third"} {
			if strings.Contains(messages, text) {
				found = append(found, text)
			}
		}
		if got := strings.Join(found, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if got := strings.Contains(c.Logged.String(), "logged before"); got != (c.want != "") {
			t.Errorf("%s: got the log of before %v", c.name, got)
		}
	}
	if got, want := a.Clock.Now(), hubtest.Start.Add(time.Hour); !got.Equal(want) {
		t.Errorf("got %v, want %v as with the original", got, want)
	}
	if a.PathID != h.PathID || h.PathID == h.MetaPath || a.Inbound.URL == h.Inbound.URL {
		t.Errorf("got paths %q, %q and %q and queues %q and %q, want one hub's paths and two clouds", a.PathID, h.PathID, h.MetaPath, a.Inbound.URL, h.Inbound.URL)
	}
}

// TestDirectIsLikeANetwork: what a server reads and a client gets is the same without one.
func TestDirectIsLikeANetwork(t *testing.T) {
	direct := hubtest.Direct{Server: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/drop" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Asked", r.Method+" "+r.Host+" "+r.RequestURI+" "+r.URL.Host+r.URL.Path+" "+r.Header.Get("X-Said"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(append([]byte("you said "), body...))
	})}
	ask := func(ctx context.Context, url string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, "PUT", url, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Said", "x")
		return direct.Do(req)
	}
	resp, err := ask(t.Context(), "http://cloud.test:1/a%2Fb?q=1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if want := "you said hello"; err != nil || string(body) != want || resp.StatusCode != http.StatusTeapot || resp.ContentLength != int64(len(want)) {
		t.Errorf("got %d %q of %d bytes, %v", resp.StatusCode, body, resp.ContentLength, err)
	}
	if got, want := resp.Header.Get("X-Asked"), "PUT cloud.test:1 /a%2Fb?q=1 /a/b x"; got != want {
		t.Errorf("the server got %q, want %q", got, want)
	}
	if _, err := ask(t.Context(), "http://cloud.test/drop"); err == nil {
		t.Error("got an answer of a server that dropped the connection")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ask(ended, "http://cloud.test/"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v for a call that was cancelled", err)
	}
}
