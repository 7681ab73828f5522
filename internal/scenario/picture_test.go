package scenario

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"regexp"
)

// The picture that cards bear: red bands above and below a white square.
const (
	pictureWidth, pictureHeight = 800, 1000
	wholeRatio                  = "1.25" // its height by its width
	// shownPicture is the ratio of the picture that a link's page shows, once it is there.
	shownPicture = `(i => i ? (i.complete ? i.naturalHeight / i.naturalWidth : "loading") : "none")(document.querySelector("article img"))`
)

// upload stores the picture as a marketer does, and answers it as a card is given it.
func upload(ctx context.Context) (any, error) {
	drawn := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	const band = (pictureHeight - pictureWidth) / 2
	for y := range pictureHeight {
		c := color.RGBA{255, 255, 255, 255}
		if y < band || y >= pictureHeight-band {
			c = color.RGBA{255, 0, 0, 255}
		}
		for x := range pictureWidth {
			drawn.SetRGBA(x, y, c)
		}
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, drawn); err != nil {
		return nil, err
	}
	place, err := call(ctx, "marketer", "POST", "/pictures", object{"mime": "image/png", "size": raw.Len()}, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, place.Text("method"), place.Text("url"), &raw)
	if err != nil {
		return nil, err
	}
	headers, _ := place.Value("headers").(object)
	for name, v := range headers {
		r.Header.Set(name, fmt.Sprint(v))
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scenario: put the picture: got %d, want 200", resp.StatusCode)
	}
	taken, err := call(ctx, "marketer", "POST", "/pictures/"+place.Text("id")+"/take", nil, http.StatusOK)
	return taken.JSON, err
}

// pictured checks which picture a customer got with the card: whole, or its square middle;
// none if the variant is "".
func (s *scene) pictured(p person, variant string) {
	s.t.Helper()
	all, err := s.Sent(s.ctx, p.channel(), p.name)
	s.must(err)
	at := regexp.MustCompile(regexp.QuoteMeta(stage.front.server.URL) + `/media/demo/[^"]+`)
	var got []string
	for _, c := range all {
		got = append(got, at.FindAllString(c.Body, -1)...)
	}
	if variant == "" {
		if len(got) != 0 {
			s.t.Errorf("%s got the pictures %q, want none", p.name, got)
		}
		return
	}
	if len(got) != 1 {
		s.t.Fatalf("%s got the pictures %q, want one", p.name, got)
	}
	resp, err := stage.front.server.Client().Get(got[0])
	s.must(err)
	defer func() { _ = resp.Body.Close() }()
	shown, err := jpeg.Decode(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: got %d, %v, want a picture", got[0], resp.StatusCode, err)
	}
	size := shown.Bounds().Size()
	ratio := float64(size.Y) / float64(size.X)
	_, green, _, _ := shown.At(size.X/2, 5).RGBA()
	red := green < 0x4000
	if want := map[string]float64{"whole": 1.25, "square": 1}[variant]; ratio != want || red != (variant == "whole") {
		s.t.Errorf("%s got a picture of %v, with its upper band %v; want the %s one", p.name, size, red, variant)
	}
}
