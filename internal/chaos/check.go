package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/stack"
)

// Report is what a run found.
type Report struct {
	Seed                      uint64
	Events, Deliveries, Kills int
	Scale                     string
	Took                      time.Duration

	Unacknowledged int // messages of which no delivery was answered 2xx
	Lost           int // acknowledged, and not stored
	Doubled        int // stored more than once, or never sent by anybody
	Homes, Opened  int
	Unanswered     int // messages without a sent answer
	DoubleSends    int // calls at the platform beyond one for each message
	Unknown        int // sends of which nobody knows the outcome
	DeadLetters    int
	Quarantined    int
}

// String is the report in one line.
func (r Report) String() string {
	return fmt.Sprintf("seed %d, %d events, %d deliveries, %d kills: lost %d, duplicate messages %d, duplicate effects %d; "+
		"homes %d, conversations %d, unanswered %d, unknown %d, quarantine %d, dead letters %d; visibility × %s, %.1f s",
		r.Seed, r.Events, r.Deliveries, r.Kills, r.Lost, r.Doubled, r.DoubleSends, r.Homes, r.Opened, r.Unanswered, r.Unknown,
		r.Quarantined, r.DeadLetters, r.Scale, r.Took.Seconds())
}

// check compares what was sent in with what is stored and what was sent out.
func check(ctx context.Context, st *stack.Stack, r *Report, hooks []*hook) error {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &st.AWS,
		Credentials: credentials.NewStaticCredentialsProvider("checker", "checker", ""),
	}
	db := dynamodb.NewFromConfig(cfg)
	tables, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return err
	}
	want := map[string]*hook{}
	for _, h := range hooks {
		want[h.message] = h
		if !h.acked.Load() {
			r.Unacknowledged++
		}
	}
	stored, answered := map[string]int{}, map[string]bool{}
	for _, table := range tables.TableNames {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, it := range page.Items {
				pk, sk := text(it, "PK"), text(it, "SK")
				id := sk[strings.LastIndex(sk, "#")+1:]
				switch {
				case strings.HasPrefix(sk, "M#") && strings.HasSuffix(sk, "~a"):
					_, sent := it["takenAt"]
					answered[strings.TrimSuffix(id, "~a")] = sent
					if _, unknown := it["unknownAt"]; unknown {
						r.Unknown++
					}
				case strings.HasPrefix(sk, "M#"):
					stored[id]++
				case sk == "HOME":
					r.Homes++
				case strings.HasPrefix(sk, "C#") && strings.HasSuffix(sk, "#opened"):
					r.Opened++
				case strings.Contains(pk, "#QD#"):
					r.Quarantined++
				}
			}
		}
	}
	for id, h := range want {
		if h.acked.Load() && stored[id] == 0 {
			r.Lost++
		}
		if !answered[id] {
			r.Unanswered++
		}
	}
	for id, n := range stored {
		if want[id] == nil {
			r.Doubled += n
		} else {
			r.Doubled += n - 1
		}
	}
	if err := checkSent(ctx, st, r, hooks); err != nil {
		return err
	}
	return checkQueues(ctx, r, sqs.NewFromConfig(cfg))
}

// checkSent counts the calls that the fake platform accepted.
func checkSent(ctx context.Context, st *stack.Stack, r *Report, hooks []*hook) error {
	calls, err := st.Sent(ctx, "line", "")
	if err != nil {
		return err
	}
	written, sent := map[string]int{}, map[string]int{}
	for _, h := range hooks {
		written[h.customer]++
	}
	for _, c := range calls {
		name := c.Name
		if name == "" {
			name = c.To
		}
		sent[name]++
	}
	for customer, n := range sent {
		if n > written[customer] {
			r.DoubleSends += n - written[customer]
		}
	}
	return nil
}

// checkQueues counts dead letters.
func checkQueues(ctx context.Context, r *Report, client *sqs.Client) error {
	queues, err := client.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return err
	}
	for _, url := range queues.QueueUrls {
		if !strings.Contains(url, "DeadLetters") {
			continue
		}
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
		})
		if err != nil {
			return err
		}
		if n := out.Attributes["ApproximateNumberOfMessages"]; n != "0" {
			var count int
			fmt.Sscan(n, &count)
			r.DeadLetters += count
		}
	}
	return nil
}

func text(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// Wrong names every promise that the run broke; nil if it held them all.
func (r Report) Wrong(l Load) []string {
	var wrong []string
	expect := func(what string, got, want int) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s: got %d, want %d", what, got, want))
		}
	}
	expect("kills", r.Kills, l.Kills)
	expect("messages never acknowledged", r.Unacknowledged, 0)
	expect("lost messages", r.Lost, 0)
	expect("duplicate messages", r.Doubled, 0)
	expect("homes", r.Homes, l.Customers)
	expect("opened conversations", r.Opened, l.Customers)
	// An outbound that dies with a reply under way leaves it unknown: counted, and
	// never sent twice. Nothing else may leave a message without its answer.
	expect("messages without a sent answer that are not counted as unknown", r.Unanswered-r.Unknown, 0)
	expect("duplicate sends", r.DoubleSends, 0)
	if l.Function != "outbound" {
		expect("unknown sends", r.Unknown, 0)
	}
	expect("quarantined", r.Quarantined, 0)
	expect("dead letters", r.DeadLetters, 0)
	return wrong
}
