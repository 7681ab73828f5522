package hub

import "time"

// MessageType says what a message holds, in terms that all channels share.
type MessageType string

const (
	Text     MessageType = "text"
	Image    MessageType = "image"
	Video    MessageType = "video"
	Audio    MessageType = "audio"
	File     MessageType = "file"
	Sticker  MessageType = "sticker"
	Location MessageType = "location"
	Contacts MessageType = "contacts" // address cards
	Choice   MessageType = "choice"   // a button or a row of a list was tapped
	Form     MessageType = "form"     // inbound: a filled-in form; outbound: the invitation to one
	Order    MessageType = "order"    // of a catalogue's products
	Story    MessageType = "story"    // the account was named in a story
	OtherMsg MessageType = "other"    // kept raw

	// Of messages to customers only.
	Buttons  MessageType = "buttons"  // a text with buttons
	Menu     MessageType = "list"     // a menu that opens on a tap
	Cards    MessageType = "cards"    // a carousel
	Template MessageType = "template" // approved by the platform beforehand
	Native   MessageType = "native"   // in the platform's own words
	Several  MessageType = "several"  // messages that go out in one call; made by channel.Together only
)

// Class says who wants a message sent; it is set at the intent and never changes.
type Class string

const (
	ClassBot           Class = "bot"
	ClassPerson        Class = "person"
	ClassTransactional Class = "transactional"
	ClassMarketing     Class = "marketing"
)

// SendDeadline is how long an intent of the class may wait to be sent.
func (c Class) SendDeadline() time.Duration {
	switch c {
	case ClassBot:
		return 30 * time.Minute
	case ClassMarketing:
		return 12 * time.Hour
	}
	return 24 * time.Hour
}

// Inbound is a customer's message as it is stored.
type Inbound struct {
	Key      MessageKey
	Event    string // the platform's id of the event
	Hash     string // of the payload without redelivery marks
	Type     MessageType
	Text     string // UTF-8; may be empty
	Data     string // with Choice and Form: what came back
	Actor    string // in a group: the platform's id of who spoke
	Account  AccountID
	Channel  Channel
	Home     HomeID // of the channel user
	Fence    int    // the thread's when the message is stored: who had the floor then
	Need     Need   // for whom it is: what its thread remembers of it; "" = of no account
	Raw      []byte // the event as received, but for what is hidden of it
	Received Millis
	Trace    string
}

// Intent is a message that is to be sent. Its insert is the intent; its key is
// the idempotency key of everything that follows.
type Intent struct {
	Key      MessageKey
	Class    Class
	Content  Content
	By       string // the member or program that sends it; "" = the bot
	Account  AccountID
	Channel  Channel
	Home     HomeID
	Thread   UserKey // with whose sends it leaves in order; "" = those of its own partition
	Fence    int     // with ClassBot: the floor's fence at the time of the intent
	Over     bool    // with ClassBot: it may go out though the floor is not the bot's
	Accepted Millis  // sends of a thread leave in the order of (Accepted, Key)
	Deadline Millis  // after it the message fails instead of being sent
	Reply    Reply   // the platform's way to answer for free, if the intent answers an event
	Trace    string
}

// Action is what a customer did to a message, as it is stored: per target, kind and
// actor only the newest counts.
type Action struct {
	Kind     string // "reaction", "edit", "unsend"
	Target   string // the platform's id of the message
	Value    string // the emoji, "" = taken back; the new text
	Actor    string // hash of who did it
	Event    string // the platform's id of the event
	Account  AccountID
	Channel  Channel
	Home     HomeID
	At       Millis
	Raw      []byte
	Received Millis
	Trace    string
}

// After reports whether a counts over b: by time, then by the event's id.
func (a Action) After(b Action) bool {
	if a.At != b.At {
		return a.At > b.At
	}
	return a.Event > b.Event
}

// Reply is a platform's token to answer one event.
type Reply struct {
	Token Secret
	Since Millis // when the webhook that brought it reached the edge
}

// Stamps are the states of a sent message: each is set once, in any order.
type Stamps struct {
	Accepted                      Millis // the platform took the call, by our clock
	Sent, Delivered, Read, Failed Millis // by the platform's receipts; Failed also by its refusal
	Unknown                       Millis // the answer was lost
	PlatformID                    string
	Code                          Code // with Failed or Unknown: why
}

// State is what is shown of a message.
type State string

const (
	Queued    State = "queued"
	Sent      State = "sent"
	Failed    State = "failed"
	Delivered State = "delivered"
	Read      State = "read"
	Unknown   State = "unknown" // the platform's answer was lost
)

// State folds the stamps: read > delivered > failed > sent > unknown > queued.
func (s Stamps) State() State {
	switch {
	case s.Read != 0:
		return Read
	case s.Delivered != 0:
		return Delivered
	case s.Failed != 0:
		return Failed
	case s.Sent != 0, s.Accepted != 0:
		return Sent
	case s.Unknown != 0:
		return Unknown
	}
	return Queued
}

// Final reports whether nothing more will be done to send the message.
func (s Stamps) Final() bool { return s.State() != Queued }
