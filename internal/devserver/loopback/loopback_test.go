package loopback

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func call(t *testing.T, h http.HandlerFunc, ctx context.Context) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://host:1/a?b=c", strings.NewReader("in"))
	if err != nil {
		t.Fatal(err)
	}
	return Client{h}.Do(r)
}

func TestHandlerSeesTheRequestAndItsAnswerComesBack(t *testing.T) {
	resp, err := call(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Host+r.RequestURI+" "+string(body))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "out")
	}, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 418 || string(body) != "out" || resp.Header.Get("X-Seen") != "POST host:1/a?b=c in" {
		t.Errorf("got %d %s %v", resp.StatusCode, body, resp.Header)
	}
}

func TestHandlerThatBreaksOffIsAnError(t *testing.T) {
	if resp, err := call(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, context.Background()); err == nil {
		t.Errorf("got %v, want an error", resp)
	}
}

func TestHangUpEndsTheRequestButKeepsTheAnswer(t *testing.T) {
	stop, cancel := context.WithCancel(context.Background())
	resp, err := call(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		_, _ = io.WriteString(w, "given out already")
	}, HangUp(context.Background(), stop))
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "given out already" {
		t.Errorf("got %q", body)
	}
}
