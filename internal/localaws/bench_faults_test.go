package localaws_test

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/localaws"
)

// workers is how many clients a benchmark has.
const workers = 8

// work is what a benchmark does again and again, through the real SDK.
type work struct {
	unit string
	each int // units of one do
	do   func(c clients, queue string, n int64) error
}

var works = []work{
	{"puts", 1, func(c clients, _ string, n int64) error {
		_, err := c.dynamo.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("Speed"), Item: speedItem(n, 0), ConditionExpression: aws.String("attribute_not_exists(pk)")})
		return err
	}},
	{"transactions", 1, func(c clients, _ string, n int64) error {
		var items []types.TransactWriteItem
		for i := range 3 {
			items = append(items, types.TransactWriteItem{Put: &types.Put{TableName: aws.String("Speed"), Item: speedItem(n, i), ConditionExpression: aws.String("attribute_not_exists(pk)")}})
		}
		_, err := c.dynamo.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
		return err
	}},
	{"messages", 10, sendReceiveDelete},
}

func speedItem(n int64, i int) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(fmt.Sprintf("T#1#U#%d", n)), "sk": text(fmt.Sprintf("M#1767323045000#%d", i)), "text": text("hello there")}
}

// sendReceiveDelete brings ten messages of 200 bytes through a queue in three calls.
func sendReceiveDelete(c clients, queue string, _ int64) error {
	body := strings.Repeat("x", 200)
	var sends []sqstypes.SendMessageBatchRequestEntry
	for i := range 10 {
		sends = append(sends, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &body})
	}
	sent, err := c.sqs.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &queue, Entries: sends})
	if err != nil || len(sent.Failed) > 0 {
		return fmt.Errorf("send: %w, %d failed", err, len(sent.Failed))
	}
	got, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
	if err != nil || len(got.Messages) == 0 {
		return err
	}
	var removals []sqstypes.DeleteMessageBatchRequestEntry
	for i, m := range got.Messages {
		removals = append(removals, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	_, err = c.sqs.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &queue, Entries: removals})
	return err
}

// prepare makes what the work needs.
func prepare(b *testing.B, c clients) (queue string) {
	b.Helper()
	_, err := c.dynamo.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String("Speed"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}, {AttributeName: aws.String("sk"), KeyType: "RANGE"}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_AND_OLD_IMAGES"}})
	must(b, err)
	q, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("speed")})
	must(b, err)
	return *q.QueueUrl
}

// drive lets the workers do n works, or what they bring about until the end, and
// returns how many a second succeeded.
func (w work) drive(c clients, queue string, n int64, end time.Time, failed func(error)) float64 {
	var next, done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range workers {
		all.Go(func() {
			for i := next.Add(1); i <= n && (end.IsZero() || time.Now().Before(end)); i = next.Add(1) {
				if err := w.do(c, queue, i); err != nil {
					failed(err)
				} else {
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()*int64(w.each)) / time.Since(began).Seconds()
}

// BenchmarkCloud measures the local cloud in memory with eight clients: without a
// fault plan, and with one whose rules are asked about every call and strike none.
// Where moto_server is installed it does the same work for two seconds in the same
// run, and the metric times_moto is the ratio. What it cannot do counts as not done.
// A metric per second of processor time holds on a busy machine too: two cores that
// do nothing else bring about twice that in a second.
func BenchmarkCloud(b *testing.B) {
	peer, away := moto(b)
	defer away()
	for _, w := range works {
		for _, plan := range []string{"calm", "plan"} {
			b.Run(w.unit+"/"+plan, func(b *testing.B) {
				c := serve(b, "")
				queue := prepare(b, c.devserver)
				if plan == "plan" {
					c.faults(b, `{"fault":"throttle","rate":0}`, `{"fault":"drop","rate":0}`, `{"fault":"partial","rate":0}`)
				}
				used := processor(b)
				b.ResetTimer()
				speed := w.drive(c.inbound, queue, int64(b.N), time.Time{}, func(err error) { b.Error(err) })
				b.StopTimer()
				b.ReportMetric(speed, w.unit+"/s")
				b.ReportMetric(float64(b.N*w.each)/(processor(b)-used).Seconds(), w.unit+"/cpu-s")
				if other := peer[w.unit]; other > 0 {
					b.ReportMetric(speed/other, "times_moto")
				}
			})
		}
	}
}

// processor is the processor time that clients and server have used so far.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// moto measures moto_server, if there is one: units a second by unit.
func moto(b *testing.B) (speeds map[string]float64, away func()) {
	speeds, away = map[string]float64{}, func() {}
	path, err := exec.LookPath("moto_server")
	if err != nil {
		b.Log("no moto_server here: no ratios")
		return speeds, away
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	run := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the command may be a script that starts the server
	must(b, run.Start())
	away = func() {
		_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL)
		_ = run.Wait()
	}
	url := "http://127.0.0.1:" + port
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get(url); err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(end) {
			b.Log("moto_server does not answer: no ratios")
			return speeds, away
		}
	}
	c := clientsOf(url, "tester", localaws.Transport{}, once)
	queue := prepare(b, c)
	for _, w := range works {
		speeds[w.unit] = w.drive(c, queue, 1<<40, time.Now().Add(2*time.Second), func(error) {})
		b.Logf("moto_server: %.0f %s/s", speeds[w.unit], w.unit)
	}
	return speeds, away
}
