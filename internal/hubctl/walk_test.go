package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/stack"
	"omnihub/internal/store"
)

// row is what differs between the channels on the walk from connecting to
// disconnecting.
type row struct {
	channel string
	named   bool   // the platform does not tell the account's name: -external gives it
	secret  string // the credential by which the platform knows the account
	// renewed is the credential that only those accounts have whose others the hub renews
	// by itself; such an account is taken if the demo team has one. "" = there are none.
	renewed string
	// end lets the credentials end in so many seconds; "" = they have no end. As a fault
	// plan, or as an act of the account's owner.
	endFault, endAct string
}

var rows = []row{
	{channel: "instagram", secret: "access_token", renewed: "login", endAct: `{"type":"token","expires_in":%d,"age":200000}`},
	{channel: "line", secret: "channel_token", endFault: `{"token_expires_in":%d}`},
	{channel: "messenger", secret: "access_token", endAct: `{"type":"token","expires_in":%d}`},
	{channel: "twilio", secret: "auth_token", named: true},
	{channel: "viber", secret: "auth_token"},
	{channel: "whatsapp", secret: "access_token", named: true, endFault: `{"token_expires_in":%d}`},
}

// walk leads one account of the demo team from connecting to disconnecting.
type walk struct {
	*stack.Stack
	t       *testing.T
	ctx     context.Context
	row     row
	account stack.Account
	setup   channel.Setup
	offset  *time.Duration // the hub's clock, before the machine's
	logged  string         // the customer's id, as the hub keeps it
}

func TestEveryChannelIsWalkedThrough(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, stack.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	demo, err := s.Demo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	adapters := all.Adapters(channel.Platform{})
	if len(rows) != len(adapters) {
		t.Errorf("got %d rows, want one for each of %d channels", len(rows), len(adapters))
	}
	offset := new(time.Duration)
	for _, r := range rows {
		t.Run(r.channel, func(t *testing.T) {
			own := slices.DeleteFunc(slices.Clone(demo.Accounts), func(a stack.Account) bool { return a.Channel != r.channel })
			if len(own) == 0 {
				t.Fatal("the demo team has no account of it")
			}
			account := own[max(0, slices.IndexFunc(own, func(a stack.Account) bool { return a.Secrets[r.renewed] != "" }))]
			w := &walk{Stack: s, t: t, ctx: ctx, row: r, account: account, setup: adapters[hub.Channel(r.channel)].Setup(), offset: offset}
			w.connects()
			w.ends()
			w.expires()
			w.rests()
			w.leaves()
		})
	}
}

func (w *walk) now() time.Time { return time.Now().Add(*w.offset) }

func (w *walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.Log())
	}
}

// hubctl runs a command beside the stack.
func (w *walk) hubctl(stdin string, args ...string) (string, error) {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &w.AWS, Credentials: credentials.NewStaticCredentialsProvider("hubctl", "hubctl", ""),
	}
	var out strings.Builder
	c := &control{
		adapters: all.Adapters(channel.Platform{BaseURL: w.Platform}), now: w.now, url: w.API, refused: &refusals{},
		in: strings.NewReader(stdin), out: &out, progress: io.Discard, pause: time.Millisecond,
	}
	c.store = &store.Store{DB: dynamodb.NewFromConfig(cfg), Now: w.now, Tables: store.Tables{
		Config: "omnihub-ConfigTable", Contacts: "omnihub-ContactsTable", Messages: "omnihub-MessagesTable", Ledger: "omnihub-LedgerTable",
	}}
	c.key = seal.NewKeyring(kms.NewFromConfig(cfg), "alias/omnihub-secrets")
	err := c.run(w.ctx, args)
	return out.String(), err
}

// does is a command of the account's that must succeed.
func (w *walk) does(args ...string) string {
	w.t.Helper()
	out, err := w.hubctl("", append(args, "-team", "demo", "-account", w.account.ID)...)
	w.must(err)
	return out
}

