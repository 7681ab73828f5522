package chaos

import (
	"fmt"
	"strings"
)

// placeholder stands in a webhook where a filling is put afterwards: a fake platform
// takes no text that is no text.
const placeholder = "@@filling@@"

// fillings are what people's telephones put into texts, as it stands in JSON.
var fillings = []func(r *run) string{
	func(*run) string { return ` \u0000 NUL within` },
	func(*run) string { return ` \uffff \ufffe no characters` },
	func(*run) string { return ` \ud83d half a pair` },
	func(*run) string { return ` \ude00\ud83d a pair the wrong way round` },
	func(*run) string { return ` a` + strings.Repeat("\u0301", 32<<10) + ` combining marks` },
	func(*run) string { return ` \u202e right to left \u2066 and isolated` },
	func(*run) string { return ` ` + strings.Repeat("👩‍👩‍👧‍👦", 500) },
	func(*run) string { return ` {\"type\":\"message\",\"text\":\"ping\"} ]}\\u0022` },
	func(*run) string { return ` <script>alert(1)</script> ' OR 1=1 -- ${jndi:ldap://x} %s%n` },
	func(r *run) string {
		return fmt.Sprintf(` write to %s.%d@example.net or call 0912-733-%03d`, canaryName, r.marks, r.marks%1000)
	},
	func(*run) string { return strings.Repeat(` \t\n\r`, 200) },
	func(*run) string { return ` ﷽ ᄀᄀᄀ각ᆨᆨ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ㍿ ﬃ İ ß` },
	(*run).noise,
	(*run).noise,
}

// filling is what follows the mark in a text, as JSON.
func (r *run) filling() string { return fillings[r.random.IntN(len(fillings))](r) }

// noiseSize is the length of a text that does not shrink when it is packed, and so
// lies in parts beside its message.
const noiseSize = 400 << 10

// noise is such a text, in every fourth case; else a long one that does.
func (r *run) noise() string {
	if r.random.IntN(4) != 0 {
		return " " + strings.Repeat("long and longer ", 4000)
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-"
	b := make([]byte, noiseSize)
	for i := range b {
		b[i] = letters[r.random.IntN(len(letters))]
	}
	return " " + string(b)
}
