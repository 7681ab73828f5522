package settings

import (
	"context"
	"crypto/hmac"
	"strings"

	"omnihub/internal/hub"
)

// ProofLength is the length of a proof, in characters of [a-z2-7].
const ProofLength = macChars

// Prove makes the code by which a name proves that the hub has made it: 80 bits that
// nobody can guess. The purpose keeps the proofs of one kind of names from being good for
// another. "" without keys. Neither purpose nor parts may hold a zero byte.
func (e *Edge) Prove(purpose string, team hub.TeamID, parts ...string) string {
	if len(e.keys) == 0 {
		return ""
	}
	return string(proof(e.keys[len(e.keys)-1], proofOf(purpose, team, parts)))
}

func proofOf(purpose string, team hub.TeamID, parts []string) string {
	return "proof\x00" + purpose + "\x00" + string(team) + "\x00" + strings.Join(parts, "\x00")
}

// Proved tells whether a proof was made by Prove for this purpose, team and parts: nil,
// NotFound if not, Transient if that cannot be told now. As of Resolve, a proof of the
// wrong length costs nothing, a good one reads only in a process that has read no keys
// yet, and made-up ones make the keys be read once a minute at most.
func (r *Reader) Proved(ctx context.Context, code, purpose string, team hub.TeamID, parts ...string) error {
	if len(code) != ProofLength {
		return errNotMade
	}
	of := proofOf(purpose, team, parts)
	return r.holds(ctx, func(e *Edge) bool {
		made := false
		for _, key := range e.keys {
			if hmac.Equal(proof(key, of), []byte(code)) {
				made = true
			}
		}
		return made
	})
}
