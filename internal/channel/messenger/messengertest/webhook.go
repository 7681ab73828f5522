package messengertest

import (
	"encoding/hex"
	"encoding/json"
	"slices"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// Webhooks in Meta's order of members.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
type webhook struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID        string   `json:"id"`
	Time      int64    `json:"time"` // milliseconds
	Messaging []item   `json:"messaging,omitempty"`
	Standby   []item   `json:"standby,omitempty"`
	Changes   []change `json:"changes,omitempty"`
}

type change struct {
	Field string `json:"field"`
	Value any    `json:"value"`
}

// item is one thing that happened.
type item struct {
	Sender    *party `json:"sender,omitempty"`
	Recipient *party `json:"recipient,omitempty"`
	Timestamp any    `json:"timestamp,omitempty"` // milliseconds; in the second form seconds, as a string

	Message  *message  `json:"message,omitempty"`
	Postback *postback `json:"postback,omitempty"`
	Referral *referral `json:"referral,omitempty"`
	Reaction *reaction `json:"reaction,omitempty"`
	Edit     *edit     `json:"message_edit,omitempty"`
	Delivery *delivery `json:"delivery,omitempty"`
	Read     *read     `json:"read,omitempty"`
	Optin    any       `json:"optin,omitempty"`
	Link     any       `json:"account_linking,omitempty"`
	Policy   any       `json:"policy_enforcement,omitempty"`
	Pass     any       `json:"pass_thread_control,omitempty"`

	field string // to which the app must be subscribed
}

type party struct {
	ID  string `json:"id,omitempty"`
	Ref string `json:"user_ref,omitempty"`
}

type message struct {
	ID          string       `json:"mid"`
	Echo        bool         `json:"is_echo,omitempty"`
	App         json.Number  `json:"app_id,omitempty"`
	Metadata    string       `json:"metadata,omitempty"`
	Text        string       `json:"text,omitempty"`
	QuickReply  *payload     `json:"quick_reply,omitempty"`
	ReplyTo     *replyTo     `json:"reply_to,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
	Referral    *referral    `json:"referral,omitempty"`
}

type attachment struct {
	Type    string   `json:"type"`
	Title   string   `json:"title,omitempty"`
	Payload *payload `json:"payload"`
}

// payload is that of an attachment, or of a quick reply.
type payload struct {
	URL     string          `json:"url,omitempty"`
	Title   string          `json:"title,omitempty"`
	Sticker json.Number     `json:"sticker_id,omitempty"`
	Reel    json.Number     `json:"reel_video_id,omitempty"`
	Data    string          `json:"payload,omitempty"`
	Kind    string          `json:"template_type,omitempty"`
	Text    string          `json:"text,omitempty"`
	Buttons json.RawMessage `json:"buttons,omitempty"`
	Cards   json.RawMessage `json:"elements,omitempty"`
}

type replyTo struct {
	ID   string `json:"mid"`
	Self bool   `json:"is_self_reply"`
}

type postback struct {
	ID       string    `json:"mid,omitempty"`
	Title    string    `json:"title"`
	Payload  string    `json:"payload,omitempty"`
	Referral *referral `json:"referral,omitempty"`
}

type referral struct {
	Ref    string `json:"ref,omitempty"`
	Source string `json:"source"`
	Type   string `json:"type"`
	Ad     string `json:"ad_id,omitempty"`
	About  any    `json:"ads_context_data,omitempty"`
}

type reaction struct {
	Name   string `json:"reaction,omitempty"`
	Emoji  string `json:"emoji,omitempty"`
	Action string `json:"action"`
	ID     string `json:"mid"`
}

type edit struct {
	ID    string `json:"mid"`
	Text  string `json:"text"`
	Count int    `json:"num_edit"`
}

type delivery struct {
	IDs       []string `json:"mids,omitempty"`
	Watermark int64    `json:"watermark"`
}

type read struct {
	Watermark int64 `json:"watermark"`
}

// The fields of the webhook object "page" that concern messages.
// https://developers.facebook.com/docs/graph-api/webhooks/reference/page
func allFields() []string {
	return []string{
		"messages", "messaging_postbacks", "message_deliveries", "message_echoes", "message_reads", "message_edits",
		"message_reactions", "messaging_referrals", "messaging_optins", "messaging_handovers",
		"messaging_policy_enforcement", "messaging_account_linking", "standby",
	}
}

// gets reports whether the app gets webhooks of a field of the Page.
func (g *page) gets(field string) bool {
	return g.url() != "" && slices.Contains(g.Fields, field) && slices.Contains(g.app.Fields, field)
}

// url is where the app's webhooks about the Page go.
func (g *page) url() string {
	if g.app.Webhook != "" {
		return g.app.Webhook
	}
	return g.Webhook
}

// signed makes a webhook request of the Page's app around a body.
func (g *page) signed(body []byte) fake.Webhook { return metatest.Signed(g.url(), g.app.Secret, body) }

// messageID makes an id as Meta's are.
func messageID() string { return "m_" + hex.EncodeToString(fake.Random(33)) }
