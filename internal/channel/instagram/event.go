package instagram

import (
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// envelope reads the webhooks. Meta's pages show the object "instagram" on both routes,
// and one of them "page"; whose an event is, its entry's id tells.
// https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
var envelope = meta.Messaging{Name: string(Kind), Objects: []string{"instagram", "page"}, Finish: finish}

// Split cuts a webhook into its events.
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) { return envelope.Split(r) }

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) { return envelope.Parse(head, raw) }

// finish puts right what Instagram has and Messenger has not.
func finish(i *meta.Item, e *channel.Event) error {
	switch e.Kind {
	case channel.EventMessage, channel.EventEcho:
	case channel.EventAction:
		if e.Action.Kind == channel.Reaction && e.Action.Value == "laugh" { // Messenger's is another
			e.Action.Value = "😂"
		}
		return nil
	default:
		return nil
	}
	if story := scan.Get(i.Message.ReplyTo, "story"); story != nil {
		answered(e, story)
	}
	if posts := postsOf(i); len(posts) > 0 && e.Message.Type != hub.Choice {
		shared(i, e, posts)
	}
	if e.Message.Type == hub.OtherMsg {
		if text := templated(i); text != "" {
			e.Message.Text = text
		}
	}
	return nil
}

// templated is what a person reads of a template, which stands under its name in the
// payload of an echo; "" if the message is none.
func templated(i *meta.Item) string {
	var lines []string
	add := func(text string) {
		if text != "" {
			lines = append(lines, text)
		}
	}
	for _, a := range i.Attachments() {
		if a.Type != "template" {
			continue
		}
		for card := range scan.Each(scan.Get(scan.Get(a.Payload, "generic"), "elements")) {
			add(scan.Text(scan.Get(card, "title")))
			add(scan.Text(scan.Get(card, "subtitle")))
		}
		add(scan.Text(scan.Get(scan.Get(a.Payload, "button"), "text")))
	}
	return strings.Join(lines, "\n")
}

// answered notes the story of the account's that the message answers to: its file, which
// dies with the story.
func answered(e *channel.Event, story []byte) {
	e.Message.Quotes = scan.Name(scan.Get(story, "id"))
	if url := scan.Text(scan.Get(story, "url")); url != "" {
		e.Message.Media = append(e.Message.Media, channel.Media{Type: hub.File, URL: url, Name: "story"})
	}
}

// post is a post or a reel that was shared.
type post struct{ id, title, url string }

// sharing are the types of attachments that share something of Instagram's.
var sharing = []string{"share", "ig_post", "post", "ig_reel", "reel"}

// postsOf are the posts that a message shares, each once: one may come as two
// attachments, "share" and "ig_post", with the same id, and each with an address of its
// own.
func postsOf(i *meta.Item) (out []post) {
	for _, a := range i.Attachments() {
		if !slices.Contains(sharing, a.Type) {
			continue
		}
		p := post{title: strings.TrimSpace(a.Title), url: a.URL}
		for _, member := range []string{"ig_post_media_id", "reel_video_id"} {
			if p.id == "" {
				p.id = scan.Name(scan.Get(a.Payload, member))
			}
		}
		same := func(q post) bool { return p.id != "" && p.id == q.id || p.url != "" && p.url == q.url }
		switch at := slices.IndexFunc(out, same); {
		case at < 0 && p != post{}:
			out = append(out, p)
		case at >= 0 && out[at].url == "":
			out[at].url = p.url
		case at >= 0 && out[at].title == "":
			out[at].title = p.title
		}
	}
	return out
}

// shared makes a message of posts: the words that came along and the posts' titles, and
// the files that the posts show.
func shared(i *meta.Item, e *channel.Event, posts []post) {
	var lines []string
	if text := scan.Text(i.Message.Text); text != "" {
		lines = append(lines, text)
	}
	files := false
	for _, p := range posts {
		if p.title != "" && !slices.Contains(lines, p.title) {
			lines = append(lines, p.title)
		}
		if p.url != "" {
			e.Message.Media = append(e.Message.Media, channel.Media{Type: hub.File, URL: p.url, Name: "post"})
			files = true
		}
	}
	if e.Message.Type == hub.OtherMsg && files {
		e.Message.Type = hub.File
	}
	switch {
	case len(lines) > 0:
		e.Message.Text = strings.Join(lines, "\n")
	case files:
		e.Message.Text = ""
	}
}
