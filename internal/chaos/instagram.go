package chaos

import (
	"omnihub/internal/channel/fake"
)

// instagramTrait is Instagram's messaging: entries that can be put together, messages that
// are taken back and corrected, reactions, echoes of what the account's side writes. Nothing
// in a call comes back but by the platform's own id, and of receipts there is "seen" only.
func instagramTrait() *trait {
	t := metaTrait()
	t.kinds = []string{"text", "image", "video", "audio", "file", "share", "reel", "story_mention", "story_reply", "ephemeral", "unsupported",
		"ad", "tap", "postback", "text"}
	t.act = instagramAct
	t.byID, t.finds = true, true
	t.die = func(s send) string { return s.to + " " + s.text }
	t.owing, t.words = "send ", []string{"echo=sent", "read"}
	t.beside = []func(*aside) error{(*aside).takeBack, (*aside).react, (*aside).correct, (*aside).enter, (*aside).inbox}
	t.unsend = "delete"
	t.frame = func(webhook) string { return `{"object":"instagram","entry":[%s]}` }
	t.bears = func(s send) []string { return []string{s.id, s.to + " " + s.text} }
	t.borne = func(c fake.Call) []string { return []string{c.ID, c.To + " " + c.Text} }
	t.lost = func(p plan, s send, n, all int) bool { return p.lostAmong("send "+s.to+" "+s.text, n, all) }
	return t
}

func instagramAct(kind, mark string, _ int) fake.Act {
	switch kind {
	case "text":
		return fake.Act{Text: mark + placeholder}
	case "image":
		return fake.Act{Image: "https://example.net/" + mark}
	case "tap":
		return fake.Act{Button: "ping"}
	case "postback":
		return fake.Act{Postback: "ping"}
	case "story_reply", "ad":
		return fake.Act{Extra: extra(kind, "text", mark)}
	case "video", "audio", "file", "share", "reel", "story_mention":
		return fake.Act{Extra: extra(kind, "link", "https://example.net/"+mark)}
	case "ephemeral", "unsupported":
		return fake.Act{Extra: extra(kind)}
	}
	return fake.Act{Text: "ping"}
}
