package hubtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Changes are all records of a table's change stream so far, as a function gets them.
func (h *Hub) Changes(table string) []events.DynamoDBEventRecord {
	h.t.Helper()
	var streams struct{ Streams []struct{ StreamArn string } }
	h.streams("ListStreams", map[string]any{"TableName": table}, &streams)
	if len(streams.Streams) != 1 {
		h.t.Fatalf("%s has %d streams, want 1", table, len(streams.Streams))
	}
	arn := streams.Streams[0].StreamArn
	var description struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	h.streams("DescribeStream", map[string]any{"StreamArn": arn}, &description)
	var all []events.DynamoDBEventRecord
	for _, shard := range description.StreamDescription.Shards {
		var at struct{ ShardIterator string }
		h.streams("GetShardIterator", map[string]any{"StreamArn": arn, "ShardId": shard.ShardId, "ShardIteratorType": "TRIM_HORIZON"}, &at)
		for at.ShardIterator != "" {
			var page struct {
				Records           []events.DynamoDBEventRecord
				NextShardIterator string
			}
			h.streams("GetRecords", map[string]any{"ShardIterator": at.ShardIterator}, &page)
			if len(page.Records) == 0 {
				break
			}
			all = append(all, page.Records...)
			at.ShardIterator = page.NextShardIterator
		}
	}
	return all
}

// streams makes a call on the wire: its answer has the form that functions get.
func (h *Hub) streams(op string, in, out any) {
	h.t.Helper()
	body, err := json.Marshal(in)
	h.must(err)
	r, err := http.NewRequest(http.MethodPost, h.URL, bytes.NewReader(body))
	h.must(err)
	r.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(r)
	h.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	h.must(err)
	if resp.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %s: %s", op, resp.Status, answer)
	}
	h.must(json.Unmarshal(answer, out))
}
