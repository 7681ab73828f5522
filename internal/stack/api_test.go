package stack

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// newAPI is a stack of a fake hub, which answers what it was asked.
func newAPI(t *testing.T) *Stack {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_demo", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"team": "demo", "tokens": map[string]string{"admin": "token-of-ada"}})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/plain" {
			_, _ = w.Write([]byte("no JSON"))
			return
		}
		w.WriteHeader(http.StatusTeapot)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"asked": r.Method + " " + r.URL.RequestURI(), "bearer": r.Header.Get("Authorization"), "type": r.Header.Get("Content-Type"),
			"match": r.Header.Get("If-Match"), "body": string(body), "list": []any{map[string]any{"id": "first"}},
		})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &Stack{API: server.URL, Platform: server.URL}
}

func TestCallIsMadeAsTheMember(t *testing.T) {
	s, ctx := newAPI(t), context.Background()
	a, err := s.CallWith(ctx, "admin", Ask{Method: "PATCH", Path: "/contacts?x=1", Body: map[string]int{"a": 1}, Header: map[string]string{"If-Match": `"3"`}})
	if err != nil || a.Status != http.StatusTeapot {
		t.Fatalf("got %+v, %v, want the answer with its status", a, err)
	}
	for member, want := range map[string]string{
		"asked": "PATCH /v1/teams/demo/contacts?x=1", "bearer": "Bearer token-of-ada", "type": "application/json", "match": `"3"`, "body": `{"a":1}`,
	} {
		if got := a.Text(member); got != want {
			t.Errorf("%s: got %q, want %q", member, got, want)
		}
	}
	if _, err := s.Call(ctx, "nobody", "GET", "", nil); err == nil || !strings.Contains(err.Error(), "no member nobody") {
		t.Errorf("got %v, want an error that names the role", err)
	}
}

func TestCallIsMadeAsTheProgram(t *testing.T) {
	a, err := newAPI(t).CallOpen(context.Background(), "ohk_x", "POST", "/contacts:upsert", "{not JSON")
	if err != nil || a.Text("asked") != "POST /open/v1/teams/demo/contacts:upsert" || a.Text("bearer") != "Bearer ohk_x" || a.Text("body") != "{not JSON" {
		t.Errorf("got %s, %v", a.Raw, err)
	}
}

func TestAnswerIsReadByItsPlaces(t *testing.T) {
	s, ctx := newAPI(t), context.Background()
	a, err := s.Ask(ctx, Ask{Method: "GET", Path: "/"})
	if err != nil || a.Text("list", 0, "id") != "first" || a.Text("bearer") != "" || a.Text("type") != "" {
		t.Errorf("got %s, %v", a.Raw, err)
	}
	for _, path := range [][]any{{"list", 1}, {"list", -1}, {"list", "id"}, {0}, {"none", "id"}, {1.5}} {
		if v := a.Value(path...); v != nil {
			t.Errorf("%v: got %v, want nothing", path, v)
		}
	}
	if plain, err := s.Ask(ctx, Ask{Method: "GET", Path: "/plain"}); err != nil || plain.JSON != nil || string(plain.Raw) != "no JSON" {
		t.Errorf("got %+v, %v", plain, err)
	}
}
