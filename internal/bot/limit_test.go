package bot_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
)

func titled(title string) hub.ModuleButton { return button(title) }

func columns(n int, b ...hub.ModuleButton) (list []hub.ModuleColumn) {
	for range n {
		list = append(list, hub.ModuleColumn{Title: "title", Text: "text", Image: "https://x.example/i.png", Buttons: append([]hub.ModuleButton{}, b...)})
	}
	return list
}

func media(kind hub.CardType, m hub.Media) hub.ModuleCard {
	if m.URL == "" {
		m.URL = "https://x.example/file"
	}
	return hub.ModuleCard{Type: kind, Media: &m}
}

func replies(c hub.ModuleCard, list ...hub.ModuleButton) hub.ModuleCard {
	c.QuickReplies = list
	return c
}

// TestModulesAreHeldAgainstTheirChannelsLimits: each at a limit, and one beyond it.
func TestModulesAreHeldAgainstTheirChannelsLimits(t *testing.T) {
	s := newScene(t)
	x := func(n int) string { return strings.Repeat("字", n) }
	carousel := func(list []hub.ModuleColumn) hub.ModuleCard {
		return hub.ModuleCard{Type: hub.CardCarousel, Columns: list}
	}
	mixed := columns(2, button("a"))
	mixed[1].Buttons = buttons(2)
	longColumn := columns(3, button("a"))
	longColumn[1].Text = x(61)
	for _, c := range []struct {
		name  string
		kind  hub.Channel
		card  hub.ModuleCard
		field string // at fault; "" = it is good
	}{
		{"4 buttons", "line", text("t", buttons(4)...), ""},
		{"5 buttons", "line", text("t", buttons(5)...), "cards[0].buttons"},
		{"a title of 20", "line", text("t", titled(x(20))), ""},
		{"a title of 21", "line", text("t", button("a"), titled(x(21))), "cards[0].buttons[1]"},
		{"160 characters above 3 buttons", "line", text(x(160), buttons(3)...), ""},
		{"161 characters above 3 buttons", "line", text(x(161), buttons(3)...), "cards[0].text"},
		{"240 characters above 2 buttons", "line", text(x(240), buttons(2)...), ""},
		{"241 characters above 2 buttons", "line", text(x(241), buttons(2)...), "cards[0].text"},
		{"a link and a choice", "line", text("t", button("a"), link("b")), ""},
		{"13 quick replies", "line", replies(text("t"), buttons(13)...), ""},
		{"14 quick replies", "line", replies(text("t"), buttons(14)...), "cards[0].quick_replies"},
		{"10 columns of 3 buttons", "line", carousel(columns(10, buttons(3)...)), ""},
		{"11 columns", "line", carousel(columns(11, button("a"))), "cards[0].columns"},
		{"4 buttons of a column", "line", carousel(columns(1, buttons(4)...)), "cards[0].columns[0].buttons"},
		{"4 buttons of 2 columns", "line", carousel(columns(2, buttons(4)...)), "cards[0]"},
		{"columns of other numbers of buttons", "line", carousel(mixed), "cards[0].columns[1].buttons"},
		{"a text of 61 below an image", "line", carousel(longColumn), "cards[0].columns[1].text"},
		{"a video without preview", "line", media(hub.CardVideo, hub.Media{}), "cards[0].media"},
		{"a video with preview", "line", media(hub.CardVideo, hub.Media{Preview: "https://x.example/p.jpg"}), ""},
		{"audio without its length", "line", media(hub.CardAudio, hub.Media{}), "cards[0].media"},
		{"audio", "line", media(hub.CardAudio, hub.Media{Length: 1000}), ""},
		{"a file", "line", media(hub.CardFile, hub.Media{Name: "a.pdf"}), "cards[0].media"},
		{"an image that is too large", "line", media(hub.CardImage, hub.Media{Size: 11 << 20}), "cards[0].media"},

		{"3 buttons", "messenger", text("t", buttons(3)...), ""},
		{"4 buttons", "messenger", text("t", buttons(4)...), "cards[0].buttons"},
		{"a title of 20", "messenger", text("t", titled(x(20))), ""},
		{"a title of 21", "messenger", text("t", titled(x(21))), "cards[0].buttons[0]"},
		{"640 characters above buttons", "messenger", text(x(640), button("a")), ""},
		{"641 characters above buttons", "messenger", text(x(641), button("a")), "cards[0].text"},
		{"quick replies with a link", "messenger", replies(text("t"), button("a"), link("b")), "cards[0].quick_replies[1]"},
		{"a caption", "messenger", hub.ModuleCard{Type: hub.CardImage, Text: "words", Media: &hub.Media{URL: "https://x.example/i.png"}}, "cards[0].text"},
		{"10 columns", "messenger", carousel(columns(10, button("a"))), ""},

		{"3 buttons", "instagram", text("t", buttons(3)...), ""},
		{"4 buttons", "instagram", text("t", buttons(4)...), "cards[0].buttons"},
		{"a title of 21", "instagram", text("t", titled(x(21))), "cards[0].buttons[0]"},
		{"1,000 bytes", "instagram", text(strings.Repeat("x", 1000)), ""},
		{"1,002 bytes", "instagram", text(x(334)), "cards[0].text"},
		{"13 quick replies", "instagram", replies(text("t"), buttons(13)...), ""},
		{"14 quick replies", "instagram", replies(text("t"), buttons(14)...), "cards[0].quick_replies"},

		{"3 buttons", "whatsapp", text("t", buttons(3)...), ""},
		{"4 buttons", "whatsapp", text("t", buttons(4)...), "cards[0].buttons"},
		{"a title of 20", "whatsapp", text("t", titled(x(20))), ""},
		{"a title of 21", "whatsapp", text("t", titled(x(21))), "cards[0].buttons[0]"},
		{"one link", "whatsapp", text("t", link("a")), ""},
		{"a link and a choice", "whatsapp", text("t", button("a"), link("b")), "cards[0].buttons[1]"},
		{"quick replies", "whatsapp", replies(text("t"), buttons(3)...), "cards[0].quick_replies"},
		{"a caption", "whatsapp", hub.ModuleCard{Type: hub.CardImage, Text: "words", Media: &hub.Media{URL: "https://x.example/i.png"}}, ""},
		{"2 columns", "whatsapp", carousel(columns(2, button("a"))), "cards[0]"},

		{"a text", "twilio", text("t"), ""},
		{"a button", "twilio", text("t", button("a")), "cards[0].buttons"},
		{"quick replies", "twilio", replies(text("t"), button("a")), "cards[0].quick_replies"},

		{"12 buttons", "viber", text("t", buttons(12)...), ""},
		{"13 buttons", "viber", text("t", buttons(13)...), "cards[0].buttons"},
		{"6 columns", "viber", carousel(columns(6, button("a"))), ""},
	} {
		_, _, err := s.Save(ctx, s.deed(), module(c.kind, c.card), false)
		if got := wrong(t, err); got != c.field {
			t.Errorf("%s: %s: got %q at fault (%v), want %q", c.kind, c.name, got, err, c.field)
		}
	}
}

