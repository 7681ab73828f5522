package conformance

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/localaws"
)

// serveDir makes this test binary a server on a directory, to be killed.
const serveDir = "CONFORMANCE_SERVE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve prints its address and runs until its standard input ends.
func serve(dir string) error {
	s, err := localaws.Open(localaws.Config{Dir: dir})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	go func() { _ = http.Serve(listener, s) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Close()
}

// child is a server in a process of its own.
type child struct {
	*cloud
	process *exec.Cmd
}

func spawn(t *testing.T, dir string) *child {
	t.Helper()
	p := exec.Command(os.Args[0], "-test.run=^$")
	p.Env = append(os.Environ(), serveDir+"="+dir)
	p.Stderr = os.Stderr
	if _, err := p.StdinPipe(); err != nil { // ends with this process, and the child with it
		t.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return &child{&cloud{url: "http://" + strings.TrimSpace(address)}, p}
}

func (c *child) kill() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

// ledger is what the clients were told before the kill.
type ledger struct {
	mu       sync.Mutex
	items    []string
	standard []string
	fifo     map[string][]string // bodies by group, in order
	ids      map[string]string   // message id by body of a FIFO message
	receives map[string]int      // highest receive count told, by message id
	deleted  map[string]bool     // message ids
}

func (l *ledger) note(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// TestKilledServerLosesNothingAcknowledged kills a busy server at a random moment,
// several times on one directory. CONFORMANCE_KILLS sets how many times.
func TestKilledServerLosesNothingAcknowledged(t *testing.T) {
	if os.Getenv("CONFORMANCE_ENDPOINT") != "" {
		t.Skip("kills only what it has started")
	}
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("CONFORMANCE_KILLS")); err == nil {
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	for round := range rounds {
		name := func(s string) string { return fmt.Sprint(s, "-", round) }
		c := spawn(t, dir)
		l := &ledger{fifo: map[string][]string{}, ids: map[string]string{}, receives: map[string]int{}, deleted: map[string]bool{}}
		c.prepare(t, name)
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() { c.putItems(l, name("t"), i) })
			clients.Go(func() { c.sendMessages(l, name("s"), name("f")+".fifo", fmt.Sprint("g", i)) })
			clients.Go(func() { c.consume(l, name("r"), i) })
		}
		time.Sleep(time.Duration(100+random.IntN(400)) * time.Millisecond)
		c.kill()
		clients.Wait()
		t.Logf("round %d: %d items, %d + %d messages, %d receives, %d deletions acknowledged", round, len(l.items), len(l.standard), len(l.ids), len(l.receives), len(l.deleted))
		if len(l.items) == 0 || len(l.standard) == 0 || len(l.ids) == 0 || len(l.receives) == 0 {
			t.Error("the clients were acknowledged too little for the round to mean anything")
		}
		c = spawn(t, dir)
		c.verify(t, l, name)
		c.kill()
	}
}

func (c *child) prepare(t *testing.T, name func(string) string) {
	t.Helper()
	_, err := c.dynamo().CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String(name("t")), BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct {
		name       string
		attributes map[string]string
	}{{name("s"), nil}, {name("f") + ".fifo", map[string]string{"FifoQueue": "true"}}, {name("r"), map[string]string{"VisibilityTimeout": "1"}}} {
		if _, err := c.sqs().CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.name, Attributes: q.attributes}); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		if _, err := c.sqs().SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: c.queueURL(name("r")), Entries: entries(10)}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *child) queueURL(name string) *string { return aws.String(c.url + "/000000000000/" + name) }

// Each client goes on until the server is gone.

func (c *child) putItems(l *ledger, table string, client int) {
	api := c.dynamo()
	for i := 0; ; i++ {
		pk := fmt.Sprint(client, "-", i)
		_, err := api.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: map[string]ddb.AttributeValue{"pk": &ddb.AttributeValueMemberS{Value: pk}}})
		if err != nil {
			return
		}
		l.note(func() { l.items = append(l.items, pk) })
	}
}

