package viber_test

import (
	"encoding/json"
	"strings"

	"omnihub/internal/hub"
)

const (
	picture = "https://cdn.example.com/a.png"
	film    = "https://cdn.example.com/a.mp4"
	paper   = "https://cdn.example.com/contract?id=7"
)

func choice(title string) hub.Button { return hub.Button{Title: title, Data: "answer=" + title} }

func link(title string) hub.Button {
	return hub.Button{Title: title, URL: "https://shop.example.com/?q=1&p=2"}
}

func words(n int) string { return strings.Repeat("字", n) }

func choices(n int) (out []hub.Button) {
	for i := range n {
		out = append(out, choice("選項"+strings.Repeat("I", i+1)))
	}
	return out
}

func file(t hub.MessageType, m hub.Media, text string) hub.Content {
	return hub.Content{Type: t, Media: &m, Text: text}
}

func cards(cards ...hub.Card) hub.Content { return hub.Content{Type: hub.Cards, Cards: cards} }

func native(text string) hub.Content {
	return hub.Content{Type: hub.Native, Native: json.RawMessage(text)}
}

// sends are contents of every form that Viber can show, each at a limit of it.
func sends() map[string]hub.Content {
	with := func(c hub.Content, quick ...hub.Button) hub.Content {
		c.QuickReplies = quick
		return c
	}
	full := hub.Card{Image: picture, Title: words(60), Text: words(150), Buttons: []hub.Button{choice("好"), link("看"), choice("不要")}}
	return map[string]hub.Content{
		"text":              hub.TextContent("您好 <b>&</b> 😀\n第二行"),
		"text_longest":      hub.TextContent(words(7000)),
		"text_quick":        with(hub.TextContent("請選擇"), choice("好"), link("看")),
		"text_many":         with(hub.Content{Type: hub.Buttons, Text: "請選擇", Buttons: choices(6)}, choices(7)...),
		"picture":           file(hub.Image, hub.Media{URL: picture, Preview: picture, MIME: "image/png", Size: 1 << 20}, words(512)),
		"picture_bare":      file(hub.Image, hub.Media{URL: picture}, ""),
		"video":             file(hub.Video, hub.Media{URL: film, Preview: picture, MIME: "video/mp4", Size: 26 << 20, Length: 180_500}, ""),
		"video_bare":        file(hub.Video, hub.Media{URL: film, Size: 7, Length: 300}, ""),
		"file":              file(hub.File, hub.Media{URL: paper, Name: "合約.pdf", Size: 50 << 20}, ""),
		"location":          {Type: hub.Location, Place: &hub.Place{Title: "店", Address: "路", Latitude: 25.0478, Longitude: 121.5172}},
		"location_quick":    with(hub.Content{Type: hub.Location, Place: &hub.Place{Latitude: -90, Longitude: 180}}, choice("好")),
		"buttons":           {Type: hub.Buttons, Text: "請選擇", Buttons: []hub.Button{choice("好"), choice("Q&A"), choice("a < b &lt;"), link("看")}},
		"buttons_picture":   {Type: hub.Buttons, Text: words(512), Media: &hub.Media{URL: picture}, Buttons: []hub.Button{choice("好")}},
		"buttons_longest":   {Type: hub.Buttons, Text: "x", Buttons: []hub.Button{{Title: words(250), Data: strings.Repeat("d", 512)}}},
		"buttons_no_titles": {Type: hub.Buttons, Text: "x", Buttons: longest(9)},
		"cards":             with(cards(full, hub.Card{Text: "只有文字"}, hub.Card{Image: picture, Title: "Q&A", Text: "a <b>"}), choice("都不要")),
		"cards_six":         cards(full, full, full, full, full, hub.Card{Title: "標題", Text: "文", Buttons: []hub.Button{link("看")}}),
		"cards_text":        {Type: hub.Cards, Text: words(700), Cards: []hub.Card{{Text: "文"}}},
		"native_sticker":    native(`{"type": "sticker", "sticker_id": 46105}`),
		"native_contact":    native(`{"type":"contact","contact":{"name":"客服 & 一","phone_number":"+886912345678"}}`),
		"native_url":        with(native(`{"type":"url","media":"https://example.tw/?a=1&b=2"}`), choice("好")),
		"native_own":        native(`{"sender":{"name":"小幫手"},"tracking_data":"mine","keyboard":{"Type":"keyboard","Buttons":[{"ActionType":"share-phone","ActionBody":"x","Text":"x"}]},"min_api_version":3}`),
	}
}

// longest are buttons whose titles find no room in tracking_data.
func longest(n int) []hub.Button {
	out := choices(n)
	for i := range out {
		out[i].Data += strings.Repeat("d", 450)
	}
	return out
}

