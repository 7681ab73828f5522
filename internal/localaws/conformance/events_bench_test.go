package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/localaws"
	"omnihub/internal/localaws/wire"
)

// BenchmarkPutEvents publishes events that one of ten rules selects, and so puts
// into a queue: in calls of one entry and of ten.
func BenchmarkPutEvents(b *testing.B) {
	for _, place := range []string{"memory", "disk"} {
		for _, entries := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/entries=%d", place, entries), func(b *testing.B) {
				var c *cloud
				if place == "disk" {
					c = newCloud(b, onDisk(b.TempDir()))
				} else {
					c = newCloud(b)
					c.needsLocal(b)
				}
				benchmarkPutEvents(b, c, entries)
			})
		}
	}
}

func benchmarkPutEvents(b *testing.B, c *cloud, entries int) {
	l, q := c.bus(b), c.inbox(b, false, nil)
	l.rule(b, `{"source":["omnihub"],"detail-type":["contact.changed"],"detail":{"team":["t1"]}}`, q.to(b))
	for i := range 9 {
		l.rule(b, fmt.Sprintf(`{"source":["omnihub"],"detail-type":["other.%d"]}`, i), q.to(b))
	}
	one := must(json.Marshal(map[string]string{"EventBusName": l.name, "Source": "omnihub", "DetailType": "contact.changed",
		"Detail": `{"team":"t1","contact":"01J0000000000000000000000","text":"` + strings.Repeat("x", 200) + `"}`}))(b)
	body := `{"Entries":[` + strings.TrimSuffix(strings.Repeat(string(one)+",", entries), ",") + `]}`
	client := &http.Client{Transport: localaws.Transport{}}
	purge := func() {
		_, err := c.server.SQS().Do(&wire.Request{Service: "sqs", Operation: "PurgeQueue", Body: []byte(`{"QueueUrl":"` + q.url + `"}`)})
		if err != nil {
			b.Error(err)
		}
	}
	defer purge()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequest("POST", c.url, strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
			req.Header.Set("Content-Type", "application/x-amz-json-1.1")
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			answer, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !strings.Contains(string(answer), `"FailedEntryCount":0`) {
				b.Errorf("got %s, %v", answer, err)
				return
			}
		}
	})
	b.StopTimer()
	if got := c.server.SQS().Counts()[q.name()].Visible; got != b.N*entries {
		b.Errorf("got %d messages, want %d", got, b.N*entries)
	}
	b.ReportMetric(float64(b.N*entries)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
