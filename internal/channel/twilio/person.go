package twilio

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	// scheme stands before every address of WhatsApp's.
	scheme = "whatsapp:"
	// phonePrefix stands before the digits in the id of a user who has no other.
	phonePrefix = "wa:"
)

// person is who somebody is to WhatsApp. Either name may be missing.
type person struct {
	user  string // business-scoped user id (BSUID)
	phone string // digits
}

// personAt reads an address: "whatsapp:+886912345678", or "whatsapp:" and a BSUID.
func personAt(address string) (p person) {
	id, ok := strings.CutPrefix(address, scheme)
	switch digits, plus := strings.CutPrefix(id, "+"); {
	case !ok:
	case plus && isPhone(digits):
		p.phone = digits
	case isUser(id):
		p.user = id
	}
	return p
}

// personOf reads whom a request is about: the one at the address, with the BSUID that
// stands beside it. Twilio's pages call that by two names.
func (f form) personOf(address string) person {
	p := personAt(address)
	for _, name := range []string{"ExternalUserId", "ExternalUserIdentifier"} {
		if id := strings.TrimPrefix(f.field(name), scheme); p.user == "" && isUser(id) {
			p.user = id
		}
	}
	return p
}

// isUser reports whether the id has the form of a BSUID: a country's two letters, a
// point, and up to 128 letters and digits.
func isUser(id string) bool {
	if len(id) < 4 || len(id) > 3+128 || id[2] != '.' || id[0]-'A' > 25 || id[1]-'A' > 25 {
		return false
	}
	for _, c := range []byte(id[3:]) {
		if c-'0' > 9 && c|0x20-'a' > 25 {
			return false
		}
	}
	return true
}

// isPhone reports whether the digits are those of a phone number in E.164.
func isPhone(digits string) bool {
	return len(digits) >= 6 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// id is the name under which the person has a thread; "" if there is none.
func (p person) id() string {
	switch {
	case p.user != "":
		return p.user
	case p.phone != "":
		return phonePrefix + p.phone
	}
	return ""
}

// address is where the person is written to; "" if there is none.
func (p person) address() string {
	switch {
	case p.user != "":
		return scheme + p.user
	case p.phone != "":
		return scheme + "+" + p.phone
	}
	return ""
}

// aliases are all the person's ids, the one of id first.
func (p person) aliases() (out []channel.Alias) {
	if p.user != "" {
		out = append(out, channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(p.user)})
	}
	if p.phone != "" {
		out = append(out, channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(p.phone)})
	}
	return out
}

// personNamed reads what id gives.
func personNamed(id string) person {
	if digits, ok := strings.CutPrefix(id, phonePrefix); ok && isPhone(digits) {
		return person{phone: digits}
	}
	if isUser(id) {
		return person{user: id}
	}
	return person{}
}

// Names are the aliases that a user's id is by itself: a BSUID is the person's own, and
// "wa:" with digits a phone number.
func (a *Adapter) Names(user string) []channel.Alias { return personNamed(user).aliases() }
