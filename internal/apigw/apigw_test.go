package apigw

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func call(t *testing.T, e events.APIGatewayV2HTTPRequest, h http.HandlerFunc) events.APIGatewayV2HTTPResponse {
	t.Helper()
	out, err := Handler(h)(context.Background(), e)
	if err != nil {
		t.Fatalf("got error %v, want an answer", err)
	}
	return out
}

func post(body string, encoded bool) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		RawPath: "/webhooks/line/x", RawQueryString: "a=1&a=2", Body: body, IsBase64Encoded: encoded,
		Headers:        map[string]string{"x-line-signature": "s1,s2", "content-type": "application/json"},
		Cookies:        []string{"a=1", "b=2"},
		PathParameters: map[string]string{"channel": "line"},
	}
	e.RequestContext.HTTP.Method = "POST"
	e.RequestContext.RequestID = "r1"
	return e
}

func TestHandlerSeesTheRequestAsItCame(t *testing.T) {
	out := call(t, post("body", false), func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for name, got := range map[string]string{
			"body": string(body), "method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery,
			"header": r.Header.Get("X-Line-Signature"), "channel": r.PathValue("channel"), "id": r.Header.Get("X-Request-Id"),
		} {
			want := map[string]string{"body": "body", "method": "POST", "path": "/webhooks/line/x", "query": "a=1&a=2",
				"header": "s1,s2", "channel": "line", "id": "r1"}[name]
			if got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if c, err := r.Cookie("b"); err != nil || c.Value != "2" {
			t.Errorf("got cookie %v, %v, want b=2", c, err)
		}
		w.Header().Add("Set-Cookie", "x=1")
		w.Header().Add("Set-Cookie", "y=2")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "done")
	})
	if out.StatusCode != 201 || out.Body != "done" || out.IsBase64Encoded || len(out.Cookies) != 2 {
		t.Errorf("got %+v", out)
	}
}

func TestBinaryBodiesPassByteForByte(t *testing.T) {
	raw := string([]byte{0xff, 0x00, 0xfe, '\n'})
	out := call(t, post(base64.StdEncoding.EncodeToString([]byte(raw)), true), func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != raw {
			t.Errorf("got body %x, want %x", body, raw)
		}
		w.Write(body)
	})
	got, err := base64.StdEncoding.DecodeString(out.Body)
	if !out.IsBase64Encoded || err != nil || string(got) != raw {
		t.Errorf("got answer %q (base64 %v), want the same bytes", out.Body, out.IsBase64Encoded)
	}
}

func TestBrokenBase64IsABadRequest(t *testing.T) {
	out := call(t, post("%%%", true), func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	if out.StatusCode != 400 {
		t.Errorf("got status %d, want 400", out.StatusCode)
	}
}
