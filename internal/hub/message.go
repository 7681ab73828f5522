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
	OtherMsg MessageType = "other" // kept raw
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
	Actor    string // in a group: the platform's id of who spoke
	Fence    int    // the thread's when the message is stored: who had the floor then
	Raw      []byte // the event as received
	Received Millis
	Trace    string
}

// Intent is a message that is to be sent. Its insert is the intent; its key is
// the idempotency key of everything that follows.
type Intent struct {
	Key      MessageKey
	Class    Class
	Type     MessageType
	Text     string
	Fence    int    // with ClassBot: the floor's fence at the time of the intent
	Accepted Millis // sends of a thread leave in the order of (Accepted, Key)
	Deadline Millis // after it the message fails instead of being sent
	Reply    Reply  // the platform's way to answer for free, if the intent answers an event
	Trace    string
}

// Reply is a platform's token to answer one event.
type Reply struct {
	Token Secret
	Since Millis // when the webhook that brought it reached the edge
}

// Stamps are the states of a sent message: each is set once, in any order.
type Stamps struct {
	Sent, Delivered, Read, Failed, Unknown Millis
	PlatformID                             string
	Code                                   Code // with Failed or Unknown: why
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
	case s.Sent != 0:
		return Sent
	case s.Unknown != 0:
		return Unknown
	}
	return Queued
}

// Final reports whether nothing more will be done to send the message.
func (s Stamps) Final() bool { return s.State() != Queued }
