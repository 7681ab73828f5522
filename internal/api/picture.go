package api

import (
	"context"
	"crypto/hmac"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// picture is a stored picture, as it is shown and given. Whoever gives it has got it from
// the API: the proof holds its facts, by which it is judged whether a card may bear it.
type picture struct {
	ID     string            `json:"id"`
	Width  int               `json:"width"`
	Height int               `json:"height"`
	Bytes  int64             `json:"bytes"`
	URLs   map[string]string `json:"urls"`
	Proof  string            `json:"proof"`
}

// stored is the picture as an activity keeps it.
func (p *picture) stored() *hub.LinkImage {
	return &hub.LinkImage{ID: p.ID, Width: p.Width, Height: p.Height, Bytes: p.Bytes, URLs: p.URLs}
}

// picture shows a picture to the team whose it is.
func (c *call) picture(i *hub.LinkImage) *picture {
	if i == nil {
		return nil
	}
	p := &picture{ID: i.ID, Width: i.Width, Height: i.Height, Bytes: i.Bytes, URLs: i.URLs}
	p.Proof = c.proofOf(p)
	return p
}

// proofOf is the proof that the team was told of a picture.
func (c *call) proofOf(p *picture) string {
	parts := []string{p.ID, fmt.Sprint(p.Width), fmt.Sprint(p.Height), fmt.Sprint(p.Bytes)}
	for _, variant := range slices.Sorted(maps.Keys(p.URLs)) {
		parts = append(parts, variant, p.URLs[variant])
	}
	return c.team.Pepper.Value("picture", hub.Digest(parts...))
}

func (c *call) proved(p *picture) bool { return hmac.Equal([]byte(c.proofOf(p)), []byte(p.Proof)) }

type uploadShown struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Expires *string           `json:"expires_at"`
}

// newPicture makes a place to which the caller puts a picture himself.
func (a *API) newPicture(ctx context.Context, c *call) (answer, error) {
	var in struct {
		MIME string `json:"mime"`
		Size int64  `json:"size"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	u, err := a.Library.NewUpload(ctx, c.team.ID, in.MIME, in.Size)
	return answer{body: uploadShown{u.ID, http.MethodPut, u.URL.Reveal(), u.Header, instant(u.Expires)}}, err
}

// takePicture makes the variants of a picture that was put. Their addresses begin with https
// wherever the API was asked, since the platforms show no others; what serves the API serves
// them too, and a card's page asks for them by their paths.
func (a *API) takePicture(ctx context.Context, c *call) (answer, error) {
	p, err := a.Library.Take(ctx, c.team.ID, c.param("picture"), hub.ImageWhole, hub.ImageSquare)
	if err != nil {
		return answer{}, err
	}
	base, urls := a.keeper(ctx).Setup.URL, map[string]string{}
	if host, plain := strings.CutPrefix(base, "http://"); plain {
		base = "https://" + host
	}
	for variant, path := range p.Paths {
		urls[variant] = base + path
	}
	return answer{body: c.picture(&hub.LinkImage{ID: p.ID, Width: p.Width, Height: p.Height, Bytes: p.Bytes, URLs: urls})}, nil
}
