package channel_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
)

// channels are some that can show little, each in its own way, and those that are
// registered.
func channels() map[string]channel.Capabilities {
	text := channel.Limit{Max: 600}
	short := channel.Limit{Max: 20}
	items := func(n, links int, mixed bool) channel.Items {
		return channel.Items{Max: n, Title: short, Data: channel.Limit{Max: 100}, Links: links, MixedLinks: mixed}
	}
	image := channel.MediaLimit{Types: []hub.MessageType{hub.Image}, MIME: []string{"image/png"}}
	plain := map[hub.MessageType]channel.Shape{hub.Text: {Body: text, BodyNeeded: true}}
	with := func(more map[hub.MessageType]channel.Shape) map[hub.MessageType]channel.Shape {
		shows := maps.Clone(plain)
		maps.Copy(shows, more)
		return shows
	}
	list := map[string]channel.Capabilities{
		"text only":     {Shows: plain},
		"quick replies": {Shows: plain, QuickReplies: items(13, 0, false), Quotes: true},
		"buttons": {Shows: with(map[hub.MessageType]channel.Shape{
			hub.Buttons: {Body: text, BodyNeeded: true, Buttons: items(3, 1, false)},
			hub.Image:   {Body: channel.Limit{Max: 30}, Media: image},
		})},
		"menu": {Shows: with(map[hub.MessageType]channel.Shape{
			hub.Menu: {Body: text, BodyNeeded: true, Sections: 3, Rows: 10, RowTitle: short, RowText: text, RowData: text, Opener: short},
			hub.File: {Media: channel.MediaLimit{Types: []hub.MessageType{hub.File}}},
		})},
		"cards": {QuickReplies: items(11, 0, false), Shows: with(map[hub.MessageType]channel.Shape{
			hub.Cards: {Cards: 10, CardTitle: channel.Limit{Max: 80}, CardText: channel.Limit{Max: 80}, Buttons: items(3, 3, true)},
			hub.Image: {Media: image},
		})},
	}
	for kind, a := range all.Adapters(channel.Platform{}) {
		list[string(kind)] = a.Capabilities()
	}
	return list
}

const pic = "https://x.example/p.png"

