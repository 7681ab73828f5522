package whatsapp

import "encoding/json"

// envelope says to whom a message goes, and what goes with it.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
type envelope struct {
	Product       string  `json:"messaging_product"`
	RecipientType string  `json:"recipient_type"`
	To            string  `json:"to,omitempty"`        // digits, or a group's id
	Recipient     string  `json:"recipient,omitempty"` // a BSUID
	Context       *quoted `json:"context,omitempty"`
	Ref           string  `json:"biz_opaque_callback_data,omitempty"` // comes back in statuses
}

type quoted struct {
	MessageID string `json:"message_id"`
}

// object is a message: its type, and the member that bears the type's name.
type object struct {
	Type        string       `json:"type"`
	Text        *textObject  `json:"text,omitempty"`
	Image       *file        `json:"image,omitempty"`
	Video       *file        `json:"video,omitempty"`
	Audio       *file        `json:"audio,omitempty"`
	Document    *file        `json:"document,omitempty"`
	Sticker     *file        `json:"sticker,omitempty"`
	Location    *location    `json:"location,omitempty"`
	Interactive *interactive `json:"interactive,omitempty"`
	Template    *template    `json:"template,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages
type textObject struct {
	Body    string `json:"body"`
	Preview bool   `json:"preview_url"` // of the first link
}

// file is a medium by its address.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/document-messages
type file struct {
	Link     string `json:"link"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/location-messages
type location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages
type interactive struct {
	Type   string  `json:"type"` // button, cta_url, list or flow
	Header *header `json:"header,omitempty"`
	Body   line    `json:"body"`
	Footer *line   `json:"footer,omitempty"`
	Action action  `json:"action"`
}

type line struct {
	Text string `json:"text"`
}

// header is a text, or a medium under the name of its type.
type header struct {
	Type     string `json:"type"`
	Text     string `json:"text,omitempty"`
	Image    *file  `json:"image,omitempty"`
	Video    *file  `json:"video,omitempty"`
	Document *file  `json:"document,omitempty"`
}

type action struct {
	Buttons    []replyButton `json:"buttons,omitempty"`
	Button     string        `json:"button,omitempty"` // what opens the list
	Sections   []section     `json:"sections,omitempty"`
	Name       string        `json:"name,omitempty"` // cta_url or flow
	Parameters any           `json:"parameters,omitempty"`
}

type replyButton struct {
	Type  string `json:"type"`
	Reply row    `json:"reply"`
}

type section struct {
	Title string `json:"title,omitempty"`
	Rows  []row  `json:"rows"`
}

type row struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-cta-url-messages
type linkParameters struct {
	Title string `json:"display_text"`
	URL   string `json:"url"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/flows/guides/sendingaflow
type flowParameters struct {
	Version string   `json:"flow_message_version"`
	Token   string   `json:"flow_token"`
	ID      string   `json:"flow_id,omitempty"`
	Name    string   `json:"flow_name,omitempty"`
	Title   string   `json:"flow_cta"`
	Action  string   `json:"flow_action"`
	Payload *payload `json:"flow_action_payload,omitempty"`
	Mode    string   `json:"mode,omitempty"`
}

type payload struct {
	Screen string                     `json:"screen"`
	Data   map[string]json.RawMessage `json:"data,omitempty"` // an empty one is refused
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
type template struct {
	Name       string      `json:"name"`
	Language   language    `json:"language"`
	Components []component `json:"components,omitempty"`
}

type language struct {
	Code string `json:"code"`
}

type component struct {
	Type       string      `json:"type"`               // header, body or button
	SubType    string      `json:"sub_type,omitempty"` // of a button
	Index      string      `json:"index,omitempty"`    // of a button
	Parameters []parameter `json:"parameters"`
}

// parameter fills one blank; which members are used follows from its type.
type parameter struct {
	Type     string      `json:"type"`
	Name     string      `json:"parameter_name,omitempty"`
	Text     string      `json:"text,omitempty"`
	Payload  string      `json:"payload,omitempty"`
	Coupon   string      `json:"coupon_code,omitempty"`
	Image    *file       `json:"image,omitempty"`
	Video    *file       `json:"video,omitempty"`
	Document *file       `json:"document,omitempty"`
	Location *location   `json:"location,omitempty"`
	Action   *flowAction `json:"action,omitempty"`
}

type flowAction struct {
	Token string                     `json:"flow_token"`
	Data  map[string]json.RawMessage `json:"flow_action_data,omitempty"`
}

// receipt marks a message of the customer's.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read
type receipt struct {
	Product   string  `json:"messaging_product"`
	Status    string  `json:"status"`
	MessageID string  `json:"message_id"`
	Typing    *typing `json:"typing_indicator,omitempty"`
}

// https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
type typing struct {
	Type string `json:"type"`
}
