package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

// checker is the function of an authorizer: it answers by the first identity source and
// counts.
type checker struct {
	answers map[string]string // by source; none = an error
	calls   int
	event   map[string]any
	kind    lambda.Kind // of an error
}

func (c *checker) Invoke(_ context.Context, payload []byte, _ string) lambda.Result {
	c.calls++
	c.event = nil
	_ = json.Unmarshal(payload, &c.event)
	source := ""
	if list, _ := c.event["identitySource"].([]any); len(list) > 0 {
		source, _ = list[0].(string)
	}
	if answer, ok := c.answers[source]; ok {
		return lambda.Result{Payload: []byte(answer)}
	}
	return lambda.Result{Failure: &lambda.Failure{Kind: c.kind, Type: "errorString"}}
}

// keyed is an API behind the Lambda authorizer Key.
func keyed(ttl time.Duration, sources []template.IdentitySource, keys ...string) template.API {
	api := behind("Key", nil, keys...)
	api.Authorizers = []template.Authorizer{{Name: "Key", Function: "Check", TTL: ttl, Sources: sources}}
	return api
}

var byKey = []template.IdentitySource{{Kind: template.SourceHeader, Name: "X-Api-Key"}}

func TestAuthorizersFunctionIsAskedInFormat2(t *testing.T) {
	check := &checker{answers: map[string]string{"k1": `{"isAuthorized":true,"context":{"key":"id1","team":"t","limit":40,"on":true,"scopes":["a"],"deep":{"x":null}}}`}}
	f := &function{answer: `{"statusCode":200}`}
	api := keyed(0, append(byKey, template.IdentitySource{Kind: template.SourceQuery, Name: "q"}, template.IdentitySource{Kind: template.SourceContext, Name: "routeKey"},
		template.IdentitySource{Kind: template.SourceContext, Name: "identity.sourceIp"}, template.IdentitySource{Kind: template.SourceStage, Name: "v"}), "POST /programs/{team}/{rest+}")
	api.StageVariables = map[string]string{"v": "1"}
	d := guard(t, api, map[string]Invoker{"F": f, "Check": check})
	status, _, body := do(t, request(t, "POST", d.URL+"/programs/t/x/y?q=1&q=2", `{"secret":1}`, "Content-Type", "application/json", "X-API-Key", "k1", "Cookie", "a=1"))
	if status != 200 {
		t.Fatalf("got %d %s, want 200", status, body)
	}
	for name, want := range map[string]string{
		"version": `"2.0"`, "type": `"REQUEST"`, "routeArn": `"arn:aws:execute-api:ap-east-1:000000000000:api/$default/POST/programs/t/x/y"`,
		"identitySource": `["k1","1,2","POST /programs/{team}/{rest+}","127.0.0.1","1"]`, "routeKey": `"POST /programs/{team}/{rest+}"`, "rawPath": `"/programs/t/x/y"`,
		"rawQueryString": `"q=1\u0026q=2"`, "cookies": `["a=1"]`, "queryStringParameters": `{"q":"1,2"}`, "pathParameters": `{"rest":"x/y","team":"t"}`,
		"stageVariables": `{"v":"1"}`, "body": "null", "isBase64Encoded": "null",
	} {
		if got := compact(check.event[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	own := compact(f.event["requestContext"].(map[string]any)["authorizer"])
	if want := `{"lambda":{"deep":{"x":null},"key":"id1","limit":40,"on":true,"scopes":["a"],"team":"t"}}`; own != want {
		t.Errorf("the function: got %s, want %s", own, want)
	}
	if f.event["body"] != `{"secret":1}` {
		t.Errorf("body: got %v, want it with the function", f.event["body"])
	}
}

func TestAuthorizersFunctionDecides(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	check := &checker{answers: map[string]string{
		"yes": `{"isAuthorized":true}`, "empty": `{"isAuthorized":true,"context":null}`, "no": `{"isAuthorized":false,"context":{"why":"x"}}`,
		"text": `{"isAuthorized":"true"}`, "nothing": `{}`, "null": `null`, "list": `{"isAuthorized":true,"context":[1]}`,
		"policy": `{"principalId":"x","policyDocument":{"Statement":[{"Effect":"Allow"}]}}`, "words": `yes`,
	}, kind: lambda.Reported}
	d := guard(t, keyed(time.Minute, byKey, "GET /x"), map[string]Invoker{"F": f, "Check": check})
	for key, want := range map[string]int{"yes": 200, "empty": 200, "no": 403, "text": 500, "nothing": 500, "null": 500, "list": 500, "policy": 500, "words": 500, "error": 500} {
		f.event = nil
		status, header, body := do(t, request(t, "GET", d.URL+"/x", "", "X-Api-Key", key))
		bodies := map[int]string{200: "", 403: `{"message":"Forbidden"}`, 500: `{"message":"Internal Server Error"}`}
		if status != want || body != bodies[want] || header.Get("WWW-Authenticate") != "" || (f.event != nil) != (want == 200) {
			t.Errorf("%s: got %d %s, function called %v, want %d", key, status, body, f.event != nil, want)
		}
	}
	for name, header := range map[string][]string{"missing": nil, "empty": {"X-Api-Key", ""}} {
		before := check.calls
		if status, _, body := do(t, request(t, "GET", d.URL+"/x", "", header...)); status != 401 || body != `{"message":"Unauthorized"}` || check.calls != before {
			t.Errorf("%s identity source: got %d %s and %d calls, want 401 and none", name, status, body, check.calls-before)
		}
	}
	for _, kind := range []lambda.Kind{lambda.TimedOut, lambda.Crashed, lambda.Throttled} {
		check.kind = kind
		if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "", "X-Api-Key", "?")); status != 500 {
			t.Errorf("%s: got %d, want 500", kind, status)
		}
	}
}

func TestAnswersAreKeptByIdentitySourcesForTheirTime(t *testing.T) {
	yes, no := `{"isAuthorized":true,"context":{"n":1}}`, `{"isAuthorized":false}`
	check := &checker{answers: map[string]string{"k1": yes, "k2": no, "k": yes}}
	f := &function{answer: `{"statusCode":200}`}
	two := append(byKey, template.IdentitySource{Kind: template.SourceHeader, Name: "X-Team"})
	d := guard(t, keyed(time.Minute, two, "GET /x", "GET /y"), map[string]Invoker{"F": f, "Check": check})
	ask := func(when, path, key, team string, want, calls int) {
		t.Helper()
		f.event = nil
		if status, _, _ := do(t, request(t, "GET", d.URL+path, "", "X-Api-Key", key, "X-Team", team)); status != want || check.calls != calls {
			t.Errorf("%s: got %d after %d calls, want %d after %d", when, status, check.calls, want, calls)
		}
		if want == 200 && compact(f.event["requestContext"].(map[string]any)["authorizer"]) != `{"lambda":{"n":1}}` {
			t.Errorf("%s: got %v, want the kept context", when, f.event["requestContext"])
		}
	}
	ask("first", "/x", "k1", "t", 200, 1)
	ask("again", "/x", "k1", "t", 200, 1)
	ask("other route", "/y", "k1", "t", 200, 1) // routeKey is no source here
	ask("other team", "/x", "k1", "u", 200, 2)
	ask("sources that look alike joined", "/x", "k", "1t", 200, 3)
	ask("a no", "/x", "k2", "t", 403, 4)
	ask("a no again", "/x", "k2", "t", 403, 4)
	check.answers["k1"] = no
	ask("revoked, kept", "/x", "k1", "t", 200, 4)
	d.ahead.Store(int64(time.Minute - time.Second))
	ask("a second before its end", "/x", "k1", "t", 200, 4)
	d.ahead.Store(int64(time.Minute))
	ask("at its end", "/x", "k1", "t", 403, 5)
	delete(check.answers, "k9")
	ask("an error", "/x", "k9", "t", 500, 6)
	check.answers["k9"] = yes
	ask("after an error", "/x", "k9", "t", 200, 7)
}

func TestAnswersAreNotKeptWithoutATime(t *testing.T) {
	check := &checker{answers: map[string]string{"k1": `{"isAuthorized":true}`, "": `{"isAuthorized":true}`}}
	d := guard(t, keyed(0, byKey, "GET /x"), map[string]Invoker{"F": &function{answer: `{"statusCode":200}`}, "Check": check})
	for range 3 {
		do(t, request(t, "GET", d.URL+"/x", "", "X-Api-Key", "k1"))
	}
	if check.calls != 3 {
		t.Errorf("got %d calls for 3 requests, want 3", check.calls)
	}
	d = guard(t, keyed(0, nil, "GET /x"), map[string]Invoker{"F": &function{answer: `{"statusCode":200}`}, "Check": check})
	if status, _, _ := do(t, request(t, "GET", d.URL+"/x", "")); status != 200 || check.calls != 4 {
		t.Errorf("no identity sources: got %d and %d calls, want it asked", status, check.calls)
	}
}

func TestKeptAnswersAreBounded(t *testing.T) {
	now := start
	a := newAsked(&Gateway{now: func() time.Time { return now }}, template.Authorizer{TTL: time.Minute})
	yes := true
	for i := range maxKept + 10 {
		a.keep(http.StatusText(200)+time.Duration(i).String(), simpleResponse{Authorized: &yes})
	}
	if len(a.kept) > maxKept {
		t.Errorf("got %d answers kept, want %d at most", len(a.kept), maxKept)
	}
	now = now.Add(time.Hour)
	for i := range maxKept {
		a.keep(time.Duration(i).String()+"later", simpleResponse{Authorized: &yes})
	}
	if _, ok := a.recall("0slater"); !ok {
		t.Error("the first of the new answers: got it forgotten, want the old ones to go first")
	}
}
