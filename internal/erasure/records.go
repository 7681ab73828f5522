package erasure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Records is the bucket that keeps the records of the change streams which could not be
// published in their time.
type Records struct {
	Client *s3.Client
	Bucket string
}

// perPage is how many objects are read between two notes of how far it came.
const perPage = 100

// maxObject bounds how much of an object is read: a batch of a stream has at most 6 MB,
// and stands in the object as JSON within JSON.
const maxObject = 64 << 20

// erase takes the records of an erasure's partitions out of all objects behind the one at
// which it stands, and deletes objects that held no others. How far it came it tells
// after each page.
func (r *Records) erase(ctx context.Context, st *store.Store, e hub.Erasure, came func(key string) error) error {
	partitions := map[string]bool{}
	for _, pk := range store.Erased(e) {
		partitions[pk] = true
	}
	pages := s3.NewListObjectsV2Paginator(r.Client, &s3.ListObjectsV2Input{
		Bucket: &r.Bucket, StartAfter: &e.Records, MaxKeys: aws.Int32(perPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failed("list", err)
		}
		for _, o := range page.Contents {
			taken, err := r.object(ctx, aws.ToString(o.Key), partitions)
			if err != nil {
				return err
			}
			if taken == 0 {
				continue
			}
			if err := st.CountErased(ctx, e, taken); err != nil {
				return err
			}
		}
		if len(page.Contents) == 0 {
			break
		}
		if err := came(aws.ToString(page.Contents[len(page.Contents)-1].Key)); err != nil {
			return err
		}
	}
	return nil
}

// object takes the records of some partitions out of one object, and answers how many. An
// object that cannot be read is left.
func (r *Records) object(ctx context.Context, key string, partitions map[string]bool) (taken int, err error) {
	out, err := r.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.Bucket, Key: &key})
	if err != nil {
		var gone interface{ ErrorCode() string }
		if errors.As(err, &gone) && gone.ErrorCode() == "NoSuchKey" {
			return 0, nil // redriven since it was listed
		}
		return 0, failed("read", err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxObject))
	if err != nil {
		return 0, failed("read", err)
	}
	rest, taken, left := without(body, partitions)
	switch {
	case taken == 0:
		return 0, nil
	case left == 0:
		_, err = r.Client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &r.Bucket, Key: &key})
	default:
		_, err = r.Client.PutObject(ctx, &s3.PutObjectInput{Bucket: &r.Bucket, Key: &key, Body: bytes.NewReader(rest)})
	}
	return taken, failed("rewrite", err)
}

// without is Lambda's note of an invocation that was given up, whose payload is the
// event with its records as text, without the records of some partitions. What else it
// says stays. Left is how many records stay.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
func without(body []byte, partitions map[string]bool) (rest []byte, taken, left int) {
	var note, event map[string]json.RawMessage
	var payload string
	var records []json.RawMessage
	if json.Unmarshal(body, &note) != nil || json.Unmarshal(note["payload"], &payload) != nil ||
		json.Unmarshal([]byte(payload), &event) != nil || json.Unmarshal(event["Records"], &records) != nil {
		return nil, 0, 0
	}
	var kept []json.RawMessage
	for _, raw := range records {
		var record struct {
			DynamoDB struct {
				Keys struct{ PK struct{ S string } }
			} `json:"dynamodb"`
		}
		if json.Unmarshal(raw, &record) == nil && partitions[record.DynamoDB.Keys.PK.S] {
			taken++
			continue
		}
		kept = append(kept, raw)
	}
	if taken == 0 || len(kept) == 0 {
		return nil, taken, len(kept)
	}
	var err error
	set := func(into map[string]json.RawMessage, name string, v any) {
		if err == nil {
			into[name], err = json.Marshal(v)
		}
	}
	set(event, "Records", kept)
	inner, marshalled := json.Marshal(event)
	set(note, "payload", string(inner))
	if rest, outer := json.Marshal(note); errors.Join(err, marshalled, outer) == nil {
		return rest, taken, len(kept)
	}
	return nil, 0, 0
}

// failed is an error of the bucket: its code, without what the call named.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return hub.E(hub.Transient, "erasure: "+op+" records", errors.New(coded.ErrorCode()))
	}
	return hub.E(hub.Transient, "erasure: "+op+" records", errors.New("no answer from the bucket"))
}
