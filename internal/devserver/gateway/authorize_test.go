package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/devserver/issuer"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
)

var start = time.Date(2026, 11, 22, 1, 2, 3, 4e6, time.UTC)

// doorway is an API with authorizers, an issuer, and a clock that the test moves.
type doorway struct {
	*httptest.Server
	issuer *issuer.Issuer
	ahead  atomic.Int64
}

func (d *doorway) now() time.Time { return start.Add(time.Duration(d.ahead.Load())) }

// guard serves routes behind the JWT authorizer Jwt; functions answer by their ids.
func guard(t *testing.T, api template.API, functions map[string]Invoker) *doorway {
	t.Helper()
	d := &doorway{}
	mux := http.NewServeMux()
	party := httptest.NewServer(mux)
	t.Cleanup(party.Close)
	var err error
	if d.issuer, err = issuer.Open(issuer.Config{URL: party.URL, Client: "hub", Now: d.now}); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", d.issuer.Handler())
	api.Authorizers = append(api.Authorizers, template.Authorizer{Name: "Jwt", Sources: []template.IdentitySource{{Kind: template.SourceHeader, Name: "Authorization"}},
		JWT: &template.JWT{Issuer: party.URL, Audience: []string{"hub"}}})
	d.Server = httptest.NewServer(New(Config{API: api, Account: "000000000000", Region: "ap-east-1", Now: d.now, Log: logs.New(io.Discard, false, false),
		Function: func(id string) Invoker { return functions[id] }}))
	t.Cleanup(d.Close)
	return d
}

func (d *doorway) token(t *testing.T, r issuer.Request) string {
	t.Helper()
	out, err := d.issuer.Mint(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// behind gives routes an authorizer.
func behind(authorizer string, scopes []string, keys ...string) template.API {
	api := routes(keys...)
	for i := range api.Routes {
		api.Routes[i].Authorizer, api.Routes[i].Scopes = authorizer, scopes
	}
	return api
}

func TestClaimsReachTheFunction(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	d := guard(t, behind("Jwt", nil, "GET /v1/{proxy+}"), map[string]Invoker{"F": f})
	for _, scheme := range []string{"Bearer ", ""} {
		f.event = nil
		r := request(t, "GET", d.URL+"/v1/teams", "", "Authorization", scheme+d.token(t, issuer.Request{Subject: "demo-admin", Scope: "a b"}))
		if status, _, body := do(t, r); status != 200 {
			t.Fatalf("got %d %s, want 200", status, body)
		}
		own := f.event["requestContext"].(map[string]any)["authorizer"].(map[string]any)
		token := own["jwt"].(map[string]any)
		claims := token["claims"].(map[string]any)
		if claims["sub"] != "demo-admin" || claims["exp"] != "1795312923" || claims["scope"] != "a b" || token["scopes"] != nil || len(own) != 1 {
			t.Errorf("authorizer: got %v", own)
		}
	}
}

func TestScopesOfTheRouteReachTheFunction(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	d := guard(t, behind("Jwt", []string{"b", "c"}, "GET /x"), map[string]Invoker{"F": f})
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", d.token(t, issuer.Request{Subject: "u", Scope: "a b"}))); status != 200 {
		t.Fatalf("got %d, want 200", status)
	}
	if got := compact(f.event["requestContext"].(map[string]any)["authorizer"].(map[string]any)["jwt"].(map[string]any)["scopes"]); got != `["b"]` {
		t.Errorf("scopes: got %s, want [\"b\"]", got)
	}
	f.event = nil
	status, header, body := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", d.token(t, issuer.Request{Subject: "u", Scope: "a"})))
	if challenge := header.Get("WWW-Authenticate"); status != 403 || body != `{"message":"Forbidden"}` ||
		!strings.HasPrefix(challenge, `Bearer scope="b c" error="insufficient_scope" error_description="`) || f.event != nil {
		t.Errorf("got %d %s, %s, event %v, want 403 and no call", status, body, challenge, f.event)
	}
}

func TestRefusedTokenIsToldAsTheGatewayDoes(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	d := guard(t, behind("Jwt", nil, "GET /x", "POST /x"), map[string]Invoker{"F": f})
	good := d.token(t, issuer.Request{Subject: "u", TTL: time.Minute})
	other := d.token(t, issuer.Request{Subject: "u", Client: "x"})
	expired := d.token(t, issuer.Request{Subject: "u", TTL: -time.Second})
	curve := d.token(t, issuer.Request{Subject: "u", Alg: issuer.ES256})
	for _, c := range []struct {
		name, challenge string
		header          []string
	}{
		{"no token", `Bearer`, nil},
		{"empty", `Bearer`, []string{"Authorization", ""}},
		{"elsewhere", `Bearer`, []string{"X-Authorization", good}},
		{"only the scheme", `the token is malformed`, []string{"Authorization", "Bearer"}},
		{"other scheme", `the token is malformed`, []string{"Authorization", "Basic " + good}},
		{"two headers", `the token is malformed`, []string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + good}},
		{"good after bad", `the token is malformed`, []string{"Authorization", "bad", "Authorization", good}},
		{"other audience", `the token does not have a valid audience`, []string{"Authorization", other}},
		{"expired", `the token has expired`, []string{"Authorization", expired}},
		{"curve", `the token's signing algorithm is not supported`, []string{"Authorization", curve}},
	} {
		status, header, body := do(t, request(t, "GET", d.URL+"/x", "", c.header...))
		want := c.challenge
		if want != "Bearer" {
			want = `Bearer scope="" error="invalid_token" error_description="` + want + `"`
		}
		if status != 401 || body != `{"message":"Unauthorized"}` || header.Get("WWW-Authenticate") != want || header.Get("Apigw-Requestid") == "" {
			t.Errorf("%s: got %d %s %q, want 401 with %q", c.name, status, body, header.Get("WWW-Authenticate"), want)
		}
	}
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", strings.Repeat("A", maxHead))); status != 431 {
		t.Errorf("huge token: got %d, want 431", status)
	}
	// What may not come in is not read either.
	if status, _, _ := do(t, request(t, "POST", d.URL+"/x", strings.Repeat("x", 1<<20))); status != 401 {
		t.Errorf("body without a token: got %d, want 401", status)
	}
	if f.event != nil {
		t.Errorf("the function got %v, want no call", f.event)
	}
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", good)); status != 200 {
		t.Errorf("good token: got %d, want 200", status)
	}
	d.ahead.Store(int64(time.Minute))
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", good)); status != 401 {
		t.Errorf("good token a minute later: got %d, want 401", status)
	}
}

