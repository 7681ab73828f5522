package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// noting bounds the note of how a call ended.
const noting = 2 * time.Second

// maxKey is the longest Idempotency-Key, in characters.
const maxKey = 255

// once has a call done, and with an Idempotency-Key only once: what it was answered
// first is answered again for a day. Only success is kept; of a call that failed, or whose
// end nobody saw, resume finds what it did.
func (a *API) once(ctx context.Context, c *call, r *http.Request) (store.Answer, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 || c.team == nil || r.Method == http.MethodGet {
		return a.do(ctx, c)
	}
	if len(values) > 1 || !keyed(values[0]) {
		return store.Answer{}, problem.Header("Idempotency-Key", "has 1 to 255 visible ASCII characters")
	}
	begun, err := a.Store.BeginCall(ctx, store.Call{
		Team: c.team.ID, Pepper: c.team.Pepper, Actor: c.caller.actor(), Operation: c.route.Operation, Key: values[0],
		Request: c.team.Pepper.Value("request", hub.Digest(c.path, r.URL.RawQuery, r.Header.Get("If-Match"), string(c.body))),
	})
	switch {
	case errors.Is(err, store.ErrCallReused):
		return store.Answer{}, problem.New(problem.KeyReused)
	case hub.CodeOf(err) == hub.Conflict:
		p := problem.New(problem.InProgress)
		p.RetryAfter = hub.RetryAfterOf(err)
		return store.Answer{}, p
	case err != nil:
		return store.Answer{}, err
	case begun.Done != nil:
		begun.Done.Header["Idempotency-Replayed"] = "true"
		return *begun.Done, nil
	}
	c.begun = &begun
	var out store.Answer
	if err = a.resume(ctx, c); err == nil {
		out, err = a.do(ctx, c)
	}
	// What is noted of the call must not depend on what is left of its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noting)
	defer cancel()
	if err != nil {
		if dropErr := a.Store.DropCall(ctx, begun); dropErr != nil {
			a.Log.Debug("a call's key is not free before its lease ends", "trace", c.trace, "error", dropErr)
		}
		return store.Answer{}, err
	}
	// It is done, whether its answer can be kept or not.
	if err := a.Store.EndCall(ctx, begun, out); err != nil {
		a.Log.Debug("an answer was not kept", "trace", c.trace, "error", err)
	}
	return out, nil
}

func keyed(key string) bool {
	if len(key) == 0 || len(key) > maxKey {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
