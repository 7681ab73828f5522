package bot

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// Invalid is a value that cannot stand in a field, as the cause of an error with the code
// BadRequest.
type Invalid struct {
	Field  string // "cards[1].buttons[0].title"
	Detail string
}

func (i Invalid) Error() string { return i.Field + ": " + i.Detail }

const (
	// maxModule and maxRules are how large a module's cards and an account's rules may be,
	// in bytes of JSON.
	maxModule = 64 << 10
	maxRules  = 256 << 10
	maxTitle  = 250  // characters of a button's title, on whatever channel
	maxURL    = 2000 // bytes
)

// faults collects what is wrong.
type faults []Invalid

func (f *faults) say(field, format string, args ...any) {
	*f = append(*f, Invalid{field, fmt.Sprintf(format, args...)})
}

// line says whether a text is one of one line, and within a limit.
func (f *faults) line(field, text string, most int, needed bool) {
	switch {
	case needed && strings.TrimSpace(text) == "":
		f.say(field, "is missing")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		f.say(field, "has to be text of one line")
	case utf8.RuneCountInString(text) > most:
		f.say(field, "has at most %d characters", most)
	}
}

// tags says whether names are those of tags.
func (f *faults) tags(field string, names []string) {
	if len(names) > hub.MaxButtonTags {
		f.say(field, "are at most %d", hub.MaxButtonTags)
	}
	for i, name := range names {
		clean, err := hub.TagName(name)
		switch {
		case err != nil || clean != name:
			f.say(hub.Path(field, i), "is no name of a tag")
		case slices.Contains(names[:i], name):
			f.say(hub.Path(field, i), "stands there twice")
		}
	}
}

// shape says what of a module cannot be on any channel.
func (f *faults) shape(m *hub.Module) {
	f.line("name", m.Name, hub.MaxModuleName, true)
	if len(m.Cards) == 0 || len(m.Cards) > hub.MaxCards {
		f.say("cards", "are 1 to %d", hub.MaxCards)
	}
	for i, c := range m.Cards {
		at := hub.Path("cards", i)
		f.card(at, c)
		if len(c.QuickReplies) > 0 && i < len(m.Cards)-1 {
			f.say(at+".quick_replies", "stand at the last card only: they are gone with the next message")
		}
	}
	ids := map[string]bool{}
	m.Buttons(func(path string, b *hub.ModuleButton) {
		f.button(path, b)
		if b.ID == "" {
			return
		}
		if !buttonForm.MatchString(b.ID) || ids[b.ID] {
			f.say(path+".id", "is made by the hub: leave it as it was, or out")
		}
		ids[b.ID] = true
	})
	if text, err := json.Marshal(m.Cards); err != nil || len(text) > maxModule {
		f.say("cards", "are over %d KB together", maxModule>>10)
	}
}

// card says whether a card has what its type needs, and nothing else.
func (f *faults) card(at string, c hub.ModuleCard) {
	members := map[string]bool{
		"text": c.Text != "", "media": c.Media != nil, "columns": len(c.Columns) > 0, "buttons": len(c.Buttons) > 0,
		"quick_replies": len(c.QuickReplies) > 0, "activity": c.Activity != "",
	}
	takes, needs := []string{"text", "media", "quick_replies"}, "media"
	switch c.Type {
	case hub.CardText:
		takes, needs = []string{"text", "buttons", "quick_replies"}, "text"
	case hub.CardImage, hub.CardVideo, hub.CardAudio, hub.CardFile:
	case hub.CardCarousel:
		takes, needs = []string{"text", "columns", "quick_replies"}, "columns"
	case hub.CardOmniLink:
		takes, needs = []string{"activity"}, "activity"
		if c.Activity != "" && !c.Activity.Valid() {
			f.say(at+".activity", "is no id of an activity")
		}
	default:
		f.say(at+".type", "is text, image, video, audio, file, carousel or omnilink")
		return
	}
	if !members[needs] {
		f.say(at+"."+needs, "is missing")
	}
	for _, name := range []string{"text", "media", "columns", "buttons", "quick_replies", "activity"} {
		if members[name] && !slices.Contains(takes, name) {
			f.say(at+"."+name, "does not belong to a card of the type %s", c.Type)
		}
	}
}

// button says whether a button has what its action needs, and nothing else.
func (f *faults) button(at string, b *hub.ModuleButton) {
	f.line(at+".title", b.Title, maxTitle, true)
	f.tags(at+".tags", b.Tags)
	members := map[string]bool{"module": b.Module != "", "url": b.URL != "", "system": b.System != ""}
	takes, needs := "", ""
	switch b.Action {
	case hub.DoModule:
		takes, needs = "module", "module"
	case hub.DoURL:
		takes, needs = "url", "url"
		if b.URL != "" && !opens(b.URL) {
			f.say(at+".url", "is no address that a customer can open")
		}
		if len(b.Tags) > 0 {
			f.say(at+".tags", "a tap on a link never reaches the hub, so that it can put on no tags")
		}
	case hub.DoSystem:
		takes, needs = "system", "system"
		if b.System != "" && !slices.Contains(hub.Systems(), b.System) {
			f.say(at+".system", "is one of %v", hub.Systems())
		}
	case hub.DoHandOver:
		takes = "module"
	case hub.DoNone:
	default:
		f.say(at+".action", "is module, url, system, handover or none")
		return
	}
	if needs != "" && !members[needs] {
		f.say(at+"."+needs, "is missing")
	}
	for _, name := range []string{"module", "url", "system"} {
		if members[name] && name != takes {
			f.say(at+"."+name, "does not belong to the action %s", b.Action)
		}
	}
	if b.Module != "" && !b.Module.Valid() {
		f.say(at+".module", "is no id of a module")
	}
}

// opens tells of an address that a customer's app opens.
func opens(link string) bool {
	u, err := url.Parse(link)
	if err != nil || len(link) > maxURL || strings.ContainsFunc(link, unicode.IsControl) {
		return false
	}
	switch u.Scheme {
	case "https", "http":
		return u.Host != ""
	case "tel", "mailto":
		return u.Opaque != "" || u.Host != ""
	}
	return false
}
