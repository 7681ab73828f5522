package viber_test

import (
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/viber"
	"omnihub/internal/hub"
)

func said(status int, bodies ...string) (out []channeltest.Reply) {
	for _, body := range bodies {
		out = append(out, channeltest.Reply{Status: status, Body: body})
	}
	return out
}

// info is an answer to get_account_info.
func info(webhook string, events ...string) string {
	list := ""
	for _, e := range events {
		list += `,"` + e + `"`
	}
	return `{"status":0,"status_message":"ok","id":"` + bot + `","name":"小店","uri":"shop","category":"Companies","webhook":"` + webhook +
		`","event_types":[` + strings.TrimPrefix(list, ",") + `],"subscribers_count":35,"members":[{"id":"` + user + `","name":"Ann","role":"admin"}]}`
}

var all = []string{"subscribed", "unsubscribed", "webhook", "conversation_started", "client_status", "action", "delivered", "failed", "message", "seen"}

// unwell are answers by which Viber refuses a call about the bot.
func unwell() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "token", Replies: said(200, says(2, "invalidAuthToken")), Code: hub.TokenExpired},
		{Name: "HTTP 401", Replies: said(401, ""), Code: hub.TokenExpired},
		{Name: "blocked", Replies: said(200, says(7, "x")), Code: hub.AccountBroken},
		{Name: "no bot", Replies: said(200, says(8, "x")), Code: hub.AccountBroken},
		{Name: "suspended", Replies: said(200, says(9, "x")), Code: hub.AccountBroken},
		{Name: "not authorized", Replies: said(200, says(15, "x")), Code: hub.AccountBroken},
		{Name: "undocumented", Replies: said(200, says(77, "x")), Code: hub.AccountBroken},
		{Name: "about somebody", Replies: said(200, says(6, "x")), Code: hub.AccountBroken},
		{Name: "malformed", Replies: said(200, says(3, "x")), Code: hub.BadRequest},
		{Name: "lacking", Replies: said(200, says(4, "x")), Code: hub.BadRequest},
		{Name: "HTTP 404", Replies: said(404, ""), Code: hub.AccountBroken},
		{Name: "too many", Replies: said(200, says(12, "x")), Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "HTTP 429", Replies: []channeltest.Reply{{Status: 429, Header: map[string]string{"Retry-After": "9"}}}, Code: hub.RateLimited, RetryAfter: 9 * time.Second},
		{Name: "failing", Replies: said(500, says(0, "x")), Code: hub.Transient},
		{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
		{Name: "no status", Replies: said(200, `{"id":"`+bot+`","webhook":""}`), Code: hub.Transient},
	}
}

// care is unwell after some answers that were good.
func care(before ...string) (out []channeltest.Ask) {
	for _, q := range unwell() {
		q.Replies = append(said(200, before...), q.Replies...)
		q.Name = strings.Repeat("then ", len(before)) + q.Name
		out = append(out, q)
	}
	return out
}

func with(change func(*channel.Account)) *channel.Account {
	a := account()
	change(&a)
	return &a
}

func checks() []channeltest.Ask {
	good := func(advice ...string) channel.Standing {
		return channel.Standing{External: bot, Name: "小店", Advice: advice}
	}
	named := func(name, avatar string) *channel.Account {
		return with(func(a *channel.Account) {
			a.Secrets = channel.Secrets{viber.AuthToken: token, viber.SenderName: hub.Secret(name), viber.SenderAvatar: hub.Secret(avatar)}
		})
	}
	return append(care(),
		channeltest.Ask{Name: "good", Replies: said(200, info(webhook, all...)), Standing: good()},
		channeltest.Ask{Name: "good, events not told", Replies: said(200, info(webhook)), Standing: good()},
		channeltest.Ask{Name: "nowhere", Replies: said(200, info("")),
			Standing: good("Viber sends this bot's events nowhere: actualize the connection.")},
		channeltest.Ask{Name: "elsewhere", Replies: said(200, info("https://crm.example.com/viber?key=canary", all...)),
			Standing: good("Viber sends this bot's events to crm.example.com: actualize the connection to have them here, where they will then end.")},
		channeltest.Ask{Name: "next door", Replies: said(200, info(webhook+"2", all...)),
			Standing: good("Viber sends this bot's events to another address there: actualize the connection to have them here, where they will then end.")},
		channeltest.Ask{Name: "at no address", Replies: said(200, info(":", all...)),
			Standing: good("Viber sends this bot's events to another address: actualize the connection to have them here, where they will then end.")},
		channeltest.Ask{Name: "few events", Replies: said(200, info(webhook, "message", "subscribed", "unsubscribed", "delivered")),
			Standing: good("Viber does not send these events here: seen, failed, conversation_started. Actualize the connection to have them.")},
		channeltest.Ask{Name: "our address not known", Account: with(func(a *channel.Account) { a.Webhook = "" }), Replies: said(200, info("")), Standing: good()},
		channeltest.Ask{Name: "no sender", Account: named("", ""), Replies: said(200, info(webhook, all...)), Standing: good()},
		channeltest.Ask{Name: "another bot's", Account: with(func(a *channel.Account) { a.External = "pa:1" }), Replies: said(200, info(webhook)), Code: hub.NotFound},
		channeltest.Ask{Name: "not named", Replies: said(200, `{"status":0}`), Code: hub.Transient},
		channeltest.Ask{Name: "long sender", Account: named(words(29), ""), Code: hub.BadRequest},
		channeltest.Ask{Name: "bare avatar", Account: named("", "https://cdn.example.tw/face.jpg"), Code: hub.BadRequest},
		channeltest.Ask{Name: "odd avatar", Account: named("x", "face.jpg"), Code: hub.BadRequest},
	)
}

