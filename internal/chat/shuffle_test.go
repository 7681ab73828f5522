package chat_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

var (
	shuffles = flag.Int("shuffles", 20, "how often the recorded events are shuffled, and each other property is tried")
	rerecord = flag.Bool("record", false, "record the set of events anew")
)

// TestMain lets -shuffles decide on the size of every property, unless -rapid.checks does.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", fmt.Sprint(*shuffles)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// recording is the file of the recorded webhooks, one a line, each of one event.
const recording = "testdata/recorded.jsonl"

// recordedAt is when the recorded events happened, in the middle.
const recordedAt hub.Millis = 1791170475000

// webhookLine is one recorded webhook. A status names our message as {{ref N}}, the
// N-th of those that the test stores beforehand.
type webhookLine struct {
	Channel hub.Channel `json:"channel"`
	Body    string      `json:"body"`
}

const (
	recordedUsers = 5  // of each channel
	recordedSends = 20 // messages of ours, of which statuses tell
	recordedSize  = 200
)

// TestAnyOrderOfTheRecordedEventsEndsInOneState shuffles a recorded set of webhooks,
// with repetitions and with our own results of sends in between.
func TestAnyOrderOfTheRecordedEventsEndsInOneState(t *testing.T) {
	t.Parallel() // it is among the longest
	if *rerecord {
		record(t)
	}
	lines := recorded(t)
	if len(lines) != recordedSize {
		t.Fatalf("got %d recorded events, want %d", len(lines), recordedSize)
	}
	want, wantState := "", ""
	for n := range *shuffles {
		random := rand.New(rand.NewPCG(uint64(n), 7))
		got := playRecorded(t, lines, random, n == 0)
		sum := sha256.Sum256([]byte(got))
		hash := hex.EncodeToString(sum[:])
		if want == "" {
			want, wantState = hash, got
		}
		if hash != want {
			t.Fatalf("shuffle %d: got %s, want %s\n%s", n, hash, want, firstDifference(got, wantState))
		}
	}
	t.Logf("%d shuffles: %s", *shuffles, want)
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

// theatre is a fresh hub with both channels' accounts, and our messages stored.
type theatre struct {
	*hubtest.Hub
	t        testing.TB
	adapters map[hub.Channel]channel.Adapter
	conn     map[hub.Channel]*settings.Connection
	sends    []store.Queued
}

func newTheatre(t testing.TB) *theatre {
	h := hubtest.New(t)
	th := &theatre{Hub: h, t: t, adapters: all.Adapters(channel.Platform{}), conn: map[hub.Channel]*settings.Connection{}}
	for ch, id := range map[hub.Channel]hub.ConnectionID{"line": hubtest.LineConn, "whatsapp": "whatsapp1"} {
		c, err := h.Settings.Connection(t.Context(), hubtest.Team, id)
		if err != nil {
			t.Fatal(err)
		}
		th.conn[ch] = c
	}
	for i := range recordedSends {
		at := recordedAt + hub.Millis(i)
		r := store.Ref{Team: hubtest.Team, User: h.Team.Pepper.User("whatsapp1", waUser(i%recordedUsers))}
		k := hub.NewMessageKey(at, fmt.Sprintf("01OURS%02d", i))
		if _, err := h.Store.PutIntent(t.Context(), r, hub.Intent{
			Key: k, Class: hub.ClassPerson, Content: hub.TextContent(fmt.Sprint("ours ", i)), Accepted: at, Deadline: at + 1e9,
			Account: "whatsapp1", Channel: "whatsapp",
		}); err != nil {
			t.Fatal(err)
		}
		q, err := h.Store.Send(t.Context(), r, k)
		if err != nil {
			t.Fatal(err)
		}
		th.sends = append(th.sends, q)
	}
	return th
}

// waUser is the platform's id of a customer at WhatsApp.
func waUser(i int) string { return fmt.Sprintf("TW.1000%d", i) }

func waPhone(i int) string { return fmt.Sprintf("88691200000%d", i) }

func waMessage(i int) string { return fmt.Sprintf("wamid.OURS%02d", i) }

// envelopes are what the edge makes of a recorded webhook.
func (th *theatre) envelopes(l webhookLine) []hub.Envelope {
	body := l.Body
	for i, q := range th.sends {
		body = strings.ReplaceAll(body, fmt.Sprintf("{{ref %d}}", i), string(q.Ref.User)+"."+string(q.Intent.Key))
	}
	slices, err := th.adapters[l.Channel].Split(&channel.Request{Body: []byte(body)})
	if err != nil {
		th.t.Fatalf("%v: %s", err, body)
	}
	var out []hub.Envelope
	c := th.conn[l.Channel]
	for _, s := range slices {
		account, ok := c.Accounts[s.Account]
		if !ok {
			th.t.Fatalf("no account %q", s.Account)
		}
		out = append(out, hub.Envelope{
			Version: hub.EnvelopeVersion, Team: hubtest.Team, Connection: c.ID, Account: account, Channel: l.Channel,
			User: th.Team.Pepper.User(account, s.User), Event: s.Event, Head: s.Head, Raw: s.Raw, Hash: s.Hash,
			Received: recordedAt + 1000, Trace: "t",
		})
	}
	return out
}

// playRecorded plays all events and our own results in an order of chance, about a
// half of them twice, and answers the state. In order: the first as they were recorded.
func playRecorded(t *testing.T, lines []webhookLine, random *rand.Rand, inOrder bool) string {
	t.Helper()
	th := newTheatre(t)
	rc := receiver(th.Hub, th.Store)
	var steps []func()
	for _, l := range lines {
		list := th.envelopes(l)
		step := func() { receive(t, rc, list) }
		steps = append(steps, step)
		if !inOrder && random.IntN(2) == 0 {
			steps = append(steps, step)
		}
	}
	for i, q := range th.sends {
		steps = append(steps, func() {
			if _, err := th.Store.Stamp(t.Context(), q.Ref, q.Intent.Key, hub.Stamps{Accepted: q.Intent.Accepted + 7, PlatformID: waMessage(i)}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if !inOrder {
		random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	}
	for _, step := range steps {
		step()
	}
	return th.state()
}

// state is what must not depend on the order: folded messages, homes, subscriptions,
// and whether a conversation is open once everything was read.
func (th *theatre) state() string {
	var out []string
	for name, r := range th.refs() {
		log, err := th.Store.Log(context.Background(), r, "", 500)
		if err != nil {
			th.t.Fatal(err)
		}
		for _, m := range log {
			line := fmt.Sprintf("%s %s in=%v %s %q %q edited=%d unsent=%d raw=%d %+v", name, m.Key, m.Inbound, m.Type, m.Text, m.Data, m.Edited, m.Unsent, len(m.Raw), m.Stamps)
			for _, a := range m.Reactions {
				line += fmt.Sprintf(" %s by %d", a.Value, len(a.Actor))
			}
			out = append(out, line)
		}
		t, err := th.Store.Thread(context.Background(), r)
		if err != nil {
			th.t.Fatalf("%s: %v", name, err)
		}
		if err := th.Store.Read(context.Background(), r, t.LastKey, t.Late); err != nil && t.LastKey != "" {
			th.t.Fatal(err)
		}
		home, err := th.Store.Home(context.Background(), hubtest.Team, th.Team.Pepper.Home(t.Account, t.External.Reveal(), 0))
		if err != nil {
			th.t.Fatalf("%s: %v", name, err)
		}
		read, err := th.Store.Thread(context.Background(), r)
		if err != nil {
			th.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s home=%s %s last=%s open=%v for=%q unread=%v %+v in=%d", name, home.External, home.Kind, t.LastKey,
			t.Conversation != "", t.Need, read.Unread(), t.Subscription, t.LastIn))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// refs are the threads of all recorded customers.
func (th *theatre) refs() map[string]store.Ref {
	refs := map[string]store.Ref{}
	for i := range recordedUsers {
		for _, who := range []struct {
			account hub.AccountID
			id      string
		}{{hubtest.LineAccount, lineUser(i)}, {"whatsapp1", waUser(i)}} {
			refs[string(who.account)+fmt.Sprint(i)] = store.Ref{Team: hubtest.Team, User: th.Team.Pepper.User(who.account, who.id)}
		}
	}
	refs["group"] = store.Ref{Team: hubtest.Team, User: th.Team.Pepper.User(hubtest.LineAccount, lineGroup)}
	return refs
}

func lineUser(i int) string { return fmt.Sprintf("U%032x", 0xa0+i) }

var lineGroup = fmt.Sprintf("C%032x", 0xb0)

func recorded(t *testing.T) []webhookLine {
	t.Helper()
	f, err := os.Open(recording)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []webhookLine
	s := bufio.NewScanner(f)
	for s.Scan() {
		var l webhookLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// record lets customers of both fake platforms act, and keeps the webhooks.
func record(t *testing.T) {
	t.Helper()
	now := recordedAt.Time()
	config := func(id, external string, secrets map[string]string) fake.Config {
		return fake.Config{Accounts: []fake.Account{{ID: id, ExternalID: external, Secrets: secrets}}, Now: func() time.Time { return now }}
	}
	line := linetest.New(config("line1", hubtest.LineBot, map[string]string{"channel_secret": hubtest.LineSecret, "channel_token": hubtest.LineToken}))
	wa := whatsapptest.New(config("whatsapp1", hubtest.WhatsAppNumber, map[string]string{"app_secret": hubtest.WhatsAppSecret, "verify_token": "v", "access_token": "t"}))
	var lines []webhookLine
	act := func(ch hub.Channel, p fake.Platform, a fake.Act) string {
		t.Helper()
		a.Hold = true
		d, err := p.Act(t.Context(), a)
		if err != nil {
			t.Fatalf("%s %+v: %v", ch, a, err)
		}
		lines = append(lines, webhookLine{ch, d.Body})
		return d.Message
	}
	extra := func(format string, args ...any) json.RawMessage { return json.RawMessage(fmt.Sprintf(format, args...)) }
	at := func(i, n int) int64 { return int64(recordedAt) + int64((n*37+i*11)%97-60)*1000 }
	for i := range recordedUsers {
		u := lineUser(i)
		act("line", line, fake.Act{From: u, Follow: true, At: int64(recordedAt) - 90_000})
		first := ""
		for n := range 8 {
			id := act("line", line, fake.Act{From: u, Text: fmt.Sprintf("line %d-%d 您好", i, n), At: at(i, n)})
			if n == 2 {
				first = id
			}
		}
		act("line", line, fake.Act{From: u, Sticker: "446/1988", At: at(i, 9)})
		act("line", line, fake.Act{From: u, Postback: fmt.Sprint("menu=", i), At: at(i, 10)})
		act("line", line, fake.Act{From: u, Extra: extra(`{"type":"unsend","message":%q}`, first), At: int64(recordedAt) + 50_000})
		spoken := act("line", line, fake.Act{From: u, Extra: extra(`{"type":"group_text","group":%q,"text":"in the group %d"}`, lineGroup, i), At: at(i, 12)})
		act("line", line, fake.Act{From: u, Extra: extra(`{"type":"edit","group":%q,"message":%q,"text":"edited %d"}`, lineGroup, spoken, i), At: int64(recordedAt) + 51_000})
		if i < 2 {
			act("line", line, fake.Act{From: u, Block: true, At: int64(recordedAt) + 60_000})
		}
	}
	for i := range recordedUsers {
		from := waPhone(i)
		identity := extra(`{"type":"identity","show":"both","phone":%q,"user_id":%q}`, waPhone(i), waUser(i))
		if _, err := wa.Act(t.Context(), fake.Act{From: from, Extra: identity}); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for n := range 6 {
			ids = append(ids, act("whatsapp", wa, fake.Act{From: from, Text: fmt.Sprintf("whatsapp %d-%d", i, n), At: at(i, n)}))
		}
		act("whatsapp", wa, fake.Act{From: from, Image: "1", At: at(i, 7)})
		for n, emoji := range []string{"👍", "❤", ""} {
			act("whatsapp", wa, fake.Act{From: from, Extra: extra(`{"type":"reaction","message":%q,"emoji":%q}`, ids[n%2], emoji), At: int64(recordedAt) + int64(52+n)*1000})
		}
		act("whatsapp", wa, fake.Act{From: from, Extra: extra(`{"type":"reaction","message":%q,"emoji":"😀"}`, waMessage(i)), At: int64(recordedAt) + 55_000})
		act("whatsapp", wa, fake.Act{From: from, Text: "stop", At: at(i, 11)})
	}
	for i := 0; len(lines) < recordedSize; i++ {
		// Meta's statuses, whose time is in seconds: delivered, read, and for some failed.
		send, state := i%recordedSends, []string{"delivered", "sent", "read", "failed"}[i/recordedSends%4]
		failed := ""
		if state == "failed" {
			failed = `,"errors":[{"code":131026,"title":"Message undeliverable"}]`
		}
		lines = append(lines, webhookLine{"whatsapp", fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"value":`+
			`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"886277001234","phone_number_id":"%s"},"statuses":[{"id":"%s","status":"%s",`+
			`"timestamp":"%d","recipient_id":"%s","recipient_user_id":"%s","biz_opaque_callback_data":"{{ref %d}}"%s}]},"field":"messages"}]}]}`,
			hubtest.WhatsAppNumber, waMessage(send), state, int64(recordedAt)/1000+int64(i), waPhone(send%recordedUsers), waUser(send%recordedUsers), send, failed)})
	}
	if err := os.MkdirAll(filepath.Dir(recording), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(recording)
	if err != nil {
		t.Fatal(err)
	}
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	for _, l := range lines {
		if err := e.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
