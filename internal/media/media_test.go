package media_test

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	stdimage "image"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/blob"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/image"
	"omnihub/internal/media"
	"omnihub/internal/settings"
)

var ctx = context.Background()

func newLibrary(t testing.TB) (*hubtest.Hub, *media.Library) {
	t.Helper()
	h := hubtest.New(t)
	blobs := blob.New(h.AWS("media"), "media-test", true, h.Clock.Now)
	if _, err := blobs.Client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &blobs.Bucket}); err != nil {
		t.Fatal(err)
	}
	return h, &media.Library{Settings: settings.NewReader(h.Store, h.Keyring, h.Clock.Now), Blobs: blobs}
}

func picture(w, h int) stdimage.Image {
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{byte(x), byte(y), 100, 255})
		}
	}
	return m
}

func asPNG(t testing.TB, m stdimage.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func put(t testing.TB, u media.Upload, body []byte) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, u.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range u.Header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// split is team and file of an address.
func split(t testing.TB, path string) (hub.TeamID, string) {
	t.Helper()
	parts := strings.Split(path, "/")
	if len(parts) != 4 || parts[0] != "" || parts[1] != "media" {
		t.Fatalf("got address %q, want /media/<team>/<file>", path)
	}
	return hub.TeamID(parts[2]), parts[3]
}

func TestUploadedPictureIsFoundByItsAddresses(t *testing.T) {
	_, lib := newLibrary(t)
	raw := asPNG(t, picture(1500, 750))
	u, err := lib.NewUpload(ctx, hubtest.Team, "image/png", int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lib.Take(ctx, hubtest.Team, u.ID, hub.ImageWhole); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("before it was put: got %v, want not_found", err)
	}
	if status := put(t, u, raw); status != 200 {
		t.Fatalf("got %d, want it taken", status)
	}
	if _, err := lib.Take(ctx, "other", u.ID, hub.ImageWhole); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("by another team: got %v, want not_found", err)
	}
	p, err := lib.Take(ctx, hubtest.Team, u.ID, hub.ImageWhole, hub.ImageSquare)
	if err != nil || len(p.ID) != 26 || p.Width != 1500 || p.Height != 750 || p.Bytes != int64(len(raw)) || len(p.Paths) != 2 {
		t.Fatalf("got %+v, %v", p, err)
	}
	again, err := lib.Take(ctx, hubtest.Team, u.ID, hub.ImageSquare, hub.ImageWhole)
	if err != nil || again.ID != p.ID || again.Paths[hub.ImageWhole] != p.Paths[hub.ImageWhole] || again.Paths[hub.ImageSquare] != p.Paths[hub.ImageSquare] {
		t.Errorf("again: got %+v, %v, want %+v", again, err, p)
	}
	for variant, size := range map[string]stdimage.Point{hub.ImageWhole: {X: 1024, Y: 512}, hub.ImageSquare: {X: 750, Y: 750}} {
		team, name := split(t, p.Paths[variant])
		f, err := lib.Find(ctx, team, name)
		if err != nil || f.Variant != variant || f.Team != hubtest.Team {
			t.Fatalf("%s: got %+v, %v", variant, f, err)
		}
		body, err := lib.Read(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := jpeg.Decode(bytes.NewReader(body)); err != nil || m.Bounds().Size() != size {
			t.Errorf("%s: got %v, %v, want %v", variant, m.Bounds(), err, size)
		}
	}
}

func TestPictureThatBreaksARuleIsNotStored(t *testing.T) {
	h, lib := newLibrary(t)
	h.Cloud.Meter().Reset()
	narrow := asPNG(t, picture(659, 700))
	for name, test := range map[string]struct {
		try  func() error
		want image.Rule
	}{
		"other type": {func() error { _, err := lib.NewUpload(ctx, hubtest.Team, "image/gif", 10); return err }, image.Known},
		"too large":  {func() error { _, err := lib.NewUpload(ctx, hubtest.Team, "image/png", image.MaxBytes+1); return err }, image.Small},
		"empty":      {func() error { _, err := lib.NewUpload(ctx, hubtest.Team, "image/png", 0); return err }, image.Small},
		"too narrow": {func() error { _, err := lib.Save(ctx, hubtest.Team, narrow, hub.ImageWhole); return err }, image.Wide},
		"no picture": {func() error { _, err := lib.Save(ctx, hubtest.Team, []byte("<html>"), hub.ImageWhole); return err }, image.Known},
		"cut off": {func() error {
			_, err := lib.Save(ctx, hubtest.Team, asPNG(t, picture(700, 700))[:2000], hub.ImageWhole)
			return err
		}, image.Whole},
	} {
		err := test.try()
		if !errors.Is(err, test.want) || hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	if calls, _, _ := h.Calls("media"); calls != 0 {
		t.Errorf("got %d calls, want none", calls)
	}
	if err := lib.Blobs.Put(ctx, "uploads/"+string(hubtest.Team)+"/"+strings.Repeat("a", 32), make([]byte, image.MaxBytes+1), "image/png"); err != nil {
		t.Fatal(err)
	}
	if _, err := lib.Take(ctx, hubtest.Team, strings.Repeat("a", 32), hub.ImageWhole); !errors.Is(err, image.Small) {
		t.Errorf("got %v for an upload that grew, want %q", err, image.Small)
	}
	for _, id := range []string{"", "../" + string(hubtest.Team) + "/x", strings.Repeat("a", 31), strings.Repeat("A", 32)} {
		if _, err := lib.Take(ctx, hubtest.Team, id); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("upload %q: got %v, want not_found", id, err)
		}
	}
}

func TestMadeUpAddressesCostNoReadOfTheBucket(t *testing.T) {
	h, lib := newLibrary(t)
	p, err := lib.Save(ctx, hubtest.Team, asPNG(t, picture(700, 100)), hub.ImageWhole)
	if err != nil {
		t.Fatal(err)
	}
	h.Cloud.Meter().Reset()
	team, name := split(t, p.Paths[hub.ImageWhole])
	find := func(team hub.TeamID, name string) {
		t.Helper()
		if f, err := lib.Find(ctx, team, name); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%s/%s: got %+v, %v, want not_found", team, name, f, err)
		}
	}
	for i := range name { // every character counts
		c := byte('a')
		if name[i] == 'a' {
			c = 'b'
		}
		find(team, name[:i]+string(c)+name[i+1:])
	}
	find("other", name)
	find("../x", name)
	for _, bad := range []string{"", ".jpg", name + "x", name[:len(name)-4], strings.ToUpper(name), strings.Replace(name, "-whole.", "-square.", 1), "../" + name,
		strings.Repeat("a", 1<<16), name[:26] + "-" + strings.Repeat("a", 1<<16) + name[32:]} {
		find(team, bad)
	}
	if calls, _, _ := h.Calls("media"); calls != 0 {
		t.Errorf("got %d calls to the bucket, want none", calls)
	}
	if _, err := lib.Find(ctx, team, name); err != nil {
		t.Errorf("the address itself: got %v", err)
	}
}

