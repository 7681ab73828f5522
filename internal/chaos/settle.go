package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/stack"
)

const (
	// settleSteps times settleStep is how far the clock is moved at most for what waits:
	// less than the age up to which a bot's answer is worth sending.
	settleSteps = 55
	settleStep  = 31 * time.Second
	// settleStride is how far when all that arrived is stored: a message that is stored
	// too late is not answered.
	settleStride = 91 * time.Second
	// settleWait bounds the time in which all is to come to rest.
	settleWait = 3 * time.Minute
	// nap is how long a stack that waits is left alone before it counts as asleep.
	nap = 60 * time.Millisecond
)

// settle brings the stack to rest: until nothing is under way and nothing waits for its
// time. When it only waits, the clock is moved: for the messages that a killed function
// had in hand, for the platform's pace, or for the claim of a worker that died.
func (r *run) settle(ctx context.Context) error {
	end := time.Now().Add(settleWait)
	for moved := 0; ; {
		now, err := r.activity(ctx)
		if err != nil {
			return err
		}
		waiting, err := waitingWork(ctx, r.stack)
		switch {
		case err != nil:
			return err
		case now.Idle && (waiting == 0 || moved >= settleSteps):
			return nil
		case time.Now().After(end):
			return fmt.Errorf("chaos: the stack did not come to rest: %d sends wait, %+v", waiting, now)
		case now.asleep() && r.sleeps(ctx, now) && moved < settleSteps:
			step := settleStep
			if now.stored() {
				step = settleStride
			}
			if err := r.advance(ctx, step); err != nil {
				return err
			}
			moved += int(step / settleStep)
			continue
		}
		if err := pause(ctx, nap); err != nil {
			return err
		}
	}
}

// activity is what a stack does at a moment.
type activity struct {
	Idle   bool
	Queues map[string]struct {
		Visible    int
		InFlight   int `json:"in_flight"`
		Delayed    int
		DeadLetter bool `json:"dead_letter"`
	}
	Streams []struct {
		CaughtUp bool `json:"caught_up"`
	}
	Invocations struct{ Running, Waiting int }
	Fakes       map[string]int
}

func (r *run) activity(ctx context.Context) (activity, error) {
	var out struct{ Activity activity }
	err := getJSON(ctx, r.stack.API+"/_dev/state", &out)
	return out.Activity, err
}

// asleep tells whether nothing happens: what is left only waits. A message may be
// visible all the same, behind a hidden one of its group.
func (a activity) asleep() bool {
	for _, s := range a.Streams {
		if !s.CaughtUp {
			return false
		}
	}
	for _, n := range a.Fakes {
		if n > 0 {
			return false
		}
	}
	return a.Invocations.Running == 0 && a.Invocations.Waiting == 0
}

// stored tells whether nothing that arrived is still to be stored.
func (a activity) stored() bool {
	q := a.Queues["InboundQueue"]
	return q.Visible+q.InFlight+q.Delayed == 0
}

// sleeps looks again after a while: whoever was about to take a message has it now.
func (r *run) sleeps(ctx context.Context, before activity) bool {
	if pause(ctx, nap) != nil {
		return false
	}
	now, err := r.activity(ctx)
	return err == nil && now.asleep() && maps.Equal(now.Queues, before.Queues)
}

// doze waits until nothing moves by itself any more.
func (r *run) doze(ctx context.Context) error {
	for end := time.Now().Add(settleWait); time.Now().Before(end); {
		now, err := r.activity(ctx)
		if err != nil {
			return err
		}
		if now.asleep() && r.sleeps(ctx, now) {
			break
		}
		if err := pause(ctx, nap); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// getJSON reads what an address of the stack answers.
func getJSON(ctx context.Context, address string, out any) error {
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("chaos: %s: %s", address, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
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

// waitingWork counts what stands in the due index, where each send stands until it
// has a final state.
func waitingWork(ctx context.Context, st *stack.Stack) (int, error) {
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
