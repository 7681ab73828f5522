package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/webhook"
)

// scene is a hub with its edge and its inbound function, whose adapters a test may
// change as a deployment does.
type scene struct {
	*hubtest.Hub
	t        *testing.T
	adapters map[hub.Channel]channel.Adapter
}

func newScene(t *testing.T) *scene {
	return &scene{Hub: hubtest.New(t), t: t, adapters: all.Adapters(channel.Platform{})}
}

// blind is an adapter that does not understand what the real one does.
type blind struct {
	channel.Adapter
	split, parse bool
}

func (b blind) Split(r *channel.Request) ([]channel.Slice, error) {
	if b.split {
		return nil, hub.E(hub.Unparsable, "blind", nil)
	}
	return b.Adapter.Split(r)
}

func (b blind) Parse(head, raw []byte) (channel.Event, error) {
	if b.parse {
		return channel.Event{}, hub.E(hub.Unparsable, "blind", fmt.Errorf("nothing is seen"))
	}
	return b.Adapter.Parse(head, raw)
}

// post is a webhook of LINE's, signed.
func (s *scene) post(body string) {
	s.t.Helper()
	s.arrive("line", s.PathID, body, "x-line-signature", base64.StdEncoding.EncodeToString(signed(hubtest.LineSecret, body)))
}

// postMeta is a webhook of WhatsApp's, signed.
func (s *scene) postMeta(body string) {
	s.t.Helper()
	s.arrive("whatsapp", s.MetaPath, body, "x-hub-signature-256", "sha256="+hex.EncodeToString(signed(hubtest.WhatsAppSecret, body)))
}

func signed(secret, body string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

func (s *scene) arrive(kind hub.Channel, path, body, header, signature string) {
	s.t.Helper()
	in := &webhook.Intake{Settings: settings.NewReader(s.Store, s.Keyring, s.Clock.Now), Queue: s.Inbound, Adapters: s.adapters, Now: s.Clock.Now, Log: s.Log}
	_, err := in.Accept(ctx, kind, path, "trace-1", &channel.Request{Method: "POST", Body: []byte(body), Header: map[string]string{header: signature}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// said is a webhook of LINE's with one text of the customer.
func (s *scene) said(id, text string) string { return s.saidBefore(0, id, text) }

// saidBefore is one that the platform dates back.
func (s *scene) saidBefore(ago time.Duration, id, text string) string {
	return fmt.Sprintf(`{"destination":%q,"events":[{"type":"message","mode":"active","timestamp":%d,"source":{"type":"user","userId":%q},
		"webhookEventId":"E%s","deliveryContext":{"isRedelivery":false},"message":{"type":"text","id":%q,"text":%q}}]}`,
		hubtest.LineBot, s.Clock.Now().Add(-ago).UnixMilli(), customer, id, id, text)
}

// phone is the customer's number at WhatsApp.
const phone = "886912345678"

// saidAt is a webhook of WhatsApp's with one text of the customer at a number of ours.
func (s *scene) saidAt(number, id, text string) string {
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"104996122399160","changes":[{"value":{"messaging_product":"whatsapp",
		"metadata":{"display_phone_number":"886277001234","phone_number_id":%q},"contacts":[{"profile":{"name":"Mei"},"wa_id":%q}],
		"messages":[{"from":%q,"id":"wamid.%s","timestamp":"%d","type":"text","text":{"body":%q}}]},"field":"messages"}]}]}`,
		number, phone, phone, id, s.Clock.Now().Unix(), text)
}

// receiver is what inbound works with.
func (s *scene) receiver() *chat.Receiver {
	return &chat.Receiver{
		Store: s.Store, Settings: settings.NewReader(s.Store, s.Keyring, s.Clock.Now), Contacts: &contact.Book{Store: s.Store, Now: s.Clock.Now},
		Adapters: s.adapters, Bot: &bot.Bot{Settings: s.Settings, Store: s.Store}, Consent: bot.Consent,
		Quarantine: chat.Quarantine{Store: s.Store, Now: s.Clock.Now, Log: s.Log}, Now: s.Clock.Now, Log: s.Log,
	}
}

// drain works off the inbound queue as inbound does. It answers how many messages there
// were.
func (s *scene) drain() int {
	s.t.Helper()
	rc, n := s.receiver(), 0
	for {
		e := s.Receive(s.Inbound)
		if len(e.Records) == 0 {
			return n
		}
		for _, m := range e.Records {
			n++
			envelope, err := chat.ReadEnvelope(m.Body)
			if err == nil {
				err = rc.Receive(ctx, envelope)
			}
			if err != nil {
				s.t.Fatal(err)
			}
		}
		s.Ack(s.Inbound, e, events.SQSEventResponse{})
	}
}

// texts are what the customer has said to LINE's account, newest first.
func (s *scene) texts() string { return s.textsOf(hubtest.LineAccount, customer) }

func (s *scene) textsOf(account hub.AccountID, person string) string {
	s.t.Helper()
	log, err := s.Store.Log(ctx, store.Ref{Team: hubtest.Team, User: s.Team.Pepper.User(account, person)}, "", 50)
	if err != nil {
		s.t.Fatal(err)
	}
	var texts []string
	for _, l := range log {
		if l.Inbound {
			texts = append(texts, l.Text)
		}
	}
	return strings.Join(texts, ", ")
}

// entries are all entries of a team's quarantine.
func (s *scene) entries(team hub.TeamID) []store.Quarantined {
	s.t.Helper()
	now := hub.MillisOf(s.Clock.Now())
	list, err := s.Store.QuarantinedBetween(ctx, team, now.Add(-store.QuarantineRetention), now)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// entry is the one entry of a team's quarantine.
func (s *scene) entry(team hub.TeamID) store.Quarantined {
	s.t.Helper()
	list := s.entries(team)
	if len(list) != 1 {
		s.t.Fatalf("got %d entries in quarantine, want 1: %+v", len(list), list)
	}
	return list[0]
}

// run is a command on the scene's stack.
func (s *scene) run(args ...string) (string, error) {
	return runOver(s.Hub, nil, func(c *control) { c.adapters = s.adapters }, args...)
}

// does is a command that must succeed.
func (s *scene) does(args ...string) string {
	s.t.Helper()
	out, err := s.run(args...)
	if err != nil {
		s.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

// stock is one of the stack's queues as it stands.
func (s *scene) stock(logical string) queue.Stock {
	s.t.Helper()
	list, err := queue.Stack(ctx, s.SQS("test"), "test")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, q := range list {
		if q.Logical == logical {
			return q
		}
	}
	s.t.Fatalf("the stack has no queue %s", logical)
	return queue.Stock{}
}

// queue is one of the stack's queues to work with.
func (s *scene) queue(logical string) *queue.Queue {
	return &queue.Queue{Client: s.SQS("test"), URL: s.stock(logical).URL}
}

// state is all that the tables hold.
func (s *scene) state() string {
	t := s.Store.Tables
	return s.Dump(t.Messages) + s.Dump(t.Contacts) + s.Dump(t.Ledger)
}
