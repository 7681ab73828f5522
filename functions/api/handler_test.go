package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/api"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/tag"
	"omnihub/internal/team"
)

// newHandler is the function, with an admin whose token's subject is "boss".
func newHandler(t *testing.T) *handler {
	t.Helper()
	h := hubtest.New(t)
	st := h.As("Api", nil)
	reader := settings.NewReader(st, h.Keyring, h.Clock.Now)
	a := &api.API{
		Store: st, Settings: reader, Now: h.Clock.Now, Log: h.Log,
		Office:   &team.Office{Store: st, Settings: reader, Now: h.Clock.Now},
		Contacts: &contact.Book{Store: st, Now: h.Clock.Now, Settings: reader},
		Tags:     &tag.Book{Store: st, Now: h.Clock.Now},

		Activities: &omnilink.Activities{Store: st, Settings: reader, Now: h.Clock.Now},
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Office.Add(t.Context(), hubtest.Team, hub.Actor{Kind: hub.ActorHub, ID: "test"}, team.NewMember{Subject: "boss", Role: hub.Admin}); err != nil {
		t.Fatal(err)
	}
	if err := st.SaveActivity(t.Context(), hubtest.Team, hub.Activity{ID: "summer"}, hub.Audit{ID: "a", At: hub.MillisOf(h.Clock.Now())}); err != nil {
		t.Fatal(err)
	}
	return &handler{API: a}
}

func request(method, path, body string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Body: body, Headers: map[string]string{"content-type": "application/json"}}
	e.RequestContext.HTTP.Method, e.RequestContext.RequestID = method, "r1"
	return e
}

func as(e events.APIGatewayV2HTTPRequest, subject string) events.APIGatewayV2HTTPRequest {
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": subject}},
	}
	return e
}

func TestFunctionAnswersPeopleProgramsAndNobody(t *testing.T) {
	f := newHandler(t)
	program := request("GET", "/open/v1/teams/test/tags", "")
	program.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		Lambda: map[string]any{"team": "test", "key": "abcdefghij234567", "scopes": "contacts:read"},
	}
	coded := as(request("POST", "/v1/teams/test/tags", base64.StdEncoding.EncodeToString([]byte(`{"name":"VIP"}`))), "boss")
	coded.IsBase64Encoded = true
	query := as(request("GET", "/v1/teams/test/tags", ""), "boss")
	query.RawQueryString = "limit=1"
	for what, c := range map[string]struct {
		e      events.APIGatewayV2HTTPRequest
		status int
	}{
		"a person": {query, 200}, "a stranger": {as(request("GET", "/v1/teams/test/tags", ""), "else"), 404}, "nobody": {request("GET", "/v1/teams/test/tags", ""), 401},
		"a program": {program, 200}, "a body in base64": {coded, 201}, "the document": {request("GET", "/v1/openapi.json", ""), 200}, "no path": {request("GET", "/v3", ""), 404},
	} {
		out, err := f.Handle(context.Background(), c.e)
		if err != nil || out.StatusCode != c.status || out.Headers["x-request-id"] != "r1" || out.IsBase64Encoded {
			t.Errorf("%s: got %d %s, %v, want %d", what, out.StatusCode, out.Body[:min(len(out.Body), 200)], err, c.status)
		}
		if !json.Valid([]byte(out.Body)) {
			t.Errorf("%s: got no JSON", what)
		}
	}
}

func TestFileGoesOutAsItIs(t *testing.T) {
	e := as(request("GET", "/v1/teams/test/activities/summer/export", ""), "boss")
	e.RawQueryString = "from=2026-10-01&to=2026-10-05&lang=en"
	out, err := newHandler(t).Handle(context.Background(), e)
	if err != nil || out.StatusCode != 200 || out.IsBase64Encoded || !strings.HasPrefix(out.Body, "\uFEFFStatus,") || out.Headers["content-type"] != "text/csv; charset=utf-8" ||
		out.Headers["content-disposition"] != `attachment; filename="omnilink-summer-2026-10-01-2026-10-05.csv"` {
		t.Errorf("got %+v, %v, want the file", out, err)
	}
}

func TestAddressIsTheGatewaysOwn(t *testing.T) {
	for _, c := range []struct{ domain, host, proto, want string }{
		{"hooks.example.tw", "hooks.example.tw", "https", "https://hooks.example.tw"},
		{"hooks.example.tw", "evil.example", "https", "https://hooks.example.tw"},
		{"hooks.example.tw", "evil.example:8443", "", "https://hooks.example.tw"},
		{"127.0.0.1", "127.0.0.1:3000", "http", "http://127.0.0.1:3000"},
		{"", "evil.example", "https", ""},
	} {
		e := events.APIGatewayV2HTTPRequest{Headers: map[string]string{"host": c.host, "x-forwarded-proto": c.proto}}
		e.RequestContext.DomainName = c.domain
		if got := address(e); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
