package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/apigw"
	"omnihub/internal/blob"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/media"
	"omnihub/internal/settings"
)

// scene is the function with one picture in its bucket.
type scene struct {
	*hubtest.Hub
	t     *testing.T
	call  func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	paths map[string]string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	h := hubtest.New(t)
	blobs := blob.New(h.AWS("media"), "media-test", true, h.Clock.Now)
	if _, err := blobs.Client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &blobs.Bucket}); err != nil {
		t.Fatal(err)
	}
	lib := &media.Library{Settings: settings.NewReader(h.Store, h.Keyring, h.Clock.Now), Blobs: blobs}
	m := image.NewRGBA(image.Rect(0, 0, 800, 700))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	m.Set(0, 0, color.White)
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, m, nil); err != nil {
		t.Fatal(err)
	}
	p, err := lib.Save(t.Context(), hubtest.Team, raw.Bytes(), hub.ImageWhole, hub.ImageSquare)
	if err != nil {
		t.Fatal(err)
	}
	h.Cloud.Meter().Reset()
	return &scene{Hub: h, t: t, call: apigw.Handler(&handler{Library: lib}), paths: p.Paths}
}

// get asks for a path as the gateway hands it on.
func (s *scene) get(path string, change ...func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPResponse {
	s.t.Helper()
	parts := strings.Split(path, "/")
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Headers: map[string]string{"host": "hub.example"},
		PathParameters: map[string]string{"team": parts[2], "file": parts[3]}}
	e.RequestContext.HTTP.Method = "GET"
	for _, c := range change {
		c(&e)
	}
	out, err := s.call(s.t.Context(), e)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// reads are the calls to the bucket since the last time.
func (s *scene) reads() int {
	n := 0
	for _, c := range s.Cloud.Meter().Counts() {
		if c.Service == "s3" {
			n += c.Calls
		}
	}
	s.Cloud.Meter().Reset()
	return n
}

func TestPictureIsServedForEver(t *testing.T) {
	s := newScene(t)
	for variant, size := range map[string]image.Point{hub.ImageWhole: {X: 800, Y: 700}, hub.ImageSquare: {X: 700, Y: 700}} {
		got := s.get(s.paths[variant])
		body, err := base64.StdEncoding.DecodeString(got.Body)
		if err != nil || got.StatusCode != 200 || !got.IsBase64Encoded {
			t.Fatalf("%s: got %d, %v, want the picture", variant, got.StatusCode, err)
		}
		if m, err := jpeg.Decode(bytes.NewReader(body)); err != nil || m.Bounds().Size() != size {
			t.Errorf("%s: got %v, want %v", variant, err, size)
		}
		for name, want := range map[string]string{"content-type": "image/jpeg", "cache-control": "public, max-age=31536000, immutable",
			"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox", "cross-origin-resource-policy": "cross-origin"} {
			if got.Headers[name] != want {
				t.Errorf("%s: got %s %q, want %q", variant, name, got.Headers[name], want)
			}
		}
		if tag := got.Headers["etag"]; tag != `"`+strings.Split(s.paths[variant], "/")[3][:26]+`"` {
			t.Errorf("%s: got tag %s, want the hash", variant, tag)
		}
		if n := s.reads(); n != 1 {
			t.Errorf("%s: got %d calls to the bucket, want 1", variant, n)
		}
	}
}

func TestWhoHasThePictureGetsItNotAgain(t *testing.T) {
	s := newScene(t)
	path := s.paths[hub.ImageWhole]
	tag := s.get(path).Headers["etag"]
	s.reads()
	for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		got := s.get(path, func(e *events.APIGatewayV2HTTPRequest) { e.Headers["if-none-match"] = header })
		if got.StatusCode != want {
			t.Errorf("If-None-Match %s: got %d, want %d", header, got.StatusCode, want)
		}
		reads := s.reads()
		if want == 304 && (reads != 0 || got.Body != "" || got.Headers["etag"] != tag || got.Headers["cache-control"] != forever) {
			t.Errorf("If-None-Match %s: got %d bytes, %v with %d reads, want tag and age only", header, len(got.Body), got.Headers, reads)
		}
	}
}

func TestWhatIsNotThereIsRefusedAlike(t *testing.T) {
	s := newScene(t)
	path := s.paths[hub.ImageWhole]
	team, file := strings.Split(path, "/")[2], strings.Split(path, "/")[3]
	var first string
	for _, bad := range []string{
		"/media/" + team + "/x.jpg", "/media/" + team + "/" + strings.Replace(file, "-whole.", "-square.", 1), "/media/other/" + file, "/media/" + team + "/" + file + ".html",
		"/media/" + team + "/" + file[:27] + "whole.aaaaaaaaaaaaaaaa.jpg", "/media//", "/media/" + team + "/" + strings.Repeat("a", 9000),
	} {
		got := s.get(bad)
		if first == "" {
			first = got.Body
		}
		if got.StatusCode != 404 || got.Body != first || got.Headers["cache-control"] != "no-store" || got.Headers["x-content-type-options"] != "nosniff" || got.Headers["etag"] != "" {
			t.Errorf("%.80s: got %d %s %v, want 404 as for all others", bad, got.StatusCode, got.Body, got.Headers)
		}
	}
	if n := s.reads(); n != 0 {
		t.Errorf("got %d calls to the bucket, want none", n)
	}
}

func TestOtherMethodsAndOutagesAreToldApart(t *testing.T) {
	s := newScene(t)
	path := s.paths[hub.ImageWhole]
	got := s.get(path, func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "PUT" })
	if got.StatusCode != 405 || got.Headers["allow"] != "GET" || s.reads() != 0 {
		t.Errorf("got %d %v, want 405", got.StatusCode, got.Headers)
	}
	if err := s.Cloud.SetFaults([]byte(`{"seed":1,"rules":[{"service":"s3","operation":"GetObject","caller":"*","resource":"pictures/","fault":"down"}]}`)); err != nil {
		t.Fatal(err)
	}
	got = s.get(path)
	if got.StatusCode != 503 || got.Headers["cache-control"] != "no-store" || strings.Contains(got.Body, "media-test") {
		t.Errorf("got %d %v %s, want 503 that no cache keeps", got.StatusCode, got.Headers, got.Body)
	}
	if err := s.Cloud.SetFaults([]byte("null")); err != nil {
		t.Fatal(err)
	}
	if got = s.get(path); got.StatusCode != 200 {
		t.Errorf("got %d after the outage, want 200", got.StatusCode)
	}
}
