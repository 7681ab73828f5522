package whatsapptest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
)

// The objects of messages, their members in the order in which Meta sends them.

type textObject struct {
	Body string `json:"body"`
}

type mediaObject struct {
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
	MIME     string `json:"mime_type"`
	Hash     string `json:"sha256"`
	ID       string `json:"id"`
	Voice    *bool  `json:"voice,omitempty"`
	Animated *bool  `json:"animated,omitempty"`
	URL      string `json:"url,omitempty"`
}

type locationObject struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
}

type buttonObject struct {
	Payload string `json:"payload"`
	Text    string `json:"text"`
}

type interactiveObject struct {
	Type   string       `json:"type"`
	Button *choice      `json:"button_reply,omitempty"`
	Row    *choice      `json:"list_reply,omitempty"`
	Answer *answerOfNFM `json:"nfm_reply,omitempty"`
}

type choice struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

type answerOfNFM struct {
	Name string `json:"name"`
	Body string `json:"body"`
	JSON string `json:"response_json"`
}

type reactionObject struct {
	Message string `json:"message_id"`
	Emoji   string `json:"emoji,omitempty"`
}

type orderObject struct {
	Catalog string          `json:"catalog_id"`
	Items   json.RawMessage `json:"product_items"`
	Text    string          `json:"text,omitempty"`
}

type unsupportedObject struct {
	Type string `json:"type"`
}

// sampleReferral is an ad that the customer tapped.
const sampleReferral = `{"source_url":"https://fb.me/3cr4Wqqkv","source_id":"120226305854810726","source_type":"ad",` +
	`"headline":"秋季體驗課","body":"立即預約","media_type":"image","image_url":"https://scontent.example.net/ad.jpg",` +
	`"ctwa_clid":"Aff-sample-clid","welcome_message":{"text":"您好，需要什麼協助？"}}`

// say puts what the customer says into a message; p.Mu is held.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
func (p *platform) say(m *message, n *number, c *chat, g guise, a fake.Act, x extra) error {
	if x.Message != "" && x.Type != "reaction" {
		m.Context = n.quote(x.Message, g)
	}
	if x.Forwarded {
		if m.Context == nil {
			m.Context = &quoted{}
		}
		m.Context.Forwarded = true
	}
	switch {
	case a.Text != "":
		m.Type, m.Text = "text", textObject{a.Text}
	case a.Image != "":
		m.Type, m.Image = "image", media("image", "image/jpeg", extra{Link: picture(a.Image)})
	case a.Sticker != "":
		m.Type, m.Sticker = "sticker", media("sticker", "image/webp", extra{})
	case a.Button != "":
		return m.tap(n, c, g, a.Button)
	case len(a.FlowAnswer) > 0:
		return m.fillIn(n, c, g, a.FlowAnswer)
	default:
		return m.sayExtra(n, c, g, x)
	}
	return nil
}

// picture is the address of a picture that is named by one.
func picture(name string) string {
	if strings.HasPrefix(name, "https://") {
		return name
	}
	return ""
}

func (m *message) sayExtra(n *number, c *chat, g guise, x extra) error {
	lacks := fmt.Errorf("whatsapptest: act: extra of type %q is unknown or lacks a member", x.Type)
	m.Type = x.Type
	switch x.Type {
	case "text", "reply", "referral":
		if x.Type == "reply" && x.Message == "" {
			if c.last == "" {
				return errors.New("whatsapptest: act: there is no message of the hub's to reply to")
			}
			m.Context = n.quote(c.last, g)
		}
		if x.Type == "referral" && len(x.Referral) == 0 {
			x.Referral = json.RawMessage(sampleReferral)
		}
		if x.Text == "" {
			return lacks
		}
		m.Type, m.Text, m.Referral = "text", textObject{x.Text}, x.Referral
	case "image":
		m.Image = media("image", "image/jpeg", x)
	case "video":
		m.Video = media("video", "video/mp4", x)
	case "audio":
		m.Audio = media("audio", "audio/ogg; codecs=opus", x)
	case "document":
		m.Document = media("document", "application/pdf", x)
	case "sticker":
		m.Sticker = media("sticker", "image/webp", x)
	case "location":
		m.Location = locationObject{x.Latitude, x.Longitude, x.Name, x.Address}
	case "contacts":
		if m.Contacts = x.Contacts; len(x.Contacts) == 0 {
			return lacks
		}
	case "reaction":
		if x.Message == "" {
			x.Message = c.last
		}
		if x.Message == "" {
			return lacks
		}
		m.Reaction = reactionObject{x.Message, x.Emoji}
	case "order":
		if x.Catalog == "" || len(x.Items) == 0 {
			return lacks
		}
		m.Order = orderObject{x.Catalog, x.Items, x.Text}
	case "unsupported":
		if x.Code == 0 {
			x.Code = 131051
		}
		m.Errors = []failure{failed(x.Code, x.Details)}
		if x.Kind != "" {
			m.Unsupported = unsupportedObject{x.Kind}
		}
	default:
		return lacks
	}
	return nil
}

