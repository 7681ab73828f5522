package channel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// Loss is something of a content that its nearest form on a channel does not show as it
// was meant.
type Loss string

const (
	LossQuote    Loss = "quote"
	LossApart    Loss = "medium_apart"
	LossFile     Loss = "medium_as_file"
	LossImage    Loss = "sticker_as_image"
	LossMedium   Loss = "medium_as_link"
	LossPictures Loss = "pictures_left_out"
	LossChoices  Loss = "choices_as_text"
	LossLinks    Loss = "links_as_text"
	LossList     Loss = "list_unfolded"
	LossCards    Loss = "cards_as_text"
	LossPlace    Loss = "place_as_link"
	LossNative   Loss = "native_as_text"
)

var lossWords = map[Loss]string{
	LossQuote:    "The channel cannot quote: the message stands by itself.",
	LossApart:    "The picture or file and the text go out as two messages.",
	LossFile:     "The channel does not show this kind of picture, sound or film: it goes out as a file.",
	LossImage:    "The sticker goes out as a picture.",
	LossMedium:   "The picture or file cannot be shown: its address stands in the text.",
	LossPictures: "The cards' pictures are left out.",
	LossChoices:  "The choices cannot be tapped: they stand as numbered lines, and what the customer types comes back as plain text.",
	LossLinks:    "The links are no buttons: their addresses stand in the text.",
	LossList:     "The list does not open on a tap: its rows are shown at once.",
	LossCards:    "The cards stand below each other in one text.",
	LossPlace:    "The place is no point on a map: its name and the address of a map stand in the text.",
	LossNative:   "The message in another platform's own words is replaced by its plain text.",
}

// Sentence tells people of the loss.
func (l Loss) Sentence() string { return lossWords[l] }

// Fit gives a content in the nearest form that a channel can show: the messages to be
// sent for it, in order, mostly one, and what is lost by that. Nothing is cut: a text
// that is too long in every form is refused. A choice that a customer types ("2") is
// not led back to what its button bore. Errors: Unsupported, with what is wrong about
// the form that came last.
func Fit(c Capabilities, m hub.Content) ([]hub.Content, []Loss, error) {
	if m.Type == hub.Several { // of what was fitted before
		return nil, nil, unsupported("message type %q", m.Type)
	}
	wrong := c.Check(m)
	if wrong == nil {
		return []hub.Content{m}, nil, nil
	}
	// What no channel could show is wrong, and not to be shown in another way.
	if err := anything.Check(m); err != nil {
		return nil, nil, err
	}
	for _, way := range nearest[m.Type] {
		f, ok := way.form(m, c)
		if !ok {
			continue
		}
		messages, losses, err := c.settle(f, way.deep)
		if err == nil {
			return messages, losses, nil
		}
		wrong = err
	}
	return nil, nil, wrong
}

// Together puts messages that Fit has given, and that go out one after the other, into as
// few calls as the platform allows: what goes out in one call is one content, of type
// Several where it is more than one message. A message that the platform does not take
// stays alone, so that it alone fails.
func Together(a Adapter, messages []hub.Content) []hub.Content {
	c := a.Capabilities()
	if c.PerCall < 2 || len(messages) < 2 {
		return messages
	}
	var calls []hub.Content
	alone := true // the last of them
	for _, m := range messages {
		before := alone
		if alone = !takes(a, c, m); !alone && !before {
			if both, ok := c.join(calls[len(calls)-1], m); ok {
				calls[len(calls)-1] = both
				continue
			}
		}
		calls = append(calls, m)
	}
	return calls
}

// takes reports whether an adapter can make the platform's message of a content.
func takes(a Adapter, c Capabilities, m hub.Content) bool {
	err := c.Check(m)
	if p, ok := a.(Previewer); ok && err == nil {
		_, err = p.Preview(m)
	}
	return err == nil
}

// join is what goes out in a call with one message more at its end, if there is room.
func (c Capabilities) join(call, next hub.Content) (hub.Content, bool) {
	parts := []hub.Content{call}
	if call.Type == hub.Several {
		parts = call.Parts
	}
	both := hub.Content{Type: hub.Several, Parts: append(slices.Clip(parts), next)}
	raw, err := json.Marshal(both)
	return both, len(both.Parts) <= c.PerCall && err == nil && len(raw) <= hub.MaxContent
}

// form is a content in another form, with what is lost by it.
type form struct {
	messages []hub.Content
	losses   []Loss
}

