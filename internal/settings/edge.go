package settings

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Edge holds the keys by which a webhook's path id, or a name that the hub gave out,
// proves that the hub made it, so that a made-up one costs no read. The newest key is the
// last.
type Edge struct {
	keys [][]byte
}

var (
	edgeContext = map[string]string{"purpose": "webhook path ids"}
	pathCode    = base32.StdEncoding.WithPadding(base32.NoPadding)
)

const (
	macBytes = 10 // of the code in a path id: 80 bits
	macChars = macBytes * 8 / 5
)

func teamContext(id hub.TeamID) map[string]string {
	return map[string]string{"purpose": "team data key", "team": string(id)}
}

// PathID is the last part of a connection's webhook URL: "<team>.<connection>.<mac>".
func (e *Edge) PathID(team hub.TeamID, c hub.ConnectionID) string {
	if len(e.keys) == 0 {
		return ""
	}
	return string(team) + "." + string(c) + "." + string(pathMAC(e.keys[len(e.keys)-1], team, c))
}

// Resolve reads a path id. It answers false for every id that the hub did not make.
func (e *Edge) Resolve(pathID string) (hub.TeamID, hub.ConnectionID, bool) {
	id, ok := parsePathID(pathID)
	return id.team, id.connection, ok && e.made(id)
}

// made reports whether the code of a path id is one of the hub's. It takes as long
// for every code.
func (e *Edge) made(id pathID) bool {
	made := false
	for _, key := range e.keys {
		if hmac.Equal(pathMAC(key, id.team, id.connection), []byte(id.mac)) {
			made = true
		}
	}
	return made
}

// pathID is a path id that has the right form.
type pathID struct {
	team       hub.TeamID
	connection hub.ConnectionID
	mac        string
}

// parsePathID checks an id's form, at a cost that does not grow with its length.
func parsePathID(text string) (pathID, bool) {
	team, rest, _ := strings.Cut(text[:min(len(text), maxPathID+1)], ".")
	connection, mac, _ := strings.Cut(rest, ".")
	id := pathID{hub.TeamID(team), hub.ConnectionID(connection), mac}
	return id, len(text) <= maxPathID && len(mac) == macChars && id.team.Valid() && id.connection.Valid()
}

// maxPathID is the length of the longest path id.
const maxPathID = 24 + 1 + 26 + 1 + macChars

func pathMAC(key []byte, team hub.TeamID, c hub.ConnectionID) []byte {
	return proof(key, "webhook path\x00"+string(team)+"\x00"+string(c))
}

// proof is the code by which a text proves that the hub made it.
func proof(key []byte, of string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(of))
	var (
		sum  [sha256.Size]byte
		text [macChars]byte
	)
	pathCode.Encode(text[:], mac.Sum(sum[:0])[:macBytes])
	for i, c := range text { // base32 in lower case
		if c >= 'A' && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
	return text[:]
}

var edgePlace = place{kind: "edge"}

// Edge returns the keys of webhook path ids.
func (r *Reader) Edge(ctx context.Context) (*Edge, error) {
	return lookup(ctx, r, edgePlace, upToDate, r.readEdge)
}

func (r *Reader) readEdge(ctx context.Context) (*Edge, error) {
	keys, err := r.Store.EdgeKeys(ctx, store.Relaxed)
	if err != nil {
		return nil, err
	}
	e := &Edge{}
	for _, k := range keys {
		raw, err := r.Keyring.Unwrap(ctx, k.Wrapped, edgeContext)
		if err != nil {
			return nil, fmt.Errorf("open edge key: %w", err)
		}
		e.keys = append(e.keys, raw)
	}
	return e, nil
}

// everRead are the terms of those who can do with what was read at any time: path
// ids that were given out stay good for ever, and so do their keys.
var everRead = terms{enough: func(e *entry, now time.Time) bool {
	return e.current(now) || !e.read.IsZero() && e.err == nil
}}

// Resolve tells whose webhook a path id is. NotFound for every id that the hub did
// not make; Transient if that cannot be told now. An id of the wrong form costs
// nothing, a good one reads only in a process that has read no keys yet, and however
// many made-up ones come, they make the keys be read once a minute: there may be a
// new one.
func (r *Reader) Resolve(ctx context.Context, text string) (hub.TeamID, hub.ConnectionID, error) {
	id, ok := parsePathID(text)
	if !ok {
		return "", "", errNotMade
	}
	if err := r.holds(ctx, func(e *Edge) bool { return e.made(id) }); err != nil {
		return "", "", err
	}
	return id.team, id.connection, nil
}

// holds answers nil if the hub has made something by one of its keys.
func (r *Reader) holds(ctx context.Context, made func(*Edge) bool) error {
	known, err := lookup(ctx, r, edgePlace, everRead, r.readEdge)
	if err == nil && made(known) {
		return nil
	}
	if err == nil {
		var newer *Edge
		if newer, err = r.Edge(ctx); err == nil && newer != known && made(newer) {
			return nil
		}
	}
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	return errNotMade
}

var errNotMade = hub.E(hub.NotFound, "settings: resolve", errors.New("the hub made no such name"))