// corpus are contents of every form.
func corpus() map[string]hub.Content {
	choice := func(n int) (out []hub.Button) {
		for i := range n {
			out = append(out, hub.Button{Title: fmt.Sprint("Choice ", i), Data: fmt.Sprint("data=", i)})
		}
		return out
	}
	shop := hub.Button{Title: "Shop", URL: "https://x.example/shop"}
	rows := func(n int) []hub.Row {
		var out []hub.Row
		for i := range n {
			out = append(out, hub.Row{Title: fmt.Sprint("Row ", i), Description: fmt.Sprint("what row ", i, " is"), Data: fmt.Sprint("row=", i)})
		}
		return out
	}
	card := func(i int) hub.Card {
		return hub.Card{Image: pic, Title: fmt.Sprint("Card ", i), Text: fmt.Sprint("text of card ", i),
			Buttons: []hub.Button{{Title: "Buy", Data: fmt.Sprint("buy=", i)}, shop}}
	}
	media := &hub.Media{URL: pic, MIME: "image/png"}
	return map[string]hub.Content{
		"text":                    hub.TextContent("hello"),
		"text that quotes":        {Type: hub.Text, Text: "hello", ReplyTo: "mid.1"},
		"text with replies":       {Type: hub.Text, Text: "which?", QuickReplies: choice(3)},
		"text with ten replies":   {Type: hub.Text, Text: "which?", QuickReplies: choice(10)},
		"text too long":           hub.TextContent(strings.Repeat("long ", 3000)),
		"image":                   {Type: hub.Image, Media: media},
		"image with words":        {Type: hub.Image, Media: media, Text: "a picture of the shop as it stands"},
		"image of another kind":   {Type: hub.Image, Media: &hub.Media{URL: "https://x.example/p.tiff", MIME: "image/tiff"}, Text: "scan"},
		"image with replies":      {Type: hub.Image, Media: media, Text: "this one?", QuickReplies: choice(2)},
		"video":                   {Type: hub.Video, Media: &hub.Media{URL: "https://x.example/v.mp4", Preview: pic, MIME: "video/mp4", Length: 1000}, Text: "film"},
		"audio with words":        {Type: hub.Audio, Media: &hub.Media{URL: "https://x.example/a.m4a", MIME: "audio/mp4", Length: 1000}, Text: "listen"},
		"file":                    {Type: hub.File, Media: &hub.Media{URL: "https://x.example/f.pdf", Name: "f.pdf"}, Text: "the menu"},
		"sticker":                 {Type: hub.Sticker, Media: &hub.Media{URL: "https://x.example/s.webp", MIME: "image/webp"}},
		"place":                   {Type: hub.Location, Place: &hub.Place{Title: "Shop", Address: "Road 1", Latitude: 25.0339, Longitude: 121.5645}},
		"buttons":                 {Type: hub.Buttons, Text: "which?", Header: "Head", Footer: "Foot", Buttons: choice(3)},
		"buttons under a picture": {Type: hub.Buttons, Text: "which?", Media: media, Buttons: choice(2)},
		"buttons under a film":    {Type: hub.Buttons, Text: "which?", Media: &hub.Media{URL: "https://x.example/v.mp4"}, Buttons: choice(2)},
		"seven buttons":           {Type: hub.Buttons, Text: "which?", Buttons: choice(7)},
		"buttons and a link":      {Type: hub.Buttons, Text: "which?", Buttons: append(choice(2), shop)},
		"links":                   {Type: hub.Buttons, Text: "see", Buttons: []hub.Button{shop, {Title: "Help", URL: "https://x.example/help"}}},
		"buttons with long names": {Type: hub.Buttons, Text: "which?", Buttons: []hub.Button{{Title: strings.Repeat("very ", 9) + "long", Data: "d"}}},
		"buttons and replies":     {Type: hub.Buttons, Text: "which?", Buttons: choice(1), QuickReplies: []hub.Button{{Title: "Other", Data: "other"}}},
		"list":                    {Type: hub.Menu, Text: "pick", List: &hub.List{Button: "Open", Sections: []hub.Section{{Title: "A", Rows: rows(2)}, {Title: "B", Rows: []hub.Row{{Title: "Last", Data: "last"}}}}}},
		"long list":               {Type: hub.Menu, Text: "pick", Header: "Head", Footer: "Foot", List: &hub.List{Button: "Open", Sections: []hub.Section{{Rows: rows(10)}}}},
		"one card":                {Type: hub.Cards, Cards: []hub.Card{card(1)}},
		"card without buttons":    {Type: hub.Cards, Cards: []hub.Card{{Image: pic, Text: "only words"}}},
		"cards":                   {Type: hub.Cards, Text: "our offers", Cards: []hub.Card{card(1), card(2), card(3)}},
		"native":                  {Type: hub.Native, Text: "instead", Native: json.RawMessage(`{"type":"flex"}`)},
		"native without words":    {Type: hub.Native, Native: json.RawMessage(`{"type":"flex"}`)},
		"form":                    {Type: hub.Form, Text: "fill in", Form: &hub.FormCall{ID: "1", Token: "t", Title: "Go"}},
		"template":                {Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}},
		"no choices":              {Type: hub.Buttons, Text: "which?"},
		"no address":              {Type: hub.Image, Media: &hub.Media{URL: "http://x.example/p.png"}},
		"unknown":                 {Type: "hologram", Text: "x"},
	}
}

// hold checks what Fit promises for one content on one channel.
func hold(t interface {
	Helper()
	Errorf(string, ...any)
}, name string, c channel.Capabilities, m hub.Content) {
	t.Helper()
	before, _ := json.Marshal(m)
	messages, losses, err := channel.Fit(c, m)
	if after, _ := json.Marshal(m); string(after) != string(before) {
		t.Errorf("%s: Fit changed its argument", name)
	}
	if err != nil {
		if hub.CodeOf(err) != hub.Unsupported || len(messages)+len(losses) > 0 || c.Check(m) == nil {
			t.Errorf("%s: got %d messages, %v, %v, want nothing but that it is unsupported", name, len(messages), losses, err)
		}
		return
	}
	if c.Check(m) == nil && (len(messages) != 1 || !reflect.DeepEqual(messages[0], m) || len(losses) > 0) {
		t.Errorf("%s: got %+v, %v for what the channel can show, want it as it is", name, messages, losses)
	}
	var shown strings.Builder
	for _, out := range messages {
		if err := c.Check(out); err != nil {
			t.Errorf("%s: a message does not pass: %v", name, err)
		}
		encoded, _ := json.Marshal(out)
		shown.Write(encoded)
	}
	for i, l := range losses {
		if l.Sentence() == "" || slices.Contains(losses[:i], l) {
			t.Errorf("%s: got the losses %v, want each once, with words for people", name, losses)
		}
	}
	for part, of := range partsOf(m) {
		if !strings.Contains(shown.String(), part) && !slices.ContainsFunc(of, func(l channel.Loss) bool { return slices.Contains(losses, l) }) {
			t.Errorf("%s: %s is lost and the losses are %v: %s", name, part, losses, shown.String())
		}
	}
}