// pass moves the hub's clock.
func (w *walk) pass(d time.Duration) {
	w.t.Helper()
	_, err := w.AdvanceClock(w.ctx, d)
	w.must(err)
	*w.offset += d
	w.must(w.Idle(w.ctx, time.Minute))
}

// facts are the kinds of what the bus was told of the account, in order.
func (w *walk) facts() string {
	w.t.Helper()
	w.must(w.Idle(w.ctx, time.Minute))
	events, err := w.Events(w.ctx, 0)
	w.must(err)
	var kinds []string
	for _, e := range events {
		var detail struct{ Account string }
		w.must(json.Unmarshal(e.Detail, &detail))
		if kind, ok := strings.CutPrefix(e.DetailType, "account."); ok && detail.Account == w.account.ID {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// told expects that the last fact is of a kind, and the only one of it since.
func (w *walk) told(want string) {
	w.t.Helper()
	if got := w.facts(); !strings.HasSuffix(got, want) {
		w.t.Errorf("got the facts %q, want %q last", got, want)
	}
}

// says lets the customer write, and answers the webhook's status.
func (w *walk) says(text string) int {
	w.t.Helper()
	d, err := w.Customer(w.ctx, w.row.channel, fake.Act{Account: w.account.ID, From: "mei", Text: text})
	w.must(err)
	w.must(w.Idle(w.ctx, time.Minute))
	return d.Status
}

// texts are what the platform took for the customer.
func (w *walk) texts() (list []string) {
	w.t.Helper()
	sent, err := w.Sent(w.ctx, w.row.channel, "mei")
	w.must(err)
	for _, c := range sent {
		if c.Account == w.account.ID && c.Text != "" {
			list = append(list, c.Text)
			w.logged = c.To
		}
	}
	return list
}

func (w *walk) connection() string { return w.row.channel + "1" }

// credentials are the account's, as standard input has them; spoilt by a last character.
func (w *walk) credentials(spoilt bool) string {
	var lines strings.Builder
	for _, f := range slices.Concat(w.setup.Connection, w.setup.Account) {
		v := w.account.Secrets[f.Name]
		if v == "" {
			continue
		}
		if spoilt && f.Name == w.row.secret {
			v = v[:len(v)-1] + map[bool]string{true: "0", false: "1"}[v[len(v)-1] == '1']
		}
		fmt.Fprintf(&lines, "%s=%s\n", f.Name, v)
	}
	return lines.String()
}

func (w *walk) connects() {
	t := w.t
	t.Helper()
	if _, err := w.hubctl("", "disconnect", "-team", "demo", "-connection", w.connection()); err != nil {
		t.Fatal(err)
	}
	args := []string{"connect", "-team", "demo", "-channel", w.row.channel, "-connection", w.connection(), "-account", w.account.ID, "-keyword", "ping=pong"}
	if w.row.named {
		args = append(args, "-external", w.account.ExternalID)
	}
	_, err := w.hubctl(w.credentials(true), args...)
	if hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("with a wrong %s: got %v, want token_expired", w.row.secret, err)
	}
	if _, err := w.hubctl("", "account", "show", "-team", "demo", "-account", w.account.ID); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("after that: got %v, want nothing connected", err)
	}
	out, err := w.hubctl(w.credentials(false), args...)
	w.must(err)
	if !strings.Contains(out, "connected as "+w.account.ExternalID+",") || !strings.Contains(out, w.account.Webhook) {
		t.Errorf("got %q, want the account's name and its webhook", out)
	}
	w.told("disconnected, connected")
	if status := w.says("ping"); status != 200 {
		t.Fatalf("the webhook was answered %d", status)
	}
	if got := w.texts(); len(got) == 0 || got[len(got)-1] != "pong" {
		t.Errorf("sent %q, want pong", got)
	}
	if out := w.does("account", "show"); !strings.Contains(out, "state       good") || !strings.Contains(out, "not removed") {
		t.Errorf("got %q, want a good state and threads", out)
	}
}

// ends lets the credentials come to their end: a person is told, or they are renewed.
func (w *walk) ends() {
	t, r := w.t, w.row
	t.Helper()
	const seconds = 8 * 24 * 3600
	switch {
	case r.endFault != "":
		w.must(w.Faults(w.ctx, map[string]any{r.channel: json.RawMessage(fmt.Sprintf(r.endFault, seconds))}))
	case r.endAct != "":
		_, err := w.Customer(w.ctx, r.channel, fake.Act{Account: w.account.ID, From: "mei", Extra: json.RawMessage(fmt.Sprintf(r.endAct, seconds))})
		w.must(err)
	}
	w.pass(25 * time.Hour) // the schedule looks after all accounts
	want := "connected"
	switch {
	case w.account.Secrets[r.renewed] != "":
		want = "token_renewed"
	case r.endFault != "" || r.endAct != "":
		want = "token_expiring"
	}
	w.told(want)
	out := w.does("account", "show")
	if !strings.Contains(out, "state       good") {
		t.Errorf("a day later: got %q, want a good state", out)
	}
	w.must(w.Faults(w.ctx, map[string]any{r.channel: nil}))
}

// expires lets the platform refuse the credentials, and take them again.
func (w *walk) expires() {
	t := w.t
	t.Helper()
	w.says("I am here") // opens the window again
	before := len(w.texts())
	w.must(w.Faults(w.ctx, map[string]any{w.row.channel: map[string]bool{"expired_token": true}}))
	for _, text := range []string{"first", "second"} {
		_, err := w.hubctl("", "send", "-team", "demo", "-account", w.account.ID, "-to", w.logged, "-class", "person", "-text", text)
		w.must(err)
	}
	w.told("token_expired")
	if out := w.does("account", "check"); !strings.Contains(out, "credentials refused") {
		t.Errorf("got %q, want the credentials refused", out)
	}
	if got := strings.Count(w.facts(), "token_expired"); got != 1 {
		t.Errorf("got %d facts that the token is refused, want 1", got)
	}
	w.must(w.Faults(w.ctx, map[string]any{w.row.channel: nil}))
	if out := w.does("account", "check"); !strings.Contains(out, "state       good") {
		t.Errorf("got %q, want it good again", out)
	}
	for range 8 {
		w.pass(5 * time.Minute)
	}
	if got := w.texts(); len(got) != before+2 || strings.Join(got[len(got)-2:], " ") != "first second" {
		t.Errorf("sent %q, want those that waited, in their order", got[before:])
	}
}

// rests puts the account off and on.
func (w *walk) rests() {
	t := w.t
	t.Helper()
	w.does("account", "deactivate")
	w.pass(2 * time.Minute)
	before := len(w.texts())
	if status := w.says("ping"); status != 200 {
		t.Errorf("off: the webhook was answered %d", status)
	}
	if out, err := w.hubctl("", "log", "-team", "demo", "-account", w.account.ID, "-user", w.logged); err != nil || strings.Count(out, "ping") != 2 {
		t.Errorf("got %v, %q, want the second ping stored", err, out)
	}
	if got := w.texts(); len(got) != before {
		t.Errorf("off: sent %q", got[before:])
	}
	w.does("account", "activate")
	w.pass(2 * time.Minute)
	w.says("ping")
	if got := w.texts(); len(got) == before || got[len(got)-1] != "pong" {
		t.Errorf("on: sent %q, want pong", got[before:])
	}
}

// leaves disconnects the account.
func (w *walk) leaves() {
	t := w.t
	t.Helper()
	if _, err := w.hubctl("", "account", "remove", "-team", "demo", "-account", w.account.ID); hub.CodeOf(err) != hub.Refused {
		t.Errorf("remove: got %v, want refused: it has threads", err)
	}
	if _, err := w.hubctl("", "disconnect", "-team", "demo", "-connection", w.connection()); err != nil {
		t.Fatal(err)
	}
	w.told("disconnected")
	w.pass(12 * time.Minute)
	d, err := w.Customer(w.ctx, w.row.channel, fake.Act{Account: w.account.ID, From: "mei", Text: "hello?"})
	if err == nil && d.Status == 200 { // else the platform knows no webhook any more
		t.Error("a webhook was taken after the end")
	}
}
