package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/omnilink/page"
)

// Linker is what the pages ask and tell. Errors by code: NotFound for what does not exist,
// Refused for what leads nowhere any more, DeadlinePassed for a code that has expired or
// was used, RateLimited for too many tries; the others may pass.
type Linker interface {
	// Look tells what a link leads to. It writes nothing: robots and previews look too.
	Look(ctx context.Context, token string) (View, error)
	// Tap counts a tap, once for each tap id, and gives the address that the customer is
	// sent to, with a fresh code. Browser is the hash of the browser's cookie. Conflict if
	// the code of the tap id was used or has ended: it is another tap then. AccountBroken if
	// no link can be made to the target now.
	Tap(ctx context.Context, token, tap, browser string) (Target, error)
	// Arrive tells where a code is to sign in. It writes nothing.
	Arrive(ctx context.Context, code string) (Arrival, error)
	// Return completes what a code began, for who signed in. Further errors: TokenExpired
	// for a sign-in that has ended, BadSignature for one that is not accepted, AccountBroken
	// if the platform refuses the target account. Browser is "" if the browser has no cookie.
	Return(ctx context.Context, code string, idToken hub.Secret, browser string) (Outcome, error)
}

// View is what a link leads to.
type View struct {
	Language     string // BCP 47, for who wants none that the pages have
	Text, Button string // of the card
	Image        string // of https; shown if our own host serves it; "" = none
	Brand        string // the target account's name
	Chat         bool   // the target is a chat; else a sign-in
	To           channel.Landing
}

// Target is where a tap leads to.
type Target struct{ URL string }

// Arrival is the sign-in of a code.
type Arrival struct {
	Language string
	Brand    string // the target account's name
	Login    channel.LoginPage
}

// Outcome is what came of a return. The words go to the page's script.
type Outcome string

// The outcomes.
const (
	Linked  Outcome = "linked"
	Pending Outcome = "pending" // the customer is asked in the source's chat
	Friend  Outcome = "friend"  // the account is to be added as a friend first: no link
	Failed  Outcome = "failed"
)

const (
	// cookieName has the prefix by which browsers take it from this host alone, and not
	// from one beside it: https://developer.mozilla.org/docs/Web/HTTP/Cookies#cookie_prefixes
	cookieName = "__Host-oh_tap"
	// cookieLife is longer than any code's, in seconds.
	cookieLife = 3600
	maxToken   = 64
	maxForm    = 4 << 10
	maxReturn  = 16 << 10
)

// handler answers GET and POST /l/{token} and /liff.
type handler struct {
	Linker Linker
	Base   string // the API's own address: "https://hooks.example"; "" = as the request has it
	Log    *slog.Logger
	// Metrics is flushed after each request; nil counts nothing.
	Metrics *metric.Meter
	mux     *http.ServeMux
}

func newHandler(l Linker, base string, log *slog.Logger) *handler {
	h := &handler{Linker: l, Base: strings.TrimSuffix(base, "/"), Log: log, mux: http.NewServeMux()}
	h.mux.HandleFunc("GET /l/{token}", h.look)
	h.mux.HandleFunc("POST /l/{token}", h.tap)
	h.mux.HandleFunc("GET /liff", h.arrive)
	h.mux.HandleFunc("POST /liff", h.comeBack)
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.Metrics.Flush()
	h.mux.ServeHTTP(w, r)
}

// look shows a link's page.
func (h *handler) look(w http.ResponseWriter, r *http.Request) {
	v, err := View{}, error(hub.E(hub.NotFound, "omnilink: look", nil))
	if token := r.PathValue("token"); len(token) <= maxToken {
		v, err = h.Linker.Look(r.Context(), token)
	}
	lang := page.Language(r.Header.Get("Accept-Language"), v.Language)
	if err != nil {
		h.refuse(lang, err, r.URL.EscapedPath()).Write(w)
		return
	}
	base := h.base(r)
	page.Tap(lang, page.Read(r.UserAgent()), page.Card{
		Text: v.Text, Button: v.Button, Image: beside(base, v.Image), Brand: v.Brand, Chat: v.Chat, To: v.To,
		Link: base + r.URL.EscapedPath(), Tap: random(),
	}).Write(w)
}

// beside is the address of a picture as a page at base asks for it: by the path alone if
// the same host has it. Pictures have addresses of https, as the platforms want them, and
// on a developer's machine the host has no https.
func beside(base, picture string) string {
	own, err := url.Parse(base)
	u, wrong := url.Parse(picture)
	if err != nil || wrong != nil || u.Host == "" || u.Host != own.Host {
		return picture
	}
	return u.EscapedPath()
}

// base is the API's own address. Whoever sends another host gets a page about that one,
// and nobody else does: no page is stored.
func (h *handler) base(r *http.Request) string {
	switch {
	case h.Base != "":
		return h.Base
	case r.Header.Get("X-Forwarded-Proto") == "http":
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// arrive shows the sign-in's page. The platform's own redirect has our query within one
// of its parameters.
// https://developers.line.biz/en/docs/liff/opening-liff-app/
func (h *handler) arrive(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("c")
	if state := r.URL.Query().Get("liff.state"); code == "" && state != "" {
		if u, err := url.Parse(state); err == nil {
			code = u.Query().Get("c")
		}
	}
	a, err := Arrival{}, error(hub.E(hub.NotFound, "omnilink: arrive", nil))
	if code != "" && len(code) <= maxToken {
		a, err = h.Linker.Arrive(r.Context(), code)
	}
	lang := page.Language(r.Header.Get("Accept-Language"), a.Language)
	if err != nil {
		h.refuse(lang, err, r.URL.RequestURI()).Write(w)
		return
	}
	page.Login(lang, page.SignIn{Code: code, Brand: a.Brand, Login: a.Login}).Write(w)
}

// refuse is the page for what did not go well.
func (h *handler) refuse(lang page.Lang, err error, path string) page.Page {
	switch hub.CodeOf(err) {
	case hub.NotFound, hub.BadRequest:
		return page.Missing(lang, false)
	case hub.Refused:
		return page.Missing(lang, true)
	case hub.DeadlinePassed:
		return page.Expired(lang)
	}
	h.Log.Warn("omnilink page", "code", string(hub.CodeOf(err)), "error", err)
	p := page.Busy(lang, path)
	switch hub.CodeOf(err) {
	case hub.RateLimited:
		p.Status = http.StatusTooManyRequests
	case hub.AccountBroken: // the team's to mend: nothing of ours has failed
		p.Status = http.StatusConflict
	}
	return p
}

// random is 128 bits in 22 characters.
func random() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

var randomForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

// browserOf is the hash of the browser's cookie; "" if it has none.
func browserOf(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil || !randomForm.MatchString(c.Value) {
		return ""
	}
	return hashOf(c.Value)
}

func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
