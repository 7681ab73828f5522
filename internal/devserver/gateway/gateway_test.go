package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
)

// function answers what the test says and keeps the event.
type function struct {
	answer  string
	failure *lambda.Failure
	hang    bool
	event   map[string]any
	trace   string
}

func (f *function) Invoke(ctx context.Context, payload []byte, trace string) lambda.Result {
	f.trace, f.event = trace, nil
	_ = json.Unmarshal(payload, &f.event)
	if f.hang {
		<-ctx.Done()
		return lambda.Result{Failure: &lambda.Failure{Kind: lambda.Refused}}
	}
	return lambda.Result{Payload: []byte(f.answer), Failure: f.failure}
}

func serve(t *testing.T, f *function, api template.API) *httptest.Server {
	t.Helper()
	g := New(Config{API: api, Account: "000000000000", Function: func(string) Invoker { return f },
		Now: func() time.Time { return time.Date(2026, 11, 22, 1, 2, 3, 4e6, time.UTC) }, Log: logs.New(io.Discard, false, false)})
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s
}

func routes(keys ...string) template.API {
	api := template.API{ID: "Api"}
	for _, k := range keys {
		r := template.Route{Path: k, Function: "F", Timeout: 5 * time.Second}
		if method, path, ok := strings.Cut(k, " "); ok {
			r.Method, r.Path = method, path
		}
		api.Routes = append(api.Routes, r)
	}
	return api
}

