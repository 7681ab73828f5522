package messengertest

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	w          http.ResponseWriter
	r          *http.Request
	trace      string
	body       []byte
	node, edge string // of the path
	app        *app   // whose token it bears
	page       *page  // whose token it bears; nil = the app's own
	faults     faults
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

func (x *exchange) refuse(r *refusal) {
	if r.minutes > 0 && x.page != nil {
		x.w.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(
			`{"%s":[{"type":"messenger","call_count":100,"total_cputime":12,"total_time":15,"estimated_time_to_regain_access":%d}]}`, x.page.ExternalID, r.minutes))
	}
	x.answer(r.status, r.body(x.trace))
}

var paths = regexp.MustCompile(`^/v\d{1,2}\.\d/([^/]+)(?:/([a-z_]+))?$`)

// ServeHTTP is the Graph API, with the endpoints that concern messages.
// https://developers.facebook.com/docs/graph-api/overview
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, trace: trace()}
	w.Header().Set("X-Fb-Trace-Id", x.trace)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return
	}
	x.body = body
	refused := p.admit(x)
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
func (p *platform) admit(x *exchange) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	bearer, _ := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer ")
	if bearer == "" {
		bearer = x.r.URL.Query().Get("access_token")
	}
	id, secret, own := strings.Cut(bearer, "|")
	for _, a := range p.apps {
		if own && a.ID == id && a.Secret == secret {
			x.app = a
		}
	}
	for _, g := range p.pages {
		if bearer != "" && g.token.Value == bearer {
			x.app, x.page = g.app, g
		}
	}
	x.faults = p.faults.of(x.page)
	parts := paths.FindStringSubmatch(x.r.URL.Path)
	switch {
	case x.faults.Down:
		return unavailable()
	case parts == nil:
		return &refusal{status: 400, code: 2500, message: "Unknown path components: " + x.r.URL.Path}
	case len(x.body) > maxBody:
		return &refusal{status: 413, code: 1, message: "The request is too large"}
	case bearer == "":
		return &refusal{status: 400, code: 104, message: "An access token is required to request this resource."}
	case x.faults.ExpiredToken:
		return (&token{Expires: p.now()}).refused(p.now())
	case x.app == nil && own:
		return &refusal{status: 400, code: 190, message: "Error validating client secret."}
	case x.app == nil:
		return &refusal{status: 400, code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	}
	x.node, x.edge = parts[1], parts[2]
	if x.page == nil {
		return nil
	}
	return x.page.token.refused(p.now())
}

// serve answers one call.
func (p *platform) serve(x *exchange) *refusal {
	method := x.r.Method
	own := x.page != nil && (x.node == "me" || x.node == x.page.ExternalID)
	switch {
	case x.node == "debug_token" && x.edge == "" && method == http.MethodGet:
		return p.debug(x)
	case x.page == nil && x.node == x.app.ID && x.edge == "subscriptions":
		return p.subscriptions(x)
	case x.page == nil:
		return &refusal{status: 400, code: 210, message: "(#210) A page access token is required to request this resource."}
	case own && x.edge == "" && method == http.MethodGet:
		return p.me(x)
	case x.node == "app" && x.edge == "" && method == http.MethodGet:
		out, refused := x.chosen(map[string]any{"id": x.app.ID, "name": "Omnihub", "category": "Business", "link": "https://hub.example/"})
		if refused == nil {
			x.answer(http.StatusOK, out)
		}
		return refused
	case own && x.edge == "messages" && method == http.MethodPost:
		if media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
			return invalid("The parameter recipient is required")
		}
		return p.messages(x)
	case own && x.edge == "subscribed_apps":
		return p.subscribed(x)
	case !own && x.edge == "" && method == http.MethodGet && psidForm.MatchString(x.node):
		return p.profile(x)
	}
	return missing(method)
}

// chosen gives of the members of an object those that the query asks for, and always
// the id.
func (x *exchange) chosen(members map[string]any, known ...string) (map[string]any, *refusal) {
	out := map[string]any{"id": members["id"]}
	for _, name := range strings.Split(x.r.URL.Query().Get("fields"), ",") {
		value, there := members[name]
		switch {
		case name == "":
		case there:
			out[name] = value
		default:
			found := false
			for _, k := range known {
				found = found || k == name
			}
			if !found {
				return nil, invalid("Tried accessing nonexisting field (%s)", name)
			}
		}
	}
	return out, nil
}

// me is the Page, or what else the token is of.
// https://developers.facebook.com/docs/graph-api/reference/page
func (p *platform) me(x *exchange) *refusal {
	p.mu.Lock()
	members := map[string]any{"id": x.page.ExternalID, "name": "Page " + x.page.ID, "category": "Business"}
	if x.page.token.Kind == "USER" {
		members = map[string]any{"id": digits(16, "owner", x.app.Secret), "name": "Owner of the Page"}
	}
	p.mu.Unlock()
	if len(x.r.URL.Query().Get("fields")) == 0 {
		x.answer(http.StatusOK, map[string]any{"id": members["id"], "name": members["name"]})
		return nil
	}
	out, refused := x.chosen(members, "category", "about", "username")
	if refused == nil {
		x.answer(http.StatusOK, out)
	}
	return refused
}

// profile is that of a customer who has written to the Page.
// https://developers.facebook.com/docs/messenger-platform/identity/user-profile
func (p *platform) profile(x *exchange) *refusal {
	p.mu.Lock()
	who := x.page.byID[x.node]
	var members map[string]any
	if who != nil {
		members = map[string]any{"id": who.ID, "first_name": who.First, "profile_pic": "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=" + who.ID}
		if who.Last != "" {
			members["last_name"] = who.Last
		}
	}
	p.mu.Unlock()
	switch {
	case who == nil:
		return missing(x.r.Method)
	case who.Hidden:
		return &refusal{status: 400, code: 100, subcode: 2018218, message: "(#100) No profile available for this user."}
	}
	out, refused := x.chosen(members, "name", "last_name", "locale", "timezone", "gender")
	if refused == nil {
		x.answer(http.StatusOK, out)
	}
	return refused
}
