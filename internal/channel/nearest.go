package channel

import (
	"fmt"
	"strconv"
	"strings"

	"omnihub/internal/hub"
)

// way is a form that a content may take; its function answers false if it is none for
// this content. Of a deep one, each message may take its own nearest form in turn.
type way struct {
	form func(hub.Content, Capabilities) (form, bool)
	deep bool
}

// nearest is the table: the forms that stand in for what a channel cannot show, the
// nearest first. The ways lead from cards and lists down to texts, and never back.
var nearest = map[hub.MessageType][]way{
	hub.Cards:    {{self, false}, {oneCard, true}, {cardsAsText, true}},
	hub.Menu:     {{self, false}, {listAsButtons, false}, {listAsText, true}},
	hub.Buttons:  {{buttonsAsCard, false}, {self, false}, {linksInText, false}, {buttonsAsList, false}, {buttonsAsText, true}},
	hub.Text:     {{choicesAsButtons, false}, {choicesAsList, false}, {self, false}},
	hub.Sticker:  {{self, false}, {apart, true}, {stickerAsImage, true}},
	hub.Image:    {{self, false}, {mediumAsFile, false}, {apart, true}, {mediumAsLink, true}},
	hub.Video:    {{self, false}, {mediumAsFile, false}, {apart, true}, {mediumAsLink, true}},
	hub.Audio:    {{self, false}, {mediumAsFile, false}, {apart, true}, {mediumAsLink, true}},
	hub.File:     {{self, false}, {apart, true}, {mediumAsLink, true}},
	hub.Location: {{self, false}, {apart, true}, {placeAsText, true}},
	hub.Native:   {{self, false}, {nativeAsText, true}},
	hub.Form:     {{self, false}},
	hub.Template: {{self, false}},
}

// anything shows every form, without a limit.
var anything = func() Capabilities {
	const most = 1 << 30
	long := Limit{Max: most}
	media := []hub.MessageType{hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker}
	items := Items{Max: most, Title: long, Data: long, Links: most, MixedLinks: true}
	lined := Shape{Body: long, Header: long, Footer: long, Opener: long}
	buttons, list, form := lined, lined, lined
	buttons.Buttons, buttons.Media, form.Media = items, MediaLimit{Types: media}, MediaLimit{Types: media}
	list.Sections, list.Rows, list.RowTitle, list.RowText, list.RowData = most, most, long, long, long
	c := Capabilities{QuickReplies: items, Quotes: true, Shows: map[hub.MessageType]Shape{
		hub.Text: {Body: long}, hub.Location: {Body: long}, hub.Template: {Body: long}, hub.Native: {Body: long},
		hub.Buttons: buttons, hub.Menu: list, hub.Form: form,
		hub.Cards: {Body: long, Cards: most, CardTitle: long, CardText: long, Buttons: items},
	}}
	for _, t := range media {
		c.Shows[t] = Shape{Body: long, Media: MediaLimit{Types: []hub.MessageType{t}}}
	}
	return c
}()

// one is a form of one message.
func one(m hub.Content, losses ...Loss) (form, bool) {
	return form{messages: []hub.Content{m}, losses: losses}, true
}

func self(m hub.Content, _ Capabilities) (form, bool) { return one(m) }

// textOf is a text in place of a content, with its quick replies.
func textOf(m hub.Content, text string) hub.Content {
	return hub.Content{Type: hub.Text, Text: text, QuickReplies: m.QuickReplies, ReplyTo: m.ReplyTo}
}

// oneCard is a single card as a text with buttons below its picture, or as a picture.
func oneCard(m hub.Content, _ Capabilities) (form, bool) {
	if len(m.Cards) != 1 {
		return form{}, false
	}
	card := m.Cards[0]
	out := textOf(m, lines(m.Text, card.Title, card.Text))
	if card.Image != "" {
		out.Type, out.Media = hub.Image, &hub.Media{URL: card.Image}
	}
	if len(card.Buttons) > 0 {
		out.Type, out.Buttons = hub.Buttons, card.Buttons
	}
	return one(out)
}

