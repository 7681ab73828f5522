package chat_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/store"
	"omnihub/internal/webhook"
)

// chain is the way of a message through the use cases, each step by hand, with a
// fake LINE at the end.
type chain struct {
	t        *testing.T
	hub      *hubtest.Hub
	line     fake.Platform
	ledger   *fake.Ledger
	intake   *webhook.Intake
	receiver *chat.Receiver
	sender   *chat.Sender
	relayed  map[hub.MessageKey]bool
}

func newChain(t *testing.T) *chain {
	h := hubtest.New(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.Logged.String())
		}
	})
	c := &chain{t: t, hub: h, ledger: fake.NewLedger(), relayed: map[hub.MessageKey]bool{}}
	c.line = linetest.New(fake.Config{
		Accounts: []fake.Account{{
			ID: string(hubtest.LineAccount), ExternalID: hubtest.LineBot,
			Secrets: map[string]string{"channel_secret": hubtest.LineSecret, "channel_token": hubtest.LineToken},
		}},
		Now: h.Clock.Now, Ledger: c.ledger,
	})
	server := httptest.NewServer(c.line)
	t.Cleanup(server.Close)
	platform := channel.Platform{BaseURL: server.URL, Client: server.Client()}
	platform.Client.Timeout = 2 * time.Second
	// The fake is mounted at the root here; the adapter asks below the channel's name.
	server.Config.Handler = stripLine(c.line)
	adapters := all.Adapters(platform)
	c.intake = &webhook.Intake{Settings: h.Settings, Queue: h.Inbound, Adapters: adapters, Now: h.Clock.Now, Log: h.Log}
	c.receiver = receiver(h, h.Store)
	c.sender = &chat.Sender{Store: h.Store, Settings: h.Settings, Adapters: adapters, Now: h.Clock.Now, Owner: "worker-1", Log: h.Log}
	return c
}

// post brings what a customer does at LINE to the inbound queue.
func (c *chain) post(a fake.Act) {
	c.t.Helper()
	a.Hold = true
	d, err := c.line.Act(context.Background(), a)
	if err != nil {
		c.t.Fatal(err)
	}
	headers := map[string]string{}
	for name, v := range d.Header {
		headers[strings.ToLower(name)] = v
	}
	_, err = c.intake.Accept(context.Background(), "line", c.hub.PathID, "trace-1",
		&channel.Request{Method: "POST", Header: headers, Body: []byte(d.Body)})
	if err != nil {
		c.t.Fatalf("the webhook is refused: %v", err)
	}
}

// write lets a customer write, and brings the message into the tables and its
// answer, if it has one, to the outbound queue.
func (c *chain) write(from, text string) {
	c.t.Helper()
	c.post(fake.Act{From: from, Text: text})
	batch := queue.Batch{Log: c.hub.Log, Handle: func(ctx context.Context, r queue.Record) error {
		e, err := chat.ReadEnvelope(r.Body)
		if err != nil {
			return err
		}
		return c.receiver.Receive(ctx, e)
	}}
	e := c.hub.Receive(c.hub.Inbound)
	if len(e.Records) == 0 {
		c.t.Fatal("nothing lies on the inbound queue")
	}
	c.hub.Ack(c.hub.Inbound, e, batch.Run(context.Background(), e))
	c.relay(from)
}

// relay hands on the intents of a thread that were not handed on yet.
func (c *chain) relay(from string) {
	c.t.Helper()
	r := c.ref(from)
	log, err := c.hub.Store.Log(context.Background(), r, "", 100)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := len(log) - 1; i >= 0; i-- {
		if m := log[i]; !m.Inbound && !c.relayed[m.Key] {
			q, err := c.hub.Store.Send(context.Background(), r, m.Key)
			if err != nil {
				c.t.Fatal(err)
			}
			if _, err := chat.HandOn(context.Background(), c.hub.Outbound, []store.Queued{q}); err != nil {
				c.t.Fatal(err)
			}
			c.relayed[m.Key] = true
		}
	}
}

// deliver works off what lies on the outbound queue, once, and answers how many
// records came back.
func (c *chain) deliver() (records, back int) {
	c.t.Helper()
	e := c.hub.Receive(c.hub.Outbound)
	batch := queue.Batch{Log: c.hub.Log, Queue: c.hub.Outbound, Handle: func(ctx context.Context, r queue.Record) error {
		q, err := chat.ReadOrder(r.Body)
		if err != nil {
			return err
		}
		return c.sender.Deliver(ctx, q, r.Receives)
	}}
	var response events.SQSEventResponse
	if len(e.Records) > 0 {
		response = batch.Run(context.Background(), e)
		c.hub.Ack(c.hub.Outbound, e, response)
	}
	return len(e.Records), len(response.BatchItemFailures)
}

// intend stores a person's message to the customer and hands it on.
func (c *chain) intend(to, text string, class hub.Class) hub.MessageKey {
	c.t.Helper()
	now := hub.MillisOf(c.hub.Clock.Now())
	k := hub.NewMessageKey(now, "01"+text)
	ok, err := c.hub.Store.PutIntent(context.Background(), c.ref(to), hub.Intent{
		Key: k, Class: class, Content: hub.TextContent(text), Accepted: now, Deadline: now.Add(class.SendDeadline()), Trace: "trace-2",
	})
	if err != nil || !ok {
		c.t.Fatalf("the intent is refused: %v, %v", ok, err)
	}
	c.relay(to)
	return k
}

func (c *chain) ref(from string) store.Ref { return ref(c.hub, from) }

func (c *chain) faults(plan string) {
	c.t.Helper()
	if err := c.line.SetFaults(json.RawMessage(plan)); err != nil {
		c.t.Fatal(err)
	}
}

// sent lists what LINE accepted for a customer, as "kind text".
func (c *chain) sent(to string) string {
	var list []string
	for _, call := range c.ledger.Calls("line", to) {
		list = append(list, call.Kind+" "+call.Text)
	}
	return strings.Join(list, ", ")
}

func (c *chain) stamps(to string, k hub.MessageKey) hub.Stamps {
	c.t.Helper()
	q, err := c.hub.Store.Send(context.Background(), c.ref(to), k)
	if err != nil {
		c.t.Fatal(err)
	}
	return q.Stamps
}

// answerTo is the key of the answer to a customer's newest message.
func (c *chain) answerTo(from string) hub.MessageKey {
	c.t.Helper()
	th, err := c.hub.Store.Thread(context.Background(), c.ref(from))
	if err != nil {
		c.t.Fatal(err)
	}
	return th.LastKey.Answer()
}

func (c *chain) due() int {
	c.t.Helper()
	rc := &chat.Reconciler{Store: c.hub.Store, Queue: c.hub.Outbound, Now: c.hub.Clock.Now, Log: c.hub.Log}
	n, err := rc.Due(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// drain delivers until nothing is visible on the outbound queue.
func (c *chain) drain() {
	c.t.Helper()
	for range 50 {
		if n, _ := c.deliver(); n == 0 {
			return
		}
	}
	c.t.Fatal("the outbound queue does not empty")
}

// callLine calls the fake platform as the account would, and answers the status.
func (c *chain) callLine(path, body string) int {
	c.t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+hubtest.LineToken)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	c.line.ServeHTTP(w, r)
	return w.Code
}

func readOrder(t *testing.T, body string) store.Queued {
	t.Helper()
	q, err := chat.ReadOrder(body)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
