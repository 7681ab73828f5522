package dynamo

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/localaws/disk"
)

func BenchmarkPutItem(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", withIndex, withStream)
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			r.mustf("PutItem", `{"TableName":"tab","Item":{"pk":{"S":"T#1#U#%d"},"sk":{"S":"M#1767323045000#%d"},"g":{"S":"due"},"n":{"N":"%d"},"text":{"S":"hello there"}},"ConditionExpression":"attribute_not_exists(pk)"}`, i%1000, i, i)
		}
	})
}

func BenchmarkGetItem(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", plainKeys)
	for i := range 1000 {
		r.put("tab", "a", fmt.Sprint(i), `"text":{"S":"hello there"},"n":{"N":"5"}`)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.mustf("GetItem", `{"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"%d"}},"ConsistentRead":true}`, i%1000)
	}
}

// BenchmarkThreadUpdate is the hot write of the hub: one update of eight attributes.
func BenchmarkThreadUpdate(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", withIndex, withStream)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.mustf("UpdateItem", `{"TableName":"tab","Key":{"pk":{"S":"T#1#U#%d"},"sk":{"S":"THREAD"}},"ReturnValues":"ALL_NEW","ReturnValuesOnConditionCheckFailure":"ALL_OLD",
			"UpdateExpression":"SET lastKey=:k, lastIn=:t, preview=:p, acct=if_not_exists(acct,:a), ext=if_not_exists(ext,:e), firstKey=if_not_exists(firstKey,:k), conv=if_not_exists(conv,:h), waitSince=if_not_exists(waitSince,:t)",
			"ConditionExpression":"(attribute_not_exists(lastKey) OR lastKey < :k) AND attribute_not_exists(see)",
			"ExpressionAttributeValues":{":k":{"S":"%013d#x"},":t":{"N":"%d"},":p":{"S":"hello"},":a":{"S":"acct"},":e":{"S":"ext"},":h":{"S":"hash"}}}`, i%100, i, i)
	}
}

func BenchmarkTransactThree(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", plainKeys, withStream)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.mustf("TransactWriteItems", `{"ClientRequestToken":"t%d","TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"S":"%d"}},"ConditionExpression":"attribute_not_exists(pk)"}},{"Put":{"TableName":"tab","Item":{"pk":{"S":"b"},"sk":{"S":"%d"}}}},{"Update":{"TableName":"tab","Key":{"pk":{"S":"c"},"sk":{"S":"%d"}},"UpdateExpression":"ADD n :o","ExpressionAttributeValues":{":o":{"N":"1"}}}}]}`, i, i, i, i%100)
	}
}

func BenchmarkQueryHundred(b *testing.B) {
	r := newRig(b, nil)
	r.table("tab", plainKeys)
	for i := range 10_000 {
		r.put("tab", "a", fmt.Sprintf("%06d", i), `"text":{"S":"hello there"},"n":{"N":"5"}`)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.mustf("Query", `{"TableName":"tab","KeyConditionExpression":"pk = :p AND sk >= :s","ExpressionAttributeValues":{":p":{"S":"a"},":s":{"S":"%06d"}},"Limit":100,"ConsistentRead":true}`, i%9000)
	}
}

func BenchmarkPutItemOnDisk(b *testing.B) {
	store, err := disk.Open(filepath.Join(b.TempDir(), "aws.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	r := newRig(b, store)
	r.table("tab", withIndex, withStream)
	var n atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			r.put("tab", fmt.Sprint(i%1000), fmt.Sprint(i), `"g":{"S":"due"},"n":{"N":"1"}`)
		}
	})
}

// TestManyItems fills a table over the wire form, opens it again from disk, and
// looks at what is left to do for a sweep. DYNAMO_ITEMS sets the number of items.
func TestManyItems(t *testing.T) {
	items := 5_000
	if text := os.Getenv("DYNAMO_ITEMS"); text != "" {
		if _, err := fmt.Sscan(text, &items); err != nil {
			t.Fatal(err)
		}
	}
	s := persistent(t)
	s.table("tab", withIndex)
	s.must("UpdateTimeToLive", `{"TableName":"tab","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
	start := time.Now()
	for i := 0; i < items; i += 25 {
		var puts []string
		for j := range 25 {
			// every second item lies in one partition, in no order; one in a hundred will expire
			pk, more := fmt.Sprint("p", i+j), ""
			if j%2 == 0 {
				pk = "large"
			}
			if (i+j)%100 == 0 {
				more = fmt.Sprintf(`,"ttl":{"N":"%d"}`, s.now.Unix()+3600)
			}
			puts = append(puts, fmt.Sprintf(`{"PutRequest":{"Item":{"pk":{"S":"%s"},"sk":{"S":"%016x"},"g":{"S":"g%d"},"n":{"N":"%d"},"text":{"S":"a short text of a customer"}%s}}}`, pk, hash64(fmt.Sprint(i+j)), i%10, i+j, more))
		}
		s.must("BatchWriteItem", `{"RequestItems":{"tab":[`+strings.Join(puts, ",")+`]}}`)
	}
	t.Logf("%d items written in %v", items, time.Since(start))
	start = time.Now()
	s.restart(t, s.path+"again")
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("opened in %v, %d MB in use", time.Since(start), m.HeapInuse>>20)
	tab := s.tables["tab"]
	if tab.rows.count != items || tab.Indexes[0].rows.count != items || tab.expiry.count != (items+99)/100 {
		t.Fatalf("got %d rows, %d in the index, %d to expire", tab.rows.count, tab.Indexes[0].rows.count, tab.expiry.count)
	}
	start = time.Now()
	for range 100 {
		s.Sweep()
	}
	idle := time.Since(start) / 100
	s.now = s.now.Add(2 * time.Hour)
	start = time.Now()
	s.Sweep()
	t.Logf("sweep: %v when idle, %v for %d items", idle, time.Since(start), (items+99)/100)
	if idle > 20*time.Millisecond {
		t.Errorf("an idle sweep took %v: it must not look at every item", idle)
	}
	if got := tab.rows.count; got != items-(items+99)/100 {
		t.Errorf("got %d rows after the sweep", got)
	}
}
