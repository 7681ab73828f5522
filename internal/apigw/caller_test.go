package apigw

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// asEvent reads an event as the runtime does.
func asEvent(t *testing.T, text string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCallerIsWhoTheAuthorizerVouchesFor(t *testing.T) {
	for name, c := range map[string]struct {
		authorizer string
		want       Caller
	}{
		"token":              {`{"jwt":{"claims":{"sub":"u1","exp":"1583352238","groups":"[a b]"},"scopes":["s1"]}}`, Caller{Claims: map[string]string{"sub": "u1", "exp": "1583352238", "groups": "[a b]"}, Scopes: []string{"s1"}}},
		"token, no scopes":   {`{"jwt":{"claims":{"sub":"u1"},"scopes":null}}`, Caller{Claims: map[string]string{"sub": "u1"}}},
		"function":           {`{"lambda":{"key":"k1","limit":40,"scopes":["a"]}}`, Caller{Context: map[string]any{"key": "k1", "limit": 40.0, "scopes": []any{"a"}}}},
		"function, no words": {`{"lambda":null}`, Caller{}},
		"nobody":             {`null`, Caller{}},
		"empty":              {`{}`, Caller{}},
	} {
		e := asEvent(t, `{"rawPath":"/","headers":{"x-sub":"forged"},"requestContext":{"http":{"method":"GET"},"authorizer":`+c.authorizer+`}}`)
		call(t, e, func(_ http.ResponseWriter, r *http.Request) {
			if got := CallerOf(r.Context()); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: got %+v, want %+v", name, got, c.want)
			}
		})
	}
	if got := CallerOf(context.Background()); !reflect.DeepEqual(got, Caller{}) {
		t.Errorf("past the gateway: got %+v, want nobody", got)
	}
}

func TestCallersMapsAreItsOwn(t *testing.T) {
	ctx := WithCaller(t.Context(), Caller{Claims: map[string]string{"sub": "u1"}, Scopes: []string{"a"}, Context: map[string]any{"k": 1}})
	mine := CallerOf(ctx)
	mine.Claims["sub"], mine.Scopes[0], mine.Context["k"] = "u2", "b", 2
	if again := CallerOf(ctx); again.Claims["sub"] != "u1" || again.Scopes[0] != "a" || again.Context["k"] != 1 {
		t.Errorf("got %+v, want it as it was", again)
	}
}

func TestHandlerSeesHostAndCookiesAsAServerHasThem(t *testing.T) {
	e := asEvent(t, `{"rawPath":"/a b/ä","rawQueryString":"q=1%2C2","cookies":["a=1","b=x y"],"headers":{"host":"api.example","cookie":"forged=1","x-request-id":"forged"},
		"requestContext":{"requestId":"r1","http":{"method":"GET","sourceIp":"203.0.113.9"}}}`)
	call(t, e, func(_ http.ResponseWriter, r *http.Request) {
		for name, c := range map[string]struct{ got, want string }{
			"host": {r.Host, "api.example"}, "host header": {r.Header.Get("Host"), ""}, "cookies": {r.Header.Get("Cookie"), "a=1; b=x y"},
			"address": {r.RemoteAddr, "203.0.113.9"}, "id": {r.Header.Get("X-Request-Id"), "r1"},
			"target": {r.RequestURI, "/a%20b/%C3%A4?q=1%2C2"}, "query": {r.FormValue("q"), "1,2"},
		} {
			if c.got != c.want {
				t.Errorf("%s: got %q, want %q", name, c.got, c.want)
			}
		}
	})
	// An older gateway left the header where it was.
	e = asEvent(t, `{"rawPath":"/","headers":{"cookie":"a=1; b=2"},"requestContext":{"http":{"method":"GET"}}}`)
	call(t, e, func(_ http.ResponseWriter, r *http.Request) {
		if got := len(r.Cookies()); got != 2 {
			t.Errorf("cookies of the header: got %d, want 2", got)
		}
	})
}

func TestAnswersHeadersAreFitForTheGateway(t *testing.T) {
	out := call(t, post("", false), func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["set-cookie"] = []string{"a=1", "b=2\r\nX-Evil: 1"} // not in its usual spelling
		h.Add("Set-Cookie", "c=3; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
		h.Add("Vary", "Origin")
		h.Add("Vary", "Accept")
		h.Set("Location", "/x\r\nSet-Cookie: evil=1")
		h["X Bad"], h["x:bad"], h[""] = []string{"1"}, []string{"1"}, []string{"1"}
		h["X-Empty"], h["X-Blank"] = nil, []string{""}
		h.Set("Content-Length", "5")
		h.Set("Transfer-Encoding", "chunked")
		h.Set("Connection", "close")
		h.Set(http.TrailerPrefix+"X-Sum", "1")
		w.WriteHeader(http.StatusOK)
		h.Set("X-Late", "1")
	})
	want := map[string]string{"vary": "Origin,Accept", "location": "/x  Set-Cookie: evil=1", "x-blank": ""}
	if !reflect.DeepEqual(out.Headers, want) {
		t.Errorf("headers: got %q, want %q", out.Headers, want)
	}
	if len(out.Cookies) != 3 || len(out.MultiValueHeaders) != 0 {
		t.Errorf("got cookies %q and multi-value headers %v, want 3 and none", out.Cookies, out.MultiValueHeaders)
	}
	for _, c := range out.Cookies {
		if c == "b=2\r\nX-Evil: 1" {
			t.Error("cookie: got a line break in it")
		}
	}
}

// TestAnswerIsThatOfAServer holds the adapter to what net/http does with a handler.
func TestAnswerIsThatOfAServer(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing":          func(http.ResponseWriter, *http.Request) {},
		"only a body":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) },
		"status twice":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.WriteHeader(500) },
		"status after it":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")); w.WriteHeader(500) },
		"hints before it":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(202) },
		"only hints":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103) },
		"body without one": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); _, _ = w.Write([]byte("x")) },
		"not modified":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304); _, _ = w.Write([]byte("x")) },
		"bytes":            func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0}) },
	} {
		want := httptest.NewRecorder()
		server := httptest.NewServer(h)
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		want.Code = resp.StatusCode
		_, _ = want.Body.ReadFrom(resp.Body)
		_ = resp.Body.Close()
		server.Close()
		out := call(t, post("", false), h)
		body := out.Body
		if out.IsBase64Encoded {
			body = "\xff\x00"
			if out.Body != "/wA=" {
				t.Errorf("%s: got body %q, want /wA=", name, out.Body)
			}
		}
		if out.StatusCode != want.Code || body != want.Body.String() {
			t.Errorf("%s: got %d %q, want %d %q", name, out.StatusCode, body, want.Code, want.Body.String())
		}
	}
}
