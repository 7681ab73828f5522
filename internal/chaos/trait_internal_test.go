package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/instagram/instagramtest"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/messenger/messengertest"
	"omnihub/internal/channel/twilio/twiliotest"
	"omnihub/internal/channel/viber/vibertest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
	"omnihub/internal/hub"
)

// world is a fake platform with one account.
type world struct {
	platform fake.Platform
	ledger   *fake.Ledger
	webhook  webhook
	account  channel.Account
}

func newWorld(t *testing.T, name string) *world {
	makers := map[string]fake.New{
		"line": linetest.New, whatsApp: whatsapptest.New, "messenger": messengertest.New, "instagram": instagramtest.New,
		"twilio": twiliotest.New, "viber": vibertest.New,
	}
	external := map[string]string{
		"line": "U5a1f0c3e9b7d4826a1c0e5f79d3b2468", whatsApp: "106540352242922", "messenger": "104857392016482",
		"instagram": "17841405822304914", "twilio": "+14155550142", "viber": "pa:5678901234567890123",
	}
	secrets := map[string]string{
		"channel_secret": "s1", "channel_token": "t1", "app_secret": "s2", "verify_token": "v", "access_token": "t2", "page_id": "104857392016490",
		"account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "t3",
	}
	if makers[name] == nil {
		t.Fatalf("there is no fake %s", name)
	}
	w := &world{ledger: fake.NewLedger()}
	a := fake.Account{ID: name + "1", ExternalID: external[name], Webhook: "http://127.0.0.1:1/webhooks/" + name + "/x", Secrets: secrets}
	w.platform = makers[name](fake.Config{Ledger: w.ledger, Accounts: []fake.Account{a}})
	w.webhook = webhook{channel: name, url: a.Webhook, secret: secrets[traitOf(name).secret], account: a.ID, external: a.ExternalID}
	w.account = channel.Account{ID: hub.AccountID(a.ID), External: a.ExternalID, Secrets: channel.Secrets{}, Webhook: a.Webhook}
	for field, v := range secrets {
		w.account.Secrets[field] = hub.Secret(v)
	}
	return w
}

