package messenger_test

import (
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/messenger"
	"omnihub/internal/hub"
)

// failure is an error body as the Graph API writes it.
func failure(code, subcode int) string {
	sub := ""
	if subcode != 0 {
		sub = fmt.Sprintf(`"error_subcode":%d,`, subcode)
	}
	return fmt.Sprintf(`{"error":{"message":"(#%d) Message text that stays out","type":"OAuthException","code":%d,%s"fbtrace_id":"AzFdOCCQpFvfyyT4hZgTQ5Y"}}`,
		code, code, sub)
}

// codes are the documented errors and what they mean.
var codes = map[[2]int]hub.Code{
	{1, 0}: hub.Transient, {2, 0}: hub.Transient, {99, 0}: hub.Transient, {1200, 0}: hub.Transient,
	{4, 0}: hub.RateLimited, {613, 0}: hub.RateLimited, {613, 2534040}: hub.RateLimited, {32, 0}: hub.RateLimited, {80006, 0}: hub.RateLimited,
	{10, 0}: hub.AccountBroken, {10, 2018278}: hub.WindowClosed, {10, 2018065}: hub.WindowClosed, {10, 1893063}: hub.AccountBroken, {10, 2018300}: hub.Permanent,
	{100, 0}: hub.Permanent, {100, 1893061}: hub.Permanent, {100, 2018001}: hub.Unreachable, {100, 33}: hub.AccountBroken,
	{190, 0}: hub.TokenExpired, {190, 463}: hub.TokenExpired, {102, 0}: hub.TokenExpired,
	{200, 0}: hub.AccountBroken, {200, 2018028}: hub.AccountBroken, {200, 1545041}: hub.Unreachable, {230, 0}: hub.AccountBroken, {368, 0}: hub.AccountBroken,
	{551, 0}: hub.Unreachable, {551, 1545041}: hub.Unreachable, {10904, 0}: hub.AccountBroken,
	{987654, 0}: hub.Permanent,
}

func answers() []channeltest.Answer {
	usage := func(minutes string) map[string]string {
		return map[string]string{"X-Business-Use-Case-Usage": `{"` + page + `":[{"type":"pages","call_count":5},{"type":"messenger","call_count":100,"estimated_time_to_regain_access":` + minutes + `}]}`}
	}
	out := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: `{"recipient_id":"` + user + `","message_id":"` + mid + `"}`, Sent: channel.Sent{PlatformID: mid}},
		{Name: "accepted, nothing more", Status: 200, Body: `{}`},
		{Name: "accepted, odd id", Status: 200, Body: `{"message_id":{"a":1}}`},
		{Name: "accepted, no JSON", Status: 200, Body: `<html>`},

		{Name: "rate with time", Status: 400, Body: failure(613, 0), Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with usage", Status: 400, Body: failure(80006, 0), Header: usage("3"), Code: hub.RateLimited, RetryAfter: 3 * time.Minute},
		{Name: "rate with a day of usage", Status: 400, Body: failure(80006, 0), Header: usage("1440"), Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with odd usage", Status: 400, Body: failure(4, 0), Header: map[string]string{"X-Business-Use-Case-Usage": `{"1":[{`}, Code: hub.RateLimited},
		{Name: "rate with no wait", Status: 400, Body: failure(4, 0), Header: usage("0"), Code: hub.RateLimited},
		{Name: "usage beside another error", Status: 400, Body: failure(100, 0), Header: usage("3"), Code: hub.Permanent},

		{Name: "a number in quotes", Status: 400, Body: `{"error":{"code":"551"}}`, Code: hub.Unreachable},
		{Name: "status 401 of another", Status: 401, Code: hub.TokenExpired},
		{Name: "status 429 of another", Status: 429, Header: map[string]string{"Retry-After": "5"}, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "an unknown number that may pass", Status: 400, Body: strings.Replace(failure(987654, 0), `"code"`, `"is_transient":true,"code"`, 1), Code: hub.Transient},
		{Name: "an unknown number at a 500", Status: 500, Body: failure(987654, 0), Code: hub.Unclear},
		{Name: "unknown at a 500", Status: 500, Body: failure(1, 0), Code: hub.Unclear},
		{Name: "temporary at a 503", Status: 503, Body: failure(2, 0), Code: hub.Unclear},
		{Name: "failed to send at a 500", Status: 500, Body: failure(1200, 0), Code: hub.Unclear},
		{Name: "window at a 500", Status: 500, Body: failure(10, 2018278), Code: hub.WindowClosed},
		{Name: "token at a 500", Status: 500, Body: failure(190, 0), Code: hub.TokenExpired},
		{Name: "error without number", Status: 500, Body: `{"error":{"message":"x"}}`, Code: hub.Unclear},
		{Name: "error with a negative number", Status: 400, Body: `{"error":{"code":-190}}`, Code: hub.Permanent},
	}
	for code, want := range codes {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("error %d-%d", code[0], code[1]), Status: 400, Body: failure(code[0], code[1]), Code: want})
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("status %d", status), Status: status, Body: "<html>", Code: hub.Unclear})
	}
	return out
}

