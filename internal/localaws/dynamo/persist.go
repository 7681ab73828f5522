package dynamo

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
)

// The buckets of the disk: table definitions by name, the rows of each table by row
// key, streams and their records, tokens of transactions, and counters.
const (
	bucketTables  = "dynamo.tables"
	bucketRows    = "dynamo.rows."
	bucketStreams = "dynamo.streams"
	bucketRecords = "dynamo.records"
	bucketTokens  = "dynamo.tokens"
	bucketState   = "dynamo.state"
)

// save is the operation that stores a table's definition.
func (e *Engine) save(t *table) disk.Op {
	return disk.Op{Bucket: bucketTables, Key: []byte(t.Name), Value: mustJSON(t.definition)}
}

func saveStream(s *stream) disk.Op {
	return disk.Op{Bucket: bucketStreams, Key: binary.BigEndian.AppendUint64(nil, uint64(s.ID)), Value: mustJSON(s)}
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("dynamo: encode: " + err.Error())
	}
	return data
}

func recordKey(s *stream, shard int, seq uint64) []byte {
	key := binary.BigEndian.AppendUint64(make([]byte, 0, 18), uint64(s.ID))
	key = binary.BigEndian.AppendUint16(key, uint16(shard))
	return binary.BigEndian.AppendUint64(key, seq)
}

// encode writes time, event, the expired mark and the three images with their lengths.
func (r *streamRecord) encode() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 24+len(r.keys)+len(r.old)+len(r.new)), uint64(r.at))
	b = append(b, r.event, 0)
	if r.expired {
		b[9] = 1
	}
	for _, image := range []string{r.keys, r.old, r.new} {
		b = append(binary.AppendUvarint(b, uint64(len(image))), image...)
	}
	return b
}

func decodeRecord(seq uint64, b []byte) (*streamRecord, error) {
	if len(b) < 10 {
		return nil, fmt.Errorf("record %d is cut short", seq)
	}
	r := &streamRecord{seq: seq, at: int64(binary.BigEndian.Uint64(b)), event: b[8], expired: b[9] == 1}
	b = b[10:]
	for _, image := range []*string{&r.keys, &r.old, &r.new} {
		n, width := binary.Uvarint(b)
		if width <= 0 || uint64(len(b)-width) < n {
			return nil, fmt.Errorf("record %d is cut short", seq)
		}
		*image = string(b[width : width+int(n)])
		b = b[width+int(n):]
	}
	return r, nil
}

// load reads everything that the disk holds.
func (e *Engine) load() error {
	if err := e.loadStreams(); err != nil {
		return err
	}
	err := e.cfg.Disk.Load(bucketTables, func(key, value []byte) error {
		t := &table{}
		if err := json.Unmarshal(value, &t.definition); err != nil {
			return fmt.Errorf("table %s: %w", key, err)
		}
		for _, x := range t.Indexes {
			x.prepare(&t.Key)
		}
		e.tables[t.Name] = t
		e.lastID = max(e.lastID, t.LastStream)
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range e.tables {
		var id int64
		if _, err := fmt.Sscanf(t.ID[strings.LastIndexByte(t.ID, '-')+1:], "%x", &id); err != nil {
			return fmt.Errorf("table %s: id %s: %w", t.Name, t.ID, err)
		}
		e.lastID = max(e.lastID, id)
		for _, s := range e.streams {
			if s.ID == t.Stream {
				t.stream = s
			}
		}
		if err := e.cfg.Disk.Load(t.bucket(), func(key, value []byte) error {
			r := &row{data: string(value)}
			it := attr.Decode(r.data)
			r.size = it.Size()
			t.admit(string(key), r, it)
			return nil
		}); err != nil {
			return fmt.Errorf("rows of %s: %w", t.Name, err)
		}
	}
	return e.loadTokens()
}

func (e *Engine) loadStreams() error {
	byID := map[int64]*stream{}
	err := e.cfg.Disk.Load(bucketStreams, func(_, value []byte) error {
		s := &stream{}
		if err := json.Unmarshal(value, s); err != nil {
			return fmt.Errorf("stream: %w", err)
		}
		s.open(e)
		byID[s.ID] = s
		e.lastID = max(e.lastID, s.ID)
		e.sequence = max(e.sequence, s.First)
		return nil
	})
	if err != nil {
		return err
	}
	oldest := e.now().Add(-retention).UnixMilli()
	err = e.cfg.Disk.Load(bucketRecords, func(key, value []byte) error {
		s := byID[int64(binary.BigEndian.Uint64(key))]
		number, seq := int(binary.BigEndian.Uint16(key[8:])), binary.BigEndian.Uint64(key[10:])
		if s == nil || number >= len(s.shards) {
			return fmt.Errorf("record %d has no stream", seq)
		}
		r, err := decodeRecord(seq, value)
		if err != nil {
			return err
		}
		s.shards[number].records = append(s.shards[number].records, r)
		s.shards[number].last = seq
		e.sequence = max(e.sequence, seq)
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range byID {
		e.cfg.Disk.Append(s.trim(oldest)...)
	}
	return e.cfg.Disk.Load(bucketState, func(_, value []byte) error {
		e.sequence = max(e.sequence, binary.BigEndian.Uint64(value))
		return nil
	})
}

// Sweep does what time has made due: it deletes expired items, drops stream records
// older than 24 hours and streams that ended so long ago, and forgets transaction
// tokens. Call it about once a second and after the clock was moved; it costs
// little when nothing is due.
func (e *Engine) Sweep() {
	now := e.now()
	for e.expire(now) {
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var ops []disk.Op
	for arn, s := range e.streams {
		ops = append(ops, s.trim(now.Add(-retention).UnixMilli())...)
		if !s.on() && s.Disabled.Before(now.Add(-retention)) {
			delete(e.streams, arn)
			ops = append(ops, disk.Op{Bucket: bucketStreams, Key: binary.BigEndian.AppendUint64(nil, uint64(s.ID))})
		}
	}
	e.cfg.Disk.Append(append(ops, e.forget(now)...)...)
}

// Limits of the time-to-live service: items that expired longer ago than five years
// are left alone, and so many are deleted under one lock.
const (
	oldestExpiry = 5 * 365 * 24 * time.Hour
	expireBatch  = 500
)

// expire deletes some items that have expired, and tells whether there may be more.
func (e *Engine) expire(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	var due []*change
	for _, t := range e.tables {
		low := secondKey(now.Add(-oldestExpiry).Unix())
		high := secondKey(now.Add(-e.cfg.TTLDelay).Unix())
		t.expiry.walk(low, high, false, func(key string, r *row) bool {
			due = append(due, &change{table: t, key: key[8:], row: r, old: attr.Decode(r.data), expired: true})
			return len(due) < expireBatch
		})
	}
	for _, c := range due {
		e.cfg.Disk.Append(e.apply(c)...)
	}
	return len(due) >= expireBatch
}
