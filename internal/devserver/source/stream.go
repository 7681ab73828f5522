package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws/pattern"
)

// Stream is a DynamoDB stream event source: one reader per shard, one batch at a
// time in each.
type Stream struct {
	Name        string // for the log: function and event
	Mapping     string // tells the mappings apart, in checkpoints and names of dropped batches
	Source      template.StreamSource
	ARN         string // of the stream
	FunctionARN string
	Bucket      string // keeps dropped batches; "" = none
	Filters     []*pattern.Pattern
	Function    Invoker
	Client      *dynamodbstreams.Client
	Store       *s3.Client
	Checkpoints *Checkpoints
	Now         func() time.Time // the hub's clock
	Log         *logs.Log

	// Stalled answers nil while the streams may be read, else a channel that closes
	// when that may have changed. Nil is always nil.
	Stalled func() <-chan struct{}

	// Watch gives a channel that closes when records come, and Tips the newest
	// sequence number of each shard. Both are nil if the stream is in another
	// process; then the reader asks again and again.
	Watch func() <-chan struct{}
	Tips  func() map[string]string

	mu     sync.Mutex
	shards map[string]*shardState
}

// shardState is where the reader of a shard stands.
type shardState struct {
	position string    // everything up to here is done
	caughtUp bool      // the last read brought nothing
	closed   bool      // read to the end of a shard that takes no more records
	horizon  bool      // without a position: begin with the oldest that is left
	oldest   time.Time // of the batch that is being delivered; zero = none
}

// Position tells where a reader stands, for the state page.
type Position struct {
	Reader   string        `json:"reader"`
	Shard    string        `json:"shard"`
	Sequence string        `json:"sequence,omitempty"`
	CaughtUp bool          `json:"caught_up"`
	Age      time.Duration `json:"-"`
	AgeText  string        `json:"iterator_age"`
}

// pollEvery is how often a reader asks that cannot be told; AWS asks four times a
// second.
const pollEvery = 200 * time.Millisecond

// gather is how long a reader that is told of a record waits for others, so that a
// burst becomes one batch.
const gather = 5 * time.Millisecond

// Positions lists the readers. With tips of the shards at hand, a reader has
// caught up if it has done everything up to the tip.
func (s *Stream) Positions() []Position {
	var tips map[string]string
	if s.Tips != nil {
		tips = s.Tips()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Position{}
	for id, st := range s.shards {
		p := Position{Reader: s.Name, Shard: id, Sequence: st.position, CaughtUp: st.caughtUp}
		if tips != nil {
			p.CaughtUp = !later(tips[id], st.position)
		}
		if !st.oldest.IsZero() {
			p.Age = max(0, s.Now().Sub(st.oldest))
		}
		p.AgeText = p.Age.Round(time.Second).String()
		out = append(out, p)
	}
	for id := range tips {
		if s.shards[id] == nil {
			out = append(out, Position{Reader: s.Name, Shard: id, CaughtUp: tips[id] == "", AgeText: "0s"})
		}
	}
	return out
}

// Run reads all shards until ctx ends, parents before their children.
func (s *Stream) Run(ctx context.Context) {
	const look = time.Minute // for shards that came without an end of another
	var readers sync.WaitGroup
	defer settle(s.Function)
	defer readers.Wait()
	var again backoff
	ended := make(chan string, 16)
	running := map[string]bool{}
	for ctx.Err() == nil {
		shards, err := s.describe(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.Warn(s.Name, "the stream could not be described", "error", err)
				again.wait(ctx)
			}
			continue
		}
		again.reset()
		there := map[string]bool{}
		for _, sh := range shards {
			there[*sh.ShardId] = true
		}
		for _, sh := range shards {
			id, parent := *sh.ShardId, aws.ToString(sh.ParentShardId)
			if running[id] || s.state(id).isClosed(s) || there[parent] && !s.state(parent).isClosed(s) {
				continue
			}
			running[id] = true
			readers.Go(func() {
				s.read(ctx, id)
				select {
				case ended <- id:
				case <-ctx.Done():
				}
			})
		}
		timer := time.NewTimer(look)
		select {
		case id := <-ended:
			delete(running, id)
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (s *Stream) state(shard string) *shardState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shards == nil {
		s.shards = map[string]*shardState{}
	}
	st := s.shards[shard]
	if st == nil {
		st = &shardState{position: s.Checkpoints.Get(s.key(shard)), horizon: s.Checkpoints.Torn() != nil}
		s.shards[shard] = st
	}
	return st
}

func (st *shardState) isClosed(s *Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return st.closed
}

func (s *Stream) key(shard string) string { return s.Mapping + " " + s.ARN + " " + shard }

func (s *Stream) describe(ctx context.Context) ([]types.Shard, error) {
	var shards []types.Shard
	var from *string
	for {
		out, err := s.Client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &s.ARN, ExclusiveStartShardId: from}, once)
		if err != nil {
			return nil, err
		}
		shards = append(shards, out.StreamDescription.Shards...)
		if from = out.StreamDescription.LastEvaluatedShardId; from == nil {
			return shards, nil
		}
	}
}

