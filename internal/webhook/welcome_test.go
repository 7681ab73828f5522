package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/webhook"
)

// greeter is a channel whose webhooks' own answer may bring a message: to an event that
// begins with "start". A body is a list of slices.
type greeter struct {
	channel.Adapter
	single bool
}

func (greeter) Kind() hub.Channel                                  { return "greeter" }
func (g greeter) Setup() channel.Setup                             { return channel.Setup{Single: g.single, Welcome: true} }
func (greeter) Verify(*channel.Request, channel.Credentials) error { return nil }
func (greeter) Split(r *channel.Request) (list []channel.Slice, err error) {
	return list, json.Unmarshal(r.Body, &list)
}
func (greeter) Capabilities() channel.Capabilities {
	return channel.Capabilities{Shows: map[hub.MessageType]channel.Shape{hub.Text: {Body: channel.Limit{Max: 100}, BodyNeeded: true}}}
}
func (greeter) Answer(_ channel.Credentials, s channel.Slice, c hub.Content) ([]byte, bool) {
	if !strings.HasPrefix(s.Event, "start") {
		return nil, false
	}
	body, err := json.Marshal(map[string]string{"text": c.Text, "event": s.Event})
	return body, err == nil
}

// greeting is a gate with a connection of the greeter's.
func greeting(t *testing.T, single bool, accounts ...settings.NewAccount) (*gate, func(slices ...channel.Slice) (webhook.Answer, error)) {
	t.Helper()
	g := newGate(t)
	g.in.Adapters = map[hub.Channel]channel.Adapter{"greeter": greeter{single: single}}
	if err := g.Setup.Connect(ctx, g.Team, "greeter1", "greeter", channel.Secrets{"s": "x"}, accounts...); err != nil {
		t.Fatal(err)
	}
	edge, err := g.Settings.Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return g, func(slices ...channel.Slice) (webhook.Answer, error) {
		body, err := json.Marshal(slices)
		if err != nil {
			t.Fatal(err)
		}
		return g.in.Accept(ctx, "greeter", edge.PathID(hubtest.Team, "greeter1"), "trace-1", &channel.Request{Method: "POST", Body: body})
	}
}

