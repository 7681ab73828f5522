package conformance

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// TestKilledServerHasDeliveredWhatItAcknowledged kills a server while events are
// published: every event whose id was answered is in the queue after the restart,
// once, and the rule is still there.
func TestKilledServerHasDeliveredWhatItAcknowledged(t *testing.T) {
	if os.Getenv("CONFORMANCE_ENDPOINT") != "" {
		t.Skip("kills only what it has started")
	}
	rounds := 2
	if n, err := strconv.Atoi(os.Getenv("CONFORMANCE_KILLS")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	for range rounds {
		c := spawn(t, dir)
		l, q := c.bus(t), c.inbox(t, false, nil)
		rule, _ := l.rule(t, `{"source":["conformance"]}`, q.to(t))
		var mu sync.Mutex
		var ids []string
		var clients sync.WaitGroup
		busy := make(chan struct{}, 10_000) // one for each call that was answered
		for range 4 {
			clients.Go(func() {
				for {
					out, err := l.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{l.entry("k", `{"n":1}`), l.entry("k", `{"n":2}`)}})
					if err != nil {
						return
					}
					mu.Lock()
					for _, e := range out.Entries {
						ids = append(ids, *e.EventId)
					}
					mu.Unlock()
					busy <- struct{}{}
				}
			})
		}
		patience := time.After(30 * time.Second)
		for range 50 + rand.IntN(100) {
			select {
			case <-busy:
			case <-patience:
				t.Fatal("too few calls were answered for the round to mean anything")
			}
		}
		c.kill()
		go func() { // let nobody wait for a place
			for range busy {
			}
		}()
		clients.Wait()
		close(busy)
		c = spawn(t, dir)
		seen := map[string]int{}
		for _, m := range c.drain(t, q.name(), len(ids)) {
			var event struct{ ID string }
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				t.Fatal(err)
			}
			seen[event.ID]++
		}
		for _, id := range ids {
			if seen[id] != 1 {
				t.Fatalf("event %s was acknowledged and is there %d times", id, seen[id])
			}
		}
		must(c.events().DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String(rule), EventBusName: &l.name}))(t)
		t.Logf("%d events acknowledged, %d delivered", len(ids), len(seen))
		c.kill()
	}
}
