package linetest

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the SDK
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// LIFF and LINE Login, as far as a LIFF app needs them. What LINE has at several hosts
// stands here below one address:
//
//	/liff/{liff id}              https://liff.line.me/{liff id}
//	/liff/edge/2/sdk.js          https://static.line-scdn.net/liff/edge/2/sdk.js
//	/oauth2/v2.1/authorize       https://access.line.me/oauth2/v2.1/authorize
//	/oauth2/v2.1/token, /certs, /friendship/v1/status, /v2/profile: https://api.line.me
//	/R/ti/p/{basic id}           https://line.me/R/ti/p/{basic id}
//
// Whom the browser belongs to stands in its cookie line_customer; without one a page asks.
// A browser whose user agent has "Line/" is the one within LINE's app.
// https://developers.line.biz/en/docs/liff/opening-liff-app/

const customerCookie = "line_customer"

// standIn acts in place of the LIFF SDK.
//
//go:embed sdk.js
var standIn []byte

// liffApp is the LIFF app of an account: its secrets are liff_id, login_channel_id (the
// first part of the liff_id if it is missing), basic_id, and liff_endpoint, which is
// /liff beside the webhook if it is missing.
type liffApp struct {
	*account
	id, login string
}

var liffForm = regexp.MustCompile(`^[0-9]{6,20}-[A-Za-z0-9]{4,20}$`)

// app finds the LIFF app of an id; nil if there is none.
func (p *platform) app(id string) *liffApp {
	for _, a := range p.Accounts {
		if liffForm.MatchString(id) && a.Secrets["liff_id"] == id {
			login, _, _ := strings.Cut(id, "-")
			return &liffApp{a, id, cmp.Or(a.Secrets["login_channel_id"], login)}
		}
	}
	return nil
}

