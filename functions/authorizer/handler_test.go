package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/env"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

// event is the sample event with another identity: what the gateway read of the header.
func event(t *testing.T, identity ...string) events.APIGatewayV2CustomAuthorizerV2Request {
	t.Helper()
	var e events.APIGatewayV2CustomAuthorizerV2Request
	hubtest.Event(t, "authorizer-key.json", &e)
	e.IdentitySource, e.Headers["authorization"] = identity, strings.Join(identity, ",")
	return e
}

// newKey stores the key of the sample event.
func newKey(t *testing.T, h *hubtest.Hub) apikey.Key {
	t.Helper()
	var e events.APIGatewayV2CustomAuthorizerV2Request
	hubtest.Event(t, "authorizer-key.json", &e)
	k, ok := apikey.Parse(apikey.Bearer(e.IdentitySource[0]))
	if !ok || k.Team != hubtest.Team {
		t.Fatal("the sample event bears no key of the test team")
	}
	stored := store.APIKey{ID: k.ID, Hash: k.Hash(), Scopes: []string{"contacts:read", "tags:write"}, Version: 1}
	if err := h.Store.PutAPIKey(context.Background(), store.Deed{Team: k.Team, Audit: hub.Audit{ID: k.ID, At: 1}}, stored); err != nil {
		t.Fatal(err)
	}
	return k
}

func newHandler(h *hubtest.Hub, wrap func(http.RoundTripper) http.RoundTripper) *handler {
	return &handler{Gate: &apikey.Gate{Store: h.As("authorizer", wrap), Now: h.Clock.Now}, Log: env.NewLog(h.Logged, "authorizer", slog.LevelDebug)}
}

func TestProgramIsLetInAsItsKeySays(t *testing.T) {
	h := hubtest.New(t)
	k := newKey(t, h)
	fn := newHandler(h, nil)
	for range 3 {
		out, err := fn.Handle(context.Background(), event(t, "Bearer "+k.Text().Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(out)
		want := `{"isAuthorized":true,"context":{"key":"` + k.ID + `","scopes":"contacts:read tags:write","team":"test"}}`
		if err != nil || string(answer) != want {
			t.Errorf("got %s, %v, want %s", answer, err, want)
		}
	}
	if calls, read, write := h.Calls("authorizer"); calls != 1 || read != 1 || write != 0 {
		t.Errorf("got %d calls of %v and %v units, want one strict read", calls, read, write)
	}
}

func TestWhoHasNoGoodKeyIsNotLetIn(t *testing.T) {
	h := hubtest.New(t)
	k := newKey(t, h)
	text := k.Text().Reveal()
	stranger := apikey.Key{Team: hubtest.Team, ID: k.ID, Secret: apikey.New(hubtest.Team).Secret}
	for _, identity := range [][]string{
		nil, {""}, {text}, {"Basic " + text}, {"Bearer " + text + "x"}, {"Bearer " + stranger.Text().Reveal()}, {"Bearer " + text, "Bearer " + text},
		{"Bearer " + strings.Replace(text, "_test_", "_other_", 1)}, {"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
	} {
		out, err := newHandler(h, nil).Handle(context.Background(), event(t, identity...))
		if err != nil || !reflect.DeepEqual(out, events.APIGatewayV2CustomAuthorizerSimpleResponse{}) {
			t.Errorf("%d sources: got %+v, %v, want a refusal that tells nothing", len(identity), out, err)
		}
	}
	mustNotShow(t, h, text)
}

func TestOutageIsAnErrorWithoutTheKey(t *testing.T) {
	h := hubtest.New(t)
	k := newKey(t, h)
	out, err := newHandler(h, hubtest.Cut(0, false)).Handle(context.Background(), event(t, "Bearer "+k.Text().Reveal()))
	if err == nil || out.IsAuthorized || out.Context != nil {
		t.Errorf("got %+v, %v, want an error", out, err)
	}
	if !strings.Contains(h.Logged.String(), `"msg":"key not read"`) || !strings.Contains(h.Logged.String(), `"code":"transient"`) {
		t.Errorf("got the log %s", h.Logged)
	}
	_, _ = io.WriteString(h.Logged, errors.Unwrap(err).Error()+err.Error())
	mustNotShow(t, h, k.Text().Reveal())
}

// mustNotShow finds any part of a key in what was logged.
func mustNotShow(t *testing.T, h *hubtest.Hub, text string) {
	t.Helper()
	for _, part := range strings.Split(text, "_")[2:] {
		if strings.Contains(h.Logged.String(), part) {
			t.Errorf("the log holds %q", part)
		}
	}
}
