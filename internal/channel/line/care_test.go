package line_test

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// hook is the connection's webhook.
const hook = "https://hub.example/webhooks/line/abcdef"

const info = `{"userId":"` + account + `","basicId":"@216ru","displayName":"花店","chatMode":"chat","markAsReadMode":"manual","future":{}}`

// at is an answer whose Date is known.
func at(status int, body string) channeltest.Reply {
	return channeltest.Reply{Status: status, Body: body, Header: map[string]string{
		"Date": "Sun, 04 Oct 2026 03:20:15 GMT", "X-Line-Request-Id": request}}
}

func in(d time.Duration) hub.Millis {
	return hub.Millis(time.Date(2026, 10, 4, 3, 20, 15, 0, time.UTC).Add(d).UnixMilli())
}

// with is the suite's account with other members.
func with(change func(*channel.Account)) *channel.Account {
	a := channel.Account{ID: "acct", External: account, Webhook: hook, Secrets: channel.Secrets{line.ChannelToken: "canary+channel/token=="}}
	change(&a)
	return &a
}

// troubles are what LINE says to any call of an account's care that it does not serve.
func troubles() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "token", Replies: said(401, `{"message":"Authentication failed. Confirm that the access token in the authorization header is valid."}`), Code: hub.TokenExpired},
		{Name: "plan", Replies: said(403, `{"message":"Access to this API is not available for your account"}`), Code: hub.AccountBroken},
		{Name: "rate", Replies: said(429, `{"message":"The API rate limit has been exceeded. Try again later."}`), Code: hub.RateLimited},
		{Name: "rate with time", Code: hub.RateLimited, RetryAfter: 7 * time.Second,
			Replies: []channeltest.Reply{{Status: 429, Header: map[string]string{"Retry-After": "7"}}}},
		{Name: "too slow", Replies: said(408, ""), Code: hub.Transient},
		{Name: "failing", Replies: said(500, `{"message":"Internal error"}`), Code: hub.Transient},
		{Name: "down", Replies: said(503, "<html>"), Code: hub.Transient},
	}
}

