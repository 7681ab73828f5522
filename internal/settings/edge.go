package settings

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"omnihub/internal/hub"
)

// Edge holds the keys by which a webhook's path id proves that the hub made it, so
// that a made-up id costs no read. The newest key is the last.
type Edge struct {
	keys [][]byte
}

var (
	edgeContext = map[string]string{"purpose": "webhook path ids"}
	pathCode    = base32.StdEncoding.WithPadding(base32.NoPadding)
)

func teamContext(id hub.TeamID) map[string]string {
	return map[string]string{"purpose": "team data key", "team": string(id)}
}

// PathID is the last part of a connection's webhook URL: "<team>.<connection>.<mac>".
func (e *Edge) PathID(team hub.TeamID, c hub.ConnectionID) string {
	if len(e.keys) == 0 {
		return ""
	}
	return string(team) + "." + string(c) + "." + pathMAC(e.keys[len(e.keys)-1], team, c)
}

// Resolve reads a path id. It answers false for every id that the hub did not make.
func (e *Edge) Resolve(pathID string) (hub.TeamID, hub.ConnectionID, bool) {
	parts := strings.Split(pathID, ".")
	if len(parts) != 3 {
		return "", "", false
	}
	team, c := hub.TeamID(parts[0]), hub.ConnectionID(parts[1])
	if !team.Valid() || !c.Valid() {
		return "", "", false
	}
	for _, key := range e.keys {
		if hmac.Equal([]byte(pathMAC(key, team, c)), []byte(parts[2])) {
			return team, c, true
		}
	}
	return "", "", false
}

func pathMAC(key []byte, team hub.TeamID, c hub.ConnectionID) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("webhook path\x00" + string(team) + "\x00" + string(c)))
	return strings.ToLower(pathCode.EncodeToString(mac.Sum(nil)[:10]))
}
