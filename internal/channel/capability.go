package channel

import (
	"time"
	"unicode"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// Capabilities are static facts about a platform: what it can show, within which
// limits, and how it treats what is sent.
type Capabilities struct {
	// Shows tells the forms that the channel can show. A form that is not there is
	// refused.
	Shows map[hub.MessageType]Shape
	// QuickReplies are the buttons that may stand beside every form of Shows but a
	// template.
	QuickReplies Items
	Quotes       bool // a message may quote another
	// PerCall is how many messages one Send or Reply takes, as a content of type Several;
	// 0 and 1 = one.
	PerCall int

	// Idempotent tells that the platform recognises a repeated Send by its retry
	// key, so that no claim is needed.
	Idempotent bool
	// ReceiptRef tells that Outgoing.Ref comes back in receipts.
	ReceiptRef bool
	// Receipts tells which states the platform reports.
	Receipts []hub.State
	// Window is how long after the customer's last act the platform takes other
	// messages than templates; 0 = always.
	Window time.Duration
	// PersonWindow is how long after the customer's last act a member of the team, but
	// no program, may still write; 0 = no longer than Window.
	PersonWindow time.Duration
	// EntryWindow is how long after an entry by an advertisement messages may be taken
	// beyond Window: only the platform knows; 0 = never.
	EntryWindow time.Duration
	// EntryFree is how long after an entry by an advertisement messages cost nothing.
	EntryFree time.Duration
	// Echoes tells that the platform shows what the account's side sends, by whatever
	// system, as EventEcho.
	Echoes bool
	// Pair is the pace that the platform allows to one customer; the zero value is no
	// limit.
	Pair Pace
	// Aliases tells that one person may come under several ids.
	Aliases bool
	// Groups tells that groups of people can share a thread.
	Groups bool
	// Follows tells that EventSubscription says when a customer lets the account in, which
	// comes before the first message.
	Follows bool
	// Linking tells what the channel can be in OmniLink, and how it shows the card.
	Linking hub.Linking
}

// Pace is a rate with a burst that is borrowed from the time to come and must be paid
// off in full.
type Pace struct {
	Every time.Duration // one message in that time
	Burst int           // messages within one Every
}

// Shape is what a channel takes of one form of message. A Limit of 0 is none: the
// member must be empty.
type Shape struct {
	Body, Header, Footer Limit
	BodyNeeded           bool
	Media                MediaLimit // of the medium itself, or of the one above the body
	Buttons              Items      // of hub.Buttons; of each card
	Cards                int
	CardTitle, CardText  Limit
	Sections, Rows       int // of a list; rows over all sections
	RowTitle, RowText    Limit
	RowData, Opener      Limit // Opener: the button that opens a list or a form
}

// Items are the limits of a row of buttons.
type Items struct {
	Max        int
	Title      Limit
	Data       Limit // 0 = no button may bear data
	Links      int   // how many of them may open a page
	MixedLinks bool  // links and others may stand together
}

// MediaLimit is what a channel takes of a medium.
type MediaLimit struct {
	Types []hub.MessageType // image, video, audio, file, sticker; none: no medium
	Bytes int64             // the largest, if its size is told; 0 = not known
	MIME  []string          // those that it takes, if the type is told; none: any
}

// Limit is the longest that a text may be. The zero value allows none.
type Limit struct {
	Max int
	In  Unit
}

// Unit is what a platform counts texts in.
type Unit int

const (
	Runes     Unit = iota // code points
	UTF16                 // code units of UTF-16
	Bytes                 // of UTF-8
	Graphemes             // what people take for one character
)

// Count is a text's length in the unit. Graphemes are counted by the marks that
// never stand alone, which is exact for what people type but not for every script.
func (u Unit) Count(text string) int {
	switch u {
	case Bytes:
		return len(text)
	case UTF16:
		n := 0
		for _, r := range text {
			if n++; r > 0xFFFF {
				n++
			}
		}
		return n
	case Graphemes:
		return graphemes(text)
	}
	return utf8.RuneCountInString(text)
}

func graphemes(text string) int {
	const joiner = 0x200D
	n, joined, flag := 0, false, false
	for _, r := range text {
		regional := r >= 0x1F1E6 && r <= 0x1F1FF
		switch {
		case r == joiner:
			joined = true
			continue
		case unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1F3FB && r <= 0x1F3FF, joined, regional && flag:
			joined, flag = false, false
			continue
		}
		joined, flag = false, regional
		n++
	}
	return n
}

// Fits reports whether the text is within the limit.
func (l Limit) Fits(text string) bool { return text == "" || l.Max > 0 && l.In.Count(text) <= l.Max }
