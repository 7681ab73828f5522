// Package page makes the pages that customers of OmniLink see: plain HTML with a small
// script of ours, in three languages, for phones first. A page is made from a struct and
// nothing else; it takes nothing from other machines but, where people sign in, the
// platform's own script.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed *.html *.css *.js
var files embed.FS

// Page is a page with the headers that belong to it.
type Page struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Write answers with the page. Nothing of it may be stored, shown in a frame, or found by
// a search, and nobody learns from where a customer comes.
func (p Page) Write(w http.ResponseWriter) {
	h := w.Header()
	for name, value := range p.Header {
		h.Set(name, value)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(p.Body)))
	Private(h)
	w.WriteHeader(p.Status)
	_, _ = w.Write(p.Body)
}

// Private sets the headers of every answer to a customer's browser.
func Private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
}

// resource is a style sheet or a script that stands within the page, and its hash, by
// which the policy admits it.
type resource struct{ text, hash string }

func read(name string) resource {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(b)
	return resource{string(b), "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"}
}

var (
	style      = read("page.css")
	tapScript  = read("tap.js")
	liffScript = read("liff.js")
	layout     = template.Must(template.ParseFS(files, "*.html"))
)

// frame is what all pages have in common.
type frame struct {
	Lang    Lang
	T       texts
	Title   string
	Robots  string
	Style   template.CSS
	Script  template.JS
	Foreign string // the platform's own script; "" = none
	Content any
}

// policy is what a page may take, and from where.
type policy struct {
	scripts, connects, forms []string
	images                   bool
}

// String is the value of Content-Security-Policy.
func (p policy) String() string {
	list := []string{"default-src 'none'", "style-src " + style.hash, "base-uri 'none'", "frame-ancestors 'none'"}
	add := func(name string, sources []string) {
		if len(sources) > 0 {
			list = append(list, name+" "+strings.Join(sources, " "))
		}
	}
	add("script-src", p.scripts)
	add("connect-src", p.connects)
	if p.images {
		list = append(list, "img-src 'self'")
	}
	if p.forms == nil {
		p.forms = []string{"'none'"}
	}
	add("form-action", p.forms)
	return strings.Join(list, "; ")
}

// render makes a page of the template of a name.
func render(name string, status int, f frame, p policy) Page {
	f.T, f.Style = textsOf(f.Lang), template.CSS(style.text)
	var b bytes.Buffer
	if err := layout.ExecuteTemplate(&b, name, f); err != nil {
		panic(err) // a template that does not fit its struct: the tests make every page
	}
	return Page{Status: status, Body: b.Bytes(), Header: map[string]string{
		"Content-Security-Policy": p.String(), "Content-Language": string(f.Lang), "Vary": "Accept-Language, User-Agent",
	}}
}
