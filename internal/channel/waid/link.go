package waid

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	linkHost = "https://wa.me"
	// forwardHost is where wa.me sends whoever has not got the app on the machine.
	forwardHost = "https://api.whatsapp.com"
	// maxLinkText is how many characters a link's text may have: more than a person would
	// send unread, and few enough for every browser's longest address.
	maxLinkText = 500
)

// Links makes links that open chats, for the channel of a kind.
type Links struct{ local string }

// NewLinks makes links of WhatsApp's own, or of the fake of the kind if the platform has
// a BaseURL.
func NewLinks(p channel.Platform, kind hub.Channel) Links {
	if p.BaseURL == "" {
		return Links{}
	}
	return Links{p.BaseURL + "/" + string(kind)}
}

// To opens a chat with a number, with a text; "" = none. BadRequest for a number that is
// none, or a text of over 500 characters.
// https://faq.whatsapp.com/5913398998672934
func (l Links) To(op, digits, text string) (string, error) {
	switch {
	case !IsPhone(digits):
		return "", hub.E(hub.BadRequest, op, errors.New("no phone number with its country, 6 to 15 digits"))
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxLinkText:
		return "", hub.E(hub.BadRequest, op, errors.New("the text has over 500 characters"))
	}
	link := linkHost + "/" + digits
	if l.local != "" {
		link = l.local + "/wa.me/" + digits
	}
	if text != "" { // a "+" would be shown as one by some versions of the app
		link += "?text=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	}
	return link, nil
}

// Landing is WhatsApp.
func (l Links) Landing() channel.Landing {
	out := channel.Landing{App: "WhatsApp", Origins: []string{linkHost, forwardHost}}
	if u, err := url.Parse(l.local); l.local != "" && err == nil {
		out.Origins = []string{u.Scheme + "://" + u.Host}
	}
	return out
}

// Digits are those of a phone number as people write it: "+886 2 7700-1234".
func Digits(number string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" +-().\u00a0", r) {
			return -1
		}
		return r
	}, number)
}