// endpoint is the app's own page, as it was entered in the console.
func (a *liffApp) endpoint() *url.URL {
	u, err := url.Parse(a.Secrets["liff_endpoint"])
	if err == nil && u.Host != "" {
		return u
	}
	if u, err = url.Parse(a.configured); err != nil {
		return &url.URL{}
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/liff"}
}

// grant is what an authorization code or an access token stands for.
type grant struct {
	app       *liffApp
	user      string
	nonce     string
	redirect  string // of a code
	challenge string // of a code: the SHA-256 of the verifier, base64url
}

// signsIn answers the calls and pages of LIFF and LINE Login; false if it is none.
func (p *platform) signsIn(x *exchange) bool {
	path := x.r.URL.Path
	switch {
	case x.r.Method == http.MethodOptions:
		allow(x.w)
		x.w.WriteHeader(http.StatusNoContent)
	case path == "/oauth2/v2.1/certs" && x.r.Method == http.MethodGet:
		x.answer(http.StatusOK, certs())
	case path == "/liff/edge/2/sdk.js":
		fake.Answer(x.w, http.StatusOK, "text/javascript; charset=utf-8", standIn)
	case path == "/liff/closed":
		p.show(x, http.StatusOK, view{Title: "LINE", Text: "The page was closed; here is the chat again."})
	case path == "/liff/token" && x.r.Method == http.MethodPost:
		p.madeToMeasure(x)
	case path == "/liff/messages" && x.r.Method == http.MethodPost:
		p.asCustomer(x, p.say)
	case strings.HasPrefix(path, "/liff/"):
		p.openLIFF(x, strings.TrimPrefix(path, "/liff/"))
	case path == "/oauth2/v2.1/authorize":
		p.authorize(x)
	case path == "/oauth2/v2.1/token" && x.r.Method == http.MethodPost:
		p.exchange(x)
	case path == "/friendship/v1/status":
		p.asCustomer(x, p.friendship)
	case path == "/v2/profile":
		p.asCustomer(x, func(x *exchange, g grant) {
			claims := p.claims(g.app, g.user)
			x.answer(http.StatusOK, map[string]any{"userId": g.user, "displayName": claims["name"]})
		})
	case strings.HasPrefix(path, "/R/ti/p/"):
		p.addFriend(x, strings.TrimPrefix(path, "/R/ti/p/"))
	default:
		return false
	}
	return true
}

// openLIFF is a LIFF URL. Its further path and query go to the endpoint in liff.state,
// and within LINE's app the tokens go along in the fragment.
func (p *platform) openLIFF(x *exchange, rest string) {
	id, path, _ := strings.Cut(rest, "/")
	app := p.app(id)
	if app == nil {
		p.show(x, http.StatusNotFound, view{Title: "LIFF", Text: "There is no such LIFF app."})
		return
	}
	to, query := app.endpoint(), ""
	if path != "" {
		query = "/" + path
	}
	if x.r.URL.RawQuery != "" {
		query += "?" + x.r.URL.RawQuery
	}
	if query != "" {
		q := to.Query()
		q.Set("liff.state", query)
		to.RawQuery = q.Encode()
	}
	if !strings.Contains(x.r.UserAgent(), "Line/") { // the SDK signs in there
		x.redirect(to.String())
		return
	}
	p.ask(x, app, func(user string) {
		to.Fragment = ""
		fragment := url.Values{"access_token": {p.access(app, user)}, "context_token": {"c." + hexToken()}, "feature_token": {"f." + hexToken()},
			"id_token": {p.idToken(app, user, "")}, "client_id": {app.login}}
		x.redirect(to.String() + "#" + fragment.Encode())
	}, func() { x.redirect("closed") })
}

// authorize is LINE Login's page for other browsers.
// https://developers.line.biz/en/docs/line-login/integrate-line-login/#making-an-authorization-request
func (p *platform) authorize(x *exchange) {
	q := x.r.URL.Query()
	app := p.app(q.Get("liff_id"))
	back, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case app == nil || q.Get("client_id") != app.login || q.Get("response_type") != "code" || q.Get("state") == "":
		p.show(x, http.StatusBadRequest, view{Title: "400 Bad Request", Text: "The request is not one of LINE Login."})
		return
	case err != nil || back.Scheme+back.Host != app.endpoint().Scheme+app.endpoint().Host || !strings.HasPrefix(back.Path, app.endpoint().Path):
		p.show(x, http.StatusBadRequest, view{Title: "400 Bad Request", Text: "Invalid redirect_uri value. Check if it is registered in a LINE developers site."})
		return
	}
	answer := func(values url.Values) {
		query := back.Query()
		for name, v := range values {
			query[name] = v
		}
		query.Set("state", q.Get("state"))
		back.RawQuery = query.Encode()
		x.redirect(back.String())
	}
	p.ask(x, app, func(user string) {
		code := hexToken()
		p.Mu.Lock()
		p.grants[code] = grant{app: app, user: user, nonce: q.Get("nonce"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge")}
		p.Mu.Unlock()
		answer(url.Values{"code": {code}})
	}, func() {
		answer(url.Values{"error": {"access_denied"}, "error_description": {"The resource owner denied the request."}})
	})
}

// exchange gives tokens for a code, once.
// https://developers.line.biz/en/reference/line-login/#issue-access-token
func (p *platform) exchange(x *exchange) {
	allow(x.w)
	form, err := url.ParseQuery(string(x.body))
	code := form.Get("code")
	p.Mu.Lock()
	g, ok := p.grants[code]
	delete(p.grants, code)
	p.Mu.Unlock()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if err != nil || !ok || g.redirect == "" || form.Get("grant_type") != "authorization_code" || form.Get("client_id") != g.app.login ||
		form.Get("redirect_uri") != g.redirect || b64.EncodeToString(sum[:]) != g.challenge {
		x.answer(http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "invalid authorization code"})
		return
	}
	x.answer(http.StatusOK, map[string]any{"access_token": p.access(g.app, g.user), "expires_in": 2592000, "id_token": p.idToken(g.app, g.user, g.nonce),
		"refresh_token": hexToken(), "scope": "profile openid", "token_type": "Bearer"})
}

// access makes an access token of a customer.
func (p *platform) access(app *liffApp, user string) string {
	token := hexToken()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.grants[token] = grant{app: app, user: user}
	return token
}

// asCustomer serves a call that is made with a customer's access token.
func (p *platform) asCustomer(x *exchange, do func(*exchange, grant)) {
	allow(x.w)
	token := strings.TrimPrefix(x.r.Header.Get("Authorization"), "Bearer ")
	p.Mu.Lock()
	g, ok := p.grants[token]
	p.Mu.Unlock()
	if !ok || g.redirect != "" {
		x.answer(http.StatusUnauthorized, map[string]string{"message": "The access token is invalid"})
		return
	}
	do(x, g)
}

// friendship tells whether the customer is the account's friend, and has not blocked it.
// https://developers.line.biz/en/reference/line-login/#get-friendship-status
func (p *platform) friendship(x *exchange, g grant) {
	x.answer(http.StatusOK, map[string]bool{"friendFlag": p.isFriend(g.app.account, g.user)})
}

// isFriend reports whether the customer has added the account, and has not blocked it.
func (p *platform) isFriend(a *account, user string) bool {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	c := a.customers[user]
	return c != nil && !c.Unmet && !c.Stranger && !c.Blocked
}

// say sends texts in the customer's name, as liff.sendMessages does.
// https://developers.line.biz/en/reference/liff/#send-messages
func (p *platform) say(x *exchange, g grant) {
	var in struct {
		Messages []struct{ Type, Text string } `json:"messages"`
	}
	if json.Unmarshal(x.body, &in) != nil || len(in.Messages) == 0 || len(in.Messages) > 5 {
		x.refuse(http.StatusBadRequest, "messages: 1 to 5")
		return
	}
	for _, m := range in.Messages {
		if m.Type != "text" {
			x.refuse(http.StatusBadRequest, "only texts are taken here")
			return
		}
		if _, err := p.Act(x.r.Context(), fake.Act{Account: g.app.ID, From: g.user, Text: m.Text}); err != nil {
			x.refuse(http.StatusForbidden, "%v", err)
			return
		}
	}
	x.answer(http.StatusOK, struct{}{})
}

// allow lets pages of other origins read the answer, as LINE's API does.
func allow(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
}
