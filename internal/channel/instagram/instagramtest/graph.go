package instagramtest

import (
	"mime"
	"net/http"
	"regexp"
	"strings"

	"omnihub/internal/channel/meta/metatest"
)

// exchange is one call of the API.
type exchange struct {
	metatest.Call
	login   bool     // graph.instagram.com
	node    string   // the object that is called: an id, "me", or a name
	edge    string   // "messages"; "" = the object itself
	account *account // whose token it is, or one of the app's
	token   *token   // nil: the app's own
	faults  faults
}

func (x *exchange) refuse(r *refusal) {
	kind := metatest.OAuth
	if x.login {
		kind = ofInstagram
	}
	x.Refuse(r, kind)
}

var (
	paths     = regexp.MustCompile(`^(?:/(v\d{1,2}\.\d))?/([^/]+)(?:/([a-z_]+))?$`)
	unversion = "refresh_access_token" // the one path that needs no version
)

// ServeHTTP is the Graph API: graph.facebook.com, and below /login graph.instagram.com.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, ok := metatest.Begin(w, r)
	if !ok {
		return
	}
	x := &exchange{Call: call}
	path, below := strings.CutPrefix(r.URL.Path, "/login/")
	if x.login = below; below {
		path = "/" + path
	}
	refused := p.admit(x, path)
	if !x.faults.Delay(r.Context()) {
		return
	}
	if refused == nil {
		refused = p.serve(x)
	}
	if refused != nil {
		x.refuse(refused)
	}
}

// admit finds out who calls what, and tells why a call is not let in; nil if it is.
func (p *platform) admit(x *exchange, path string) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	bearer, ok := strings.CutPrefix(x.R.Header.Get("Authorization"), "Bearer ")
	if !ok {
		bearer = x.R.URL.Query().Get("access_token")
	}
	for _, a := range p.Accounts {
		if t := a.tokens[bearer]; bearer != "" && t != nil {
			x.account, x.token = a, t
		}
	}
	for _, a := range p.Accounts {
		if !x.login && bearer == a.app()+"|"+a.Secrets["app_secret"] {
			x.account, x.token = a, nil
		}
	}
	x.faults = p.Faults.of(x.account)
	// The clock of the platform, by which what expires is reckoned.
	x.W.Header().Set("Date", p.Now().UTC().Format(http.TimeFormat))
	parts := paths.FindStringSubmatch(path)
	switch {
	case x.faults.Down:
		return unavailable()
	case parts == nil, parts[1] == "" && parts[2] != unversion:
		return x.NoPath()
	case len(x.Body) > metatest.MaxBody:
		return metatest.TooLarge()
	case bearer == "":
		return metatest.NoToken()
	case x.faults.ExpiredToken:
		return metatest.Expired(p.Now(), p.Now())
	case x.account == nil || x.token != nil && x.account.byPage() == x.login:
		return &refusal{Status: 401, Code: 190, Kind: metatest.OAuth, Message: metatest.Unparsed}
	}
	x.W.Header().Set("Facebook-Api-Version", parts[1])
	x.node, x.edge = parts[2], parts[3]
	if x.token == nil {
		if x.node != "debug_token" {
			return metatest.NotPage()
		}
		return nil
	}
	return x.token.refused(p.Now())
}

// own reports whether the call is of the account's own object: the linked Page, or with
// Instagram Login the account; both are "me" to their tokens.
func (x *exchange) own() bool {
	if x.login {
		return x.node == "me" || x.node == x.account.ExternalID
	}
	return x.node == "me" || x.node == x.account.page
}

// serve answers one call.
func (p *platform) serve(x *exchange) *refusal {
	method := x.R.Method
	switch {
	case x.node == unversion && x.edge == "" && x.login && method == http.MethodGet:
		return p.refresh(x)
	case x.node == "debug_token" && x.edge == "" && !x.login && method == http.MethodGet:
		return p.debug(x)
	case x.node == "app" && x.edge == "" && !x.login && method == http.MethodGet:
		out, refused := only(map[string]any{"id": x.account.app(), "name": "Omnihub", "category": "Business", "link": "https://hub.example/"}, append(x.fields(), "id"))
		if refused == nil {
			x.Answer(http.StatusOK, out)
		}
		return refused
	case !x.own() && x.edge == "" && method == http.MethodGet && idForm.MatchString(x.node):
		return p.profile(x)
	case !x.own():
		return x.Missing()
	case x.edge == "" && method == http.MethodGet:
		return p.me(x)
	case x.edge == "messages" && method == http.MethodPost:
		if media, _, err := mime.ParseMediaType(x.R.Header.Get("Content-Type")); err != nil || media != "application/json" {
			return metatest.Invalid("The parameter recipient is required.")
		}
		return p.messages(x)
	case x.edge == "conversations" && method == http.MethodGet:
		return p.conversations(x)
	case x.edge == "subscribed_apps":
		return p.subscriptions(x)
	}
	return x.Missing()
}
