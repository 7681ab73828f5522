package channel_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

var caps = channel.Capabilities{
	Shows: map[hub.MessageType]channel.Shape{
		hub.Text:     {Body: channel.Limit{Max: 5, In: channel.UTF16}, BodyNeeded: true},
		hub.Image:    {Media: channel.MediaLimit{Types: []hub.MessageType{hub.Image}, Bytes: 10, MIME: []string{"image/png"}}},
		hub.Location: {},
		hub.Buttons: {
			Body: channel.Limit{Max: 9}, Footer: channel.Limit{Max: 2, In: channel.Bytes}, BodyNeeded: true,
			Media:   channel.MediaLimit{Types: []hub.MessageType{hub.Image}},
			Buttons: channel.Items{Max: 2, Title: channel.Limit{Max: 3, In: channel.Graphemes}, Data: channel.Limit{Max: 4}, Links: 1},
		},
		hub.Menu: {
			Body: channel.Limit{Max: 9}, Sections: 2, Rows: 3, RowTitle: channel.Limit{Max: 4}, RowText: channel.Limit{Max: 4},
			RowData: channel.Limit{Max: 4}, Opener: channel.Limit{Max: 4},
		},
		hub.Cards: {Cards: 2, CardTitle: channel.Limit{Max: 3}, CardText: channel.Limit{Max: 3},
			Buttons: channel.Items{Max: 1, Title: channel.Limit{Max: 3}, Data: channel.Limit{Max: 3}, Links: 1}},
		hub.Form:     {Body: channel.Limit{Max: 9}, Opener: channel.Limit{Max: 4}},
		hub.Template: {},
	},
	QuickReplies: channel.Items{Max: 1, Title: channel.Limit{Max: 3}, Data: channel.Limit{Max: 3}},
}

func TestCheckNamesTheMemberAtFault(t *testing.T) {
	media := &hub.Media{URL: "https://x.example/a.png"}
	row := func(data string) hub.Row { return hub.Row{Title: "r", Data: data} }
	list := func(sections ...hub.Section) hub.Content {
		return hub.Content{Type: hub.Menu, Text: "t", List: &hub.List{Button: "b", Sections: sections}}
	}
	for _, c := range []struct {
		name string
		m    hub.Content
		want string // "" = passes
	}{
		{"text", hub.TextContent("hello"), ""},
		{"five units of UTF-16", hub.TextContent("a😀😀"), ""},
		{"six units of UTF-16", hub.TextContent("😀😀😀"), "text is over 5 UTF-16 units"},
		{"no text", hub.TextContent(""), "text is empty"},
		{"unknown type", hub.Content{Type: hub.Video}, `message type "video"`},
		{"header where none is", hub.Content{Type: hub.Text, Text: "a", Header: "h"}, "header is not possible"},
		{"image", hub.Content{Type: hub.Image, Media: media}, ""},
		{"image without address", hub.Content{Type: hub.Image}, "media is missing"},
		{"image over http", hub.Content{Type: hub.Image, Media: &hub.Media{URL: "http://x.example/"}}, "media has no https address"},
		{"image too large", hub.Content{Type: hub.Image, Media: &hub.Media{URL: "https://x/", Size: 11}}, "media is over 10 bytes"},
		{"image of another kind", hub.Content{Type: hub.Image, Media: &hub.Media{URL: "https://x/", MIME: "image/bmp"}}, "media of this type"},
		{"text with an image", hub.Content{Type: hub.Text, Text: "a", Media: media}, "media is not possible"},
		{"place", hub.Content{Type: hub.Location, Place: &hub.Place{}}, ""},
		{"place without a point", hub.Content{Type: hub.Location}, "place is missing"},
		{"text with a place", hub.Content{Type: hub.Text, Text: "a", Place: &hub.Place{}}, "place does not belong"},
		{"quote", hub.Content{Type: hub.Text, Text: "a", ReplyTo: "m"}, "reply_to is not possible"},
		{"buttons", hub.Content{Type: hub.Buttons, Text: "t", Media: media, Buttons: []hub.Button{{Title: "👩‍👩‍👧🇹🇼e\u0301", Data: "d"}}}, ""},
		{"button title of four", hub.Content{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "👩‍👩‍👧🇹🇼ee", Data: "d"}}}, "buttons: a title is over 3"},
		{"buttons without any", hub.Content{Type: hub.Buttons, Text: "t"}, "buttons is missing"},
		{"three buttons", hub.Content{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: "1"}, {Title: "b", Data: "2"}, {Title: "c", Data: "3"}}}, "buttons are over 2"},
		{"link and reply together", hub.Content{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: "1"}, {Title: "b", URL: "https://x"}}}, "do not stand together"},
		{"button with both", hub.Content{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: "1", URL: "https://x"}}}, "either data or a url"},
		{"long footer", hub.Content{Type: hub.Buttons, Text: "t", Footer: "你", Buttons: []hub.Button{{Title: "a", Data: "1"}}}, "footer is over 2 bytes"},
		{"list", list(hub.Section{Rows: []hub.Row{row("1"), row("2")}}), ""},
		{"list with one data twice", list(hub.Section{Rows: []hub.Row{row("1"), row("1")}}), "data of its own"},
		{"list of four rows", list(hub.Section{Title: "a", Rows: []hub.Row{row("1"), row("2")}}, hub.Section{Title: "b", Rows: []hub.Row{row("3"), row("4")}}), "1 to 3 rows"},
		{"sections without titles", list(hub.Section{Rows: []hub.Row{row("1")}}, hub.Section{Title: "b", Rows: []hub.Row{row("2")}}), "each needs a title"},
		{"list without rows", list(hub.Section{}), "1 to 3 rows"},
		{"cards", hub.Content{Type: hub.Cards, Cards: []hub.Card{{Title: "a", Text: "b", Buttons: []hub.Button{{Title: "x", URL: "https://x"}}}}}, ""},
		{"three cards", hub.Content{Type: hub.Cards, Cards: make([]hub.Card, 3)}, "cards are over 2"},
		{"card's long text", hub.Content{Type: hub.Cards, Cards: []hub.Card{{Text: "four"}}}, "a card's text is over 3"},
		{"form", hub.Content{Type: hub.Form, Text: "t", Form: &hub.FormCall{ID: "1", Token: "t", Title: "Go"}}, ""},
		{"form with two names", hub.Content{Type: hub.Form, Text: "t", Form: &hub.FormCall{ID: "1", Name: "n", Token: "t", Title: "Go"}}, "exactly one of id and name"},
		{"template", hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}}, ""},
		{"template without language", hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n"}}, "name and language"},
		{"quick replies", hub.Content{Type: hub.Text, Text: "t", QuickReplies: []hub.Button{{Title: "a", Data: "1"}}}, ""},
		{"quick reply that links", hub.Content{Type: hub.Text, Text: "t", QuickReplies: []hub.Button{{Title: "a", URL: "https://x"}}}, "links are over 0"},
		{"quick replies beside a template", hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "l"},
			QuickReplies: []hub.Button{{Title: "a", Data: "1"}}}, "beside a template"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := caps.Check(c.m)
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v, want it to pass", err)
				}
				return
			}
			if hub.CodeOf(err) != hub.Unsupported || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s: %s", err, hub.Unsupported, c.want)
			}
		})
	}
}
