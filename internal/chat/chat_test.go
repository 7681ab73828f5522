package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// failer is what the helpers need of a test, or of one try of a property.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// receiver is inbound's use case over a hub's store.
func receiver(h *hubtest.Hub, st *store.Store) *chat.Receiver {
	return &chat.Receiver{
		Store: st, Settings: h.Settings, Contacts: &contact.Book{Store: st, Now: h.Clock.Now},
		Adapters: all.Adapters(channel.Platform{}), Bot: &bot.Bot{Settings: h.Settings, Store: st}, Tag: bot.Tags(&tag.Book{Store: st, Now: h.Clock.Now}), Consent: bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: h.Clock.Now, Log: h.Log}, Now: h.Clock.Now, Log: h.Log,
	}
}

// said is one text message of a customer at LINE.
type said struct {
	id   string
	at   hub.Millis
	text string
}

// envelope is what the edge makes of a message.
func envelope(h *hubtest.Hub, user string, m said) hub.Envelope {
	raw := fmt.Sprintf(`{"type":"message","mode":"active","timestamp":%d,"source":{"type":"user","userId":%q},`+
		`"webhookEventId":"E%s","deliveryContext":{"isRedelivery":false},"replyToken":"R%s",`+
		`"message":{"type":"text","id":%q,"text":%q}}`, m.at, user, m.id, m.id, m.id, m.text)
	return hub.Envelope{
		Version: hub.EnvelopeVersion, Team: hubtest.Team, Connection: hubtest.LineConn, Account: hubtest.LineAccount, Channel: "line",
		User: h.Team.Pepper.User(hubtest.LineAccount, user), Event: "E" + m.id, Hash: hub.Digest(m.text),
		Head: []byte(`{"destination":"` + hubtest.LineBot + `"}`), Raw: []byte(raw),
		Received: hub.MillisOf(h.Clock.Now()), Trace: "t-" + m.id,
	}
}

func ref(h *hubtest.Hub, user string) store.Ref {
	return store.Ref{Team: hubtest.Team, User: h.Team.Pepper.User(hubtest.LineAccount, user)}
}

// state is what must not depend on order and repetition: the messages, the homes,
// and whether a conversation is open once everything was read.
func state(t failer, h *hubtest.Hub, user string) string {
	t.Helper()
	ctx := context.Background()
	r := ref(h, user)
	log, err := h.Store.Log(ctx, r, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range log {
		var raw struct {
			Message struct{ Text string } `json:"message"`
		}
		if m.Inbound {
			if err := json.Unmarshal(m.Raw, &raw); err != nil || raw.Message.Text != m.Text {
				t.Fatalf("the raw event of %s does not read back: %v", m.Key, err)
			}
		}
		lines = append(lines, fmt.Sprintf("%s in=%v %s %s", m.Key, m.Inbound, m.Text, m.Class))
	}
	sort.Strings(lines)
	thread, err := h.Store.Thread(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	home, err := h.Store.Home(ctx, r.Team, h.Team.Pepper.Home(hubtest.LineAccount, user, 0))
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, "home "+home.External.Reveal(), fmt.Sprintf("open=%v for=%q newest=%s", thread.Conversation != "", thread.Need, thread.LastKey))
	return strings.Join(lines, "\n")
}

// receive works envelopes off as inbound's queue would: one that fails comes back.
func receive(t failer, rc *chat.Receiver, list []hub.Envelope) {
	t.Helper()
	for _, e := range list {
		var err error
		for range 5 {
			if err = rc.Receive(context.Background(), e); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatalf("an envelope is refused for ever: %v", err)
		}
	}
}

// permutations calls each with every order of 0…n-1.
func permutations(n int, each func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var walk func(int)
	walk = func(i int) {
		if i == n {
			each(order)
			return
		}
		for j := i; j < n; j++ {
			order[i], order[j] = order[j], order[i]
			walk(i + 1)
			order[i], order[j] = order[j], order[i]
		}
	}
	walk(0)
}
