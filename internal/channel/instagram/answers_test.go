package instagram_test

import (
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

// failure is an error body as the Graph API writes it.
func failure(code, subcode int) string {
	return fmt.Sprintf(`{"error":{"message":"(#%d) Message text that stays out","type":"IGApiException","code":%d,"error_subcode":%d,"fbtrace_id":"AzFdOCCQpFvfyyT4hZgTQ5Y"}}`,
		code, code, subcode)
}

const accepted = `{"recipient_id":"` + user + `","message_id":"` + mid + `"}`

func answers() []channeltest.Answer {
	out := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: accepted, Sent: channel.Sent{PlatformID: mid}},
		{Name: "accepted, nothing more", Status: 200, Body: `{}`},
		{Name: "accepted, odd id", Status: 200, Body: `{"message_id":{"a":1}}`},
		{Name: "accepted, no JSON", Status: 200, Body: `<html>`},

		{Name: "rate with time", Status: 400, Body: failure(613, 2534040), Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with a day", Status: 400, Body: failure(4, 0), Header: map[string]string{"Retry-After": "86400"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "a number in quotes", Status: 400, Body: `{"error":{"code":"10","error_subcode":"2534022"}}`, Code: hub.WindowClosed},
		{Name: "a permission", Status: 403, Body: failure(10, 0), Code: hub.AccountBroken},
		{Name: "the window at a 403", Status: 403, Body: failure(10, 2534022), Code: hub.WindowClosed},
		{Name: "the window at a 500", Status: 500, Body: failure(10, 2534022), Code: hub.WindowClosed},

		{Name: "status 401 of another", Status: 401, Code: hub.TokenExpired},
		{Name: "status 429 of another", Status: 429, Header: map[string]string{"Retry-After": "5"}, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "status 400 of another", Status: 400, Body: `{"error":{"code":10}`, Code: hub.Permanent},
		{Name: "an undocumented number", Status: 400, Body: failure(987654, 0), Code: hub.Permanent},
		{Name: "an undocumented number at a 500", Status: 500, Body: failure(987654, 0), Code: hub.Unclear},
		{Name: "unknown at a 500", Status: 500, Body: failure(1, 0), Code: hub.Unclear},
		{Name: "down at a 503", Status: 503, Body: failure(2, 0), Code: hub.Unclear},
		{Name: "token at a 500", Status: 500, Body: failure(190, 0), Code: hub.TokenExpired},
		{Name: "error without number", Status: 500, Body: `{"error":{"message":"x"}}`, Code: hub.Unclear},
	}
	for _, c := range codes {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("error %d/%d", c.number, c.subcode), Status: 400, Body: failure(c.number, c.subcode), Code: c.code})
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("status %d", status), Status: status, Body: "upstream", Code: hub.Unclear})
	}
	return out
}

// codes is what each number means, at a 4xx.
var codes = []struct {
	number, subcode int
	code            hub.Code
}{
	{10, 2534022, hub.WindowClosed}, {10, 2018278, hub.WindowClosed},
	{100, 2534014, hub.Unreachable}, {551, 0, hub.Unreachable}, {551, 1545041, hub.Unreachable},
	{613, 2534040, hub.RateLimited}, {613, 0, hub.RateLimited}, {4, 0, hub.RateLimited}, {17, 0, hub.RateLimited}, {32, 0, hub.RateLimited},
	{200, 2534041, hub.AccountBroken}, {100, 2534029, hub.AccountBroken}, {200, 0, hub.AccountBroken}, {230, 0, hub.AccountBroken},
	{10, 1893063, hub.AccountBroken}, {25, 2207050, hub.AccountBroken}, {25, 0, hub.AccountBroken}, {3, 0, hub.AccountBroken}, {368, 0, hub.AccountBroken},
	{100, 33, hub.AccountBroken},
	{190, 463, hub.TokenExpired}, {190, 460, hub.TokenExpired}, {190, 0, hub.TokenExpired}, {102, 0, hub.TokenExpired}, {104, 0, hub.TokenExpired},
	{100, 0, hub.Permanent}, {100, 1893061, hub.Permanent},
	{1, 0, hub.Transient}, {2, 0, hub.Transient}, {1, 99, hub.Transient}, {1200, 0, hub.Transient},
}

func replies(status int, body string) []channeltest.Reply {
	return []channeltest.Reply{{Status: status, Body: body}}
}

// asks are what typing and marks of reading come to.
func asks() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "shown", Message: mid, Replies: replies(200, `{"recipient_id":"`+user+`"}`)},
		{Name: "no message", Replies: replies(200, `{"recipient_id":"`+user+`"}`)},
		{Name: "not of Instagram", User: "U4af4980629private", Code: hub.Unreachable},
		{Name: "blocked", Replies: replies(400, failure(551, 1545041)), Code: hub.Unreachable},
		{Name: "outside the window", Replies: replies(403, failure(10, 2534022)), Code: hub.WindowClosed},
		{Name: "token", Replies: replies(401, failure(190, 463)), Code: hub.TokenExpired},
		{Name: "rate", Replies: replies(400, failure(613, 2534040)), Code: hub.RateLimited},
		{Name: "down", Replies: replies(503, "upstream"), Code: hub.Unclear},
	}
}

func profiles() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "known", Replies: replies(200, `{"name":"\u9673\u7f8e\u9e97","username":"mei.chen","profile_pic":"https:\/\/scontent.example\/a.jpg","id":"`+user+`"}`),
			Profile: channel.Profile{Name: "陳美麗", Username: "mei.chen", Picture: "https://scontent.example/a.jpg"}},
		{Name: "no name", Replies: replies(200, `{"username":"mei.chen","name":null,"id":"`+user+`"}`), Profile: channel.Profile{Username: "mei.chen"}},
		{Name: "has not written", Replies: replies(403, failure(230, 0)), Code: hub.Unreachable},
		{Name: "gone, or has blocked us", Replies: replies(400, failure(100, 33)), Code: hub.Unreachable},
		{Name: "no such user", Replies: replies(400, failure(100, 2534014)), Code: hub.Unreachable},
		{Name: "not of Instagram", User: "../me?private=1", Code: hub.Unreachable},
		{Name: "token", Replies: replies(401, failure(190, 463)), Code: hub.TokenExpired},
		{Name: "permission", Replies: replies(403, failure(10, 0)), Code: hub.AccountBroken},
		{Name: "rate", Replies: []channeltest.Reply{{Status: 400, Body: failure(4, 0), Header: map[string]string{"Retry-After": "9"}}}, Code: hub.RateLimited, RetryAfter: 9 * time.Second},
		{Name: "down", Replies: replies(503, "upstream"), Code: hub.Transient},
		{Name: "no JSON", Replies: replies(200, "<html>"), Code: hub.Transient},
	}
}
