package viber

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// message is the body of a send; which members are used follows from its type. As a
// webhook's answer it has no receiver.
// https://developers.viber.com/docs/api/rest-bot-api/#send-message
type message struct {
	Receiver  string    `json:"receiver,omitempty"`
	MinAPI    int       `json:"min_api_version,omitempty"` // of the customer's client; 0 = 1
	Sender    *sender   `json:"sender,omitempty"`
	Tracking  string    `json:"tracking_data,omitempty"`
	Type      string    `json:"type"`
	Text      string    `json:"text,omitempty"`
	AltText   string    `json:"alt_text,omitempty"`
	Media     string    `json:"media,omitempty"`
	Thumbnail string    `json:"thumbnail,omitempty"`
	FileName  string    `json:"file_name,omitempty"`
	Size      int64     `json:"size,omitempty"`     // bytes
	Duration  int64     `json:"duration,omitempty"` // s
	Location  *location `json:"location,omitempty"`
	RichMedia *keyboard `json:"rich_media,omitempty"`
	Keyboard  *keyboard `json:"keyboard,omitempty"`
}

type sender struct {
	Name   string `json:"name"`
	Avatar string `json:"avatar,omitempty"`
}

type location struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// senderOf is who a message is from; nil if the account does not say.
func senderOf(secrets channel.Secrets) (*sender, error) {
	name, avatar := strings.TrimSpace(secrets[SenderName].Reveal()), secrets[SenderAvatar].Reveal()
	switch {
	case utf8.RuneCountInString(name) > maxSender:
		return nil, fmt.Errorf("%s is over %d characters", SenderName, maxSender)
	case avatar != "" && name == "":
		return nil, fmt.Errorf("%s needs a %s beside it", SenderAvatar, SenderName)
	case avatar != "" && (!strings.HasPrefix(avatar, "https://") || len(avatar) > maxURL):
		return nil, fmt.Errorf("%s is no https address", SenderAvatar)
	case name == "":
		return nil, nil
	}
	return &sender{Name: name, Avatar: avatar}, nil
}

// bodyOf makes the JSON of a content that has passed the check, or tells what Viber
// would not take of it. It is complete but for who gets it.
func bodyOf(c hub.Content, e message, ref string) ([]byte, error) {
	var (
		body []byte
		err  error
	)
	if c.Type == hub.Native {
		body, err = nativeOf(c, e, ref)
	} else if err = e.fill(c); err == nil {
		e.Tracking = trackingOf(ref, tappable(c))
		body, err = encode(e)
	}
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the message is over %d bytes", maxBody)
	}
	return body, err
}

// tappable are all buttons of a content.
func tappable(c hub.Content) []hub.Button {
	out := append(append([]hub.Button{}, c.Buttons...), c.QuickReplies...)
	for _, card := range c.Cards {
		out = append(out, card.Buttons...)
	}
	return out
}

func (e *message) fill(c hub.Content) error {
	var err error
	switch {
	case c.Type == hub.Text:
		e.Type, e.Text = "text", c.Text
	case c.Type == hub.Buttons && c.Media == nil:
		e.Type, e.Text = "text", c.Text
	case (c.Type == hub.Image || c.Type == hub.Buttons) && c.Media != nil:
		err = e.picture(c)
	case c.Type == hub.Video && c.Media != nil:
		err = e.video(*c.Media)
	case c.Type == hub.File && c.Media != nil:
		err = e.file(*c.Media)
	case c.Type == hub.Location && c.Place != nil:
		err = e.place(*c.Place)
	case c.Type == hub.Cards && len(c.Cards) > 0:
		err = e.carousel(c)
	default:
		err = fmt.Errorf("message type %s", c.Type)
	}
	if err != nil {
		return err
	}
	e.Keyboard, err = keyboardOf(append(append([]hub.Button{}, c.Buttons...), c.QuickReplies...))
	return err
}

// https://developers.viber.com/docs/api/rest-bot-api/#picture-message
func (e *message) picture(c hub.Content) error {
	if utf8.RuneCountInString(c.Text) > maxCaption {
		return fmt.Errorf("text beside a picture is over %d characters", maxCaption)
	}
	e.Type, e.Text, e.Media, e.Thumbnail = "picture", c.Text, c.Media.URL, c.Media.Preview
	return addresses(*c.Media)
}

// https://developers.viber.com/docs/api/rest-bot-api/#video-message
func (e *message) video(m hub.Media) error {
	switch {
	case m.Size <= 0:
		return errors.New("video needs its size")
	case m.Length > maxLength:
		return fmt.Errorf("video is over %d seconds", maxLength/1000)
	case m.Length > 0:
		e.Duration = max(1, m.Length/1000)
	}
	e.Type, e.Media, e.Thumbnail, e.Size = "video", m.URL, m.Preview, m.Size
	return addresses(m)
}

// https://developers.viber.com/docs/api/rest-bot-api/#file-message
func (e *message) file(m hub.Media) error {
	switch {
	case m.Size <= 0:
		return errors.New("file needs its size")
	case m.Name == "" || utf8.RuneCountInString(m.Name) > maxFileName:
		return fmt.Errorf("file needs a name of at most %d characters", maxFileName)
	}
	e.Type, e.Media, e.Size, e.FileName = "file", m.URL, m.Size, m.Name
	return addresses(m)
}

func addresses(m hub.Media) error {
	if len(m.URL) > maxURL || len(m.Preview) > maxURL {
		return fmt.Errorf("an address is over %d bytes", maxURL)
	}
	return nil
}

// place has no room for the title and the address.
// https://developers.viber.com/docs/api/rest-bot-api/#location-message
func (e *message) place(p hub.Place) error {
	if !(math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180) {
		return errors.New("place: no point on the map")
	}
	e.Type, e.Location = "location", &location{p.Latitude, p.Longitude}
	return nil
}
