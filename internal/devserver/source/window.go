package source

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// fill goes on reading until the batching window is over, counted from the first
// records that pass the filters, or a batch is full, or the shard is at its end. What could not be read any
// more is read later: only what process has done moves the checkpoint.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
func (s *Stream) fill(ctx context.Context, shard string, records []types.Record, next *string) ([]types.Record, *string) {
	if s.Source.Window == 0 {
		return records, next
	}
	s.mu.Lock()
	s.shards[shard].caughtUp = false
	s.mu.Unlock()
	window, cancel := context.WithTimeout(ctx, s.Source.Window)
	defer cancel()
	wanted := s.wanted(records)
	for wanted > 0 && wanted < s.Source.Batch && next != nil && window.Err() == nil {
		var changed <-chan struct{}
		var again <-chan time.Time // for a stream that cannot tell of its records
		if s.Watch != nil {
			changed = s.Watch()
		} else {
			again = time.After(pollEvery)
		}
		more, after, err := s.fetch(window, shard, next)
		if err != nil {
			break
		}
		next = after
		if len(more) > 0 {
			wanted += s.wanted(more)
			records = append(records, more...)
			continue
		}
		select {
		case <-changed:
			pause(window, gather)
		case <-again:
		case <-window.Done():
		}
	}
	return records, next
}

// wanted counts the records that pass the filters.
func (s *Stream) wanted(records []types.Record) int {
	n := 0
	for _, r := range records {
		if rec, err := newRecord(r, s.ARN); err == nil && s.passes(rec) {
			n++
		}
	}
	return n
}
