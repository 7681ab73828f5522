package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Send is the body of a call to messages.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
type Send struct {
	Recipient Recipient `json:"recipient"`
	Type      string    `json:"messaging_type,omitempty"` // a Type… of below
	Tag       string    `json:"tag,omitempty"`
	Message   any       `json:"message,omitempty"` // of MessageOf
	Action    string    `json:"sender_action,omitempty"`
	ReplyTo   *Quoted   `json:"reply_to,omitempty"`
}

// Values of Send.
const (
	TypeResponse = "RESPONSE"    // answers a message, within the window
	TypeUpdate   = "UPDATE"      // within the window, too
	TypeTag      = "MESSAGE_TAG" // after it
	TagHuman     = "HUMAN_AGENT" // a member of the team writes, within 7 days

	ActionTyping = "typing_on"
	ActionSeen   = "mark_seen"
)

// Recipient is whom a message goes to.
type Recipient struct {
	ID      string `json:"id,omitempty"`
	UserRef string `json:"user_ref,omitempty"`
}

// Quoted is the message that another one answers to.
type Quoted struct {
	ID string `json:"mid"`
}

// RecipientOf is the recipient for a customer's id of Split.
func RecipientOf(user string) Recipient {
	if ref, ok := strings.CutPrefix(user, UserRef); ok {
		return Recipient{UserRef: ref}
	}
	return Recipient{ID: user}
}

// TypeOf is a message's type and tag, for what kind of message it is and whether the
// window has passed. After it only people may write: the error's code is WindowClosed.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages#messaging_types
func TypeOf(op string, m channel.Outgoing) (kind, tag string, err error) {
	switch {
	case m.AfterWindow && m.Class != hub.ClassPerson:
		return "", "", hub.E(hub.WindowClosed, op, errors.New("after the window only a member of the team may write"))
	case m.AfterWindow:
		return TypeTag, TagHuman, nil
	case m.Class == hub.ClassMarketing, m.Class == hub.ClassTransactional:
		return TypeUpdate, "", nil
	}
	return TypeResponse, "", nil
}

// Message is the message object.
type Message struct {
	Text         string       `json:"text,omitempty"`
	Attachment   *attachment  `json:"attachment,omitempty"`
	QuickReplies []quickReply `json:"quick_replies,omitempty"`
	Metadata     string       `json:"metadata,omitempty"` // comes back in the echo
}

type attachment struct {
	Type    string  `json:"type"` // image, video, audio, file or template
	Payload payload `json:"payload"`
}

// payload is that of a file by its address, or of a template.
type payload struct {
	URL      string    `json:"url,omitempty"`
	Reusable *bool     `json:"is_reusable,omitempty"`
	Template string    `json:"template_type,omitempty"`
	Text     string    `json:"text,omitempty"`
	Buttons  []button  `json:"buttons,omitempty"`
	Elements []element `json:"elements,omitempty"`
	Ratio    string    `json:"image_aspect_ratio,omitempty"` // of all elements: square; else horizontal, which is 1.91:1
}

// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/buttons
type button struct {
	Type    string `json:"type"` // postback or web_url
	Title   string `json:"title"`
	Payload string `json:"payload,omitempty"`
	URL     string `json:"url,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/generic
type element struct {
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle,omitempty"`
	Image    string   `json:"image_url,omitempty"`
	Buttons  []button `json:"buttons,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/quick-replies
type quickReply struct {
	Type    string `json:"content_type"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

// Pictures says in which ratios a channel shows the pictures of cards.
type Pictures int

const (
	OneRatio  Pictures = iota // it has no choice
	TwoRatios                 // 1.91:1, or 1:1 if all of a message's cards are to be so
)

// MessageOf makes the message object of a content: a text, a file by its address,
// buttons (the button template), cards (the generic template), each with quick replies,
// or a native one. Ref goes along as metadata; "" = without. The error says what the
// content lacks, for the code Unsupported.
func MessageOf(c hub.Content, ref string, p Pictures) (any, error) {
	if c.Type == hub.Native {
		return native(c, ref)
	}
	out := Message{Metadata: ref}
	switch {
	case c.Type == hub.Text && c.Text != "":
		out.Text = c.Text
	case fileTypes[c.Type] != "" && c.Media != nil:
		out.Attachment = &attachment{Type: fileTypes[c.Type], Payload: payload{URL: c.Media.URL, Reusable: new(bool)}}
	case c.Type == hub.Buttons && len(c.Buttons) > 0:
		out.Attachment = &attachment{Type: "template", Payload: payload{Template: "button", Text: c.Text, Buttons: buttonsOf(c.Buttons)}}
	case c.Type == hub.Cards && len(c.Cards) > 0:
		list := payload{Template: "generic"}
		if p == TwoRatios && !slices.ContainsFunc(c.Cards, func(card hub.Card) bool { return !card.Square }) {
			list.Ratio = "square"
		}
		for _, card := range c.Cards {
			e, err := elementOf(card)
			if err != nil {
				return nil, err
			}
			list.Elements = append(list.Elements, e)
		}
		out.Attachment = &attachment{Type: "template", Payload: list}
	default:
		return nil, fmt.Errorf("message type %q, or what it needs is missing", c.Type)
	}
	out.QuickReplies = quickReplies(c.QuickReplies)
	return out, nil
}

// fileTypes are Meta's names of files.
var fileTypes = map[hub.MessageType]string{hub.Image: "image", hub.Video: "video", hub.Audio: "audio", hub.File: "file"}

func buttonsOf(list []hub.Button) (out []button) {
	for _, b := range list {
		if b.URL != "" {
			out = append(out, button{Type: "web_url", Title: b.Title, URL: b.URL})
		} else {
			out = append(out, button{Type: "postback", Title: b.Title, Payload: b.Data})
		}
	}
	return out
}

// elementOf makes a card. Meta wants a title, and something beside it.
func elementOf(c hub.Card) (element, error) {
	e := element{Title: c.Title, Subtitle: c.Text, Image: c.Image, Buttons: buttonsOf(c.Buttons)}
	if e.Title == "" {
		e.Title, e.Subtitle = c.Text, ""
	}
	if e.Title == "" || e.Subtitle == "" && e.Image == "" && len(e.Buttons) == 0 {
		return element{}, errors.New("a card needs a title or a text, and something beside it")
	}
	return e, nil
}

func quickReplies(list []hub.Button) (out []quickReply) {
	for _, b := range list {
		out = append(out, quickReply{Type: "text", Title: b.Title, Payload: b.Data})
	}
	return out
}

// native is a message object in Meta's own words; the quick replies of the content and
// our reference are added.
func native(c hub.Content, ref string) (any, error) {
	var own map[string]json.RawMessage
	if err := json.Unmarshal(c.Native, &own); err != nil || own == nil {
		return nil, errors.New("a native message is no JSON object")
	}
	if (own["text"] == nil) == (own["attachment"] == nil && own["attachments"] == nil) {
		return nil, errors.New("a native message needs either a text or an attachment")
	}
	if own["metadata"] != nil || own["quick_replies"] != nil && len(c.QuickReplies) > 0 {
		return nil, errors.New("a native message has no metadata of its own, and quick replies once only")
	}
	added := map[string]any{}
	if ref != "" {
		added["metadata"] = ref
	}
	if len(c.QuickReplies) > 0 {
		added["quick_replies"] = quickReplies(c.QuickReplies)
	}
	for name, value := range added {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, errors.New("encode the message")
		}
		own[name] = encoded
	}
	return own, nil
}

// PreviewOf is MessageOf in JSON. Errors: Unsupported.
func PreviewOf(op string, c hub.Content, p Pictures) (json.RawMessage, error) {
	message, err := MessageOf(c, "", p)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, err)
	}
	out, err := json.Marshal(message)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, errors.New("it is no JSON"))
	}
	return out, nil
}
