package messenger_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/hub"
)

const (
	picture = "https://cdn.example.com/a.png"
	film    = "https://cdn.example.com/a.mp4"
	mid     = "m_AbCdEf0123456789_sample_01"
)

func choice(title string) hub.Button { return hub.Button{Title: title, Data: "answer=" + title} }

func link(title string) hub.Button {
	return hub.Button{Title: title, URL: "https://shop.example.com/?q=1&p=2"}
}

func words(n int) string { return strings.Repeat("字", n) }

func choices(n int) (out []hub.Button) {
	for i := range n {
		out = append(out, choice(fmt.Sprintf("回答 %d", i)))
	}
	return out
}

func cards(n int) (out []hub.Card) {
	for i := range n {
		out = append(out, hub.Card{Title: fmt.Sprintf("課程 %d", i), Text: "每週一次", Image: picture, Buttons: []hub.Button{choice("報名"), link("詳情")}})
	}
	return out
}

func file(t hub.MessageType, url string) hub.Content {
	return hub.Content{Type: t, Media: &hub.Media{URL: url}}
}

// sends are contents of every form that Messenger can show, each at a limit of it.
func sends() map[string]hub.Content {
	longest := choices(12)
	longest = append(longest, hub.Button{Title: words(20), Data: strings.Repeat("x", 1000)})
	return map[string]hub.Content{
		"text":          hub.TextContent("您好 <b>&</b> 😀\n第二行"),
		"text_longest":  hub.TextContent(words(2000)),
		"text_quoting":  {Type: hub.Text, Text: "收到", ReplyTo: mid},
		"text_quick":    {Type: hub.Text, Text: "哪一天？", QuickReplies: longest},
		"image":         {Type: hub.Image, Media: &hub.Media{URL: picture, MIME: "image/png", Size: 8 << 20}},
		"image_quick":   {Type: hub.Image, Media: &hub.Media{URL: picture}, QuickReplies: choices(1)},
		"video":         file(hub.Video, film),
		"audio":         file(hub.Audio, "https://cdn.example.com/a.mp3"),
		"file":          {Type: hub.File, Media: &hub.Media{URL: "https://cdn.example.com/c?id=7", Name: "contract.pdf", Size: 25 << 20}},
		"buttons":       {Type: hub.Buttons, Text: words(640), Buttons: []hub.Button{choice("好"), {Title: words(20), Data: strings.Repeat("x", 1000)}, link("網站")}},
		"buttons_links": {Type: hub.Buttons, Text: "請選擇", Buttons: []hub.Button{link("一"), link("二"), link("三")}, QuickReplies: choices(2)},
		"cards":         {Type: hub.Cards, Cards: cards(10)},
		"cards_bare":    {Type: hub.Cards, Cards: []hub.Card{{Text: "只有文字", Image: picture}, {Title: words(80), Text: words(80)}}},
		"cards_square":  {Type: hub.Cards, Cards: []hub.Card{{Title: "加入會員", Image: picture, Square: true, Buttons: []hub.Button{link("加入")}}}},
		"native":        {Type: hub.Native, Text: "收據", Native: json.RawMessage(`{"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [{"media_type": "image", "attachment_id": 12345678901234567890}]}}}`)},
		"native_quick":  {Type: hub.Native, Text: "電話？", Native: json.RawMessage(`{"text":"電話？","quick_replies":[{"content_type":"user_phone_number"}]}`)},
		"native_added":  {Type: hub.Native, Text: "x", Native: json.RawMessage(`{"text":"x"}`), QuickReplies: choices(1)},
	}
}

