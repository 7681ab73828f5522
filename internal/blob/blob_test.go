package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/blob"
	"omnihub/internal/hub"
	"omnihub/internal/localaws"
)

var ctx = context.Background()

// clock is a clock that a test moves; it is far from the machine's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// scene is a bucket in a local cloud that knows the signer's secret.
type scene struct {
	*blob.Store
	cloud *localaws.Server
	clock *clock
}

func newScene(t testing.TB) *scene {
	t.Helper()
	sc := &scene{clock: &clock{now: time.Date(2031, 5, 1, 12, 0, 0, 500_000_000, time.UTC)}}
	var err error
	sc.cloud, err = localaws.Open(localaws.Config{Clock: sc.clock.Now, Secret: func(string) string { return "secret" }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sc.cloud)
	t.Cleanup(func() { server.Close(); sc.cloud.Close() })
	sc.Store = blob.New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("media", "secret", ""),
		HTTPClient: &http.Client{Transport: localaws.Transport{}}, RetryMaxAttempts: 1,
	}, "media-test", true, sc.clock.Now)
	if _, err := sc.Client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &sc.Bucket}); err != nil {
		t.Fatal(err)
	}
	return sc
}

// upload puts a body as somebody with nothing but the upload does.
func upload(t testing.TB, u blob.Upload, body string, change func(http.Header)) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, u.URL.Reveal(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range u.Header {
		req.Header.Set(name, value)
	}
	if change != nil {
		change(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

func TestFileComesBackAsItWasPut(t *testing.T) {
	sc := newScene(t)
	const key = "pictures/team/a b+é.jpg"
	for _, body := range [][]byte{[]byte("first"), bytes.Repeat([]byte{0, 255}, 50_000), {}} {
		for range 2 { // it may be done again
			if err := sc.Put(ctx, key, body, "image/jpeg"); err != nil {
				t.Fatal(err)
			}
		}
		got, f, err := sc.Get(ctx, key, 100_000)
		if err != nil || !bytes.Equal(got, body) || f.Type != "image/jpeg" || f.Size != int64(len(body)) || f.ETag == "" {
			t.Errorf("got %d bytes, %+v, %v, want %d", len(got), f, err, len(body))
		}
		if h, err := sc.Head(ctx, key); err != nil || h != f || !h.Modified.Equal(sc.clock.Now().Truncate(time.Second)) {
			t.Errorf("got %+v, %v, want %+v", h, err, f)
		}
	}
	for range 2 {
		if err := sc.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := sc.Get(ctx, key, 1); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
	if _, err := sc.Head(ctx, key); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func TestGetReadsNoMoreThanItMay(t *testing.T) {
	sc := newScene(t)
	if err := sc.Put(ctx, "k", make([]byte, 1000), "text/plain"); err != nil {
		t.Fatal(err)
	}
	if body, _, err := sc.Get(ctx, "k", 1000); err != nil || len(body) != 1000 {
		t.Errorf("got %d bytes, %v, want 1000", len(body), err)
	}
	if body, f, err := sc.Get(ctx, "k", 999); hub.CodeOf(err) != hub.TooLarge || body != nil || f.Size != 1000 {
		t.Errorf("got %d bytes of %d, %v, want too_large", len(body), f.Size, err)
	}
}

func TestUploadTakesOneFileOfOneTypeAndSizeInItsTime(t *testing.T) {
	sc := newScene(t)
	u, err := sc.PresignPut(ctx, "uploads/1", "image/png", 5, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if want := hub.MillisOf(time.Date(2031, 5, 1, 12, 15, 0, 0, time.UTC)); u.Expires != want {
		t.Errorf("got expiry %v, want %v", u.Expires.Time(), want.Time())
	}
	if len(u.Header) != 1 || u.Header["Content-Type"] != "image/png" {
		t.Errorf("got headers %v, want the type", u.Header)
	}
	if text := fmt.Sprintf("%v %+v", u, u); strings.Contains(text, "Signature") {
		t.Errorf("got %s, want the URL kept out of texts", text)
	}
	for _, test := range []struct {
		name, body string
		change     func(http.Header)
	}{
		{"a byte more", "hello!", nil},
		{"a byte less", "hell", nil},
		{"another type", "hello", func(h http.Header) { h.Set("Content-Type", "text/html") }},
		{"no type", "hello", func(h http.Header) { h.Del("Content-Type") }},
		{"metadata", "hello", func(h http.Header) { h.Set("X-Amz-Meta-A", "b") }},
	} {
		if status, text := upload(t, u, test.body, test.change); status != 403 {
			t.Errorf("%s: got %d %s, want 403", test.name, status, text)
		}
	}
	sc.clock.advance(15*time.Minute - time.Second)
	if status, text := upload(t, u, "hello", nil); status != 200 {
		t.Fatalf("got %d %s, want 200", status, text)
	}
	if body, f, err := sc.Get(ctx, "uploads/1", 5); err != nil || string(body) != "hello" || f.Type != "image/png" {
		t.Errorf("got %q, %+v, %v", body, f, err)
	}
	sc.clock.advance(time.Second)
	if status, text := upload(t, u, "hello", nil); status != 403 || !strings.Contains(text, "Request has expired") {
		t.Errorf("got %d %s, want it expired", status, text)
	}
	other := u
	other.URL = hub.Secret(strings.Replace(u.URL.Reveal(), "uploads/1", "uploads/2", 1))
	sc.clock.advance(-time.Minute)
	if status, _ := upload(t, other, "hello", nil); status != 403 {
		t.Errorf("another key: got %d, want 403", status)
	}
}

func TestUploadWithoutBoundsIsNotMade(t *testing.T) {
	sc := newScene(t)
	for name, sign := range map[string]func() (blob.Upload, error){
		"no key":     func() (blob.Upload, error) { return sc.PresignPut(ctx, "", "a/b", 1, time.Minute) },
		"no type":    func() (blob.Upload, error) { return sc.PresignPut(ctx, "k", "", 1, time.Minute) },
		"no size":    func() (blob.Upload, error) { return sc.PresignPut(ctx, "k", "a/b", 0, time.Minute) },
		"no time":    func() (blob.Upload, error) { return sc.PresignPut(ctx, "k", "a/b", 1, time.Millisecond) },
		"too long":   func() (blob.Upload, error) { return sc.PresignPut(ctx, "k", "a/b", 1, blob.MaxUpload+time.Second) },
		"size of -1": func() (blob.Upload, error) { return sc.PresignPut(ctx, "k", "a/b", -1, time.Minute) },
	} {
		if u, err := sign(); hub.CodeOf(err) != hub.BadRequest || u.URL != "" {
			t.Errorf("%s: got %v, want bad_request", name, err)
		}
	}
	if _, err := sc.PresignPut(ctx, "k", "a/b", 1, blob.MaxUpload); err != nil {
		t.Errorf("the longest: got %v", err)
	}
}

func TestFaultsOfTheBucketAreTransientAndNameNothing(t *testing.T) {
	sc := newScene(t)
	calls := map[string]func() error{
		"put":    func() error { return sc.Put(ctx, "secret-key", []byte("x"), "a/b") },
		"get":    func() error { _, _, err := sc.Get(ctx, "secret-key", 10); return err },
		"head":   func() error { _, err := sc.Head(ctx, "secret-key"); return err },
		"delete": func() error { return sc.Delete(ctx, "secret-key") },
	}
	for _, fault := range []string{"throttle", "internal", "down", "lose", "drop"} {
		if err := sc.cloud.SetFaults(fmt.Appendf(nil, `{"seed":1,"rules":[{"service":"s3","operation":"*","caller":"*","resource":"*","fault":%q,"rate":1}]}`, fault)); err != nil {
			t.Fatal(err)
		}
		for name, call := range calls {
			err := call()
			if hub.CodeOf(err) != hub.Transient || strings.Contains(err.Error(), "secret-key") || strings.Contains(err.Error(), "media-test") {
				t.Errorf("%s with %s: got %v, want transient and no names", name, fault, err)
			}
		}
	}
	if err := sc.cloud.SetFaults([]byte("null")); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := sc.Get(ended, "k", 1); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient", err)
	}
	var e *hub.Error
	if err := sc.Put(ctx, strings.Repeat("k", 1025), nil, "a/b"); !errors.As(err, &e) || e.Code != hub.BadRequest {
		t.Errorf("got %v for a long key, want bad_request", err)
	}
}
