package canary

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/stack"
)

var (
	customers  = []kind{secret, token, bearer, word, person}
	everything = append(customers[:len(customers):len(customers)], setting, staff)
)

func TestNothingIsShown(t *testing.T) {
	build := cmp.Or(stack.SharedBuilds(), t.TempDir())
	t.Run("traffic and faults", func(t *testing.T) {
		s := newScene(t, stack.Options{Memory: true, BuildDir: build})
		for _, name := range kinds() {
			p := platforms()[name]
			before := len(s.Log())
			for _, a := range p.acts {
				s.act(name, p, a)
				s.must(s.Idle(s.ctx, time.Minute))
			}
			s.refused(name, p)
			s.sends(name, p)
			s.shown(name, s.Log()[before:], append(p.signs, "code=signature_invalid", "code=unparsable", "code=token_expired"))
			s.rotate()
		}
		s.brokenLetters()
		s.giveUp()
		s.must(s.Idle(s.ctx, time.Minute))
		s.flock.look("what hubctl lists", s.listings(), everything...)
		s.search()
		s.notInVain()
	})
	t.Run("OmniLink", func(t *testing.T) {
		s := newScene(t, stack.Options{Memory: true, BuildDir: build})
		s.overTo()
		s.search()
	})
	t.Run("the API", func(t *testing.T) {
		s := newScene(t, stack.Options{Memory: true, BuildDir: build})
		newOffice(s).play()
	})
	// The functions' roles lose the key of the secrets: the edge's first, then those of
	// the functions behind it, which may keep nothing aside either: what came ends as a
	// dead letter.
	t.Run("keys refused at the edge", func(t *testing.T) {
		s := newScene(t, stack.Options{Memory: true, BuildDir: build, Template: without(t, []string{"Ingress"}, "kms:Decrypt")})
		for _, name := range kinds() {
			p := platforms()[name]
			if d := s.act(name, p, fake.Act{Text: said}); d.Status/100 != 5 {
				s.t.Errorf("%s: the webhook was answered %d, want 5xx", name, d.Status)
			}
			held := s.act(name, p, fake.Act{Text: said + email, Hold: true})
			if status := s.post(held); status/100 != 5 {
				s.t.Errorf("%s: the webhook was answered %d, want 5xx", name, status)
			}
		}
		s.sign("is not authorized to perform kms:Decrypt")
		s.search()
	})
	t.Run("keys refused behind the edge", func(t *testing.T) {
		s := newScene(t, stack.Options{Memory: true, BuildDir: build, VisibilityScale: 0.01, Template: without(t, []string{"Inbound", "Outbound", "Profile"}, "kms:Decrypt", "dynamodb:PutItem")})
		for _, name := range kinds() {
			p := platforms()[name]
			d := s.act(name, p, fake.Act{Text: said + " " + email})
			if d.Status != 200 {
				s.t.Errorf("%s: the webhook was answered %d, want 200", name, d.Status)
			}
			s.send(name, hub.ClassTransactional)
		}
		s.sign("function Inbound is not authorized to perform kms:Decrypt")
		s.sign("function Outbound is not authorized to perform kms:Decrypt")
		for try := 0; s.dead() == 0 && try < 10; try++ {
			s.giveUp()
		}
		if s.search() == 0 {
			s.t.Error("there are no dead letters")
		}
	})
}

// newScene starts a stack and gathers the canaries that are known beforehand.
func newScene(t *testing.T, o stack.Options) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	running, err := stack.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &scene{t: t, ctx: ctx, Stack: running, flock: &flock{}, to: map[string]string{}}
	s.demo, err = running.Demo(ctx)
	s.must(err)
	known := platforms()
	for _, a := range s.demo.Accounts {
		if _, ok := known[a.Channel]; !ok {
			t.Errorf("the channel %s has a fake platform and no traffic here", a.Channel)
		}
		for field, v := range a.Secrets {
			if !plainField(a.Channel, field) {
				s.flock.add(secret, a.ID+"'s "+field, v)
			}
		}
	}
	s.keys()
	for what, v := range map[string]string{
		"the customer's name": name, "the customer's phone": phone, "the customer's e-mail": email,
		"what the customer said": said, "what we wrote": wrote, "what a forger sent": forged,
	} {
		s.flock.add(word, what, v)
	}
	return s
}

