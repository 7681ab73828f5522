package linetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
)

// extra is what only customers of LINE do, by type:
//
//	text           text, quotes (the id of a message), mention, stranger
//	sticker        package, sticker, text, keywords
//	location       title, address, latitude, longitude
//	file           name, size
//	video          duration (ms)
//	audio          duration (ms)
//	postback       data, params
//	button         data (of a button that a message showed in the chat)
//	unsend         message (the id)
//	edit           message (the id), text, mention; of a message in a group
//	account_link   result (ok, failed), nonce
//	join           (a person takes the account into the group)
//	leave          (a person puts it out)
//	member_joined  (the person joins the group)
//	member_left    (the person leaves it)
//	video_play     tracking (the id of a video that was watched to its end)
//	beacon         hwid, kind (enter, banner, stay)
//	membership     kind (joined, left, renewed), plan (a number)
//	group_text     text; it needs a group
//	verify         (the console's Verify button: a webhook without events)
//	raw            body (any bytes, signed as LINE would)
//
// With group it happens there, with standby another system has the chat. A stranger
// has not added the account as a friend: whoever acts for the first time has, if it
// is not said.
type extra struct {
	Type     string `json:"type"`
	Group    string `json:"group"`
	Standby  bool   `json:"standby"`
	Stranger bool   `json:"stranger"`

	Text      string          `json:"text"`
	Quotes    string          `json:"quotes"`
	Mention   json.RawMessage `json:"mention"`
	Package   string          `json:"package"`
	Sticker   string          `json:"sticker"`
	Keywords  []string        `json:"keywords"`
	Title     string          `json:"title"`
	Address   string          `json:"address"`
	Latitude  float64         `json:"latitude"`
	Longitude float64         `json:"longitude"`
	Name      string          `json:"name"`
	Size      int64           `json:"size"`
	Duration  int64           `json:"duration"`
	Data      string          `json:"data"`
	Params    json.RawMessage `json:"params"`
	Message   string          `json:"message"`
	Result    string          `json:"result"`
	Nonce     string          `json:"nonce"`
	Tracking  string          `json:"tracking"`
	HWID      string          `json:"hwid"`
	Kind      string          `json:"kind"`
	Plan      int             `json:"plan"`
	Body      string          `json:"body"`
}

// ofGroup reports whether the event is the group's, and no person's in it.
func (x extra) ofGroup() bool {
	return oneOf(x.Type, "join", "leave", "member_joined", "member_left")
}

// fill sets what the act decides of the event; p.Mu is held.
func (p *platform) fill(e *event, acct *account, a fake.Act, x extra) error {
	if len(a.FlowAnswer) > 0 {
		return errors.New("linetest: act: LINE has no forms")
	}
	if set := a.Doings(); set != 1 {
		return fmt.Errorf("linetest: act: give exactly one of text, image, sticker, follow, block, button, postback, extra; there are %d", set)
	}
	switch {
	case a.Text != "":
		x = extra{Type: "text", Text: a.Text}
	case a.Sticker != "":
		x = extra{Type: "sticker", Package: "446", Sticker: a.Sticker, Keywords: []string{"hello", "hi"}}
		if pack, sticker, ok := strings.Cut(a.Sticker, "/"); ok {
			x.Package, x.Sticker = pack, sticker
		}
	case a.Button != "":
		x = extra{Type: "button", Data: a.Button}
	case a.Postback != "":
		x = extra{Type: "postback", Data: a.Postback}
	case a.Follow:
		e.Type, e.Follow = "follow", &follow{IsUnblocked: acct.customers[e.chat()].Blocked}
		return nil
	case a.Block:
		e.Type = "unfollow"
		return nil
	}
	if x.Type == "member_joined" || x.Type == "member_left" {
		if a.From == "" {
			return errors.New("linetest: act: who joins or leaves?")
		}
		who := &members{[]source{{Type: "user", UserID: p.userID(a.From)}}}
		if e.Type, e.Joined = "memberJoined", who; x.Type == "member_left" {
			e.Type, e.Joined, e.Left = "memberLeft", nil, who
		}
		return nil
	}
	m := &message{ID: a.ID, MarkAsReadToken: quoteToken()}
	if m.ID == "" {
		m.ID = messageID()
	}
	if a.Image != "" {
		m.Type, m.QuoteToken, m.ContentProvider = "image", quoteToken(), &contentProvider{Type: "line"}
		if strings.HasPrefix(a.Image, "https://") {
			m.ContentProvider = &contentProvider{Type: "external", OriginalContentURL: a.Image, PreviewImageURL: a.Image}
		}
	}
	if a.Image != "" || m.fill(x) {
		e.Type, e.Message = "message", m
		return nil
	}
	return e.fill(acct, x, m)
}

