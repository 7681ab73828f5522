package dynamo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/wire"
)

// The operations of DynamoDB Streams:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html

func errNoStream(arn string) error {
	return wire.Errorf("ResourceNotFoundException", "Requested resource not found: Stream: %s not found", arn)
}

// onStream runs do with the stream that a request names, after the permission check.
func (c *call) onStream(action, arn string, do func(s *stream) (any, error)) (any, error) {
	name, _, ok := strings.Cut(strings.TrimPrefix(arn, c.e.tableARN("")), "/stream/")
	if !ok {
		return nil, wire.Validation("Invalid StreamArn")
	}
	c.Resource = name
	if err := c.Allow("dynamodb:"+action, arn); err != nil {
		return nil, err
	}
	var answer any
	err := c.reading(func() (err error) {
		s := c.e.streams[arn]
		if s == nil {
			return errNoStream(arn)
		}
		answer, err = do(s)
		return err
	})
	return answer, err
}

func (c *call) listStreams(in *listStreamsRequest) (any, error) {
	limit, err := limited(in.Limit, 100)
	if err != nil {
		return nil, err
	}
	if err := c.Allow("dynamodb:ListStreams", "*"); err != nil {
		return nil, err
	}
	answer := members{"Streams": []members{}}
	err = c.reading(func() error {
		var arns []string
		for arn, s := range c.e.streams {
			if arn > in.ExclusiveStartStreamArn && (in.TableName == "" || in.TableName == s.Table) {
				arns = append(arns, arn)
			}
		}
		slices.Sort(arns)
		if len(arns) > limit {
			arns = arns[:limit]
			answer["LastEvaluatedStreamArn"] = arns[limit-1]
		}
		var list []members
		for _, arn := range arns {
			s := c.e.streams[arn]
			list = append(list, members{"StreamArn": arn, "TableName": s.Table, "StreamLabel": s.Label})
		}
		if list != nil {
			answer["Streams"] = list
		}
		return nil
	})
	return answer, err
}

// limited is a Limit of at least 1, and at most most.
func limited(limit *int, most int) (int, error) {
	if limit == nil {
		return most, nil
	}
	if *limit < 1 {
		return 0, wire.Validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *limit)
	}
	return min(*limit, most), nil
}

func (c *call) describeStream(in *describeStreamRequest) (any, error) {
	limit, err := limited(in.Limit, 100)
	if err != nil {
		return nil, err
	}
	return c.onStream("DescribeStream", in.StreamArn, func(s *stream) (any, error) {
		status := "ENABLED"
		if !s.on() {
			status = "DISABLED"
		}
		d := members{"StreamArn": s.arn, "StreamLabel": s.Label, "StreamStatus": status, "StreamViewType": s.View,
			"TableName": s.Table, "CreationRequestDateTime": seconds(s.Created), "KeySchema": s.Key.describe()}
		list := []members{}
		for _, sh := range s.shards {
			if sh.id <= in.ExclusiveStartShardId {
				continue
			}
			if len(list) == limit {
				d["LastEvaluatedShardId"] = list[limit-1]["ShardId"]
				break
			}
			bounds := members{"StartingSequenceNumber": sequenceNumber(s.First + 1)}
			if !s.on() {
				bounds["EndingSequenceNumber"] = sequenceNumber(max(s.First+1, sh.last))
			}
			list = append(list, members{"ShardId": sh.id, "SequenceNumberRange": bounds})
		}
		d["Shards"] = list
		return members{"StreamDescription": d}, nil
	})
}

// iteratorLife is how long an iterator can be used after it was given out.
const iteratorLife = 15 * time.Minute

// iterator is where a reader stands in a shard: after a sequence number, 0 for the
// beginning of what is kept; and when it was given out.
func (e *Engine) iterator(s *stream, number int, seq uint64) string {
	return fmt.Sprintf("%s|%d|%d|%d", s.arn, number, seq, e.now().UnixMilli())
}

