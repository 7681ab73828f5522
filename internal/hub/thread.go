package hub

import (
	"slices"
	"time"
)

// UserKind tells a person from a group of people that share one thread.
type UserKind string

const (
	Person UserKind = "person"
	Group  UserKind = "group" // never joined with anybody
)

// Thread is the endless message log of one channel user, and the state of the
// conversation that is open in it.
type Thread struct {
	User     UserKey // in whose partition the thread's state stands
	Account  AccountID
	External Personal // the platform's id of the channel user, as it was first seen
	Address  Personal // the platform's id by which to write now; "" = External
	Kind     UserKind
	Epoch    int       // number of erasures
	Also     []UserKey // other ids of the same person, whose messages lie in their own partitions
	Aliases  []string  // the marks of the aliases that are settled for this thread

	FirstKey MessageKey
	LastKey  MessageKey
	LastIn   Millis // platform time of the newest message
	LastAct  Millis // of the customer's newest act that is no message
	LastTeam Millis // when a member of the team wrote last
	LastAds  Millis // when a marketing message was accepted last
	Entered  Entered
	Preview  string
	ReadKey  MessageKey
	Late     []MessageKey // unread though not after ReadKey
	LateMany bool         // more than the list holds

	DeliveredUpTo Millis // what was sent until then has reached the customer
	ReadUpTo      Millis // the customer has read what was sent until then

	Subscription

	Conversation ConversationID // "" = none is open
	WaitSince    Millis
	Assignee     string
	Floor        string     // FloorBot, FloorTeam, or the id of the member who may speak
	Need         Need       // for whom the open conversation waits, while nobody has it
	Handed       MessageKey // the message for which the floor was given to the team last
	Fence        int        // raised at each change of floor
	Rev          int

	Held   []Parked   // sends that wait, first accepted first; later ones queue behind them
	Auto   []AutoSend // the last automatic sends
	Pair   Paced      // by the platform's pace to one customer
	See    UserKey    // the thread is another's: go there
	Erased Millis
}

// Entered is the newest time that a customer came by an advertisement.
type Entered struct {
	At Millis // 0 = never
	Ad string // the platform's id of the advertisement
}

// To is the platform's id by which to write to the channel user.
func (t *Thread) To() Personal {
	if t.Address != "" {
		return t.Address
	}
	return t.External
}

// Settled reports whether the thread knows an alias by its mark.
func (t *Thread) Settled(mark string) bool { return slices.Contains(t.Aliases, mark) }

const (
	// FloorBot is the floor of a thread in which the bot may answer. The empty floor
	// means the same.
	FloorBot = "bot"
	// FloorTeam is the floor of a thread that was handed over: it is nobody's yet, and the
	// bot is silent.
	FloorTeam = "team"
)

// Need is for whom an open conversation waits.
type Need string

const (
	NeedBot   Need = "bot"   // all that came was for the bot
	NeedHuman Need = "human" // something was for a person; it never goes back by itself
)

// Case is how the conversation of a thread stands, as people read it.
type Case string

const (
	CasePending    Case = "pending"     // 待處理: waits for Need
	CaseInProgress Case = "in_progress" // 處理中: a member has it
	CaseClosed     Case = "closed"      // 已結束: none is open
)

// Case tells how the conversation stands, and, while it is pending, for whom it waits.
func (t *Thread) Case() (Case, Need) {
	switch {
	case t.Conversation == "":
		return CaseClosed, ""
	case t.Assignee != "":
		return CaseInProgress, ""
	case t.Need == NeedBot:
		return CasePending, NeedBot
	}
	return CasePending, NeedHuman
}

// BotMaySpeak reports whether automatic answers are allowed.
func (t *Thread) BotMaySpeak() bool { return t.Floor == "" || t.Floor == FloorBot }

// Unread reports whether there is something that the team has not read.
func (t *Thread) Unread() bool { return t.LastKey > t.ReadKey || len(t.Late) > 0 || t.LateMany }

// MaxLate is how many late keys a thread keeps before it only remembers that
// there are more.
const MaxLate = 50

// Parked is a send that waits for its time.
type Parked struct {
	Accepted Millis
	Key      MessageKey
}

// Before is the order of acceptance, in which the sends of a thread leave.
func (p Parked) Before(q Parked) bool {
	if p.Accepted != q.Accepted {
		return p.Accepted < q.Accepted
	}
	return p.Key < q.Key
}

// MaxSendWait is the longest deadline of any class: a send that was parked longer
// ago holds nobody back.
const MaxSendWait = 24 * time.Hour

// HeldBack reports whether an earlier send of the thread waits, so that this one
// must wait too.
func (t *Thread) HeldBack(send Parked, now Millis) bool {
	for _, p := range t.Held {
		if p.Accepted.Add(MaxSendWait+time.Hour) < now {
			continue
		}
		if p.Before(send) {
			return true
		}
	}
	return false
}

// Holds reports whether the send itself is parked in the thread.
func (t *Thread) Holds(key MessageKey) bool {
	for _, p := range t.Held {
		if p.Key == key {
			return true
		}
	}
	return false
}

// AutoSend is one automatic send, remembered for the reply budget.
type AutoSend struct {
	At  Millis
	Key MessageKey
}

const (
	// ReplyBudgetCount automatic answers are allowed in a thread per window.
	ReplyBudgetCount = 5
	// ReplyBudgetWindow is the window of the reply budget.
	ReplyBudgetWindow = time.Minute
)

// SpendReply answers the list to store if one more automatic answer may be sent
// at now, and whether it may. A message that is in the list already (an earlier
// try) may, and changes nothing.
func SpendReply(auto []AutoSend, key MessageKey, now Millis) ([]AutoSend, bool) {
	recent := make([]AutoSend, 0, ReplyBudgetCount)
	for _, a := range auto {
		if a.Key == key {
			return auto, true
		}
		if now-a.At < Millis(ReplyBudgetWindow.Milliseconds()) {
			recent = append(recent, a)
		}
	}
	if len(recent) >= ReplyBudgetCount {
		return auto, false
	}
	return append(recent, AutoSend{At: now, Key: key}), true
}

// AnswerWithin is how old a message may be, by platform time, to be answered
// automatically.
const AnswerWithin = 5 * time.Minute

// StaleAfter is the platform time's age from which an event is quarantined: no
// platform sends again for so long.
const StaleAfter = 8 * 24 * time.Hour

// MaxAhead is how far a platform's time may lie ahead of arrival before it is no
// longer trusted for order.
const MaxAhead = 10 * time.Minute

// PreviewOf cuts a text to at most 100 bytes for the thread's summary, at a rune's
// edge, with control characters as spaces.
func PreviewOf(text string) string {
	const limit = 100
	out := make([]byte, 0, limit)
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		next := string(r)
		if len(out)+len(next) > limit {
			break
		}
		out = append(out, next...)
	}
	return string(out)
}
