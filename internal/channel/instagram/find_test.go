package instagram_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/hub"
)

// start is when the lost send was made: 07:28:00.500.
var start = time.Date(2026, 10, 21, 7, 28, 0, 500_000_000, time.UTC)

// listed is a message of a list; from is "us" or the customer's id.
func listed(id, from string, at time.Time, members string) string {
	if from == "us" {
		from = account
	}
	return fmt.Sprintf(`{"id":%q,"created_time":%q,"from":{"username":"x","id":%q},%s}`, id, at.Format("2006-01-02T15:04:05-0700"), from, members)
}

func text(s string) string {
	b, _ := json.Marshal(s)
	return `"message":` + string(b)
}

func list(messages ...string) string {
	return `{"data":[{"messages":{"data":[` + strings.Join(messages, ",") + `],"paging":{}},"id":"aWdfdGhyZAWQ"}]}`
}

// finds are what looking for the Suite's message comes to.
func finds() []channeltest.Ask {
	since := hub.MillisOf(start.Add(-10 * time.Second)) // by the clocks' margin before the send
	words := text("您好 <b>&</b> 😀")
	at := func(seconds int) time.Time {
		return start.Truncate(time.Second).Add(time.Duration(seconds) * time.Second)
	}
	found := func(name, want string, messages ...string) channeltest.Ask {
		return channeltest.Ask{Name: name, Since: since, Replies: said(list(messages...)), Sent: channel.Sent{PlatformID: want}, Found: want != ""}
	}
	another := found("the oldest that is no other's", "m2", listed("m2", "us", at(7), words), listed("m1", "us", at(1), words))
	another.Known = map[string]bool{"m1": true}
	return []channeltest.Ask{
		another,
		found("it was sent", "m2", listed("m3", user, at(5), text("ok")), listed("m2", "us", at(2), words), listed("m1", user, at(-60), text("hi"))),
		found("in the same second", "m1", listed("m1", "us", at(0), words)),
		found("the oldest of two", "m1", listed("m2", "us", at(7), words), listed("m1", "us", at(1), words)),
		found("by a clock that is behind", "m1", listed("m1", "us", at(-9), words)),
		found("the newest before", "m2", listed("m2", "us", at(-2), words), listed("m1", "us", at(-9), words)),
		found("rather after than before", "m2", listed("m2", "us", at(20), words), listed("m1", "us", at(-1), words)),
		found("by another id of the account", "m1", listed("m1", "17840000000000001", at(1), words)),
		found("spaces at its end", "m1", listed("m1", "us", at(1), text("您好 <b>&</b> 😀\n"))),
		found("long before", "", listed("m1", "us", at(-11), words)),
		found("by the customer", "", listed("m1", user, at(1), words)),
		found("other words", "", listed("m1", "us", at(1), text("您好"))),
		found("a picture", "", listed("m1", "us", at(1), `"message":"","attachments":{"data":[{"image_data":{"url":"https://a.example"}}]}`)),
		found("no time", "", `{"id":"m1","from":{"id":"`+account+`"},`+words+`}`),
		found("no sender", "", `{"id":"m1","created_time":"2026-10-21T07:28:05+0000",`+words+`}`),
		found("nothing said yet", ""),
		{Name: "no conversation", Since: since, Replies: said(nothing)},
		{Name: "no such user", Since: since, Replies: said(failure(100, 2534014)), Code: hub.Unreachable},
		{Name: "expired", Since: since, Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "rate", Since: since, Replies: said(failure(613, 2534040)), Code: hub.RateLimited},
		{Name: "down", Since: since, Replies: []channeltest.Reply{{Status: 500, Body: failure(1, 0)}}, Code: hub.Transient},
		{Name: "no JSON", Since: since, Replies: said("<html>"), Code: hub.Transient},
	}
}

// TestFindKnowsFormsByWhatInstagramLists: files are listed by addresses of Meta's own,
// templates by their first card.
func TestFindKnowsFormsByWhatInstagramLists(t *testing.T) {
	attached := func(a string) string { return `"message":"","attachments":{"data":[` + a + `]}` }
	var (
		image  = attached(`{"image_data":{"url":"https://a.example"}}`)
		video  = attached(`{"video_data":{"url":"https://a.example"}}`)
		audio  = attached(`{"mime_type":"audio/mp4","file_url":"https://a.example"}`)
		file   = attached(`{"mime_type":"application/pdf","file_url":"https://a.example"}`)
		course = attached(`{"generic_template":{"title":"體驗課"}}`)
		asks   = attached(`{"generic_template":{"title":"要預約嗎？"}}`)
	)
	all := map[string]string{"image": image, "video": video, "audio": audio, "file": file, "course": course, "asks": asks,
		"words": text("要預約嗎？"), "empty": `"message":""`, "odd": `"attachments":{"data":[7]}`}
	native := func(s string) hub.Content { return hub.Content{Type: hub.Native, Native: json.RawMessage(s)} }
	for _, c := range []struct {
		name    string
		content hub.Content
		want    string // names of all that it is found as
	}{
		{"image", media(hub.Image, "", 0), "image"}, {"video", media(hub.Video, "", 0), "video"},
		{"audio", media(hub.Audio, "", 0), "audio"}, {"file", media(hub.File, "", 0), "file"},
		{"cards", cards(card), "course"}, {"a card with text alone", cards(hub.Card{Text: "體驗課"}), "course"},
		{"buttons", buttons("要預約嗎？", reply), "asks words"}, {"text", hub.TextContent("要預約嗎？"), "words"},
		{"no cards", cards(), ""}, {"empty text", hub.TextContent(""), ""},
		{"native text", native(`{"text":"要預約嗎？"}`), "words"},
		{"native image", native(`{"attachment":{"type":"image","payload":{"url":"x"}}}`), "image"},
		{"native buttons", native(`{"attachment":{"type":"template","payload":{"template_type":"button","text":"要預約嗎？"}}}`), "asks words"},
		{"native cards", native(`{"attachment":{"type":"template","payload":{"elements":[{"title":"體驗課"}]}}}`), "course"},
		{"native of another kind", native(`{"attachment":{"type":"MEDIA_SHARE","payload":{"id":"1"}}}`), ""},
		{"native, no JSON", native(`x`), ""},
	} {
		var got []string
		for _, shown := range []string{"image", "video", "audio", "file", "course", "asks", "words", "empty", "odd"} {
			body := list(listed("m1", "us", start, all[shown]))
			client := &http.Client{Transport: answering(func() channeltest.Reply { return channeltest.Reply{Status: 200, Body: body} })}
			_, ok, err := instagram.New(channel.Platform{Client: client}).Find(t.Context(), byPage, channel.Outgoing{To: user, Content: c.content}, hub.MillisOf(start), nil)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				got = append(got, shown)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: found as %v, want %q", c.name, got, c.want)
		}
	}
}