// TestWhatFitsInAnotherFormIsSavedIfThatIsWished, with what is lost by it.
func TestWhatFitsInAnotherFormIsSavedIfThatIsWished(t *testing.T) {
	s := newScene(t)
	m := module("twilio", text("choose", button("a"), link("b")))
	saved, losses, err := s.Save(ctx, s.deed(), m, true)
	if err != nil || saved.Version != 1 || len(losses) != 2 {
		t.Fatalf("got %+v, %v, %v, want it saved with its losses", saved, losses, err)
	}
	if _, _, err := s.Save(ctx, s.deed(), module("twilio", text(strings.Repeat("x", 1601))), true); wrong(t, err) != "cards[0].text" {
		t.Errorf("what fits in no form: got %v, want it refused all the same", err)
	}
}

// TestPreviewIsWhatTheAdapterPosts: each platform's own object, as its fake gets it.
func TestPreviewIsWhatTheAdapterPosts(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	adapters := all.Adapters(channel.Platform{BaseURL: server.URL, Client: server.Client()})
	secrets := channel.Secrets{
		"page_id": "1786", "channel_token": "t", "access_token": "t", "app_secret": "s", "auth_token": "t", "account_sid": "AC0123456789abcdef0123456789abcdef",
	}
	for kind, who := range map[hub.Channel]struct{ account, to string }{
		"line": {"U5a1f0c3e9b7d4826a1c0e5f79d3b2468", "U0a1f0c3e9b7d4826a1c0e5f79d3b2468"}, "messenger": {"1784", "1785"}, "instagram": {"17841400000000000", "1785"},
		"whatsapp": {"106540352242922", "wa:886912345678"}, "twilio": {"+14155238886", "wa:886912345678"}, "viber": {"pa:1", "01234567890A="},
	} {
		studio := &bot.Studio{Store: newScene(t).Hub.Store, Adapters: adapters}
		card := text("t", button("a"), button("b"))
		if kind == "twilio" {
			card = text("<t> & 字")
		}
		p, err := studio.Preview(ctx, "test", module(kind, card, replies(media(hub.CardImage, hub.Media{}))))
		if err != nil || len(p.Faults) != 0 || len(p.Cards) != 2 || len(p.Cards[0].Messages) != 1 || len(p.Cards[0].Native) != 1 {
			t.Errorf("%s: got %+v, %v, want two cards in one message each", kind, p, err)
			continue
		}
		want := []int{1, 1}
		if kind == "line" { // takes both at once
			want = []int{2}
		}
		if !slices.Equal(p.Calls, want) {
			t.Errorf("%s: got calls of %v messages, want %v", kind, p.Calls, want)
		}
		for _, c := range p.Cards {
			body = nil
			_, err = adapters[kind].Send(ctx, channel.Account{ID: "a", External: who.account, Secrets: secrets}, channel.Outgoing{
				To: hub.Personal(who.to), Content: c.Messages[0], RetryKey: "123e4567-e89b-12d3-a456-426614174000",
			})
			if body == nil {
				t.Errorf("%s: nothing was posted: %v", kind, err)
			}
			if !holds(t, body, c.Native[0]) {
				t.Errorf("%s: got the preview %s of what is posted as %s", kind, c.Native[0], body)
			}
		}
	}
}

// holds tells whether a body, JSON or a form, has all of an object, or has it whole
// somewhere within.
func holds(t *testing.T, body []byte, native json.RawMessage) bool {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal(native, &want); err != nil {
		t.Fatal(err)
	}
	var posted map[string]any
	if json.Unmarshal(body, &posted) != nil {
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		posted = map[string]any{}
		for name := range r.PostForm {
			posted[name] = r.PostForm.Get(name)
		}
	}
	same := func(a, b any) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return string(x) == string(y)
	}
	var within func(any) bool
	within = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			all := true
			for name := range want {
				all = all && same(v[name], want[name])
			}
			if all {
				return true
			}
			for _, e := range v {
				if within(e) {
					return true
				}
			}
		case []any:
			for _, e := range v {
				if within(e) {
					return true
				}
			}
		}
		return false
	}
	return within(posted)
}
