package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// lineTrait is LINE: one id of a person, events that can be put together and say that they
// are sent again, messages that are taken back, groups; no receipts, but a key by which a
// push is never done twice.
func lineTrait() *trait {
	return &trait{
		kinds:  []string{"text", "image", "sticker", "location", "file", "video", "audio", "postback", "standby", "text"},
		act:    lineAct,
		number: func(seed uint64, n int) string { return fmt.Sprintf("5%03d%014d", seed%1000, n) },
		ids: func(body string) ([]string, string) {
			id := between(body, `"userId":"`, `"`)
			return []string{id}, id
		},
		beside: []func(*aside) error{(*aside).takeBack, (*aside).gather, (*aside).visit},
		unsend: "unsend",
		secret: "channel_secret",
		// https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
		sign: func(w webhook, body string) map[string]string {
			digest := hmac.New(sha256.New, []byte(w.secret))
			digest.Write([]byte(body))
			return map[string]string{"x-line-signature": base64.StdEncoding.EncodeToString(digest.Sum(nil))}
		},
		list:   "events",
		frame:  func(w webhook) string { return `{"destination":"` + w.external + `","events":[%s]}` },
		fresh:  `"isRedelivery":false`,
		repeat: `"isRedelivery":true`,
		torn:   cutShort,
		broken: func(h *hook) string {
			return strings.Replace(h.body, `"id":"`+h.message+`"`, `"no":"`+h.message+`"`, 1)
		},
		dated: true,
		bears: func(s send) []string {
			list := []string{hub.RetryKey(hub.TeamID(s.team), hub.UserKey(s.user), hub.MessageKey(s.key))}
			if s.token != "" {
				list = append(list, s.token)
			}
			return list
		},
		borne: func(c fake.Call) []string {
			if c.Kind == "reply" {
				return []string{c.ReplyToken}
			}
			return []string{c.RetryKey}
		},
		idle: func(c fake.Call) bool { return c.Kind == "loading" },
		lost: func(p plan, s send, n, _ int) bool {
			// Of an error of its own LINE does not say that nothing was done.
			return p.lost("reply "+s.token, n, true)
		},
	}
}

func lineAct(kind, mark string, n int) fake.Act {
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "postback":
		return fake.Act{Postback: "ping"}
	case "standby":
		return fake.Act{Extra: extra("text", "text", "ping", "standby", true)}
	case "image":
		return fake.Act{Image: mark}
	case "sticker":
		return fake.Act{Sticker: "446/" + fmt.Sprint(n)}
	case "location":
		return fake.Act{Extra: extra(kind, "title", mark, "address", mark, "latitude", 25.03, "longitude", 121.56)}
	case "file":
		return fake.Act{Extra: extra(kind, "name", mark+".pdf", "size", 1000)}
	case "video", "audio":
		return fake.Act{Extra: extra(kind, "duration", 1000)}
	}
	return fake.Act{Text: "ping"}
}

// cutShort is a body in JSON without its end.
func cutShort(body string) string { return body[:len(body)-2] }