func said(body string) []channeltest.Reply { return []channeltest.Reply{{Status: 200, Body: body}} }

func refusal(code, subcode int) []channeltest.Reply {
	return []channeltest.Reply{{Status: 400, Body: failure(code, subcode)}}
}

func actions() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "shown", Replies: said(`{"recipient_id":"` + user + `"}`)},
		{Name: "window closed", Replies: refusal(10, 2018278), Code: hub.WindowClosed},
		{Name: "token", Replies: refusal(190, 463), Code: hub.TokenExpired},
		{Name: "not an id of Messenger", User: "../../me", Code: hub.Unreachable},
	}
}

func profiles() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "known", Replies: said(`{"first_name":"小明","last_name":"王","profile_pic":"https:\/\/platform-lookaside.example.com\/p.jpg","id":"` + user + `"}`),
			Profile: channel.Profile{Name: "小明 王", Picture: "https://platform-lookaside.example.com/p.jpg"}},
		{Name: "one name", Replies: said(`{"first_name":"Ann","profile_pic":"http://no.tls"}`), Profile: channel.Profile{Name: "Ann"}},
		{Name: "nothing", Replies: said(`{}`)},
		{Name: "no profile", Replies: refusal(100, 2018218), Code: hub.Unreachable},
		{Name: "not there", Replies: refusal(100, 33), Code: hub.Unreachable},
		{Name: "no access to profiles", Replies: refusal(200, 0), Code: hub.Permanent},
		{Name: "token", Replies: refusal(190, 460), Code: hub.TokenExpired},
		{Name: "rate", Replies: refusal(4, 0), Code: hub.RateLimited},
		{Name: "down", Replies: []channeltest.Reply{{Status: 500, Body: failure(2, 0)}}, Code: hub.Transient},
		{Name: "no object", Replies: said(`[]`), Code: hub.Transient},
		{Name: "a guest", User: "user_ref:R-1", Code: hub.Unreachable},
		{Name: "a path", User: "../me", Code: hub.Unreachable},
	}
}

// debug is what Meta tells of a token.
func debug(members string) string {
	return `{"data":{"app_id":"` + app + `","type":"PAGE","application":"Demo","is_valid":true,"expires_at":0,"profile_id":"` + page + `",` + members + `}}`
}

const granted = `"scopes":["pages_show_list","pages_messaging","pages_manage_metadata","public_profile"],` +
	`"granular_scopes":[{"scope":"pages_messaging","target_ids":["` + page + `"]},{"scope":"pages_manage_metadata"}]`

const me = `{"id":"` + page + `","name":"示範粉絲專頁"}`

