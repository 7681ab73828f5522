package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
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

func TestBrokenBase64IsAnErrorWhenItIsRead(t *testing.T) {
	for _, text := range []string{"%%%", "YQ", "YQ=", "YQ==YQ==", "Y", "=", "YWJj=", "YQ=="[:3] + "\x00"} {
		out := call(t, post(text, true), func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err == nil {
				t.Errorf("%q: got the body %q, want an error", text, body)
			}
			w.WriteHeader(http.StatusBadRequest)
		})
		if out.StatusCode != 400 {
			t.Errorf("%q: got status %d, want 400", text, out.StatusCode)
		}
	}
}

func TestBodyThatIsNotReadIsNotDecoded(t *testing.T) {
	e := post(strings.Repeat("QUJD", 1<<20), true)
	reads := 0
	h := Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reads++; r.ContentLength != 3<<20 {
			t.Errorf("got length %d, want %d", r.ContentLength, 3<<20)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	const runs = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		_, _ = h(context.Background(), e)
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > 16<<10 || reads != runs {
		t.Errorf("got %d bytes allocated for a body of 3 MB that nobody reads, want few", got)
	}
}

func TestHeadersOfOneNameAreJoinedWhateverTheirCase(t *testing.T) {
	e := post("", false)
	e.Headers["X-LINE-Signature"] = "s3"
	call(t, e, func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Values("x-line-signature")
		slices.Sort(got)
		if !slices.Equal(got, []string{"s1,s2", "s3"}) {
			t.Errorf("got %q, want both", got)
		}
	})
}

func TestHugeHeadIsRefusedBeforeTheHandler(t *testing.T) {
	for name, grow := range map[string]func(*events.APIGatewayV2HTTPRequest){
		"path":  func(e *events.APIGatewayV2HTTPRequest) { e.RawPath = strings.Repeat("/a", maxHead/2) },
		"query": func(e *events.APIGatewayV2HTTPRequest) { e.RawQueryString = strings.Repeat("a&", maxHead/2) },
		"value": func(e *events.APIGatewayV2HTTPRequest) { e.Headers["a"] = strings.Repeat("a", maxHead) },
		"names": func(e *events.APIGatewayV2HTTPRequest) {
			for i := range 10_000 {
				e.Headers[fmt.Sprintf("x-%05d", i)] = "1"
			}
		},
		"cookie": func(e *events.APIGatewayV2HTTPRequest) { e.Cookies = []string{strings.Repeat("a", maxHead)} },
	} {
		e := post("", false)
		grow(&e)
		out := call(t, e, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the handler was called", name) })
		if out.StatusCode != 431 {
			t.Errorf("%s: got status %d, want 431", name, out.StatusCode)
		}
	}
}

// FuzzBody holds that a body of base64 reads as the same bytes however it is decoded.
func FuzzBody(f *testing.F) {
	for _, text := range []string{"", "YQ==", "YWI=", "YWJj", "YQ", "YW\nJj", "%%%", "YQ==YQ==", "===="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := base64.StdEncoding.DecodeString(text)
		call(t, post(text, true), func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%q: got %v, want %v", text, err, wantErr)
			}
			if err == nil && !bytes.Equal(got, want) {
				t.Fatalf("%q: got %x, want %x", text, got, want)
			}
			if clean := strings.NewReplacer("\r", "", "\n", "").Replace(text); err == nil && len(clean) == len(text) && r.ContentLength != int64(len(want)) {
				t.Fatalf("%q: got length %d, want %d", text, r.ContentLength, len(want))
			}
		})
	})
}
