package chaos

import "omnihub/internal/channel/fake"

// messengerTrait is Messenger: what Meta's channels share, echoes that bear our own name of
// a send, and receipts that tell of all that was sent until a time.
func messengerTrait() *trait {
	t := metaTrait()
	t.kinds = []string{"text", "image", "video", "audio", "file", "sticker", "tap", "postback", "standby", "text"}
	t.act = messengerAct
	t.beside = []func(*aside) error{(*aside).react, (*aside).correct, (*aside).enter, (*aside).inbox}
	t.frame = func(webhook) string { return `{"object":"page","entry":[%s]}` }
	t.bears = func(s send) []string { return []string{s.ref()} }
	t.borne = func(c fake.Call) []string { return []string{named(c, "message", "metadata")} }
	t.marks, t.names, t.news = true, []string{"sent"}, []string{"delivery", "read"}
	t.die = func(s send) string { return s.ref() }
	t.owing, t.words = "send ", []string{"echo=sent", "delivered", "read"}
	t.lost = func(p plan, s send, n, _ int) bool { return p.lost("send "+s.ref(), n, true) }
	return t
}

func messengerAct(kind, mark string, _ int) fake.Act {
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "image":
		return fake.Act{Image: "https://example.net/" + mark}
	case "sticker":
		return fake.Act{Sticker: "369239263222822"}
	case "tap":
		return fake.Act{Button: "ping"}
	case "postback":
		return fake.Act{Postback: "ping"}
	case "standby":
		return fake.Act{Extra: extra("text", "text", "ping", "form", "standby")}
	case "video", "audio", "file":
		return fake.Act{Extra: extra(kind, "link", "https://example.net/"+mark)}
	}
	return fake.Act{Text: "ping"}
}