// plainField reports whether a member of what a channel's accounts are connected with
// is no secret.
func plainField(kind, name string) bool {
	s := all.Adapters(channel.Platform{})[hub.Channel(kind)].Setup()
	return slices.ContainsFunc(append(s.Connection, s.Account...), func(f channel.Field) bool { return f.Name == name && f.Plain })
}

// rotate changes the keys while everything runs.
func (s *scene) rotate() {
	s.t.Helper()
	setup := settings.Setup{Store: s.composer().Store, Keyring: s.keyring()}
	_, err := setup.Rotate(s.ctx, hub.TeamID(s.demo.Team))
	s.must(err)
	_, err = setup.RotateEdge(s.ctx)
	s.must(err)
	s.keys()
}

// brokenLetters puts onto every queue of a function what no function wrote.
func (s *scene) brokenLetters() {
	s.t.Helper()
	client := sqs.NewFromConfig(config(s.Stack))
	queues, err := client.ListQueues(s.ctx, nil)
	s.must(err)
	for _, address := range queues.QueueUrls {
		if strings.Contains(address, "DeadLetters") {
			continue
		}
		for i, body := range []string{said, `{"v":1,"team":"` + said + `","raw":"` + phone + `"}`, `{"team":"demo","u":"` + name + `","k":"` + email + `"}`} {
			in := &sqs.SendMessageInput{QueueUrl: &address, MessageBody: &body}
			if strings.HasSuffix(address, ".fifo") {
				group, id := fmt.Sprint("broken", i), fmt.Sprint("broken", i)
				in.MessageGroupId, in.MessageDeduplicationId = &group, &id
			}
			_, err := client.SendMessage(s.ctx, in)
			s.must(err)
		}
	}
}

// giveUp lets an hour pass, in which everything that fails is given up.
func (s *scene) giveUp() {
	s.t.Helper()
	for range 12 {
		_, err := s.AdvanceClock(s.ctx, 5*time.Minute)
		s.must(err)
	}
}

// dead is how many letters lie in the queues of dead ones.
func (s *scene) dead() (n int) {
	s.t.Helper()
	client := sqs.NewFromConfig(config(s.Stack))
	queues, err := client.ListQueues(s.ctx, nil)
	s.must(err)
	for _, address := range queues.QueueUrls {
		if !strings.Contains(address, "DeadLetters") {
			continue
		}
		got, err := client.GetQueueAttributes(s.ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &address, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages},
		})
		s.must(err)
		many, err := strconv.Atoi(got.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)])
		s.must(err)
		n += many
	}
	return n
}

// search looks for the canaries everywhere. It takes the letters out of the queues and
// answers how many of them were dead.
func (s *scene) search() (dead int) {
	s.t.Helper()
	f := s.flock
	for who, environment := range environments(s.t, s.Stack) {
		f.look("the environment of "+filepath.Base(filepath.Dir(strings.Fields(who)[0])), environment, everything...)
	}
	for _, v := range values(s.ctx, s.t, s.Stack) {
		kinds := []kind{secret, staff, bearer}
		switch {
		case v.key():
			kinds = everything
		case v.audit():
			kinds = append(customers[:len(customers):len(customers)], staff)
		case strings.Contains(v.table, "Config"):
			kinds = customers
		case strings.Contains(v.table, "Messages"):
			kinds = []kind{secret, staff}
		}
		f.look("table "+v.table+" attribute "+v.path, v.bytes, kinds...)
	}
	for queue, bodies := range letters(s.ctx, s.t, s.Stack) {
		if strings.Contains(queue, "DeadLetters") {
			dead += len(bodies)
		}
		for _, body := range bodies {
			f.look("queue "+queue, []byte(body), secret, staff)
		}
	}
	for key, body := range objects(s.ctx, s.t, s.Stack) {
		f.look("object "+key, body, secret, staff)
	}
	events, err := s.Events(s.ctx, 0)
	s.must(err)
	for _, e := range events {
		f.look("event "+e.DetailType, e.Detail, secret, token, bearer, staff)
	}
	f.look("the hub's answers", s.answers.Bytes(), everything...)
	for _, line := range strings.Split(s.Log(), "\n") {
		source := "?"
		if fields := strings.Fields(line); len(fields) > 1 {
			source = fields[1]
		}
		f.look("the log of "+source, []byte(line), everything...)
	}
	f.report(s.t)
	return dead
}

