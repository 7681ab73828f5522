package instagramtest

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// created is the form of times in lists; they have no fractions of seconds.
const created = "2006-01-02T15:04:05-0700"

// most is how many messages of a conversation can be had.
const most = 20

var innerFields = regexp.MustCompile(`(?:^|,)messages(?:\.limit\((\d+)\))?\{([^{}]*)\}`)

type page struct {
	Data []map[string]any `json:"data"`
}

// conversations lists the account's conversations, those with one customer if a user_id
// is given, the newest messages first.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api
func (p *platform) conversations(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a, query := x.account, x.R.URL.Query()
	scope := "instagram_manage_messages"
	if x.login {
		scope = "instagram_business_manage_messages"
	}
	platform := query.Get("platform")
	switch {
	case !x.token.has(scope):
		return lacking(scope)
	case a.closed:
		return accessOff()
	case platform != "instagram" && (platform != "" || !x.login):
		// Without it a Page's conversations on Messenger are listed: here it has none.
		x.Answer(http.StatusOK, page{[]map[string]any{}})
		return nil
	case a.listed.Full(p.Now(), time.Second, listsPerSecond):
		return tooFast()
	}
	a.listed.Note(p.Now())
	user := query.Get("user_id")
	if user != "" && a.chats[user] == nil {
		return noSuchUser()
	}
	out := page{[]map[string]any{}}
	var ids []string
	for id := range a.chats {
		if user == "" || id == user {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(b, c string) int { return a.chats[c].lastIn.Compare(a.chats[b].lastIn) })
	for _, id := range ids {
		c := a.chats[id]
		one := map[string]any{"id": "aWdfdGhyZAWQ" + base64.RawURLEncoding.EncodeToString([]byte(a.ExternalID+id))}
		for _, f := range x.fields() {
			switch name, _, _ := strings.Cut(f, "."); name {
			case "id":
			case "updated_time":
				one["updated_time"] = c.lastIn.UTC().Format(created)
			case "messages":
				list, refused := p.listed(a, id, c, query.Get("fields"))
				if refused != nil {
					return refused
				}
				one["messages"] = page{list}
			default:
				return metatest.Invalid("Tried accessing nonexisting field (%s) on node type (UnifiedThread)", name)
			}
		}
		out.Data = append(out.Data, one)
	}
	x.Answer(http.StatusOK, out)
	return nil
}

// listed are the newest messages of a chat. A message that was taken back is not told.
func (p *platform) listed(a *account, id string, c *chat, fields string) ([]map[string]any, *refusal) {
	limit, asked := most, []string{"id", "created_time"}
	if m := innerFields.FindStringSubmatch(fields); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < limit {
			limit = n
		}
		asked = strings.Split(m[2], ",")
	}
	customer := map[string]any{"username": p.person(c.key).Username, "id": id}
	own := map[string]any{"username": a.username, "id": a.ExternalID}
	log := slices.Clone(c.log)
	slices.Reverse(log) // of the same moment, too
	slices.SortStableFunc(log, func(b, d entryOfChat) int { return d.At.Compare(b.At) })
	out := []map[string]any{}
	for _, e := range log {
		if e.Erased {
			continue
		}
		if len(out) == limit {
			break
		}
		from, to := customer, own
		if e.Ours {
			from, to = own, customer
		}
		all := map[string]any{"id": e.ID, "created_time": e.At.UTC().Truncate(time.Second).Format(created), "from": from,
			"to": page{[]map[string]any{to}}, "message": e.Text, "attachments": nil, "is_unsupported": nil}
		if e.Kind != "" {
			all["attachments"] = page{[]map[string]any{e.listing()}}
		}
		one, refused := only(all, asked)
		if refused != nil {
			return nil, refused
		}
		out = append(out, one)
	}
	return out, nil
}

// listing is an attachment as it is listed: by Meta's own copy.
// https://developers.facebook.com/docs/graph-api/reference/message
func (e entryOfChat) listing() map[string]any {
	link := "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=" + fake.Digits(17, e.ID) + "&signature=sample"
	switch e.Kind {
	case "image", "story_mention":
		return map[string]any{"image_data": map[string]any{"width": 800, "height": 600, "max_width": 0, "max_height": 0, "url": link, "preview_url": link}}
	case "video":
		return map[string]any{"video_data": map[string]any{"width": 800, "height": 600, "url": link, "preview_url": link}}
	case "audio":
		return map[string]any{"id": fake.Digits(15, e.ID), "mime_type": "audio/mp4", "file_url": link}
	case "template":
		return map[string]any{"generic_template": map[string]any{"title": e.Title}}
	}
	return map[string]any{"id": fake.Digits(15, e.ID), "mime_type": "application/pdf", "file_url": link}
}
