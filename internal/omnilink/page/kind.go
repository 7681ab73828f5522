package page

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel"
)

// Card is what a customer's link leads to, as its page shows it.
type Card struct {
	Text, Button string
	Image        string // https, or a path; shown if it is at the page's own address; "" = none
	Brand        string // the name of the account that the tap leads to; may be empty
	// Chat tells that the target is a chat, in which a message waits to be sent; else it
	// is a sign-in.
	Chat bool
	To   channel.Landing

	Link string // the page's own address, whole
	Tap  string // the id by which one tap counts once, however often it is sent
}

// Tap is the page of a link: for a phone the card with its button, for a desktop a QR
// code too, and where the app cannot be opened from the browser that this is, a way out
// of it.
func Tap(l Lang, d Device, c Card) Page {
	if d.InApp != "" && slices.Contains(c.To.NotFrom, d.InApp) {
		if d.Android {
			return closed(l, c)
		}
		return external(l, c)
	}
	f := frame{Lang: l, Title: c.title(l), Script: template.JS(tapScript.text)}
	t := textsOf(l)
	content := struct {
		Card
		Desktop        bool
		QR             template.HTML
		Lead, Left     string
		Path, ImageURL string
	}{Card: c, Desktop: d.Desktop, Lead: t.Of(c.To.App, t.Leads), Left: t.Of(c.To.App, t.AllowIt)}
	if c.Brand != "" {
		content.Lead = strings.ReplaceAll(t.Of(c.To.App, t.LeadsTo), "{brand}", c.Brand)
	}
	if c.Chat {
		content.Left = t.Of(c.To.App, t.SendIt)
	}
	own, err := url.Parse(c.Link)
	if err != nil {
		own = &url.URL{}
	}
	content.Path = own.EscapedPath()
	content.ImageURL = ownPath(own, c.Image)
	if d.Desktop {
		if content.QR, err = code(c.Link, t.QR); err != nil { // it is too long for one: the button is there
			content.Desktop = false
		}
	}
	f.Content = content
	// The form's own answer leads away, and browsers hold each step of the way against the
	// policy.
	return render("tap.html", http.StatusOK, f, policy{
		scripts: []string{tapScript.hash}, connects: []string{"'self'"}, forms: append([]string{"'self'"}, sources(c.To.Origins)...),
		images: content.ImageURL != "",
	})
}

// title stands in the browser's bar.
func (c Card) title(l Lang) string {
	t := textsOf(l)
	if c.Brand != "" {
		return c.Brand
	}
	return t.Of(c.To.App, t.Open)
}

// ownPath is the path of a picture at the page's own address; "" if it is elsewhere.
func ownPath(own *url.URL, image string) string {
	u, err := own.Parse(image)
	if image == "" || err != nil || u.Host != own.Host || u.Scheme != own.Scheme || !strings.HasPrefix(u.EscapedPath(), "/") {
		return ""
	}
	return u.EscapedPath()
}

// sources keeps what can stand in a policy.
func sources(list []string) (out []string) {
	for _, s := range list {
		if u, err := url.Parse(s); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && !strings.ContainsAny(s, " ;,'\"") {
			out = append(out, s)
		}
	}
	return out
}

// external is the page for an in-app browser that can be left.
func external(l Lang, c Card) Page {
	return render("external.html", http.StatusOK, frame{Lang: l, Title: textsOf(l).External, Script: template.JS(tapScript.text), Content: c},
		policy{scripts: []string{tapScript.hash}})
}

// closed is the page for one that cannot.
func closed(l Lang, c Card) Page {
	t := textsOf(l)
	return notice(l, http.StatusOK, t.Closed, t.Of(c.To.App, t.ClosedWhy), "")
}

// Missing is the page of a link that leads nowhere; gone tells that it once did.
func Missing(l Lang, gone bool) Page {
	status := http.StatusNotFound
	if gone {
		status = http.StatusGone
	}
	return notice(l, status, textsOf(l).Missing, "", "")
}

// Expired is the page of a code whose time has passed, or that was used.
func Expired(l Lang) Page {
	t := textsOf(l)
	return notice(l, http.StatusGone, t.Expired, t.Again, "")
}

// Busy is the page when something fails that may pass; path leads to another try.
func Busy(l Lang, path string) Page {
	t := textsOf(l)
	return notice(l, http.StatusServiceUnavailable, t.Busy, t.BusyHow, path)
}

// notice is a page that only says something.
func notice(l Lang, status int, title, text, retry string) Page {
	return render("notice.html", status, frame{Lang: l, Title: title, Content: struct{ Text, Retry string }{text, retry}}, policy{})
}

// SignIn is the page on which the platform tells who a customer is.
type SignIn struct {
	Code  string
	Brand string // the name of the account; may be empty
	Login channel.LoginPage
}

// Login is the sign-in's page, with all that may come of it.
func Login(l Lang, s SignIn) Page {
	title := s.Brand
	if title == "" {
		title = s.Login.Name
	}
	scripts := append([]string{liffScript.hash}, sources(append([]string{s.Login.Script}, s.Login.Scripts...))...)
	return render("login.html", http.StatusOK, frame{Lang: l, Title: title, Script: template.JS(liffScript.text), Foreign: s.Login.Script, Content: s},
		policy{scripts: scripts, connects: append([]string{"'self'"}, sources(s.Login.Connects)...)})
}