// cardsAsText is cards below each other; their choices are quick replies that bear the
// card's number.
func cardsAsText(m hub.Content, _ Capabilities) (form, bool) {
	out := textOf(m, m.Text)
	losses := []Loss{LossCards}
	for i, card := range m.Cards {
		title := card.Title
		if len(m.Cards) > 1 {
			title = strconv.Itoa(i+1) + ". " + title
		}
		links, choices := parted(card.Buttons)
		out.Text = lines(out.Text, title, card.Text, linked(links))
		for _, b := range choices {
			if len(m.Cards) > 1 {
				b.Title = fmt.Sprintf("%s (%d)", b.Title, i+1)
			}
			out.QuickReplies = append(out.QuickReplies[:len(out.QuickReplies):len(out.QuickReplies)], b)
		}
		if len(links) > 0 {
			losses = append(losses, LossLinks)
		}
		if card.Image != "" {
			losses = append(losses, LossPictures)
		}
	}
	return one(out, losses...)
}

// unfolded is a list's rows as choices, and as lines what those do not show.
func unfolded(l hub.List) (choices []hub.Button, text string) {
	for _, s := range l.Sections {
		text = lines(text, s.Title)
		for _, r := range s.Rows {
			choices = append(choices, hub.Button{Title: r.Title, Data: r.Data})
			if r.Description != "" {
				text = lines(text, r.Title+": "+r.Description)
			}
		}
	}
	return choices, text
}

func listAsButtons(m hub.Content, _ Capabilities) (form, bool) {
	choices, text := unfolded(*m.List)
	m.Type, m.Buttons, m.Text, m.List = hub.Buttons, choices, lines(m.Text, text), nil
	return one(m, LossList)
}

func listAsText(m hub.Content, _ Capabilities) (form, bool) {
	choices, text := unfolded(*m.List)
	out := textOf(m, lines(m.Header, m.Text, text, m.Footer))
	out.QuickReplies = append(choices, m.QuickReplies...)
	return one(out, LossList)
}

// buttonsAsCard is buttons below a picture as the one card of a carousel. Without a header
// the first of several lines is its title.
func buttonsAsCard(m hub.Content, c Capabilities) (form, bool) {
	if m.Media == nil || kindOf(*m.Media) != hub.Image {
		return form{}, false
	}
	card := hub.Card{Image: m.Media.URL, Square: m.Media.Width > 0 && m.Media.Width == m.Media.Height,
		Title: m.Header, Text: lines(m.Text, m.Footer), Buttons: m.Buttons}
	shape := c.Shows[hub.Cards]
	if title, text, several := strings.Cut(card.Text, "\n"); several && card.Title == "" && shape.CardTitle.Fits(title) && shape.CardText.Fits(text) {
		card.Title, card.Text = title, text
	}
	return one(hub.Content{Type: hub.Cards, Cards: []hub.Card{card}, QuickReplies: m.QuickReplies, ReplyTo: m.ReplyTo})
}

// linksInText leaves the choices as buttons, where both do not stand together.
func linksInText(m hub.Content, _ Capabilities) (form, bool) {
	links, choices := parted(m.Buttons)
	if len(links) == 0 || len(choices) == 0 {
		return form{}, false
	}
	m.Text, m.Buttons = lines(m.Text, linked(links)), choices
	return one(m, LossLinks)
}

// opener is what opens a list that was none.
const opener = "☰"

func listOf(choices []hub.Button) *hub.List {
	var rows []hub.Row
	for _, b := range choices {
		rows = append(rows, hub.Row{Title: b.Title, Data: b.Data})
	}
	return &hub.List{Button: opener, Sections: []hub.Section{{Rows: rows}}}
}

func buttonsAsList(m hub.Content, _ Capabilities) (form, bool) {
	links, choices := parted(m.Buttons)
	if len(choices) == 0 {
		return form{}, false
	}
	var losses []Loss
	if len(links) > 0 {
		losses = append(losses, LossLinks)
	}
	m.Type, m.Text, m.List, m.Buttons = hub.Menu, lines(m.Text, linked(links)), listOf(choices), nil
	return one(m, losses...)
}

