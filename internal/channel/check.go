package channel

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// Check refuses, with the code Unsupported, what the platform cannot show. Its text
// says which member is at fault and what the limit is, and holds nothing of the
// content.
func (c Capabilities) Check(m hub.Content) error {
	if m.Type == hub.Several && c.PerCall > 1 {
		return c.several(m)
	}
	shape, ok := c.Shows[m.Type]
	if !ok {
		return unsupported("message type %q", m.Type)
	}
	k := checker{}
	if shape.BodyNeeded && m.Text == "" {
		k.say("text is empty")
	}
	k.limit("text", m.Text, shape.Body)
	k.limit("header", m.Header, shape.Header)
	k.limit("footer", m.Footer, shape.Footer)
	k.media(m, shape.Media)
	k.form(m, shape)
	if m.ReplyTo != "" && !c.Quotes {
		k.say("reply_to is not possible")
	}
	if len(m.QuickReplies) > 0 {
		if m.Type == hub.Template {
			k.say("quick_replies beside a template are not possible")
		}
		k.items("quick_replies", m.QuickReplies, c.QuickReplies)
	}
	if k.wrong == "" {
		return nil
	}
	return unsupported("%s", k.wrong)
}

// several refuses parts of which one cannot be shown by itself.
func (c Capabilities) several(m hub.Content) error {
	if n := len(m.Parts); n < 2 || n > c.PerCall {
		return unsupported("parts are 2 to %d", c.PerCall)
	}
	if !reflect.DeepEqual(m, hub.Content{Type: hub.Several, Parts: m.Parts}) {
		return unsupported("beside parts nothing is possible")
	}
	for _, part := range m.Parts {
		if part.Type == hub.Several {
			return unsupported("parts have no parts")
		}
		if err := c.Check(part); err != nil {
			return err
		}
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return hub.E(hub.Unsupported, "channel: check", fmt.Errorf(format, args...))
}

// checker keeps the first thing that is wrong.
type checker struct{ wrong string }

func (k *checker) say(format string, args ...any) {
	if k.wrong == "" {
		k.wrong = fmt.Sprintf(format, args...)
	}
}

func (k *checker) limit(name, text string, l Limit) {
	switch {
	case text == "":
	case l.Max == 0:
		k.say("%s is not possible", name)
	case !l.Fits(text):
		k.say("%s is over %d %s", name, l.Max, l.In)
	}
}

// String is the unit's name in texts for people.
func (u Unit) String() string {
	return [...]string{"characters", "UTF-16 units", "bytes", "characters"}[u]
}

func (k *checker) media(m hub.Content, l MediaLimit) {
	if m.Media == nil {
		if slices.Contains(l.Types, m.Type) {
			k.say("media is missing")
		}
		return
	}
	if len(l.Types) == 0 {
		k.say("media is not possible")
		return
	}
	if !https(m.Media.URL) || m.Media.Preview != "" && !https(m.Media.Preview) {
		k.say("media has no https address")
	}
	if l.Bytes > 0 && m.Media.Size > l.Bytes {
		k.say("media is over %d bytes", l.Bytes)
	}
	if len(l.MIME) > 0 && m.Media.MIME != "" && !slices.Contains(l.MIME, m.Media.MIME) {
		k.say("media of this type is not possible")
	}
}

func https(url string) bool { return strings.HasPrefix(url, "https://") && len(url) > len("https://") }

// form checks that what the type needs is there, what belongs to another type is
// not, and all of it is within the limits.
func (k *checker) form(m hub.Content, s Shape) {
	for _, part := range []struct {
		name  string
		there bool
		of    []hub.MessageType
	}{
		{"place", m.Place != nil, []hub.MessageType{hub.Location}},
		{"buttons", len(m.Buttons) > 0, []hub.MessageType{hub.Buttons}},
		{"list", m.List != nil, []hub.MessageType{hub.Menu}},
		{"cards", len(m.Cards) > 0, []hub.MessageType{hub.Cards}},
		{"template", m.Template != nil, []hub.MessageType{hub.Template}},
		{"form", m.Form != nil, []hub.MessageType{hub.Form}},
		{"native", len(m.Native) > 0, []hub.MessageType{hub.Native}},
		{"parts", len(m.Parts) > 0, nil},
	} {
		switch belongs := slices.Contains(part.of, m.Type); {
		case belongs && !part.there:
			k.say("%s is missing", part.name)
		case part.there && !belongs:
			k.say("%s does not belong to the type %s", part.name, m.Type)
		}
	}
	k.items("buttons", m.Buttons, s.Buttons)
	if m.List != nil {
		k.list(*m.List, s)
	}
	if len(m.Cards) > s.Cards {
		k.say("cards are over %d", s.Cards)
	}
	for _, c := range m.Cards {
		k.limit("a card's title", c.Title, s.CardTitle)
		k.limit("a card's text", c.Text, s.CardText)
		if c.Image != "" && !https(c.Image) {
			k.say("a card's image has no https address")
		}
		k.items("a card's buttons", c.Buttons, s.Buttons)
	}
	if f := m.Form; f != nil {
		if (f.ID == "") == (f.Name == "") {
			k.say("a form needs exactly one of id and name")
		}
		if f.Token == "" || f.Title == "" {
			k.say("a form needs token and title")
		}
		k.limit("the form's title", f.Title, s.Opener)
	}
	if t := m.Template; t != nil && (t.Name == "" || t.Language == "") {
		k.say("a template needs name and language")
	}
}

func (k *checker) list(l hub.List, s Shape) {
	if l.Button == "" {
		k.say("a list needs a button")
	}
	k.limit("the list's button", l.Button, s.Opener)
	if len(l.Sections) == 0 || len(l.Sections) > s.Sections {
		k.say("a list has 1 to %d sections", s.Sections)
	}
	rows := 0
	seen := map[string]bool{}
	for _, section := range l.Sections {
		if section.Title == "" && len(l.Sections) > 1 {
			k.say("of several sections each needs a title")
		}
		k.limit("a section's title", section.Title, s.RowTitle)
		for _, r := range section.Rows {
			rows++
			if r.Title == "" || r.Data == "" || seen[r.Data] {
				k.say("a row needs a title, and data of its own")
			}
			seen[r.Data] = true
			k.limit("a row's title", r.Title, s.RowTitle)
			k.limit("a row's description", r.Description, s.RowText)
			k.limit("a row's data", r.Data, s.RowData)
		}
	}
	if rows == 0 || rows > s.Rows {
		k.say("a list has 1 to %d rows", s.Rows)
	}
}

func (k *checker) items(name string, list []hub.Button, l Items) {
	if len(list) > l.Max {
		if l.Max == 0 {
			k.say("%s are not possible", name)
		}
		k.say("%s are over %d", name, l.Max)
	}
	links := 0
	for _, b := range list {
		switch {
		case b.Title == "":
			k.say("%s: one has no title", name)
		case (b.URL == "") == (b.Data == ""):
			k.say("%s: each has either data or a url", name)
		}
		k.limit(name+": a title", b.Title, l.Title)
		if b.URL != "" {
			links++
		}
		k.limit(name+": data", b.Data, l.Data)
	}
	if links > l.Links {
		k.say("%s: links are over %d", name, l.Links)
	}
	if links > 0 && links < len(list) && !l.MixedLinks {
		k.say("%s: links and others do not stand together", name)
	}
}
