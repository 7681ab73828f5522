package dynamo

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"sort"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
)

// retention is how long stream records are kept:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
const retention = 24 * time.Hour

// stream is one change stream of one table: the present one, or an earlier one
// that is kept until its records are too old. The exported fields are stored.
type stream struct {
	ID           int64
	Table, Label string
	View         string
	Created      time.Time
	Disabled     time.Time // zero while it is on
	Key          keySchema
	Shards       int
	First        uint64   // the last sequence number before the stream began
	Trimmed      []uint64 // by shard, the newest sequence number that was dropped

	arn     string
	shards  []*shard
	changed chan struct{} // closed at the next record; nil if nobody waits
}

// shard keeps the records of the partition keys that hash to it, in order.
type shard struct {
	id      string
	records []*streamRecord
	last    uint64 // newest sequence number
}

// streamRecord is one change of one item. keys, old and new are attr encodings;
// those that the view leaves out are empty.
type streamRecord struct {
	seq            uint64
	at             int64 // ms
	event          byte  // 'I', 'M', 'R'
	expired        bool
	keys, old, new string
}

var eventNames = map[byte]string{'I': "INSERT", 'M': "MODIFY", 'R': "REMOVE"}

func (s *stream) on() bool { return s.Disabled.IsZero() }

// open prepares a stream that was made or loaded.
func (s *stream) open(e *Engine) {
	s.arn = e.tableARN(s.Table) + "/stream/" + s.Label
	if s.Trimmed == nil {
		s.Trimmed = make([]uint64, s.Shards)
	}
	for i := range s.Shards {
		s.shards = append(s.shards, &shard{id: fmt.Sprintf("shardId-%020d-%08x", s.Created.UnixMilli(), uint32(hash64(s.arn))+uint32(i)), last: s.Trimmed[i]})
	}
	e.streams[s.arn] = s
}

// sequenceNumber is the wire form of a sequence number: 21 digits, so that the
// order of the texts is the order of the numbers.
func sequenceNumber(seq uint64) string { return fmt.Sprintf("1%020d", seq) }

// parseSequence is the inverse; ok is false for what no stream has given out.
func parseSequence(text string) (uint64, bool) {
	digits, ok := strings.CutPrefix(text, "1")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil
}

// setStream turns the stream of a table on or off. Hold the writer lock.
func (e *Engine) setStream(t *table, spec *streamSpecification) []disk.Op {
	now := e.now().UTC()
	switch {
	case spec == nil || spec.StreamEnabled == (t.stream != nil):
		return nil
	case !spec.StreamEnabled:
		s := t.stream
		s.Disabled = now
		t.stream, t.Stream = nil, 0
		s.wake()
		return []disk.Op{saveStream(s)}
	}
	s := &stream{ID: e.nextID(), Table: t.Name, View: spec.StreamViewType, Created: now, Key: t.Key, Shards: e.cfg.Shards, First: e.sequence}
	for at := now; ; at = at.Add(time.Millisecond) {
		s.Label = at.Format("2006-01-02T15:04:05.000")
		if e.streams[e.tableARN(t.Name)+"/stream/"+s.Label] == nil {
			break
		}
	}
	s.open(e)
	t.stream, t.Stream, t.LastStream = s, s.ID, s.ID
	return []disk.Op{saveStream(s)}
}

// newestStream is the stream that a table shows, on or off; nil if there was none.
func (e *Engine) newestStream(t *table) *stream {
	for _, s := range e.streams {
		if s.ID == t.LastStream {
			return s
		}
	}
	return nil
}