func registers() []channeltest.Ask {
	return append(care(),
		channeltest.Ask{Name: "entered", Replies: said(200, `{"status":0,"status_message":"ok","chat_hostname":"SN-CHAT-05_","event_types":["subscribed"]}`)},
		channeltest.Ask{Name: "not reached", Replies: said(200, says(1, "Result[HttpRequest[POST  HTTP/1.1]@2a3ca559 > HttpResponse[null 0 null]@79fcd025] java.net.ConnectException: Connection refused")), Code: hub.Refused},
		channeltest.Ask{Name: "not trusted", Replies: said(200, says(1, "javax.net.ssl.SSLHandshakeException: General SSLEngine problem")), Code: hub.Refused},
		channeltest.Ask{Name: "not answered", Replies: said(200, says(1, "")), Code: hub.Refused},
		channeltest.Ask{Name: "our address not known", Account: with(func(a *channel.Account) { a.Webhook = "" }), Code: hub.BadRequest},
	)
}

func unregisters() []channeltest.Ask {
	return append(append(care(), care(info(webhook))...),
		channeltest.Ask{Name: "taken out", Replies: said(200, info(webhook), `{"status":0,"status_message":"ok"}`)},
		channeltest.Ask{Name: "out already", Replies: said(200, info(""))},
		channeltest.Ask{Name: "another's by now", Replies: said(200, info("https://crm.example.com/viber"))},
		channeltest.Ask{Name: "our address not known", Account: with(func(a *channel.Account) { a.Webhook = "" }), Code: hub.BadRequest},
	)
}

func registered() []channeltest.Ask {
	return append(care(),
		channeltest.Ask{Name: "here", Replies: said(200, info(webhook, all...)), Registered: true},
		channeltest.Ask{Name: "elsewhere", Replies: said(200, info("https://crm.example.com/viber"))},
		channeltest.Ask{Name: "nowhere", Replies: said(200, info(""))},
		channeltest.Ask{Name: "ours not known", Account: with(func(a *channel.Account) { a.Webhook = "" }), Replies: said(200, info(""))},
	)
}

func profiles() []channeltest.Ask {
	details := func(user string) string {
		return `{"status":0,"status_message":"ok","message_token":4912661846655238145,"user":` + user + `}`
	}
	return []channeltest.Ask{
		{Name: "all", Replies: said(200, details(`{"id":"`+user+`","name":"林小華","avatar":"https://cdn.viber.example/a.jpg","country":"TW","language":"zh-TW","primary_device_os":"android 13","api_version":10,"viber_version":"21.0","mcc":466,"mnc":1}`)),
			Profile: channel.Profile{Name: "林小華", Picture: "https://cdn.viber.example/a.jpg", Language: "zh-TW"}},
		{Name: "little", Replies: said(200, details(`{"id":"`+user+`","avatar":"javascript:x"}`))},
		{Name: "nobody", Replies: said(200, `{"status":0}`)},
		{Name: "not subscribed", Replies: said(200, says(6, "x")), Code: hub.Unreachable},
		{Name: "not on Viber", Replies: said(200, says(5, "x")), Code: hub.Unreachable},
		{Name: "no such id", Replies: said(200, says(999, "Bad receiver ID")), Code: hub.Unreachable},
		{Name: "asked twice in 12 hours", Replies: said(200, says(12, "Too many requests")), Code: hub.RateLimited, RetryAfter: 12 * time.Hour},
		{Name: "token", Replies: said(200, says(2, "invalidAuthToken")), Code: hub.TokenExpired},
		{Name: "suspended", Replies: said(200, says(9, "x")), Code: hub.Permanent},
		{Name: "undocumented", Replies: said(200, says(77, "x")), Code: hub.Permanent},
		{Name: "numbered at a 400", Replies: said(400, says(6, "x")), Code: hub.Unreachable},
		{Name: "HTTP 404", Replies: said(404, ""), Code: hub.Permanent},
		{Name: "HTTP 401", Replies: said(401, ""), Code: hub.TokenExpired},
		{Name: "HTTP 429", Replies: said(429, ""), Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "HTTP 408", Replies: said(408, ""), Code: hub.Transient},
		{Name: "failing", Replies: said(503, ""), Code: hub.Transient},
		{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
	}
}
