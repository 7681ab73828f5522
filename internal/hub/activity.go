package hub

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ActivityID names an activity of OmniLink within a team: 2–26 characters of [a-z0-9].
type ActivityID string

// Valid reports whether the id has the form of an activity's id.
func (a ActivityID) Valid() bool { return partForm.MatchString(string(a)) }

// Activity is a campaign of OmniLink: a card in a channel takes the customer to another
// one, and who is there then is one contact with who tapped.
type Activity struct {
	ID             ActivityID
	Name           string // for the team, 1 to 100 characters
	Enabled        bool
	Source, Target AccountID // where the card is shown, and where it leads to
	Card           LinkCard
	// Message stands above the code in the text that the customer has only to send; of
	// targets that are a chat. May be empty.
	Message string
	Success LinkSays
	Failure Say      // in the source's channel; may be empty
	Tags    LinkTags // given on success
	Journey string   // the name of one that begins on success; may be empty
	Confirm LinkConfirm
	Created Millis
	Changed Millis
	Version int // raised by each change
}

// LinkCard is what the customer sees of an activity.
type LinkCard struct {
	Text   string
	Button string
	Image  *LinkImage // nil = none
}

// LinkImage is the picture of a card, stored with the variants that channels ask for.
type LinkImage struct {
	ID            string
	Width, Height int               // of the original, in pixels
	Bytes         int64             // of the original
	URLs          map[string]string // https, by variant
}

// Variants of a card's picture.
const (
	ImageWhole  = "whole"  // in its own ratio
	ImageSquare = "square" // its middle, 1:1
)

// What a card's picture may be like.
const (
	MinLinkImageWidth = 660
	MaxLinkImageBytes = 5<<20 - 1 // under 5 MB
)

// Say is something to be said: a text, or a module of the bot; the zero value is nothing.
type Say struct {
	Text   string
	Module ModuleID
}

// LinkSays is what is said on success: at the source, which may be nothing, and at the
// target.
type LinkSays struct{ Source, Target Say }

// LinkTags are names of tags for the homes of both sides.
type LinkTags struct{ Source, Target []string }

// LinkConfirm is when the customer is asked, in the source's channel, before the two are
// made one.
type LinkConfirm string

const (
	ConfirmAlways LinkConfirm = "always"
	// ConfirmMatters: if nothing ties the tap to who came, and one of the two has a member
	// id, coupons or further channels, which the other would get hold of.
	ConfirmMatters LinkConfirm = "matters"
	ConfirmNever   LinkConfirm = "never"
)

// Linking are the fixed facts of a platform about OmniLink.
type Linking struct {
	// Source tells that the channel can show the card. NoSource and NoTarget say for
	// people, as a clause without a full stop, why the platform cannot be that side; ""
	// where it can.
	Source             bool
	NoSource, NoTarget string
	// Image is the variant of the card's picture that the channel shows, ImageWhole if it
	// is empty, and Tallest the greatest height that the original may have, as a multiple
	// of its width; 0 = any.
	Image   string
	Tallest float64
}

// LinkReason is why a participation did not come to a link: a closed list. The empty one
// is that nothing came after the tap.
type LinkReason string

const (
	LinkNothingCame    LinkReason = ""
	LinkDisabled       LinkReason = "disabled"
	LinkNotMade        LinkReason = "link_not_made"
	LinkSourceMissing  LinkReason = "source_not_found"
	LinkTargetMissing  LinkReason = "target_not_found"
	LinkMemberConflict LinkReason = "member_id_conflict"
	LinkServerError    LinkReason = "server_error"
)

// reasons are the texts, Chinese and English.
var reasons = map[LinkReason][2]string{
	LinkNothingCame: {
		"因顧客未送出整合訊息或未安裝目標渠道 APP 失敗",
		"The integration might have failed because the customer didn't submit the integration message or hasn't installed the target channel app.",
	},
	LinkDisabled:       {"跨社群一鍵整合已停用", "Cross channel connect is disabled."},
	LinkNotMade:        {"無法產生整合連結", "Failed to generate connect link."},
	LinkSourceMissing:  {"無法找到來源渠道聯絡人", "Source contact not found."},
	LinkTargetMissing:  {"無法找到目標渠道聯絡人", "Target contact not found."},
	LinkMemberConflict: {"會員編號衝突", "Member ID conflict."},
	LinkServerError:    {"伺服器錯誤", "Internal server error."},
}

// Text is the reason for people: in English, or else in Chinese, by what Spoken makes of a
// language.
func (r LinkReason) Text(language string) string {
	texts, ok := reasons[r]
	if !ok {
		texts = reasons[LinkServerError]
	}
	if Spoken(language) == English {
		return texts[1]
	}
	return texts[0]
}

// leadsNowhere is what customers are told in place of a card or a page.
var leadsNowhere = map[Language]string{
	TraditionalChinese: "此連結不存在，請洽客服詢問",
	SimplifiedChinese:  "此链接不存在，请联系客服",
	English:            "This link does not exist. Please ask our customer service.",
}

// LeadsNowhere is what customers are told of a link that leads nowhere, in a language of
// Languages.
func LeadsNowhere(l Language) string { return leadsNowhere[l] }

// LinkReasons are all reasons.
func LinkReasons() []LinkReason {
	return []LinkReason{LinkNothingCame, LinkDisabled, LinkNotMade, LinkSourceMissing, LinkTargetMissing, LinkMemberConflict, LinkServerError}
}

// FieldFault is a value that cannot stand in a field, as the cause of an error with the
// code BadRequest.
type FieldFault struct {
	Field  string // as the API calls it: "success.target"
	Detail string
}