func checks() []channeltest.Ask {
	both := func(second string) []channeltest.Reply { return append(said(me), said(second)...) }
	three := func(replies ...channeltest.Reply) []channeltest.Reply {
		return append(both(`{"id":"`+app+`"}`), replies...)
	}
	good := channel.Standing{External: page, Name: "示範粉絲專頁"}
	ends, read, unknown := good, good, good
	ends.Expires = 1800000000000
	read.Advice = []string{"Meta shows names and pictures to this token until 2027-01-15; generate a new one before."}
	unknown.Advice = []string{"When the token ends, what it may do and whether the app secret is right could not be asked: enter app_id beside it."}
	odd := account(channel.Secrets{messenger.AppID: "not-an-id"})
	named := account(nil)
	named.External = "my.page.name"
	return []channeltest.Ask{
		{Name: "good", Account: withApp(), Replies: both(debug(granted)), Standing: good},
		{Name: "good, without app_id", Replies: three(said(debug(granted))...), Standing: good},
		{Name: "good, by the token alone", Replies: append(append(said(me), refusal(100, 0)...), said(debug(granted))...), Standing: good},
		{Name: "good, but Meta does not tell", Replies: append(append(said(me), refusal(100, 0)...), refusal(100, 0)...), Standing: unknown},
		{Name: "wrong app secret, without app_id", Replies: three(refusal(190, 0)...), Code: hub.AccountBroken},
		{Name: "down before the app is known", Replies: append(said(me), channeltest.Reply{Status: 500, Body: failure(1, 0)}), Code: hub.Transient},
		{Name: "ends", Account: withApp(), Replies: both(debug(`"expires_at":1800000000,` + granted)), Standing: ends},
		{Name: "ends to read", Account: withApp(), Replies: both(debug(`"data_access_expires_at":1800000000,` + granted)), Standing: read},
		{Name: "expired", Replies: refusal(190, 463), Code: hub.TokenExpired},
		{Name: "ended meanwhile", Account: withApp(), Replies: both(debug(`"is_valid":false,"error":{"code":190,"subcode":463,"message":"x"},` + granted)), Code: hub.TokenExpired},
		{Name: "no longer valid", Account: withApp(), Replies: both(debug(`"is_valid":false`)), Code: hub.TokenExpired},
		{Name: "a person's token", Account: withApp(), Replies: append(said(`{"id":"10158000000000001","name":"Ann Example"}`), said(debug(`"type":"USER",`+granted))...), Code: hub.AccountBroken},
		{Name: "another Page's token", Account: withApp(), Replies: append(said(`{"id":"208642097531247","name":"Other"}`), said(debug(granted))...), Code: hub.AccountBroken},
		{Name: "another Page's token with all rights", Account: withApp(), Replies: append(said(`{"id":"208642097531247","name":"Other"}`),
			said(debug(strings.ReplaceAll(granted, page, "208642097531247")))...), Code: hub.NotFound},
		{Name: "another app's token", Account: withApp(), Replies: both(strings.Replace(debug(granted), app, "263902037430900", 1)), Code: hub.AccountBroken},
		{Name: "wrong app secret", Account: withApp(), Replies: append(said(me), refusal(190, 0)...), Code: hub.AccountBroken},
		{Name: "may not send", Account: withApp(), Replies: both(debug(strings.Replace(granted, `"pages_messaging",`, "", 1))), Code: hub.AccountBroken},
		{Name: "may send for another Page only", Account: withApp(), Replies: both(debug(strings.Replace(granted, page, "208642097531247", 1))), Code: hub.AccountBroken},
		{Name: "may nothing", Account: withApp(), Replies: both(debug(`"scopes":[]`)), Code: hub.AccountBroken},
		{Name: "down", Replies: []channeltest.Reply{{Status: 503, Body: "<html>"}}, Code: hub.Transient},
		{Name: "down meanwhile", Account: withApp(), Replies: append(said(me), channeltest.Reply{Status: 500, Body: failure(1, 0)}), Code: hub.Transient},
		{Name: "rate", Replies: refusal(4, 0), Code: hub.RateLimited},
		{Name: "no Page in the answer", Replies: said(`{}`), Code: hub.Transient},
		{Name: "an app_id that is none", Account: &odd, Code: hub.BadRequest},
		{Name: "a Page's name for its id", Account: &named, Code: hub.BadRequest},
	}
}

