package api

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// upload puts a file where the API says, and answers the path by which it is taken.
func (sc *scene) upload(file []byte) string {
	sc.t.Helper()
	got := sc.call("POST", "/pictures", fmt.Sprintf(`{"mime":"image/png","size":%d}`, len(file)), "").want(sc.t, "place", 201, "")
	r, err := http.NewRequest(got.text("method"), got.text("url"), bytes.NewReader(file))
	sc.must(err)
	headers, _ := got.value("headers").(map[string]any)
	for name, v := range headers {
		r.Header.Set(name, fmt.Sprint(v))
	}
	res, err := http.DefaultClient.Do(r)
	sc.must(err)
	res.Body.Close()
	if res.StatusCode != 200 || got.text("expires_at") == "" {
		sc.t.Fatalf("got %d, want the file taken: %s", res.StatusCode, got.raw)
	}
	return "/pictures/" + got.text("id") + "/take"
}

func TestPictureIsPutTakenAndBorneByACard(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.bucket()
	var raw bytes.Buffer
	sc.must(png.Encode(&raw, image.NewGray(image.Rect(0, 0, 700, 350))))
	empty := sc.call("POST", "/pictures", `{"mime":"image/png","size":100}`, "").want(t, "place", 201, "").text("id")
	sc.call("POST", "/pictures/"+empty+"/take", "", "").want(t, "what was not put", 404, hub.NotFound)
	path := sc.upload(raw.Bytes())
	got := sc.call("POST", path, "", "").want(t, "take", 200, "")
	if got.value("width") != 700.0 || got.value("height") != 350.0 || !strings.HasPrefix(got.text("urls", "square"), "http") {
		t.Errorf("got %s", got.raw)
	}
	if again := sc.call("POST", path, "", ""); again.raw != got.raw {
		t.Errorf("got %s, want it as before: %s", again.raw, got.raw)
	}
	sc.do(ask{as: "admin@rival", team: other, method: "POST", path: path}).want(t, "another team's", 404, hub.NotFound)

	made := sc.call("POST", "/activities", with(linking("summer", "line1"), "card.image", got.value()), "").want(t, "with a picture", 201, "")
	if made.text("card", "image", "proof") != got.text("proof") || made.text("card", "image", "urls", "whole") != got.text("urls", "whole") {
		t.Errorf("got %s, want the picture", made.raw)
	}
	sc.call("PUT", "/activities/summer", with(linking("", "line1"), "card.image", made.value("card", "image")), `"1"`).want(t, "as it was shown", 200, "")
	for field, v := range map[string]any{"width": 701, "height": 1, "bytes": 1, "id": strings.Repeat("a", 26), "urls.whole": "https://evil.example/x.jpg", "proof": strings.Repeat("a", 32)} {
		forged := with(with(linking("", "line1"), "card.image", got.value()), "card.image."+field, v)
		bad := sc.call("PUT", "/activities/summer", forged, `"2"`).want(t, field, 400, hub.BadRequest)
		if bad.text("errors", 0, "field") != "/card/image/proof" {
			t.Errorf("%s: got %s, want the proof named", field, bad.raw)
		}
	}
	sc.whatsApp(other)
	sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/accounts",
		body: `{"id":"line2","connection":"line2","channel":"line","external_id":"U2","unchecked":true,"secrets":{"channel_secret":"s","channel_token":"t"}}`}).want(t, "account", 201, "")
	rival := ask{as: "admin@rival", team: other, method: "POST", path: "/activities", body: with(linking("x1", "line2"), "card.image", got.value())}
	if bad := sc.do(rival).want(t, "another team's", 400, hub.BadRequest); bad.text("errors", 0, "field") != "/card/image/proof" {
		t.Errorf("got %s, want the proof named", bad.raw)
	}

	raw.Reset()
	sc.must(png.Encode(&raw, image.NewGray(image.Rect(0, 0, 659, 100))))
	small := sc.call("POST", sc.upload(raw.Bytes()), "", "").want(t, "too narrow", 400, "image_width")
	if small.text("detail") != "The image must be at least 660 pixels wide." {
		t.Errorf("got %s, want the rule in words", small.raw)
	}
	sc.call("POST", sc.upload([]byte("no picture")), "", "").want(t, "no picture", 400, "image_format")
	for text, field := range map[string]string{`{"mime":"image/gif","size":1}`: "/mime", `{"mime":"image/png","size":5242880}`: "/size", `{"mime":"image/png","size":0}`: "/size"} {
		if got := sc.call("POST", "/pictures", text, "").want(t, text, 400, hub.BadRequest); got.text("errors", 0, "field") != field {
			t.Errorf("%s: got %s, want %s named", text, got.raw, field)
		}
	}
}

// TestPictureHasAnAddressThatPlatformsShow, on a developer's machine too, where the API is
// asked by http.
func TestPictureHasAnAddressThatPlatformsShow(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.bucket()
	sc.API.Keeper.Setup.URL = ""
	var raw bytes.Buffer
	sc.must(png.Encode(&raw, image.NewGray(image.Rect(0, 0, 700, 350))))
	for address, want := range map[string]string{"http://127.0.0.1:3000": "https://127.0.0.1:3000/media/test/", "https://hub.example": "https://hub.example/media/test/"} {
		got := sc.do(ask{as: "marketing_agent", method: "POST", path: sc.upload(raw.Bytes()), address: address}).want(t, "take", 200, "")
		if u := got.text("urls", "whole"); !strings.HasPrefix(u, want) {
			t.Errorf("asked at %s: got %s, want it below %s", address, u, want)
		}
		id := strings.NewReplacer("://", "", ".", "", ":", "").Replace(address)
		sc.call("POST", "/activities", with(linking(id, "line1"), "card.image", got.value()), "").want(t, "on a card", 201, "")
	}
}