func (w *world) plan(t *testing.T, p plan) {
	t.Helper()
	encoded, err := json.Marshal(p)
	if err == nil {
		err = w.platform.SetFaults(encoded)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) act(t *testing.T, a fake.Act) fake.Delivery {
	t.Helper()
	a.Hold = true
	d, err := w.platform.Act(t.Context(), a)
	if err != nil {
		t.Fatalf("%s: %+v: %v", w.webhook.channel, a, err)
	}
	return d
}

func (w *world) adapter() channel.Adapter {
	return all.Adapters(channel.Platform{})[hub.Channel(w.webhook.channel)]
}

// verified asks the adapter whether the platform signed a webhook.
func (w *world) verified(head map[string]string, body string) error {
	c := channel.Credentials{Secrets: w.account.Secrets, Accounts: []string{w.account.External}, URL: w.webhook.url}
	return w.adapter().Verify(&channel.Request{Method: "POST", Header: head, Body: []byte(body)}, c)
}

// events are those that the adapter reads in a body.
func (w *world) events(body string) ([]channel.Event, error) {
	list, err := w.adapter().Split(&channel.Request{Method: "POST", Body: []byte(body)})
	var out []channel.Event
	for _, s := range list {
		var e channel.Event
		if err == nil {
			e, err = w.adapter().Parse(s.Head, s.Raw)
		}
		if e.Account == "" {
			e.Account = s.Account
		}
		out = append(out, e)
	}
	return out, err
}

func TestEveryChannelHasATrait(t *testing.T) {
	var kinds []string
	for kind := range all.Adapters(channel.Platform{}) {
		kinds = append(kinds, string(kind))
	}
	slices.Sort(kinds)
	if got := slices.Sorted(slices.Values(Channels())); !slices.Equal(got, kinds) {
		t.Errorf("channels of runs: got %v, want those that have an adapter: %v", got, kinds)
	}
	if got := slices.Sorted(maps.Keys(traits())); !slices.Equal(got, kinds) {
		t.Errorf("traits: got %v, want %v", got, kinds)
	}
}

// TestTraitsSignAsTheirPlatforms: the run's own signature is the fake's and the one that
// the adapter wants, also of a body that was changed; a changed body under the old one is
// refused.
func TestTraitsSignAsTheirPlatforms(t *testing.T) {
	for _, name := range Channels() {
		w, tr := newWorld(t, name), traitOf(name)
		d := w.act(t, fake.Act{From: "ann", Text: "mark" + placeholder})
		for header, got := range tr.sign(w.webhook, d.Body) {
			if want := d.Header[header]; got != want {
				t.Errorf("%s: %s: got %q, want the platform's %q", name, header, got, want)
			}
		}
		r := newRun(Load{Seed: 1})
		for n := range 2 * len(fillings) {
			words := fillings[n%len(fillings)](r)
			body := tr.fill(d.Body, words)
			if body == d.Body {
				t.Fatalf("%s: the filling %.20q was not put in", name, words)
			}
			if err := w.verified(w.webhook.signed(d.Header, body), body); err != nil {
				t.Errorf("%s: a webhook with %.40q: %v", name, words, err)
			}
			if err := w.verified(d.Header, body); err == nil {
				t.Errorf("%s: a webhook with %.40q under another's signature was taken", name, words)
			}
		}
	}
}

// TestCustomersCanDoEveryKind, as far as it needs nothing that was shown before.
func TestCustomersCanDoEveryKind(t *testing.T) {
	for _, name := range Channels() {
		w, tr := newWorld(t, name), traitOf(name)
		for n, kind := range append([]string{"ping"}, tr.kinds...) {
			a := tr.act(kind, fmt.Sprint("mark", n), n+1)
			if a.From = "ann"; a.Button != "" {
				continue
			}
			for _, shown := range append([]string{""}, tr.shown...) {
				one := a
				if shown != "" {
					if before, _ := tr.show(&one, shown); before != nil {
						before.From = one.From
						w.act(t, *before)
					}
				}
				d := w.act(t, one)
				ids, to := tr.ids(d.Body)
				if d.Message+d.Event == "" || to == "" || !slices.Contains(ids, strings.TrimPrefix(to, "wa:")) {
					t.Errorf("%s: %s by %q: got message %q, event %q, ids %q and %q to write to", name, kind, shown, d.Message, d.Event, ids, to)
				}
			}
		}
	}
}

// TestSpoiledWebhooksAreWhatTheyShouldBe asks the adapters what they make of them.
func TestSpoiledWebhooksAreWhatTheyShouldBe(t *testing.T) {
	for _, name := range Channels() {
		w, tr := newWorld(t, name), traitOf(name)
		d := w.act(t, fake.Act{From: "ann", Text: "mark"})
		if _, err := w.events(d.Body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		h := &hook{customer: customer{channel: name}, body: d.Body, message: d.Message}
		if _, err := w.events(tr.broken(h)); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%s: broken: got %v, want it unparsable", name, err)
		}
		if tr.torn != nil {
			if _, err := w.events(tr.torn(d.Body)); hub.CodeOf(err) != hub.Unparsable {
				t.Errorf("%s: torn: got %v, want it unparsable", name, err)
			}
		}
		if tr.stray == nil {
			continue
		}
		list, err := w.events(tr.stray(w.webhook, d.Body))
		if err != nil || len(list) != 1 || list[0].Account == w.account.External || list[0].Account == "" {
			t.Errorf("%s: stray: got %+v, %v, want an event of another account", name, list, err)
		}
	}
}

func TestFormsHoldWhatJSONHolds(t *testing.T) {
	for words, want := range map[string]string{
		`a b`: "a+b", `\\u0022`: "%5Cu0022", `\"\\\/\n\t`: "%22%5C%2F%0A%09", `\u0000`: "%00", `é`: "%C3%A9", `\u00e9`: "%C3%A9",
		`\ud83d\ude00`: "%F0%9F%98%80", `\ud83d x`: "%ED%A0%BD+x", `\ude00\ud83d`: "%ED%B8%80%ED%A0%BD", `~`: "%7E", `\`: "%5C",
	} {
		if got := escaped(plain(words)); got != want {
			t.Errorf("%s: got %s, want %s", words, got, want)
		}
	}
}

func TestParcelsHoldEachEventUnderAGoodSignature(t *testing.T) {
	for _, name := range Channels() {
		w := newWorld(t, name)
		r := newRun(Load{Seed: 1})
		r.webhooks = map[string]webhook{demoTeam + name: w.webhook}
		var hooks []*hook
		for n := range 40 {
			d := w.act(t, fake.Act{From: fmt.Sprint("customer ", n), Text: "hello"})
			hooks = append(hooks, &hook{
				team: demoTeam, customer: customer{channel: name}, url: d.URL, body: d.Body, head: d.Header, message: d.Message,
			})
		}
		list, err := r.parcels(slices.Clone(hooks))
		if err != nil {
			t.Fatal(err)
		}
		seen, joined := map[string]int{}, 0
		for _, p := range list {
			if err := w.verified(p.head, p.body); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			events, err := w.events(p.body)
			if err != nil || len(events) != len(p.hooks) {
				t.Fatalf("%s: got %d events, %v, want %d", name, len(events), err, len(p.hooks))
			}
			for _, e := range events {
				seen[e.Message.ID]++
			}
			joined = max(joined, len(p.hooks))
		}
		for _, h := range hooks {
			if seen[h.message] != 1 {
				t.Errorf("%s: message %s: got %d times, want once", name, h.message, seen[h.message])
			}
		}
		if together := traitOf(name).list != ""; together && (joined < 2 || joined > mostTogether) || !together && joined != 1 {
			t.Errorf("%s: got at most %d events together, want 2 to %d, or one where a body is one event", name, joined, mostTogether)
		}
	}
}
