package conformance

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/localaws"
)

// knowing lets the local cloud know the secret of the tests' callers.
func knowing(cfg *localaws.Config) {
	cfg.Secret = func(caller string) string {
		if caller == "tester" {
			return "secret"
		}
		return ""
	}
}

// presigners are a local cloud that knows the secret, and one that does not.
func presigners(t *testing.T, test func(t *testing.T, c *cloud, knows bool)) {
	t.Run("secret known", func(t *testing.T) { test(t, newCloud(t, knowing), true) })
	t.Run("secret not known", func(t *testing.T) { test(t, newCloud(t), false) })
}

// answer is what a presigned request was answered.
type answer struct {
	status int
	header http.Header
	body   string
	Code, Message, HeadersNotSigned,
	Expires, ServerTime string
}

// send makes a request by plain HTTP, as who has nothing but the URL does.
func send(t testing.TB, method, address, body string, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		if name != "Host" && name != "Content-Length" { // of the URL and of the body
			req.Header[name] = values
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(text)}
	if strings.Contains(a.body, "<Error>") {
		if err := xml.Unmarshal(text, &a); err != nil {
			t.Errorf("an error that is no XML: %v in %s", err, text)
		}
	}
	return a
}

func TestPresignedURLDoesWhatWasSigned(t *testing.T) {
	presigners(t, func(t *testing.T, c *cloud, _ bool) {
		api, bucket := c.bucket(t)
		signer, key := s3.NewPresignClient(api), "uploads/a b/é+&=?.jpg"
		put, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, ContentType: aws.String("image/jpeg"), ContentLength: aws.Int64(5),
			CacheControl: aws.String("max-age=60"), Metadata: map[string]string{"by": "a  person"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, put.Method, put.URL, "hello", put.SignedHeader); got.status != 200 || got.header.Get("ETag") != `"`+hexMD5("hello")+`"` {
			t.Fatalf("put: got %d %s", got.status, got.body)
		}
		head, err := api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil || *head.ContentType != "image/jpeg" || *head.CacheControl != "max-age=60" || head.Metadata["by"] == "" || *head.ContentLength != 5 {
			t.Errorf("got %+v, %v, want what was signed", head, err)
		}
		get, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, get.Method, get.URL, "", nil); got.status != 200 || got.body != "hello" || got.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("get: got %d %q %v", got.status, got.body, got.header)
		}
		if got := send(t, get.Method, get.URL, "", http.Header{"Range": {"bytes=1-3"}}); got.status != 206 || got.body != "ell" {
			t.Errorf("get of a range: got %d %q", got.status, got.body)
		}
		if got := send(t, get.Method, get.URL, "", http.Header{"If-None-Match": {`"` + hexMD5("hello") + `"`}}); got.status != 304 {
			t.Errorf("get of what is known: got %d, want 304", got.status)
		}
		headed, err := signer.PresignHeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, headed.Method, headed.URL, "", nil); got.status != 200 || got.header.Get("Content-Length") != "5" {
			t.Errorf("head: got %d %v", got.status, got.header)
		}
		once, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, ContentLength: aws.Int64(5), IfNoneMatch: aws.String("*")})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, once.Method, once.URL, "again", once.SignedHeader); got.status != 412 || got.Code != "PreconditionFailed" {
			t.Errorf("put if absent: got %d %s, want 412", got.status, got.Code)
		}
		gone, err := signer.PresignDeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, gone.Method, gone.URL, "", nil); got.status != 204 {
			t.Errorf("delete: got %d %s", got.status, got.body)
		}
		if got := send(t, get.Method, get.URL, "", nil); got.status != 404 || got.Code != "NoSuchKey" {
			t.Errorf("get of what is gone: got %d %s", got.status, got.Code)
		}
	})
}

// at presigns as if it were another time.
type at struct {
	s3.HTTPPresignerV4
	now time.Time
}

func (a at) PresignHTTP(ctx context.Context, creds aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return a.HTTPPresignerV4.PresignHTTP(ctx, creds, r, hash, service, region, a.now, o...)
}

