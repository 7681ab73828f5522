package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
)

func TestErrorsOfUseCasesBecomeProblems(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   hub.Code
		words  string
	}{
		{hub.E(hub.BadRequest, "x", errors.New("the name is missing")), 400, hub.BadRequest, "The name is missing."},
		{hub.E(hub.NotFound, "x", errors.New("no home abc")), 404, hub.NotFound, hub.NotFound.Advice()},
		{hub.E(hub.Conflict, "x", errors.New("taken")), 409, hub.Conflict, "Taken."},
		{hub.E(hub.Refused, "x", nil), 409, hub.Refused, hub.Refused.Advice()},
		{hub.E(hub.TokenExpired, "x", errors.New("no such token")), 422, hub.TokenExpired, "No such token."},
		{hub.E(hub.Transient, "x", errors.New("table secret-table")), 503, hub.Transient, hub.Transient.Advice()},
		{errors.New("secret"), 500, hub.Internal, hub.Internal.Advice()},
		{fmt.Errorf("outer: %w", problem.New(problem.Forbidden)), 403, problem.Forbidden, "Your role, or the key's scopes, do not allow this."},
		{hub.E(hub.BadRequest, "x", errors.New(strings.Repeat("é", 600))), 400, hub.BadRequest, strings.Repeat("é", 500) + "."},
	} {
		p := problem.Of(c.err)
		if p.Status != c.status || p.Code != c.code || p.Detail != c.words || p.Title == "" || p.Type != "urn:omnihub:problem:"+string(c.code) {
			t.Errorf("%v: got %+v, want %d %s %q", c.err, p, c.status, c.code, c.words)
		}
	}
}

func TestEveryCodeHasItsStatusAndWords(t *testing.T) {
	for _, code := range []hub.Code{
		problem.Unauthorized, problem.Forbidden, problem.UnsupportedMedia, problem.CursorInvalid, problem.KeyReused, problem.InProgress,
		problem.PreconditionRequired, problem.PreconditionFailed, problem.InUse, hub.BadRequest, hub.NotFound, hub.BadMethod, hub.TooLarge, hub.RateLimited,
	} {
		if p := problem.New(code); p.Status < 400 || p.Status >= 500 || p.Detail == "" || p.Title == "" {
			t.Errorf("%s: got %+v, want a client's status and words", code, p)
		}
	}
}

func TestWriteTellsWhatHeadersTell(t *testing.T) {
	p := problem.Of(&hub.Error{Code: hub.RateLimited, Op: "x", RetryAfter: 1200 * time.Millisecond})
	w := httptest.NewRecorder()
	p.Write(w)
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v, want 429 and to wait 2 s", w.Code, w.Header())
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body["code"] != "rate_limited" || body["errors"] != nil || body["instance"] != nil {
		t.Errorf("got %s, %v", w.Body, err)
	}
	w = httptest.NewRecorder()
	problem.New(problem.Unauthorized).Write(w)
	if w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %v, want to be asked who it is", w.Header())
	}
}