// readIterator takes an iterator apart. It refuses one that is too old.
func (e *Engine) readIterator(text string) (arn string, number int, seq uint64, err error) {
	parts := strings.Split(text, "|")
	if len(parts) != 4 {
		return "", 0, 0, wire.Validation("Invalid ShardIterator")
	}
	number, err1 := strconv.Atoi(parts[1])
	seq, err2 := strconv.ParseUint(parts[2], 10, 64)
	given, err3 := strconv.ParseInt(parts[3], 10, 64)
	switch {
	case errors.Join(err1, err2, err3) != nil:
		err = wire.Validation("Invalid ShardIterator")
	case e.now().Sub(time.UnixMilli(given)) > iteratorLife:
		err = wire.Errorf("ExpiredIteratorException", "The provided iterator exceeds the maximum age allowed.")
	}
	return parts[0], number, seq, err
}

var errTrimmed = wire.Errorf("TrimmedDataAccessException", "The operation tried to read beyond the trim horizon of the shard")

func (c *call) getShardIterator(in *getShardIteratorRequest) (any, error) {
	return c.onStream("GetShardIterator", in.StreamArn, func(s *stream) (any, error) {
		number := slices.IndexFunc(s.shards, func(sh *shard) bool { return sh.id == in.ShardId })
		if number < 0 {
			return nil, wire.Errorf("ResourceNotFoundException", "Requested resource not found: Shard: %s does not exist", in.ShardId)
		}
		sh := s.shards[number]
		seq, valid := parseSequence(in.SequenceNumber)
		switch in.ShardIteratorType {
		case "TRIM_HORIZON", "LATEST":
			if in.SequenceNumber != "" {
				return nil, wire.Validation("SequenceNumber must not be given with ShardIteratorType %s", in.ShardIteratorType)
			}
			if seq = 0; in.ShardIteratorType == "LATEST" {
				seq = sh.last
			}
		case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
			switch {
			case !valid || seq <= s.First:
				return nil, wire.Validation("Invalid SequenceNumber %s in GetShardIterator", in.SequenceNumber)
			case seq <= s.Trimmed[number] && in.ShardIteratorType == "AT_SEQUENCE_NUMBER" || seq < s.Trimmed[number]:
				return nil, errTrimmed
			case in.ShardIteratorType == "AT_SEQUENCE_NUMBER":
				seq--
			}
		default:
			return nil, oneOf("shardIteratorType", in.ShardIteratorType+" ", "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON")
		}
		return members{"ShardIterator": c.e.iterator(s, number, seq)}, nil
	})
}

func (c *call) getRecords(in *getRecordsRequest) (any, error) {
	limit, err := limited(in.Limit, 1000)
	if err != nil {
		return nil, err
	}
	arn, number, seq, err := c.e.readIterator(in.ShardIterator)
	if err != nil {
		return nil, err
	}
	var found *stream
	var records []*streamRecord
	next := ""
	if _, err = c.onStream("GetRecords", arn, func(s *stream) (any, error) {
		if number < 0 || number >= len(s.shards) {
			return nil, wire.Validation("Invalid ShardIterator")
		}
		sh := s.shards[number]
		if seq != 0 && seq < s.Trimmed[number] {
			return nil, errTrimmed
		}
		found, records = s, sh.after(seq, limit)
		if len(records) > 0 {
			seq = records[len(records)-1].seq
		}
		if s.on() || seq < sh.last {
			next = c.e.iterator(s, number, seq)
		}
		return nil, nil
	}); err != nil {
		return nil, err
	}
	var o object
	var list []byte
	for i, r := range records {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, r.wire(found, c.e.cfg.Region)...)
	}
	o.raw("Records", append(append([]byte{'['}, list...), ']'))
	if next != "" {
		o.text("NextShardIterator", next)
	}
	return o.end(), nil
}