// do sends a request and returns status, header and body.
func do(t *testing.T, r *http.Request) (int, http.Header, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func request(t *testing.T, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestRouterTakesTheMostSpecificRoute(t *testing.T) {
	r := newRouter(routes("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "ANY /pets/dog/1", "POST /a/{x}", "ANY /a/b", "GET /", "$default").Routes)
	cases := []struct {
		method, path, want string
		parameters         map[string]string
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"POST", "/pets/dog/1", "ANY /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"}},
		{"GET", "/pets/cat/1", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/1"}},
		{"POST", "/test/5", "ANY /{proxy+}", map[string]string{"proxy": "test/5"}},
		{"POST", "/a/b", "ANY /a/b", nil},
		{"POST", "/a/c", "POST /a/{x}", map[string]string{"x": "c"}},
		{"GET", "/", "GET /", nil},
		{"PUT", "/", "$default", nil},
		{"GET", "/pets/dog/", "GET /pets/{proxy+}", map[string]string{"proxy": "dog/"}},
	}
	for _, c := range cases {
		route, parameters := r.find(c.method, c.path)
		if route == nil || route.Key() != c.want || !maps.Equal(parameters, c.parameters) {
			t.Errorf("%s %s: got %v %v, want %s %v", c.method, c.path, route, parameters, c.want, c.parameters)
		}
	}
	if route, _ := newRouter(routes("GET /a/{x}").Routes).find("GET", "/a/b/c"); route != nil {
		t.Errorf("/a/b/c: got %s, want no route", route.Key())
	}
}

func TestEventHoldsTheRequestInFormat2(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	api := routes("POST /hooks/{team}/{rest+}")
	api.StageVariables = map[string]string{"k": "v"}
	s := serve(t, f, api)
	r := request(t, "POST", s.URL+"/hooks/t%20one/x/y?a=1&a=2&b=x%20y&empty", `{"n":1}`,
		"Content-Type", "application/json; charset=utf-8", "X-Dup", "v1", "X-Dup", "v2", "Cookie", "sid=abc; lang=zh", "User-Agent", "tester",
		"X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678", "X-Forwarded-For", "203.0.113.9")
	if status, _, body := do(t, r); status != 200 {
		t.Fatalf("status: got %d %s, want 200", status, body)
	}
	e := f.event
	context := e["requestContext"].(map[string]any)
	want := `{"accountId":"000000000000","apiId":"api","domainName":"127.0.0.1","domainPrefix":"127","http":{"method":"POST","path":"/hooks/t one/x/y","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"tester"},"requestId":"` +
		context["requestId"].(string) + `","routeKey":"POST /hooks/{team}/{rest+}","stage":"$default","time":"22/Nov/2026:01:02:03 +0000","timeEpoch":1795309323004}`
	if got := compact(context); got != want {
		t.Errorf("requestContext:\ngot  %s\nwant %s", got, want)
	}
	members := map[string]string{
		"version": `"2.0"`, "routeKey": `"POST /hooks/{team}/{rest+}"`, "rawPath": `"/hooks/t one/x/y"`, "rawQueryString": `"a=1\u0026a=2\u0026b=x%20y\u0026empty"`,
		"cookies": `["sid=abc","lang=zh"]`, "queryStringParameters": `{"a":"1,2","b":"x y","empty":""}`,
		"pathParameters": `{"rest":"x/y","team":"t one"}`, "stageVariables": `{"k":"v"}`, "body": `"{\"n\":1}"`, "isBase64Encoded": `false`,
	}
	for name, want := range members {
		if got := compact(e[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	headers := e["headers"].(map[string]any)
	for name, want := range map[string]string{"x-dup": "v1,v2", "content-type": "application/json; charset=utf-8", "x-forwarded-for": "203.0.113.9, 127.0.0.1",
		"x-forwarded-proto": "http", "content-length": "7", "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678", "host": strings.TrimPrefix(s.URL, "http://")} {
		if got := headers[name]; got != want {
			t.Errorf("header %s: got %v, want %s", name, got, want)
		}
	}
	if _, found := headers["cookie"]; found {
		t.Error("header cookie: got it, want it folded into cookies")
	}
	if f.trace != "Root=1-67891233-abcdef012345678912345678" {
		t.Errorf("trace: got %s", f.trace)
	}
}

func compact(v any) string {
	out, _ := json.Marshal(v)
	return string(out)
}

func TestLogShowsTheRouteAndNotWhatStandsInIt(t *testing.T) {
	var out strings.Builder
	g := New(Config{API: routes("ANY /l/{token}"), Account: "000000000000", Function: func(string) Invoker { return &function{answer: "{}"} }, Now: time.Now, Log: logs.New(&out, false, false)})
	for _, path := range []string{"/l/secret", "/elsewhere", "/webhook/line", "/L/secret", "/secret@x.y"} {
		g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if got := out.String(); strings.Contains(got, "secret") || !strings.Contains(got, "GET /l/{token}") || !strings.Contains(got, "GET /elsewhere") || !strings.Contains(got, "GET /webhook/…") {
		t.Errorf("got %s, want routes, and of other paths their beginning", got)
	}
}

func TestTraceIsMadeIfAbsent(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	s := serve(t, f, routes("$default"))
	do(t, request(t, "GET", s.URL+"/x", ""))
	parts := strings.Split(f.trace, "-")
	if len(parts) != 3 || parts[0] != "Root=1" || len(parts[1]) != 8 || len(parts[2]) != 24 {
		t.Errorf("trace: got %q, want Root=1-<8 hex>-<24 hex>", f.trace)
	}
}

func TestPathParameterCannotHoldASlash(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	s := serve(t, f, routes("GET /a/{x}"))
	if status, _, _ := do(t, request(t, "GET", s.URL+"/a/b%2Fc", "")); status != 404 {
		t.Errorf("/a/b%%2Fc: got %d, want 404", status)
	}
}

func TestBodiesTravelAsTextOrBase64(t *testing.T) {
	f := &function{answer: `{"statusCode":200}`}
	s := serve(t, f, routes("ANY /x"))
	cases := []struct {
		contentType, body, want string
		coded                   bool
	}{
		{"application/json", `{"a":"ä"}`, `{"a":"ä"}`, false},
		{"text/plain", "words", "words", false},
		{"application/xml", "<a/>", "<a/>", false},
		{"application/javascript", "1", "1", false},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"application/vnd.x+json", "{}", "e30=", true},
		{"", "a", "YQ==", true},
		{"application/json", "\xff\x00", "/wA=", true},
	}
	for _, c := range cases {
		r := request(t, "POST", s.URL+"/x", c.body)
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		do(t, r)
		if f.event["body"] != c.want || f.event["isBase64Encoded"] != c.coded {
			t.Errorf("%q %q: got %v %v, want %s %v", c.contentType, c.body, f.event["body"], f.event["isBase64Encoded"], c.want, c.coded)
		}
	}
	do(t, request(t, "GET", s.URL+"/x", ""))
	if _, found := f.event["body"]; found {
		t.Error("body of a GET: got one, want none")
	}
}

func TestAnswersAreWrittenAsFormat2Says(t *testing.T) {
	cases := []struct {
		name, answer string
		status       int
		body         string
		header       string // "Name: value"
	}{
		{"object", `{"statusCode":201,"headers":{"x-a":"1","Content-Type":"text/html"},"body":"<p>"}`, 201, "<p>", "Content-Type: text/html"},
		{"custom header", `{"statusCode":200,"headers":{"x-n":5,"x-b":true}}`, 200, "", "X-N: 5"},
		{"status as text", `{"statusCode":"204"}`, 204, "", ""},
		{"base64", `{"statusCode":200,"body":"AAEC","isBase64Encoded":true}`, 200, "\x00\x01\x02", ""},
		{"null body", `{"statusCode":200,"body":null}`, 200, "", ""},
		{"plain object", `{"ok":true}`, 200, `{"ok":true}`, "Content-Type: application/json"},
		{"plain string", `"hello"`, 200, "hello", "Content-Type: application/json"},
		{"plain number", `42`, 200, "42", "Content-Type: application/json"},
		{"null", `null`, 200, "null", "Content-Type: application/json"},
		{"bad status", `{"statusCode":"abc"}`, 500, `{"message":"Internal Server Error"}`, ""},
		{"bad body", `{"statusCode":200,"body":{"a":1}}`, 500, `{"message":"Internal Server Error"}`, ""},
		{"bad base64", `{"statusCode":200,"body":"?","isBase64Encoded":true}`, 500, `{"message":"Internal Server Error"}`, ""},
		{"no JSON", `oops`, 500, `{"message":"Internal Server Error"}`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, &function{answer: c.answer}, routes("$default"))
			status, header, body := do(t, request(t, "GET", s.URL+"/", ""))
			if status != c.status || strings.TrimSpace(body) != c.body {
				t.Errorf("got %d %q, want %d %q", status, body, c.status, c.body)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok && header.Get(name) != value {
				t.Errorf("header %s: got %q, want %q", name, header.Get(name), value)
			}
		})
	}
}

func TestEachCookieIsItsOwnHeader(t *testing.T) {
	s := serve(t, &function{answer: `{"statusCode":200,"cookies":["a=1; Path=/","b=2"]}`}, routes("$default"))
	_, header, _ := do(t, request(t, "GET", s.URL+"/", ""))
	if got := header.Values("Set-Cookie"); len(got) != 2 || got[0] != "a=1; Path=/" || got[1] != "b=2" {
		t.Errorf("set-cookie: got %v", got)
	}
}

func TestRefusalsCarryTheGatewaysOwnBodies(t *testing.T) {
	api := routes("GET /ok", "GET /private", "GET /slow", "POST /ok")
	api.Routes[1].Authorizer = "Jwt"
	api.Authorizers = []template.Authorizer{{Name: "Jwt", Sources: []template.IdentitySource{{Kind: template.SourceHeader, Name: "Authorization"}},
		JWT: &template.JWT{Issuer: "https://issuer.example", Audience: []string{"hub"}}}}
	api.Routes[2].Timeout = 50 * time.Millisecond
	big := strings.Repeat("x", MaxBody+1)
	cases := []struct {
		name, method, path, body string
		f                        *function
		status                   int
		want                     string
	}{
		{"no route", "GET", "/nope", "", &function{}, 404, `{"message":"Not Found"}`},
		{"no method", "PUT", "/ok", "", &function{}, 404, `{"message":"Not Found"}`},
		{"authorizer", "GET", "/private", "", &function{}, 401, `{"message":"Unauthorized"}`},
		{"function error", "GET", "/ok", "", &function{failure: &lambda.Failure{Kind: lambda.Reported}}, 500, `{"message":"Internal Server Error"}`},
		{"too slow", "GET", "/slow", "", &function{hang: true}, 503, `{"message":"Service Unavailable"}`},
		{"body over 10 MB", "POST", "/ok", big, &function{}, 413, `{"message":"Request Entity Too Large"}`},
		{"event over 6 MB", "POST", "/ok", big[:5<<20], &function{}, 413, `{"message":"Request Entity Too Large"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.f, api)
			status, header, body := do(t, request(t, c.method, s.URL+c.path, c.body))
			if status != c.status || body != c.want || header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s (%s), want %d %s", status, body, header.Get("Content-Type"), c.status, c.want)
			}
		})
	}
}

func TestCORSIsAnsweredByTheGateway(t *testing.T) {
	api := routes("GET /x")
	api.CORS = &template.CORS{Origins: []string{"https://a.example", "https://*.b.example"}, Methods: []string{"GET"}, Headers: []string{"x-a"}, Expose: []string{"x-e"}, MaxAge: 60}
	f := &function{answer: `{"statusCode":200,"headers":{"access-control-allow-origin":"*"}}`}
	s := serve(t, f, api)
	cases := []struct {
		method, origin string
		status         int
		want           map[string]string
	}{
		{"OPTIONS", "https://a.example", 204, map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "x-a", "Access-Control-Max-Age": "60"}},
		{"OPTIONS", "https://evil.example", 204, nil},
		{"GET", "https://x.b.example", 200, map[string]string{"Access-Control-Allow-Origin": "https://x.b.example", "Access-Control-Expose-Headers": "x-e"}},
		{"GET", "https://evil.example", 200, nil},
	}
	for _, c := range cases {
		r := request(t, c.method, s.URL+"/x", "", "Origin", c.origin)
		if c.method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "GET")
		}
		status, header, _ := do(t, r)
		got := map[string]string{}
		for name := range header {
			if strings.HasPrefix(name, "Access-Control-") {
				got[name] = header.Get(name)
			}
		}
		if status != c.status || !maps.Equal(got, c.want) {
			t.Errorf("%s from %s: got %d %v, want %d %v", c.method, c.origin, status, got, c.status, c.want)
		}
	}
}

func TestLargeBinaryAnswerArrivesWhole(t *testing.T) {
	body := bytes.Repeat([]byte{0, 1, 2, 255}, 1<<18)
	coded, _ := json.Marshal(map[string]any{"statusCode": 200, "isBase64Encoded": true, "body": body})
	s := serve(t, &function{answer: string(coded)}, routes("$default"))
	if _, _, got := do(t, request(t, "GET", s.URL+"/", "")); got != string(body) {
		t.Errorf("body: got %d bytes, want %d", len(got), len(body))
	}
}
