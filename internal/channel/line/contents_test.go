package line_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/hub"
)

const (
	picture = "https://cdn.example.com/a.png"
	film    = "https://cdn.example.com/a.mp4"
	sound   = "https://cdn.example.com/a.m4a"
)

func choice(title string) hub.Button { return hub.Button{Title: title, Data: "answer=" + title} }
func link(title string) hub.Button {
	return hub.Button{Title: title, URL: "https://shop.example.com/?q=1&p=2"}
}

func several(parts ...hub.Content) hub.Content {
	return hub.Content{Type: hub.Several, Parts: parts}
}

// sends are contents of every form that LINE can show, each at a limit of it.
func sends() map[string]hub.Content {
	var (
		two   = []hub.Button{choice("要"), choice("不要")}
		mixed = []hub.Button{choice("訂位"), link("看菜單"), {Title: "打電話", URL: "tel:+886212345678"}, {Title: "好友", URL: "line://nv/addFriends"}}
		quick []hub.Button
		cards []hub.Card
	)
	for n := range 13 {
		quick = append(quick, choice(fmt.Sprintf("選項 %d", n)))
	}
	quick[12] = link("全部")
	for n := range 10 {
		cards = append(cards, hub.Card{Image: picture, Title: fmt.Sprintf("商品 %d", n), Text: strings.Repeat("字", 60),
			Buttons: []hub.Button{choice(fmt.Sprintf("買 %d", n)), link("詳情")}})
	}
	five := []hub.Content{
		{Type: hub.Image, Media: &hub.Media{URL: picture}}, hub.TextContent("<2> 您好"), {Type: hub.Buttons, Text: "三", Buttons: two},
		{Type: hub.Cards, Cards: cards[:2]}, {Type: hub.Text, Text: "五", QuickReplies: quick[:2]},
	}
	return map[string]hub.Content{
		"several":            {Type: hub.Several, Parts: five},
		"several_native":     {Type: hub.Several, Parts: []hub.Content{five[1], {Type: hub.Native, Native: json.RawMessage(`{"type":"sticker","packageId":"446","stickerId":"1988"}`)}}},
		"text":               hub.TextContent("您好 <b>&</b> 😀\n第二行"),
		"text_quick_replies": {Type: hub.Text, Text: "要哪一個?", QuickReplies: quick},
		"image":              {Type: hub.Image, Media: &hub.Media{URL: picture, MIME: "image/png", Size: 1 << 20}},
		"image_preview":      {Type: hub.Image, Media: &hub.Media{URL: picture, Preview: "https://cdn.example.com/small.png", Size: 10 << 20}},
		"video":              {Type: hub.Video, Media: &hub.Media{URL: film, Preview: picture, MIME: "video/mp4", Length: 5000}},
		"audio":              {Type: hub.Audio, Media: &hub.Media{URL: sound, MIME: "audio/mp4", Length: 60000}},
		"location":           {Type: hub.Location, Place: &hub.Place{Title: "台北車站", Address: "台北市中正區北平西路3號", Latitude: 25.047778, Longitude: 121.517222}},
		"location_untitled":  {Type: hub.Location, Place: &hub.Place{Address: "Null Island"}},
		"location_bare":      {Type: hub.Location, Place: &hub.Place{Latitude: -25.5, Longitude: 121}},
		"buttons":            {Type: hub.Buttons, Text: strings.Repeat("👩‍👩‍👧", 160), Buttons: mixed},
		"buttons_one":        {Type: hub.Buttons, Text: "往這裡", Buttons: []hub.Button{link("開啟")}},
		"buttons_rich": {Type: hub.Buttons, Header: strings.Repeat("題", 40), Text: strings.Repeat("字", 60),
			Media: &hub.Media{URL: picture}, Buttons: two, QuickReplies: quick[:1]},
		"buttons_bubble": {Type: hub.Buttons, Text: strings.Repeat("👩‍👩‍👧", 240), Media: &hub.Media{URL: picture, Width: 660, Height: 1980},
			Buttons: []hub.Button{link("立即加入")}},
		"buttons_bubble_four": {Type: hub.Buttons, Header: strings.Repeat("題", 40), Text: "第一行\n第二行", Media: &hub.Media{URL: picture, Width: 1024, Height: 1024},
			Buttons: mixed, QuickReplies: quick[:1]},
		"buttons_bubble_high": {Type: hub.Buttons, Text: "看全部", Media: &hub.Media{URL: picture, Width: 660, Height: 1981}, Buttons: two},
		"buttons_bubble_wide": {Type: hub.Buttons, Text: "看全部", Media: &hub.Media{URL: picture, Width: 250000, Height: 1}, Buttons: two},
		"confirm_wide":        {Type: hub.Buttons, Text: strings.Repeat("👩‍👩‍👧", 240), Buttons: two},
		"confirm":             {Type: hub.Buttons, Text: strings.Repeat("字", 240), Buttons: two},
		"cards":               {Type: hub.Cards, Text: "本週商品", Cards: cards},
		"cards_bare":          {Type: hub.Cards, Cards: []hub.Card{{Text: strings.Repeat("字", 120), Buttons: []hub.Button{choice("好")}}}},
		"flex": {Type: hub.Native, Text: "訂單 <42> 已出貨", QuickReplies: quick[:2], Native: json.RawMessage(
			`{ "type": "flex", "contents": {"type":"bubble","body":{"type":"box","layout":"vertical","contents":[{"type":"text","text":"<42>"}]}} }`)},
		"flex_carousel": {Type: hub.Native, Native: json.RawMessage(
			`{"type":"flex","altText":"兩張","contents":{"type":"carousel","contents":[{"type":"bubble"},{"type":"bubble"}]}}`)},
		"native_sticker": {Type: hub.Native, Text: "(貼圖)", Native: json.RawMessage(`{"type":"sticker","packageId":"446","stickerId":"1988"}`)},
	}
}

