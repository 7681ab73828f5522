package viber_test

import (
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

// says is an answer as Viber writes it.
func says(status int, words string) string {
	return fmt.Sprintf(`{"status":%d,"status_message":%q,"message_token":5741311803571721087,"chat_hostname":"SN-CHAT-05_"}`, status, words)
}

func answers() []channeltest.Answer {
	out := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: `{"status":0,"status_message":"ok","message_token":5741311803571721087,"chat_hostname":"SN-CHAT-05_","billing_status":1}`,
			Sent: channel.Sent{PlatformID: "5741311803571721087"}},
		{Name: "accepted, its neighbour", Status: 200, Body: `{"status":0,"message_token":5741311803571721088}`, Sent: channel.Sent{PlatformID: "5741311803571721088"}},
		{Name: "accepted, in quotes", Status: 200, Body: `{"status":0,"message_token":"17"}`, Sent: channel.Sent{PlatformID: "17"}},
		{Name: "accepted, no token", Status: 200, Body: `{"status":0}`},
		{Name: "accepted, odd token", Status: 201, Body: `{"status":0,"message_token":{"a":1}}`},

		{Name: "no status", Status: 200, Body: `{}`, Code: hub.Unclear},
		{Name: "status null", Status: 200, Body: `{"status":null,"message_token":1}`, Code: hub.Unclear},
		{Name: "status below 0", Status: 200, Body: `{"status":-1}`, Code: hub.Unclear},
		{Name: "status in words", Status: 200, Body: `{"status":"ok"}`, Code: hub.Unclear},
		{Name: "no JSON", Status: 200, Body: `<html>`, Code: hub.Unclear},
		{Name: "no object", Status: 200, Body: `0`, Code: hub.Unclear},
		{Name: "nothing", Status: 200, Code: hub.Unclear},

		{Name: "no such recipient", Status: 200, Body: says(999, "Bad receiver ID"), Code: hub.Unreachable},
		{Name: "general", Status: 200, Body: says(999, "General error"), Code: hub.Permanent},
		{Name: "an undocumented number", Status: 200, Body: says(77, "x"), Code: hub.Permanent},
		{Name: "too many, with time", Status: 200, Body: says(12, "Too many requests"), Header: map[string]string{"Retry-After": "70"}, Code: hub.RateLimited, RetryAfter: 70 * time.Second},
		{Name: "too many, with a short time", Status: 200, Body: says(12, "Too many requests"), Header: map[string]string{"Retry-After": "1"}, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "numbered at a 400", Status: 400, Body: says(6, "notSubscribed"), Code: hub.Blocked},
		{Name: "0 at a 400", Status: 400, Body: says(0, "ok"), Code: hub.Permanent},
		{Name: "numbered at a 500", Status: 500, Body: says(6, "notSubscribed"), Code: hub.Unclear},
		{Name: "0 at a 500", Status: 500, Body: says(0, "ok"), Code: hub.Unclear},

		{Name: "HTTP 400", Status: 400, Code: hub.Permanent},
		{Name: "HTTP 401", Status: 401, Code: hub.TokenExpired},
		{Name: "HTTP 403", Status: 403, Code: hub.AccountBroken},
		{Name: "HTTP 404", Status: 404, Body: "<html>", Code: hub.Permanent},
		{Name: "HTTP 408", Status: 408, Code: hub.Unclear},
		{Name: "HTTP 413", Status: 413, Code: hub.Permanent},
		{Name: "HTTP 429", Status: 429, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "HTTP 500", Status: 500, Code: hub.Unclear},
		{Name: "HTTP 502", Status: 502, Body: "<html>", Code: hub.Unclear},
		{Name: "HTTP 503", Status: 503, Code: hub.Unclear},
		{Name: "HTTP 503 of a gateway", Status: 503, Body: "upstream connect error or disconnect/reset before headers", Code: hub.Unclear},
		{Name: "HTTP 503, to come again", Status: 503, Header: map[string]string{"Retry-After": "5"}, Code: hub.Transient},
	}
	for status, code := range map[int]hub.Code{
		1: hub.Permanent, 2: hub.TokenExpired, 3: hub.Permanent, 4: hub.Permanent, 5: hub.Unreachable, 6: hub.Blocked,
		7: hub.AccountBroken, 8: hub.AccountBroken, 9: hub.AccountBroken, 10: hub.AccountBroken, 11: hub.Unreachable,
		12: hub.RateLimited, 13: hub.Unsupported, 14: hub.Unsupported, 15: hub.AccountBroken, 16: hub.Permanent, 17: hub.Permanent,
		18: hub.Permanent, 19: hub.Permanent, 20: hub.Permanent, 21: hub.Unreachable, 22: hub.Permanent, 23: hub.QuotaExhausted, 24: hub.QuotaExhausted,
	} {
		a := channeltest.Answer{Name: fmt.Sprintf("status %d", status), Status: 200, Body: says(status, "words that stay out"), Code: code}
		if code == hub.RateLimited {
			a.RetryAfter = 5 * time.Second
		}
		out = append(out, a)
	}
	return out
}