// buttonsAsText is the choices as quick replies, and the links in the text.
func buttonsAsText(m hub.Content, c Capabilities) (form, bool) {
	links, choices := parted(m.Buttons)
	out := textOf(m, lines(m.Header, m.Text, m.Footer, linked(links)))
	out.QuickReplies = append(choices, m.QuickReplies...)
	var f form
	if len(links) > 0 {
		f.losses = append(f.losses, LossLinks)
	}
	if m.Media != nil {
		medium := hub.Content{Type: kindOf(*m.Media), Media: m.Media}
		if c.Check(medium) == nil {
			f.messages, f.losses = append(f.messages, medium), append(f.losses, LossApart)
		} else {
			out.Text, f.losses = lines(m.Media.URL, out.Text), append(f.losses, LossMedium)
		}
	}
	f.messages = append(f.messages, out)
	return f, true
}

func choicesAsButtons(m hub.Content, _ Capabilities) (form, bool) {
	if len(m.QuickReplies) == 0 {
		return form{}, false
	}
	m.Type, m.Buttons, m.QuickReplies = hub.Buttons, m.QuickReplies, nil
	return one(m)
}

func choicesAsList(m hub.Content, _ Capabilities) (form, bool) {
	links, choices := parted(m.QuickReplies)
	if len(links) > 0 || len(choices) == 0 {
		return form{}, false
	}
	m.Type, m.List, m.QuickReplies = hub.Menu, listOf(choices), nil
	return one(m)
}

// apart is a medium or a place without its text, and the text after it.
func apart(m hub.Content, c Capabilities) (form, bool) {
	if m.Text == "" && len(m.QuickReplies) == 0 {
		return form{}, false
	}
	rest := hub.Content{Type: hub.Text, Text: m.Text, QuickReplies: m.QuickReplies}
	m.Text, m.QuickReplies = "", nil
	for _, t := range alone[m.Type] {
		bare := m
		bare.Type = t.as
		if _, _, err := c.lay(bare); err == nil {
			return form{messages: []hub.Content{bare, rest}, losses: append([]Loss{LossApart}, t.losses...)}, true
		}
	}
	return form{}, false
}

// alone are the types in which a medium or a place may go out without its text.
var alone = map[hub.MessageType][]struct {
	as     hub.MessageType
	losses []Loss
}{
	hub.Image:    {{hub.Image, nil}, {hub.File, []Loss{LossFile}}},
	hub.Video:    {{hub.Video, nil}, {hub.File, []Loss{LossFile}}},
	hub.Audio:    {{hub.Audio, nil}, {hub.File, []Loss{LossFile}}},
	hub.File:     {{hub.File, nil}},
	hub.Sticker:  {{hub.Sticker, nil}, {hub.Image, []Loss{LossImage}}},
	hub.Location: {{hub.Location, nil}},
}

func stickerAsImage(m hub.Content, _ Capabilities) (form, bool) {
	m.Type = hub.Image
	return one(m, LossImage)
}

func mediumAsFile(m hub.Content, _ Capabilities) (form, bool) {
	m.Type = hub.File
	return one(m, LossFile)
}

func mediumAsLink(m hub.Content, _ Capabilities) (form, bool) {
	return one(textOf(m, lines(m.Text, m.Media.URL)), LossMedium)
}

// placeAsText links to a map by the one form of address that needs no key.
// https://developers.google.com/maps/documentation/urls/get-started#search-action
func placeAsText(m hub.Content, _ Capabilities) (form, bool) {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	link := "https://www.google.com/maps/search/?api=1&query=" + number(m.Place.Latitude) + "," + number(m.Place.Longitude)
	return one(textOf(m, lines(m.Text, m.Place.Title, m.Place.Address, link)), LossPlace)
}

func nativeAsText(m hub.Content, _ Capabilities) (form, bool) {
	if m.Text == "" {
		return form{}, false
	}
	return one(textOf(m, m.Text), LossNative)
}
