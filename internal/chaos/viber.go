package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
)

// viberTrait is Viber: a body is one event and names no account, people subscribe, and who
// opens a conversation is answered in the webhook's own answer. Receipts bear Viber's id
// alone: of a send whose answer was lost nobody learns anything.
func viberTrait() *trait {
	return &trait{
		kinds: []string{"text", "image", "video", "file", "sticker", "contact", "location", "url", "unknown", "tap", "text"},
		act:   viberAct,
		ids: func(body string) ([]string, string) {
			id := between(body, `"sender":{"id":"`, `"`) + between(body, `"user":{"id":"`, `"`) + between(body, `"user_id":"`, `"`) // it has one of them
			return []string{id}, id
		},
		beside:   []func(*aside) error{(*aside).visit, (*aside).enter},
		welcomes: true,
		entry:    func(mark string) fake.Act { return fake.Act{Extra: extra("conversation_started", "context", mark)} },
		event: func(kind, id string) string {
			return map[string]string{"follow": "subscribed", "block": "unsubscribed", "entry": "conversation_started"}[kind] + ":" + id
		},
		secret: "auth_token",
		// https://developers.viber.com/docs/api/rest-bot-api/#callbacks
		sign: func(w webhook, body string) map[string]string {
			digest := hmac.New(sha256.New, []byte(w.secret))
			digest.Write([]byte(body))
			return map[string]string{"x-viber-content-signature": hex.EncodeToString(digest.Sum(nil))}
		},
		torn:   cutShort,
		broken: func(h *hook) string { return strings.Replace(h.body, `"event":"message"`, `"happens":"message"`, 1) },
		dated:  true,
		bears:  func(s send) []string { return []string{s.ref(), s.to + " " + s.text} },
		borne: func(c fake.Call) []string {
			if c.Kind == "welcome" {
				return []string{"", c.To + " " + c.Text}
			}
			return []string{tracked(c)}
		},
		tells: true,
		byID:  true,
		die:   func(s send) string { return s.to + " " + s.ref() },
		owing: "send ",
		words: []string{"delivered", "seen=read"},
		lost:  func(p plan, s send, n, _ int) bool { return p.lost("send "+s.to+" "+s.ref(), n, true) },
	}
}

func viberAct(kind, mark string, n int) fake.Act {
	link := "https://example.net/" + mark
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "tap":
		return fake.Act{Button: "ping"}
	case "image":
		return fake.Act{Image: link}
	case "sticker":
		return fake.Act{Sticker: fmt.Sprint(n)}
	case "video":
		return fake.Act{Extra: extra(kind, "link", link, "duration", 3)}
	case "file":
		return fake.Act{Extra: extra(kind, "link", link, "name", mark+".pdf")}
	case "contact":
		return fake.Act{Extra: extra(kind, "name", mark, "phone", "0912733918")}
	case "location":
		return fake.Act{Extra: extra(kind, "latitude", 25.03, "longitude", 121.56)}
	case "url":
		return fake.Act{Extra: extra(kind, "link", link)}
	case "unknown":
		return fake.Act{Extra: extra(kind, "kind", "poll", "text", mark)}
	}
	return fake.Act{Text: "ping"}
}

// tracked is our own name of a send in what Viber is to keep with it.
func tracked(c fake.Call) string {
	text := named(c, "tracking_data")
	var t struct{ Ref string }
	if json.Unmarshal([]byte(text), &t) == nil {
		return t.Ref
	}
	return text
}