// record adds the record of a change; before is the encoding of what was there.
// Hold the writer lock.
func (e *Engine) record(s *stream, c *change, before string) []disk.Op {
	e.sequence++
	r := &streamRecord{seq: e.sequence, at: e.now().UnixMilli(), event: 'M', expired: c.expired}
	image := c.new
	switch {
	case c.old == nil:
		r.event = 'I'
	case c.new == nil:
		r.event, image = 'R', c.old
	}
	r.keys = s.Key.keys(image).Encode()
	if s.View == "OLD_IMAGE" || s.View == "NEW_AND_OLD_IMAGES" {
		r.old = before
	}
	if s.View == "NEW_IMAGE" || s.View == "NEW_AND_OLD_IMAGES" {
		r.new = c.data
	}
	number := int(binary.BigEndian.Uint64([]byte(c.key[:8])) % uint64(s.Shards))
	sh := s.shards[number]
	sh.records = append(sh.records, r)
	sh.last = r.seq
	s.wake()
	return []disk.Op{
		{Bucket: bucketRecords, Key: recordKey(s, number, r.seq), Value: r.encode()},
		{Bucket: bucketState, Key: []byte("sequence"), Value: binary.BigEndian.AppendUint64(nil, e.sequence)},
	}
}

func (s *stream) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// trim drops the records of before a time and returns the disk operations.
func (s *stream) trim(before int64) []disk.Op {
	var ops []disk.Op
	for number, sh := range s.shards {
		n := sort.Search(len(sh.records), func(i int) bool { return sh.records[i].at >= before })
		if n == 0 {
			continue
		}
		for _, r := range sh.records[:n] {
			ops = append(ops, disk.Op{Bucket: bucketRecords, Key: recordKey(s, number, r.seq)})
		}
		s.Trimmed[number] = sh.records[n-1].seq
		sh.records = append([]*streamRecord(nil), sh.records[n:]...)
	}
	if ops != nil {
		ops = append(ops, saveStream(s))
	}
	return ops
}

// after returns the records that follow a sequence number, up to a count and about
// a size in bytes.
func (sh *shard) after(seq uint64, limit int) []*streamRecord {
	from := sort.Search(len(sh.records), func(i int) bool { return sh.records[i].seq > seq })
	to, size := from, 0
	for to < len(sh.records) && to-from < limit && size < maxPage {
		r := sh.records[to]
		size += len(r.keys) + len(r.old) + len(r.new)
		to++
	}
	return sh.records[from:to:to]
}

// wire writes the record as GetRecords shows it.
func (r *streamRecord) wire(s *stream, region string) []byte {
	keys := attr.Decode(r.keys)
	size := keys.Size()
	var d object
	d.number("ApproximateCreationDateTime", float64(r.at/1000))
	d.item("Keys", keys)
	for _, image := range []struct{ name, data string }{{"NewImage", r.new}, {"OldImage", r.old}} {
		if image.data != "" {
			it := attr.Decode(image.data)
			size += it.Size()
			d.item(image.name, it)
		}
	}
	d.text("SequenceNumber", sequenceNumber(r.seq))
	d.number("SizeBytes", float64(size))
	d.text("StreamViewType", s.View)
	h := fnv.New128a()
	_, _ = fmt.Fprint(h, s.arn, r.seq)
	var o object
	o.text("awsRegion", region)
	o.raw("dynamodb", d.end())
	o.text("eventID", fmt.Sprintf("%x", h.Sum(nil)))
	o.text("eventName", eventNames[r.event])
	o.text("eventSource", "aws:dynamodb")
	o.text("eventVersion", "1.1")
	if r.expired {
		o.raw("userIdentity", []byte(`{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}`))
	}
	return o.end()
}

// Watch returns a channel that is closed when the next record comes into the
// stream, or the stream ends; nil if there is no such stream. Take it before
// GetRecords, so that nothing comes in between.
func (e *Engine) Watch(streamARN string) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.streams[streamARN]
	if s == nil {
		return nil
	}
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// Tips returns the newest sequence number of every shard of every stream that is
// on, by stream ARN and shard id; empty for a shard without records.
func (e *Engine) Tips() map[string]map[string]string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	tips := map[string]map[string]string{}
	for arn, s := range e.streams {
		if !s.on() {
			continue
		}
		tips[arn] = map[string]string{}
		for _, sh := range s.shards {
			tips[arn][sh.id] = ""
			if sh.last > 0 {
				tips[arn][sh.id] = sequenceNumber(sh.last)
			}
		}
	}
	return tips
}