func TestTokenMayStandInTheQuery(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	api := behind("Query", nil, "GET /x")
	d := guard(t, api, map[string]Invoker{"F": f})
	api.Authorizers = []template.Authorizer{{Name: "Query", Sources: []template.IdentitySource{{Kind: template.SourceQuery, Name: "token"}}, JWT: &template.JWT{Issuer: d.issuer.URL, Audience: []string{"hub"}}}}
	d = &doorway{Server: httptest.NewServer(New(Config{API: api, Now: d.now, Log: logs.New(io.Discard, false, false), Function: func(string) Invoker { return f }})), issuer: d.issuer}
	t.Cleanup(d.Close)
	token := d.token(t, issuer.Request{Subject: "u"})
	if status, _, body := do(t, request(t, "GET", d.URL+"/x?token="+token, "")); status != 200 {
		t.Errorf("in the query: got %d %s, want 200", status, body)
	}
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "Authorization", token)); status != 401 {
		t.Errorf("in the header: got %d, want 401", status)
	}
}

// TestAuthorizedRouteTakesTheBrowsersQuestionToo holds what AWS warns of: with an
// authorizer on a route that takes OPTIONS, preflights need a token as well.
func TestAuthorizedRouteTakesTheBrowsersQuestionToo(t *testing.T) {
	for key, want := range map[string]int{"GET /x": 204, "ANY /x": 401, "$default": 401} {
		api := behind("Jwt", nil, key)
		api.CORS = &template.CORS{Origins: []string{"*"}}
		d := guard(t, api, map[string]Invoker{"F": &function{answer: `{"statusCode":200}`}})
		if status, _, _ := do(t, request(t, "OPTIONS", d.URL+"/x", "", "Origin", "https://a.example", "Access-Control-Request-Method", "GET")); status != want {
			t.Errorf("%s: got %d, want %d", key, status, want)
		}
	}
}
