package instagram_test

import (
	"encoding/json"
	"strings"

	"omnihub/internal/hub"
)

// longest is as many bytes as a text may have: 333 Chinese characters and one letter.
var longest = strings.Repeat("字", 333) + "a"

func media(t hub.MessageType, mime string, size int64) hub.Content {
	return hub.Content{Type: t, Media: &hub.Media{URL: "https://cdn.example.tw/a?b=1&c=%E4%BD%A0", MIME: mime, Size: size}}
}

func buttons(text string, list ...hub.Button) hub.Content {
	return hub.Content{Type: hub.Buttons, Text: text, Buttons: list}
}

func cards(list ...hub.Card) hub.Content { return hub.Content{Type: hub.Cards, Cards: list} }

func quick(n int) (out []hub.Button) {
	for i := range n {
		out = append(out, hub.Button{Title: strings.Repeat("選", 19) + string(rune('a'+i)), Data: "answer=" + string(rune('a'+i))})
	}
	return out
}

func with(c hub.Content, change func(*hub.Content)) hub.Content {
	change(&c)
	return c
}

var (
	reply = hub.Button{Title: "預約", Data: "book&a=1"}
	link  = hub.Button{Title: "看更多", URL: "https://shop.example.tw/?a=1&b=<2>"}
	card  = hub.Card{Image: "https://cdn.example.tw/a.jpg", Title: "體驗課", Text: "每週六 <b>", Buttons: []hub.Button{reply, link}}
)

func many[T any](n int, one T) (out []T) {
	for range n {
		out = append(out, one)
	}
	return out
}

// sends are contents of all forms that Instagram shows.
func sends() map[string]hub.Content {
	return map[string]hub.Content{
		"text":                 hub.TextContent("您好 <b>&</b> 😀\n\"第二行\""),
		"text_longest":         hub.TextContent(longest),
		"text_quick_replies":   {Type: hub.Text, Text: "選一個", QuickReplies: quick(13)},
		"image":                media(hub.Image, "image/png", 8<<20),
		"image_bare":           {Type: hub.Image, Media: &hub.Media{URL: "https://cdn.example.tw/a.jpg"}},
		"image_quick_replies":  with(media(hub.Image, "image/jpeg", 0), func(c *hub.Content) { c.QuickReplies = quick(1) }),
		"audio":                media(hub.Audio, "audio/mp4", 25<<20),
		"video":                media(hub.Video, "video/mp4", 25<<20),
		"file":                 media(hub.File, "application/pdf", 25<<20),
		"buttons":              buttons("要預約嗎？", reply, link),
		"buttons_longest":      buttons(strings.Repeat("字", 640), hub.Button{Title: strings.Repeat("字", 20), Data: strings.Repeat("d", 1000)}, reply, reply),
		"cards":                cards(card, hub.Card{Title: "第二張", Text: "x"}),
		"cards_most":           cards(many(10, card)...),
		"card_square":          cards(hub.Card{Image: "https://cdn.example.tw/a.jpg", Title: "加入會員", Square: true, Buttons: []hub.Button{link}}),
		"card_with_text_alone": cards(hub.Card{Text: "只有文字", Buttons: []hub.Button{reply}}),
		"native":               {Type: hub.Native, Text: "分享貼文", Native: json.RawMessage(`{"attachment":{"type":"MEDIA_SHARE","payload":{"id":"17900000000000016"}}}`)},
		"native_quick_replies": {Type: hub.Native, Text: "x", Native: json.RawMessage(`{"text":"a"}`), QuickReplies: quick(2)},
	}
}

// refused are contents that are over Instagram's limits, or of no form that it has.
func refused() map[string]hub.Content {
	place := &hub.Place{Title: "x", Latitude: 1, Longitude: 1}
	return map[string]hub.Content{
		"no text":                      hub.TextContent(""),
		"a text of 1001 bytes":         hub.TextContent(longest + "b"),
		"334 Chinese characters":       hub.TextContent(strings.Repeat("字", 334)),
		"quoting":                      {Type: hub.Text, Text: "private words", ReplyTo: "aWdfZAG1-quoted"},
		"14 quick replies":             {Type: hub.Text, Text: "private words", QuickReplies: quick(14)},
		"a quick reply that is a link": {Type: hub.Text, Text: "private words", QuickReplies: []hub.Button{link}},
		"a quick reply of 21":          {Type: hub.Text, Text: "private words", QuickReplies: []hub.Button{{Title: strings.Repeat("x", 21), Data: "private data"}}},
		"an image with a caption":      with(media(hub.Image, "", 0), func(c *hub.Content) { c.Text = "private caption" }),
		"a large image":                media(hub.Image, "image/png", 8<<20+1),
		"a large video":                media(hub.Video, "video/mp4", 25<<20+1),
		"a large file":                 media(hub.File, "application/pdf", 25<<20+1),
		"a GIF":                        media(hub.Image, "image/gif", 0),
		"an MP3":                       media(hub.Audio, "audio/mpeg", 0),
		"a Word file":                  media(hub.File, "application/msword", 0),
		"no medium":                    {Type: hub.Image},
		"plain http":                   {Type: hub.Image, Media: &hub.Media{URL: "http://cdn.example.tw/private.jpg"}},
		"a sticker":                    media(hub.Sticker, "", 0),
		"a place":                      {Type: hub.Location, Place: place},
		"a list":                       {Type: hub.Menu, Text: "private words", List: &hub.List{Button: "open it", Sections: []hub.Section{{Rows: []hub.Row{{Title: "row title", Data: "row data"}}}}}},
		"a template":                   {Type: hub.Template, Template: &hub.TemplateCall{Name: "private_name", Language: "zh_TW"}},
		"a form":                       {Type: hub.Form, Text: "private words", Form: &hub.FormCall{ID: "private id", Token: "private token", Title: "title"}},
		"4 buttons":                    buttons("private words", many(4, reply)...),
		"buttons without text":         buttons("", reply),
		"buttons below 641":            buttons(strings.Repeat("x", 641), reply),
		"a button of 21":               buttons("private words", hub.Button{Title: strings.Repeat("x", 21), Data: "private data"}),
		"a button with 1001":           buttons("private words", hub.Button{Title: "title of it", Data: strings.Repeat("x", 1001)}),
		"buttons with a header":        with(buttons("private words", reply), func(c *hub.Content) { c.Header = "private header" }),
		"11 cards":                     cards(many(11, card)...),
		"a card of 81":                 cards(hub.Card{Title: strings.Repeat("x", 81), Text: "private words"}),
		"a card with a text of 81":     cards(hub.Card{Title: "private title", Text: strings.Repeat("x", 81)}),
		"a card with 4 buttons":        cards(hub.Card{Title: "private title", Text: "private words", Buttons: many(4, reply)}),
		"an image by http in a card":   cards(hub.Card{Title: "private title", Text: "private words", Image: "http://cdn.example.tw/private.jpg"}),
	}
}

// unfit are contents that pass Check, but that Instagram would not take.
func unfit() map[string]hub.Content {
	native := func(text string) hub.Content {
		return hub.Content{Type: hub.Native, Text: "private words", Native: json.RawMessage(text)}
	}
	return map[string]hub.Content{
		"a card with nothing but a title": cards(hub.Card{Title: "private title"}),
		"an empty card":                   cards(hub.Card{}),
		"native, no object":               native(`["private words"]`),
		"native, nothing to show":         native(`{"note":"private words"}`),
		"native, both":                    native(`{"text":"private words","attachment":{"type":"image"}}`),
		"native with metadata":            native(`{"text":"private words","metadata":"private mark"}`),
	}
}
