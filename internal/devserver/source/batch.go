package source

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"omnihub/internal/devserver/gateway"
	"omnihub/internal/devserver/lambda"
)

// streamLife is how long a stream keeps a record.
const streamLife = 24 * time.Hour

// piece is a run of records that is delivered as one batch.
type piece struct {
	records  []record
	attempts int // deliveries that failed without any progress
}

// process filters and delivers what one read brought, batch by batch. It answers
// false if ctx ended first; the rest comes again.
func (s *Stream) process(ctx context.Context, shard string, raw []types.Record) bool {
	var batch []record
	size := 0
	flush := func() bool {
		done := len(batch) == 0 || s.deliver(ctx, shard, batch)
		batch, size = nil, 0
		return done
	}
	for _, r := range raw {
		rec, err := newRecord(r, s.ARN)
		if err == nil && !s.passes(rec) {
			continue
		}
		if err == nil {
			err = rec.encode()
		}
		if err != nil {
			s.Log.Error(s.Name, "a record could not be read and is passed over", "error", err)
			continue
		}
		if len(batch) == s.Source.Batch || size+len(rec.encoded) > lambda.MaxPayload-1024 {
			if !flush() {
				return false
			}
		}
		batch = append(batch, rec)
		size += len(rec.encoded) + 1
	}
	if !flush() {
		return false
	}
	if last := raw[len(raw)-1]; last.Dynamodb != nil && last.Dynamodb.SequenceNumber != nil {
		s.advance(shard, *last.Dynamodb.SequenceNumber)
	}
	return true
}

func (s *Stream) passes(r record) bool {
	for _, f := range s.Filters {
		if f.Match(r.value) {
			return true
		}
	}
	return len(s.Filters) == 0
}

// advance moves the checkpoint of a shard.
func (s *Stream) advance(shard, sequence string) {
	s.mu.Lock()
	st := s.shards[shard]
	st.position, st.caughtUp, st.oldest = sequence, false, time.Time{}
	s.mu.Unlock()
	s.Checkpoints.Set(s.key(shard), sequence)
}

// deliver gives a batch to the function until all of it is done or dropped:
//   - a named failure is the new beginning of the batch, what stands before it is done;
//   - with bisection, a batch that fails from its first record on is cut in halves,
//     which does not count as a retry;
//   - a record that is too old, or a batch that was tried too often, is dropped.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
func (s *Stream) deliver(ctx context.Context, shard string, records []record) bool {
	stack := []piece{{records: records}}
	var again backoff
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		fresh := s.fresh(p.records)
		if old := p.records[:len(p.records)-len(fresh)]; len(old) > 0 {
			if !s.drop(ctx, shard, old, "RecordAgeExceeded", p.attempts) {
				return false
			}
			if p.records = fresh; len(fresh) == 0 {
				continue
			}
		}
		if ctx.Err() != nil {
			return false
		}
		from, counts := s.try(shard, p.records)
		switch {
		case from == len(p.records): // all done
			s.advance(shard, p.records[from-1].sequence)
			again.reset()
			continue
		case from > 0:
			s.advance(shard, p.records[from-1].sequence)
			stack = append(stack, piece{records: p.records[from:]})
			again.reset()
		case !counts:
			stack = append(stack, p)
		case s.Source.Bisect && len(p.records) > 1:
			half := len(p.records) / 2
			stack = append(stack, piece{p.records[half:], p.attempts}, piece{p.records[:half], p.attempts})
		default:
			if p.attempts++; s.Source.Retries >= 0 && p.attempts > s.Source.Retries {
				if !s.drop(ctx, shard, p.records, "RetryAttemptsExhausted", p.attempts) {
					return false
				}
				continue
			}
			stack = append(stack, p)
		}
		if !again.wait(ctx) {
			return false
		}
	}
	return true
}

// fresh leaves out the leading records that are too old to be delivered.
func (s *Stream) fresh(records []record) []record {
	limit := s.Source.MaxAge
	if limit == 0 || limit > streamLife {
		limit = streamLife
	}
	now := s.Now()
	for len(records) > 0 && now.Sub(records[0].at) > limit {
		records = records[1:]
	}
	return records
}

// try delivers once. It answers the index of the first record that is to come
// again, and whether the failure counts as an attempt: an event that the function
// never saw does not, nor one whose answer the service lost.
func (s *Stream) try(shard string, records []record) (from int, counts bool) {
	s.mu.Lock()
	s.shards[shard].oldest = records[0].at
	s.mu.Unlock()
	result := s.Function.Invoke(context.Background(), batchEvent(records), gateway.NewTrace(time.Now()))
	if f := result.Failure; f != nil {
		switch f.Kind {
		case lambda.NotReady, lambda.Refused, lambda.Throttled, lambda.Lost:
			return 0, false
		}
		return 0, true
	}
	if !s.Source.Partial {
		return len(records), true
	}
	index := map[string]int{}
	for i, r := range records {
		index[r.sequence] = i
	}
	p := readPartial(result.Payload, func(id string) bool { _, ok := index[id]; return ok })
	if p.hint != "" {
		s.Log.Warn(s.Name, p.hint)
	}
	if p.whole {
		s.Log.Error(s.Name, "the whole batch counts as failed: "+p.why, "records", len(records))
		return 0, true
	}
	from = len(records)
	for _, id := range p.failed {
		from = min(from, index[id])
	}
	if from < len(records) {
		s.Log.Warn(s.Name, "records come again", "from", from, "of", len(records))
	}
	return from, true
}
