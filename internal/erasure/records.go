package erasure

import (
	"context"
	"encoding/json"
	"errors"

	"omnihub/internal/blob"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Records is the bucket that keeps the records of the change streams which could not be
// published in their time.
type Records struct{ Files *blob.Store }

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
	for at := e.Records; ; {
		keys, err := r.Files.Keys(ctx, at, perPage)
		if err != nil {
			return err
		}
		for _, key := range keys {
			taken, err := r.object(ctx, key, partitions)
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
		if len(keys) == 0 {
			return nil
		}
		at = keys[len(keys)-1]
		if err := came(at); err != nil {
			return err
		}
	}
}

// object takes the records of some partitions out of one object, and answers how many. An
// object that cannot be read is left.
func (r *Records) object(ctx context.Context, key string, partitions map[string]bool) (taken int, err error) {
	body, _, err := r.Files.Get(ctx, key, maxObject)
	switch hub.CodeOf(err) {
	case hub.NotFound, hub.TooLarge: // redriven since it was listed, or none of Lambda's
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	rest, taken, left := without(body, partitions)
	switch {
	case taken == 0:
		return 0, nil
	case left == 0:
		err = r.Files.Delete(ctx, key)
	default:
		err = r.Files.Put(ctx, key, rest, "application/json")
	}
	return taken, err
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
