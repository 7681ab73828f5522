package messengertest

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// token is what stands behind a Page's access token. A Page's token never ends by
// itself.
type token struct {
	Value       string
	Expires     time.Time // zero = never
	DataExpires time.Time // zero = never
	Revoked     bool
	Kind        string // "" = PAGE
	Scopes      []string
}

// allScopes are the permissions of a token as the App Dashboard makes it.
func allScopes() []string {
	return []string{"pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement", "business_management", "public_profile"}
}

// refused tells what Meta says of a token; nil if it is good.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
func (t *token) refused(now time.Time) *refusal {
	switch {
	case t.Revoked:
		return metatest.Revoked(http.StatusBadRequest)
	case !t.Expires.IsZero() && !now.Before(t.Expires):
		return metatest.Expired(t.Expires, now)
	}
	return nil
}

func (t *token) has(scope string) bool { return slices.Contains(t.Scopes, scope) }

// setToken makes the Page's token what the tester wants it to be.
func (p *platform) setToken(g *page, x extra) error {
	t, now := g.token, p.Now()
	after := func(seconds *int64, to *time.Time) {
		if seconds != nil {
			*to = now.Add(time.Duration(*seconds) * time.Second)
		}
	}
	after(x.ExpiresIn, &t.Expires)
	after(x.DataExpiresIn, &t.DataExpires)
	if x.Scopes != nil {
		t.Scopes = *x.Scopes
	}
	if x.Token != "" {
		for _, other := range p.Accounts {
			if other != g && other.token.Value == x.Token {
				return errors.New("messengertest: act: the token is another Page's")
			}
		}
		t.Value = x.Token
	}
	t.Revoked, t.Kind = x.Revoked, x.Kind
	p.Journal.Record("token", tokenEntry{g.ID, t})
	return nil
}

// debugged is what Meta tells of a token.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
type debugged struct {
	App         string         `json:"app_id"`
	Kind        string         `json:"type,omitempty"`
	Name        string         `json:"application,omitempty"`
	DataExpires int64          `json:"data_access_expires_at"`
	Expires     int64          `json:"expires_at"`
	Error       map[string]any `json:"error,omitempty"`
	Valid       bool           `json:"is_valid"`
	Issued      int64          `json:"issued_at,omitempty"`
	Profile     string         `json:"profile_id,omitempty"`
	Scopes      []string       `json:"scopes"`
	Granular    []granted      `json:"granular_scopes,omitempty"`
	User        string         `json:"user_id,omitempty"`
}

type granted struct {
	Scope   string   `json:"scope"`
	Targets []string `json:"target_ids,omitempty"`
}

// debug tells about a token: to its own app, and to the token itself.
func (p *platform) debug(x *exchange) *refusal {
	input := x.R.URL.Query().Get("input_token")
	if input == "" {
		return metatest.Invalid("The parameter input_token is required")
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	var g *page
	for _, one := range p.Accounts {
		if one.token.Value == input {
			g = one
		}
	}
	out := debugged{App: x.app.ID, Scopes: []string{}}
	switch {
	case g == nil:
		out.Error = map[string]any{"code": 190, "message": metatest.Unparsed}
	case g.app != x.app:
		return &refusal{Status: 400, Code: 100, Message: "(#100) The App_id in the input_token did not match the Viewing App"}
	default:
		t := g.token
		out.App, out.Kind, out.Name, out.Profile, out.Scopes = g.app.ID, "PAGE", "Omnihub", g.ExternalID, t.Scopes
		if t.Kind != "" {
			out.Kind = t.Kind
		}
		out.Valid, out.User = true, fake.Digits(16, "owner", g.app.Secret)
		if !t.Expires.IsZero() {
			out.Expires = t.Expires.Unix()
		}
		if !t.DataExpires.IsZero() {
			out.DataExpires = t.DataExpires.Unix()
		}
		for _, scope := range t.Scopes {
			one := granted{Scope: scope}
			if scope != "public_profile" {
				one.Targets = []string{g.ExternalID}
			}
			out.Granular = append(out.Granular, one)
		}
		if r := t.refused(p.Now()); r != nil {
			out.Valid, out.Error = false, map[string]any{"code": r.Code, "message": r.Message, "subcode": r.Subcode}
		}
	}
	x.Answer(http.StatusOK, map[string]any{"data": out})
	return nil
}
