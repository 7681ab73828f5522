package hub

import "time"

// Subscription is what a channel user lets the account send. Each member is the
// newest platform time of its kind, so they may be set in any order.
type Subscription struct {
	Followed     Millis // let the account in, or back in
	Unfollowed   Millis // blocked it, or took it out of the group
	OptedOut     Millis // wants no automatic and no marketing messages
	OptedIn      Millis // wants them again
	MarketingOut Millis // wants no marketing messages
}

// Blocked reports whether nothing can reach the customer. Who wrote after the block
// has taken it back, though the platform's word of that may be lost.
func (t *Thread) Blocked() bool {
	return t.Unfollowed != 0 && t.Unfollowed >= max(t.Followed, t.LastIn, t.LastAct)
}

// Wants reports whether the customer lets messages of the class come.
func (t *Thread) Wants(c Class) bool {
	out := t.OptedOut != 0 && t.OptedOut >= t.OptedIn
	switch c {
	case ClassBot:
		return !out
	case ClassMarketing:
		return !out && (t.MarketingOut == 0 || t.MarketingOut < t.OptedIn)
	}
	return true
}

// windowMargin is how long before its end a session window counts as closed: the
// platform judges when the message arrives there.
const windowMargin = time.Minute

// Open reports whether the platform's session window, which the customer's last act
// opened, is open at now. A window of 0 has no end.
func (t *Thread) Open(window time.Duration, now Millis) bool {
	return window == 0 || t.OpenForPerson(window, now)
}

// OpenForPerson reports whether the longer window is open at now that a platform
// leaves to the members of the team, from the same act. A window of 0 never is.
func (t *Thread) OpenForPerson(window time.Duration, now Millis) bool {
	return within(max(t.LastIn, t.LastAct), window, now)
}

// Within reports whether no more than a window has passed at now since the customer
// came by an advertisement: one in which messages may still be taken, or one in which
// they cost nothing. A window of 0 never is open.
func (e Entered) Within(window time.Duration, now Millis) bool { return within(e.At, window, now) }

// within reports whether a window that opened at last, if ever, is open at now and is
// not about to close.
func within(last Millis, window time.Duration, now Millis) bool {
	return last != 0 && window != 0 && now <= last.Add(window-windowMargin)
}

// Paced is what a thread remembers of the platform's pace to one customer: when the
// burst under way began, and until when its messages are paid off.
type Paced struct {
	From, Until Millis
}

// Spend takes one send out of a pace of one message in every, at now. Within every a
// burst is lent, which must be paid off in full before the next send. It answers what
// to remember, or how long to wait.
func (p Paced) Spend(every time.Duration, burst int, now Millis) (Paced, time.Duration) {
	step := Millis(every.Milliseconds())
	switch {
	case step == 0:
		return p, 0
	case now >= p.Until:
		return Paced{From: now, Until: now + step}, 0
	case now < p.From+step && p.Until+step <= p.From+step*Millis(max(burst, 1)):
		return Paced{From: p.From, Until: p.Until + step}, 0
	}
	return p, time.Duration(p.Until-now) * time.Millisecond
}
