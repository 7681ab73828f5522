package instagramtest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest request that the fake reads; Meta states none.
const maxBody = 4 << 20

// exchange is one call of the API.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	trace string
	body  []byte

	login   bool     // graph.instagram.com
	node    string   // the object that is called: an id, "me", or a name
	edge    string   // "messages"; "" = the object itself
	account *account // whose token it is, or one of the app's
	token   *token   // nil: the app's own
	faults  faults
}

func (x *exchange) answer(status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // only types of this package come here
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	x.w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a caller who has left loses his answer
	_ = http.NewResponseController(x.w).Flush()
}

func (x *exchange) refuse(r *refusal) { x.answer(r.status, r.body(x.login, x.trace)) }

var (
	paths     = regexp.MustCompile(`^(?:/(v\d{1,2}\.\d))?/([^/]+)(?:/([a-z_]+))?$`)
	unversion = "refresh_access_token" // the one path that needs no version
)

// ServeHTTP is the Graph API: graph.facebook.com, and below /login graph.instagram.com.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, trace: trace()}
	w.Header().Set("X-Fb-Trace-Id", x.trace)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return
	}
	x.body = body
	path, below := strings.CutPrefix(r.URL.Path, "/login/")
	if x.login = below; below {
		path = "/" + path
	}
	refused := p.admit(x, path)
	if x.faults.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(x.faults.DelayMS) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
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
	p.mu.Lock()
	defer p.mu.Unlock()
	bearer, ok := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		bearer = x.r.URL.Query().Get("access_token")
	}
	for _, a := range p.accounts {
		if t := a.tokens[bearer]; bearer != "" && t != nil {
			x.account, x.token = a, t
		}
	}
	for _, a := range p.accounts {
		if !x.login && bearer == a.app()+"|"+a.Secrets["app_secret"] {
			x.account, x.token = a, nil
		}
	}
	x.faults = p.faults.of(x.account)
	// The clock of the platform, by which what expires is reckoned.
	x.w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
	parts := paths.FindStringSubmatch(path)
	switch {
	case x.faults.Down:
		return unavailable()
	case parts == nil, parts[1] == "" && parts[2] != unversion:
		return &refusal{status: 400, code: 2500, kind: oauth, message: "Unknown path components: " + x.r.URL.Path}
	case len(x.body) > maxBody:
		return &refusal{status: 413, code: 1, kind: oauth, message: "The request is too large"}
	case bearer == "":
		return &refusal{status: 400, code: 104, kind: oauth, message: "An access token is required to request this resource."}
	case x.faults.ExpiredToken:
		return (&token{Expires: p.now()}).refused(p.now())
	case x.account == nil || x.token != nil && x.account.byPage() == x.login:
		return &refusal{status: 401, code: 190, kind: oauth, message: "Invalid OAuth access token - Cannot parse access token"}
	}
	x.w.Header().Set("Facebook-Api-Version", parts[1])
	x.node, x.edge = parts[2], parts[3]
	if x.token == nil {
		if x.node != "debug_token" {
			return &refusal{status: 400, code: 210, kind: oauth, message: "(#210) A page access token is required to request this resource."}
		}
		return nil
	}
	return x.token.refused(p.now())
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
	method := x.r.Method
	switch {
	case x.node == unversion && x.edge == "" && x.login && method == http.MethodGet:
		return p.refresh(x)
	case x.node == "debug_token" && x.edge == "" && !x.login && method == http.MethodGet:
		return p.debug(x)
	case x.node == "app" && x.edge == "" && !x.login && method == http.MethodGet:
		out, refused := only(map[string]any{"id": x.account.app(), "name": "Omnihub", "category": "Business", "link": "https://hub.example/"}, append(x.fields(), "id"))
		if refused == nil {
			x.answer(http.StatusOK, out)
		}
		return refused
	case !x.own() && x.edge == "" && method == http.MethodGet && idForm.MatchString(x.node):
		return p.profile(x)
	case !x.own():
		return missing(strings.ToLower(method))
	case x.edge == "" && method == http.MethodGet:
		return p.me(x)
	case x.edge == "messages" && method == http.MethodPost:
		if media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
			return invalid("The parameter recipient is required.")
		}
		return p.messages(x)
	case x.edge == "conversations" && method == http.MethodGet:
		return p.conversations(x)
	case x.edge == "subscribed_apps":
		return p.subscriptions(x)
	}
	return missing(strings.ToLower(method))
}
