package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queues are two queues of one name, in the local cloud and at a peer, with what
// both have given out: message ids and receipt handles, which are told apart by
// the order in which they came.
type queues struct {
	speaker
	t       *testing.T
	fifo    bool
	side    [2]*sqs.Client
	url     [2]string
	ids     [2]map[string]string
	handles [][2]string
	found   *findings
	last    [2]outcome
}

func playSQS(t *testing.T, local *cloud, p *peer, found *findings, r *rand.Rand, ops int) {
	q := &queues{speaker: speaker{Rand: r}, t: t, side: [2]*sqs.Client{local.sqs(), p.cloud.sqs()}, found: found}
	for i := range ops {
		if i%200 == 0 {
			q.fifo = i/200%2 == 1
			q.renew()
		}
		q.fresh()
		if q.attempt() {
			q.renew()
		}
	}
}

// renew goes on with new queues, because the states of the old ones have parted.
func (q *queues) renew() {
	name, attributes := unique("twin"), map[string]string{"VisibilityTimeout": "600"}
	if q.fifo {
		name, attributes["FifoQueue"] = name+".fifo", "true"
	}
	for i, api := range q.side {
		q.url[i] = *must(api.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}))(q.t).QueueUrl
		q.ids[i] = map[string]string{}
	}
	q.handles = nil
}

// attempt plays one operation and tells whether the states may have parted.
func (q *queues) attempt() bool {
	kind := "standard"
	if q.fifo {
		kind = "FIFO"
	}
	if !q.sound {
		kind += ", wild"
	}
	operation, request, call := q.operation()
	for i := range q.side {
		members, err := call(i)
		if out, failed := refused(err); failed {
			q.last[i] = out
		} else {
			q.last[i] = outcome{members: members}
		}
	}
	parted := q.found.compare(operation+" ("+kind+")", request, q.last[0], q.last[1])
	return parted || strings.HasPrefix(operation, "Send") && q.last[0].code != "" // a peer may keep what it refuses
}

func (q *queues) operation() (name, request string, call func(i int) (map[string]string, error)) {
	switch kind := q.IntN(100); {
	case kind < 30:
		return q.send()
	case kind < 42:
		return q.sendBatch()
	case kind < 70:
		return q.receive()
	case kind < 82:
		return q.remove()
	case kind < 90:
		return q.hide()
	case kind < 94:
		return q.removeBatch()
	}
	return "GetQueueAttributes", "counts", func(i int) (map[string]string, error) {
		out, err := q.side[i].GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url[i], AttributeNames: []types.QueueAttributeName{
			"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"}})
		if err != nil {
			return nil, err
		}
		return out.Attributes, nil
	}
}

// known is the name under which a message id is compared.
func (q *queues) known(i int, id *string) string {
	if name := q.ids[i][aws.ToString(id)]; name != "" {
		return name
	}
	name := fmt.Sprint("message ", len(q.ids[i]))
	q.ids[i][aws.ToString(id)] = name
	return name
}

func (q *queues) text() string {
	if q.wild(10) {
		return q.of("", "\x00", "a\x08", "\uFFFF", strings.Repeat("x", mebibyte+1))
	}
	return q.of("one", "two", "three", "日本", "{\"a\": 1}", "line\nline\ttab", "𝄞") + fmt.Sprint(" ", q.IntN(1000))
}

func (q *queues) attributes() map[string]types.MessageAttributeValue {
	if q.one(60) {
		return nil
	}
	out := map[string]types.MessageAttributeValue{}
	for range 1 + q.IntN(3) {
		name, v := q.of("a", "b", "trace.id", "A-1"), types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(q.of("x", "é", "1"))}
		switch q.IntN(4) {
		case 0:
			v = types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(q.of("1", "-2.5", "1e3"))}
		case 1:
			v = types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte(q.of("b", "\x00"))}
		}
		if q.wild(20) {
			name = q.of("a b", "AWS.x", "", ".a", "a..b")
		}
		if q.wild(20) {
			v.DataType = aws.String(q.of("Strin", "", "Number"))
		}
		out[name] = v
	}
	return out
}

// groups sets what a FIFO queue wants, mostly.
func (q *queues) groups() (group, dedup *string) {
	if q.fifo && !q.wild(5) || q.wild(5) {
		group = aws.String("g" + fmt.Sprint(q.IntN(3)))
	}
	if q.fifo && !q.wild(5) || q.wild(5) {
		if dedup = aws.String(fmt.Sprint("d", q.IntN(1<<30))); q.wild(10) {
			dedup = aws.String(q.of("same", "a b", strings.Repeat("d", 129)))
		}
	}
	return group, dedup
}

func sentShown(q *queues, i int, id, md5, attributes, sequence *string) string {
	return fmt.Sprint(q.known(i, id), " ", aws.ToString(md5), " ", aws.ToString(attributes), " ", sequence != nil)
}

func (q *queues) send() (string, string, func(i int) (map[string]string, error)) {
	in := sqs.SendMessageInput{MessageBody: aws.String(q.text()), MessageAttributes: q.attributes()}
	in.MessageGroupId, in.MessageDeduplicationId = q.groups()
	if q.wild(5) {
		in.DelaySeconds = int32(q.IntN(2) * 901)
	}
	return "SendMessage", fmt.Sprintf("%.60q %d attributes, group %q, id %q", *in.MessageBody, len(in.MessageAttributes), aws.ToString(in.MessageGroupId), aws.ToString(in.MessageDeduplicationId)),
		func(i int) (map[string]string, error) {
			in := in
			in.QueueUrl = &q.url[i]
			out, err := q.side[i].SendMessage(ctx, &in)
			if err != nil {
				return nil, err
			}
			return map[string]string{"Message": sentShown(q, i, out.MessageId, out.MD5OfMessageBody, out.MD5OfMessageAttributes, out.SequenceNumber)}, nil
		}
}

