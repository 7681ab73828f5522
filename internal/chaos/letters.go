package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/hub"
)

// letters holds the dead letters against what was made to fail.
func (d *drill) letters(ctx context.Context) error {
	bodies, err := d.receive(ctx, "InboundDeadLetters")
	if err != nil {
		return err
	}
	for _, h := range d.inbound {
		if n := countOf(bodies, h.mark); n != 1 {
			d.report.blame("dead letters of %s: got %d, want 1", h.mark, n)
		}
	}
	d.report.expect("dead letters of Inbound", len(bodies), len(d.inbound))
	if bodies, err = d.receive(ctx, "OutboundDeadLetters"); err != nil {
		return err
	}
	for _, i := range d.outbound {
		if n := countOf(bodies, i.mark); n != 1 {
			d.report.blame("dead letters of %s: got %d, want 1", i.mark, n)
		}
	}
	d.report.expect("dead letters of Outbound", len(bodies), len(d.outbound))
	return nil
}

func countOf(bodies []string, mark string) int {
	n := 0
	for _, b := range bodies {
		if strings.Contains(b, mark) {
			n++
		}
	}
	return n
}

// receive reads a dead-letter queue, and gives all back. The events of envelopes are
// added to their bodies in clear.
func (d *drill) receive(ctx context.Context, name string) ([]string, error) {
	client := sqs.NewFromConfig(config(d.stack))
	url, err := d.url(ctx, client, name)
	if err != nil {
		return nil, err
	}
	var bodies []string
	var back []sqstypes.ChangeMessageVisibilityBatchRequestEntry
	for {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		if err != nil {
			return nil, err
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			var e struct {
				Raw []byte `json:"raw"`
			}
			_ = json.Unmarshal([]byte(*m.Body), &e) // an order has none
			bodies = append(bodies, *m.Body+string(e.Raw))
			back = append(back, sqstypes.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(fmt.Sprint(len(back))), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0,
			})
		}
	}
	for part := range slices.Chunk(back, 10) {
		out, err := client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: part})
		if err != nil {
			return nil, err
		}
		if len(out.Failed) > 0 {
			return nil, fmt.Errorf("chaos: %d dead letters of %s could not be given back", len(out.Failed), name)
		}
	}
	return bodies, nil
}

func (d *drill) url(ctx context.Context, client *sqs.Client, name string) (string, error) {
	queues, err := client.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return "", err
	}
	for _, url := range queues.QueueUrls {
		if strings.Contains(url, name) {
			return url, nil
		}
	}
	return "", fmt.Errorf("chaos: there is no queue %s", name)
}

func (d *drill) arn(ctx context.Context, client *sqs.Client, name string) (string, error) {
	url, err := d.url(ctx, client, name)
	if err != nil {
		return "", err
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", err
	}
	return out.Attributes[string(sqstypes.QueueAttributeNameQueueArn)], nil
}

// picture is all that is stored, by key.
func (d *drill) picture(ctx context.Context) (map[string]item, error) {
	all, err := dump(ctx, d.stack)
	if err != nil {
		return nil, err
	}
	out := map[string]item{}
	for _, it := range all {
		out[text(it, "PK")+" "+text(it, "SK")] = it
	}
	return out, nil
}

// compare looks whether a redrive changed anything but what belongs to the customers of
// whom the dead letters are.
func (d *drill) compare(ctx context.Context, before, after map[string]item) error {
	t, err := readTables(ctx, d.stack)
	if err != nil {
		return err
	}
	theirs := map[string]bool{}
	for _, i := range d.outbound {
		theirs[string(i.user)], theirs[t.root(string(i.user))] = true, true
	}
	for _, h := range d.hooks {
		for _, m := range t.messages[h.team+hub.ShortID(h.message)] {
			if d.touched[h.customer.name] {
				theirs[m.user], theirs[t.root(m.user)], theirs[m.home], theirs[t.homes[m.home]] = true, true, true, true
			}
		}
	}
	changed := 0
	note := func(key, how string) {
		pk, _, _ := strings.Cut(key, " ")
		if changed++; !theirs[pk[strings.LastIndex(pk, "#")+1:]] && !strings.Contains(pk, "#A#") {
			d.report.Unexpected++
			d.report.example("changed by the redrive", "%s: %s", key, how)
		}
	}
	for _, key := range sorted(after) {
		if old, ok := before[key]; !ok {
			note(key, "it is new")
		} else if a, b := fmt.Sprint(shown(old)), fmt.Sprint(shown(after[key])); a != b {
			note(key, "it was "+a+" and is "+b)
		}
	}
	for _, key := range sorted(before) {
		if _, ok := after[key]; !ok {
			note(key, "it is gone")
		}
	}
	d.report.Figures["items changed by the redrive"] = float64(changed)
	if changed == 0 {
		d.report.blame("the redrive changed nothing at all")
	}
	return nil
}

// shown is an item as text, the same for equal ones.
func shown(it item) []string {
	var out []string
	for _, name := range sorted(it) {
		value, _ := json.Marshal(it[name]) // values hold texts, numbers, bytes and each other
		out = append(out, name+"="+string(value))
	}
	return out
}
