package vibertest

import (
	"errors"
	"fmt"
	"strconv"
)

// extra is what only Viber has, by type.
//
// Messages of the customer:
//
//	text      text
//	picture   link, text, name, size
//	video     link, size, duration (s)
//	file      link, name, size
//	sticker   sticker (its number)
//	contact   name, phone
//	location  latitude, longitude
//	url       link, text
//	button    data (of a button that a message showed)
//	unknown   kind, text: a message of a type that nobody knows
//
// Other things that the customer does, or that happen to a message:
//
//	conversation_started  context (of the link that led to the chat)
//	delivered, seen       message (the hub's last to the customer if absent), nobody (the
//	                      event does not name the customer)
//	failed                message, details
//	event                 event (the name of one that nobody knows)
//
// What happens to the bot:
//
//	taken  url: another system has registered its webhook; "" = it took ours out
//	raw    body (any bytes, signed as Viber would)
type extra struct {
	Type string `json:"type"`

	Text      string  `json:"text"`
	Link      string  `json:"link"`
	Name      string  `json:"name"`
	Size      int64   `json:"size"`
	Duration  int64   `json:"duration"`
	Sticker   string  `json:"sticker"`
	Phone     string  `json:"phone"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Data      string  `json:"data"`
	Kind      string  `json:"kind"`

	Context string `json:"context"`
	Message string `json:"message"`
	Nobody  bool   `json:"nobody"`
	Details string `json:"details"`
	Event   string `json:"event"`

	URL  string `json:"url"`
	Body string `json:"body"`
}

// written makes the message of an act; p.Mu is held.
// https://developers.viber.com/docs/api/rest-bot-api/#receive-message-from-user
func (p *platform) written(b *bot, from string, x extra) (*written, error) {
	m := &written{Type: x.Type, Text: x.Text, Size: x.Size}
	medium := func(name string, size int64) {
		m.Media, m.FileName = x.Link, x.Name
		if m.Media == "" {
			m.Media = "https://dl-media.viber.example/" + name + "?Expires=1"
		}
		if m.FileName == "" {
			m.FileName = name
		}
		if m.Size == 0 {
			m.Size = size
		}
	}
	switch x.Type {
	case "text":
		if x.Text == "" {
			return nil, errors.New("vibertest: act: a text is not empty")
		}
	case "picture":
		medium("1.jpg", 81234)
		m.Thumbnail = "https://dl-media.viber.example/1_t.jpg"
	case "video":
		medium("1.mp4", 2512345)
		m.Duration = max(x.Duration, 1)
		m.Thumbnail = "https://dl-media.viber.example/1_t.jpg"
	case "file":
		medium("1.pdf", 90210)
		m.FileSize = m.Size
	case "sticker":
		n, err := strconv.ParseInt(x.Sticker, 10, 64)
		if err != nil || n <= 0 {
			return nil, errors.New("vibertest: act: a sticker is a number")
		}
		m.Sticker = n
	case "contact":
		m.Contact = &contact{x.Name, x.Phone}
	case "location":
		m.Location = &location{x.Latitude, x.Longitude}
	case "url":
		m.Media = x.Link
	case "button":
		s, ok := b.customer(from).tap(x.Data)
		if !ok {
			return nil, fmt.Errorf("vibertest: act: no message shows a button %q", x.Data)
		}
		m.Type, m.Text = "text", s.Body
	case "unknown":
		m.Type = x.Kind
	default:
		return nil, fmt.Errorf("vibertest: act: extra: no type %q", x.Type)
	}
	return m, nil
}
