package hub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Channel is the kind of a messaging channel: "line", "whatsapp", "viber" …
// Only the packages below internal/channel know what a kind means.
type Channel string

// TeamID names a tenant: 2–24 characters of [a-z0-9].
type TeamID string

// ConnectionID names one set of credentials with its webhook URL, within a team:
// 2–26 characters of [a-z0-9].
type ConnectionID string

// AccountID names one connected channel of a team (a LINE official account, a
// Facebook page, a WhatsApp number): 2–26 characters of [a-z0-9].
type AccountID string

// UserKey stands for one channel user in every key and on every queue: 32
// characters of base32, from which the platform's own id cannot be read back.
type UserKey string

// HomeID names the home of one channel user or imported person, per epoch: 32
// characters of base32.
type HomeID string

// MessageKey orders and names a message within its thread:
// "<13-digit milliseconds>#<platform id>", and "~a" after it for the automatic
// answer to it.
type MessageKey string

// ConversationID names one case within a thread: 26 characters of base32.
type ConversationID string

// Millis is a time in milliseconds since 1970, UTC. Zero means none.
type Millis int64

// MillisOf converts a time.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time converts back.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Add moves a time by d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

var (
	teamForm = regexp.MustCompile(`^[a-z0-9]{2,24}$`)
	partForm = regexp.MustCompile(`^[a-z0-9]{2,26}$`)
	encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
)

// Valid reports whether the id has the form of a team id.
func (t TeamID) Valid() bool { return teamForm.MatchString(string(t)) }

// Valid reports whether the id has the form of a connection id.
func (c ConnectionID) Valid() bool { return partForm.MatchString(string(c)) }

// Valid reports whether the id has the form of an account id.
func (a AccountID) Valid() bool { return partForm.MatchString(string(a)) }

// maxPlatformID is the longest platform id that stands in a message key as it is, in
// bytes: numbers, ULIDs and UUIDs. Longer ones bear more than an id: a message id of
// WhatsApp holds the customer's phone number.
const maxPlatformID = 36

// NewMessageKey makes the key of a message from its platform time and id.
func NewMessageKey(at Millis, platformID string) MessageKey {
	return MessageKey(fmt.Sprintf("%013d#%s", at, ShortID(platformID)))
}

// ShortID is a platform's id as it stands in a sort key: itself, or its hash if it
// is longer than an id need be.
func ShortID(platformID string) string {
	if len(platformID) <= maxPlatformID {
		return platformID
	}
	sum := sha256.Sum256([]byte(platformID))
	return "sha256-" + text(sum[:])
}

// At is the platform time in the key; 0 if the key is malformed.
func (k MessageKey) At() Millis {
	head, _, ok := strings.Cut(string(k), "#")
	if !ok || len(head) != 13 {
		return 0
	}
	var at Millis
	for _, c := range head {
		if c < '0' || c > '9' {
			return 0
		}
		at = at*10 + Millis(c-'0')
	}
	return at
}

// Answer is the key of the one automatic answer to the message.
func (k MessageKey) Answer() MessageKey { return k + "~a" }

// Welcome is the key of what the webhook's own answer brought, of an event's key.
func (k MessageKey) Welcome() MessageKey { return k + "~w" }

// Part is the key of the n-th message of what is shown in several, counted from 0: the
// first has the key itself, the others follow it, also as texts.
func (k MessageKey) Part(n int) MessageKey {
	if n == 0 {
		return k
	}
	return k + MessageKey(fmt.Sprintf("~%02d", n))
}

// Answered is the key by which an answer that is shown in several messages counts once:
// that of the first.
func (k MessageKey) Answered() MessageKey {
	at := strings.LastIndex(string(k), "~")
	if at < 0 {
		return k
	}
	head, part := k[:at], k[at+1:]
	if _, err := strconv.Atoi(string(part)); err == nil && strings.HasSuffix(string(head), "~a") {
		return head
	}
	return k
}

// MaxParts is how many messages one answer may take.
const MaxParts = 20

// Pepper is a team's secret from which all keys of its channel users derive.
type Pepper []byte

// User is the key of a channel user: HMAC over the account and the platform's id.
func (p Pepper) User(account AccountID, external string) UserKey {
	return UserKey(p.derive("user", string(account), external))
}

// Home is the id of a channel user's home. An erasure raises the epoch, so a
// person who comes back gets a fresh home.
func (p Pepper) Home(account AccountID, external string, epoch int) HomeID {
	return HomeID(p.derive("home", string(account), external, fmt.Sprint(epoch)))
}

// Value is the hash under which a personal value (e-mail, phone, member id, alias)
// stands in a key: finders, alias claims and tombstones. Scope keeps equal values
// of different fields or scopes apart.
func (p Pepper) Value(scope, value string) string { return p.derive("value", scope, value) }

func (p Pepper) derive(parts ...string) string {
	mac := hmac.New(sha256.New, p)
	mac.Write(prefixed(parts))
	return text(mac.Sum(nil)[:20])
}

// Digest is a hash over length-prefixed parts, as 32 characters of base32. It
// hides nothing; use Pepper for what must not be guessed.
func Digest(parts ...string) string {
	sum := sha256.Sum256(prefixed(parts))
	return text(sum[:20])
}

// NewConversationID names the conversation that message k of a thread opens.
func NewConversationID(team TeamID, user UserKey, k MessageKey) ConversationID {
	return ConversationID(Digest("conversation", string(team), string(user), string(k))[:26])
}

// RetryKey is the UUID under which a platform recognises a send that is tried
// again: fixed by the message, the same at every attempt.
func RetryKey(team TeamID, user UserKey, k MessageKey) string {
	sum := sha256.Sum256(prefixed([]string{"retry", string(team), string(user), string(k)}))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80 // version 8: a custom hash
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// prefixed joins parts so that no two lists of parts give the same bytes.
func prefixed(parts []string) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}

func text(b []byte) string { return strings.ToLower(encoding.EncodeToString(b)) }
