package hub

import (
	"strconv"
	"strings"
)

// GetStarted is what the button bears with which a conversation begins on platforms that
// have one.
// https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api/get-started-button
const GetStarted = "GET_STARTED"

// Said is what a customer did, as the bot sees it.
type Said struct {
	Type MessageType // "" of who let the account in and wrote nothing
	Text string      // what a person reads of it
	Data string      // with Choice: what the button bears
	At   Millis
	Link bool // it is OmniLink's: a code, or the answer to its question
	// Postback, with Choice: the button is one of the account's menu or of a card, and no
	// reply that stood beside a message; of platforms that tell them apart.
	Postback bool
}

// Words are what keywords are held against: a text, or what a tapped button bears.
func (s Said) Words() string {
	switch s.Type {
	case Text:
		return s.Text
	case Choice:
		return s.Data
	}
	return ""
}

// Met is what of the bot's a customer has met, decided before anything of the message is
// stored.
type Met struct {
	Said Said
	// Bot: the input is for the bot. Else it is for a person.
	Bot bool
	// Keyword is the place, from 1, of the first keyword rule that fires; 0 = none does.
	Keyword int
	// Button is the one of ours that was tapped; nil = none was, or it is not known any more.
	Button *ModuleButton
	// Tapped: what was tapped is a button of a module, whether it is known or not.
	Tapped bool
}

// For says whose the input is.
func (m Met) For() Need {
	if m.Bot {
		return NeedBot
	}
	return NeedHuman
}

// Scene is where an answer is to be given.
type Scene struct {
	Team     TeamID
	Account  AccountID
	Channel  Channel
	Home     HomeID
	Thread   UserKey
	Kind     UserKind
	Language string // the customer's, if the event tells it
	First    bool   // the message is the first of its thread
	Opened   bool   // it began the conversation
	// Quiet: nothing may be said any more: the message is old, another system has the
	// conversation, or the floor has changed since.
	Quiet bool
	// Floor: the bot has the floor.
	Floor bool
}

// Reaction is what the bot does about what a customer did.
type Reaction struct {
	Contents []Content // what it says, in order; may be none
	// Notice: what it says tells of what was just done at the customer's own word, and goes
	// out though the customer takes no automatic messages.
	Notice   bool
	Over     bool     // it may be said while the floor is not the bot's
	HandOver bool     // the floor is given to the team
	Consent  string   // OptOut or OptIn; "" = stays
	Tags     []string // names, to be put on the customer
	Rule     string   // the id of the rule; "" = it is no rule's
}

// buttonMark begins what a module's button bears.
const buttonMark = "b1."

// ButtonData is what a module's button bears at the platform: at most 64 bytes.
func ButtonData(module ModuleID, version int, button string) string {
	return buttonMark + string(module) + "." + strconv.Itoa(version) + "." + button
}

// ParseButtonData reads what ButtonData made.
func ParseButtonData(data string) (module ModuleID, version int, button string, ok bool) {
	rest, ok := strings.CutPrefix(data, buttonMark)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 || len(data) > 64 || parts[2] == "" {
		return "", 0, "", false
	}
	version, err := strconv.Atoi(parts[1])
	module = ModuleID(parts[0])
	return module, version, parts[2], err == nil && version > 0 && module.Valid()
}

// Came is what a customer wrote or tapped that is OmniLink's, with where it came.
type Came struct {
	Team     TeamID
	User     UserKey // in whose partition the message lies
	Thread   UserKey // in whose partition the thread's state stands
	Account  AccountID
	Channel  Channel
	Home     HomeID
	Key      MessageKey
	First    bool // nothing was written in the thread before
	Said     Said
	Received Millis // when the edge got it, by our clock
	Trace    string
}