// read delivers a shard's records until ctx ends or the shard is at its end.
func (s *Stream) read(ctx context.Context, shard string) {
	st := s.state(shard)
	var iterator *string
	var again backoff
	for s.stall(ctx, st) {
		var changed <-chan struct{}
		if s.Watch != nil {
			changed = s.Watch()
		}
		tip := ""
		if s.Tips != nil {
			tip = s.Tips()[shard]
		}
		records, next, err := s.fetch(ctx, shard, iterator)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			iterator = s.recover(shard, next, err)
			again.wait(ctx)
			continue
		}
		again.reset()
		if len(records) > 0 {
			records, next = s.fill(ctx, shard, records, next)
			if !s.process(ctx, shard, records) {
				return
			}
			iterator = next
			if next == nil {
				s.finish(shard, st)
				return
			}
			continue
		}
		if next == nil {
			s.finish(shard, st)
			return
		}
		iterator = next
		s.mu.Lock()
		st.caughtUp = true
		if later(tip, st.position) {
			st.position = tip // nothing up to the tip is for this reader
			s.Checkpoints.Set(s.key(shard), tip)
		}
		position := st.position
		s.mu.Unlock()
		s.wait(ctx, shard, position, changed)
	}
}

// stall waits while reading is held up. It answers false when ctx ends.
func (s *Stream) stall(ctx context.Context, st *shardState) bool {
	for ctx.Err() == nil {
		var held <-chan struct{}
		if s.Stalled != nil {
			held = s.Stalled()
		}
		if held == nil {
			return true
		}
		s.mu.Lock()
		st.caughtUp = false
		s.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
	return false
}

// wait returns when records may have come into the shard after the position.
func (s *Stream) wait(ctx context.Context, shard, position string, changed <-chan struct{}) {
	for changed != nil {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		changed = s.Watch()
		if s.Tips == nil || later(s.Tips()[shard], position) {
			pause(ctx, gather)
			return
		}
	}
	pause(ctx, pollEvery)
}

func (s *Stream) finish(shard string, st *shardState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.closed, st.caughtUp = true, true
	s.Log.Info(s.Name, "the shard is read to its end", "shard", shard)
}

// once is for calls that are tried again here, and not by the client.
func once(o *dynamodbstreams.Options) { o.Retryer = aws.NopRetryer{} }

// fetch reads once, from the iterator or else from the checkpoint. With an error it
// answers the iterator that it could not read from, if it had one.
func (s *Stream) fetch(ctx context.Context, shard string, iterator *string) ([]types.Record, *string, error) {
	if iterator == nil {
		in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.ARN, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
		s.mu.Lock()
		position, horizon := s.shards[shard].position, s.shards[shard].horizon
		s.mu.Unlock()
		switch {
		case position != "":
			in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &position
		case s.Source.Latest && !horizon:
			in.ShardIteratorType = types.ShardIteratorTypeLatest
		}
		out, err := s.Client.GetShardIterator(ctx, in, once)
		if err != nil {
			return nil, nil, err
		}
		if iterator = out.ShardIterator; iterator == nil {
			return nil, nil, fmt.Errorf("source: no iterator for shard %s", shard)
		}
	}
	out, err := s.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator}, once)
	if err != nil {
		return nil, iterator, err
	}
	return out.Records, out.NextShardIterator, nil
}

// recover answers the iterator to go on with after an error: the same one if the
// service only failed, since one that begins with the latest record would begin
// later if it were taken anew; nil for a fresh one.
func (s *Stream) recover(shard string, iterator *string, err error) *string {
	var expired *types.ExpiredIteratorException
	var trimmed *types.TrimmedDataAccessException
	var api smithy.APIError
	switch {
	case errors.As(err, &expired):
		return nil
	case errors.As(err, &trimmed):
		s.Log.Warn(s.Name, "records were lost: they are older than the stream keeps them", "shard", shard)
		s.mu.Lock()
		s.shards[shard].position, s.shards[shard].horizon = "", true
		s.mu.Unlock()
		return nil
	case errors.As(err, &api) && api.ErrorCode() == "ValidationException":
		// A checkpoint that the stream never gave, or an iterator of before it was made anew.
		s.Log.Warn(s.Name, "the stream does not know the place to go on at: records from its beginning come again", "shard", shard, "error", err)
		s.mu.Lock()
		s.shards[shard].position, s.shards[shard].horizon = "", true
		s.mu.Unlock()
		return nil
	}
	s.Log.Warn(s.Name, "records could not be read", "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Source.Latest && s.shards[shard].position == "" && !s.shards[shard].horizon {
		return iterator
	}
	return nil
}