func TestPresignedURLExpiresByTheClockOfTheCloud(t *testing.T) {
	start := time.Date(2026, 3, 1, 23, 59, 50, 0, time.UTC) // the day ends while it holds
	var after atomic.Int64
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Clock = func() time.Time { return start.Add(time.Duration(after.Load())) }
	}, knowing)
	api, bucket := c.bucket(t)
	signer := s3.NewPresignClient(api, func(o *s3.PresignOptions) {
		o.Presigner = at{v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }), start}
	})
	get, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after   time.Duration
		code    string
		message string
	}{
		{0, "NoSuchKey", ""},
		{-15 * time.Minute, "NoSuchKey", ""},
		{-15*time.Minute - time.Second, "AccessDenied", "Request is not valid yet"},
		{59 * time.Second, "NoSuchKey", ""},
		{60 * time.Second, "AccessDenied", "Request has expired"},
		{365 * 24 * time.Hour, "AccessDenied", "Request has expired"},
	} {
		after.Store(int64(test.after))
		got := send(t, get.Method, get.URL, "", nil)
		if got.Code != test.code || test.message != "" && got.Message != test.message {
			t.Errorf("after %s: got %s %q, want %s %q", test.after, got.Code, got.Message, test.code, test.message)
		}
		if test.message == "Request has expired" && (got.status != 403 || got.Expires != "2026-03-02T00:00:50Z" || got.ServerTime != start.Add(test.after).Format(time.RFC3339)) {
			t.Errorf("after %s: got %d, expires %s, server time %s", test.after, got.status, got.Expires, got.ServerTime)
		}
	}
}

