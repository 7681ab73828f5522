package line_test

import (
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

func said(status int, body string) []channeltest.Reply {
	return []channeltest.Reply{{Status: status, Body: body, Header: map[string]string{"X-Line-Request-Id": request}}}
}

// refusals are what LINE says to any question that it does not answer.
func refusals() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "malformed", Replies: said(400, `{"message":"The value for the 'userId' parameter is invalid"}`), Code: hub.Permanent},
		{Name: "token", Replies: said(401, `{"message":"Authentication failed."}`), Code: hub.TokenExpired},
		{Name: "plan", Replies: said(403, `{"message":"Access to this API is not available for your account"}`), Code: hub.Permanent},
		{Name: "rate", Replies: said(429, `{"message":"The API rate limit has been exceeded. Try again later."}`), Code: hub.RateLimited},
		{Name: "rate with time", Code: hub.RateLimited, RetryAfter: 7 * time.Second,
			Replies: []channeltest.Reply{{Status: 429, Header: map[string]string{"Retry-After": "7"}}}},
		{Name: "too slow", Replies: said(408, ""), Code: hub.Transient},
		{Name: "failing", Replies: said(500, `{"message":"Internal error"}`), Code: hub.Transient},
		{Name: "down", Replies: said(503, "<html>"), Code: hub.Transient},
	}
}

func profiles() []channeltest.Ask {
	const group = "C4d9b0a7c2e6f41358a0b9d7e3f5c1264"
	return append(refusals(),
		channeltest.Ask{Name: "a friend", Replies: said(200, `{"userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25","displayName":"王小明 😀","language":"zh-TW",`+
			`"pictureUrl":"https://profile.line-scdn.net/0h","statusMessage":"Hello, LINE!","future":[1]}`),
			Profile: channel.Profile{Name: "王小明 😀", Language: "zh-TW", Picture: "https://profile.line-scdn.net/0h", Status: "Hello, LINE!"}},
		channeltest.Ask{Name: "a friend of few words", Replies: said(200, `{"displayName":"x"}`), Profile: channel.Profile{Name: "x"}},
		channeltest.Ask{Name: "a picture without TLS", Replies: said(200, `{"displayName":"x","pictureUrl":"http://x/"}`), Profile: channel.Profile{Name: "x"}},
		channeltest.Ask{Name: "a group", User: group, Replies: said(200, `{"groupId":"`+group+`","groupName":"家人","pictureUrl":"https://profile.line-scdn.net/0g"}`),
			Profile: channel.Profile{Name: "家人", Picture: "https://profile.line-scdn.net/0g"}},
		channeltest.Ask{Name: "blocked or unknown", Replies: said(404, `{"message":"Not found"}`), Code: hub.Unreachable},
		channeltest.Ask{Name: "a group that was left", User: group, Replies: said(404, `{"message":"Not found"}`), Code: hub.Unreachable},
		channeltest.Ask{Name: "a multi-person chat", User: "R4d9b0a7c2e6f41358a0b9d7e3f5c1264", Code: hub.Unreachable},
		channeltest.Ask{Name: "a way out of the path", User: "U/../../info?x=1#", Replies: said(404, ""), Code: hub.Unreachable},
		channeltest.Ask{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
		channeltest.Ask{Name: "cut off", Replies: said(200, `{"displayName":"`+strings.Repeat("x", 100_000)+`"}`), Code: hub.Transient},
	)
}

func quotas() []channeltest.Ask {
	both := func(limit, used string) []channeltest.Reply {
		return []channeltest.Reply{{Status: 200, Body: limit}, {Status: 200, Body: used}}
	}
	list := append(refusals(),
		channeltest.Ask{Name: "limited", Replies: both(`{"type":"limited","value":1000}`, `{"totalUsage":500}`), Quota: channel.Quota{Limited: true, Limit: 1000, Used: 500}},
		channeltest.Ask{Name: "used up", Replies: both(`{"type":"limited","value":0}`, `{"totalUsage":12}`), Quota: channel.Quota{Limited: true, Used: 12}},
		channeltest.Ask{Name: "no limit", Replies: both(`{"type":"none"}`, `{"totalUsage":500}`), Quota: channel.Quota{Used: 500}},
		channeltest.Ask{Name: "no limit, but a number", Replies: both(`{"type":"none","value":7}`, `{"totalUsage":0}`)},
		channeltest.Ask{Name: "not there", Replies: said(404, ""), Code: hub.Permanent},
		channeltest.Ask{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
	)
	for _, q := range refusals() { // and to the second question
		q.Name, q.Replies = "then "+q.Name, append(said(200, `{"type":"none"}`), q.Replies...)
		list = append(list, q)
	}
	return list
}

func typings() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "shown", Replies: said(202, "{}")},
		{Name: "in a group", User: "C4d9b0a7c2e6f41358a0b9d7e3f5c1264", Code: hub.Unsupported},
		{Name: "malformed", Replies: said(400, `{"message":"The request body has 1 error(s)"}`), Code: hub.Permanent},
		{Name: "token", Replies: said(401, ""), Code: hub.TokenExpired},
		{Name: "plan", Replies: said(403, ""), Code: hub.AccountBroken},
		{Name: "rate", Replies: said(429, ""), Code: hub.RateLimited},
		{Name: "conflict", Replies: said(409, ""), Code: hub.Permanent},
		{Name: "failing", Replies: said(500, ""), Code: hub.Unclear},
	}
}