func (f *FieldFault) Error() string { return f.Field + " " + f.Detail }

// Fault makes the error of a field that cannot be as it is.
func Fault(op, field, format string, args ...any) error {
	return E(BadRequest, op, &FieldFault{field, fmt.Sprintf(format, args...)})
}

const (
	maxActivityName = 100
	maxLinkMessage  = 500
	// maxLinkText bounds texts of which the channel's own limit is checked as well.
	maxLinkText = 5000
	activityOp  = "hub: activity"
)

// Check refuses, as BadRequest with a FieldFault, what no activity can be, whatever the
// channels are. It takes the name, the button and the tags without space around them.
func (a Activity) Check() error {
	const op = activityOp
	if !a.ID.Valid() {
		return Fault(op, "id", "has 2 to 26 of the characters a-z and 0-9")
	}
	for _, f := range []struct {
		name, text     string
		most           int
		needed, manied bool // manied: of several lines
	}{
		{"name", a.Name, maxActivityName, true, false},
		{"card.text", a.Card.Text, maxLinkText, true, true},
		{"card.button", a.Card.Button, maxActivityName, true, false},
		{"message", a.Message, maxLinkMessage, false, true},
		{"journey", a.Journey, maxActivityName, false, false},
	} {
		if err := linkText(f.name, f.text, f.most, f.needed, f.manied); err != nil {
			return err
		}
	}
	if a.Source == "" || a.Target == "" || a.Source == a.Target {
		return Fault(op, "target_account", "is another account than source_account, and both are needed")
	}
	for _, s := range []struct {
		name   string
		say    Say
		needed bool
	}{
		{"success.source", a.Success.Source, false}, {"success.target", a.Success.Target, true}, {"failure.source", a.Failure, false},
	} {
		if err := s.say.check(s.name, s.needed); err != nil {
			return err
		}
	}
	if err := checkLinkTags("tags.source", a.Tags.Source); err != nil {
		return err
	}
	if err := checkLinkTags("tags.target", a.Tags.Target); err != nil {
		return err
	}
	if !slices.Contains([]LinkConfirm{ConfirmAlways, ConfirmMatters, ConfirmNever}, a.Confirm) {
		return Fault(op, "confirm", "is always, matters or never")
	}
	return a.Card.Image.check()
}

func (s Say) check(field string, needed bool) error {
	switch {
	case s == Say{} && needed:
		return Fault(activityOp, field, "is needed: a text, or a module")
	case s == Say{}:
		return nil
	case s.Text != "" && s.Module != "":
		return Fault(activityOp, field, "is a text or a module, not both")
	case s.Module != "" && !s.Module.Valid():
		return Fault(activityOp, field+".module", "is no id of a module")
	case s.Module != "":
		return nil
	}
	return linkText(field+".text", s.Text, maxLinkText, true, true)
}

func checkLinkTags(field string, names []string) error {
	if len(names) > MaxTagged {
		return Fault(activityOp, field, "has up to %d tags", MaxTagged)
	}
	for i, name := range names {
		if clean, err := TagName(name); err != nil || clean != name {
			return Fault(activityOp, field, "has names of 1 to %d characters of one line, without space around them", MaxTagName)
		}
		if slices.Contains(names[:i], name) {
			return Fault(activityOp, field, "names a tag twice")
		}
	}
	return nil
}

func (i *LinkImage) check() error {
	const field = "card.image"
	switch {
	case i == nil:
		return nil
	case i.ID == "" || i.URLs[ImageWhole] == "":
		return Fault(activityOp, field, "is a stored picture")
	case i.Width < MinLinkImageWidth || i.Height < 1:
		return Fault(activityOp, field, "is at least %d pixels wide", MinLinkImageWidth)
	case i.Bytes < 1 || i.Bytes > MaxLinkImageBytes:
		return Fault(activityOp, field, "has less than 5 MB")
	}
	for _, u := range i.URLs {
		if !strings.HasPrefix(u, "https://") {
			return Fault(activityOp, field, "lies at an address of https")
		}
	}
	return nil
}

// linkText refuses what is no text of a field: too long, or with control characters but,
// of several lines, their ends.
func linkText(field, text string, most int, needed, manied bool) error {
	switch {
	case needed && strings.TrimSpace(text) == "":
		return Fault(activityOp, field, "is needed")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || !manied) }):
		return Fault(activityOp, field, "is text without control characters")
	case utf8.RuneCountInString(text) > most:
		return Fault(activityOp, field, "has at most %d characters", most)
	}
	return nil
}

// LinkImageError is what is wrong about a picture by a platform's facts; nil if nothing is.
func (l Linking) LinkImageError(i *LinkImage) error {
	if i != nil && l.Tallest > 0 && float64(i.Height) > l.Tallest*float64(i.Width) {
		return E(BadRequest, activityOp, &FieldFault{"card.image", fmt.Sprintf("is at most %g times as high as wide in this channel", l.Tallest)})
	}
	return nil
}

// ErrNoVariant tells that a picture lacks the variant that a channel shows.
var ErrNoVariant = errors.New("the picture lacks the variant of the channel")

// Size is as wide and as high as the picture would be, unscaled, as a platform shows it, in
// pixels.
func (l Linking) Size(i *LinkImage) (width, height int) {
	if l.Image == ImageSquare {
		side := min(i.Width, i.Height)
		return side, side
	}
	return i.Width, i.Height
}

// URL is the address of the picture as a platform shows it.
func (l Linking) URL(i *LinkImage) (string, error) {
	variant := l.Image
	if variant == "" {
		variant = ImageWhole
	}
	if u := i.URLs[variant]; u != "" {
		return u, nil
	}
	return "", ErrNoVariant
}
