package whatsapp_test

import (
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

// failure is an error body as the Graph API writes it.
func failure(code int) string {
	return fmt.Sprintf(`{"error":{"message":"(#%d) Message text that stays out","type":"OAuthException","code":%d,`+
		`"error_data":{"messaging_product":"whatsapp","details":"Details that stay out."},"fbtrace_id":"AzFdOCCQpFvfyyT4hZgTQ5Y"}}`, code, code)
}

func accepted(rest string) string {
	return `{"messaging_product":"whatsapp","contacts":[{"input":"` + user + `","user_id":"` + user + `"}],"messages":[{"id":"` + wamid + `"` + rest + `}]}`
}

func answers() []channeltest.Answer {
	sent := channel.Sent{PlatformID: wamid}
	out := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: accepted(""), Sent: sent},
		{Name: "accepted, said so", Status: 200, Body: accepted(`,"message_status":"accepted"`), Sent: sent},
		{Name: "held back to watch its quality", Status: 200, Body: accepted(`,"message_status":"held_for_quality_assessment"`), Sent: sent},
		{Name: "paused", Status: 200, Body: accepted(`,"message_status":"paused"`), Sent: sent},
		{Name: "accepted, nothing more", Status: 200, Body: `{}`},
		{Name: "accepted, no messages", Status: 200, Body: `{"messages":[]}`},
		{Name: "accepted, odd id", Status: 200, Body: `{"messages":[{"id":{"a":1}}]}`},
		{Name: "accepted, no JSON", Status: 200, Body: `<html>`},

		{Name: "rate with time", Status: 400, Body: failure(130429), Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with a day", Status: 400, Body: failure(80007), Header: map[string]string{"Retry-After": "86400"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with odd time", Status: 400, Body: failure(4), Header: map[string]string{"Retry-After": "-3"}, Code: hub.RateLimited},
		{Name: "to one person", Status: 400, Body: failure(131056), Code: hub.RateLimited, RetryAfter: time.Second},
		{Name: "to one person, with time", Status: 429, Body: failure(131056), Header: map[string]string{"Retry-After": "9"}, Code: hub.RateLimited, RetryAfter: 9 * time.Second},
		{Name: "spam", Status: 400, Body: failure(131048), Header: map[string]string{"Retry-After": "9"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "no such number", Status: 400, Body: `{"error":{"code":100,"error_subcode":33,"type":"GraphMethodException"}}`, Code: hub.AccountBroken},
		{Name: "a number in quotes", Status: 400, Body: `{"error":{"code":"131047"}}`, Code: hub.TemplateNeeded},

		{Name: "status 401 of another", Status: 401, Code: hub.TokenExpired},
		{Name: "status 429 of another", Status: 429, Header: map[string]string{"Retry-After": "5"}, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "status 400 of another", Status: 400, Body: `{"error":{"code":131047}`, Code: hub.Permanent},
		{Name: "an undocumented number", Status: 400, Body: failure(987654), Code: hub.Permanent},
		{Name: "an undocumented number at a 500", Status: 500, Body: failure(987654), Code: hub.Unclear},
		{Name: "unknown at a 500", Status: 500, Body: failure(1), Code: hub.Unclear},
		{Name: "down at a 503", Status: 503, Body: failure(2), Code: hub.Unclear},
		{Name: "failed to send at a 500", Status: 500, Body: failure(131000), Code: hub.Transient},
		{Name: "down before it was sent", Status: 503, Body: failure(131016), Code: hub.Transient},
		{Name: "refused at a 500", Status: 500, Body: failure(131047), Code: hub.TemplateNeeded},
		{Name: "token at a 500", Status: 500, Body: failure(190), Code: hub.TokenExpired},
		{Name: "error without number", Status: 500, Body: `{"error":{"message":"x"}}`, Code: hub.Unclear},
		{Name: "error with a negative number", Status: 400, Body: `{"error":{"code":-190}}`, Code: hub.Permanent},
	}
	for code, want := range codes {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("error %d", code), Status: 400, Body: failure(code), Code: want})
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("status %d", status), Status: status, Body: "upstream", Code: hub.Unclear})
	}
	return out
}

// codes is what each number means, at a 4xx and in a status.
var codes = map[int]hub.Code{
	0: hub.TokenExpired, 190: hub.TokenExpired,
	3: hub.AccountBroken, 10: hub.AccountBroken, 200: hub.AccountBroken, 299: hub.AccountBroken, 131005: hub.AccountBroken,
	33: hub.AccountBroken, 368: hub.AccountBroken, 131031: hub.AccountBroken, 130497: hub.AccountBroken, 131042: hub.AccountBroken,
	131037: hub.AccountBroken, 131045: hub.AccountBroken, 133010: hub.AccountBroken,
	130429: hub.RateLimited, 80007: hub.RateLimited, 4: hub.RateLimited, 132069: hub.RateLimited, 133016: hub.RateLimited,
	131047: hub.TemplateNeeded,
	131026: hub.Unreachable, 131030: hub.Unreachable,
	131050: hub.OptedOut,
	131049: hub.Permanent, 130472: hub.Permanent, 131008: hub.Permanent, 131009: hub.Permanent, 100: hub.Permanent,
	131021: hub.Permanent, 131053: hub.Permanent, 132068: hub.Permanent, 300: hub.Permanent,
	131051: hub.Unsupported, 131062: hub.Unsupported,
	1: hub.Transient, 2: hub.Transient, 131000: hub.Transient, 131016: hub.Transient, 131052: hub.Transient, 131057: hub.Transient, 133004: hub.Transient,
	132000: hub.TemplateInvalid, 132001: hub.TemplateInvalid, 132005: hub.TemplateInvalid, 132007: hub.TemplateInvalid,
	132008: hub.TemplateInvalid, 132012: hub.TemplateInvalid, 132015: hub.TemplateInvalid, 132016: hub.TemplateInvalid,
}

// asks are what typing and marks of reading come to.
func asks() []channeltest.Ask {
	reply := func(status int, body string) []channeltest.Reply {
		return []channeltest.Reply{{Status: status, Body: body}}
	}
	return []channeltest.Ask{
		{Name: "shown", Message: wamid, Replies: reply(200, `{"success":true}`)},
		{Name: "no message", Code: hub.Unsupported},
		{Name: "no such message", Message: wamid, Replies: reply(400, failure(131009)), Code: hub.Permanent},
		{Name: "token", Message: wamid, Replies: reply(401, failure(190)), Code: hub.TokenExpired},
		{Name: "rate", Message: wamid, Replies: reply(400, failure(130429)), Code: hub.RateLimited},
		{Name: "down", Message: wamid, Replies: reply(503, "upstream"), Code: hub.Unclear},
	}
}
