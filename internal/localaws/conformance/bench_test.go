package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"omnihub/internal/localaws"
	"omnihub/internal/localaws/wire"
)

// caller makes a call of SQS cheaply, so that a benchmark measures the server.
type caller func(operation, body string) ([]byte, error)

func (c *cloud) overHTTP() caller {
	client := &http.Client{Transport: localaws.Transport{}}
	return func(operation, body string) ([]byte, error) {
		req, err := http.NewRequest("POST", c.url, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %d %s", operation, res.StatusCode, answer)
		}
		return answer, err
	}
}

func (c *cloud) inProcess() caller {
	return func(operation, body string) ([]byte, error) {
		out, err := c.server.SQS().Do(&wire.Request{Service: "sqs", Operation: operation, Body: []byte(body)})
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}

// roundTrip sends, receives and deletes ten messages of 200 bytes in three calls.
func roundTrip(call caller, url, group string, n int64) error {
	body := strings.Repeat("x", 200)
	var send, remove []string
	for i := range 10 {
		fifo := ""
		if group != "" {
			fifo = fmt.Sprintf(`,"MessageGroupId":"%s","MessageDeduplicationId":"%d-%d"`, group, n, i)
		}
		send = append(send, fmt.Sprintf(`{"Id":"%d","MessageBody":"%s"%s}`, i, body, fifo))
	}
	at := `{"QueueUrl":"` + url + `"`
	if _, err := call("SendMessageBatch", at+`,"Entries":[`+strings.Join(send, ",")+`]}`); err != nil {
		return err
	}
	answer, err := call("ReceiveMessage", at+`,"MaxNumberOfMessages":10,"MessageSystemAttributeNames":["All"]}`)
	if err != nil {
		return err
	}
	var got struct {
		Messages []struct{ ReceiptHandle string }
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return err
	}
	for i, m := range got.Messages {
		remove = append(remove, fmt.Sprintf(`{"Id":"%d","ReceiptHandle":"%s"}`, i, m.ReceiptHandle))
	}
	if len(remove) == 0 {
		return nil
	}
	_, err = call("DeleteMessageBatch", at+`,"Entries":[`+strings.Join(remove, ",")+`]}`)
	return err
}

func benchmark(b *testing.B, c *cloud, fifo bool, call caller) {
	url := c.queue(b, fifo, nil).url
	var n atomic.Int64
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			round, group := n.Add(1), ""
			if fifo {
				group = fmt.Sprint("g", round%50)
			}
			if err := roundTrip(call, url, group, round); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N*10)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(b.N*3)/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkQueueMemory(b *testing.B) {
	for _, fifo := range []bool{false, true} {
		c := newCloud(b)
		c.needsLocal(b)
		b.Run(fmt.Sprintf("fifo=%v/http", fifo), func(b *testing.B) { benchmark(b, c, fifo, c.overHTTP()) })
		b.Run(fmt.Sprintf("fifo=%v/process", fifo), func(b *testing.B) { benchmark(b, c, fifo, c.inProcess()) })
	}
}

func BenchmarkQueueDisk(b *testing.B) {
	for _, fifo := range []bool{false, true} {
		c := newCloud(b, onDisk(b.TempDir()))
		b.Run(fmt.Sprintf("fifo=%v/http", fifo), func(b *testing.B) { benchmark(b, c, fifo, c.overHTTP()) })
	}
}

// BenchmarkSimpleCall is the smallest call: what the server itself costs.
func BenchmarkSimpleCall(b *testing.B) {
	c := newCloud(b)
	c.needsLocal(b)
	call, body := c.overHTTP(), `{"QueueUrl":"`+c.queue(b, false, nil).url+`","AttributeNames":["QueueArn"]}`
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := call("GetQueueAttributes", body); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