func (c *child) sendMessages(l *ledger, standard, fifo, group string) {
	api := c.sqs()
	for i := 0; ; i++ {
		body := fmt.Sprint(group, "-", i)
		if _, err := api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: c.queueURL(standard), MessageBody: &body}); err != nil {
			return
		}
		l.note(func() { l.standard = append(l.standard, body) })
		out, err := api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: c.queueURL(fifo), MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &body})
		if err != nil {
			return
		}
		l.note(func() { l.fifo[group], l.ids[body] = append(l.fifo[group], body), *out.MessageId })
	}
}

func (c *child) consume(l *ledger, queue string, client int) {
	api := c.sqs()
	for {
		out, err := api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: c.queueURL(queue), MaxNumberOfMessages: 3, WaitTimeSeconds: 1,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"ApproximateReceiveCount"}})
		if err != nil {
			return
		}
		for i, m := range out.Messages {
			n, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
			l.note(func() { l.receives[*m.MessageId] = max(n, l.receives[*m.MessageId]) })
			if client == 0 && i == 0 {
				if _, err := api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: c.queueURL(queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
					return
				}
				l.note(func() { l.deleted[*m.MessageId] = true })
			}
		}
	}
}

// verify holds the restarted server to the ledger.
func (c *child) verify(t *testing.T, l *ledger, name func(string) string) {
	t.Helper()
	for _, pk := range l.items {
		out, err := c.dynamo().GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(name("t")), Key: map[string]ddb.AttributeValue{"pk": &ddb.AttributeValueMemberS{Value: pk}}})
		if err != nil || len(out.Item) == 0 {
			t.Fatalf("item %s was acknowledged and is lost (%v)", pk, err)
		}
	}
	seen := map[string]int{}
	for _, m := range c.drain(t, name("s"), 0) {
		seen[*m.Body]++
	}
	for _, body := range l.standard {
		if seen[body] != 1 {
			t.Fatalf("message %s was acknowledged and is there %d times", body, seen[body])
		}
	}
	for body, id := range l.ids { // deduplication ids and their answers survive
		group, _, _ := strings.Cut(body, "-")
		out, err := c.sqs().SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: c.queueURL(name("f") + ".fifo"), MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &body})
		if err != nil || *out.MessageId != id {
			t.Fatalf("message %s was acknowledged as %s and is now another one (%v)", body, id, err)
		}
	}
	order := map[string][]string{}
	for _, m := range c.drain(t, name("f")+".fifo", 0) {
		group := m.Attributes["MessageGroupId"]
		order[group] = append(order[group], *m.Body)
	}
	for group, want := range l.fifo {
		if got := order[group]; len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Fatalf("group %s: got %d messages, want the %d acknowledged first, in order", group, len(got), len(want))
		}
	}
	for _, m := range c.drain(t, name("r"), 300-len(l.deleted)-1) { // one deletion may have been done and not acknowledged
		id := *m.MessageId
		if l.deleted[id] {
			t.Fatalf("message %s was deleted and is back", id)
		}
		if n, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"]); n <= l.receives[id] {
			t.Fatalf("message %s: got receive count %d, want more than the %d told before", id, n, l.receives[id])
		}
	}
}

// drain receives and deletes until the queue is empty, and at least n messages.
func (c *child) drain(t *testing.T, queue string, n int) (all []types.Message) {
	t.Helper()
	api := c.sqs()
	deadline := time.Now().Add(30 * time.Second)
	for {
		out, err := api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: c.queueURL(queue), MaxNumberOfMessages: 10, WaitTimeSeconds: int32(min(n, 1)),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 && (len(all) >= n || time.Now().After(deadline)) {
			if len(all) < n {
				t.Fatalf("queue %s: got %d messages, want %d at least", queue, len(all), n)
			}
			return all
		}
		all = append(all, out.Messages...)
		var gone []types.DeleteMessageBatchRequestEntry
		for i, m := range out.Messages {
			gone = append(gone, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if len(gone) > 0 {
			if _, err := api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: c.queueURL(queue), Entries: gone}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
