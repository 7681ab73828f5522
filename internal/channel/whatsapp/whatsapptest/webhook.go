package whatsapptest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// The objects of a webhook, their members in the order in which Meta sends them.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages

// objectName is the object of all webhooks of WhatsApp.
const objectName = "whatsapp_business_account"

type webhook struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID      string   `json:"id"` // the WABA's
	Changes []change `json:"changes"`
	Time    int64    `json:"time,omitempty"` // seconds; with changes of the WABA itself
}

type change struct {
	Value any    `json:"value"`
	Field string `json:"field"`
}

// value is what happened to one phone number: messages, statuses or errors.
type value struct {
	Product  string    `json:"messaging_product"`
	Metadata metadata  `json:"metadata"`
	Contacts []contact `json:"contacts,omitempty"`
	Messages []message `json:"messages,omitempty"`
	Statuses []status  `json:"statuses,omitempty"`
	Errors   []failure `json:"errors,omitempty"`
}

type metadata struct {
	Display string `json:"display_phone_number"`
	ID      string `json:"phone_number_id"`
}

type contact struct {
	Profile profile `json:"profile"`
	WaID    string  `json:"wa_id,omitempty"`
	UserID  string  `json:"user_id,omitempty"`
}

type profile struct {
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
}

type message struct {
	Context     *quoted         `json:"context,omitempty"`
	From        string          `json:"from,omitempty"`
	FromUserID  string          `json:"from_user_id,omitempty"`
	ID          string          `json:"id"`
	Timestamp   string          `json:"timestamp"` // seconds
	Errors      []failure       `json:"errors,omitempty"`
	Type        string          `json:"type"`
	Text        any             `json:"text,omitempty"`
	Image       any             `json:"image,omitempty"`
	Video       any             `json:"video,omitempty"`
	Audio       any             `json:"audio,omitempty"`
	Document    any             `json:"document,omitempty"`
	Sticker     any             `json:"sticker,omitempty"`
	Location    any             `json:"location,omitempty"`
	Contacts    json.RawMessage `json:"contacts,omitempty"`
	Button      any             `json:"button,omitempty"`
	Interactive any             `json:"interactive,omitempty"`
	Reaction    any             `json:"reaction,omitempty"`
	Order       any             `json:"order,omitempty"`
	System      any             `json:"system,omitempty"`
	Unsupported any             `json:"unsupported,omitempty"`
	Referral    json.RawMessage `json:"referral,omitempty"`
}

type quoted struct {
	From                string `json:"from,omitempty"`
	ID                  string `json:"id,omitempty"`
	Forwarded           bool   `json:"forwarded,omitempty"`
	FrequentlyForwarded bool   `json:"frequently_forwarded,omitempty"`
}

// status tells what became of a send.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
type status struct {
	ID              string    `json:"id"`
	Status          string    `json:"status"`
	Timestamp       string    `json:"timestamp"` // seconds
	RecipientID     string    `json:"recipient_id,omitempty"`
	RecipientUserID string    `json:"recipient_user_id,omitempty"`
	Ref             string    `json:"biz_opaque_callback_data,omitempty"`
	Pricing         *pricing  `json:"pricing,omitempty"`
	Errors          []failure `json:"errors,omitempty"`
}

type pricing struct {
	Billable bool   `json:"billable"`
	Model    string `json:"pricing_model"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

type failure struct {
	Code    int    `json:"code"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Data    struct {
		Details string `json:"details"`
	} `json:"error_data"`
	Href string `json:"href,omitempty"`
}

// signed makes a webhook request of the number's app around a body that tells of a field.
func (n *number) signed(field string, body []byte) fake.Webhook {
	return metatest.Signed(n.route(field), n.Secrets["app_secret"], body)
}

// messages makes a change of the number around a value.
func (n *number) messages(v value) change {
	v.Product, v.Metadata = "whatsapp", metadata{n.display, n.ExternalID}
	return change{Value: v, Field: "messages"}
}

func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// The byte of a message id that tells who sent the message.
const (
	fromBusiness = 0x11
	fromCustomer = 0x12
)

// messageID makes an id as Meta's are: the customer's name at the platform and a
// random part, in base64. A customer whose number is not told is in it by BSUID.
func messageID(from byte, customer string) string {
	b := append([]byte{0x1c, 0x18, byte(len(customer))}, customer...)
	b = append(b, 0x15, 2, 0, from, 0x18, 20)
	b = append(b, fmt.Sprintf("3A%X", fake.Random(9))...)
	return "wamid." + base64.StdEncoding.EncodeToString(append(b, 0))
}

// mediaID makes the id of a file.
func mediaID() string { return strconv.FormatInt(fake.RandomNumber(1e15, 9e15), 10) }
