package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/hub"
)

// Stock is one queue of a stack, as it stands.
type Stock struct {
	Logical string // the name in template.yaml
	Name    string
	URL     string
	ARN     string
	// Grave is the ARN of its dead-letter queue, "" for none.
	Grave                      string
	Visible, InFlight, Delayed int // as the service counts them: nearly
}

// FIFO reports whether the queue keeps the order of groups.
func (s Stock) FIFO() bool { return strings.HasSuffix(s.Name, ".fifo") }

// physical is the name that CloudFormation gives to a queue behind the stack's: the
// logical id and some characters of its own; the local stack leaves those out.
var physical = regexp.MustCompile(`^([A-Za-z0-9]+)(-[A-Za-z0-9]{8,})?(\.fifo)?$`)

// logical is the logical name of a stack's queue; "" for one of another stack, whose
// name may begin as this one's does.
func logical(stack, name string) string {
	rest, ours := strings.CutPrefix(name, stack+"-")
	parts := physical.FindStringSubmatch(rest)
	if !ours || parts == nil || !strings.HasSuffix(parts[1], "Queue") && !strings.HasSuffix(parts[1], "DeadLetters") {
		return ""
	}
	return parts[1]
}

// Stack lists the queues of a stack by their logical names: those that template.yaml
// names …Queue or …DeadLetters.
func Stack(ctx context.Context, client *sqs.Client, stack string) ([]Stock, error) {
	var list []Stock
	pages := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(stack + "-"), MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("list queues", err)
		}
		for _, url := range page.QueueUrls {
			name := url[strings.LastIndex(url, "/")+1:]
			s := Stock{Logical: logical(stack, name), Name: name, URL: url}
			if s.Logical == "" {
				continue
			}
			if err := s.Read(ctx, client); err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Stock) int { return strings.Compare(a.Logical, b.Logical) })
	return list, nil
}

// Read fills in what the service tells of the queue at its URL.
func (s *Stock) Read(ctx context.Context, client *sqs.Client) error {
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &s.URL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return wrap("read queue", err)
	}
	count := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)])
		return n
	}
	s.ARN = out.Attributes[string(types.QueueAttributeNameQueueArn)]
	s.Visible = count(types.QueueAttributeNameApproximateNumberOfMessages)
	s.InFlight = count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	s.Delayed = count(types.QueueAttributeNameApproximateNumberOfMessagesDelayed)
	if text := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]; text != "" {
		var policy struct {
			Target string `json:"deadLetterTargetArn"`
		}
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return hub.E(hub.Internal, "queue: read queue", fmt.Errorf("the redrive policy of %s cannot be read", s.Name))
		}
		s.Grave = policy.Target
	}
	return nil
}

// Move is a task of the service that moves a dead-letter queue's messages back to
// where they came from.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
type Move struct {
	Moved, Of int
	Running   bool
	Failure   string // why it ended too early; "" = it did not
}

// StartMove starts a task, at most rate messages a second (1–500; 0 = as the service
// finds good). Refused if one is under way already.
func StartMove(ctx context.Context, client *sqs.Client, arn string, rate int) error {
	in := &sqs.StartMessageMoveTaskInput{SourceArn: &arn}
	if rate > 0 {
		in.MaxNumberOfMessagesPerSecond = aws.Int32(int32(min(rate, MaxMoveRate)))
	}
	_, err := client.StartMessageMoveTask(ctx, in)
	return wrapNil("start move", err)
}

// MaxMoveRate is the most messages a second that a task moves.
const MaxMoveRate = 500

// LastMove tells of the newest task of a dead-letter queue; false if it never had one.
func LastMove(ctx context.Context, client *sqs.Client, arn string) (Move, bool, error) {
	out, err := client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn, MaxResults: aws.Int32(1)})
	if err != nil {
		return Move{}, false, wrap("list moves", err)
	}
	if len(out.Results) == 0 {
		return Move{}, false, nil
	}
	r := out.Results[0]
	m := Move{
		Moved: int(r.ApproximateNumberOfMessagesMoved), Of: int(aws.ToInt64(r.ApproximateNumberOfMessagesToMove)),
		Failure: aws.ToString(r.FailureReason),
	}
	switch status := aws.ToString(r.Status); status {
	case "RUNNING", "CANCELLING":
		m.Running = true
	case "COMPLETED":
	default:
		if m.Failure == "" {
			m.Failure = strings.ToLower(status)
		}
	}
	return m, true, nil
}

func wrapNil(op string, err error) error {
	if err == nil {
		return nil
	}
	return wrap(op, err)
}

// missing tells whether a queue does not exist.
func missing(err error) bool {
	var gone *types.QueueDoesNotExist
	return errors.As(err, &gone)
}
