package twiliotest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"omnihub/internal/channel/fake"
)

// incoming is a customer's message.
// https://www.twilio.com/docs/messaging/guides/webhook-request
type incoming struct {
	n     *number
	who   *person
	id    string
	sms   bool
	kind  string // MessageType
	text  string // Body
	quote string
	files []file
	more  parameters
	moved bool // forwarded
}

// say puts what the customer says into the message.
func (m *incoming) say(c *chat, a fake.Act, x extra) error {
	m.quote, m.moved = x.Message, x.Forwarded
	switch {
	case a.Text != "":
		m.kind, m.text = "text", a.Text
	case a.Image != "":
		m.kind, m.files = "image", []file{{"image", "image/jpeg", link(a.Image)}}
	case a.Sticker != "":
		m.kind, m.files = "sticker", []file{{"sticker", "image/webp", ""}}
	case a.Button != "":
		return m.tap(c, a.Button)
	default:
		return m.sayExtra(c, x)
	}
	return nil
}

// link is the address of a file that is named by one.
func link(name string) string {
	if strings.HasPrefix(name, "https://") {
		return name
	}
	return ""
}

// mimes are the types of files that name none.
var mimes = map[string]string{
	"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "document": "application/pdf", "sticker": "image/webp", "contacts": "text/vcard",
}

func (m *incoming) sayExtra(c *chat, x extra) error {
	lacks := fmt.Errorf("twiliotest: act: extra of type %q is unknown or lacks a member", x.Type)
	m.kind = x.Type
	switch x.Type {
	case "text", "sms":
		m.kind, m.text = "text", x.Text
	case "reply":
		if m.kind, m.text = "text", x.Text; m.quote == "" {
			m.quote = c.last
		}
		if m.quote == "" {
			return errors.New("twiliotest: act: there is no message of the hub's to reply to")
		}
	case "referral":
		m.kind, m.text = "text", x.Text
		m.more.add("ReferralSourceType", cmp.Or(x.SourceType, "ad"))
		m.more.add("ReferralSourceId", cmp.Or(x.Source, "120226305854810726"))
		m.more.add("ReferralSourceUrl", "https://fb.me/3cr4Wqqkv")
		m.more.add("ReferralHeadline", cmp.Or(x.Headline, "秋季體驗課"))
		m.more.add("ReferralBody", "立即預約")
		m.more.add("ReferralCtwaClid", "Aff-sample-clid")
	case "image", "video", "audio", "document", "sticker", "contacts":
		m.text = cmp.Or(x.Caption, x.Name)
		m.files = []file{{x.Type, cmp.Or(x.MIME, mimes[x.Type]), x.Link}}
		return nil
	case "files":
		m.kind, m.text, m.files = "", x.Caption, x.Files
		if len(x.Files) == 0 || len(x.Files) > 10 {
			return lacks
		}
		m.kind = m.files[0].Type
		return nil
	case "location":
		if x.Latitude == "" || x.Longitude == "" {
			return lacks
		}
		m.more.add("Latitude", x.Latitude.String())
		m.more.add("Longitude", x.Longitude.String())
		m.more.may("Address", x.Address)
		m.more.may("Label", x.Name)
		return nil
	case "button", "list":
		if x.ID == "" || x.Title == "" {
			return lacks
		}
		m.chosen(shown{Kind: map[string]string{"button": "quick", "list": "list"}[x.Type], Data: x.ID, Title: x.Title})
	case "form":
		var object map[string]any
		if json.Unmarshal(x.Answers, &object) != nil || object == nil {
			return lacks
		}
		m.kind, m.text = "interactive", "Sent"
		m.more.add("InteractiveData", string(x.Answers))
	default:
		return lacks
	}
	if m.text == "" {
		return lacks
	}
	return nil
}

// tap taps a button or a row that a message of the hub's showed to the customer.
func (m *incoming) tap(c *chat, data string) error {
	for i := len(c.shown) - 1; i >= 0; i-- {
		if c.shown[i].Data == data {
			m.chosen(c.shown[i])
			return nil
		}
	}
	return fmt.Errorf("twiliotest: act: no message showed a button %q; there are %v, and the extras button and list", data, c.shown)
}

func (m *incoming) chosen(s shown) {
	m.text, m.quote = s.Title, cmp.Or(m.quote, s.Message)
	m.kind = "interactive"
	if s.Kind == "list" {
		m.more.add("ListId", s.Data)
		m.more.add("ListTitle", s.Title)
		return
	}
	if s.Approved {
		m.kind = "button"
	}
	m.more.add("ButtonText", s.Title)
	m.more.add("ButtonPayload", s.Data)
}

// from is the customer's address.
func (m *incoming) from(user string) string {
	switch {
	case m.sms:
		return "+" + m.who.Phone
	case m.who.Show == showUser:
		return "whatsapp:" + user
	}
	return "whatsapp:+" + m.who.Phone
}

// to is the number's address.
func (m *incoming) to() string {
	if m.sms {
		return m.n.ExternalID
	}
	return "whatsapp:" + m.n.ExternalID
}

// parameters are those of the message, in the order in which Twilio sends them.
func (m *incoming) parameters(user string) parameters {
	var l parameters
	l.add("SmsMessageSid", m.id)
	l.add("NumMedia", strconv.Itoa(len(m.files)))
	if !m.sms {
		l.add("ProfileName", m.who.Profile)
		l.add("MessageType", m.kind)
	}
	l.add("SmsSid", m.id)
	if !m.sms && m.who.Show != showUser {
		l.add("WaId", m.who.Phone)
	}
	l.add("SmsStatus", "received")
	l.add("Body", m.text)
	l.add("To", m.to())
	l.add("NumSegments", "1")
	l.add("ReferralNumMedia", "0")
	l.add("MessageSid", m.id)
	l.add("AccountSid", m.n.owner.SID)
	l.add("From", m.from(user))
	l.add("ApiVersion", "2010-04-01")
	if m.sms {
		return l
	}
	for i, f := range m.files {
		l.add("MediaContentType"+strconv.Itoa(i), cmp.Or(f.MIME, mimes[f.Type]))
		l.add("MediaUrl"+strconv.Itoa(i), cmp.Or(f.Link, "https://api.twilio.com/2010-04-01/Accounts/"+m.n.owner.SID+"/Messages/"+m.id+"/Media/ME"+fake.Digits(32, m.id, strconv.Itoa(i))))
	}
	l = append(l, m.more...)
	if user != "" {
		l.add("ExternalUserId", "whatsapp:"+user)
	}
	if m.quote != "" {
		l.add("OriginalRepliedMessageSid", m.quote)
		l.add("OriginalRepliedMessageSender", "whatsapp:"+m.n.ExternalID)
	}
	context := map[string]string{"ProfileName": m.who.Profile}
	if m.moved {
		l.add("Forwarded", "true")
		l.add("FrequentlyForwarded", "false")
		context["Forwarded"] = "true"
	}
	metadata, err := json.Marshal(map[string]any{"type": "whatsapp", "data": map[string]any{"context": context}})
	if err != nil {
		panic(err) // texts can always be written
	}
	l.add("ChannelMetadata", string(metadata))
	return l
}

// respelled makes a signed webhook of a form as it is written.
func (n *number) respelled(body string) (*fake.Webhook, error) {
	var l parameters
	for _, part := range strings.Split(body, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errors.New("twiliotest: act: raw: the body is no form")
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errors.New("twiliotest: act: raw: the body is no form")
		}
		l.add(name, value)
	}
	hook := n.posted(n.Webhook, l)
	hook.Body = []byte(body)
	return &hook, nil
}
