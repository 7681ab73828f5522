package line_test

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

func answers() []channeltest.Answer {
	message := func(text string) string { return `{"message":"` + text + `"}` }
	id := map[string]string{"X-Line-Request-Id": request}
	sent := `{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7b"}]}`
	list := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: sent, Header: id, Sent: channel.Sent{PlatformID: "461230966842064897"}},
		{Name: "accepted, id as a number", Status: 200, Body: `{"sentMessages":[{"id":461230966842064897}]}`, Sent: channel.Sent{PlatformID: "461230966842064897"}},
		{Name: "accepted, several", Status: 200, Body: `{"sentMessages":[{"id":"461230966842064897"},{"id":"461230966842064898"}]}`, Sent: channel.Sent{PlatformID: "461230966842064897"}},
		{Name: "accepted, empty", Status: 200, Body: `{}`},
		{Name: "accepted, no JSON", Status: 200, Body: `<html>`},
		{Name: "malformed", Status: 400, Body: message("The request body has 1 error(s)"), Header: id, Code: hub.Permanent},
		{Name: "unknown recipient", Status: 400, Body: message("Failed to send messages"), Code: hub.Unreachable},
		{Name: "token", Status: 401, Body: message("Authentication failed. Confirm that the access token in the authorization header is valid."), Code: hub.TokenExpired},
		{Name: "plan", Status: 403, Body: message("Access to this API is not available for your account"), Code: hub.AccountBroken},
		{Name: "not found", Status: 404, Body: message("Not found"), Code: hub.Permanent},
		{Name: "too large", Status: 413, Code: hub.Permanent},
		{Name: "media type", Status: 415, Code: hub.Permanent},
		{Name: "rate", Status: 429, Body: message("The API rate limit has been exceeded. Try again later."), Code: hub.RateLimited},
		{Name: "rate with time", Status: 429, Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with long time", Status: 429, Header: map[string]string{"Retry-After": "99999999999"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with a day", Status: 429, Header: map[string]string{"Retry-After": "86400"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with odd time", Status: 429, Header: map[string]string{"Retry-After": "-3"}, Code: hub.RateLimited},
		{Name: "quota", Status: 429, Body: message("You have reached your monthly limit."), Code: hub.QuotaExhausted},
		{Name: "one user", Status: 429, Body: message("A large number of messages were sent to the same user."), Code: hub.RateLimited, RetryAfter: 5 * time.Minute},
	}
	for _, a := range list {
		a.Reply, a.Name = true, "reply: "+a.Name
		list = append(list, a)
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		name := "status " + string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
		list = append(list,
			channeltest.Answer{Name: name, Status: status, Code: hub.Unclear},
			channeltest.Answer{Name: "reply: " + name, Reply: true, Status: status, Code: hub.Unclear})
	}
	return append(list,
		channeltest.Answer{Name: "retry key again", Status: 409, Body: `{"message":"The retry key is already accepted","sentMessages":[{"id":"461230966842064897"}]}`,
			Sent: channel.Sent{PlatformID: "461230966842064897", Repeated: true}},
		channeltest.Answer{Name: "retry key again, nothing more", Status: 409, Body: message("The retry key is already accepted"), Sent: channel.Sent{Repeated: true}},
		channeltest.Answer{Name: "a reply token that was not given", Status: 400, Body: message("Invalid reply token"), Code: hub.Permanent},
		channeltest.Answer{Name: "reply: conflict", Reply: true, Status: 409, Code: hub.Permanent},
		channeltest.Answer{Name: "reply: used token", Reply: true, Status: 400, Body: message("Invalid reply token"), Code: hub.ReplyTokenInvalid},
		channeltest.Answer{Name: "reply: malformed token", Reply: true, Status: 400,
			Body: message("The property, 'replyToken', in the request body is invalid (line: 1, column: 15)"), Code: hub.ReplyTokenInvalid},
	)
}
