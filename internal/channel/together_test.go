package channel_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// roomy is a channel of which one call takes three messages, and which does not take a
// text of "odd", though its limits do not tell.
type roomy struct {
	channel.Adapter
	calls int
}

func (r roomy) Capabilities() channel.Capabilities {
	return channel.Capabilities{PerCall: r.calls, Shows: map[hub.MessageType]channel.Shape{
		hub.Text: {Body: channel.Limit{Max: hub.MaxContent}, BodyNeeded: true},
	}}
}

func (r roomy) Preview(m hub.Content) (json.RawMessage, error) {
	if m.Text == "odd" {
		return nil, errors.New("it is odd")
	}
	return nil, nil
}

func texts(words ...string) (list []hub.Content) {
	for _, w := range words {
		list = append(list, hub.TextContent(w))
	}
	return list
}

func TestMessagesGoOutTogetherAsFarAsACallTakesThem(t *testing.T) {
	half := strings.Repeat("x", hub.MaxContent/2)
	for _, c := range []struct {
		name     string
		per      int
		messages []hub.Content
		want     string
	}{
		{"none", 3, nil, ""},
		{"one", 3, texts("a"), "a"},
		{"two", 3, texts("a", "b"), "a+b"},
		{"seven", 3, texts("a", "b", "c", "d", "e", "f", "g"), "a+b+c d+e+f g"},
		{"a channel of one for a call", 1, texts("a", "b"), "a b"},
		{"a channel that says nothing", 0, texts("a", "b"), "a b"},
		{"one that it cannot show", 3, append(texts("a", "b"), hub.Content{Type: hub.Image}, hub.TextContent("c"), hub.TextContent("d")), "a+b image c+d"},
		{"one that it does not take", 3, texts("odd", "a", "odd", "odd", "b", "c"), "odd a odd odd b+c"},
		{"more than an item holds", 3, texts(half, "a", half, "b"), half + "+a " + half + "+b"},
	} {
		before := fmt.Sprint(c.messages)
		var got []string
		for _, call := range channel.Together(roomy{calls: c.per}, c.messages) {
			words := []string{call.Words()}
			if call.Type == hub.Several {
				words = nil
				for _, part := range call.Parts {
					words = append(words, part.Text)
				}
				if err := (roomy{calls: c.per}).Capabilities().Check(call); err != nil {
					t.Errorf("%s: got %v for what goes out together", c.name, err)
				}
			} else if words[0] == "" {
				words[0] = string(call.Type)
			}
			got = append(got, strings.Join(words, "+"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %.200q, want %.200q", c.name, got, c.want)
		}
		if fmt.Sprint(c.messages) != before {
			t.Errorf("%s: the messages were changed", c.name)
		}
	}
}

func TestSeveralAreShownIfEachIs(t *testing.T) {
	several := func(parts ...hub.Content) hub.Content { return hub.Content{Type: hub.Several, Parts: parts} }
	good := several(texts("a", "b")...)
	captioned := good
	captioned.Text = "c"
	for _, c := range []struct {
		name string
		per  int
		m    hub.Content
		want string // "" = passes
	}{
		{"two", 3, good, ""},
		{"three", 3, several(texts("a", "b", "c")...), ""},
		{"four", 3, several(texts("a", "b", "c", "d")...), "parts are 2 to 3"},
		{"one", 3, several(texts("a")...), "parts are 2 to 3"},
		{"none", 3, several(), "parts are 2 to 3"},
		{"within each other", 3, several(hub.TextContent("a"), good), "parts have no parts"},
		{"words beside them", 3, captioned, "beside parts nothing"},
		{"one that is not shown", 3, several(hub.TextContent("a"), hub.Content{Type: hub.Image}), `message type "image"`},
		{"an empty text", 3, several(texts("a", "")...), "text is empty"},
		{"a channel of one for a call", 1, good, `message type "several"`},
		{"a text with parts", 3, hub.Content{Type: hub.Text, Text: "a", Parts: texts("b")}, "parts does not belong"},
	} {
		caps := roomy{calls: c.per}.Capabilities()
		err := caps.Check(c.m)
		if (c.want == "") != (err == nil) || err != nil && (hub.CodeOf(err) != hub.Unsupported || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		// Nobody may ask for it: it is made of what was fitted.
		if messages, _, err := channel.Fit(caps, c.m); hub.CodeOf(err) != hub.Unsupported || len(messages) != 0 {
			t.Errorf("%s: got %v, %v from Fit, want it refused", c.name, messages, err)
		}
	}
}

func TestWordsOfSeveralAreThoseOfAll(t *testing.T) {
	m := hub.Content{Type: hub.Several, Parts: slices.Concat(texts("a", "b"), []hub.Content{{Type: hub.Image}}, texts("c"))}
	if got := m.Words(); got != "a\nb\nc" {
		t.Errorf("got %q, want them below each other", got)
	}
	if got := hub.TextContent("a").Words(); got != "a" {
		t.Errorf("got %q of a text, want it", got)
	}
}