// refused are contents that are over a limit, or that Messenger has no form for.
func refused() map[string]hub.Content {
	text := func(change func(*hub.Content)) hub.Content {
		c := hub.TextContent("some words of a person")
		change(&c)
		return c
	}
	return map[string]hub.Content{
		"too long a text":            hub.TextContent(words(2001)),
		"a text of 1,001 emoji":      hub.TextContent(strings.Repeat("😀", 1001)),
		"an empty text":              {Type: hub.Text},
		"a caption":                  {Type: hub.Image, Text: "caption words", Media: &hub.Media{URL: picture}},
		"too large an image":         {Type: hub.Image, Media: &hub.Media{URL: picture, Size: 8<<20 + 1}},
		"an image of another type":   {Type: hub.Image, Media: &hub.Media{URL: picture, MIME: "image/webp"}},
		"too large a file":           {Type: hub.File, Media: &hub.Media{URL: film, Size: 25<<20 + 1}},
		"a medium without TLS":       file(hub.Video, "http://cdn.example.com/a.mp4"),
		"no medium":                  {Type: hub.Audio},
		"a sticker":                  file(hub.Sticker, picture),
		"a place":                    {Type: hub.Location, Place: &hub.Place{Latitude: 1, Longitude: 1}},
		"a list":                     {Type: hub.Menu, Text: "menu words", List: &hub.List{Button: "open"}},
		"a template":                 {Type: hub.Template, Template: &hub.TemplateCall{Name: "reminder", Language: "zh_TW"}},
		"a form":                     {Type: hub.Form, Text: "form words", Form: &hub.FormCall{ID: "1", Token: "t", Title: "x"}},
		"too long a text of buttons": {Type: hub.Buttons, Text: words(641), Buttons: choices(1)},
		"four buttons":               {Type: hub.Buttons, Text: "four buttons", Buttons: choices(4)},
		"no buttons":                 {Type: hub.Buttons, Text: "no buttons here"},
		"a header":                   {Type: hub.Buttons, Text: "with header", Header: "header words", Buttons: choices(1)},
		"a footer":                   {Type: hub.Buttons, Text: "with footer", Footer: "footer words", Buttons: choices(1)},
		"a picture above buttons":    {Type: hub.Buttons, Text: "with picture", Media: &hub.Media{URL: picture}, Buttons: choices(1)},
		"too long a button":          {Type: hub.Buttons, Text: "long button", Buttons: []hub.Button{choice(words(21))}},
		"too much data":              {Type: hub.Buttons, Text: "much data", Buttons: []hub.Button{{Title: "x", Data: strings.Repeat("x", 1001)}}},
		"eleven cards":               {Type: hub.Cards, Cards: cards(11)},
		"too long a card's title":    {Type: hub.Cards, Cards: []hub.Card{{Title: words(81), Text: "card words"}}},
		"too long a card's text":     {Type: hub.Cards, Cards: []hub.Card{{Title: "card title", Text: words(81)}}},
		"a card with four buttons":   {Type: hub.Cards, Cards: []hub.Card{{Title: "card title", Text: "card words", Buttons: choices(4)}}},
		"fourteen quick replies":     text(func(c *hub.Content) { c.QuickReplies = choices(14) }),
		"a link as quick reply":      text(func(c *hub.Content) { c.QuickReplies = []hub.Button{link("page")} }),
		"too long a quick reply":     text(func(c *hub.Content) { c.QuickReplies = []hub.Button{choice(words(21))} }),
	}
}

// unfit are contents that the limits let pass, but not the platform.
func unfit() map[string]hub.Content {
	native := func(body string) hub.Content {
		return hub.Content{Type: hub.Native, Text: "native words", Native: json.RawMessage(body)}
	}
	twice := native(`{"text":"a text","quick_replies":[]}`)
	twice.QuickReplies = choices(1)
	return map[string]hub.Content{
		"a card of nothing but a text":  {Type: hub.Cards, Cards: []hub.Card{{Text: "lonely card"}}},
		"a card of nothing but a title": {Type: hub.Cards, Cards: []hub.Card{{Title: "lonely title"}}},
		"an empty card":                 {Type: hub.Cards, Cards: []hub.Card{{Image: picture}}},
		"native: no object":             native(`["a text"]`),
		"native: null":                  native(`null`),
		"native: nothing":               native(`{"quick_replies":[]}`),
		"native: both":                  native(`{"text":"both text","attachment":{}}`),
		"native: metadata of its own":   native(`{"text":"own metadata","metadata":"mine-own"}`),
		"native: quick replies twice":   twice,
	}
}
