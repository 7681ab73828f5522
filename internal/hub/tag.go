package hub

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// TagID names a tag within a team: 20 characters of base32, derived from its name.
type TagID string

// NewTagID is the id of the tag of a name.
func NewTagID(team TeamID, name string) TagID {
	return TagID(Digest("tag", string(team), name)[:20])
}

// What a tag may be like.
const (
	MaxTagName        = 100 // characters; so long may a category and a source be too
	MaxTagDescription = 500
	MaxTagDays        = 365
	// MaxTagged is how many tags one call may add and remove.
	MaxTagged = 20
)

// Tag is the definition of a tag. A tag is known by its name, which never changes.
type Tag struct {
	ID          TagID
	Name        string // 1 to 100 characters, compared exactly
	Category    string // may be empty
	Description string // may be empty
	Days        int    // for how many days after the last tagging it is borne; 0 = for ever
	Created     Millis
	Version     int // raised by each change
}

// TagName is a tag's name as it is kept: without space around it. BadRequest if it is
// empty, too long, or bears what no name does.
func TagName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", E(BadRequest, "hub: tag name", errors.New("a tag has a name"))
	}
	return name, line("tag name", name, MaxTagName)
}

// Check refuses, as BadRequest, a definition that cannot be.
func (t Tag) Check() error {
	name, err := TagName(t.Name)
	if err != nil {
		return err
	}
	if name != t.Name {
		return E(BadRequest, "hub: tag name", errors.New("there is space around it"))
	}
	if err := line("tag category", t.Category, MaxTagName); err != nil {
		return err
	}
	if err := line("tag description", t.Description, MaxTagDescription); err != nil {
		return err
	}
	if t.Days < 0 || t.Days > MaxTagDays {
		return E(BadRequest, "hub: tag days", errors.New("a tag is borne for 1 to 365 days, or, with 0, for ever"))
	}
	return nil
}

// line refuses what is no text of one line, or too long.
func line(what, text string, most int) error {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return E(BadRequest, "hub: "+what, errors.New("it is one line of text"))
	case utf8.RuneCountInString(text) > most:
		return E(BadRequest, "hub: "+what, errors.New("it is too long"))
	}
	return nil
}

// The daily check ends tags at 23:59 of a day in Taipei, whose clock is 8 hours ahead
// all the year.
const (
	taipei  = Millis(8 * time.Hour / time.Millisecond)
	aDay    = Millis(24 * time.Hour / time.Millisecond)
	checkIn = Millis((23*time.Hour + 59*time.Minute) / time.Millisecond) // after the day's begin
)

// Until is when the tag ends that was given at a time: at the check of the day in Taipei
// that is so many days after that of the tagging. 0 = never.
func (t Tag) Until(at Millis) Millis {
	if t.Days == 0 {
		return 0
	}
	return (at+taipei)/aDay*aDay + Millis(t.Days)*aDay + checkIn - taipei
}

// TagCheck is the first daily check after a time.
func TagCheck(after Millis) Millis {
	check := (after+taipei)/aDay*aDay + checkIn - taipei
	if check <= after {
		check += aDay
	}
	return check
}

// TagStanding says how a tag stands at a home.
type TagStanding string

const (
	TagOn      TagStanding = "on"
	TagOff     TagStanding = "off"     // it was taken away
	TagExpired TagStanding = "expired" // the daily check ended it
)

// TagState is how a tag stands at a home: the last word on it, by time.
type TagState struct {
	Tag      TagID
	Name     string
	Standing TagStanding
	// At is the time of the tagging or the removal. That of an expired tag is the time
	// of the tagging that expired: a later one counts, however late it comes.
	At      Millis
	ID      string // of the call
	Source  string // where it comes from: "api", "SurveyCake" …
	By      string // who: an Actor as text
	Until   Millis // while on: when it ends; 0 = never
	Account AccountID
	Channel Channel
	// Forgot is the time until which records of taggings were deleted; 0 = none were.
	Forgot  Millis
	Version int // of the item, raised by each write; 0 = there is none
}

// Borne reports whether the home bears the tag at a time. A tag whose end has passed is
// not borne, whether the check has seen it or not.
func (s TagState) Borne(now Millis) bool {
	return s.Standing == TagOn && (s.Until == 0 || s.Until > now)
}

// After reports whether a state is a later word than another one. Of one time a removal
// counts more than a tagging, then the greater id; and the end of a tagging more than it.
func (s TagState) After(old TagState) bool {
	off, oldOff := s.Standing == TagOff, old.Standing == TagOff
	switch {
	case s.At != old.At:
		return s.At > old.At
	case off != oldOff:
		return off
	case s.ID != old.ID:
		return s.ID > old.ID
	}
	return s.Standing == TagExpired && old.Standing == TagOn
}

// Tagging is the record of one tagging of a home.
type Tagging struct {
	Tag     TagID
	Name    string
	Home    HomeID
	Account AccountID // of the home; "" for an imported person
	Channel Channel
	At      Millis
	ID      string
	Source  string
	By      string
	Until   Millis // 0 = never, as of the definition at that time
}
