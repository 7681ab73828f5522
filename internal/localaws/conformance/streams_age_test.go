package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	changes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"omnihub/internal/localaws"
)

// holder is the shard that holds the records of a partition.
func (r *reader) holder(pk string) string {
	r.t.Helper()
	for shard := range r.at {
		for _, one := range must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: r.iterator(shard, "TRIM_HORIZON", nil)}))(r.t).Records {
			if one.Dynamodb.Keys["pk"].(*changes.AttributeValueMemberS).Value == pk {
				return shard
			}
		}
	}
	r.t.Fatalf("no shard holds a record of %s", pk)
	return ""
}

// from asks for an iterator at a sequence number and returns the error code.
func (r *reader) from(shard string, kind changes.ShardIteratorType, seq *string) string {
	_, err := r.api.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: &r.arn, ShardId: &shard, ShardIteratorType: kind, SequenceNumber: seq})
	return code(err)
}

func TestRecordsAreKeptForADay(t *testing.T) {
	dir := t.TempDir()
	c := newCloud(t, onDisk(dir))
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly))
	s.put(keyOf("a", "1"))
	s.put(keyOf("a", "2"))
	r := s.reader()
	old := r.read()
	shard := r.holder("a")
	c.advance(t, 23*time.Hour)
	s.put(keyOf("a", "3"))
	if got := len(s.reader().read()); got != 3 {
		t.Errorf("got %d records after 23 hours, want 3", got)
	}
	c.advance(t, 2*time.Hour)
	check := func(when string) {
		t.Helper()
		if got, want := summary(s.reader().read()), "INSERT "+show(keyOf("a", "3"))+" - -"; got != want {
			t.Errorf("%s: got %s from the beginning, want %s", when, got, want)
		}
		first, last := old[0].Dynamodb.SequenceNumber, old[1].Dynamodb.SequenceNumber
		for _, one := range []struct {
			kind changes.ShardIteratorType
			seq  *string
			want string
		}{
			{"AT_SEQUENCE_NUMBER", first, "TrimmedDataAccessException"},
			{"AFTER_SEQUENCE_NUMBER", first, "TrimmedDataAccessException"},
			{"AT_SEQUENCE_NUMBER", last, "TrimmedDataAccessException"},
			{"AFTER_SEQUENCE_NUMBER", last, ""}, // nothing was lost to this reader
		} {
			if got := r.from(shard, one.kind, one.seq); got != one.want {
				t.Errorf("%s: %s record %s: got %q, want %q", when, one.kind, *one.seq, got, one.want)
			}
		}
	}
	check("after 25 hours")
	if err := c.server.Close(); err != nil {
		t.Fatal(err)
	}
	again := newCloud(t, onDisk(dir), func(cfg *localaws.Config) { cfg.Clock = c.clock.now })
	s.cloud, s.api = again, again.dynamo()
	r.api = again.streams()
	check("after a restart")
}

func TestIteratorsExpireAfterFifteenMinutes(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly))
	s.put(keyOf("a", "1"))
	r := s.reader()
	shard := r.holder("a")
	read := func(iterator *string) (*dynamodbstreams.GetRecordsOutput, error) {
		return r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
	}
	c.advance(t, 14*time.Minute)
	out := must(read(r.at[shard]))(t)
	c.advance(t, 2*time.Minute)
	_, err := read(r.at[shard])
	wantCode(t, err, "ExpiredIteratorException")
	s.put(keyOf("a", "2"))
	if next := must(read(out.NextShardIterator))(t); len(next.Records) != 1 {
		t.Errorf("got %d records by the iterator of two minutes ago, want 1", len(next.Records))
	}
	if got := r.from(shard, "AFTER_SEQUENCE_NUMBER", out.Records[0].Dynamodb.SequenceNumber); got != "" {
		t.Errorf("got %s, want a fresh iterator where the old one stood", got)
	}
}

// A stream does not keep the items of a transaction together: who reads sees one
// before the other, in one shard and all the more in two.
func TestStreamDoesNotKeepATransactionTogether(t *testing.T) {
	c := newCloud(t)
	s := c.table(t, streamOf(types.StreamViewTypeKeysOnly))
	var all []types.TransactWriteItem
	for i := range 40 {
		all = append(all, s.doPut(keyOf(fmt.Sprint(i), "x"), ""))
	}
	if err := s.transact("", all...); err != nil {
		t.Fatal(err)
	}
	r := s.reader()
	one, total, shards := int32(1), 0, 0
	for _, iterator := range r.at {
		first := must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: &one}))(t)
		if len(first.Records) == 0 {
			continue
		}
		shards++
		rest := must(r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: first.NextShardIterator}))(t)
		total += len(first.Records) + len(rest.Records)
	}
	if total != 40 || c.server != nil && shards < 2 {
		t.Errorf("got %d records in %d shards, want 40 in several", total, shards)
	}
}
