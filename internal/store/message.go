package store

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	it["pub"] = s(hub.FactMessageReceived)
	it["tr"] = s(m.Trace)
	it[ttlAttr] = st.messageTTL(m.Received)
	if m.Text != "" {
		it["tx"] = s(cut(m.Text, maxText))
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

// PutOther keeps an event as it came: one that the hub does not act upon.
func (st *Store) PutOther(ctx context.Context, r Ref, e hub.Envelope, kind string, at hub.Millis) error {
	sk := otherSK(at, e.Event)
	if err := st.putLarge(ctx, r, sk, e.Raw, e.Received); err != nil {
		return err
	}
	it := key(r.pk(), sk)
	it["ty"] = s(kind)
	it["ph"] = s(e.Hash)
	it["ra"] = n(e.Received)
	it["tr"] = s(e.Trace)
	it[ttlAttr] = st.messageTTL(e.Received)
	putRaw(it, e.Raw)
	_, _, err := st.putNew(ctx, "keep event", st.Tables.Messages, it)
	return err
}

// Logged is one message of a thread's log.
type Logged struct {
	Key     hub.MessageKey
	Inbound bool
	Type    hub.MessageType
	Text    string
	Class   hub.Class
	Event   string
	Raw     []byte
	Stamps  hub.Stamps
	Attempt int
}

// Log reads messages of a thread, newest first, before a key ("" = from the newest).
func (st *Store) Log(ctx context.Context, r Ref, before hub.MessageKey, limit int) ([]Logged, error) {
	upper := messageMark + "~"
	if before != "" {
		upper = messageSK(before)
	}
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &st.Tables.Messages,
		KeyConditionExpression:    aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":a": s(messageMark), ":z": s(upper)},
		ScanIndexForward:          aws.Bool(false), Limit: aws.Int32(int32(limit)), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, wrap("read log", err)
	}
	var log []Logged
	for _, it := range out.Items {
		k := hub.MessageKey(strings.TrimPrefix(str(it, skAttr), messageMark))
		if k == before || str(it, "moved") != "" {
			continue
		}
		raw, err := st.rawOf(ctx, r, it)
		if err != nil {
			return nil, err
		}
		log = append(log, Logged{
			Key: k, Inbound: str(it, "d") == "in", Type: hub.MessageType(str(it, "ty")), Text: str(it, "tx"),
			Class: hub.Class(str(it, "cl")), Event: str(it, "ev"), Raw: raw, Stamps: readStamps(it), Attempt: int(num(it, "att")),
		})
	}
	return log, nil
}

// Stamp sets states of a sent message that are not set yet; set ones stay as they
// are, so stamps may come in any order. It answers false if the message is not
// there. A final state takes the message out of the due index.
func (st *Store) Stamp(ctx context.Context, r Ref, k hub.MessageKey, stamps hub.Stamps) (bool, error) {
	var sets []string
	values := item{}
	put := func(name string, v types.AttributeValue) {
		ref := ":" + name
		sets = append(sets, name+"=if_not_exists("+name+","+ref+")")
		values[ref] = v
	}
	for name, at := range map[string]hub.Millis{
		"sentAt": stamps.Sent, "deliveredAt": stamps.Delivered, "readAt": stamps.Read,
		"failedAt": stamps.Failed, "unknownAt": stamps.Unknown,
	} {
		if at != 0 {
			put(name, n(at))
		}
	}
	if stamps.PlatformID != "" {
		put("pid", s(stamps.PlatformID))
	}
	if stamps.Code != "" {
		put("fcode", s(string(stamps.Code)))
	}
	if len(sets) == 0 {
		return true, nil
	}
	expr := "SET " + strings.Join(sets, ", ")
	if stamps.Final() {
		expr += " REMOVE gpk, gsk"
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), messageSK(k)),
		UpdateExpression: &expr, ConditionExpression: aws.String("attribute_exists(SK)"), ExpressionAttributeValues: values,
	})
	if _, ok := refused(err); ok {
		return false, nil
	}
	return err == nil, wrap("stamp message", err)
}

// PutEarly keeps a receipt of a message that is not known yet, by the platform's
// id of the message.
func (st *Store) PutEarly(ctx context.Context, r Ref, platformID string, stamps hub.Stamps, at hub.Millis) error {
	it := key(r.pk(), earlySK(platformID, string(stamps.State())))
	for name, v := range map[string]hub.Millis{
		"deliveredAt": stamps.Delivered, "readAt": stamps.Read, "sentAt": stamps.Sent, "failedAt": stamps.Failed,
	} {
		if v != 0 {
			it[name] = n(v)
		}
	}
	if stamps.Code != "" {
		it["fcode"] = s(string(stamps.Code))
	}
	it[ttlAttr] = n(ttlAfter(at, 7*24*time.Hour))
	_, _, err := st.putNew(ctx, "keep early receipt", st.Tables.Messages, it)
	return err
}

func readStamps(it item) hub.Stamps {
	return hub.Stamps{
		Sent: millis(it, "sentAt"), Delivered: millis(it, "deliveredAt"), Read: millis(it, "readAt"),
		Failed: millis(it, "failedAt"), Unknown: millis(it, "unknownAt"),
		PlatformID: str(it, "pid"), Code: hub.Code(str(it, "fcode")),
	}
}

// pack deflates what becomes smaller by it.
func pack(raw []byte) (packed []byte, deflated bool) {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		return raw, false
	}
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

func parseParked(v string) (hub.Parked, bool) {
	at, k, ok := strings.Cut(v, "|")
	ms, err := strconv.ParseInt(at, 10, 64)
	return hub.Parked{Accepted: hub.Millis(ms), Key: hub.MessageKey(k)}, ok && err == nil
}

func parkedText(p hub.Parked) string {
	return strconv.FormatInt(int64(p.Accepted), 10) + "|" + string(p.Key)
}
