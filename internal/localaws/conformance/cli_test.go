package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/localaws"
)

// recording is one request as the AWS CLI made it.
type recording struct {
	Command []string
	Method  string
	Path    string
	Headers map[string]string
	Body    string
}

const recordings = "testdata/cli.json"

// step is one command of the script that is run live and replayed.
type step struct {
	command []string
	input   string // stdin
	// want is checked against the JSON answer: "A.0.B" is member B of the first
	// element of A. Prefix ~ takes the rest as a regular expression.
	want map[string]string
	text string // expected in an answer that is not JSON
}

var script = []step{
	{command: words("dynamodb create-table --table-name cli --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=pk,AttributeType=S --key-schema AttributeName=pk,KeyType=HASH"),
		want: map[string]string{"TableDescription.TableName": "cli"}},
	{command: append(words("dynamodb put-item --table-name cli --item"), `{"pk":{"S":"a"},"n":{"N":"1"},"t":{"S":"grüße 你好 😀"}}`)},
	{command: append(words("dynamodb put-item --table-name cli --condition-expression"), "attribute_not_exists(pk)", "--item", `{"pk":{"S":"b"}}`)},
	{command: words("dynamodb scan --table-name cli"), want: map[string]string{"Count": "2", "ScannedCount": "2", "Items.0.pk.S": "~^[ab]$", "Items.1.pk.S": "~^[ab]$"}},
	{command: append(words("dynamodb get-item --table-name cli --consistent-read --key"), `{"pk":{"S":"a"}}`), want: map[string]string{"Item.n.N": "1", "Item.t.S": "grüße 你好 😀"}},
	{command: words("sqs create-queue --queue-name cli"), want: map[string]string{"QueueUrl": "~^http://127.0.0.1:[0-9]+/000000000000/cli$"}},
	{command: append(words("sqs send-message --queue-url $URL/000000000000/cli --message-body"), "grüße 你好 😀", "--message-attributes", `{"kind":{"DataType":"String","StringValue":"order"}}`),
		want: map[string]string{"MD5OfMessageBody": hexMD5("grüße 你好 😀"), "MessageId": "~^[0-9a-f-]{36}$", "MD5OfMessageAttributes": "~^[0-9a-f]{32}$"}},
	{command: words("sqs get-queue-attributes --queue-url $URL/000000000000/cli --attribute-names All"), want: map[string]string{"Attributes.ApproximateNumberOfMessages": "1"}},
	{command: words("sqs receive-message --queue-url $URL/000000000000/cli --attribute-names All --message-attribute-names All --wait-time-seconds 1"),
		want: map[string]string{"Messages.0.Body": "grüße 你好 😀", "Messages.0.Attributes.ApproximateReceiveCount": "1", "Messages.0.MessageAttributes.kind.StringValue": "order", "Messages.0.ReceiptHandle": "~.{20}"}},
	{command: words("s3api create-bucket --bucket cli-bucket")},
	{command: words("s3 cp - s3://cli-bucket/a/b.txt"), input: "hello"},
	{command: words("s3 ls s3://cli-bucket/a/"), text: "b.txt"},
	{command: words("s3 ls"), text: "cli-bucket"},
	{command: words("events create-event-bus --name cli"), want: map[string]string{"EventBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/cli"}},
	{command: append(words("events put-rule --name cli --event-bus-name cli --event-pattern"), `{"source":["cli"],"detail":{"n":[{"numeric":[">",0]}]}}`),
		want: map[string]string{"RuleArn": "arn:aws:events:us-east-1:000000000000:rule/cli/cli"}},
	{command: append(words("sqs create-queue --queue-name cli-events --attributes"), `{"Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"sqs:SendMessage\",\"Resource\":\"*\"}}"}`)},
	{command: append(words("events put-targets --rule cli --event-bus-name cli --targets"), `[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:000000000000:cli-events","InputTransformer":{"InputPathsMap":{"n":"$.detail.n"},"InputTemplate":"{\"n\": <n>}"}}]`),
		want: map[string]string{"FailedEntryCount": "0"}},
	{command: words("events list-targets-by-rule --rule cli --event-bus-name cli"), want: map[string]string{"Targets.0.Id": "1"}},
	{command: append(words("events put-events --entries"), `[{"EventBusName":"cli","Source":"cli","DetailType":"k","Time":"2026-01-02T03:04:05Z","Resources":["a"],"Detail":"{\"n\": 5}"},{"EventBusName":"cli","Source":"aws.cli","DetailType":"k","Detail":"{}"}]`),
		want: map[string]string{"FailedEntryCount": "1", "Entries.0.EventId": "~^[0-9a-f-]{36}$", "Entries.1.ErrorCode": "NotAuthorizedForSourceException"}},
	{command: words("sqs receive-message --queue-url $URL/000000000000/cli-events"), want: map[string]string{"Messages.0.Body": `{"n":5}`}},
	{command: append(words("events test-event-pattern --event-pattern"), `{"source":["cli"]}`, "--event", `{"id":"1","account":"0","source":"cli","time":"2026-01-02T03:04:05Z","region":"us-east-1","resources":[],"detail-type":"k"}`),
		want: map[string]string{"Result": "true"}},
	{command: words("events describe-rule --name cli --event-bus-name cli"), want: map[string]string{"State": "ENABLED", "CreatedBy": "000000000000"}},
	{command: words("events remove-targets --rule cli --event-bus-name cli --ids 1"), want: map[string]string{"FailedEntryCount": "0"}},
	{command: words("events delete-rule --name cli --event-bus-name cli")},
	{command: words("events delete-event-bus --name cli")},
	{command: words("events list-event-buses"), want: map[string]string{"EventBuses.0.Name": "default", "EventBuses.1.Name": ""}},
}

