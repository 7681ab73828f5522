package source

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// deletes is how often a message that is done is deleted at most.
const deletes = 5

// delete removes the messages that did not fail, ten in a call. What could not be
// deleted is tried again for a moment; after that it comes again, as on AWS.
func (q *Queue) delete(messages []types.Message, failed map[string]bool) {
	var left []types.DeleteMessageBatchRequestEntry
	for i, m := range messages {
		if !failed[*m.MessageId] {
			left = append(left, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
	}
	var again backoff
	for try := 1; ; try++ {
		var why string
		left, why = q.deleteOnce(left)
		if len(left) == 0 {
			return
		}
		if try == deletes {
			q.Log.Warn(q.Name, "messages could not be deleted and come again", "messages", len(left), "error", why)
			return
		}
		again.wait(context.Background())
	}
}

// deleteOnce answers what is left to be deleted, and the last reason. What the caller
// is to blame for, such as a receipt that is too old, is told and left.
func (q *Queue) deleteOnce(entries []types.DeleteMessageBatchRequestEntry) (left []types.DeleteMessageBatchRequestEntry, why string) {
	for len(entries) > 0 {
		n := min(len(entries), 10)
		out, err := q.Client.DeleteMessageBatch(context.Background(), &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL, Entries: entries[:n]},
			func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} })
		if err != nil {
			left, why = append(left, entries[:n]...), err.Error()
		} else {
			for _, f := range out.Failed {
				if f.SenderFault {
					q.Log.Warn(q.Name, "a message could not be deleted and comes again", "error", aws.ToString(f.Message))
					continue
				}
				for _, e := range entries[:n] {
					if *e.Id == aws.ToString(f.Id) {
						left, why = append(left, e), aws.ToString(f.Message)
					}
				}
			}
		}
		entries = entries[n:]
	}
	return left, why
}
