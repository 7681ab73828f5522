package apikey

import (
	"context"
	"crypto/subtle"
	"strings"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

const (
	// Kept is how long the gate answers from what it has read. The gateway keeps the
	// authorizer's answer as long again, so a revoked key is out within a minute.
	Kept = 30 * time.Second
	// maxKept bounds what is kept; beyond it all is read anew.
	maxKept = 10_000
)

// Gate lets programs in by their keys. It is safe for concurrent use.
type Gate struct {
	Store *store.Store
	Now   func() time.Time

	mu   sync.Mutex
	kept map[place]seen
}

type place struct {
	team hub.TeamID
	id   string
}

// seen is a key as it was read. One that there was not has no hash.
type seen struct {
	store.APIKey
	at time.Time
}

// Grant is what a good key says of who bears it.
type Grant struct {
	Team   hub.TeamID
	Key    string // its id
	Scopes []string
}

// Admit tells whether a text is a good key, and what it grants. A text that cannot be one
// costs no read, and one that was asked for within Kept none either. An error is the
// table's; nobody is let in while it lasts and nothing is kept.
func (g *Gate) Admit(ctx context.Context, text hub.Secret) (Grant, bool, error) {
	k, ok := Parse(text)
	if !ok {
		return Grant{}, false, nil
	}
	stored, err := g.read(ctx, place{k.Team, k.ID})
	if err != nil {
		return Grant{}, false, err
	}
	same := subtle.ConstantTimeCompare(stored.Hash, k.Hash()) == 1
	if !same || stored.Revoked != 0 {
		return Grant{}, false, nil
	}
	return Grant{Team: k.Team, Key: k.ID, Scopes: stored.Scopes}, true, nil
}

func (g *Gate) read(ctx context.Context, p place) (store.APIKey, error) {
	now := g.Now()
	g.mu.Lock()
	have, ok := g.kept[p]
	g.mu.Unlock()
	if age := now.Sub(have.at); ok && age >= 0 && age < Kept {
		return have.APIKey, nil
	}
	stored, err := g.Store.APIKey(ctx, p.team, p.id)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return store.APIKey{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept == nil || len(g.kept) >= maxKept {
		g.kept = map[place]seen{}
	}
	g.kept[p] = seen{stored, now}
	return stored, nil
}

// Bearer is the key of an Authorization header, "Bearer <key>"; "" if it has none.
// https://www.rfc-editor.org/rfc/rfc6750#section-2.1
func Bearer(header string) hub.Secret {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return hub.Secret(strings.TrimSpace(text))
}
