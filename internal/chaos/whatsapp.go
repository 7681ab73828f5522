package chaos

import (
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
)

// whatsApp is the channel whose customers have several ids, and times in seconds.
const whatsApp = "whatsapp"

// By which ids a webhook of WhatsApp names its customer.
const (
	byPhone = "phone"
	byUser  = "user"
	byBoth  = "both"
)

// whatsAppTrait is the WhatsApp Cloud API: several ids of a person, entries that can be put
// together, reactions, and receipts that name our own key.
func whatsAppTrait() *trait {
	return &trait{
		kinds: []string{"text", "image", "sticker", "location", "document", "audio", "contacts", "order", "unsupported", "tap", "text"},
		act:   whatsAppAct,
		shown: []string{byPhone, byUser, byBoth},
		show: func(a *fake.Act, shown string) (*fake.Act, string) {
			if len(a.Extra) > 0 {
				return nil, byBoth // the fake has one extra only
			}
			a.Extra = extra("identity", "show", shown)
			return nil, shown
		},
		ids: func(body string) ([]string, string) {
			user, phone := between(body, `"user_id":"`, `"`), between(body, `"wa_id":"`, `"`)
			if phone == "" {
				return []string{user}, user
			}
			return []string{user, phone}, "wa:" + phone
		},
		beside:  []func(*aside) error{(*aside).react},
		target:  func(body string) string { return between(between(body, `"reaction":{`, `}`), `"message_id":"`, `"`) },
		secret:  "app_secret",
		sign:    signedByMeta,
		list:    "entry",
		frame:   func(webhook) string { return `{"object":"whatsapp_business_account","entry":[%s]}` },
		escapes: true,
		torn:    cutShort,
		broken:  func(h *hook) string { return strings.Replace(h.body, `"timestamp":"`, `"timestamp":"x`, 1) },
		stray:   elsewhere,
		dated:   true,
		bears:   func(s send) []string { return []string{s.ref()} },
		borne:   func(c fake.Call) []string { return []string{named(c, "biz_opaque_callback_data")} },
		tells:   true,
		names:   []string{"sent", "delivered", "read"},
		die:     func(s send) string { return s.ref() },
		words:   []string{"sent", "delivered", "read"},
		lost: func(p plan, s send, n, _ int) bool {
			// An error of WhatsApp's own number says that nothing was sent.
			return p.lost("send "+s.ref(), n, false)
		},
	}
}

func whatsAppAct(kind, mark string, n int) fake.Act {
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "tap":
		return fake.Act{Button: "ping"}
	case "image":
		return fake.Act{Extra: extra(kind, "caption", mark)}
	case "sticker":
		return fake.Act{Sticker: "446/" + fmt.Sprint(n)}
	case "location":
		return fake.Act{Extra: extra(kind, "name", mark, "address", mark, "latitude", 25.03, "longitude", 121.56)}
	case "document":
		return fake.Act{Extra: extra(kind, "name", mark+".pdf", "caption", mark)}
	case "audio":
		return fake.Act{Extra: extra(kind, "voice", true)}
	case "contacts":
		return fake.Act{Extra: extra(kind, "contacts", []any{map[string]any{"name": map[string]string{"formatted_name": mark}}})}
	case "order":
		return fake.Act{Extra: extra(kind, "catalog", "c1", "text", mark, "items", []any{map[string]any{"product_retailer_id": mark, "quantity": 1}})}
	case "unsupported":
		return fake.Act{Extra: extra(kind, "kind", "poll")}
	}
	return fake.Act{Text: "ping"}
}
