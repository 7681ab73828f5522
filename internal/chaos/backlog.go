package chaos

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/stack"
)

// backlog counts what arrived and is not stored yet, and the sends without a final
// state: under way, parked, or looked after by nobody.
func (r *run) backlog(ctx context.Context) (arriving, waiting int, err error) {
	queues, err := queueCounts(ctx, r.stack)
	if err != nil {
		return 0, 0, err
	}
	for name, n := range queues {
		if strings.Contains(name, "InboundQueue") {
			arriving += n
		}
	}
	waiting, err = waitingSends(ctx, r.stack)
	return arriving, waiting, err
}

// queueCounts are the messages of each queue, hidden ones included.
func queueCounts(ctx context.Context, st *stack.Stack) (map[string]int, error) {
	client := sqs.NewFromConfig(config(st))
	queues, err := client.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, url := range queues.QueueUrls {
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{
				sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			},
		})
		if err != nil {
			return nil, err
		}
		for _, v := range out.Attributes {
			var n int
			if _, err := fmt.Sscan(v, &n); err != nil {
				return nil, fmt.Errorf("chaos: the count of a queue: %w", err)
			}
			counts[url[strings.LastIndex(url, "/")+1:]] += n
		}
	}
	return counts, nil
}

// waitingSends counts the sends in the due index, where each stands until it has a
// final state.
func waitingSends(ctx context.Context, st *stack.Stack) (int, error) {
	db := dynamodb.NewFromConfig(config(st))
	names, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, table := range names.TableNames {
		if !strings.Contains(table, "Messages") {
			continue
		}
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{
			TableName: &table, IndexName: aws.String("due"), FilterExpression: aws.String("begins_with(gpk, :s)"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":s": &types.AttributeValueMemberS{Value: "S#"}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return 0, err
			}
			n += len(page.Items)
		}
	}
	return n, nil
}
