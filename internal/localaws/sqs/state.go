package sqs

import (
	"encoding/binary"
	"encoding/json"
	"sort"
	"time"

	"omnihub/internal/localaws/disk"
)

// The buckets of the disk. Letters and states have the number of the message as
// key, so that a receive writes a small record and not the body again.
const (
	bucketMeta      = "sqs.meta"
	bucketQueues    = "sqs.queues"
	bucketLetters   = "sqs.letters"
	bucketStates    = "sqs.states"
	bucketSightings = "sqs.sightings"
	bucketTasks     = "sqs.tasks"
)

// commit hands the changes of the running call to the disk as one batch. The ticket
// also covers all that the call may have read.
func (e *Engine) commit() disk.Ticket {
	ops := e.ops
	e.ops = nil
	return e.cfg.Disk.Append(ops...)
}

func (e *Engine) put(bucket string, key []byte, v any) {
	if e.cfg.Disk == nil {
		return
	}
	value, err := json.Marshal(v)
	if err != nil {
		panic("sqs: a record cannot be encoded: " + err.Error()) // plain structs always can
	}
	e.ops = append(e.ops, disk.Op{Bucket: bucket, Key: key, Value: value})
}

func (e *Engine) drop(bucket string, key []byte) {
	if e.cfg.Disk != nil {
		e.ops = append(e.ops, disk.Op{Bucket: bucket, Key: key})
	}
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func sightingKey(q *queue, s *sighting) []byte { return []byte(q.name + "\x00" + s.Key) }

func (e *Engine) saveLease()       { e.put(bucketMeta, []byte("leased"), e.leased) }
func (e *Engine) save(m *message)  { e.put(bucketStates, number(m.number), m.state) }
func (e *Engine) saveTask(t *task) { e.put(bucketTasks, number(t.Number), t) }

func (e *Engine) erase(m *message) {
	e.drop(bucketLetters, number(m.number))
	e.drop(bucketStates, number(m.number))
}

// add puts a new message into a queue and on disk.
func (e *Engine) add(q *queue, m *message) {
	q.attach(m)
	e.put(bucketLetters, number(m.number), m.letter)
	e.save(m)
}

func (e *Engine) remember(q *queue, s *sighting) {
	q.sightings[s.Key] = s
	q.recent = append(q.recent, s)
	e.put(bucketSightings, sightingKey(q, s), s)
}

func (e *Engine) forget(q *queue, s *sighting) {
	delete(q.sightings, s.Key)
	e.drop(bucketSightings, sightingKey(q, s))
}

type queueRecord struct {
	Attributes map[string]string
	Tags       map[string]string
	Created    time.Time
	Modified   time.Time
	Purged     time.Time
}

func (e *Engine) saveQueue(q *queue) {
	e.put(bucketQueues, []byte(q.name), queueRecord{q.settings.attributes, q.tags, q.created, q.modified, q.purged})
}

func (e *Engine) dropQueue(q *queue) {
	for _, m := range q.messages {
		e.erase(m)
	}
	for _, s := range q.recent {
		e.forget(q, s)
	}
	e.drop(bucketQueues, []byte(q.name))
	delete(e.queues, q.name)
}

func (e *Engine) load() error {
	d := e.cfg.Disk
	if err := d.Load(bucketMeta, func(_, value []byte) error { return json.Unmarshal(value, &e.leased) }); err != nil {
		return err
	}
	e.last = e.leased
	err := d.Load(bucketQueues, func(key, value []byte) error {
		var r queueRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		q := newQueue(string(key), r.Attributes["FifoQueue"] == "true")
		q.tags, q.created, q.modified, q.purged = r.Tags, r.Created, r.Modified, r.Purged
		var err error
		q.settings, err = e.parse(r.Attributes)
		e.queues[q.name] = q
		return err
	})
	if err != nil {
		return err
	}
	if err := e.loadMessages(); err != nil {
		return err
	}
	for _, q := range e.queues {
		prefix := q.name + "\x00"
		err := d.Load(bucketSightings, func(key, value []byte) error {
			if len(key) < len(prefix) || string(key[:len(prefix)]) != prefix {
				return nil
			}
			s := new(sighting)
			q.recent = append(q.recent, s)
			return json.Unmarshal(value, s)
		})
		if err != nil {
			return err
		}
		sort.Slice(q.recent, func(i, j int) bool { return q.recent[i].At.Before(q.recent[j].At) })
		for _, s := range q.recent {
			q.sightings[s.Key] = s
		}
	}
	return d.Load(bucketTasks, func(_, value []byte) error {
		t := new(task)
		e.tasks = append(e.tasks, t)
		return json.Unmarshal(value, t)
	})
}

func (e *Engine) loadMessages() error {
	byNumber := map[uint64]*message{}
	var all []*message
	err := e.cfg.Disk.Load(bucketLetters, func(key, value []byte) error {
		m := &message{number: binary.BigEndian.Uint64(key)}
		byNumber[m.number] = m
		return json.Unmarshal(value, &m.letter)
	})
	if err != nil {
		return err
	}
	err = e.cfg.Disk.Load(bucketStates, func(key, value []byte) error {
		if m := byNumber[binary.BigEndian.Uint64(key)]; m != nil {
			all = append(all, m)
			return json.Unmarshal(value, &m.state)
		}
		return nil
	})
	if err != nil {
		return err
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Place < all[j].Place })
	for _, m := range all {
		if q := e.queues[m.Queue]; q != nil {
			q.attach(m)
		}
	}
	return nil
}
