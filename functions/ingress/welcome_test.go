package main

import (
	"encoding/json"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

// greeter is a channel whose webhooks' own answer brings a message.
type greeter struct{ channel.Adapter }

func (greeter) Verify(*channel.Request, channel.Credentials) error { return nil }
func (greeter) Split(r *channel.Request) ([]channel.Slice, error) {
	return []channel.Slice{{Account: "bot1", User: "U1", Event: "E1", Head: []byte(`{}`), Raw: r.Body, Hash: "h"}}, nil
}
func (greeter) Capabilities() channel.Capabilities {
	return channel.Capabilities{Shows: map[hub.MessageType]channel.Shape{hub.Text: {Body: channel.Limit{Max: 100}}}}
}
func (greeter) Answer(_ channel.Credentials, _ channel.Slice, c hub.Content) ([]byte, bool) {
	body, err := json.Marshal(map[string]string{"type": "text", "text": c.Text})
	return body, err == nil
}

func TestWelcomeIsTheBodyOfTheAnswer(t *testing.T) {
	e := newEdge(t)
	e.intake.Adapters["greeter"] = greeter{}
	err := e.Setup.Connect(t.Context(), e.Team, "greeter1", "greeter", channel.Secrets{"s": "x"}, settings.NewAccount{
		ID: "one", External: "bot1", Welcome: hub.TextContent("歡迎"),
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := e.Settings.Edge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := e.post("greeter", keys.PathID(hubtest.Team, "greeter1"), []byte(`{"event":"started"}`), "")
	if out.StatusCode != 200 || out.Body != `{"text":"歡迎","type":"text"}` || out.Headers["content-type"] != "application/json" {
		t.Errorf("got %d %q %v, want the welcome as JSON", out.StatusCode, out.Body, out.Headers)
	}
	if got := e.Depth(e.Inbound); got != 1 {
		t.Errorf("got %d messages on the queue, want the event", got)
	}
}