func TestAddressStaysGoodWhenKeysAreChanged(t *testing.T) {
	h, lib := newLibrary(t)
	raw := asPNG(t, picture(700, 100))
	before, err := lib.Save(ctx, hubtest.Team, raw, hub.ImageWhole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Setup.RotateEdge(ctx); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(2 * time.Minute)
	after, err := lib.Save(ctx, hubtest.Team, raw, hub.ImageWhole)
	if err != nil || after.Paths[hub.ImageWhole] == before.Paths[hub.ImageWhole] {
		t.Errorf("got %v, %v, want another address by the new key", after.Paths, err)
	}
	for _, p := range []media.Picture{before, after} {
		team, name := split(t, p.Paths[hub.ImageWhole])
		f, err := lib.Find(ctx, team, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lib.Read(ctx, f); err != nil {
			t.Errorf("got %v, want the picture", err)
		}
	}
}

func FuzzFind(f *testing.F) {
	_, lib := newLibrary(f)
	p, err := lib.Save(ctx, hubtest.Team, asPNG(f, picture(660, 10)), hub.ImageWhole)
	if err != nil {
		f.Fatal(err)
	}
	team, good := split(f, p.Paths[hub.ImageWhole])
	for _, name := range []string{good, good[:len(good)-1], "", "..", strings.ToUpper(good)} {
		f.Add(string(team), name)
	}
	f.Fuzz(func(t *testing.T, team, name string) {
		_, err := lib.Find(ctx, hub.TeamID(team), name)
		if (err == nil) != (team == string(hubtest.Team) && name == good) || err != nil && hub.CodeOf(err) != hub.NotFound {
			t.Fatalf("%s/%s: got %v", team, name, err)
		}
	})
}