// partsOf are the parts of a content, each with the losses that account for it.
func partsOf(m hub.Content) map[string][]channel.Loss {
	parts := map[string][]channel.Loss{}
	add := func(text string, losses ...channel.Loss) {
		if text != "" {
			encoded, _ := json.Marshal(text)
			parts[string(encoded[1:len(encoded)-1])] = losses
		}
	}
	button := func(b hub.Button) {
		add(b.Title)
		add(b.URL)
		add(b.Data, channel.LossChoices)
	}
	add(m.Text)
	add(m.Header)
	add(m.Footer)
	add(m.ReplyTo, channel.LossQuote)
	if len(m.Native) > 0 {
		parts[string(m.Native)] = []channel.Loss{channel.LossNative}
	}
	if m.Media != nil {
		add(m.Media.URL)
		add(m.Media.Name, channel.LossMedium)
	}
	if m.Place != nil {
		add(m.Place.Title)
		add(m.Place.Address)
		add(fmt.Sprint(m.Place.Latitude))
		add(fmt.Sprint(m.Place.Longitude))
	}
	for _, b := range append(slices.Clone(m.Buttons), m.QuickReplies...) {
		button(b)
	}
	if m.List != nil {
		add(m.List.Button, channel.LossList)
		for _, s := range m.List.Sections {
			add(s.Title)
			for _, r := range s.Rows {
				add(r.Description)
				button(hub.Button{Title: r.Title, Data: r.Data})
			}
		}
	}
	for _, c := range m.Cards {
		add(c.Image, channel.LossPictures)
		add(c.Title)
		add(c.Text)
		for _, b := range c.Buttons {
			button(b)
		}
	}
	return parts
}

func TestNearestFormIsShownOrRefusedAndNothingIsLostInSilence(t *testing.T) {
	for channelName, c := range channels() {
		for name, m := range corpus() {
			hold(t, channelName+": "+name, c, m)
		}
	}
}

func TestNearestFormOfAnyContent(t *testing.T) {
	lists := channels()
	names := slices.Sorted(maps.Keys(lists))
	texts := rapid.StringMatching(`[a-z\x{4e00}-\x{4e20} ]{1,60}`)
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		text := func() string { n++; return fmt.Sprintf("%d %s.", n, texts.Draw(t, "text")) }
		maybe := func() string {
			if rapid.Bool().Draw(t, "there") {
				return text()
			}
			return ""
		}
		buttons := func(most int) (out []hub.Button) {
			for range rapid.IntRange(0, most).Draw(t, "buttons") {
				b := hub.Button{Title: text(), Data: text()}
				if rapid.Bool().Draw(t, "link") {
					b.Data, b.URL = "", fmt.Sprintf("https://x.example/%d", n)
				}
				out = append(out, b)
			}
			return out
		}
		m := hub.Content{Type: rapid.SampledFrom([]hub.MessageType{hub.Text, hub.Buttons, hub.Menu, hub.Cards, hub.Image, hub.Audio}).Draw(t, "type")}
		m.Text, m.QuickReplies, m.ReplyTo = maybe(), buttons(4), maybe()
		switch m.Type {
		case hub.Image, hub.Audio:
			m.Media = &hub.Media{URL: fmt.Sprintf("https://x.example/m%d.png", n), MIME: rapid.SampledFrom([]string{"", "image/png", "image/bmp"}).Draw(t, "mime")}
		case hub.Buttons:
			m.Header, m.Footer, m.Buttons = maybe(), maybe(), append(buttons(12), hub.Button{Title: text(), Data: text()})
			if rapid.Bool().Draw(t, "picture") {
				m.Media = &hub.Media{URL: fmt.Sprintf("https://x.example/b%d.png", n)}
			}
		case hub.Menu:
			m.List = &hub.List{Button: text()}
			for range rapid.IntRange(1, 3).Draw(t, "sections") {
				s := hub.Section{Title: text()}
				for range rapid.IntRange(1, 5).Draw(t, "rows") {
					s.Rows = append(s.Rows, hub.Row{Title: text(), Description: maybe(), Data: text()})
				}
				m.List.Sections = append(m.List.Sections, s)
			}
		case hub.Cards:
			for range rapid.IntRange(1, 4).Draw(t, "cards") {
				m.Cards = append(m.Cards, hub.Card{Image: fmt.Sprintf("https://x.example/c%d.png", n), Title: maybe(), Text: text(), Buttons: buttons(3)})
			}
		}
		name := rapid.SampledFrom(names).Draw(t, "channel")
		hold(t, name, lists[name], m)
	})
}