// refused are contents that break a limit which the shared check knows.
func refused() map[string]hub.Content {
	buttons := func(n int) (out []hub.Button) {
		for range n {
			out = append(out, choice("要"))
		}
		return out
	}
	card := hub.Card{Text: "字", Buttons: buttons(1)}
	return map[string]hub.Content{
		"an empty text":            hub.TextContent(""),
		"5001 letters":             hub.TextContent(strings.Repeat("字", 5001)),
		"2501 emoji of 2 units":    hub.TextContent(strings.Repeat("😀", 2501)),
		"one unit more than fits":  hub.TextContent(strings.Repeat("😀", 2500) + "."),
		"a caption":                {Type: hub.Image, Text: "a caption", Media: &hub.Media{URL: picture}},
		"an image of 11 MB":        {Type: hub.Image, Media: &hub.Media{URL: picture, Size: 11 << 20}},
		"a WebP image":             {Type: hub.Image, Media: &hub.Media{URL: picture, MIME: "image/webp"}},
		"an image over http":       {Type: hub.Image, Media: &hub.Media{URL: "http://cdn.example.com/a.png"}},
		"a video of 201 MB":        {Type: hub.Video, Media: &hub.Media{URL: film, Preview: picture, Size: 201 << 20}},
		"a voice note in Ogg":      {Type: hub.Audio, Media: &hub.Media{URL: sound, MIME: "audio/ogg", Length: 1}},
		"a file":                   {Type: hub.File, Media: &hub.Media{URL: "https://cdn.example.com/a.pdf", Name: "a.pdf"}},
		"a sticker":                {Type: hub.Sticker, Media: &hub.Media{URL: picture}},
		"a list":                   {Type: hub.Menu, Text: "t", List: &hub.List{Button: "b", Sections: []hub.Section{{Rows: []hub.Row{{Title: "r", Data: "d"}}}}}},
		"a template":               {Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}},
		"a form":                   {Type: hub.Form, Text: "t", Form: &hub.FormCall{ID: "1", Token: "t", Title: "Go"}},
		"five buttons":             {Type: hub.Buttons, Text: "t", Buttons: buttons(5)},
		"a footer":                 {Type: hub.Buttons, Text: "t", Footer: "f", Buttons: buttons(1)},
		"a label of 21":            {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{choice(strings.Repeat("👩‍👩‍👧", 21))}},
		"data of 301 units":        {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: strings.Repeat("😀", 150) + "."}}},
		"a title of 41":            {Type: hub.Buttons, Text: "t", Header: strings.Repeat("題", 41), Buttons: buttons(1)},
		"buttons' text of 241":     {Type: hub.Buttons, Text: strings.Repeat("字", 241), Buttons: buttons(2)},
		"eleven cards":             {Type: hub.Cards, Cards: []hub.Card{card, card, card, card, card, card, card, card, card, card, card}},
		"a card of four buttons":   {Type: hub.Cards, Cards: []hub.Card{{Text: "t", Buttons: buttons(4)}}},
		"a card's text of 121":     {Type: hub.Cards, Cards: []hub.Card{{Text: strings.Repeat("字", 121), Buttons: buttons(1)}}},
		"fourteen quick replies":   {Type: hub.Text, Text: "t", QuickReplies: buttons(14)},
		"one of several":           several(hub.TextContent("1")),
		"six at once":              several(hub.TextContent("1"), hub.TextContent("2"), hub.TextContent("3"), hub.TextContent("4"), hub.TextContent("5"), hub.TextContent("6")),
		"a caption among several":  several(hub.TextContent("1"), hub.Content{Type: hub.Image, Text: "a caption", Media: &hub.Media{URL: picture}}),
		"several within several":   several(hub.TextContent("1"), several(hub.TextContent("2"), hub.TextContent("3"))),
		"a quote":                  {Type: hub.Text, Text: "t", ReplyTo: "577102334455667701"},
		"native without an object": {Type: hub.Native, Text: "t"},
	}
}

