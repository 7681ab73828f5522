// Package waid is how WhatsApp names people, whichever way its messages come: by
// business-scoped user ids (BSUIDs) and by phone numbers.
//
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
package waid

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// phonePrefix stands before the digits in the id of a person who has no other.
const phonePrefix = "wa:"

// Person is who somebody is to WhatsApp. Either name may be missing.
type Person struct {
	User  string // BSUID, of one business portfolio
	Phone string // digits
}

// IsUser reports whether the id has the form of a BSUID: a country's two letters, a
// point, and up to 128 letters and digits. A parent's has a second point.
func IsUser(id string) bool {
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

// IsPhone reports whether the digits are those of a phone number in E.164, without "+".
func IsPhone(digits string) bool {
	return len(digits) >= 6 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// ID is the name under which the person has a thread: the BSUID as it is, or "wa:" and
// the digits of the phone number; "" if there is neither.
func (p Person) ID() string {
	switch {
	case p.User != "":
		return p.User
	case p.Phone != "":
		return phonePrefix + p.Phone
	}
	return ""
}

// Named reads what ID gives; an id of another form is nobody's.
func Named(id string) Person {
	if digits, ok := strings.CutPrefix(id, phonePrefix); ok && IsPhone(digits) {
		return Person{Phone: digits}
	}
	if IsUser(id) {
		return Person{User: id}
	}
	return Person{}
}

// Aliases are all the person's ids, the one of ID first.
func (p Person) Aliases() (out []channel.Alias) {
	if p.User != "" {
		out = append(out, channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(p.User)})
	}
	if p.Phone != "" {
		out = append(out, channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(p.Phone)})
	}
	return out
}

// Same reports whether both may be one person: what both have in common is equal.
func (p Person) Same(q Person) bool {
	if p.User != "" && q.User != "" {
		return p.User == q.User
	}
	return p.Phone != "" && p.Phone == q.Phone
}

// And adds what the other one tells of the same person.
func (p Person) And(q Person) Person {
	if p.User == "" {
		p.User = q.User
	}
	if p.Phone == "" {
		p.Phone = q.Phone
	}
	return p
}
