package store

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// Put says what came of storing a message.
type Put struct {
	New   bool // it was stored now
	Other bool // another content stands under the same key: the first is kept
	Moved bool // the message stands under the time of its arrival instead
	Fence int  // the thread's when the message was stored first
}

func found(old item, m hub.Inbound) Put {
	if str(old, "moved") != "" {
		return Put{Moved: true}
	}
	return Put{Other: str(old, "ph") != m.Hash, Fence: int(num(old, "fence"))}
}

// PutMessage stores a customer's message if it is not there yet. A repetition
// changes nothing.
func (st *Store) PutMessage(ctx context.Context, r Ref, m hub.Inbound) (Put, error) {
	if err := st.putLarge(ctx, r, messageSK(m.Key), m.Raw, m.Received); err != nil {
		return Put{}, err
	}
	isNew, old, err := st.putNew(ctx, "put message", st.Tables.Messages, st.messageItem(r, m))
	if err != nil {
		return Put{}, err
	}
	if isNew {
		return Put{New: true, Fence: m.Fence}, nil
	}
	return found(old, m), nil
}

// messageItem is the stored form of a customer's message. With a short text it
// stays under 1 KB: names are short, and the raw event is stored once, deflated if
// that is smaller.
func (st *Store) messageItem(r Ref, m hub.Inbound) item {
	it := key(r.pk(), messageSK(m.Key))
	it["d"] = s("in")
	it["ty"] = s(string(m.Type))
	it["ev"] = s(m.Event)
	it["ph"] = s(m.Hash)
	it["ra"] = n(m.Received)
	it["pub"] = s(hub.MessageReceived)
	whose(it, m.Account, m.Channel, m.Home)
	it["tr"] = s(m.Trace)
	it[ttlAttr] = st.messageTTL(m.Received)
	if m.Text != "" {
		it["tx"] = s(cut(m.Text, maxText))
	}
	if m.Data != "" {
		it["dt"] = s(cut(m.Data, maxText))
	}
	if m.Fence != 0 {
		it["fence"] = n(m.Fence)
	}
	if m.Actor != "" {
		it["who"] = s(m.Actor)
	}
	putRaw(it, m.Raw)
	return it
}

const (
	// maxText is how much of a text is stored beside its event, in bytes.
	maxText = 64 << 10
	// maxInline is the largest event, packed, that stands in its own item.
	maxInline = 300 << 10
)

// cut shortens a text to at most n bytes, at a rune's edge.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// putRaw puts an event's bytes into its item, or, if they are too many, the number
// of parts in which they lie in the Ledger.
func putRaw(it item, event []byte) {
	raw, deflated := pack(event)
	if len(raw) > maxInline {
		it["parts"] = n((len(raw) + rawPart - 1) / rawPart)
	} else {
		it["rw"] = b(raw)
	}
	if deflated {
		it["z"] = n(1)
	}
}

// putLarge keeps an event that is too large for its item in parts in the Ledger,
// before the item that counts them.
func (st *Store) putLarge(ctx context.Context, r Ref, sk string, event []byte, received hub.Millis) error {
	if len(event) <= maxInline {
		return nil
	}
	raw, _ := pack(event)
	if len(raw) <= maxInline {
		return nil
	}
	// What has its item has its parts, or was unsent and emptied since.
	if it, err := st.get(ctx, "look for large event", st.Tables.Messages, r.pk(), sk, true); err != nil || it != nil {
		return err
	}
	for part := 0; part*rawPart < len(raw); part++ {
		it := key(largePK(r.Team, r.User), largeSK(sk, part))
		it["rw"] = b(raw[part*rawPart : min(len(raw), (part+1)*rawPart)])
		it[ttlAttr] = st.messageTTL(received)
		if _, _, err := st.putNew(ctx, "keep large event", st.Tables.Ledger, it); err != nil {
			return err
		}
	}
	return nil
}

// rawOf reads the event's bytes that an item holds or counts.
func (st *Store) rawOf(ctx context.Context, r Ref, it item) ([]byte, error) {
	packed := bin(it, "rw")
	for part := range int(num(it, "parts")) {
		p, err := st.get(ctx, "read large event", st.Tables.Ledger, largePK(r.Team, r.User), largeSK(str(it, skAttr), part), true)
		if err != nil {
			return nil, err
		}
		packed = append(packed, bin(p, "rw")...)
	}
	raw, err := unpack(packed, num(it, "z") == 1)
	if err != nil {
		return nil, hub.E(hub.Internal, "store: read event", fmt.Errorf("the raw event is damaged"))
	}
	return raw, nil
}

// PutArrival keeps the time at which a platform's event without a usable time of
// its own arrived first, and answers that time: the same for ever.
func (st *Store) PutArrival(ctx context.Context, r Ref, id string, at hub.Millis) (hub.Millis, error) {
	it := key(r.pk(), arrivalSK(id))
	it["ra"] = n(at)
	it[ttlAttr] = n(ttlAfter(at, arrivalRetention))
	isNew, old, err := st.putNew(ctx, "put arrival", st.Tables.Messages, it)
	if err != nil || isNew {
		return at, err
	}
	return millis(old, "ra"), nil
}

// arrivalRetention is how long the first arrival's time is remembered.
const arrivalRetention = 400 * 24 * time.Hour

// PutMoved marks a key that the platform's time would give and that is not used,
// because the time lay in the future when the message arrived. A repetition that
// comes when that time has passed meets the mark instead of an empty place.
func (st *Store) PutMoved(ctx context.Context, r Ref, from, to hub.MessageKey, at hub.Millis) error {
	it := key(r.pk(), messageSK(from))
	it["moved"] = s(string(to))
	it[ttlAttr] = n(ttlAfter(at, arrivalRetention))
	_, _, err := st.putNew(ctx, "mark moved message", st.Tables.Messages, it)
	return err
}

// deflaters are used again: a new one costs over a megabyte and its collection, more
// than all else that is done for a message. What they hold between two uses means
// nothing. A sync.Pool would lose them at each collection.
var deflaters = make(chan *flate.Writer, 4)

func deflater() *flate.Writer {
	select {
	case w := <-deflaters:
		return w
	default:
	}
	w, err := flate.NewWriter(nil, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant of the package
	}
	return w
}

// pack deflates what becomes smaller by it.
func pack(raw []byte) (packed []byte, deflated bool) {
	var buf bytes.Buffer
	w := deflater()
	defer func() {
		select {
		case deflaters <- w:
		default:
		}
	}()
	w.Reset(&buf)
	if _, err := w.Write(raw); err != nil || w.Close() != nil || buf.Len() >= len(raw) {
		return raw, false
	}
	return buf.Bytes(), true
}

// maxRaw bounds what unpack makes of a stored event.
const maxRaw = 8 << 20

func unpack(stored []byte, deflated bool) ([]byte, error) {
	if !deflated {
		return stored, nil
	}
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(stored)), maxRaw))
}
