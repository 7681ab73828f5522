package fake

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// chatCookie names the customer whom a browser belongs to.
const chatCookie = "whatsapp_customer"

// maxChatForm is the longest form of the page; a message has at most 4,096 characters.
const maxChatForm = 64 << 10

var chatPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>WhatsApp</title>
<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}h1{font-size:1.25rem;color:#128c4b}
label{display:block}textarea,input,button{width:100%;min-height:48px;margin:.25rem 0 .75rem;font:inherit;box-sizing:border-box}textarea{min-height:9rem}small{color:#666}</style></head>
<body><h1>Chat with +{{.Number}}</h1>
{{with .Told}}<p id="told" role="status">{{.}}</p>{{end}}
{{if .Known}}<form method="post"><label>From<input name="from" value="{{.From}}" required></label>
<label>Message<textarea name="text" required>{{.Text}}</textarea></label><button id="send">Send</button></form>{{end}}
<p><small>This is the local stack's fake WhatsApp.</small></p></body></html>
`))

// ChatLink serves the page that a link of WhatsApp's to a chat leads to (https://wa.me/
// and digits, here below /wa.me/), and reports whether the request is for one. It shows
// the text that the link fills in; its button sends it, in the name of the customer whom
// the cookie whatsapp_customer or the page's field names, as send does.
// https://faq.whatsapp.com/5913398998672934
func ChatLink(w http.ResponseWriter, r *http.Request, known func(digits string) bool, send func(ctx context.Context, digits, from, text string) (Delivery, error)) bool {
	digits, ok := strings.CutPrefix(r.URL.Path, "/wa.me/")
	if !ok {
		return false
	}
	page := struct {
		Number, From, Text, Told string
		Known                    bool
	}{Number: digits, Text: r.URL.Query().Get("text"), Known: known(digits)}
	status := http.StatusOK
	if c, err := r.Cookie(chatCookie); err == nil {
		page.From, _ = url.QueryUnescape(c.Value)
	}
	switch {
	case !page.Known:
		status, page.Told = http.StatusNotFound, "The phone number isn't on WhatsApp."
	case r.Method == http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxChatForm)
		page.From, page.Text = strings.TrimSpace(r.PostFormValue("from")), strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
		if page.From == "" || page.Text == "" || utf8.RuneCountInString(page.Text) > 4096 {
			status, page.Told = http.StatusBadRequest, "Say who sends what."
			break
		}
		http.SetCookie(w, &http.Cookie{Name: chatCookie, Value: url.QueryEscape(page.From), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		switch d, err := send(r.Context(), digits, page.From, page.Text); {
		case err != nil:
			status, page.Told = http.StatusBadRequest, err.Error()
		case d.Status/100 != 2:
			status, page.Told = http.StatusBadGateway, "The webhook was not taken."
		default:
			page.Told, page.Text = "Sent.", ""
		}
	}
	var b bytes.Buffer
	if err := chatPage.Execute(&b, page); err != nil {
		panic(err) // the template fits its struct
	}
	w.Header().Set("Cache-Control", "no-store")
	Answer(w, status, "text/html; charset=utf-8", b.Bytes())
	return true
}
