package vibertest

import "strings"

// The limits of a message.
// https://developers.viber.com/docs/api/rest-bot-api/#message-types
const (
	maxBody     = 30 << 10
	maxText     = 7000
	maxCaption  = 512
	maxSender   = 28
	maxTracking = 4000
	maxVideo    = 26 << 20
	maxFile     = 50 << 20
)

// message is a send, as far as the platform must know it to act on it.
type message struct {
	receiver string
	kind     string
	text     string // readable
	tracking string
	version  int // of the API that the client must know
	keyboard []shown
	carousel []shown
}

// read checks a message. A welcome is one without a receiver.
func read(o *object, welcome bool) *message {
	m := &message{}
	o.text("auth_token", false, 200)
	switch {
	case welcome && o.has("receiver"):
		o.refuse(badData, "receiver does not belong into a welcome message")
	case !welcome:
		m.receiver = o.text("receiver", true, 200)
	}
	if o.has("sender") {
		s := o.child("sender")
		s.text("name", true, maxSender)
		s.link("avatar", false)
		s.only()
	}
	m.tracking = o.text("tracking_data", false, maxTracking)
	m.version = int(o.number("min_api_version", false, 1, 100, 1))
	if o.has("keyboard") {
		m.keyboard = o.child("keyboard").keyboard()
	}
	m.kind = o.text("type", !o.has("keyboard"), 50)
	m.content(o)
	o.only()
	return m
}

func (m *message) content(o *object) {
	switch m.kind {
	case "":
	case "text":
		m.text = o.text("text", true, maxText)
	case "picture":
		m.text = o.text("text", false, maxCaption)
		o.link("media", true)
		o.link("thumbnail", false)
	case "video":
		o.link("media", true)
		o.link("thumbnail", false)
		o.number("size", true, 1, maxVideo, 0)
		o.number("duration", false, 1, 600, 0)
	case "file":
		o.link("media", true)
		o.number("size", true, 1, maxFile, 0)
		if m.text = o.text("file_name", true, 256); !strings.Contains(m.text, ".") {
			o.refuse(badData, "file_name has no extension")
		}
	case "contact":
		c := o.child("contact")
		m.text = c.text("name", true, 28) + " " + c.text("phone_number", true, 18)
		c.text("avatar", false, 2000)
		c.only()
	case "location":
		l := o.child("location")
		l.number("lat", true, -90, 90, 0)
		l.number("lon", true, -180, 180, 0)
		l.only()
	case "url":
		m.text = o.link("media", true)
	case "sticker":
		o.number("sticker_id", true, 1, 1e9, 0)
	case "rich_media":
		if m.version < 2 {
			o.refuse(incompatible, "rich_media needs min_api_version 2")
		}
		m.text = o.text("alt_text", false, maxText)
		m.carousel = o.child("rich_media").carousel()
	default:
		o.refuse(badData, "type %q is unknown", m.kind)
	}
}

// The size of a keyboard and of a carousel.
// https://developers.viber.com/docs/tools/keyboards/
const (
	columns   = 6
	maxRows   = 12 // of a keyboard, held upright
	maxBlocks = 6  // of a carousel
	maxHeight = 7  // of a block
)

// keyboard reads what stands below the chat, and gives the buttons that bear a text.
func (o *object) keyboard() []shown {
	o.oneOf("Type", "keyboard")
	o.flag("DefaultHeight")
	o.oneOf("InputFieldState", "regular", "minimized", "hidden")
	o.looks()
	var out []shown
	cells := 0
	for _, b := range o.list("Buttons", maxRows*columns) {
		size, s := b.button(2)
		cells += size
		out = append(out, s...)
	}
	if cells > maxRows*columns {
		o.refuse(badData, "%s is over %d rows", o.at, maxRows)
	}
	o.only()
	return out
}

// carousel reads rich media. A block must be full, or what stands in it moves into the
// next.
func (o *object) carousel() []shown {
	o.oneOf("Type", "rich_media")
	wide := int(o.number("ButtonsGroupColumns", false, 1, columns, columns))
	high := int(o.number("ButtonsGroupRows", false, 1, maxHeight, maxHeight))
	o.looks()
	var out []shown
	cells := 0
	for _, b := range o.list("Buttons", maxBlocks*columns*maxHeight) {
		size, s := b.button(maxHeight)
		if cells%(wide*high)+size > wide*high {
			o.refuse(badData, "%s reaches from one block into the next", b.at)
		}
		cells += size
		out = append(out, s...)
	}
	if o.fault == nil && (cells%(wide*high) != 0 || cells > maxBlocks*wide*high) {
		o.refuse(badData, "%s is not made of 1 to %d full blocks", o.at, maxBlocks)
	}
	o.only()
	return out
}

func (o *object) looks() { o.text("BgColor", false, 7) }

// button reads one, and gives how many cells it takes and, if it bears a text, which.
func (o *object) button(maxHeight float64) (cells int, s []shown) {
	cells = int(o.number("Columns", false, 1, columns, columns) * o.number("Rows", false, 1, maxHeight, 1))
	does := o.oneOf("ActionType", "reply", "open-url", "location-picker", "share-phone", "none")
	body := o.text("ActionBody", true, 4000)
	text := o.text("Text", false, 250)
	if picture := o.link("Image", false); text == "" && picture == "" && !o.has("BgColor") {
		o.refuse(missingData, "%s has neither text nor image", o.at)
	}
	o.looks()
	o.oneOf("TextSize", "regular", "small", "large")
	o.oneOf("TextHAlign", "center", "left", "right")
	o.oneOf("TextVAlign", "middle", "top", "bottom")
	o.flag("Silent")
	o.only()
	if does == "reply" {
		s = []shown{{Text: text, Body: body}}
	}
	return cells, s
}
