package instagramtest

import (
	"encoding/base64"
	"encoding/json"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// The objects of a webhook, their members in the order in which Meta sends them.
// https://developers.facebook.com/documentation/instagram-platform/webhooks/examples

type webhook struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID        string   `json:"id"` // the professional account's
	Time      int64    `json:"time"`
	Messaging []item   `json:"messaging,omitempty"`
	Standby   []item   `json:"standby,omitempty"`
	Changes   []change `json:"changes,omitempty"`
}

// change is the second form, in which some pages of Meta's print events.
type change struct {
	Field string `json:"field"`
	Value item   `json:"value"`
}

// item is one event.
type item struct {
	Sender    party           `json:"sender"`
	Recipient party           `json:"recipient"`
	Timestamp any             `json:"timestamp"` // ms; in changes a string of seconds
	Message   *message        `json:"message,omitempty"`
	Edit      *edit           `json:"message_edit,omitempty"`
	Reaction  *reaction       `json:"reaction,omitempty"`
	Postback  *postback       `json:"postback,omitempty"`
	Referral  json.RawMessage `json:"referral,omitempty"`
	Read      *read           `json:"read,omitempty"`
}

type party struct {
	ID string `json:"id"`
}

type message struct {
	Mid         string          `json:"mid"`
	Deleted     bool            `json:"is_deleted,omitempty"`
	Echo        bool            `json:"is_echo,omitempty"`
	Self        bool            `json:"is_self,omitempty"`
	Unsupported bool            `json:"is_unsupported,omitempty"`
	Text        string          `json:"text,omitempty"`
	QuickReply  *quickReply     `json:"quick_reply,omitempty"`
	ReplyTo     *replyTo        `json:"reply_to,omitempty"`
	Attachments []attachment    `json:"attachments,omitempty"`
	Referral    json.RawMessage `json:"referral,omitempty"`
}

type quickReply struct {
	Payload string `json:"payload"`
}

type replyTo struct {
	Mid   string `json:"mid,omitempty"`
	Story *story `json:"story,omitempty"`
}

type story struct {
	URL string `json:"url"`
	ID  string `json:"id"`
}

// attachment has no payload if it is ephemeral.
type attachment struct {
	Type    string   `json:"type"`
	Payload *payload `json:"payload,omitempty"`
}

type payload struct {
	Title  string `json:"title,omitempty"`
	URL    string `json:"url,omitempty"`
	PostID string `json:"ig_post_media_id,omitempty"`
	ReelID string `json:"reel_video_id,omitempty"`

	Template json.RawMessage `json:"-"` // of an echo: the whole payload
}

// MarshalJSON writes the payload of a template as it is.
func (p payload) MarshalJSON() ([]byte, error) {
	if p.Template != nil {
		return p.Template, nil
	}
	type plain payload
	return json.Marshal(plain(p))
}

type edit struct {
	Mid  string `json:"mid"`
	Text string `json:"text"`
	Num  int    `json:"num_edit"`
}

type reaction struct {
	Mid      string `json:"mid"`
	Action   string `json:"action"`
	Reaction string `json:"reaction,omitempty"`
	Emoji    string `json:"emoji,omitempty"`
}

type postback struct {
	Mid     string `json:"mid,omitempty"`
	Title   string `json:"title"`
	Payload string `json:"payload,omitempty"` // not in standby
}

type read struct {
	Mid string `json:"mid"`
}

// signer is the name of the secret that signs the account's webhooks, unless an act says
// otherwise. Meta says "App Secret" and no more; apps with Instagram Login have two.
func (a *account) signer() string {
	if !a.byPage() && a.Secrets["instagram_app_secret"] != "" {
		return "instagram_app_secret"
	}
	return "app_secret"
}

// signed makes a webhook request of the account's app around a body.
func (a *account) signed(body []byte, with string) fake.Webhook {
	if with == "" {
		with = a.signer()
	}
	return metatest.Signed(a.Webhook, a.Secrets[with], body)
}

// messageID makes an id as Instagram's are.
func messageID() string {
	return "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx" + base64.RawURLEncoding.EncodeToString(fake.Random(30)) + "ZD"
}
