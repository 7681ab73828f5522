package source

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// invocationRecord is what the on-failure destination gets of a dropped batch.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
type invocationRecord struct {
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		Count       int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext struct {
		StatusCode    int    `json:"statusCode"`
		Version       string `json:"executedVersion"`
		FunctionError string `json:"functionError"`
	} `json:"responseContext"`
	Version   string    `json:"version"`
	Timestamp string    `json:"timestamp"`
	Batch     batchInfo `json:"DDBStreamBatchInfo"`
	Payload   string    `json:"payload"` // the whole event
}

type batchInfo struct {
	ShardID   string `json:"shardId"`
	Start     string `json:"startSequenceNumber"`
	End       string `json:"endSequenceNumber"`
	First     string `json:"approximateArrivalOfFirstRecord"`
	Last      string `json:"approximateArrivalOfLastRecord"`
	Size      int    `json:"batchSize"`
	StreamARN string `json:"streamArn"`
}

const isoMillis = "2006-01-02T15:04:05.000Z"

// drop gives up on records: it keeps them in the bucket, moves the checkpoint and
// says so. It does not return before they are kept, but with false when ctx ends.
func (s *Stream) drop(ctx context.Context, shard string, records []record, condition string, attempts int) bool {
	now := s.Now().UTC()
	first, last := records[0], records[len(records)-1]
	var rec invocationRecord
	rec.RequestContext.RequestID = uuid(nil)
	rec.RequestContext.FunctionARN = s.FunctionARN
	rec.RequestContext.Condition = condition
	rec.RequestContext.Count = attempts
	rec.ResponseContext.StatusCode = 200
	rec.ResponseContext.Version = "$LATEST"
	rec.ResponseContext.FunctionError = "Unhandled"
	rec.Version = "1.0"
	rec.Timestamp = now.Format(isoMillis)
	rec.Batch = batchInfo{shard, first.sequence, last.sequence, first.at.UTC().Format(isoMillis), last.at.UTC().Format(isoMillis), len(records), s.ARN}
	rec.Payload = string(batchEvent(records))

	where := "the template names no bucket for them"
	if s.Bucket != "" {
		body, err := json.Marshal(rec)
		if err != nil {
			s.Log.Error(s.Name, "a dropped batch could not be encoded", "error", err)
			return false
		}
		key := fmt.Sprintf("aws/lambda/%s/%s/%s-%s", uuid([]byte(s.Mapping+s.FunctionARN)), shard, now.Format("2006/01/02/2006-01-02T15.04.05"), uuid(nil))
		for again := (backoff{}); ; {
			_, err := s.Store.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json")})
			if err == nil {
				break
			}
			if ctx.Err() == nil {
				s.Log.Warn(s.Name, "dropped records could not be kept yet", "error", err)
			}
			if !again.wait(ctx) {
				return false
			}
		}
		where = "s3://" + s.Bucket + "/" + key
	}
	s.Log.Block(s.Name, "", fmt.Sprintf("%d stream records dropped: %s after %d attempts", len(records), condition, attempts),
		[]string{"from " + first.sequence + " to " + last.sequence, where})
	s.advance(shard, last.sequence)
	return true
}

// uuid is random, or made from a name.
func uuid(name []byte) string {
	var b [16]byte
	if name == nil {
		_, _ = rand.Read(b[:])
	} else {
		h := fnv.New128a()
		_, _ = h.Write(name)
		h.Sum(b[:0])
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// newEventID is the id of a schedule's event.
func newEventID() string { return uuid(nil) }

// stamp writes a time as EventBridge does.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
