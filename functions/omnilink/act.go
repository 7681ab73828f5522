package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"

	"omnihub/internal/hub"
	"omnihub/internal/omnilink/page"
)

// tapHeader marks a tap by our page's script, which gets its answer in JSON. A page of
// another origin could send the header only with our leave, which nobody has.
const tapHeader = "X-Omnihub-Tap"

// mostAgain is how many further taps are made of one page at most before one is taken that
// no retry finds again.
const mostAgain = 4

// derived makes 128 bits of others, which only the page has that it gave to a browser: the
// same each time. So a tap whose answer was lost, and the cookie with it, is the same tap
// when it is sent again, and in the same browser.
func derived(what, id string) string {
	sum := sha256.Sum256([]byte("omnilink " + what + " of tap " + id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// tap takes a tap: by the page's script, or by its form alone.
func (h *handler) tap(w http.ResponseWriter, r *http.Request) {
	page.Private(w.Header())
	script := r.Header.Get(tapHeader) == "1"
	lang := page.Language(r.Header.Get("Accept-Language"), "")
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	form, wrong := url.ParseQuery(string(body))
	id := form.Get("tap")
	if err != nil || wrong != nil || len(body) > maxForm || !h.ours(r) || !typed(r, "application/x-www-form-urlencoded") || !randomForm.MatchString(id) {
		h.fail(w, r, script, lang, hub.E(hub.BadRequest, "omnilink: tap", nil), http.StatusBadRequest)
		return
	}
	// A browser that does not say whose page sent the tap may be made to send it by another
	// one: such a tap is tied to nothing.
	ties := r.Header.Get("Sec-Fetch-Site") != "" || h.from(r.Header.Get("Origin"), r)
	value := derived("no browser", id)
	if ties {
		value = derived("browser", id)
	}
	if c, err := r.Cookie(cookieName); err == nil && ties && randomForm.MatchString(c.Value) {
		value = c.Value
	}
	if len(r.PathValue("token")) > maxToken {
		h.fail(w, r, script, lang, hub.E(hub.NotFound, "omnilink: tap", nil), 0)
		return
	}
	to, err := h.Linker.Tap(r.Context(), r.PathValue("token"), id, hashOf(value))
	for again := 1; hub.CodeOf(err) == hub.Conflict && again <= mostAgain; again++ { // a page from before, shown again
		if id = derived("again", id); again == mostAgain {
			id = random()
		}
		to, err = h.Linker.Tap(r.Context(), r.PathValue("token"), id, hashOf(value))
	}
	if err != nil {
		h.fail(w, r, script, lang, err, 0)
		return
	}
	if ties {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: cookieLife, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	if script {
		answer(w, http.StatusOK, map[string]string{"url": to.URL})
		return
	}
	w.Header().Set("Location", to.URL)
	w.WriteHeader(http.StatusSeeOther)
}

// fail answers a tap that did not go well: with a page where the form was sent, so that
// the customer sees why. A status of 0 is the error's own.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, script bool, lang page.Lang, err error, status int) {
	p := h.refuse(lang, err, r.URL.EscapedPath())
	if status == 0 {
		status = p.Status
	}
	if script {
		answer(w, status, map[string]string{"code": string(hub.CodeOf(err))})
		return
	}
	p.Status = status
	p.Write(w)
}

// ours reports whether our own page sent the request, as far as the browser tells. A
// form of a page that tells nobody its address comes from the origin "null".
func (h *handler) ours(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "null" || h.from(origin, r)
}

// from reports whether an origin is the host that a request is sent to.
func (h *handler) from(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

func typed(r *http.Request, want string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && got == want
}

// comeBack takes a sign-in. What the page says of the person beside the token is not
// taken.
func (h *handler) comeBack(w http.ResponseWriter, r *http.Request) {
	page.Private(w.Header())
	var in struct {
		Code    string     `json:"c"`
		IDToken hub.Secret `json:"id_token"`
	}
	d := json.NewDecoder(io.LimitReader(r.Body, maxReturn))
	d.DisallowUnknownFields()
	if !h.ours(r) || !typed(r, "application/json") || d.Decode(&in) != nil || d.More() ||
		in.Code == "" || len(in.Code) > maxToken || in.IDToken == "" {
		answer(w, http.StatusBadRequest, map[string]string{"state": "failed"})
		return
	}
	out, err := h.Linker.Return(r.Context(), in.Code, in.IDToken, browserOf(r))
	if err == nil {
		answer(w, http.StatusOK, map[string]string{"state": string(out)})
		return
	}
	state, status := "busy", http.StatusServiceUnavailable
	switch hub.CodeOf(err) {
	case hub.NotFound:
		state, status = "missing", http.StatusNotFound
	case hub.Refused:
		state, status = "missing", http.StatusGone
	case hub.DeadlinePassed:
		state, status = "expired", http.StatusGone
	case hub.TokenExpired:
		state, status = "signin", http.StatusUnauthorized
	case hub.BadSignature:
		state, status = "failed", http.StatusUnauthorized
	case hub.RateLimited:
		status = http.StatusTooManyRequests
	case hub.AccountBroken:
		status = http.StatusConflict
	}
	if state == "busy" || state == "failed" {
		h.Log.Warn("omnilink return", "code", string(hub.CodeOf(err)), "error", err)
	}
	answer(w, status, map[string]string{"state": state})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
