package instagram

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

const (
	// listFields asks for the newest messages of a conversation; Meta gives out 20.
	listFields = "messages.limit(20){id,created_time,from,message,attachments}"
	// timeForm is that of created_time; it has no fractions of seconds.
	timeForm = "2006-01-02T15:04:05-0700"
	// clocks is how far Meta's clock and ours may be apart; since is that much earlier
	// than the send.
	clocks = 10 * time.Second
)

// Find lists the conversation with the customer, once, and looks for a message of the
// account's that shows what m shows. Instagram keeps nothing of ours beside a message, so
// the same words, or a file or card of the same kind, are taken for it: of several the
// oldest after the send, since later ones have sends of their own, or else the newest
// within the difference of the clocks before it.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api
func (a *Adapter) Find(ctx context.Context, acct channel.Account, m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
	const op = "instagram: find"
	r, err := a.route(op, acct, hub.AccountBroken)
	if err != nil {
		return channel.Sent{}, false, err
	}
	query := url.Values{"user_id": {m.To.Reveal()}, "fields": {listFields}, "platform": {"instagram"}}
	body, err := r.Ask(ctx, op, http.MethodGet, meta.Path(r.node, "conversations"), query, r.Token)
	if err != nil {
		return channel.Sent{}, false, err
	}
	want := marksOf(m.Content)
	var (
		oldest, before         string // after the send; within the clocks' difference before it
		oldestTime, beforeTime time.Time
	)
	earliest := time.UnixMilli(int64(since)).Truncate(time.Second)
	from := earliest.Add(clocks)
	for conversation := range scan.Each(scan.Get(body, "data")) {
		for message := range scan.Each(scan.Get(scan.Get(conversation, "messages"), "data")) {
			sender := scan.Name(scan.Get(scan.Get(message, "from"), "id"))
			id := scan.Name(scan.Get(message, "id"))
			at, err := time.Parse(timeForm, scan.Text(scan.Get(message, "created_time")))
			if err != nil || id == "" || known[id] || sender == "" || sender == m.To.Reveal() || at.Before(earliest) || !want.shownBy(message) {
				continue
			}
			switch {
			case !at.Before(from) && (oldest == "" || !at.After(oldestTime)): // the list is newest first
				oldest, oldestTime = id, at
			case at.Before(from) && (before == "" || at.After(beforeTime)):
				before, beforeTime = id, at
			}
		}
	}
	if oldest == "" {
		oldest = before
	}
	return channel.Sent{PlatformID: oldest}, oldest != "", nil
}

// marks are by what a listed message is recognised.
type marks struct {
	text string // of the message, or of a template's first card
	kind string // of the attachment: image, video, audio, file, template; "" = none
}

func marksOf(c hub.Content) marks {
	switch c.Type {
	case hub.Image, hub.Video, hub.Audio, hub.File:
		return marks{kind: string(c.Type)}
	case hub.Buttons:
		return marks{text: c.Text, kind: "template"}
	case hub.Cards:
		if len(c.Cards) > 0 {
			first := c.Cards[0]
			if first.Title == "" {
				first.Title = first.Text
			}
			return marks{text: first.Title, kind: "template"}
		}
	case hub.Native:
		var own struct {
			Text       string
			Attachment struct {
				Type    string
				Payload struct {
					Text     string
					Elements []struct{ Title string }
				}
			}
		}
		if json.Unmarshal(c.Native, &own) != nil {
			return marks{}
		}
		out := marks{text: own.Text + own.Attachment.Payload.Text, kind: own.Attachment.Type}
		if list := own.Attachment.Payload.Elements; len(list) > 0 {
			out.text = list[0].Title
		}
		return out
	}
	return marks{text: c.Text}
}

// shownBy reports whether a listed message shows it. Files are listed by Meta's own
// addresses, so their kind is all that there is to compare.
// https://developers.facebook.com/docs/graph-api/reference/message
func (m marks) shownBy(message []byte) bool {
	same := func(value []byte) bool {
		return m.text != "" && strings.TrimSpace(scan.Text(value)) == strings.TrimSpace(m.text)
	}
	text := scan.Get(message, "message")
	if m.kind == "" {
		return same(text)
	}
	for attachment := range scan.Each(scan.Get(scan.Get(message, "attachments"), "data")) {
		mime := scan.Text(scan.Get(attachment, "mime_type"))
		file := scan.Get(attachment, "file_url") != nil
		switch m.kind {
		case "image":
			if scan.IsObject(scan.Get(attachment, "image_data")) {
				return true
			}
		case "video":
			if scan.IsObject(scan.Get(attachment, "video_data")) {
				return true
			}
		case "audio":
			if file && strings.HasPrefix(mime, "audio/") || scan.IsObject(scan.Get(attachment, "audio_data")) {
				return true
			}
		case "file":
			if file && !strings.HasPrefix(mime, "audio/") {
				return true
			}
		case "template":
			if same(scan.Get(scan.Get(attachment, "generic_template"), "title")) {
				return true
			}
		}
	}
	return m.kind == "template" && same(text)
}