// refused are contents over a limit that Capabilities tell.
func refused() map[string]hub.Content {
	return map[string]hub.Content{
		"no text":          {Type: hub.Text},
		"long text":        hub.TextContent(words(7001)),
		"quote":            {Type: hub.Text, Text: "x", ReplyTo: "5741311803571721087"},
		"long caption":     file(hub.Image, hub.Media{URL: picture}, words(513)),
		"http picture":     file(hub.Image, hub.Media{URL: "http://cdn.example.com/a.png"}, ""),
		"large picture":    file(hub.Image, hub.Media{URL: picture, Size: 1<<20 + 1}, ""),
		"webp":             file(hub.Image, hub.Media{URL: picture, MIME: "image/webp"}, ""),
		"video with text":  file(hub.Video, hub.Media{URL: film, Size: 1}, "x"),
		"large video":      file(hub.Video, hub.Media{URL: film, Size: 26<<20 + 1}, ""),
		"large file":       file(hub.File, hub.Media{URL: paper, Size: 50<<20 + 1, Name: "a"}, ""),
		"audio":            file(hub.Audio, hub.Media{URL: film, Length: 1}, ""),
		"sticker":          file(hub.Sticker, hub.Media{URL: picture}, ""),
		"list":             {Type: hub.Menu, Text: "x", List: &hub.List{Button: "x", Sections: []hub.Section{{Rows: []hub.Row{{Title: "x", Data: "x"}}}}}},
		"template":         {Type: hub.Template, Template: &hub.TemplateCall{Name: "x", Language: "zh_TW"}},
		"13 buttons":       {Type: hub.Buttons, Text: "x", Buttons: choices(13)},
		"13 quick replies": {Type: hub.Text, Text: "x", QuickReplies: choices(13)},
		"long title":       {Type: hub.Buttons, Text: "x", Buttons: []hub.Button{choice(words(251))}},
		"long data":        {Type: hub.Buttons, Text: "x", Buttons: []hub.Button{{Title: "x", Data: words(513)}}},
		"header":           {Type: hub.Buttons, Text: "x", Header: "x", Buttons: choices(1)},
		"7 cards":          cards(hub.Card{Text: "1"}, hub.Card{Text: "2"}, hub.Card{Text: "3"}, hub.Card{Text: "4"}, hub.Card{Text: "5"}, hub.Card{Text: "6"}, hub.Card{Text: "7"}),
		"4 on a card":      cards(hub.Card{Text: "x", Buttons: choices(4)}),
		"long card":        cards(hub.Card{Text: words(151)}),
	}
}

// unfit are contents that pass the check, and that Viber would not take.
func unfit() map[string]hub.Content {
	button := func(b hub.Button) hub.Content {
		return hub.Content{Type: hub.Buttons, Text: "x", Buttons: []hub.Button{b}}
	}
	far := "https://cdn.example.com/" + strings.Repeat("x", 2000)
	return map[string]hub.Content{
		"over 30 KB":            hub.TextContent(strings.Repeat("<", 7000)),
		"long beside a picture": {Type: hub.Buttons, Text: words(513), Media: &hub.Media{URL: picture}, Buttons: choices(1)},
		"video without size":    file(hub.Video, hub.Media{URL: film}, ""),
		"long video":            file(hub.Video, hub.Media{URL: film, Size: 1, Length: 600_001}, ""),
		"file without size":     file(hub.File, hub.Media{URL: paper, Name: "合約.pdf"}, ""),
		"file without name":     file(hub.File, hub.Media{URL: paper, Size: 1}, ""),
		"file of a long name":   file(hub.File, hub.Media{URL: paper, Size: 1, Name: words(257)}, ""),
		"far picture":           file(hub.Image, hub.Media{URL: far}, ""),
		"far preview":           file(hub.Video, hub.Media{URL: film, Size: 1, Preview: far}, ""),
		"far file":              file(hub.File, hub.Media{URL: far, Size: 1, Name: "x"}, ""),
		"nowhere":               {Type: hub.Location, Place: &hub.Place{Latitude: 91}},
		"far east":              {Type: hub.Location, Place: &hub.Place{Longitude: -181}},
		"script":                button(hub.Button{Title: "x", URL: "javascript:alert(1)"}),
		"no host":               button(hub.Button{Title: "x", URL: "https://"}),
		"far link":              button(hub.Button{Title: "x", URL: far}),
		"title with tags":       button(choice(strings.Repeat("<", 70))),
		"script in quick reply": {Type: hub.Text, Text: "x", QuickReplies: []hub.Button{{Title: "x", URL: "data:x"}}},
		"script on a card":      cards(hub.Card{Text: "x", Buttons: []hub.Button{{Title: "x", URL: "file:x"}}}),
		"empty card":            cards(hub.Card{Image: picture}),
		"card with tags":        cards(hub.Card{Title: "x", Text: strings.Repeat("<", 100)}),
		"far card":              cards(hub.Card{Image: far, Text: "x"}),
		"native no object":      native(`[1]`),
		"native of no type":     native(`{"type":7}`),
		"native to somebody":    native(`{"type":"text","text":"x","receiver":"9vK3"}`),
		"native of another":     native(`{"type":"text","text":"x","auth\u005ftoken":"9vK3"}`),
		"native to many":        native(`{"type":"text","text":"x","broadcast_list":["9vK3"]}`),
		"native twice":          native(`{"type":"text","text":"x","sender":{},"sender":{"name":"y"}}`),
		"native keyboards":      {Type: hub.Native, Native: json.RawMessage(`{"type":"text","text":"x","keyboard":{}}`), QuickReplies: choices(1)},
		"native link":           {Type: hub.Native, Native: json.RawMessage(`{"type":"text","text":"x"}`), QuickReplies: []hub.Button{{Title: "x", URL: "x:y"}}},
		"native over 30 KB":     native(`{"type":"text","text":"` + strings.Repeat("x", 30_000) + `"}`),
	}
}
