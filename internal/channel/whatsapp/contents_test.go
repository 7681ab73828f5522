package whatsapp_test

import (
	"encoding/json"
	"fmt"
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

func menu(sections, rows int) *hub.List {
	out := &hub.List{Button: "選擇時段"}
	for s := range sections {
		section := hub.Section{Title: fmt.Sprintf("第 %d 週", s)}
		for r := range rows {
			section.Rows = append(section.Rows, hub.Row{Title: fmt.Sprintf("時段 %d", r), Data: fmt.Sprintf("slot:%d:%d", s, r)})
		}
		out.Sections = append(out.Sections, section)
	}
	return out
}

// sends are contents of every form that WhatsApp can show, each at a limit of it.
func sends() map[string]hub.Content {
	rich := menu(2, 5)
	rich.Sections[0].Rows[0].Description = words(72)
	rich.Sections[1].Rows[4].Data = strings.Repeat("x", 200)
	invitation := hub.FormCall{ID: "1234567890", Token: "hub:flow:signup:v3:01K6SB", Title: "開始填寫", Screen: "WELCOME",
		Data: json.RawMessage(`{"course": "cello <basic>", "seats": 12.50}`)}
	named := hub.FormCall{Name: "signup_v3", Token: "hub:flow:signup:v3:01K6SC", Title: words(30), Draft: true}
	bare := invitation
	bare.Data = json.RawMessage(`{}`)
	file := func(t hub.MessageType, m hub.Media, text string) hub.Content {
		return hub.Content{Type: t, Media: &m, Text: text}
	}
	template := func(t hub.TemplateCall) hub.Content {
		t.Name, t.Language = "appointment_reminder", "zh_TW"
		return hub.Content{Type: hub.Template, Text: "提醒您明天的課程", Template: &t}
	}
	return map[string]hub.Content{
		"text":          hub.TextContent("您好 <b>&</b> 😀\n第二行"),
		"text_longest":  hub.TextContent(words(4096)),
		"text_quoting":  {Type: hub.Text, Text: "收到", ReplyTo: wamid},
		"image":         file(hub.Image, hub.Media{URL: picture, MIME: "image/png", Size: 5 << 20}, words(1024)),
		"image_bare":    file(hub.Image, hub.Media{URL: picture}, ""),
		"video":         file(hub.Video, hub.Media{URL: film, MIME: "video/mp4"}, "課程介紹"),
		"audio":         file(hub.Audio, hub.Media{URL: "https://cdn.example.com/a.ogg", MIME: "audio/ogg; codecs=opus", Length: 60000}, ""),
		"document":      file(hub.File, hub.Media{URL: paper, MIME: "application/pdf", Name: "合約_2026.pdf", Size: 100 << 20}, "合約"),
		"sticker":       file(hub.Sticker, hub.Media{URL: "https://cdn.example.com/s.webp", MIME: "image/webp", Size: 500 << 10}, ""),
		"location":      {Type: hub.Location, Place: &hub.Place{Title: "台北車站", Address: "台北市中正區北平西路3號", Latitude: 25.047778, Longitude: 121.517222}},
		"location_bare": {Type: hub.Location, Place: &hub.Place{Latitude: -90, Longitude: 180}},
		"buttons": {Type: hub.Buttons, Header: words(60), Text: words(1024), Footer: words(60), ReplyTo: wamid,
			Buttons: []hub.Button{choice("要"), choice(words(20)), {Title: "不要", Data: strings.Repeat("x", 256)}}},
		"buttons_image":    {Type: hub.Buttons, Text: "要這個嗎?", Media: &hub.Media{URL: picture}, Buttons: []hub.Button{choice("要")}},
		"buttons_video":    {Type: hub.Buttons, Text: "要這個嗎?", Media: &hub.Media{URL: paper, MIME: "video/mp4"}, Buttons: []hub.Button{choice("要")}},
		"buttons_document": {Type: hub.Buttons, Text: "要這個嗎?", Media: &hub.Media{URL: paper, Name: "合約.pdf"}, Buttons: []hub.Button{choice("要")}},
		"link":             {Type: hub.Buttons, Header: "菜單", Text: "往這裡", Footer: "每日更新", Buttons: []hub.Button{link("開啟")}},
		"list":             {Type: hub.Menu, Header: "預約", Text: words(4096), Footer: "一小時", List: rich},
		"list_one":         {Type: hub.Menu, Text: "選一個", List: &hub.List{Button: "看", Sections: []hub.Section{{Rows: []hub.Row{{Title: "甲", Data: "a"}}}}}},
		"form":             {Type: hub.Form, Header: "報名", Text: "請填寫", Footer: "兩分鐘", Form: &invitation},
		"form_named":       {Type: hub.Form, Text: "請填寫", Media: &hub.Media{URL: picture}, Form: &named},
		"form_empty_data":  {Type: hub.Form, Text: "請填寫", Form: &bare},
		"template":         template(hub.TemplateCall{}),
		"template_filled": template(hub.TemplateCall{
			Header: &hub.TemplateHeader{Text: &hub.Blank{Value: "林老師"}},
			Body:   []hub.Blank{{Value: "王小明"}, {Value: "10/10 <14:00>"}},
			Buttons: []hub.TemplateButton{{Index: 0, Data: "confirm:apt:7781"}, {Index: 1, URL: "apt/7781"}, {Index: 2, Code: "SAVE20"},
				{Index: 3, Form: &hub.FormCall{Token: "hub:flow:1", Data: json.RawMessage(`{"seat":12}`)}}},
		}),
		"template_named": template(hub.TemplateCall{
			Header: &hub.TemplateHeader{Kind: hub.File, Media: &hub.Media{URL: paper, Name: "收據.pdf"}},
			Body:   []hub.Blank{{Name: "customer", Value: "王小明"}},
		}),
		"template_image":    template(hub.TemplateCall{Header: &hub.TemplateHeader{Kind: hub.Image, Media: &hub.Media{URL: picture}}}),
		"template_video":    template(hub.TemplateCall{Header: &hub.TemplateHeader{Kind: hub.Video, Media: &hub.Media{URL: film}}}),
		"template_location": template(hub.TemplateCall{Header: &hub.TemplateHeader{Place: &hub.Place{Title: "教室", Latitude: 25, Longitude: 121.5}}}),
		"native": {Type: hub.Native, Text: "(位置請求)", ReplyTo: wamid, Native: json.RawMessage(
			`{ "type": "interactive", "interactive": {"type":"location_request_message","body":{"text":"<您在哪裡>"},"action":{"name":"send_location"}} }`)},
	}
}

// refused are contents that break a limit which the shared check knows.
func refused() map[string]hub.Content {
	file := func(t hub.MessageType, m hub.Media) hub.Content { return hub.Content{Type: t, Media: &m} }
	buttons := func(list ...hub.Button) hub.Content { return hub.Content{Type: hub.Buttons, Text: "t", Buttons: list} }
	list := func(l *hub.List) hub.Content { return hub.Content{Type: hub.Menu, Text: "t", List: l} }
	changed := func(change func(*hub.List)) hub.Content {
		l := menu(2, 2)
		change(l)
		return list(l)
	}
	form := func(f hub.FormCall) hub.Content { return hub.Content{Type: hub.Form, Text: "t", Form: &f} }
	return map[string]hub.Content{
		"an empty text":             hub.TextContent(""),
		"4097 letters":              hub.TextContent(words(4097)),
		"a text with a header":      {Type: hub.Text, Text: "t", Header: "h"},
		"a text with quick replies": {Type: hub.Text, Text: "t", QuickReplies: []hub.Button{choice("a")}},
		"cards":                     {Type: hub.Cards, Cards: []hub.Card{{Text: "t"}}},
		"contacts":                  {Type: hub.Contacts, Text: "t"},
		"a caption of 1025":         {Type: hub.Image, Text: words(1025), Media: &hub.Media{URL: picture}},
		"audio with a caption":      {Type: hub.Audio, Text: "t", Media: &hub.Media{URL: film}},
		"an image by http":          file(hub.Image, hub.Media{URL: "http://cdn.example.com/a.png"}),
		"an image over 5 MB":        file(hub.Image, hub.Media{URL: picture, Size: 5<<20 + 1}),
		"an image of another type":  file(hub.Image, hub.Media{URL: picture, MIME: "image/gif"}),
		"a video over 16 MB":        file(hub.Video, hub.Media{URL: film, Size: 16<<20 + 1}),
		"audio over 16 MB":          file(hub.Audio, hub.Media{URL: film, Size: 16<<20 + 1}),
		"a document over 100 MB":    file(hub.File, hub.Media{URL: paper, Size: 100<<20 + 1}),
		"a sticker over 500 KB":     file(hub.Sticker, hub.Media{URL: picture, Size: 500<<10 + 1}),
		"a sticker as PNG":          file(hub.Sticker, hub.Media{URL: picture, MIME: "image/png"}),
		"an image without medium":   {Type: hub.Image},
		"a place without place":     {Type: hub.Location},
		"four buttons":              buttons(choice("a"), choice("b"), choice("c"), choice("d")),
		"a link beside a button":    buttons(choice("a"), link("b")),
		"two links":                 buttons(link("a"), link("b")),
		"a title of 21":             buttons(choice(words(21))),
		"data of 257":               buttons(hub.Button{Title: "a", Data: strings.Repeat("x", 257)}),
		"buttons without a body":    {Type: hub.Buttons, Buttons: []hub.Button{choice("a")}},
		"a body of 1025":            {Type: hub.Buttons, Text: words(1025), Buttons: []hub.Button{choice("a")}},
		"a header of 61":            {Type: hub.Buttons, Text: "t", Header: words(61), Buttons: []hub.Button{choice("a")}},
		"a footer of 61":            {Type: hub.Buttons, Text: "t", Footer: words(61), Buttons: []hub.Button{choice("a")}},
		"eleven rows":               list(menu(1, 11)),
		"eleven sections":           list(menu(11, 1)),
		"two rows alike":            changed(func(l *hub.List) { l.Sections[1].Rows[1].Data = l.Sections[0].Rows[0].Data }),
		"a row's title of 25":       changed(func(l *hub.List) { l.Sections[0].Rows[0].Title = words(25) }),
		"a row's text of 73":        changed(func(l *hub.List) { l.Sections[0].Rows[0].Description = words(73) }),
		"a row's data of 201":       changed(func(l *hub.List) { l.Sections[0].Rows[0].Data = strings.Repeat("x", 201) }),
		"a section's title of 25":   changed(func(l *hub.List) { l.Sections[0].Title = words(25) }),
		"a list's button of 21":     changed(func(l *hub.List) { l.Button = words(21) }),
		"a list with a medium":      {Type: hub.Menu, Text: "t", Media: &hub.Media{URL: picture}, List: menu(1, 1)},
		"a form's title of 31":      form(hub.FormCall{ID: "1", Token: "t", Title: words(31)}),
		"a form of id and name":     form(hub.FormCall{ID: "1", Name: "n", Token: "t", Title: "t"}),
		"a form without token":      form(hub.FormCall{ID: "1", Title: "t"}),
		"a template without name":   {Type: hub.Template, Template: &hub.TemplateCall{Language: "zh_TW"}},
	}
}

// unfit are contents that pass the check, but that WhatsApp would not take.
func unfit() map[string]hub.Content {
	one := []hub.Button{choice("a")}
	native := func(object string) hub.Content {
		return hub.Content{Type: hub.Native, Native: json.RawMessage(object)}
	}
	form := func(f hub.FormCall) hub.Content {
		f.ID, f.Token, f.Title = "1", "t", "t"
		return hub.Content{Type: hub.Form, Text: "t", Form: &f}
	}
	header := func(h hub.TemplateHeader) hub.Content {
		return hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW", Header: &h}}
	}
	button := func(b hub.TemplateButton) hub.Content {
		return hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW", Buttons: []hub.TemplateButton{b}}}
	}
	out := map[string]hub.Content{
		"header and medium":          {Type: hub.Buttons, Text: "t", Header: "h", Media: &hub.Media{URL: picture}, Buttons: one},
		"a medium of unknown kind":   {Type: hub.Buttons, Text: "t", Media: &hub.Media{URL: paper}, Buttons: one},
		"two buttons with one title": {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: "1"}, {Title: "a", Data: "2"}}},
		"two buttons with one data":  {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: "1"}, {Title: "b", Data: "1"}}},
		"a script as a link":         {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", URL: "javascript:alert(document.cookie)"}}},
		"a link to nowhere":          {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", URL: "https://"}}},
		"a section without rows": {Type: hub.Menu, Text: "t", List: &hub.List{Button: "b", Sections: []hub.Section{
			{Title: "a", Rows: []hub.Row{{Title: "a", Data: "a"}}}, {Title: "b"}}}},
		"a latitude of 91":             {Type: hub.Location, Place: &hub.Place{Latitude: 91}},
		"a longitude of -181":          {Type: hub.Location, Place: &hub.Place{Longitude: -181}},
		"form data without a screen":   form(hub.FormCall{Data: json.RawMessage(`{"a":1}`)}),
		"form data in a list":          form(hub.FormCall{Screen: "S", Data: json.RawMessage(`[1]`)}),
		"form data of nothing":         form(hub.FormCall{Screen: "S", Data: json.RawMessage(`null`)}),
		"a template's empty header":    header(hub.TemplateHeader{}),
		"a template's double header":   header(hub.TemplateHeader{Text: &hub.Blank{Value: "v"}, Place: &hub.Place{}}),
		"a template's header by http":  header(hub.TemplateHeader{Kind: hub.Image, Media: &hub.Media{URL: "http://cdn.example.com/a.png"}}),
		"a template's audible header":  header(hub.TemplateHeader{Kind: hub.Audio, Media: &hub.Media{URL: film}}),
		"a template's header unmapped": header(hub.TemplateHeader{Place: &hub.Place{Latitude: 91}}),
		"a template's empty button":    button(hub.TemplateButton{}),
		"a template's double button":   button(hub.TemplateButton{Data: "d", URL: "u"}),
		"a template's button below 0":  button(hub.TemplateButton{Index: -1, Data: "d"}),
		"a template's odd form":        button(hub.TemplateButton{Form: &hub.FormCall{Data: json.RawMessage(`7`)}}),
		"a template's empty blank":     {Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW", Body: []hub.Blank{{Name: "a"}}}},
		"a native number":              native(`7`),
		"a native list":                native(`[{"type":"text"}]`),
		"native without type":          native(`{"text":{"body":"hello"}}`),
		"native without its object":    native(`{"type":"text"}`),
		"a native mark of reading":     native(`{"type":"text","text":{"body":"t"},"status":"read","message_id":"wamid.1"}`),
	}
	for _, member := range []string{"messaging_product", "recipient_type", "to", "recipient", "context", "biz_opaque_callback_data"} {
		out["native with "+member] = native(`{"type":"text","text":{"body":"t"},"` + member + `":"886900000000"}`)
	}
	return out
}
