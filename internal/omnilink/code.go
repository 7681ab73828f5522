package omnilink

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// A code is "OL", 26 characters of Crockford's base32 for its 128 bits, and two more by
// which a text that only looks like one is told from it.
// https://www.crockford.com/base32.html
const (
	codePrefix = "OL"
	codeBody   = 26
	codeLength = len(codePrefix) + codeBody + 2
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

var (
	plain32   = base32.StdEncoding.WithPadding(base32.NoPadding)
	tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)
	// idForm is that of what our page makes: the id of a tap, and what ties a browser.
	idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
)

// secret is 128 bits that only who has the team's pepper can make: the same for the same
// parts, so that what is made again is the same, and nothing of it need be stored.
func secret(pepper hub.Pepper, scope string, parts ...string) [16]byte {
	var out [16]byte
	raw, err := plain32.DecodeString(strings.ToUpper(pepper.Value("omnilink "+scope, hub.Digest(parts...))))
	if err != nil {
		panic("omnilink: a hash is not base32")
	}
	copy(out[:], raw)
	return out
}

// linkToken is the token of the link of a home's card.
func linkToken(pepper hub.Pepper, a hub.ActivityID, home hub.HomeID) string {
	raw := secret(pepper, "link", string(a), string(home))
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// hashOf is what of a token or a code stands in keys.
func hashOf(what, secret string) string { return hub.Digest("omnilink "+what, secret) }

// newCode is the code of a tap of a link in a browser.
func newCode(pepper hub.Pepper, token, tap, browser string) string {
	raw := secret(pepper, "code", token, tap, browser)
	out := make([]byte, codeBody)
	// 130 bits in 26 characters: the first two are zero.
	acc, bits, at := uint32(0), 2, 0
	for _, b := range raw {
		acc, bits = acc<<8|uint32(b), bits+8
		for bits >= 5 {
			out[at] = alphabet[acc>>(bits-5)&31]
			at, bits = at+1, bits-5
		}
	}
	return codePrefix + string(out) + check(string(out))
}

// check are the two characters at a code's end.
func check(body string) string {
	sum := sha256.Sum256([]byte("omnilink check " + body))
	return string([]byte{alphabet[sum[0]&31], alphabet[sum[1]&31]})
}

// CodeIn finds the code that a text ends with, in whatever case, in its one form. What
// stands before it is parted from it by something that is no letter and no digit. A code
// with a wrong check is none.
func CodeIn(text string) (code string, ok bool) {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	if len(text) < codeLength || inWord(utf8.DecodeLastRuneInString(text[:len(text)-codeLength])) {
		return "", false
	}
	code, good, ok := spelt(text[len(text)-codeLength:])
	if !ok || !good {
		return "", false
	}
	return code, true
}

// Codes finds the codes in a text, wherever they stand, as the text spells them: who reads
// one may bring it in the customer's place. A word with the form of a code and a wrong
// check counts too, since little is missing of the right one.
func Codes(text string) (codes []string) {
	for i := 0; i+codeLength <= len(text); i++ {
		word := text[i : i+codeLength]
		_, good, ok := spelt(word)
		if ok && (good || !inWord(utf8.DecodeLastRuneInString(text[:i])) && !inWord(utf8.DecodeRuneInString(text[i+codeLength:]))) {
			codes = append(codes, word)
			i += codeLength - 1
		}
	}
	return codes
}

// spelt reads what has the length of a code: its one form, and whether its check is right.
// False if it has not the form of one.
func spelt(word string) (code string, good, ok bool) {
	if !strings.EqualFold(word[:len(codePrefix)], codePrefix) {
		return "", false, false
	}
	body := []byte(word[len(codePrefix):])
	for i, c := range body {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch c { // what people take for another character, as Crockford reads it
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if strings.IndexByte(alphabet, c) < 0 {
			return "", false, false
		}
		body[i] = c
	}
	secret, sum := string(body[:codeBody]), string(body[codeBody:])
	return codePrefix + secret + sum, check(secret) == sum, secret[0] <= '7'
}

// inWord reports whether a rune of a text, if there is one, is a letter or a digit.
func inWord(r rune, size int) bool { return size > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// path is the last part of a link, and what a sign-in brings back: the team, and a
// secret.
func path(team hub.TeamID, secret string) string { return string(team) + "." + secret }

// cutPath reads it.
func cutPath(text string) (hub.TeamID, string, bool) {
	const longest = 24 + 1 + codeLength
	if len(text) > longest {
		return "", "", false
	}
	team, secret, ok := strings.Cut(text, ".")
	return hub.TeamID(team), secret, ok && hub.TeamID(team).Valid()
}