// queued are the envelopes on the inbound queue.
func (g *gate) queued() (list []hub.Envelope) {
	g.t.Helper()
	batch := g.Receive(g.Inbound)
	g.Ack(g.Inbound, batch, events.SQSEventResponse{})
	for _, m := range batch.Records {
		e, err := chat.ReadEnvelope(m.Body)
		if err != nil {
			g.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func slice(account, user, event string) channel.Slice {
	return channel.Slice{Account: account, User: user, Event: event, Head: []byte(`{}`), Raw: []byte(`{"event":"` + event + `"}`), Hash: event}
}

func TestWelcomeIsTheAnswerOnceTheEventIsQueued(t *testing.T) {
	accounts := []settings.NewAccount{
		{ID: "one", External: "bot1", Welcome: hub.TextContent("welcome!")}, {ID: "two", External: "bot2"},
		{ID: "three", External: "bot3", Welcome: hub.Content{Type: hub.Location, Place: &hub.Place{Title: "Shop"}}},
		{ID: "four", External: "bot4", Welcome: hub.Content{Type: hub.Form, Form: &hub.FormCall{ID: "1", Token: "t", Title: "Go"}}},
		{ID: "five", External: "bot5", Welcome: hub.TextContent(strings.Repeat("x", 101))},
	}
	g, post := greeting(t, false, accounts...)
	for _, c := range []struct {
		slices []channel.Slice
		want   string // the answer
		texts  string // what is stored as answered, by event
	}{
		{[]channel.Slice{slice("bot1", "U1", "start1")}, `{"event":"start1","text":"welcome!"}`, "start1=welcome!"},
		{[]channel.Slice{slice("bot1", "U1", "message1")}, "", "message1="},
		{[]channel.Slice{slice("bot2", "U1", "start2")}, "", "start2="},
		{[]channel.Slice{slice("bot1", "", "start3")}, "", "start3="},
		{[]channel.Slice{slice("bot3", "U1", "start4")}, "maps/search", "start4=Shop"},
		{[]channel.Slice{slice("bot4", "U1", "start5")}, "", "start5="},
		{[]channel.Slice{slice("bot5", "U1", "start6")}, "", "start6="},
		{[]channel.Slice{slice("bot1", "U1", "message2"), slice("bot1", "U2", "start7"), slice("bot1", "U3", "start8")},
			`{"event":"start7","text":"welcome!"}`, "message2= start7=welcome! start8="},
	} {
		g.Cloud.Meter().Reset()
		answer, err := post(c.slices...)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(answer.JSON); got != c.want && (c.want == "" || !strings.Contains(got, c.want)) || answer.Text != "" {
			t.Errorf("%s: got the answer %q %q, want %q", c.texts, got, answer.Text, c.want)
		}
		stored := map[string]string{}
		for _, e := range g.queued() {
			stored[e.Event] = ""
			if e.Answered != nil {
				stored[e.Event], _, _ = strings.Cut(e.Answered.Text, "\n")
			}
		}
		var texts []string
		for _, s := range c.slices {
			texts = append(texts, fmt.Sprint(s.Event, "=", stored[s.Event]))
		}
		if got := strings.Join(texts, " "); got != c.texts || len(stored) != len(c.slices) {
			t.Errorf("got queued %q, want %q", got, c.texts)
		}
	}
	g.want("a welcome once warm", "", 0, func() hub.Code {
		_, err := post(slice("bot1", "U1", "start9"))
		return hub.CodeOf(err)
	})
}

func TestNothingIsAnsweredThatCouldNotBeQueued(t *testing.T) {
	g, post := greeting(t, false, settings.NewAccount{ID: "one", External: "bot1", Welcome: hub.TextContent("welcome!")})
	if _, err := post(slice("bot1", "U1", "message")); err != nil {
		t.Fatal(err)
	}
	cfg := g.AWS("test")
	cfg.HTTPClient = &http.Client{Transport: refusing{g.Near()}}
	g.in.Queue = &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: g.Inbound.URL}
	answer, err := post(slice("bot1", "U1", "start1"))
	if err == nil || answer.JSON != nil {
		t.Errorf("got %q, %v, want no answer", answer.JSON, err)
	}
}

type refusing struct{ next http.RoundTripper }

func (f refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	return f.next.RoundTrip(r.WithContext(ctx))
}

// TestEventWithoutAnAccountIsTheOnlyOnes, on a channel whose connections have one
// account and do not name it.
func TestEventWithoutAnAccountIsTheOnlyOnes(t *testing.T) {
	one, two := settings.NewAccount{ID: "one", External: "bot1", Welcome: hub.TextContent("hi")}, settings.NewAccount{ID: "two", External: "bot2"}
	for _, c := range []struct {
		name     string
		single   bool
		accounts []settings.NewAccount
		user     string
		want     hub.AccountID
		answer   bool
	}{
		{"one account", true, []settings.NewAccount{one}, "U1", "one", true},
		{"an event of nobody's", true, []settings.NewAccount{one}, "", "", false},
		{"another kind of channel", false, []settings.NewAccount{one}, "U1", "", false},
		{"two accounts, against the rule", true, []settings.NewAccount{one, two}, "U1", "", false},
	} {
		g, post := greeting(t, c.single, c.accounts...)
		answer, err := post(slice("", c.user, "start1"))
		if err != nil {
			t.Fatal(err)
		}
		list := g.queued()
		if len(list) != 1 || list[0].Account != c.want || (answer.JSON != nil) != c.answer {
			t.Errorf("%s: got %+v and the answer %q, want account %q, an answer %v", c.name, list, answer.JSON, c.want, c.answer)
			continue
		}
		user := g.Team.Pepper.User("", "connection greeter1")
		if c.want != "" {
			user = g.Team.Pepper.User(c.want, c.user)
		}
		if list[0].User != user {
			t.Errorf("%s: got user %s, want %s", c.name, list[0].User, user)
		}
	}
}
