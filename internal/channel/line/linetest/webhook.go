package linetest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"omnihub/internal/channel/fake"
)

// The objects of a webhook, their members in the order in which LINE sends them.
// https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects

type webhook struct {
	Destination string  `json:"destination"`
	Events      []event `json:"events"`
}

type event struct {
	Type              string          `json:"type"`
	Mode              string          `json:"mode"`
	Timestamp         int64           `json:"timestamp"`
	Source            *source         `json:"source,omitempty"`
	WebhookEventID    string          `json:"webhookEventId"`
	DeliveryContext   deliveryContext `json:"deliveryContext"`
	ReplyToken        string          `json:"replyToken,omitempty"`
	Message           *message        `json:"message,omitempty"`
	Follow            *follow         `json:"follow,omitempty"`
	Unsend            *unsend         `json:"unsend,omitempty"`
	Postback          *postback       `json:"postback,omitempty"`
	Link              *link           `json:"link,omitempty"`
	Joined            *members        `json:"joined,omitempty"`
	Left              *members        `json:"left,omitempty"`
	VideoPlayComplete *videoPlay      `json:"videoPlayComplete,omitempty"`
	Beacon            *beacon         `json:"beacon,omitempty"`
	Membership        *membership     `json:"membership,omitempty"`
}

// chat is whom an answer to the event goes to: the group, or else the person.
func (e *event) chat() string {
	switch {
	case e.Source == nil:
		return ""
	case e.Source.GroupID != "":
		return e.Source.GroupID
	}
	return e.Source.UserID
}

type source struct {
	Type    string `json:"type"`
	GroupID string `json:"groupId,omitempty"`
	UserID  string `json:"userId,omitempty"`
}

type deliveryContext struct {
	IsRedelivery bool `json:"isRedelivery"`
}

type message struct {
	Type                string           `json:"type"`
	ID                  string           `json:"id"`
	QuoteToken          string           `json:"quoteToken,omitempty"`
	MarkAsReadToken     string           `json:"markAsReadToken,omitempty"`
	Text                string           `json:"text,omitempty"`
	Mention             json.RawMessage  `json:"mention,omitempty"`
	QuotedMessageID     string           `json:"quotedMessageId,omitempty"`
	Title               string           `json:"title,omitempty"`
	Address             string           `json:"address,omitempty"`
	Latitude            *float64         `json:"latitude,omitempty"`
	Longitude           *float64         `json:"longitude,omitempty"`
	PackageID           string           `json:"packageId,omitempty"`
	StickerID           string           `json:"stickerId,omitempty"`
	StickerResourceType string           `json:"stickerResourceType,omitempty"`
	Keywords            []string         `json:"keywords,omitempty"`
	FileName            string           `json:"fileName,omitempty"`
	FileSize            int64            `json:"fileSize,omitempty"`
	Duration            int64            `json:"duration,omitempty"`
	ContentProvider     *contentProvider `json:"contentProvider,omitempty"`
}

type contentProvider struct {
	Type               string `json:"type"`
	OriginalContentURL string `json:"originalContentUrl,omitempty"`
	PreviewImageURL    string `json:"previewImageUrl,omitempty"`
}

type follow struct {
	IsUnblocked bool `json:"isUnblocked"`
}

type unsend struct {
	MessageID string `json:"messageId"`
}

type postback struct {
	Data   string          `json:"data"`
	Params json.RawMessage `json:"params,omitempty"`
}

type link struct {
	Result string `json:"result"`
	Nonce  string `json:"nonce"`
}

type members struct {
	Members []source `json:"members"`
}

type videoPlay struct {
	TrackingID string `json:"trackingId"`
}

type beacon struct {
	HWID string `json:"hwid"`
	Type string `json:"type"`
}

type membership struct {
	Type         string `json:"type"`
	MembershipID int    `json:"membershipId"`
}

// signed makes a webhook request of the account around a body.
// https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
func (a *account) signed(body []byte) fake.Webhook {
	digest := hmac.New(sha256.New, []byte(a.Secrets["channel_secret"]))
	digest.Write(body)
	return fake.Webhook{
		URL: a.Webhook,
		Header: map[string]string{
			"content-type":     "application/json; charset=utf-8",
			"user-agent":       "LineBotWebhook/2.0",
			"x-line-signature": base64.StdEncoding.EncodeToString(digest.Sum(nil)),
		},
		Body: body,
	}
}

var (
	userForm  = regexp.MustCompile(`^U[0-9a-f]{32}$`)
	groupForm = regexp.MustCompile(`^C[0-9a-f]{32}$`)
)

// userID gives LINE's id of a customer: the name itself if it is one, or one derived
// from it, always the same.
func (p *platform) userID(name string) string {
	if userForm.MatchString(name) {
		return name
	}
	return p.derive("U", name)
}

// groupID does so for a group.
func (p *platform) groupID(name string) string {
	if groupForm.MatchString(name) {
		return name
	}
	return p.derive("C", name)
}

func (p *platform) derive(prefix, name string) string {
	sum := sha256.Sum256([]byte(kind + prefix + name))
	id := prefix + hex.EncodeToString(sum[:16])
	if p.names[id] != name {
		p.names[id] = name
		p.Journal.Record("name", nameEntry{id, name})
	}
	return id
}

// messageID makes an id as LINE's are: 18 digits. It is random, since the hub may
// remember ids from before this platform was started.
func messageID() string {
	return strconv.FormatInt(fake.RandomNumber(5e17, 4e17), 10)
}

// eventID makes a webhookEventId, a ULID.
func eventID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String()
}

func hexToken() string   { return hex.EncodeToString(fake.Random(16)) }
func quoteToken() string { return base64.RawURLEncoding.EncodeToString(fake.Random(36)) }

// uuid makes the id of a request.
func uuid() string {
	h := hex.EncodeToString(fake.Random(16))
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
