package line

import (
	"errors"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// appName is what people call the app.
const appName = "LINE"

// Hosts of LIFF, beside that of the calls.
const (
	liffHost   = "https://liff.line.me"
	friendHost = "https://line.me"
	scriptHost = "https://static.line-scdn.net"
	signInHost = "https://access.line.me"
	apiHost    = "https://api.line.me"
	// extraHost serves parts of the SDK that it loads by itself.
	extraHost = "https://liffsdk.line-scdn.net"
)

// at is an address at one of LINE's hosts, or at the fake in place of them all.
func (a *Adapter) at(host, path string) string {
	if a.local != "" {
		host = a.local
	}
	return host + path
}

// origin is the address of a host without a path.
func (a *Adapter) origin(host string) string {
	u, err := url.Parse(a.at(host, ""))
	if err != nil {
		return host
	}
	return u.Scheme + "://" + u.Host
}

// origins are those of several hosts, each once.
func (a *Adapter) origins(hosts ...string) (out []string) {
	seen := map[string]bool{}
	for _, h := range hosts {
		if o := a.origin(h); !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	return out
}

// Landing is LINE, which the browser within Messenger cannot open.
func (a *Adapter) Landing() channel.Landing {
	return channel.Landing{App: appName, Origins: a.origins(liffHost, signInHost), NotFrom: []channel.InApp{channel.MessengerApp}}
}

// LoginLink is the LIFF URL, whose query LIFF hands on to the app's endpoint.
// https://developers.line.biz/en/docs/liff/opening-liff-app/
func (a *Adapter) LoginLink(acct channel.Account, code string) (string, error) {
	app, _, err := liffOf("line: login link", acct)
	if err != nil {
		return "", err
	}
	path := "/" + app
	if a.local != "" {
		path = "/liff" + path
	}
	return a.at(liffHost, path) + "?c=" + url.QueryEscape(code), nil
}

// LoginPage is what a page with the LIFF SDK needs.
// https://developers.line.biz/en/docs/liff/developing-liff-apps/#specify-cdn-path
func (a *Adapter) LoginPage(acct channel.Account) (channel.LoginPage, error) {
	app, _, err := liffOf("line: login page", acct)
	if err != nil {
		return channel.LoginPage{}, err
	}
	out := channel.LoginPage{
		App: app, Name: appName, Script: a.at(scriptHost, "/liff/edge/2/sdk.js"),
		Scripts:  a.origins(scriptHost, extraHost),
		Connects: a.origins(apiHost, signInHost, liffHost, extraHost),
	}
	// https://developers.line.biz/en/docs/messaging-api/using-line-url-scheme/#adding-line-official-account
	if id := acct.Secrets[BasicID].Reveal(); basicForm.MatchString(id) {
		out.Friend = a.at(friendHost, "/R/ti/p/"+url.QueryEscape(id))
	}
	return out, nil
}

// liffOf is the account's LIFF app and the LINE Login channel that it belongs to, whose
// id is the first part of the app's.
func liffOf(op string, acct channel.Account) (app, login string, err error) {
	app, login = acct.Secrets[LIFFID].Reveal(), acct.Secrets[LoginChannelID].Reveal()
	if !liffForm.MatchString(app) {
		return "", "", hub.E(hub.AccountBroken, op, errors.New("the account has no LIFF app: "+
			"make one at a LINE Login channel of the same provider, and enter its LIFF id as liff_id"))
	}
	if login == "" {
		login, _, _ = strings.Cut(app, "-")
	}
	return app, login, nil
}