// quote is the context of a message that answers another one.
func (n *number) quote(id string, g guise) *quoted {
	if n.got[id] != "" {
		return &quoted{From: g.phone(), ID: id}
	}
	return &quoted{From: n.display, ID: id}
}

// media makes a file. Only images come with a direct address, as in Meta's samples.
func media(kind, mime string, x extra) mediaObject {
	id := mediaID()
	sum := sha256.Sum256([]byte(id))
	out := mediaObject{Caption: x.Caption, MIME: mime, Hash: base64.StdEncoding.EncodeToString(sum[:]), ID: id, URL: x.Link}
	if x.MIME != "" {
		out.MIME = x.MIME
	}
	switch kind {
	case "image":
		if out.URL == "" {
			out.URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=" + id + "&source=webhook&ext=1791170415&hash=sample"
		}
	case "document":
		out.Filename = x.Name
	case "audio":
		out.Voice = &x.Voice
	case "sticker":
		out.Animated = &x.Animated
	}
	return out
}

// tap taps a button or a row that a message of the hub's showed to the customer.
func (m *message) tap(n *number, c *chat, g guise, data string) error {
	var found *shown
	for i := range c.shown {
		if c.shown[i].Data == data {
			found = &c.shown[i] // the newest
		}
	}
	if found == nil {
		return fmt.Errorf("whatsapptest: act: no message showed a button %q; there are %v", data, c.shown)
	}
	m.Context = n.quote(found.Message, g)
	pick := &choice{found.Data, found.Title, found.Extra}
	switch found.Kind {
	case "button":
		m.Type, m.Button = "button", buttonObject{found.Data, found.Title}
	case "list_reply":
		m.Type, m.Interactive = "interactive", interactiveObject{Type: found.Kind, Row: pick}
	default:
		m.Type, m.Interactive = "interactive", interactiveObject{Type: found.Kind, Button: pick}
	}
	return nil
}

// fillIn answers the last Flow that the hub invited to. The answer's own flow_token,
// if it has one, takes the place of the right one.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/flows/guides/receiveflowresponse
func (m *message) fillIn(n *number, c *chat, g guise, answer json.RawMessage) error {
	if c.form.Message == "" {
		return errors.New("whatsapptest: act: the hub has invited the customer to no Flow")
	}
	var members map[string]json.RawMessage
	var plain bytes.Buffer
	if json.Unmarshal(answer, &members) != nil || members == nil || json.Compact(&plain, answer) != nil {
		return errors.New("whatsapptest: act: flow_answer is a JSON object")
	}
	text := plain.String()
	if _, own := members["flow_token"]; !own {
		var token bytes.Buffer
		e := json.NewEncoder(&token)
		e.SetEscapeHTML(false)
		_ = e.Encode(c.form.Token) // a string can always be written
		rest := strings.TrimPrefix(text, "{")
		if len(members) > 0 {
			rest = "," + rest
		}
		text = `{"flow_token":` + strings.TrimSpace(token.String()) + rest
	}
	m.Context = n.quote(c.form.Message, g)
	m.Type, m.Interactive = "interactive", interactiveObject{Type: "nfm_reply", Answer: &answerOfNFM{"flow", "Sent", text}}
	return nil
}
