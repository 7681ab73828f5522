package linetest

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"path"

	"omnihub/internal/channel/fake"
)

// view is what a page of LINE's shows: a text, and what can be chosen.
type view struct {
	Title, Text string
	Field       string   // a field to fill in; "" = none
	Choices     []choice // buttons of a form that is sent to the page's own address
}

type choice struct{ Value, Label string }

var pageTemplate = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title>
<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}h1{font-size:1.25rem;color:#06a34c}
button{display:block;width:100%;min-height:48px;margin:.5rem 0;font:inherit}input{width:100%;min-height:44px;font:inherit;box-sizing:border-box}small{color:#666}</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .Choices}}<form method="post">{{with .Field}}<input name="{{.}}" required autofocus>{{end}}
{{range .Choices}}<button name="do" value="{{.Value}}" id="{{.Value}}">{{.Label}}</button>{{end}}</form>{{end}}
<p><small>This is the local stack's fake LINE.</small></p></body></html>
`))

func (p *platform) show(x *exchange, status int, v view) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		panic(err) // the template fits its struct
	}
	fake.Answer(x.w, status, "text/html; charset=utf-8", b.Bytes())
}

func (x *exchange) redirect(to string) {
	x.w.Header().Set("Location", to)
	x.w.Header().Set("Cache-Control", "no-store")
	x.w.WriteHeader(http.StatusFound)
}

// again shows the page anew by GET. The address is told from the last part on, since the
// platform does not know below which one it stands.
func (x *exchange) again() {
	here := url.URL{Path: "./" + path.Base(x.r.URL.Path), RawQuery: x.r.URL.RawQuery}
	x.w.Header().Set("Location", here.String())
	x.w.WriteHeader(http.StatusSeeOther)
}

// whose is the customer whom the browser belongs to; "" if that is not known. A form's
// answer makes it known.
func (p *platform) whose(x *exchange) (user string, form url.Values) {
	if x.r.Method == http.MethodPost {
		form, _ = url.ParseQuery(string(x.body))
		if name := form.Get("as"); name != "" {
			http.SetCookie(x.w, &http.Cookie{Name: customerCookie, Value: url.QueryEscape(name), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
			x.again()
			return "", form
		}
	}
	c, err := x.r.Cookie(customerCookie)
	if err != nil || c.Value == "" {
		p.show(x, http.StatusOK, view{Title: "Log in to LINE", Text: "Which customer is this browser's?", Field: "as", Choices: []choice{{"login", "Log in"}}})
		return "", form
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil {
		name = c.Value
	}
	return p.known(name), form
}

// ask asks the customer to sign in and to agree, each if it was not done before, and
// goes on: allowed or denied.
func (p *platform) ask(x *exchange, app *liffApp, allowed func(user string), denied func()) {
	user, form := p.whose(x)
	if user == "" {
		return
	}
	p.Mu.Lock()
	agreed := p.customer(app.account, user).Agreed
	p.Mu.Unlock()
	friend := false
	switch form.Get("do") {
	case "deny":
		denied()
		return
	case "allow_friend":
		agreed, friend = true, true
	case "allow":
		agreed = true
	}
	if !agreed {
		choices := []choice{{"allow", "Allow"}, {"deny", "Cancel"}}
		if !p.isFriend(app.account, user) {
			choices = []choice{{"allow_friend", "Allow and add friend"}, {"allow", "Allow"}, {"deny", "Cancel"}}
		}
		p.show(x, http.StatusOK, view{Title: "Permission request", Text: app.ID + " wants to see your profile and your user id.", Choices: choices})
		return
	}
	p.Mu.Lock()
	p.customer(app.account, user).Agreed = true
	p.rememberCustomer(app.account, user)
	p.Mu.Unlock()
	if friend && !p.follow(x, app.account, user) {
		return
	}
	allowed(user)
}

// follow adds the account as a friend.
func (p *platform) follow(x *exchange, a *account, user string) bool {
	if _, err := p.Act(x.r.Context(), fake.Act{Account: a.ID, From: user, Follow: true}); err != nil {
		p.show(x, http.StatusBadRequest, view{Title: "LINE", Text: err.Error()})
		return false
	}
	return true
}

// addFriend is the page on which an account is added as a friend, or not blocked any
// longer.
// https://developers.line.biz/en/docs/messaging-api/using-line-url-scheme/#adding-line-official-account
func (p *platform) addFriend(x *exchange, basic string) {
	var a *account
	for _, one := range p.Accounts {
		if basic != "" && one.basicID() == basic {
			a = one
		}
	}
	if a == nil {
		p.show(x, http.StatusNotFound, view{Title: "LINE", Text: "There is no such account."})
		return
	}
	user, form := p.whose(x)
	if user == "" {
		return
	}
	switch {
	case form.Get("do") == "add":
		if p.follow(x, a, user) {
			p.show(x, http.StatusOK, view{Title: a.ID, Text: "Added as a friend."})
		}
	case p.isFriend(a, user):
		p.show(x, http.StatusOK, view{Title: a.ID, Text: "You are friends. Here is the chat."})
	default:
		p.show(x, http.StatusOK, view{Title: a.ID, Text: "Add " + basic + " as a friend?", Choices: []choice{{"add", "Add"}}})
	}
}

// basicID is the name under which people find the account.
func (a *account) basicID() string {
	if id := a.Secrets["basic_id"]; id != "" {
		return id
	}
	return "@" + a.ID
}