func TestMalformedPresignedURLIsRefusedWithTheReason(t *testing.T) {
	presigners(t, func(t *testing.T, c *cloud, _ bool) {
		api, bucket := c.bucket(t)
		get, err := s3.NewPresignClient(api).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		const parameters = "AuthorizationQueryParametersError"
		for _, test := range []struct {
			name   string
			change func(q url.Values)
			status int
			code   string
			text   string
		}{
			{"as signed", func(url.Values) {}, 404, "NoSuchKey", ""},
			{"no algorithm", func(q url.Values) { q.Del("X-Amz-Algorithm") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"no credential", func(q url.Values) { q.Del("X-Amz-Credential") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"no date", func(q url.Values) { q.Del("X-Amz-Date") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"no expiry", func(q url.Values) { q.Del("X-Amz-Expires") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"no signed headers", func(q url.Values) { q.Del("X-Amz-SignedHeaders") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"no signature", func(q url.Values) { q.Del("X-Amz-Signature") }, 400, parameters, "requires the X-Amz-Algorithm"},
			{"other algorithm", func(q url.Values) { q.Set("X-Amz-Algorithm", "AWS4-HMAC-SHA1") }, 400, parameters, "only supports"},
			{"short credential", func(q url.Values) { q.Set("X-Amz-Credential", "tester/20260101/us-east-1") }, 400, parameters, "mal-formed"},
			{"credential without end", func(q url.Values) { q.Set("X-Amz-Credential", q.Get("X-Amz-Credential")+"x") }, 400, parameters, "mal-formed"},
			{"other service", swapCredential("/s3/", "/sqs/"), 400, parameters, `incorrect service "sqs"`},
			{"other region", swapCredential("/us-east-1/", "/mars-1/"), 400, parameters, "the region 'mars-1' is wrong"},
			{"other day", swapCredential("/20", "/19"), 400, parameters, "not the same as X-Amz-Date"},
			{"no day", swapCredential("/20", "/x0"), 400, parameters, "yyyyMMdd"},
			{"no date's form", func(q url.Values) { q.Set("X-Amz-Date", "2026-01-01T00:00:00Z") }, 400, parameters, "ISO8601"},
			{"over a week", func(q url.Values) { q.Set("X-Amz-Expires", "604801") }, 400, parameters, "less than 604800 seconds"},
			{"negative", func(q url.Values) { q.Set("X-Amz-Expires", "-1") }, 400, parameters, "non-negative"},
			{"no number", func(q url.Values) { q.Set("X-Amz-Expires", "9m") }, 400, parameters, "should be a number"},
			{"host not signed", func(q url.Values) { q.Set("X-Amz-SignedHeaders", "range") }, 403, "AccessDenied", "were not signed"},
			{"signed header not sent", func(q url.Values) { q.Set("X-Amz-SignedHeaders", "host;x-amz-meta-a") }, 403, "SignatureDoesNotMatch", ""},
			{"signature of another form", func(q url.Values) { q.Set("X-Amz-Signature", "abc") }, 403, "SignatureDoesNotMatch", ""},
		} {
			u, err := url.Parse(get.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			test.change(q)
			u.RawQuery = q.Encode()
			got := send(t, "GET", u.String(), "", nil)
			if got.status != test.status || got.Code != test.code || !strings.Contains(got.Message, test.text) {
				t.Errorf("%s: got %d %s %q, want %d %s %q", test.name, got.status, got.Code, got.Message, test.status, test.code, test.text)
			}
		}
		if got := send(t, "GET", get.URL, "", http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=tester/20260101/us-east-1/s3/aws4_request"}}); got.Code != "InvalidArgument" {
			t.Errorf("signed twice: got %s, want InvalidArgument", got.Code)
		}
	})
}

func swapCredential(old, new string) func(url.Values) {
	return func(q url.Values) {
		q.Set("X-Amz-Credential", strings.Replace(q.Get("X-Amz-Credential"), old, new, 1))
	}
}

func TestPresignedURLIsGoodForNothingElse(t *testing.T) {
	presigners(t, func(t *testing.T, c *cloud, knows bool) {
		api, bucket := c.bucket(t)
		put, err := s3.NewPresignClient(api).PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("uploads/1"), ContentType: aws.String("image/png"), ContentLength: aws.Int64(5)})
		if err != nil {
			t.Fatal(err)
		}
		typed := put.SignedHeader
		with := func(name, value string) http.Header {
			h := typed.Clone()
			h.Set(name, value)
			return h
		}
		for _, test := range []struct {
			name, method, url, body string
			header                  http.Header
			code                    string
			sure                    bool // also without the secret
		}{
			{"another size", "PUT", put.URL, "hello, world", typed, "SignatureDoesNotMatch", false},
			{"another type", "PUT", put.URL, "hello", with("Content-Type", "text/html"), "SignatureDoesNotMatch", false},
			{"no type", "PUT", put.URL, "hello", http.Header{}, "SignatureDoesNotMatch", true},
			{"another method", "GET", put.URL, "hello", typed, "SignatureDoesNotMatch", false},
			{"another key", "PUT", strings.Replace(put.URL, "uploads/1", "uploads/2", 1), "hello", typed, "SignatureDoesNotMatch", false},
			{"another time", "PUT", strings.Replace(put.URL, "X-Amz-Expires=900", "X-Amz-Expires=901", 1), "hello", typed, "SignatureDoesNotMatch", false},
			{"a parameter more", "PUT", put.URL + "&x-amz-meta-a=b", "hello", typed, "SignatureDoesNotMatch", false},
			{"own metadata", "PUT", put.URL, "hello", with("X-Amz-Meta-A", "b"), "AccessDenied", true},
			{"as signed", "PUT", put.URL, "hello", typed, "", true},
		} {
			got := send(t, test.method, test.url, test.body, test.header)
			if (knows || test.sure) && (got.Code != test.code || (got.status == 200) != (test.code == "")) {
				t.Errorf("%s: got %d %s %s, want %q", test.name, got.status, got.Code, got.Message, test.code)
			}
			if test.name == "own metadata" && got.HeadersNotSigned != "x-amz-meta-a" {
				t.Errorf("got %q named as not signed, want x-amz-meta-a", got.HeadersNotSigned)
			}
		}
	})
}

func TestPresignedURLsAreTheirCallersAndMeetFaults(t *testing.T) {
	var asked []string
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Permit = func(caller, action, resource string) error {
			if strings.Contains(resource, "/uploads/") {
				asked = append(asked, caller+" "+action)
			}
			return nil
		}
	})
	api, bucket := c.bucket(t)
	put, err := s3.NewPresignClient(api).PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("uploads/1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.server.SetFaults([]byte(`{"seed":1,"rules":[{"service":"s3","operation":"PutObject","caller":"tester","resource":"uploads/","fault":"throttle","rate":1,"count":1}]}`)); err != nil {
		t.Fatal(err)
	}
	if got := send(t, "PUT", put.URL, "hello", put.SignedHeader); got.status != 503 || got.Code != "SlowDown" {
		t.Errorf("got %d %s, want the fault", got.status, got.Code)
	}
	if got := send(t, "PUT", put.URL, "hello", put.SignedHeader); got.status != 200 {
		t.Errorf("got %d %s, want 200", got.status, got.Code)
	}
	if len(asked) != 1 || asked[0] != "tester s3:PutObject" {
		t.Errorf("got permissions asked %q, want the signer's", asked)
	}
}
