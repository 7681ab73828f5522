package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func fixed(raw bool) (*Log, *bytes.Buffer) {
	var out bytes.Buffer
	l := New(&out, raw, false)
	l.now = func() time.Time { return time.Date(2026, 11, 22, 13, 4, 5, 6e6, time.UTC) }
	return l, &out
}

func TestLineRendersSlogAndKeepsTheRest(t *testing.T) {
	const trace = "1-67891233-abcdef012345678912345678"
	cases := map[string]string{
		`{"time":"x","level":"INFO","msg":"stored","key":"a b","n":3,"o":{"x":1}}`:    `13:04:05.006 inbound   345678 INFO  stored key="a b" n=3 o={"x":1}`,
		`{"level":"WARN","msg":"slow","trace":"1-67891233-000000000000000000fedcba"}`: `13:04:05.006 inbound   fedcba WARN  slow`,
		`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["channel","code"],["code"]],"Metrics":[{"Name":"Failed"},{"Name":"Took"}]}]},"channel":"line","code":"blocked","Failed":2,"Took":[3,4]}`: `13:04:05.006 inbound   345678 COUNT  channel=line code=blocked Failed=2 Took=[3,4]`,
		`plain words`:   `13:04:05.006 inbound   345678 plain words`,
		`{"broken":`:    `13:04:05.006 inbound   345678 {"broken":`,
		`{"answer":42}`: `13:04:05.006 inbound   345678 {"answer":42}`,
	}
	for line, want := range cases {
		l, out := fixed(false)
		l.Line("inbound", trace, line)
		if got := strings.TrimRight(out.String(), "\n"); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func TestRawModeWritesOneJSONObjectPerLine(t *testing.T) {
	l, out := fixed(true)
	l.Line("inbound", "1-a-b", `{"level":"INFO","msg":"stored"}`)
	l.Line("inbound", "1-a-b", `{}`)
	l.Line("inbound", "1-a-b", `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"A"}]}]},"A":1}`)
	l.Line("inbound", "", "plain <words>")
	l.Error("sqs", "delete failed", "error", errors.New("no \"way\""), "after", 2*time.Second)
	l.Block("outbound", "1-a-b", "timed out", []string{"one", "two"})
	l.Text("banner\nof lines")
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if len(lines) != 7 {
		t.Fatalf("lines: got %d, want 7:\n%s", len(lines), out)
	}
	for _, line := range lines {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%s: %v", line, err)
		} else if v["function"] == "" {
			t.Errorf("%s: no function", line)
		}
	}
	if !strings.Contains(lines[4], `"error":"no \"way\"","after":"2s"`) {
		t.Errorf("members: got %s", lines[4])
	}
}
