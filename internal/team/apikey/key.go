// Package apikey knows the keys by which programs call the API: their text, their scopes,
// and which of them are good.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// Scope is what a key lets a program do. One table, in internal/api, gives each operation
// its scope.
type Scope string

const (
	ContactsRead       Scope = "contacts:read"
	ContactsWrite      Scope = "contacts:write"
	TagsWrite          Scope = "tags:write"
	MessagesRead       Scope = "messages:read"
	MessagesWrite      Scope = "messages:write"
	ConversationsWrite Scope = "conversations:write"
	SettingsRead       Scope = "settings:read"
	SettingsWrite      Scope = "settings:write"
	CampaignsRead      Scope = "campaigns:read" // the bot and OmniLink
	CampaignsWrite     Scope = "campaigns:write"
	AuditRead          Scope = "audit:read"
	QuarantineRead     Scope = "quarantine:read"
	Export             Scope = "export"
	Erase              Scope = "erase"
)

// Scopes are all scopes. No scope lets a program change members or keys.
func Scopes() []Scope {
	return []Scope{
		ContactsRead, ContactsWrite, TagsWrite, MessagesRead, MessagesWrite, ConversationsWrite,
		SettingsRead, SettingsWrite, CampaignsRead, CampaignsWrite, AuditRead, QuarantineRead, Export, Erase,
	}
}

// Known reports whether a scope is one of them.
func (s Scope) Known() bool { return slices.Contains(Scopes(), s) }

const (
	mark        = "ohk"
	idBytes     = 10 // 16 characters
	secretBytes = 20 // 32 characters
)

var (
	encoding   = base32.StdEncoding.WithPadding(base32.NoPadding)
	idForm     = regexp.MustCompile(`^[a-z2-7]{16}$`)
	secretForm = regexp.MustCompile(`^[a-z2-7]{32}$`)
)

// Key is a key in parts. Its text is "ohk_<team>_<id>_<secret>": 16 characters of base32
// name it within the team, and 32 are secret, 160 random bits.
type Key struct {
	Team   hub.TeamID
	ID     string
	Secret hub.Secret
}

// New makes a random key of a team.
func New(team hub.TeamID) Key {
	return Key{Team: team, ID: random(idBytes), Secret: hub.Secret(random(secretBytes))}
}

// Derived makes the key of a team that a seed stands for, which is as secret as the key and
// has as many random bits: always the same one.
func Derived(team hub.TeamID, seed hub.Secret) Key {
	part := func(name string) string { return hub.Digest("api key", name, string(team), seed.Reveal()) }
	return Key{Team: team, ID: part("id")[:16], Secret: hub.Secret(part("secret"))}
}

func random(n int) string {
	bytes := make([]byte, n)
	rand.Read(bytes) // never fails
	return strings.ToLower(encoding.EncodeToString(bytes))
}

// Text is the whole key: it is shown once, to who made it.
func (k Key) Text() hub.Secret {
	return hub.Secret(strings.Join([]string{mark, string(k.Team), k.ID, k.Secret.Reveal()}, "_"))
}

// Hash is what is stored of the secret. It is random and long, so that a plain SHA-256
// cannot be turned back.
func (k Key) Hash() []byte {
	sum := sha256.Sum256([]byte(k.Secret.Reveal()))
	return sum[:]
}

// Parse takes a text apart. It answers false for one that cannot be a key.
func Parse(text hub.Secret) (Key, bool) {
	parts := strings.SplitN(text.Reveal(), "_", 5)
	if len(parts) != 4 || parts[0] != mark {
		return Key{}, false
	}
	k := Key{Team: hub.TeamID(parts[1]), ID: parts[2], Secret: hub.Secret(parts[3])}
	return k, k.Team.Valid() && ValidID(k.ID) && secretForm.MatchString(parts[3])
}

// ValidID reports whether an id has the form of a key's.
func ValidID(id string) bool { return idForm.MatchString(id) }