// notInVain makes sure that the canaries went where they may be, and that what was
// searched was there: a search of nothing finds nothing.
func (s *scene) notInVain() {
	s.t.Helper()
	stored := map[string]bool{}
	for _, v := range values(s.ctx, s.t, s.Stack) {
		for _, c := range s.flock.canaries {
			if c.kind == word && !v.key() && c.in(v.bytes) {
				stored[c.name+" in "+v.table] = true
			}
		}
		if strings.HasPrefix(v.path, "sealed.") {
			stored["sealed"] = true
		}
	}
	for _, want := range []string{
		"sealed", "what the customer said in omnihub-MessagesTable", "what we wrote in omnihub-MessagesTable",
		"the customer's phone in omnihub-MessagesTable", "the customer's e-mail in omnihub-MessagesTable",
		"the customer's name in omnihub-ContactsTable", "what the customer said in omnihub-LedgerTable",
	} {
		if !stored[want] {
			s.t.Errorf("nothing of this is stored: %s", want)
		}
	}
	for _, sign := range []string{
		"code=signature_invalid", "code=not_found", "code=method_not_allowed", "code=too_large", "code=unparsable", "code=unknown_account",
		"WebhooksRefused", "MessagesStored", "Quarantined", "SendsFailed", // the metrics, whose lines were searched too
		"code=token_expired", "sent by=reply", "sent by=push", "sent by=send", "receipt state=", "profile stored",
	} {
		s.sign(sign)
	}
	kinds := map[kind]int{}
	for _, c := range s.flock.canaries {
		kinds[c.kind]++
	}
	for _, k := range customers {
		if k != bearer && kinds[k] < 3 {
			s.t.Errorf("got %d canaries of kind %d, want more of them", kinds[k], k)
		}
	}
	if n := strings.Count(s.answers.String(), "\n"); n < 8*len(platforms()) {
		s.t.Errorf("got %d answers of the hub, want those to all bad webhooks", n)
	}
	if events, err := s.Events(s.ctx, 0); err != nil || len(events) == 0 {
		s.t.Errorf("got %d events, %v, want some", len(events), err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	programs := map[string]bool{}
	for who, environment := range environments(s.t, s.Stack) {
		if strings.Contains(string(environment), "AWS_LAMBDA_FUNCTION_NAME=") {
			programs[strings.Fields(who)[0]] = true
		}
	}
	if len(programs) < 4 {
		s.t.Errorf("got the environments of %d functions, want those that run", len(programs))
	}
}

// shown fails the test unless a channel's part of the log shows all signs: else its
// traffic was searched in vain.
func (s *scene) shown(kind, log string, signs []string) {
	s.t.Helper()
	for _, sign := range signs {
		if !strings.Contains(log, sign) {
			s.t.Errorf("%s: the log does not show %q: what it would come from did not happen\n%s", kind, sign, log)
		}
	}
}

// sign fails the test unless the log shows a text, soon.
func (s *scene) sign(text string) {
	s.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for !strings.Contains(s.Log(), text) {
		select {
		case <-again.C:
		case <-late.C:
			s.t.Errorf("the log does not show %q: what it would come from did not happen\n%s", text, s.Log())
			return
		}
	}
}

// without is the project's template with roles that may not do some things any more.
func without(t *testing.T, functions []string, actions ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	resource, changed := "", map[string]bool{}
	for i, line := range lines {
		if len(line) > 2 && line[:2] == "  " && line[2] != ' ' {
			resource = strings.TrimSuffix(strings.TrimSpace(line), ":")
		}
		of, isRole := strings.CutSuffix(resource, "Role")
		for _, action := range actions {
			if isRole && slices.Contains(functions, of) && strings.Contains(line, action) {
				lines[i] = strings.ReplaceAll(lines[i], action, "dynamodb:DescribeTable")
				changed[of+action] = true
			}
		}
	}
	if len(changed) != len(functions)*len(actions) {
		t.Fatalf("got changes %v, want %v without %v", changed, functions, actions)
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