// fill makes the message of an extra; false if it is none, or lacks a member.
func (m *message) fill(x extra) bool {
	switch {
	case x.Type == "text" && x.Text != "", x.Type == "group_text" && x.Text != "" && x.Group != "":
		m.Type, m.Text, m.QuoteToken, m.QuotedMessageID, m.Mention = "text", x.Text, quoteToken(), x.Quotes, x.Mention
	case x.Type == "sticker" && x.Sticker != "":
		m.Type, m.QuoteToken, m.PackageID, m.StickerID = "sticker", quoteToken(), x.Package, x.Sticker
		m.StickerResourceType, m.Keywords, m.Text = "STATIC", x.Keywords, x.Text
		if x.Text != "" {
			m.StickerResourceType = "MESSAGE"
		}
	case x.Type == "location":
		m.Type, m.Title, m.Address, m.Latitude, m.Longitude = "location", x.Title, x.Address, &x.Latitude, &x.Longitude
	case x.Type == "file":
		m.Type, m.FileName, m.FileSize = "file", x.Name, x.Size
	case x.Type == "video":
		m.Type, m.QuoteToken, m.Duration, m.ContentProvider = "video", quoteToken(), x.Duration, &contentProvider{Type: "line"}
	case x.Type == "audio":
		m.Type, m.Duration, m.ContentProvider = "audio", x.Duration, &contentProvider{Type: "line"}
	default:
		return false
	}
	return true
}

// fill makes the event of an extra that is no message.
func (e *event) fill(acct *account, x extra, m *message) error {
	switch {
	case x.Type == "postback" && x.Data != "":
		e.Type, e.Postback = "postback", &postback{Data: x.Data, Params: x.Params}
	case x.Type == "button" && x.Data != "":
		if !acct.customers[e.chat()].tap(x.Data) {
			return fmt.Errorf("linetest: act: no message of the account shows %s a button with the data %q", e.chat(), x.Data)
		}
		e.Type, e.Postback = "postback", &postback{Data: x.Data}
	case x.Type == "unsend" && x.Message != "":
		e.Type, e.Unsend = "unsend", &unsend{MessageID: x.Message}
	case x.Type == "edit" && x.Message != "" && x.Text != "":
		if e.Source.GroupID == "" {
			return errors.New("linetest: act: LINE lets only messages in groups be edited: name the group")
		}
		e.Type = "messageEdited"
		e.Message = &message{Type: "text", ID: x.Message, QuoteToken: quoteToken(), Text: x.Text, Mention: x.Mention}
	case x.Type == "account_link" && oneOf(x.Result, "ok", "failed") && x.Nonce != "":
		e.Type, e.Link = "accountLink", &link{x.Result, x.Nonce}
	case x.Type == "join" || x.Type == "leave":
		e.Type = x.Type
	case x.Type == "video_play" && x.Tracking != "":
		e.Type, e.VideoPlayComplete = "videoPlayComplete", &videoPlay{x.Tracking}
	case x.Type == "beacon" && x.HWID != "" && oneOf(x.Kind, "enter", "banner", "stay"):
		e.Type, e.Beacon = "beacon", &beacon{x.HWID, x.Kind}
	case x.Type == "membership" && oneOf(x.Kind, "joined", "left", "renewed"):
		e.Type, e.Membership = "membership", &membership{x.Kind, x.Plan}
	default:
		return fmt.Errorf("linetest: act: extra of type %q is unknown or lacks a member", x.Type)
	}
	return nil
}
