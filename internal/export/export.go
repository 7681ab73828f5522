// Package export gives out all that the hub knows of one person: homes, profile, joins
// with their evidence, tags, facts, threads, messages with their states, reactions and
// edits, what is quarantined, and the audit; page by page, in an order that is always the
// same for the same state.
package export

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"omnihub/internal/erasure"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

const (
	// MaxPage is how many bytes of JSON a page has at most.
	MaxPage = 1 << 20
	// overhead is what is kept of a page for what stands around its entries.
	overhead = 1 << 10
	// rawPiece is how many raw bytes one entry has at most.
	rawPiece = 300 << 10
	// atOnce is how many items are read in one call.
	atOnce = 100
	// idle is how many calls a page makes at most that find nothing: days of the audit.
	idle = 40
)

// Exporter exports persons. It is safe for concurrent use.
type Exporter struct {
	Store  *store.Store
	Office *erasure.Office // which knows all that is one person
}

// Page is a part of an export.
type Page struct {
	Root    hub.HomeID        `json:"root"`
	Edges   []hub.Edge        `json:"edges,omitempty"` // the live ones with their evidence: on the first page
	Entries []json.RawMessage `json:"entries"`
	Next    string            `json:"next,omitempty"` // the position of the next page; "" = there is none
}

// Entry is one thing that is known. Of what is kept raw pieces follow as entries of the
// kind "raw", in order.
type Entry struct {
	Kind  string         `json:"kind"` // home, field, tag, fact, edge …; thread, message, action, event …; quarantine; audit; raw
	Of    string         `json:"of"`   // the home, the channel user or the day under which it lies
	Key   string         `json:"key"`
	Data  map[string]any `json:"data,omitempty"`
	Piece int            `json:"piece,omitempty"` // of a raw entry, counted from 1
	Raw   []byte         `json:"raw,omitempty"`   // base64: the bytes as the platform sent them, but for codes that are hidden
}

// position is where a page begins: the place of the source, the last item of it that was
// given out, and how many entries of the next one were. Shown is a digest of whom the
// export is about.
type position struct {
	shown  string
	source int
	after  string
	skip   int
}

// Page reads a page of the export of the contact of a home, from a position ("" = the
// first), with or without what is kept raw. A page has at most MaxPage bytes, and may be
// empty before the last.
//
// Errors: NotFound for the home; BadRequest for a position that is none; Conflict if the
// contact is another one than when the export began: it is to be begun again.
func (x *Exporter) Page(ctx context.Context, team hub.TeamID, home hub.HomeID, from string, raw bool) (Page, error) {
	const op = "export: page"
	person, err := x.Office.Person(ctx, team, home)
	if err != nil {
		return Page{}, err
	}
	at, err := read(from)
	if err != nil {
		return Page{}, err
	}
	shown := digest(person)
	page := Page{Root: person.Root, Entries: []json.RawMessage{}}
	size := overhead
	switch {
	case from == "":
		page.Edges = person.Edges
		text, err := json.Marshal(page.Edges)
		if err != nil {
			return Page{}, hub.E(hub.Internal, op, err)
		}
		size += len(text)
		at.shown = shown
	case at.shown != shown:
		return Page{}, hub.E(hub.Conflict, op, fmt.Errorf("the contact has changed since the export began"))
	}
	sources := x.Store.Sources(team, person.Homes, person.Users)
	for calls := 0; at.source < len(sources); {
		list, next, err := x.Store.Export(ctx, sources[at.source], at.after, atOnce, internal)
		if err != nil {
			return Page{}, err
		}
		for _, e := range list {
			entries, err := entriesOf(ctx, sources[at.source].Name(), e, raw)
			if err != nil {
				return Page{}, err
			}
			for _, text := range entries[min(at.skip, len(entries)):] {
				if size+len(text)+1 > MaxPage && len(page.Entries) > 0 {
					page.Next = at.String()
					return page, nil
				}
				size += len(text) + 1
				page.Entries = append(page.Entries, text)
				at.skip++
			}
			at.after, at.skip = e.Key, 0
		}
		if at.after = next; next == "" {
			at.source++
		}
		if calls++; calls >= idle {
			break
		}
	}
	if at.source < len(sources) {
		page.Next = at.String()
	}
	return page, nil
}

// entriesOf are the entries of one item, as JSON.
func entriesOf(ctx context.Context, of string, e store.Exported, raw bool) ([]json.RawMessage, error) {
	first := Entry{Kind: kindOf(of, e.Key), Of: of, Key: e.Key, Data: named(e.Item)}
	all := []Entry{first}
	if raw && e.Bytes != nil {
		bytes, err := e.Bytes(ctx)
		if err != nil {
			return nil, err
		}
		for piece := range slices.Chunk(bytes, rawPiece) {
			all = append(all, Entry{Kind: "raw", Of: of, Key: e.Key, Piece: len(all), Raw: piece})
		}
	}
	texts := make([]json.RawMessage, len(all))
	for i, entry := range all {
		text, err := json.Marshal(entry)
		if err != nil {
			return nil, hub.E(hub.Internal, "export: write", err)
		}
		texts[i] = text
	}
	return texts, nil
}

func digest(p erasure.Person) string {
	parts := []string{string(p.Root)}
	for _, h := range p.Homes {
		parts = append(parts, string(h.ID))
	}
	for _, u := range p.Users {
		parts = append(parts, string(u))
	}
	return hub.Digest(parts...)[:16]
}

func (p position) String() string {
	return strings.Join([]string{p.shown, strconv.Itoa(p.source), strconv.Itoa(p.skip), p.after}, ".")
}

func read(text string) (p position, err error) {
	if text == "" {
		return p, nil
	}
	parts := strings.SplitN(text, ".", 4)
	if len(parts) == 4 {
		p.shown, p.after = parts[0], parts[3]
		source, err1 := strconv.Atoi(parts[1])
		skip, err2 := strconv.Atoi(parts[2])
		if p.source, p.skip = source, skip; err1 == nil && err2 == nil && source >= 0 && skip >= 0 {
			return p, nil
		}
	}
	return position{}, hub.E(hub.BadRequest, "export: page", fmt.Errorf("not a position"))
}
