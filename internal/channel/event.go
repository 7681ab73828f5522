package channel

import "omnihub/internal/hub"

// EventKind says what happened.
type EventKind string

const (
	EventMessage      EventKind = "message"      // the customer wrote or chose something
	EventAction       EventKind = "action"       // the customer did something to a message: Action
	EventReceipt      EventKind = "receipt"      // a message of ours moved on: Receipt
	EventWatermark    EventKind = "watermark"    // all that was sent until a time moved on: Watermark
	EventSubscription EventKind = "subscription" // the customer let the account in or out: Subscribed
	EventIdentity     EventKind = "identity"     // the customer goes by other ids now: Aliases, Former
	EventLink         EventKind = "link"         // an account link was confirmed or refused: Link
	EventEcho         EventKind = "echo"         // the account's side wrote, by whatever system: Message, Echo
	EventEntry        EventKind = "entry"        // the customer came to a thread that is there: Entry

	EventNotice EventKind = "notice" // about the account, no customer's: Notice
	EventOther  EventKind = "other"  // kept raw
)

// Event is one parsed event.
type Event struct {
	Kind        EventKind
	Type        string     // the platform's own name of the type
	ID          string     // the platform's stable id of the event
	At          hub.Millis // platform time; 0 = the platform gives none
	Account     string
	User        string // the platform's id of the channel user, as Slice.User
	UserKind    hub.UserKind
	Actor       string     // in a group: who acted
	Reply       hub.Secret // the token to answer with, or ""
	Standby     bool       // another system has the conversation: do not answer
	Redelivered bool       // the platform's hint that it sent this before

	// Aliases are all ids by which the event names its user, User's own among them;
	// Former, with EventIdentity, those that the user had before.
	Aliases []Alias
	Former  []Alias
	Profile Profile // what the event tells of its user

	// One of these, by Kind.
	Message    Message
	Action     Action
	Receipt    Receipt
	Watermark  Watermark
	Subscribed bool
	Link       hub.AccountLink
	Notice     Notice
	Echo       Echo

	// Entry is how the customer came, with EventEntry, or with the message that came of it.
	Entry Entry
}

// Echo tells who sent a message of the account's side, with EventEcho.
type Echo struct {
	Ref string // what Outgoing.Ref was, or ""
	App string // the platform's id of the app that sent it; "" = not told, or the platform's own inbox
}

// Entry is how a customer came to the account: by an advertisement, or by a link that
// bears a mark of the brand's.
type Entry struct {
	Source string // the platform's word: "ADS", "SHORTLINK", "ad", "post" …; "" = none
	Ref    string // the mark that the link bore
	Ad     string // the platform's id of the advertisement; "" = it was none
}

// AliasKind says what an id of a person is good for.
type AliasKind string

const (
	// AliasUser is the platform's own id of the person within its scope: it never
	// passes to somebody else.
	AliasUser AliasKind = "user"
	// AliasPhone is a phone number, E.164 digits without "+": it may pass to somebody
	// else.
	AliasPhone AliasKind = "phone"
)

// Alias is an id of a person that holds in more than one account of a platform:
// those of one LINE provider, one business portfolio.
type Alias struct {
	Kind  AliasKind
	Value hub.Personal
}

// Message is what a customer wrote or chose, with EventMessage.
type Message struct {
	ID   string
	Type hub.MessageType
	Text string // what a person reads of it; UTF-8
	Data string // with hub.Choice: what the button bears; with hub.Form: the answers, a JSON object, or none
	// Postback, with hub.Choice, tells that the button is one of the account's menu or of a
	// card, and no reply that stood beside a message; of platforms that tell them apart.
	Postback bool
	Media    []Media // what the message carries
	Quotes   string  // the platform's id of the message that this one answers to
}

// Media is a pointer to a file that a customer sent. It dies with the platform's
// own time limits.
type Media struct {
	Type hub.MessageType // image, video, audio, file, sticker
	ID   string          // by which the platform gives it out, or
	URL  string          // where it lies
	MIME string
	Name string
	Size int64 // bytes; 0 = not told
}

// ActionKind is what a customer does to a message.
type ActionKind string

const (
	Reaction ActionKind = "reaction" // Value is the emoji; "" takes it back
	Edit     ActionKind = "edit"     // Value is the new text
	Unsend   ActionKind = "unsend"   // the message is to be shown no more
)

// Action is done to a message, with EventAction. The newest of a kind and actor
// counts.
type Action struct {
	Kind   ActionKind
	Target string // the platform's id of the message
	Value  string
	Actor  string // who: the channel user, or in a group the person
}

// Receipt tells how a message of ours fares, with EventReceipt.
type Receipt struct {
	Target string    // the platform's id of the message
	Ref    string    // what Outgoing.Ref was, or "" if the platform does not say
	State  hub.State // Sent, Delivered, Read or Failed
	Code   hub.Code  // with Failed: why
	Detail string    // with Failed: the platform's own number of the error
}

// Watermark tells how all messages that were sent until a time fare, with
// EventWatermark.
type Watermark struct {
	UpTo  hub.Millis
	State hub.State // Delivered or Read
}

// Notice is a message of the platform to the account's owner, with EventNotice.
type Notice struct {
	Topic  string            // "template.status", "template.category", "template.quality", "number.quality", "account" …
	Detail map[string]string // by the platform's names; no personal data
}