func words(s string) []string { return strings.Fields(s) }

// TestCLI runs the installed AWS CLI against the local cloud. CONFORMANCE_RECORD=1
// keeps its requests for TestRecordedCLIRequests.
func TestCLI(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("no aws on PATH; TestRecordedCLIRequests replays what one sent")
	}
	version, err := exec.Command("aws", "--version").CombinedOutput()
	if err != nil || !speaksJSON(string(version)) {
		t.Skipf("the installed CLI does not run or speaks the Query protocol to SQS: %s", version)
	}
	if testing.Short() {
		t.Skip("each command takes a second")
	}
	c := newCloud(t)
	c.needsLocal(t)
	var mu sync.Mutex
	var recorded []recording
	var current []string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		r := recording{Command: current, Method: req.Method, Path: req.URL.RequestURI(), Headers: map[string]string{}, Body: string(body)}
		for name := range req.Header {
			if name != "Content-Length" && name != "User-Agent" && name != "Accept-Encoding" {
				r.Headers[name] = req.Header.Get(name)
			}
		}
		recorded = append(recorded, r)
		c.server.ServeHTTP(w, req)
	}))
	defer front.Close()
	nowhere := filepath.Join(t.TempDir(), "none")
	for _, s := range script {
		mu.Lock()
		current = s.command
		mu.Unlock()
		args := append([]string{"--endpoint-url", front.URL, "--region", "us-east-1", "--output", "json"}, s.command...)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "$URL", front.URL)
		}
		cli := exec.Command("aws", args...)
		cli.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
		cli.Env = append(cli.Env, "AWS_ACCESS_KEY_ID=cli", "AWS_SECRET_ACCESS_KEY=secret", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
			"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+nowhere, "AWS_SHARED_CREDENTIALS_FILE="+nowhere, "PYTHONUTF8=1", "LC_ALL=C.UTF-8")
		cli.Stdin = strings.NewReader(s.input)
		var stdout, stderr bytes.Buffer
		cli.Stdout, cli.Stderr = &stdout, &stderr
		if err := cli.Run(); err != nil {
			t.Fatalf("aws %q: %v: %s", s.command, err, stderr.String())
		}
		s.check(t, stdout.String())
	}
	if os.Getenv("CONFORMANCE_RECORD") != "" {
		text, err := json.MarshalIndent(recorded, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recordings, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// speaksJSON reads a version such as "aws-cli/1.29.0 Python/…".
func speaksJSON(version string) bool {
	m := regexp.MustCompile(`aws-cli/(\d+)\.(\d+)`).FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 2 || major == 2 && minor >= 13 || major == 1 && minor >= 29
}

// check compares the fields that matter.
func (s step) check(t *testing.T, answer string) {
	t.Helper()
	if s.text != "" && !strings.Contains(answer, s.text) {
		t.Errorf("%q: got %s, want %s in it", s.command, answer, s.text)
	}
	if len(s.want) == 0 {
		return
	}
	var all any
	if err := json.Unmarshal([]byte(answer), &all); err != nil {
		t.Fatalf("%q: got %q: %v", s.command, answer, err)
	}
	for _, path := range slices.Sorted(maps.Keys(s.want)) {
		got, want := member(all, path), s.want[path]
		if pattern, ok := strings.CutPrefix(want, "~"); ok && regexp.MustCompile(pattern).MatchString(got) {
			continue
		}
		if got != want {
			t.Errorf("%q: got %s %q, want %q", s.command, path, got, want)
		}
	}
}

// member is the text of one member of decoded JSON, or "".
func member(v any, path string) string {
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// TestRecordedCLIRequests sends what AWS CLI 1.45 sent, byte for byte, and checks
// the answers as the CLI would show them.
func TestRecordedCLIRequests(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	text, err := os.ReadFile(recordings)
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < len(script) {
		t.Fatalf("got %d recordings, want one at least for each of %d commands", len(all), len(script))
	}
	for _, s := range script {
		var last string
		done := 0
		for _, r := range all {
			if slices.Equal(r.Command, s.command) {
				last = r.replay(t, c)
				done++
			}
		}
		if done == 0 {
			t.Errorf("%q: no recording", s.command)
			continue
		}
		s.check(t, last)
	}
}

func (r recording) replay(t *testing.T, c *cloud) string {
	t.Helper()
	req, err := http.NewRequest(r.Method, c.url+r.Path, strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	client := &http.Client{Transport: localaws.Transport{}, Timeout: 30 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		t.Fatalf("%q: got %d %s", r.Command, res.StatusCode, body)
	}
	return string(body)
}
