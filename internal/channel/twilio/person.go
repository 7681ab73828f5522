package twilio

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/waid"
)

// scheme stands before every address of WhatsApp's.
const scheme = "whatsapp:"

// personAt reads an address: "whatsapp:+886912345678", or "whatsapp:" and a BSUID.
func personAt(address string) (p waid.Person) {
	id, ok := strings.CutPrefix(address, scheme)
	switch digits, plus := strings.CutPrefix(id, "+"); {
	case !ok:
	case plus && waid.IsPhone(digits):
		p.Phone = digits
	case waid.IsUser(id):
		p.User = id
	}
	return p
}

// personOf reads whom a request is about: the one at the address, with the BSUID that
// stands beside it. Twilio's pages call that by two names.
func (f form) personOf(address string) waid.Person {
	p := personAt(address)
	for _, name := range []string{"ExternalUserId", "ExternalUserIdentifier"} {
		if id := strings.TrimPrefix(f.field(name), scheme); p.User == "" && waid.IsUser(id) {
			p.User = id
		}
	}
	return p
}

// addressOf is where a person is written to; "" if there is none.
func addressOf(p waid.Person) string {
	switch {
	case p.User != "":
		return scheme + p.User
	case p.Phone != "":
		return scheme + "+" + p.Phone
	}
	return ""
}

// Names are the aliases that a user's id is by itself: a BSUID is the person's own, and
// "wa:" with digits a phone number.
func (a *Adapter) Names(user string) []channel.Alias { return waid.Named(user).Aliases() }