const done = `{"success":true}`

// fields are those to which a Page is subscribed, as Meta lists them.
func fields() string {
	return `["messages","messaging_postbacks","message_deliveries","message_echoes","message_reads","message_edits",` +
		`"message_reactions","messaging_referrals","messaging_optins","messaging_handovers",` +
		`"messaging_policy_enforcement","messaging_account_linking","standby","feed"]`
}

// at is the app's webhook.
func at(url string) string {
	list := strings.NewReplacer(`["`, `[{"name":"`, `","`, `","version":"v25.0"},{"name":"`, `"]`, `","version":"v25.0"}]`).Replace(fields())
	return `{"data":[{"object":"user","callback_url":"` + hook + `","active":true,"fields":[]},{"object":"page","callback_url":"` + url + `","active":true,"fields":` + list + `}]}`
}

func registers() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "the URL too", Account: withApp(), Replies: append(append(said(at("https://old.example.com/x")), said(done)...), said(done)...)},
		{Name: "the URL stands", Account: withApp(), Replies: append(said(at(hook)), said(done)...)},
		{Name: "the URL stands with too few fields", Account: withApp(),
			Replies: append(append(said(strings.Replace(at(hook), "message_echoes", "ratings", 1)), said(done)...), said(done)...)},
		{Name: "no URL yet", Account: withApp(), Replies: append(append(said(`{"data":[]}`), said(done)...), said(done)...)},
		{Name: "the URL does not answer", Account: withApp(), Replies: append(said(`{"data":[]}`), refusal(2200, 0)...), Code: hub.Refused},
		{Name: "without app_id", Replies: said(done)},
		{Name: "not done", Replies: said(`{"success":false}`), Code: hub.Transient},
		{Name: "no permission", Replies: refusal(200, 0), Code: hub.AccountBroken},
		{Name: "token", Replies: refusal(190, 0), Code: hub.TokenExpired},
	}
}

func unregisters() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "done", Replies: said(done)},
		{Name: "token", Replies: refusal(190, 0), Code: hub.TokenExpired},
		{Name: "down", Replies: []channeltest.Reply{{Status: 502}}, Code: hub.Transient},
	}
}

func registered() []channeltest.Ask {
	list := func(app, fields string) string {
		return `{"data":[{"id":"999","subscribed_fields":["feed"]},{"link":"https://x","name":"Demo","id":"` + app + `","subscribed_fields":` + fields + `}]}`
	}
	return []channeltest.Ask{
		{Name: "all", Account: withApp(), Replies: append(said(list(app, fields())), said(at(hook))...), Registered: true},
		{Name: "to another URL", Account: withApp(), Replies: append(said(list(app, fields())), said(at("https://old.example.com/x"))...)},
		{Name: "to no URL", Account: withApp(), Replies: append(said(list(app, fields())), said(`{"data":[]}`)...)},
		{Name: "another app", Account: withApp(), Replies: said(list("1517776481860112", fields()))},
		{Name: "without app_id", Replies: said(list(app, fields())), Registered: true},
		{Name: "too few fields", Replies: said(list(app, `["messages"]`))},
		{Name: "nobody", Replies: said(`{"data":[]}`)},
		{Name: "token", Replies: refusal(190, 0), Code: hub.TokenExpired},
		{Name: "the app's secret is wrong", Account: withApp(), Replies: append(said(list(app, fields())), refusal(190, 0)...), Code: hub.TokenExpired},
	}
}
