package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// failedRecords is the bucket that keeps the records of the change streams which relay
// could not work off in their time.
const failedRecords = "FailedRecords"

// maxRecords bounds how much of an object is read: a batch of a stream has at most 6 MB,
// and stands in the object as JSON within JSON.
const maxRecords = 64 << 20

// redriveRecords does relay's work for the records that the bucket keeps, object by
// object, and deletes an object of which nothing is left to be done. What was intended
// to be sent is reconcile's, which does not need the stream. A choice keeps the object.
func (c *control) redriveRecords(ctx context.Context, stack string, chosen *choice, rate int, dry bool) error {
	bucket, err := c.bucket(ctx, stack)
	if err != nil {
		return err
	}
	w := c.begin("published", rate)
	defer w.end()
	objects, deleted := 0, 0
	pages := s3.NewListObjectsV2Paginator(c.files, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return files("list", err)
		}
		for _, o := range page.Contents {
			if hub.MillisOf(aws.ToTime(o.LastModified)) < chosen.from {
				continue
			}
			objects++
			done, err := c.redriveObject(ctx, stack, bucket, o, chosen, w, dry)
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			if _, err := c.files.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: o.Key}); err != nil {
				return files("delete", err)
			}
			deleted++
		}
	}
	if dry {
		w.verb = "would be published"
	}
	fmt.Fprintf(c.out, "%d objects, %d done and deleted; %s\n", objects, deleted, w)
	return w.err("hubctl redrive")
}

// redriveObject publishes what the records of one object say. It answers whether all of
// it is done.
func (c *control) redriveObject(ctx context.Context, stack, bucket string, o types.Object, chosen *choice, w *work, dry bool) (bool, error) {
	records, err := c.records(ctx, bucket, aws.ToString(o.Key))
	if err != nil {
		if hub.CodeOf(err) != hub.Unparsable {
			return false, err
		}
		w.refused++
		fmt.Fprintf(c.out, "%s  stays: %s\n", aws.ToString(o.Key), why(err))
		return false, nil
	}
	sends, all := 0, !dry
	of := make([]store.Origin, len(records))
	changes, unread := make([]store.Change, len(records)), make([]error, len(records))
	for i, raw := range records {
		changes[i], of[i], unread[i] = readRecord(raw)
	}
	erased, err := c.erasedSince(ctx, of)
	if err != nil {
		return false, err
	}
	for i, change := range changes {
		err := unread[i]
		switch {
		case err != nil:
			w.refused++
			all = false
			fmt.Fprintf(c.out, "%s  a record stays: %s\n", aws.ToString(o.Key), why(err))
			continue
		case change.Send != nil:
			sends++
			continue
		case change.Event == nil, erased[i]:
			continue
		case !chosen.event(*change.Event):
			w.left++
			all = false
			continue
		}
		if dry {
			w.done++
			continue
		}
		if err := w.next(ctx); err != nil {
			return false, err
		}
		if err := c.bus(stack).Publish(ctx, []hub.Published{*change.Event})[0]; err != nil {
			w.failed++
			all = false
			fmt.Fprintf(c.out, "%s  a %s stays: %s\n", aws.ToString(o.Key), change.Event.Kind, why(err))
			continue
		}
		w.done++
	}
	fmt.Fprintf(c.out, "%s  %s old  %d records, %d of them intents to send, which reconcile hands on\n",
		aws.ToString(o.Key), age(hub.MillisOf(aws.ToTime(o.LastModified)), c.now()), len(records), sends)
	return all, nil
}

// event tells whether an event is chosen.
func (s *choice) event(p hub.Published) bool {
	account, _ := p.Detail["account"].(string)
	return (*s.team == "" || string(p.Team) == *s.team) && (*s.account == "" || account == *s.account) && holds(*s.filter, p.Kind)
}

// records reads the records of one object: Lambda's note of an invocation that was given
// up, with the whole event as text.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
func (c *control) records(ctx context.Context, bucket, key string) ([]json.RawMessage, error) {
	out, err := c.files.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, files("read", err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxRecords))
	if err != nil {
		return nil, files("read", err)
	}
	var note struct {
		Payload string `json:"payload"`
	}
	var event struct{ Records []json.RawMessage }
	if json.Unmarshal(body, &note) != nil || json.Unmarshal([]byte(note.Payload), &event) != nil || event.Records == nil {
		return nil, stays(hub.Unparsable, "it is no invocation with its records")
	}
	return event.Records, nil
}

// bucket finds the stack's bucket of failed records, whose name begins with the stack's
// and its own.
func (c *control) bucket(ctx context.Context, stack string) (string, error) {
	prefix := strings.ToLower(stack + "-" + failedRecords)
	pages := s3.NewListBucketsPaginator(c.files, &s3.ListBucketsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", files("list buckets", err)
		}
		for _, b := range page.Buckets {
			if name := aws.ToString(b.Name); name == prefix || strings.HasPrefix(name, prefix+"-") {
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("hubctl redrive: there is no bucket %s… in this account; -stack names another stack", prefix)
}

// files is an error of the store of files: its code, without what the call named.
func files(op string, err error) error {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return hub.E(hub.Transient, "hubctl: "+op, errors.New(coded.ErrorCode()))
	}
	return hub.E(hub.Transient, "hubctl: "+op, errors.New("no answer from the bucket"))
}
