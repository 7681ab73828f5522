package vibertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strconv"
	"time"

	"omnihub/internal/channel/fake"
)

// callback is a webhook's body, its members in the order in which Viber sends them.
// https://developers.viber.com/docs/api/rest-bot-api/#callbacks
type callback struct {
	Event      string   `json:"event"`
	Timestamp  int64    `json:"timestamp"`
	Host       string   `json:"chat_hostname,omitempty"`
	Token      int64    `json:"message_token"`
	Type       string   `json:"type,omitempty"` // of conversation_started: open
	Context    string   `json:"context,omitempty"`
	User       *person  `json:"user,omitempty"`
	UserID     string   `json:"user_id,omitempty"`
	Subscribed *bool    `json:"subscribed,omitempty"`
	Desc       string   `json:"desc,omitempty"`
	Sender     *person  `json:"sender,omitempty"`
	Message    *written `json:"message,omitempty"`
	Silent     *bool    `json:"silent,omitempty"`
}

type person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Avatar   string `json:"avatar,omitempty"`
	Language string `json:"language"`
	Country  string `json:"country"`
	API      int    `json:"api_version"`
}

// written is a message of a customer's.
type written struct {
	Text      string    `json:"text,omitempty"`
	Type      string    `json:"type"`
	Media     string    `json:"media,omitempty"`
	Thumbnail string    `json:"thumbnail,omitempty"`
	FileName  string    `json:"file_name,omitempty"`
	Size      int64     `json:"size,omitempty"`
	FileSize  int64     `json:"file_size,omitempty"`
	Duration  int64     `json:"duration,omitempty"`
	Sticker   int64     `json:"sticker_id,omitempty"`
	Contact   *contact  `json:"contact,omitempty"`
	Location  *location `json:"location,omitempty"`
	Tracking  string    `json:"tracking_data,omitempty"`
}

type contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone_number"`
}

type location struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// clientVersion is the api_version of every customer's client.
const clientVersion = 10

// person is how a customer is told of; p.Mu is held.
func (p *platform) person(id string) *person {
	name := p.names[id]
	if name == "" {
		name = "Viber user"
	}
	return &person{
		ID: id, Name: name, Avatar: "https://media-direct.cdn.viber.example/avatar.jpg",
		Language: "zh-TW", Country: "TW", API: clientVersion,
	}
}

// signed makes a webhook request of the bot around a body.
// https://developers.viber.com/docs/api/rest-bot-api/#callbacks
func (b *bot) signed(body []byte) fake.Webhook {
	digest := hmac.New(sha256.New, []byte(b.Secrets["auth_token"]))
	digest.Write(body)
	return fake.Webhook{
		URL: b.Webhook,
		Header: map[string]string{
			"content-type":              "application/json",
			"x-viber-content-signature": hex.EncodeToString(digest.Sum(nil)),
		},
		Body: body,
	}
}

var userForm = regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`)

// userID gives a customer's id, which is another for each bot: the name itself if it is
// one, or one derived from it, always the same; p.Mu is held.
func (p *platform) userID(b *bot, name string) string {
	if userForm.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(kind + " " + b.ExternalID + " " + name))
	id := base64.StdEncoding.EncodeToString(sum[:16])
	if p.names[id] != name {
		p.names[id] = name
		p.Journal.Record("name", nameEntry{id, name})
	}
	return id
}

// newToken makes a message_token: 63 bits, more than a float64 holds. It is random,
// since the hub may remember tokens from before this platform was started.
func newToken() int64 {
	const least, span = 4_900_000_000_000_000_000, 4_300_000_000_000_000_000
	return fake.RandomNumber(least, span)
}

func tokenText(token int64) string { return strconv.FormatInt(token, 10) }

// host is which of Viber's machines says something.
func host(token int64) string { return "SN-CHAT-0" + strconv.FormatInt(1+token%8, 10) + "_" }

// event begins a callback.
func event(name string, token int64, at time.Time) callback {
	return callback{Event: name, Timestamp: at.UnixMilli(), Host: host(token), Token: token}
}