func (q *queues) sendBatch() (string, string, func(i int) (map[string]string, error)) {
	var entries []types.SendMessageBatchRequestEntry
	n := 1 + q.IntN(4)
	if q.wild(10) {
		n = q.IntN(2) * 11
	}
	for j := range n {
		e := types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("e", j)), MessageBody: aws.String(q.text()), MessageAttributes: q.attributes()}
		e.MessageGroupId, e.MessageDeduplicationId = q.groups()
		if q.wild(5) {
			e.Id = aws.String(q.of("e0", "", "a:b", strings.Repeat("i", 81)))
		}
		entries = append(entries, e)
	}
	return "SendMessageBatch", fmt.Sprint(n, " entries"), func(i int) (map[string]string, error) {
		out, err := q.side[i].SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url[i], Entries: append([]types.SendMessageBatchRequestEntry{}, entries...)})
		if err != nil {
			return nil, err
		}
		var sent []string
		for _, one := range out.Successful {
			sent = append(sent, *one.Id+" "+sentShown(q, i, one.MessageId, one.MD5OfMessageBody, one.MD5OfMessageAttributes, one.SequenceNumber))
		}
		return map[string]string{"Successful": strings.Join(sent, "\n"), "Failed": failedShown(out.Failed)}, nil
	}
}

func failedShown(failed []types.BatchResultErrorEntry) string {
	var out []string
	for _, f := range failed {
		out = append(out, fmt.Sprint(*f.Id, " ", *f.Code, " ", f.SenderFault))
	}
	return strings.Join(out, "\n")
}

func (q *queues) receive() (string, string, func(i int) (map[string]string, error)) {
	in := sqs.ReceiveMessageInput{MaxNumberOfMessages: int32(1 + q.IntN(10)), MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}}
	if q.fifo && q.sound {
		in.MaxNumberOfMessages = 1 // how many of one group come together is the queue's choice
	}
	if q.wild(10) {
		in.MaxNumberOfMessages = int32(q.IntN(2)*12 - 1)
	}
	if q.wild(5) {
		in.VisibilityTimeout = 43_201
	}
	if q.wild(5) {
		in.MessageAttributeNames = []string{q.of("a", "trace.*", "none")}
	}
	handles := make([][2]string, 10)
	return "ReceiveMessage", fmt.Sprint("up to ", in.MaxNumberOfMessages), func(i int) (map[string]string, error) {
		in := in
		in.QueueUrl = &q.url[i]
		out, err := q.side[i].ReceiveMessage(ctx, &in)
		if err != nil {
			return nil, err
		}
		var all []string
		for j, m := range out.Messages {
			var attributes []string
			for _, name := range sortedNames(m.Attributes) {
				if !strings.Contains(name, "Timestamp") && name != "SenderId" && name != "SequenceNumber" {
					name += "=" + m.Attributes[name]
				}
				attributes = append(attributes, name)
			}
			all = append(all, fmt.Sprint(q.known(i, m.MessageId), " ", *m.Body, " ", aws.ToString(m.MD5OfBody), " ", len(m.MessageAttributes), " ", aws.ToString(m.MD5OfMessageAttributes), " ", attributes))
			handles[j][i] = *m.ReceiptHandle
		}
		if i == 1 {
			for _, pair := range handles {
				if pair[0] != "" && pair[1] != "" {
					q.handles = append(q.handles, pair)
				}
			}
		}
		return map[string]string{"Messages": strings.Join(all, "\n")}, nil
	}
}

// handle is a receipt handle of both: the newest, seldom an older one, or text.
func (q *queues) handle() [2]string {
	if len(q.handles) == 0 || q.wild(10) {
		return [2]string{"text", "text"}
	}
	at := len(q.handles) - 1
	pair := q.handles[at]
	if q.sound { // each once
		q.handles = q.handles[:at]
		return pair
	}
	return q.handles[q.IntN(len(q.handles))]
}

func (q *queues) remove() (string, string, func(i int) (map[string]string, error)) {
	pair := q.handle()
	return "DeleteMessage", fmt.Sprintf("%.40s", pair[0]), func(i int) (map[string]string, error) {
		_, err := q.side[i].DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url[i], ReceiptHandle: &pair[i]})
		return map[string]string{}, err
	}
}

func (q *queues) removeBatch() (string, string, func(i int) (map[string]string, error)) {
	pairs := [][2]string{q.handle(), q.handle()}
	return "DeleteMessageBatch", "2 entries", func(i int) (map[string]string, error) {
		out, err := q.side[i].DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url[i], Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: &pairs[0][i]}, {Id: aws.String("b"), ReceiptHandle: &pairs[1][i]}}})
		if err != nil {
			return nil, err
		}
		return map[string]string{"Successful": fmt.Sprint(len(out.Successful)), "Failed": failedShown(out.Failed)}, nil
	}
}

func (q *queues) hide() (string, string, func(i int) (map[string]string, error)) {
	pair, seconds := q.handle(), int32(q.IntN(2)*600)
	if q.wild(10) {
		seconds = 43_201
	}
	return "ChangeMessageVisibility", fmt.Sprintf("%.40s to %d", pair[0], seconds), func(i int) (map[string]string, error) {
		_, err := q.side[i].ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url[i], ReceiptHandle: &pair[i], VisibilityTimeout: seconds})
		return map[string]string{}, err
	}
}