// TestNearestForms shows the table at work.
func TestNearestForms(t *testing.T) {
	lists, contents := channels(), corpus()
	for _, c := range []struct{ channel, content, want string }{
		{"text only", "text that quotes", "text[hello] -quote"},
		{"text only", "buttons", "text[Head/which?/Foot/1. Choice 0/2. Choice 1/3. Choice 2] -choices_as_text"},
		{"quick replies", "buttons", "text[Head/which?/Foot]+3"},
		{"quick replies", "buttons and a link", "text[which?/Shop: https://x.example/shop]+2 -links_as_text"},
		{"buttons", "buttons and a link", "buttons[which?/Shop: https://x.example/shop]2 -links_as_text"},
		{"buttons", "text with replies", "buttons[which?]3"},
		{"buttons", "text with ten replies", "text[which?/1. Choice 0/2. Choice 1/3. Choice 2/4. Choice 3/5. Choice 4/6. Choice 5/7. Choice 6/8. Choice 7/9. Choice 8/10. Choice 9] -choices_as_text"},
		{"buttons", "buttons under a picture", "image[] buttons[which?]2 -medium_apart"},
		{"buttons", "image with words", "image[] text[a picture of the shop as it stands] -medium_apart"},
		{"buttons", "one card", "image[] buttons[Card 1/text of card 1/Shop: https://x.example/shop]1 -links_as_text -medium_apart"},
		{"menu", "text with ten replies", "list[which?]10"},
		{"menu", "seven buttons", "list[which?]7"},
		{"menu", "image with words", "file[] text[a picture of the shop as it stands] -medium_apart -medium_as_file"},
		{"cards", "buttons under a picture", "cards1"},
		{"cards", "image of another kind", "text[scan/https://x.example/p.tiff] -medium_as_link"},
		{"cards", "list", "text[pick/A/Row 0: what row 0 is/Row 1: what row 1 is/B]+3 -list_unfolded"},
		{"text only", "place", "text[Shop/Road 1/https://www.google.com/maps/search/?api=1&query=25.0339,121.5645] -place_as_link"},
		{"text only", "native", "text[instead] -native_as_text"},
		{"text only", "cards", "text[our offers/1. Card 1/text of card 1/Shop: https://x.example/shop/2. Card 2/text of card 2/Shop: https://x.example/shop/3. Card 3/text of card 3/Shop: https://x.example/shop/1. Buy (1)/2. Buy (2)/3. Buy (3)] -cards_as_text -links_as_text -pictures_left_out -choices_as_text"},
		{"text only", "text too long", "text is over 600 characters"},
		{"text only", "form", `message type "form"`},
		{"text only", "native without words", `message type "native"`},
		{"quick replies", "no choices", "buttons is missing"},
		{"quick replies", "no address", "no https address"},
		{"quick replies", "unknown", `message type "hologram"`},
	} {
		messages, losses, err := channel.Fit(lists[c.channel], contents[c.content])
		got := ""
		for _, m := range messages {
			got += " " + string(m.Type)
			if m.Type != hub.Cards {
				got += "[" + strings.ReplaceAll(m.Text, "\n", "/") + "]"
			}
			n := len(m.Buttons) + len(m.Cards)
			if m.List != nil {
				n = len(m.List.Sections[0].Rows)
			}
			if n > 0 {
				got += fmt.Sprint(n)
			}
			if len(m.QuickReplies) > 0 {
				got += fmt.Sprint("+", len(m.QuickReplies))
			}
		}
		for _, l := range losses {
			got += " -" + string(l)
		}
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s on %s: got %v, want %q", c.content, c.channel, err, c.want)
			}
			continue
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s on %s:\ngot  %s\nwant %s", c.content, c.channel, got, c.want)
		}
	}
}