// unfit are contents that break a limit which hangs on more than one member, or on
// what only LINE wants.
func unfit() map[string]hub.Content {
	var (
		one    = []hub.Button{choice("要")}
		two    = []hub.Button{choice("要"), choice("不要")}
		far    = "https://cdn.example.com/" + strings.Repeat("a", 2000)
		words  = func(n int) string { return strings.Repeat("字", n) }
		place  = func(p hub.Place) hub.Content { return hub.Content{Type: hub.Location, Place: &p} }
		cards  = func(list ...hub.Card) hub.Content { return hub.Content{Type: hub.Cards, Cards: list} }
		native = func(o string) hub.Content {
			return hub.Content{Type: hub.Native, Text: "a flex message", Native: json.RawMessage(o)}
		}
		bubble   = func(n int) string { return `{"type":"bubble","body":{"text":"` + strings.Repeat("x", n) + `"}}` }
		carousel = func(bubbles ...string) string {
			return `{"type":"flex","contents":{"type":"carousel","contents":[` + strings.Join(bubbles, ",") + `]}}`
		}
		button = func(url string) hub.Content {
			return hub.Content{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", URL: url}}}
		}
	)
	small := make([]string, 13)
	for i := range small {
		small[i] = `{"type":"bubble"}`
	}
	return map[string]hub.Content{
		"a large image without preview": {Type: hub.Image, Media: &hub.Media{URL: picture, Size: 1<<20 + 1}},
		"a video without preview":       {Type: hub.Video, Media: &hub.Media{URL: film}},
		"audio without length, second":  several(hub.TextContent("1"), hub.Content{Type: hub.Audio, Media: &hub.Media{URL: sound}}),
		"audio without length":          {Type: hub.Audio, Media: &hub.Media{URL: sound}},
		"an address of 2024":            {Type: hub.Image, Media: &hub.Media{URL: far}},
		"a preview's address of 2024":   {Type: hub.Image, Media: &hub.Media{URL: picture, Preview: far}},
		"a thumbnail's address of 2024": {Type: hub.Buttons, Text: "t", Media: &hub.Media{URL: far}, Buttons: one},
		"a place's title of 101":        place(hub.Place{Title: words(101), Address: "a"}),
		"a place's address of 101":      place(hub.Place{Title: "a", Address: words(101)}),
		"a latitude of 91":              place(hub.Place{Latitude: 91}),
		"a longitude of -181":           place(hub.Place{Longitude: -181}),
		"text of 161 with one button":   {Type: hub.Buttons, Text: words(161), Buttons: one},
		"text of 61 with a title":       {Type: hub.Buttons, Header: "h", Text: words(61), Buttons: two},
		"text of 61 with an image":      {Type: hub.Buttons, Text: words(61), Media: &hub.Media{URL: picture}, Buttons: two},
		"a card's picture of 2024":      {Type: hub.Buttons, Text: "t", Media: &hub.Media{URL: far, Width: 1, Height: 1}, Buttons: one},
		"a card's link by ftp":          {Type: hub.Buttons, Text: "t", Media: &hub.Media{URL: picture, Width: 1, Height: 1}, Buttons: []hub.Button{{Title: "a", URL: "ftp://shop.example.com/"}}},
		"a card over 30 KB":             {Type: hub.Buttons, Text: "a" + strings.Repeat("\u0301", 15<<10), Media: &hub.Media{URL: picture, Width: 1, Height: 1}, Buttons: one},
		"a link of 1001":                button("https://shop.example.com/" + strings.Repeat("a", 1000)),
		"a link to nowhere":             button("https://"),
		"a link by ftp":                 button("ftp://shop.example.com/"),
		"a script as a link":            button("javascript:alert(document.cookie)"),
		"a quick reply by ftp":          {Type: hub.Text, Text: "t", QuickReplies: []hub.Button{{Title: "a", URL: "ftp://shop.example.com/"}}},
		"cards of one and two buttons":  cards(hub.Card{Text: "t", Buttons: one}, hub.Card{Text: "t", Buttons: two}),
		"cards without buttons":         cards(hub.Card{Text: "t"}),
		"cards without text":            cards(hub.Card{Title: "t", Buttons: one}),
		"cards with and without image":  cards(hub.Card{Text: "t", Image: picture, Buttons: one}, hub.Card{Text: "t", Buttons: one}),
		"cards with and without title":  cards(hub.Card{Text: "t", Buttons: one}, hub.Card{Text: "t", Title: "h", Buttons: one}),
		"a card's text of 61 by image":  cards(hub.Card{Text: words(61), Image: picture, Buttons: one}),
		"a card's text of 61 by title":  cards(hub.Card{Text: words(61), Title: "h", Buttons: one}),
		"a card's image of 2024":        cards(hub.Card{Text: "t", Image: far, Buttons: one}),
		"a native number":               native(`7`),
		"a native list":                 native(`[{"type":"text"}]`),
		"native without type":           native(`{"text":"hello"}`),
		"flex without contents":         native(`{"type":"flex"}`),
		"flex of a box":                 native(`{"type":"flex","contents":{"type":"box"}}`),
		"a bubble over 30 KB":           native(`{"type":"flex","contents":` + bubble(30<<10) + `}`),
		"a carousel over 50 KB":         native(carousel(bubble(26<<10), bubble(26<<10))),
		"a carousel's bubble over 30":   native(carousel(bubble(30 << 10))),
		"a carousel of 13":              native(carousel(small...)),
		"a carousel of none":            native(carousel()),
		"flex without a text":           {Type: hub.Native, Native: json.RawMessage(`{"type":"flex","contents":{"type":"bubble"}}`)},
		"flex with an empty text":       {Type: hub.Native, Native: json.RawMessage(`{"type":"flex","altText":"","contents":{"type":"bubble"}}`)},
		"flex with a number":            {Type: hub.Native, Native: json.RawMessage(`{"type":"flex","altText":7,"contents":{"type":"bubble"}}`)},
		"an imagemap without text":      {Type: hub.Native, Native: json.RawMessage(`{"type":"imagemap"}`)},
		"flex with a long text":         {Type: hub.Native, Native: json.RawMessage(`{"type":"flex","altText":"` + words(1501) + `","contents":{"type":"bubble"}}`)},
		"quick replies twice": {Type: hub.Native, QuickReplies: one,
			Native: json.RawMessage(`{"type":"text","text":"t","quickReply":{"items":[]}}`)},
	}
}
