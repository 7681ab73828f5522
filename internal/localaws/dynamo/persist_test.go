package dynamo

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
)

// fatal is what testing and rapid have in common.
type fatal interface{ Fatal(args ...any) }

// restart takes a copy of the file as it is, as after kill -9, and goes on with it.
func (s *subject) restart(t fatal, path string) {
	data, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.store.Close()
	s.store, s.path = store, path
	s.open(store)
}

func persistent(t *testing.T) *subject {
	t.Helper()
	s := &subject{path: filepath.Join(t.TempDir(), "aws.db"), items: model{}}
	var err error
	if s.store, err = disk.Open(s.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	s.rig = newRig(t, s.store)
	return s
}

func TestEverythingSurvivesAKill(t *testing.T) {
	s := persistent(t)
	s.table("tab", withIndex, withStream, `"DeletionProtectionEnabled":true`)
	s.table("other", plainKeys)
	s.table("dropped", plainKeys, withStream)
	s.put("dropped", "a", "b", "")
	s.mustf("DeleteTable", `{"TableName":"dropped"}`)
	s.mustf("UpdateTimeToLive", `{"TableName":"tab","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
	s.mustf("UpdateContinuousBackups", `{"TableName":"tab","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`)
	s.put("tab", "a", "1", `"g":{"S":"G"},"n":{"N":"1"},"x":{"M":{"l":{"L":[{"NS":["2","1"]},{"NULL":true}]}}}`)
	s.put("tab", "a", "2", `"ttl":{"N":"`+fmt.Sprint(s.now.Unix()+60)+`"}`)
	s.put("tab", "a", "2", `"ttl":{"N":"`+fmt.Sprint(s.now.Unix()+50)+`"}`)
	s.mustf("DeleteItem", `{"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"gone"}}}`)
	const tx = `{"ClientRequestToken":"token","TransactItems":[{"Update":{"TableName":"other","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"ADD n :o","ExpressionAttributeValues":{":o":{"N":"1"}}}}]}`
	s.mustf("TransactWriteItems", tx)
	arn := ""
	for arn = range s.Tips() {
	}
	questions := [][2]string{{"DescribeTable", `{"TableName":"tab"}`}, {"ListTables", "{}"}, {"Scan", `{"TableName":"tab"}`}, {"Scan", `{"TableName":"tab","IndexName":"byG"}`}, {"Scan", `{"TableName":"other"}`},
		{"DescribeTimeToLive", `{"TableName":"tab"}`}, {"DescribeContinuousBackups", `{"TableName":"tab"}`}, {"ListStreams", "{}"}, {"DescribeStream", `{"StreamArn":"` + arn + `"}`},
		{"GetRecords", `{"ShardIterator":"` + arn + `|0|0|9999999999999"}`}, {"GetRecords", `{"ShardIterator":"` + arn + `|1|0|9999999999999"}`}, {"GetRecords", `{"ShardIterator":"` + arn + `|2|0|9999999999999"}`}, {"GetRecords", `{"ShardIterator":"` + arn + `|3|0|9999999999999"}`}}
	ask := func() (answers []string) {
		for _, q := range questions {
			answers = append(answers, q[0]+" "+s.must(q[0], q[1]))
		}
		return append(answers, fmt.Sprint(s.Tips()))
	}
	before := ask()
	for n := range 2 {
		s.restart(t, fmt.Sprint(s.path, n))
		for i, answer := range ask() {
			if answer != before[i] {
				t.Errorf("restart %d: got\n%s\nwant\n%s", n, answer, before[i])
			}
		}
	}
	s.mustf("TransactWriteItems", tx)
	if got := s.mustf("Scan", `{"TableName":"other","ProjectionExpression":"n"}`); !strings.Contains(got, `[{"n":{"N":"1"}}]`) {
		t.Errorf("got %s: the token was forgotten", got)
	}
	s.now = s.now.Add(55 * time.Second)
	s.Sweep()
	if got := s.mustf("Scan", `{"TableName":"tab","Select":"COUNT"}`); got != `{"Count":1,"ScannedCount":1}` {
		t.Errorf("got %s after the expiry of one of two items", got)
	}
	s.put("tab", "a", "3", "")
	newest := ""
	for _, seq := range s.Tips()[arn] {
		newest = max(newest, seq)
	}
	if newest != sequenceNumber(6) { // dropped 1, tab 3, the expiry, and this one
		t.Errorf("got sequence number %s, want %s", newest, sequenceNumber(6))
	}
	s.now = s.now.Add(25 * time.Hour)
	s.restart(t, s.path+"late")
	s.Sweep()
	if got := s.must("GetRecords", `{"ShardIterator":"`+arn+`|0|0|9999999999999"}`); !strings.HasPrefix(got, `{"Records":[]`) {
		t.Errorf("got %s a day later", got)
	}
	s.restart(t, s.path+"later")
	if s.sequence != 6 {
		t.Errorf("got sequence %d after all records were dropped, want 6", s.sequence)
	}
	s.mustf("DeleteTable", `{"TableName":"other"}`)
	s.table("other", plainKeys)
	s.restart(t, s.path+"again")
	if got := s.mustf("Scan", `{"TableName":"other","Select":"COUNT"}`); got != `{"Count":0,"ScannedCount":0}` {
		t.Errorf("got %s in a table made anew", got)
	}
}

// TestWriterProcess is no test: it is the process that TestKilledProcessLosesNothing
// kills. It writes for ever and prints what was acknowledged.
func TestWriterProcess(t *testing.T) {
	path := os.Getenv("DYNAMO_WRITER_FILE")
	if path == "" {
		t.Skip("runs only as a child of another test")
	}
	store, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, store)
	r.table("tab", withIndex, withStream)
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d", worker, i)
				r.mustf("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"one"},"sk":{"S":"%s"}}}},{"Put":{"TableName":"tab","Item":{"pk":{"S":"two"},"sk":{"S":"%s"},"g":{"S":"G"},"n":{"N":"1"}}}}]}`, name, name)
				fmt.Println("acknowledged", name)
			}
		}()
	}
	select {}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	for range 3 {
		path := filepath.Join(t.TempDir(), "aws.db")
		child := exec.Command(os.Args[0], "-test.run=^TestWriterProcess$")
		child.Env = append(os.Environ(), "DYNAMO_WRITER_FILE="+path)
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Process.Kill() })
		var acknowledged []string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
				acknowledged = append(acknowledged, name)
			}
			if len(acknowledged) == 100 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
		if len(acknowledged) < 100 {
			t.Fatalf("the writer ended after %d writes", len(acknowledged))
		}
		store, err := disk.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, store)
		rows := map[string]int{}
		for _, pk := range []string{"one", "two"} {
			for _, name := range acknowledged {
				if got := r.mustf("GetItem", `{"TableName":"tab","Key":{"pk":{"S":"%s"},"sk":{"S":"%s"}}}`, pk, name); got == "{}" {
					t.Errorf("%s %s was acknowledged and is lost", pk, name)
				}
			}
			low := partition(attr.Value{Kind: attr.S, Text: pk})
			r.tables["tab"].rows.walk(low, successor(low), false, func(string, *row) bool { rows[pk]++; return true })
		}
		records := 0
		for _, sh := range r.tables["tab"].stream.shards {
			records += len(sh.records)
		}
		if x := r.tables["tab"].Indexes[0].rows.count; rows["one"] != rows["two"] || records != 2*rows["one"] || x != rows["two"] {
			t.Errorf("got %v rows, %d stream records and %d index entries: half of something survived", rows, records, x)
		}
		store.Close()
	}
}
