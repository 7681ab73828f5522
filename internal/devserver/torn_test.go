package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/channel/fake"
	"omnihub/internal/devserver/loopback"
	"omnihub/internal/localaws"
	"omnihub/internal/stack"
)

func TestClockThatIsTornIsToldAndNeverGuessed(t *testing.T) {
	s := &stateDir{path: t.TempDir()}
	offset := 36*time.Hour + 15*time.Minute
	if err := s.keepOffset(offset); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.file("clock"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if err := os.WriteFile(s.file("clock"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.offset(); err == nil || !strings.Contains(err.Error(), "remove the file") || !strings.Contains(err.Error(), s.file("clock")) {
			t.Errorf("%q: got %s, %v, want an error that says what to do", whole[:n], got, err)
		}
	}
	if err := os.WriteFile(s.file("clock"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.offset(); err != nil || got != offset {
		t.Errorf("got %s, %v, want %s", got, err, offset)
	}
}

func TestStateFolderOfAKilledDevserverIsFree(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"lock": "4194304\n", "addresses.json": `{"api":"http://127`, "clock.new": "36h"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := os.Stat(s.file("addresses.json")); err == nil {
		t.Error("the addresses of the killed one are still there")
	}
	if got, err := s.offset(); err != nil || got != 0 {
		t.Errorf("clock: got %s, %v, want what was whole: none", got, err)
	}
}

// TestFileOfTheCloudIsWholeOrToldAsDamaged cuts the file at many lengths. What is cut
// off behind the last page in use is not missed.
func TestFileOfTheCloudIsWholeOrToldAsDamaged(t *testing.T) {
	dir := t.TempDir()
	queue := func(dir string, do func(client *sqs.Client, url *string)) {
		t.Helper()
		server, err := localaws.Open(localaws.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Close() }()
		client := sqs.NewFromConfig(aws.Config{Region: region, BaseEndpoint: aws.String("http://aws.local"), HTTPClient: loopback.Client{Handler: server},
			Credentials: credentials.NewStaticCredentialsProvider("tester", "local", "")})
		out, err := client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
		if err != nil {
			t.Fatal(err)
		}
		do(client, out.QueueUrl)
	}
	queue(dir, func(client *sqs.Client, url *string) {
		for i := range 40 {
			if _, err := client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(fmt.Sprint(i, strings.Repeat("x", 3000)))}); err != nil {
				t.Fatal(err)
			}
		}
	})
	whole, err := os.ReadFile(filepath.Join(dir, cloudFile))
	if err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 4095, 4096, 8191, 8192, 12288, 16383, 16384, 16385, len(whole) - 1, len(whole)}
	for range 40 {
		sizes = append(sizes, dice.IntN(len(whole)))
	}
	opened, refused := 0, 0
	for _, n := range sizes {
		torn := t.TempDir()
		s := &stateDir{path: torn}
		if err := s.write("checkpoints.json", []byte("{}")); err != nil { // it was ready before
			t.Fatal(err)
		}
		if err := os.WriteFile(s.file(cloudFile), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.checkCloud(); err != nil {
			refused++
			if !strings.Contains(err.Error(), s.file(cloudFile)) || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("%d bytes of %d: got %v, want an error that says what to do", n, len(whole), err)
			}
			continue
		}
		opened++
		queue(torn, func(client *sqs.Client, url *string) {
			out, err := client.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessages"}})
			if err != nil || out.Attributes["ApproximateNumberOfMessages"] != "40" {
				t.Errorf("%d bytes of %d: got %v, %v, want all 40 messages", n, len(whole), out, err)
			}
		})
	}
	if opened == 0 || refused < 10 {
		t.Errorf("of %d lengths %d were opened and %d refused, want both", len(sizes), opened, refused)
	}
}

func TestFirstStartThatWasKilledLeavesNoObstacle(t *testing.T) {
	for _, n := range []int{0, 4096, 12288} {
		s := &stateDir{path: t.TempDir()}
		if err := os.WriteFile(s.file(cloudFile), make([]byte, n), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.checkCloud(); err != nil {
			t.Errorf("%d bytes: got %v, want a new beginning", n, err)
		}
		if _, err := os.Stat(s.file(cloudFile)); err == nil {
			t.Errorf("%d bytes: the file is still there", n)
		}
		if err := s.checkCloud(); err != nil {
			t.Errorf("without a file: got %v", err)
		}
	}
}

// TestPlatformsKnowAllWholeLinesOfATornJournal cuts the memory of each fake platform,
// and the ledger, at many places.
func TestPlatformsKnowAllWholeLinesOfATornJournal(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	dir := t.TempDir()
	open := func(name string) *fake.Journal {
		t.Helper()
		j, err := fake.OpenJournal(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	makers := fakes()
	start := func(channel string, j *fake.Journal) fake.Platform {
		account := fake.Account{ID: "one", ExternalID: "U1", Webhook: hook.URL, Secrets: map[string]string{
			"channel_secret": "s", "channel_token": "t", "app_secret": "s", "verify_token": "v", "access_token": "a", "account_sid": "A", "auth_token": "t"}}
		return makers[channel](fake.Config{Accounts: []fake.Account{account}, Now: time.Now, Ledger: fake.NewLedger(), Client: http.DefaultClient, Journal: j})
	}
	files := map[string]func(*fake.Journal) int{ // what each shows of its file
		"ledger": func(j *fake.Journal) int { return len(fake.OpenLedger(j).Calls("", "")) },
	}
	ledger := open("ledger")
	l := fake.OpenLedger(ledger)
	for i := range 5 {
		l.Add(fake.Call{Channel: "line", To: "mei", Text: fmt.Sprintf("grüß %d", i), Body: `{"a":"\n"}`})
	}
	_ = ledger.Close()
	for channel := range makers {
		j := open(channel)
		p := start(channel, j)
		for _, act := range []fake.Act{{From: "mei", Text: "one"}, {From: "ben", Text: "two"}, {From: "mei", Text: "three"}} {
			if _, err := p.Act(t.Context(), act); err != nil {
				t.Fatalf("%s: %v", channel, err)
			}
		}
		_ = j.Close()
		files[channel] = func(j *fake.Journal) int {
			n := 0
			j.Replay(func(string, json.RawMessage) { n++ })
			if _, err := start(channel, j).Act(t.Context(), fake.Act{From: "mei", Text: "after"}); err != nil {
				t.Errorf("%s: after the restart: %v", channel, err)
			}
			return n
		}
	}
	for name, show := range files {
		whole, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(whole) == 0 {
			t.Fatalf("%s: got %d bytes, %v, want a journal", name, len(whole), err)
		}
		for n := 0; n <= len(whole); n += 1 + len(whole)/60 {
			if err := os.WriteFile(filepath.Join(dir, name), whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			j := open(name)
			if got, want := show(j), strings.Count(string(whole[:n]), "\n"); got != want {
				t.Errorf("%s: %d bytes of %d: got %d entries, want %d", name, n, len(whole), got, want)
			}
			_ = j.Close()
		}
	}
}

func TestDevserverStartsOnTornFilesAndHasWhatWasAcknowledged(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir(), VisibilityScale: 0.05})
	for i := range 6 {
		echo(t, s, "send", fmt.Sprintf("a-%d", i))
	}
	idle(t, s)
	for i := range 6 {
		echo(t, s, "send", fmt.Sprintf("b-%d", i))
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	tear := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tear("checkpoints.json", `{"Changes/Items arn:`)
	tear("checkpoints.json.new", `{`)
	tear("clock.new", "3")
	tear("addresses.json", `{"api":`)
	tear("platforms/line.jsonl", `{"kind":"customer","entr`)
	again := fixture(t, stack.Options{Dir: s.Dir, VisibilityScale: 0.05})
	logged(t, again, "checkpoints.json was torn")
	idle(t, again)
	if got := stored(t, again, "seen"); len(got) != 12 {
		t.Errorf("seen: got %v, want all 12", got)
	}
	if err := again.Kill(); err != nil {
		t.Fatal(err)
	}
	tear("clock", "36h")
	if _, err := stack.Start(ctx(t), stack.Options{Dir: s.Dir, Template: fixturePath(t), BuildDir: builds}); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("torn clock: got %v, want an error that says what to do", err)
	}
}

// TestDevserverComesUpAfterKillsAtAnyMoment kills the whole tree again and again, also
// while it starts, and sends a message whenever it got as far as that.
func TestDevserverComesUpAfterKillsAtAnyMoment(t *testing.T) {
	fixture(t, stack.Options{Memory: true}) // builds what the others reuse
	dice := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	o := stack.Options{Dir: dir, VisibilityScale: 0.05, Template: fixturePath(t), BuildDir: builds}
	var sent []string
	killed, ran := 0, 0
	for i := range 14 {
		within := time.Duration(20+dice.IntN(300)) * time.Millisecond
		if i%5 == 0 {
			within = 15 * time.Millisecond // no start is as fast as that
		}
		c, cancel := context.WithTimeout(context.Background(), within)
		s, err := stack.Start(c, o) // kills it when the time is over
		cancel()
		if err != nil {
			if !strings.Contains(err.Error(), "was not ready in time") {
				t.Fatalf("start %d: %v", i, err)
			}
			killed++
			continue
		}
		ran++
		body := fmt.Sprintf("a-%02d", i)
		if status, answer := echo(t, s, "send", body); status != 202 {
			t.Errorf("send: got %d %s", status, answer)
		} else {
			sent = append(sent, body)
		}
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	last := fixture(t, o)
	idle(t, last)
	got := stored(t, last, "seen")
	slices.Sort(sent)
	if !slices.Equal(got, sent) {
		t.Errorf("seen: got %v, want what was sent: %v", got, sent)
	}
	t.Logf("killed %d times before it was ready, %d times after", killed, ran)
	if killed == 0 {
		t.Error("no start was killed, want some")
	}
}
