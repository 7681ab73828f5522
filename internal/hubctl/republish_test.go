package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

func republish(args ...string) []string {
	return append([]string{"republish", "-stack", "test", "-rate", "10000"}, args...)
}

// told is what the bus was told, as "kind id", in order of that; each once.
func (s *scene) told() []string {
	s.t.Helper()
	var out []string
	for _, p := range s.Cloud.Events().Published(0) {
		var detail struct{ ID string }
		if err := json.Unmarshal([]byte(p.Detail), &detail); err != nil || p.Bus != "test-bus" || len(p.Failures) > 0 {
			s.t.Fatalf("got %+v, %v", p, err)
		}
		out = append(out, p.DetailType+" "+detail.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// relayed is what relay makes of all that changed so far, in the same form; of each
// item's revisions the last.
func (s *scene) relayed() []string {
	s.t.Helper()
	last := map[string]string{}
	var out []string
	for _, table := range []string{s.Store.Tables.Messages, s.Store.Tables.Contacts} {
		for _, r := range s.Changes(table) {
			c, err := store.ReadChange(r)
			if err != nil {
				s.t.Fatal(err)
			}
			if c.Event == nil {
				continue
			}
			if id, _, counted := strings.Cut(c.Event.ID, "#"); counted {
				last[id] = c.Event.Kind + " " + c.Event.ID
				continue
			}
			out = append(out, c.Event.Kind+" "+c.Event.ID)
		}
	}
	for _, v := range last {
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// history is a team's morning: messages on both channels, a reaction, a block, an
// account's notice, a send with its states.
func (s *scene) history() {
	s.t.Helper()
	event := func(kind, more string) {
		s.Clock.Advance(time.Second)
		s.post(fmt.Sprintf(`{"destination":"U5a1f0c3e9b7d4826a1c0e5f79d3b2468","events":[{"type":%q,"mode":"active","timestamp":%d,
			"source":{"type":"user","userId":%q},"webhookEventId":"W%d","deliveryContext":{"isRedelivery":false}%s}]}`,
			kind, s.Clock.Now().UnixMilli(), customer, s.Clock.Now().UnixMilli(), more))
	}
	s.post(s.said("1", "hello"))
	event("unfollow", "")
	event("follow", "")
	s.postMeta(s.saidAt("106540352242922", "A", "hello"))
	s.drain()
	s.Clock.Advance(time.Second)
	key := strings.TrimSpace(s.does("send", "-team", "test", "-account", "line1", "-to", customer, "-class", "person", "-text", "canary"))
	of := store.Ref{Team: "test", User: s.Team.Pepper.User("line1", customer)}
	for _, stamps := range []hub.Stamps{
		{Accepted: hub.MillisOf(s.Clock.Now()), PlatformID: "p"}, {Delivered: hub.MillisOf(s.Clock.Now().Add(time.Second))},
	} {
		if _, err := s.Store.Stamp(ctx, of, hub.MessageKey(key), stamps); err != nil {
			s.t.Fatal(err)
		}
	}
	t, err := s.Store.Thread(ctx, of)
	if err != nil {
		s.t.Fatal(err)
	}
	home := s.Team.Pepper.Home("line1", customer, t.Epoch)
	for i, name := range []string{"Mei", "Mei Lin"} {
		s.Clock.Advance(time.Second)
		err := s.Store.SetRegister(ctx, "test", home, hub.Register{Field: "name", Value: name, At: hub.MillisOf(s.Clock.Now()), Source: fmt.Sprint("source ", i)})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestFactsAndLastRevisionsArePublishedUnderTheIDsOfRelay(t *testing.T) {
	s := newScene(t)
	s.history()
	want := s.relayed()
	if len(want) < 10 {
		t.Fatalf("relay makes %d events of it, want a history: %q", len(want), want)
	}
	before := s.state()
	out := s.does(republish("-all", "-since", "1h", "-dry-run")...)
	if !strings.Contains(out, fmt.Sprint("would be published ", len(want))) || !strings.Contains(out, "read units") {
		t.Errorf("dry run: got %s, want %d", out, len(want))
	}
	if len(s.told()) != 0 {
		t.Error("the dry run has published")
	}
	out = s.does(republish("-all", "-since", "1h")...)
	if got := s.told(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.does(republish("-team", "test", "-since", "1h")...)
	if got := s.told(); !slices.Equal(got, want) {
		t.Error("the second time told something else")
	}
	if s.state() != before {
		t.Error("a table has changed")
	}
	if strings.Contains(out, "canary") || strings.Contains(out, "Mei") {
		t.Errorf("content or a person is shown: %s", out)
	}
}

func TestOnlyWhatIsWantedIsPublished(t *testing.T) {
	s := newScene(t)
	s.history()
	all := s.relayed()
	count := func(prefix string) (n int) {
		for _, e := range all {
			if strings.HasPrefix(e, prefix) {
				n++
			}
		}
		return n
	}
	s.Clock.Advance(30 * time.Minute)
	for _, c := range []struct {
		args string
		want int
	}{
		{"-team acme -since 1h", 0}, {"-all -since 1m", 0}, {"-all -since 2h -until 1h", 0}, {"-all -since 2h -until 1m", len(all)},
		{"-all -since 1h -filter contact.created", 2}, {"-all -since 1h -filter contact.*", count("contact.")},
		{"-all -since 1h -filter nothing", 0}, {"-all -since 1h -messages no", len(all) - count("message.received")},
		{"-all -since 1h -segments 1", len(all)},
	} {
		out := s.does(republish(append(strings.Fields(c.args), "-dry-run")...)...)
		if !strings.Contains(out+"\n", fmt.Sprintf("would be published %d\n", c.want)) {
			t.Errorf("%s: got %s, want %d", c.args, out, c.want)
		}
	}
}

// images are the newest images of all items, as an export has them.
func (s *scene) images() []map[string]events.DynamoDBAttributeValue {
	s.t.Helper()
	newest, order := map[string]map[string]events.DynamoDBAttributeValue{}, []string{}
	for _, table := range []string{s.Store.Tables.Messages, s.Store.Tables.Contacts} {
		for _, r := range s.Changes(table) {
			at := r.Change.Keys["PK"].String() + " " + r.Change.Keys["SK"].String()
			if newest[at] == nil {
				order = append(order, at)
			}
			newest[at] = r.Change.NewImage
		}
	}
	var out []map[string]events.DynamoDBAttributeValue
	for _, at := range order {
		out = append(out, newest[at])
	}
	return out
}

// exported writes lines into a file as the service does.
func exported(t *testing.T, path string, lines []string) {
	t.Helper()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for _, l := range lines {
		_, _ = io.WriteString(z, l+"\n")
	}
	z.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, zipped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExportIsReadAsTheTablesAre(t *testing.T) {
	for _, form := range []string{`{"Item":%s}`, `{"Metadata":{"WriteTimestampMicros":{"N":"1791170475123000"}},"Keys":{},"OldImage":{},"NewImage":%s}`} {
		s := newScene(t)
		s.history()
		folder := filepath.Join(t.TempDir(), "export")
		var files [2][]string
		for i, image := range s.images() {
			files[i%2] = append(files[i%2], fmt.Sprintf(form, marshal(t, image)))
		}
		files[0] = append(files[0], `{"Metadata":{},"Keys":{"PK":{"S":"T#test#U#gone"},"SK":{"S":"THREAD"}}}`)
		for i, lines := range files {
			exported(t, filepath.Join(folder, "AWSDynamoDB", "01", "data", fmt.Sprintf("%d.json.gz", i)), lines)
		}
		exported(t, filepath.Join(folder, "AWSDynamoDB", "01", "data", "empty.json.gz"), nil)
		if err := os.WriteFile(filepath.Join(folder, "AWSDynamoDB", "01", "manifest-files.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		// Without any right on the tables.
		out, err := runOver(s.Hub, refusing("Scan", "Query", "GetItem"), nil, republish("-team", "test", "-since", "1h", "-export", folder)...)
		if err != nil {
			t.Fatalf("%v, %s", err, out)
		}
		if got, want := s.told(), s.relayed(); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", form, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if out := s.does(republish("-team", "acme", "-since", "1h", "-export", folder)...); !strings.Contains(out, "published 0") {
			t.Errorf("another team: got %s", out)
		}
	}
}

func TestBadExportsAreRefused(t *testing.T) {
	s := newScene(t)
	for _, c := range []struct{ line, want string }{
		{`canary`, "not DynamoDB's JSON"}, {`{"Item":{"PK":{"N":{}}}}`, "not DynamoDB's JSON"}, {`{"PK":"x"}`, "neither Item nor NewImage"},
		{`{"Item":{"PK":{"S":"T#test#H#h"},"SK":{"S":"HOME"},"pub":{"S":"contact.unheard_of"},"ra":{"N":"1791170475123"}}}`, "failed 1"},
	} {
		folder := t.TempDir()
		exported(t, filepath.Join(folder, "data.json.gz"), []string{c.line})
		out, err := s.run(republish("-all", "-since", "1h", "-export", folder)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(out+err.Error(), "canary") {
			t.Errorf("%s: got %v, %s", c.line, err, out)
		}
	}
	if _, err := s.run(republish("-all", "-since", "1h", "-export", t.TempDir())...); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("an empty folder: got %v", err)
	}
}

func TestRepublishingThatIsCutOffIsRunAgain(t *testing.T) {
	cuts(t, func(s *scene) []string {
		s.history()
		return republish("-all", "-since", "1h", "-segments", "2")
	}, func(s *scene, at string) {
		if got, want := s.told(), s.relayed(); !slices.Equal(got, want) {
			s.t.Errorf("%s: got %q, want %q", at, got, want)
		}
	})
}

// throttled refuses every other call of the bus.
type throttled struct {
	next  http.RoundTripper
	calls *int
}

func (r throttled) RoundTrip(q *http.Request) (*http.Response, error) {
	if strings.HasSuffix(q.Header.Get("X-Amz-Target"), ".PutEvents") {
		if *r.calls++; *r.calls%2 == 1 {
			return &http.Response{
				StatusCode: 400, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: q, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
				Body: io.NopCloser(strings.NewReader(`{"__type":"ThrottlingException","message":"no"}`)),
			}, nil
		}
	}
	return r.next.RoundTrip(q)
}

func TestThrottledBusIsAskedAgain(t *testing.T) {
	s := newScene(t)
	s.history()
	calls := 0
	out, err := runOver(s.Hub, func(next http.RoundTripper) http.RoundTripper { return throttled{next, &calls} }, nil, republish("-all", "-since", "1h")...)
	if err != nil || !slices.Equal(s.told(), s.relayed()) || calls < 4 {
		t.Errorf("got %v after %d calls, %s", err, calls, out)
	}
}

// keep puts an invocation that was given up into the bucket of failed records.
func (s *scene) keep(key string, records ...events.DynamoDBEventRecord) {
	s.t.Helper()
	note := marshal(s.t, map[string]any{
		"requestContext": map[string]any{"condition": "RetryAttemptsExhausted"}, "version": "1.0", "DDBStreamBatchInfo": map[string]any{},
		"payload": marshal(s.t, events.DynamoDBEvent{Records: records}),
	})
	s.put(key, note)
}

func (s *scene) put(key, body string) {
	s.t.Helper()
	bucket := "test-failedrecords"
	_, err := s.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) s3() *s3.Client {
	return s3.NewFromConfig(s.AWS("test"), func(o *s3.Options) { o.UsePathStyle = true })
}

// kept counts the objects in the bucket of failed records.
func (s *scene) kept() int {
	s.t.Helper()
	bucket := "test-failedrecords"
	out, err := s.s3().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(out.Contents)
}

func TestRecordsThatRelayGaveUpArePublished(t *testing.T) {
	prepare := func(s *scene) []string {
		s.history()
		s.keep("aws/lambda/x/shard-1/a", s.Changes(s.Store.Tables.Messages)...)
		s.keep("aws/lambda/x/shard-1/b", s.Changes(s.Store.Tables.Contacts)...)
		return redrive("FailedRecords")
	}
	s := newScene(t)
	prepare(s)
	out := s.does(redrive("FailedRecords", "-dry-run")...)
	if s.kept() != 2 || len(s.told()) != 0 || !strings.Contains(out, "1 of them intents to send") || strings.Contains(out, "canary") {
		t.Errorf("dry run: got %s", out)
	}
	out = s.does(redrive("FailedRecords", "-filter", "contact.created")...)
	if s.kept() != 2 || len(s.told()) != 2 {
		t.Errorf("chosen: got %d events, %d objects, %s, want two events and both objects kept", len(s.told()), s.kept(), out)
	}
	s.put("aws/lambda/x/shard-1/c", "canary")
	out, err := s.run(redrive("FailedRecords")...)
	if err == nil || !strings.Contains(out, "3 objects, 2 done and deleted") || s.kept() != 1 || strings.Contains(out+err.Error(), "canary") {
		t.Errorf("got %v, %s", err, out)
	}
	cuts(t, prepare, func(s *scene, at string) {
		got, want := s.told(), s.relayed()
		for _, e := range want {
			if !slices.Contains(got, e) {
				s.t.Errorf("%s: %s was not published", at, e)
			}
		}
		if s.kept() != 0 {
			s.t.Errorf("%s: %d objects are left", at, s.kept())
		}
	})
}
