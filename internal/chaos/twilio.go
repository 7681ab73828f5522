package chaos

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"omnihub/internal/channel/fake"
)

// twilioTrait is WhatsApp through Twilio: a form for each event, signed with the URL, that
// bears no time; several ids of a person; callbacks to an address that bears our own name of
// the send, and a list in which it can be looked for.
func twilioTrait() *trait {
	return &trait{
		kinds: []string{"text", "image", "sticker", "location", "document", "audio", "video", "contacts", "files", "form", "referral", "tap", "row", "text"},
		act:   twilioAct,
		shown: []string{byPhone, byUser, byBoth},
		show: func(_ *fake.Act, shown string) (*fake.Act, string) {
			return &fake.Act{Extra: extra("identity", "show", shown)}, shown
		},
		ids: func(body string) ([]string, string) {
			form, _ := url.ParseQuery(body) // what cannot be read names nobody
			user := strings.TrimPrefix(form.Get("ExternalUserId"), "whatsapp:")
			phone := form.Get("WaId")
			if phone == "" {
				return []string{user}, user
			}
			return []string{user, phone}, "wa:" + phone
		},
		secret:  "auth_token",
		sign:    signedByTwilio,
		filled:  func(words string) string { return escaped(plain(words)) },
		escapes: true,
		broken: func(h *hook) string {
			return regexp.MustCompile(`(From|ExternalUserId|WaId)=[^&]*`).ReplaceAllString(h.body, "$1=nobody")
		},
		stray: func(w webhook, body string) string {
			return strings.ReplaceAll(body, "%2B"+strings.TrimPrefix(w.external, "+"), "%2B999999999999")
		},
		bears: func(s send) []string { return []string{s.ref()} },
		borne: func(c fake.Call) []string {
			form, _ := url.ParseQuery(c.Body)
			callback, _ := url.Parse(form.Get("StatusCallback"))
			if callback == nil {
				return nil
			}
			return []string{callback.Query().Get("ref")}
		},
		tells: true,
		die:   func(s send) string { return s.ref() },
		words: []string{"sent", "delivered", "read"},
		slows: "undelivered=failed",
		lost:  func(p plan, s send, n, _ int) bool { return p.lost("send "+s.ref(), n, true) },
		names: []string{"sent", "delivered", "read"},
		finds: true,
	}
}

func twilioAct(kind, mark string, _ int) fake.Act {
	link := "https://example.net/" + mark
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "image":
		return fake.Act{Image: link}
	case "sticker":
		return fake.Act{Sticker: "446"}
	case "location":
		return fake.Act{Extra: extra(kind, "name", mark, "address", mark, "latitude", 25.03, "longitude", 121.56)}
	case "document", "contacts":
		return fake.Act{Extra: extra(kind, "name", mark, "link", link)}
	case "audio", "video":
		return fake.Act{Extra: extra(kind, "link", link)}
	case "files":
		return fake.Act{Extra: extra(kind, "files", []map[string]string{{"type": "image", "link": link}, {"type": "image", "link": link + "-2"}})}
	case "form":
		return fake.Act{Extra: extra(kind, "answers", map[string]string{"answer": mark})}
	case "referral":
		return fake.Act{Extra: extra(kind, "text", mark, "source", mark)}
	case "tap":
		return fake.Act{Extra: extra("button", "id", "ping", "title", "Yes")}
	case "row":
		return fake.Act{Extra: extra("list", "id", "ping", "title", "Yes")}
	}
	return fake.Act{Text: "ping"}
}

// signedByTwilio signs the URL and the form's parameters: sorted, each name before its
// value, none twice.
// https://www.twilio.com/docs/usage/webhooks/webhooks-security
func signedByTwilio(w webhook, body string) map[string]string {
	var list [][2]string
	for part := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, _ = url.QueryUnescape(name) // the run wrote it
		value, _ = url.QueryUnescape(value)
		list = append(list, [2]string{name, value})
	}
	slices.SortFunc(list, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	mac := hmac.New(sha1.New, []byte(w.secret))
	mac.Write([]byte(w.url))
	for _, p := range slices.Compact(list) {
		mac.Write([]byte(p[0] + p[1]))
	}
	return map[string]string{"x-twilio-signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}

// escaped is a text as it stands in a form of Twilio's.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == ' ':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.*", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// plain reads the escapes of JSON. Half a pair becomes the three bytes that would stand
// for it, which are no UTF-8: telephones send such texts.
func plain(words string) string {
	var out []byte
	unit := func(i int) rune { // of \uXXXX at i; -1 if there is none
		if i+6 > len(words) || words[i:i+2] != `\u` {
			return -1
		}
		n, err := strconv.ParseUint(words[i+2:i+6], 16, 16)
		if err != nil {
			return -1
		}
		return rune(n)
	}
	for i := 0; i < len(words); i++ {
		if words[i] != '\\' || i+1 == len(words) {
			out = append(out, words[i])
			continue
		}
		c := unit(i)
		if c < 0 {
			i++
			out = append(out, map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\', '/': '/'}[words[i]])
			continue
		}
		if pair := utf16.DecodeRune(c, unit(i+6)); pair != '\uFFFD' {
			out, i = append(out, string(pair)...), i+11
			continue
		}
		if i += 5; utf16.IsSurrogate(c) {
			out = append(out, 0xE0|byte(c>>12), 0x80|byte(c>>6&0x3F), 0x80|byte(c&0x3F))
		} else {
			out = append(out, string(c)...)
		}
	}
	return string(out)
}
