package messengertest

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// exchange is one call of the API.
type exchange struct {
	metatest.Call
	node, edge string // of the path
	app        *app   // whose token it bears
	page       *page  // whose token it bears; nil = the app's own
	faults     faults
}

func (x *exchange) refuse(r *refusal) {
	if r.Code == rateLimit && x.page != nil {
		x.W.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(
			`{"%s":[{"type":"messenger","call_count":100,"total_cputime":12,"total_time":15,"estimated_time_to_regain_access":1}]}`, x.page.ExternalID))
	}
	x.Refuse(r, metatest.OAuth)
}

var paths = regexp.MustCompile(`^/v\d{1,2}\.\d/([^/]+)(?:/([a-z_]+))?$`)

// ServeHTTP is the Graph API, with the endpoints that concern messages.
// https://developers.facebook.com/docs/graph-api/overview
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, ok := metatest.Begin(w, r)
	if !ok {
		return
	}
	x := &exchange{Call: call}
	refused := p.admit(x)
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
func (p *platform) admit(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	bearer, _ := strings.CutPrefix(x.R.Header.Get("Authorization"), "Bearer ")
	if bearer == "" {
		bearer = x.R.URL.Query().Get("access_token")
	}
	id, secret, own := strings.Cut(bearer, "|")
	for _, a := range p.apps {
		if own && a.ID == id && a.Secret == secret {
			x.app = a
		}
	}
	for _, g := range p.Accounts {
		if bearer != "" && g.token.Value == bearer {
			x.app, x.page = g.app, g
		}
	}
	x.faults = p.Faults.of(x.page)
	parts := paths.FindStringSubmatch(x.R.URL.Path)
	switch {
	case x.faults.Down:
		return unavailable()
	case parts == nil:
		return x.NoPath()
	case len(x.Body) > metatest.MaxBody:
		return metatest.TooLarge()
	case bearer == "":
		return metatest.NoToken()
	case x.faults.ExpiredToken:
		return metatest.Expired(p.Now(), p.Now())
	case x.app == nil && own:
		return &refusal{Status: 400, Code: 190, Message: "Error validating client secret."}
	case x.app == nil:
		return &refusal{Status: 400, Code: 190, Message: metatest.Unparsed}
	}
	x.node, x.edge = parts[1], parts[2]
	if x.page == nil {
		return nil
	}
	return x.page.token.refused(p.Now())
}

// serve answers one call.
func (p *platform) serve(x *exchange) *refusal {
	method := x.R.Method
	own := x.page != nil && (x.node == "me" || x.node == x.page.ExternalID)
	switch {
	case x.node == "debug_token" && x.edge == "" && method == http.MethodGet:
		return p.debug(x)
	case x.page == nil && x.node == x.app.ID && x.edge == "subscriptions":
		return p.subscriptions(x)
	case x.page == nil:
		return metatest.NotPage()
	case own && x.edge == "" && method == http.MethodGet:
		return p.me(x)
	case x.node == "app" && x.edge == "" && method == http.MethodGet:
		out, refused := x.chosen(map[string]any{"id": x.app.ID, "name": "Omnihub", "category": "Business", "link": "https://hub.example/"})
		if refused == nil {
			x.Answer(http.StatusOK, out)
		}
		return refused
	case own && x.edge == "messages" && method == http.MethodPost:
		if media, _, err := mime.ParseMediaType(x.R.Header.Get("Content-Type")); err != nil || media != "application/json" {
			return metatest.Invalid("The parameter recipient is required")
		}
		return p.messages(x)
	case own && x.edge == "subscribed_apps":
		return p.subscribed(x)
	case !own && x.edge == "" && method == http.MethodGet && psidForm.MatchString(x.node):
		return p.profile(x)
	}
	return x.Missing()
}

// chosen gives of the members of an object those that the query asks for, and always
// the id.
func (x *exchange) chosen(members map[string]any, known ...string) (map[string]any, *refusal) {
	out := map[string]any{"id": members["id"]}
	for _, name := range strings.Split(x.R.URL.Query().Get("fields"), ",") {
		value, there := members[name]
		switch {
		case name == "":
		case there:
			out[name] = value
		default:
			if !slices.Contains(known, name) {
				return nil, metatest.Invalid("Tried accessing nonexisting field (%s)", name)
			}
		}
	}
	return out, nil
}

// me is the Page, or what else the token is of.
// https://developers.facebook.com/docs/graph-api/reference/page
func (p *platform) me(x *exchange) *refusal {
	p.Mu.Lock()
	members := map[string]any{"id": x.page.ExternalID, "name": "Page " + x.page.ID, "category": "Business"}
	if x.page.token.Kind == "USER" {
		members = map[string]any{"id": fake.Digits(16, "owner", x.app.Secret), "name": "Owner of the Page"}
	}
	p.Mu.Unlock()
	if len(x.R.URL.Query().Get("fields")) == 0 {
		x.Answer(http.StatusOK, map[string]any{"id": members["id"], "name": members["name"]})
		return nil
	}
	out, refused := x.chosen(members, "category", "about", "username")
	if refused == nil {
		x.Answer(http.StatusOK, out)
	}
	return refused
}

// profile is that of a customer who has written to the Page.
// https://developers.facebook.com/docs/messenger-platform/identity/user-profile
func (p *platform) profile(x *exchange) *refusal {
	p.Mu.Lock()
	who := x.page.byID[x.node]
	var members map[string]any
	if who != nil {
		members = map[string]any{"id": who.ID, "first_name": who.First, "profile_pic": "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=" + who.ID}
		if who.Last != "" {
			members["last_name"] = who.Last
		}
	}
	p.Mu.Unlock()
	switch {
	case who == nil:
		return x.Missing()
	case who.Hidden:
		return &refusal{Status: 400, Code: 100, Subcode: 2018218, Message: "(#100) No profile available for this user."}
	}
	out, refused := x.chosen(members, "name", "last_name", "locale", "timezone", "gender")
	if refused == nil {
		x.Answer(http.StatusOK, out)
	}
	return refused
}
