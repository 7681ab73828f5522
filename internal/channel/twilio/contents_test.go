package twilio_test

import (
	"strings"

	"omnihub/internal/hub"
)

func media(kind hub.MessageType, mime, text string) hub.Content {
	return hub.Content{Type: kind, Text: text, Media: &hub.Media{URL: "https://media.example.tw/file?a=1&b=2", MIME: mime}}
}

func template(t hub.TemplateCall) hub.Content {
	t.Name, t.Language = content, "zh_TW"
	return hub.Content{Type: hub.Template, Text: "Your order is on its way", Template: &t}
}

func native(object string) hub.Content {
	return hub.Content{Type: hub.Native, Text: "Choose a time", Native: []byte(object)}
}

func sends() map[string]hub.Content {
	place := hub.Place{Title: "台北車站", Address: "台北市北平西路3號 | 1F", Latitude: 25.0478, Longitude: -121.5172}
	return map[string]hub.Content{
		"text":           hub.TextContent("您好 <b>&</b> 😀"),
		"text_longest":   hub.TextContent(strings.Repeat("字", 1600)),
		"image":          media(hub.Image, "image/jpeg", "收據 & 發票"),
		"image_bare":     media(hub.Image, "", ""),
		"video":          media(hub.Video, "video/mp4", "Please watch"),
		"audio":          media(hub.Audio, "audio/ogg", ""),
		"file":           media(hub.File, "application/pdf", ""),
		"location":       {Type: hub.Location, Place: &place},
		"location_title": {Type: hub.Location, Place: &hub.Place{Title: "Taipei Main Station", Latitude: 25}},
		"location_bare":  {Type: hub.Location, Place: &hub.Place{Latitude: 25.0478, Longitude: 121.5172}},
		"template":       template(hub.TemplateCall{}),
		"template_filled": template(hub.TemplateCall{
			Header: &hub.TemplateHeader{Text: &hub.Blank{Value: "王小明 <先生>"}}, Body: []hub.Blank{{Value: "order \"77\""}, {Value: "25 Nov."}},
			Buttons: []hub.TemplateButton{{Index: 0, URL: "orders/77"}, {Index: 1, Data: "confirm"}, {Index: 2, Code: "CODE25"}},
		}),
		"template_named": template(hub.TemplateCall{Body: []hub.Blank{{Name: "first_name", Value: "Ann Lee"}, {Value: "number"}}}),
		"template_image": template(hub.TemplateCall{Header: &hub.TemplateHeader{Kind: hub.Image, Media: &hub.Media{URL: "https://media.example.tw/a.jpg"}}}),
		"native":         native(`{"ContentSid":"` + content + `","ContentVariables":{"1":"14:00 & later","2":"x"}}`),
		"native_text":    native(`{"Body":"with a place","PersistentAction":"geo:25,121|Taipei"}`),
		"native_string":  native(`{"ContentSid":"` + content + `","ContentVariables":"{\"1\":\"a\"}"}`),
	}
}

// refused are contents of which the platform's facts tell that they cannot be shown.
func refused() map[string]hub.Content {
	button := hub.Button{Title: "Yes please", Data: "answer=yes"}
	over := media(hub.Image, "image/jpeg", "")
	over.Media.Size = 5<<20 + 1
	plain := media(hub.Image, "image/jpeg", "")
	plain.Media.URL = "http://media.example.tw/a.jpg"
	quoting := hub.TextContent("an answer")
	quoting.ReplyTo = sid
	return map[string]hub.Content{
		"empty text":          hub.TextContent(""),
		"long text":           hub.TextContent(strings.Repeat("字", 1601)),
		"long text of emoji":  hub.TextContent(strings.Repeat("😀", 801)),
		"long caption":        media(hub.Image, "image/jpeg", strings.Repeat("x", 1025)),
		"caption of a file":   media(hub.File, "application/pdf", "caption"),
		"caption of audio":    media(hub.Audio, "audio/ogg", "caption"),
		"GIF":                 media(hub.Image, "image/gif", ""),
		"zip":                 media(hub.File, "application/zip", ""),
		"sticker":             media(hub.Sticker, "image/webp", ""),
		"large image":         over,
		"no https":            plain,
		"no medium":           {Type: hub.Image},
		"buttons":             {Type: hub.Buttons, Text: "Well then?", Buttons: []hub.Button{button}},
		"quick replies":       {Type: hub.Text, Text: "Well then?", QuickReplies: []hub.Button{button}},
		"list":                {Type: hub.Menu, Text: "Choose", List: &hub.List{Button: "Open", Sections: []hub.Section{{Rows: []hub.Row{{Title: "Row 1", Data: "row=1"}}}}}},
		"cards":               {Type: hub.Cards, Cards: []hub.Card{{Text: "Card text"}}},
		"form":                {Type: hub.Form, Text: "Fill in", Form: &hub.FormCall{ID: "1", Token: "token1", Title: "Open"}},
		"quote":               quoting,
		"template, no name":   {Type: hub.Template, Template: &hub.TemplateCall{Language: "zh_TW"}},
		"template, no object": {Type: hub.Template},
		"native, no object":   {Type: hub.Native},
		"place, no object":    {Type: hub.Location},
	}
}

// unfit are contents that only Send can tell to be impossible.
func unfit() map[string]hub.Content {
	named := template(hub.TemplateCall{})
	named.Template.Name = "order_update"
	return map[string]hub.Content{
		"off the map":            {Type: hub.Location, Place: &hub.Place{Latitude: 91}},
		"template by name":       named,
		"blank left empty":       template(hub.TemplateCall{Body: []hub.Blank{{Value: ""}}}),
		"filled twice":           template(hub.TemplateCall{Body: []hub.Blank{{Value: "first one"}, {Name: "1", Value: "second one"}}}),
		"header of two":          template(hub.TemplateCall{Header: &hub.TemplateHeader{Text: &hub.Blank{Value: "header text"}, Media: &hub.Media{URL: "https://media.example.tw/a"}}}),
		"header of a place":      template(hub.TemplateCall{Header: &hub.TemplateHeader{Place: &hub.Place{Latitude: 1}}}),
		"button of two":          template(hub.TemplateCall{Buttons: []hub.TemplateButton{{Data: "button data", URL: "button url"}}}),
		"button of nothing":      template(hub.TemplateCall{Buttons: []hub.TemplateButton{{}}}),
		"button of a form":       template(hub.TemplateCall{Buttons: []hub.TemplateButton{{Form: &hub.FormCall{Token: "token1"}}}}),
		"native array":           native(`["Body"]`),
		"native of nothing":      native(`{}`),
		"native recipient":       native(`{"Body":"text","To":"whatsapp:+886900000000"}`),
		"native number":          native(`{"Body":5}`),
		"native null":            native(`{"Body":null}`),
		"native empty":           native(`{"Body":""}`),
		"native empty variable":  native(`{"ContentSid":"` + content + `","ContentVariables":{}}`),
		"native odd content":     native(`{"ContentSid":"HX1"}`),
		"native without content": native(`{"PersistentAction":"geo:1,2"}`),
		"native plain medium":    native(`{"MediaUrl":"http://media.example.tw/a"}`),
	}
}