func checks() []channeltest.Ask {
	both := func(second channeltest.Reply) []channeltest.Reply { return []channeltest.Reply{at(200, info), second} }
	life := func(seconds string) channeltest.Reply {
		return at(200, `{"client_id":"1350031035","expires_in":`+seconds+`,"scope":"P CM"}`)
	}
	ends := "This channel token ends: issue a long-lived one, which does not."
	untold := "LINE does not tell when this channel token ends: issue a long-lived one, which does not."
	basic := channel.Secrets{line.BasicID: "@216ru"}
	good := func(expires hub.Millis, advice ...string) channel.Standing {
		return channel.Standing{External: account, Name: "花店", Expires: expires, Advice: advice, Fields: basic}
	}
	return append(troubles(),
		channeltest.Ask{Name: "long-lived", Replies: both(life("3138007490")), Standing: good(0)},
		channeltest.Ask{Name: "short-lived", Replies: both(life("2591977")), Standing: good(in(2591977*time.Second), ends)},
		channeltest.Ask{Name: "just short of ten years", Replies: both(life("315359999")), Standing: good(in(315359999*time.Second), ends)},
		channeltest.Ask{Name: "of another kind", Replies: both(at(400, `{"error":"invalid_request","error_description":"access_token in invalid format"}`)), Standing: good(0, untold)},
		channeltest.Ask{Name: "of a life that is none", Replies: both(life("-1")), Standing: good(0, untold)},
		channeltest.Ask{Name: "of an answer without time", Replies: both(channeltest.Reply{Status: 200, Body: `{"expires_in":5}`, Header: map[string]string{"Date": "today"}}),
			Standing: good(0, untold)},
		channeltest.Ask{Name: "a token of version 2.1", Account: with(func(a *channel.Account) {
			a.Secrets[line.ChannelToken] = "eyJhbGciOiJIUzI1NiJ9.UnQ_o-GP0VtnwDjbK0C8E.NvK"
		}),
			Replies: both(at(200, `{"client_id":"1573163733","expires_in":60}`)), Standing: good(in(time.Minute), ends)},
		channeltest.Ask{Name: "the life not told just now", Replies: both(at(500, `{}`)), Code: hub.Transient},
		channeltest.Ask{Name: "the life asked too often", Replies: both(at(429, `{}`)), Code: hub.RateLimited},
		channeltest.Ask{Name: "no external id", Account: with(func(a *channel.Account) { a.External = "" }), Replies: both(life("3138007490")), Standing: good(0)},
		channeltest.Ask{Name: "a LIFF app", Account: with(func(a *channel.Account) { a.Secrets[line.LIFFID] = "1234567890-AbcdEfgh" }),
			Replies: both(life("3138007490")), Standing: good(0)},
		channeltest.Ask{Name: "no display name", Replies: []channeltest.Reply{at(200, `{"userId":"`+account+`","basicId":"@216ru"}`), life("3138007490")},
			Standing: channel.Standing{External: account, Name: "@216ru", Fields: basic}},
		channeltest.Ask{Name: "no basic id", Replies: []channeltest.Reply{at(200, `{"userId":"`+account+`","displayName":"花店"}`), life("3138007490")},
			Standing: channel.Standing{External: account, Name: "花店"}},
		channeltest.Ask{Name: "a LIFF app of its channel", Account: with(func(a *channel.Account) {
			a.Secrets[line.LIFFID], a.Secrets[line.LoginChannelID] = "1234567890-AbcdEfgh", "1234567890"
		}), Replies: both(life("3138007490")), Standing: good(0)},
		channeltest.Ask{Name: "a LIFF app of another channel", Account: with(func(a *channel.Account) {
			a.Secrets[line.LIFFID], a.Secrets[line.LoginChannelID] = "1234567890-AbcdEfgh", "123456789"
		}), Replies: both(life("3138007490")),
			Standing: good(0, "The LIFF app is another LINE Login channel's than login_channel_id names: sign-ins will be refused.")},

		channeltest.Ask{Name: "another account's token", Replies: said(200, `{"userId":"U5a1f0c3e9b7d4826a1c0e5f79d3b2469","displayName":"x"}`), Code: hub.NotFound},
		channeltest.Ask{Name: "the id with @", Account: with(func(a *channel.Account) { a.External = "@216ru" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "a LIFF address", Account: with(func(a *channel.Account) { a.Secrets[line.LIFFID] = "https://liff.line.me/1234567890-AbcdEfgh" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "a login channel by its name", Account: with(func(a *channel.Account) { a.Secrets[line.LoginChannelID] = "Shop" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "a basic id without @", Account: with(func(a *channel.Account) { a.Secrets[line.BasicID] = "216ru" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "malformed", Replies: said(400, `{"message":"x"}`), Code: hub.BadRequest},
		channeltest.Ask{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
		channeltest.Ask{Name: "nobody", Replies: said(200, "{}"), Code: hub.Transient},
	)
}

func registers() []channeltest.Ask {
	tried := func(body string) []channeltest.Reply { return []channeltest.Reply{at(200, "{}"), at(200, body)} }
	test := func(reason, status string) []channeltest.Reply {
		return tried(`{"success":false,"timestamp":"2023-07-07T04:29:51.043124Z","statusCode":` + status + `,"reason":"` + reason + `","detail":"TLS handshake failure: https://example.com/"}`)
	}
	ok := `{"success":true,"timestamp":"2020-09-30T05:38:20.031Z","statusCode":200,"reason":"OK","detail":"200"}`
	return append(troubles(),
		channeltest.Ask{Name: "entered", Replies: append(tried(ok), at(200, `{"endpoint":"`+hook+`","active":true}`))},
		channeltest.Ask{Name: "switched off", Replies: append(tried(ok), at(200, `{"endpoint":"`+hook+`","active":false}`)), Code: hub.AccountBroken},
		channeltest.Ask{Name: "not reached", Replies: test("COULD_NOT_CONNECT", "0"), Code: hub.Refused},
		channeltest.Ask{Name: "too slow an answer", Replies: test("REQUEST_TIMEOUT", "0"), Code: hub.Refused},
		channeltest.Ask{Name: "another secret", Replies: test("ERROR_STATUS_CODE", "401"), Code: hub.Refused},
		channeltest.Ask{Name: "no such connection", Replies: test("ERROR_STATUS_CODE", "404"), Code: hub.Refused},
		channeltest.Ask{Name: "another status", Replies: test("ERROR_STATUS_CODE", "503"), Code: hub.Refused},
		channeltest.Ask{Name: "for no reason", Replies: test("UNCLASSIFIED", "-1"), Code: hub.Refused},
		channeltest.Ask{Name: "tried too often", Replies: []channeltest.Reply{at(200, "{}"), at(429, "{}")}, Code: hub.RateLimited},
		channeltest.Ask{Name: "an address that LINE does not take", Replies: said(400, `{"message":"Invalid webhook endpoint URL"}`), Code: hub.BadRequest},
		channeltest.Ask{Name: "no address", Account: with(func(a *channel.Account) { a.Webhook = "" }), Code: hub.BadRequest},
	)
}

func registered() []channeltest.Ask {
	return append(troubles(),
		channeltest.Ask{Name: "here", Replies: said(200, `{"endpoint":"`+hook+`","active":true}`), Registered: true},
		channeltest.Ask{Name: "switched off", Replies: said(200, `{"endpoint":"`+hook+`","active":false}`)},
		channeltest.Ask{Name: "elsewhere", Replies: said(200, `{"endpoint":"https://elsewhere.example/","active":true}`)},
		channeltest.Ask{Name: "nowhere", Replies: said(404, `{"message":"Webhook endpoint not found"}`)},
		channeltest.Ask{Name: "nowhere to compare with", Account: with(func(a *channel.Account) { a.Webhook = "" }), Replies: said(200, `{"endpoint":"","active":true}`)},
		channeltest.Ask{Name: "no JSON", Replies: said(200, "<html>"), Code: hub.Transient},
	)
}

// unregisters: there is no call for it.
func unregisters() []channeltest.Ask {
	return []channeltest.Ask{{Name: "no call for it", Code: hub.Refused}}
}