// settle lays each message of a form out by the channel's limits. With deep, a message
// that it cannot show in that type may take its own nearest form.
func (c Capabilities) settle(f form, deep bool) ([]hub.Content, []Loss, error) {
	var messages []hub.Content
	losses := f.losses
	for _, m := range f.messages {
		var more []hub.Content
		var lost []Loss
		var err error
		if deep {
			more, lost, err = Fit(c, m)
		} else {
			more, lost, err = c.lay(m)
		}
		if err != nil {
			return nil, nil, err
		}
		messages, losses = append(messages, more...), append(losses, lost...)
	}
	var once []Loss
	for _, l := range losses {
		if !slices.Contains(once, l) {
			once = append(once, l)
		}
	}
	return messages, once, nil
}

// lay keeps a content's type and moves what stands about its body, and does not fit,
// into the body or into a message of its own.
func (c Capabilities) lay(m hub.Content) ([]hub.Content, []Loss, error) {
	var before []hub.Content
	var losses []Loss
	shape, shown := c.Shows[m.Type]
	if !shown {
		return nil, nil, unsupported("message type %q", m.Type)
	}
	if m.ReplyTo != "" && !c.Quotes {
		m.ReplyTo = ""
		losses = append(losses, LossQuote)
	}
	if !shape.Header.Fits(m.Header) {
		m.Text, m.Header = lines(m.Header, m.Text), ""
	}
	if !shape.Footer.Fits(m.Footer) {
		m.Text, m.Footer = lines(m.Text, m.Footer), ""
	}
	if m.Media != nil && len(shape.Media.Types) == 0 {
		medium := hub.Content{Type: kindOf(*m.Media), Media: m.Media}
		m.Media = nil
		if c.Check(medium) == nil {
			before, losses = append(before, medium), append(losses, LossApart)
		} else {
			m.Text, losses = lines(medium.Media.URL, m.Text), append(losses, LossMedium)
		}
	}
	if len(m.QuickReplies) > 0 && m.Type != hub.Template {
		links, choices := parted(m.QuickReplies)
		if len(links) > c.QuickReplies.Links || len(links) > 0 && len(choices) > 0 && !c.QuickReplies.MixedLinks {
			m.Text, m.QuickReplies, losses = lines(m.Text, linked(links)), choices, append(losses, LossLinks)
		}
		k := checker{}
		if k.items("", m.QuickReplies, c.QuickReplies); k.wrong != "" {
			links, choices = parted(m.QuickReplies)
			m.Text, m.QuickReplies, losses = lines(m.Text, linked(links), numbered(choices)), nil, append(losses, LossChoices)
		}
	}
	if err := c.Check(m); err != nil {
		return nil, nil, err
	}
	return append(before, m), losses, nil
}

// lines puts texts below each other; what is empty is left out.
func lines(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), "\n")
}

// parted tells links from choices.
func parted(buttons []hub.Button) (links, choices []hub.Button) {
	for _, b := range buttons {
		if b.URL != "" {
			links = append(links, b)
		} else {
			choices = append(choices, b)
		}
	}
	return links, choices
}

// linked is links as lines of a text.
func linked(links []hub.Button) string {
	var out []string
	for _, b := range links {
		out = append(out, b.Title+": "+b.URL)
	}
	return lines(out...)
}

// numbered is choices as lines of a text.
func numbered(choices []hub.Button) string {
	var out []string
	for i, b := range choices {
		out = append(out, fmt.Sprintf("%d. %s", i+1, b.Title))
	}
	return lines(out...)
}

// KindOf is what a medium is: by its type, else by the end of its name or address; "" if
// neither says.
func KindOf(m hub.Media) hub.MessageType {
	kind, _, typed := strings.Cut(m.MIME, "/")
	switch t := hub.MessageType(kind); {
	case typed && (t == hub.Image || t == hub.Video || t == hub.Audio):
		return t
	case m.MIME != "":
		return hub.File
	}
	end := path.Ext(m.Name)
	if u, err := url.Parse(m.URL); err == nil && end == "" {
		end = path.Ext(u.Path)
	}
	switch strings.ToLower(end) {
	case ".jpg", ".jpeg", ".png":
		return hub.Image
	case ".mp4", ".3gp", ".mov", ".webm":
		return hub.Video
	case ".mp3", ".m4a", ".aac", ".ogg", ".wav":
		return hub.Audio
	case ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".txt", ".csv", ".zip":
		return hub.File
	}
	return ""
}

// kindOf takes a medium above a body for an image, if nothing says what it is.
func kindOf(m hub.Media) hub.MessageType { return cmp.Or(KindOf(m), hub.Image) }
