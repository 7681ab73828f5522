package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/stack"
)

// get asks the API with headers and returns status, challenge and body.
func get(t *testing.T, url string, header ...string) (int, string, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("WWW-Authenticate"), string(body)
}

// demoTokens are the tokens that the demo page tells now.
func demoTokens(t *testing.T, s *stack.Stack) map[string]string {
	t.Helper()
	_, _, body := get(t, s.Platform+"/_demo")
	var out struct{ Tokens map[string]string }
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out.Tokens
}

func TestDemoTokensOpenTheAPIUntilTheirTimeIsOver(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	tokens := demoTokens(t, s)
	if got, want := slices.Sorted(maps.Keys(tokens)), []string{"admin", "agent", "marketer", "marketing_agent", "supervisor"}; !slices.Equal(got, want) {
		t.Fatalf("tokens: got those of %v, want %v", got, want)
	}
	for role, token := range tokens {
		status, _, body := get(t, s.API+"/private/event", "Authorization", "Bearer "+token)
		var e struct {
			RequestContext struct {
				Authorizer struct {
					JWT struct{ Claims map[string]string }
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != 200 {
			t.Fatalf("%s: got %d %s, want the event", role, status, body)
		}
		claims := e.RequestContext.Authorizer.JWT.Claims
		if claims["sub"] != "demo-"+role || claims["client_id"] != localAudience || claims["iss"] != s.Platform+issuerPath || claims["token_use"] != "access" {
			t.Errorf("%s: got claims %v", role, claims)
		}
	}
	if status, challenge, _ := get(t, s.API+"/scoped/event", "Authorization", tokens["admin"]); status != 403 || !strings.Contains(challenge, "insufficient_scope") {
		t.Errorf("without the route's scope: got %d %s, want 403", status, challenge)
	}
	if _, err := s.AdvanceClock(ctx(t), time.Hour); err != nil {
		t.Fatal(err)
	}
	if status, challenge, _ := get(t, s.API+"/private/event", "Authorization", tokens["admin"]); status != 401 || !strings.Contains(challenge, "the token has expired") {
		t.Errorf("an hour later: got %d %s, want 401", status, challenge)
	}
	if status, _, body := get(t, s.API+"/private/event", "Authorization", demoTokens(t, s)["admin"]); status != 200 {
		t.Errorf("a new token: got %d %s, want 200", status, body)
	}
}

func TestIssuersKeysSurviveARestart(t *testing.T) {
	o := stack.Options{Dir: t.TempDir()}
	s := fixture(t, o)
	_, _, before := get(t, s.Platform+"/_issuer/jwks")
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	s = fixture(t, o)
	if _, _, after := get(t, s.Platform+"/_issuer/jwks"); after != before || !strings.Contains(after, `"kid"`) {
		t.Errorf("keys: got %s, want those before the restart, %s", after, before)
	}
	if status, _, body := get(t, s.API+"/private/event", "Authorization", demoTokens(t, s)["agent"]); status != 200 {
		t.Errorf("token: got %d %s, want it accepted", status, body)
	}
}

func TestForeignIssuerIsTheDevelopersToName(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, Parameters: map[string]string{"Issuer": "http://127.0.0.1:1/nobody", "Audience": "x"}})
	if got := demoTokens(t, s); len(got) != 0 {
		t.Errorf("tokens of the local issuer: got %d, want none, since the API does not take them", len(got))
	}
	if status, challenge, _ := get(t, s.API+"/private/event", "Authorization", "e30.e30.AA"); status != 401 || challenge == "" {
		t.Errorf("got %d %q, want 401 with a challenge", status, challenge)
	}
}

func TestInsecureIssuerIsRefusedAtTheStart(t *testing.T) {
	_, err := stack.Start(ctx(t), stack.Options{Template: fixturePath(t), BuildDir: builds, Memory: true,
		Parameters: map[string]string{"Issuer": "http://issuer.example", "Audience": "x"}})
	if err == nil || !strings.Contains(err.Error(), "must be https") {
		t.Errorf("got %v, want the issuer refused", err)
	}
}

func TestLambdaAuthorizerIsAsked(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	for key, want := range map[string]int{"good": 200, "bad": 403, "broken": 500} {
		if status, _, body := get(t, s.API+"/programs/event", "X-Api-Key", key); status != want {
			t.Errorf("%s: got %d %s, want %d", key, status, body, want)
		}
	}
	if status, _, _ := get(t, s.API+"/programs/event"); status != 401 {
		t.Errorf("no key: got %d, want 401", status)
	}
	_, _, body := get(t, s.API+"/programs/event", "X-Api-Key", "good")
	if !strings.Contains(body, `"lambda":{`) || !strings.Contains(body, `"route":"GET /programs/{kind}"`) {
		t.Errorf("event: got %s, want what the authorizer said in it", body)
	}
}
