package whatsapp_test

import (
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

const (
	hook = "https://hub.example/webhooks/whatsapp/abcdef"
	waba = "104996122399160"
	app  = "670843887433847"
)

// with is the suite's account with other members.
func with(change func(*channel.Account)) *channel.Account {
	a := channel.Account{ID: "acct", External: number, Webhook: hook, Secrets: channel.Secrets{
		whatsapp.AccessToken: "EAACanary+access/token==", whatsapp.WABAID: waba,
		whatsapp.AppSecret: credentials.Secrets[whatsapp.AppSecret], whatsapp.VerifyToken: credentials.Secrets[whatsapp.VerifyToken],
	}}
	change(&a)
	return &a
}

func withApp(a *channel.Account) { a.Secrets[whatsapp.AppID] = app }
func withNumber(n hub.Secret) func(*channel.Account) {
	return func(a *channel.Account) { a.Secrets[whatsapp.DisplayNumber] = n }
}
func withoutWABA(a *channel.Account) { delete(a.Secrets, whatsapp.WABAID) }

func reply(status int, body string) channeltest.Reply {
	return channeltest.Reply{Status: status, Body: body}
}

func graphError(code, subcode int) string {
	return fmt.Sprintf(`{"error":{"message":"Text that stays out","type":"OAuthException","code":%d,"error_subcode":%d,"fbtrace_id":"AzFdOCCQpFvfyyT4hZgTQ5Y"}}`, code, subcode)
}

// refusals are what Meta says to a call of an account's care, after those before it.
func refusals(before ...channeltest.Reply) []channeltest.Ask {
	var out []channeltest.Ask
	for name, c := range map[string]struct {
		last channeltest.Reply
		code hub.Code
		wait time.Duration
	}{
		"token":         {reply(401, graphError(190, 463)), hub.TokenExpired, 0},
		"permission":    {reply(403, graphError(200, 0)), hub.AccountBroken, 0},
		"capability":    {reply(400, graphError(3, 0)), hub.AccountBroken, 0},
		"locked":        {reply(403, graphError(131031, 0)), hub.AccountBroken, 0},
		"not its own":   {reply(400, graphError(100, 33)), hub.NotFound, 0},
		"parameter":     {reply(400, graphError(100, 0)), hub.BadRequest, 0},
		"rate":          {reply(400, graphError(80007, 0)), hub.RateLimited, 0},
		"rate and time": {channeltest.Reply{Status: 400, Body: graphError(4, 0), Header: map[string]string{"Retry-After": "9"}}, hub.RateLimited, 9 * time.Second},
		"down":          {reply(500, graphError(2, 0)), hub.Transient, 0},
		"gateway":       {reply(502, "<html>"), hub.Transient, 0},
		"no JSON":       {reply(200, "<html>"), hub.Transient, 0},
	} {
		out = append(out, channeltest.Ask{Name: name, Replies: append(before[:len(before):len(before)], c.last), Code: c.code, RetryAfter: c.wait})
	}
	return out
}

// aboutToken is what Meta tells of the token, with further members.
func aboutToken(members string) channeltest.Reply {
	return reply(200, `{"data":{"app_id":"`+app+`","application":"Shop","is_valid":true,"type":"SYSTEM_USER","user_id":"122105",`+
		`"expires_at":0,"data_access_expires_at":0,"scopes":["whatsapp_business_management","whatsapp_business_messaging"],`+
		`"granular_scopes":[{"scope":"whatsapp_business_management","target_ids":["`+waba+`"]},{"scope":"whatsapp_business_messaging","target_ids":["`+waba+`"]}]`+members+`}}`)
}

func aboutNumber(members string) channeltest.Reply {
	return reply(200, `{"id":"`+number+`","display_phone_number":"+886 2 7700 1234","verified_name":"花店",`+
		`"quality_rating":"GREEN","name_status":"APPROVED","status":"CONNECTED","platform_type":"CLOUD_API","account_mode":"LIVE"`+members+`}`)
}

func checks() []channeltest.Ask {
	display := channel.Secrets{whatsapp.DisplayNumber: "+886 2 7700 1234"}
	good := func(expires hub.Millis, advice ...string) channel.Standing {
		return channel.Standing{External: number, Name: "花店 (+886 2 7700 1234)", Expires: expires, Advice: advice, Fields: display}
	}
	both := func(token, number string) []channeltest.Reply {
		return []channeltest.Reply{aboutToken(token), aboutNumber(number)}
	}
	const (
		ends   = "This access token ends: generate one of a system user that never expires."
		untold = "When the token ends and what it may do could not be asked: enter app_id beside the app secret."
		noWABA = "Without waba_id it cannot be told whether the token has all permissions, and whether webhooks come."
	)
	list := append(refusals(aboutToken("")),
		channeltest.Ask{Name: "good", Replies: both("", ""), Standing: good(0)},
		channeltest.Ask{Name: "good, with the app", Account: with(withApp), Replies: both("", ""), Standing: good(0)},
		channeltest.Ask{Name: "a token that ends", Replies: both(`,"expires_at":1793762415`, ""), Standing: good(1793762415000, ends)},
		channeltest.Ask{Name: "a person's token", Replies: both(`,"type":"USER","expires_at":1791174015`, ""), Standing: good(1791174015000, ends)},
		channeltest.Ask{Name: "no waba_id", Account: with(withoutWABA), Replies: both("", ""), Standing: good(0, noWABA)},
		channeltest.Ask{Name: "no waba_id, limited to accounts", Account: with(withoutWABA), Replies: both(`,"granular_scopes":[{"scope":"whatsapp_business_messaging","target_ids":["1"]}]`, ""), Standing: good(0, noWABA)},
		channeltest.Ask{Name: "Meta does not tell of the token", Replies: []channeltest.Reply{reply(400, graphError(100, 0)), aboutNumber("")}, Standing: good(0, untold)},
		channeltest.Ask{Name: "no verified name", Replies: both("", `,"verified_name":""`), Standing: channel.Standing{External: number, Name: "+886 2 7700 1234", Fields: display}},
		channeltest.Ask{Name: "the number as entered", Account: with(withNumber("886-2-7700-1234")), Replies: both("", ""), Standing: good(0)},
		channeltest.Ask{Name: "another number as entered", Account: with(withNumber("+886 912 345 678")), Replies: both("", ""),
			Standing: good(0, "The number is +886 2 7700 1234, but display_number names another: links would open a chat with that one.")},
		channeltest.Ask{Name: "no number as entered", Account: with(withNumber("the shop's")), Code: hub.BadRequest},
		channeltest.Ask{Name: "an unknown state", Replies: both("", `,"status":"DANCING","quality_rating":"UNKNOWN"`), Standing: good(0)},
		channeltest.Ask{Name: "of low quality", Replies: both("", `,"status":"FLAGGED","quality_rating":"RED"`), Standing: good(0,
			"Meta has flagged the number: its quality is low, and without improvement its limits fall.",
			"The number's quality rating is RED: people block or report it.")},
		channeltest.Ask{Name: "a test number without a name", Replies: both("", `,"account_mode":"SANDBOX","name_status":"DECLINED"`), Standing: good(0,
			"Meta declined the display name: choose another in WhatsApp Manager.",
			"This is a test number: it reaches only the people on its list in the app.")},

		channeltest.Ask{Name: "expired", Replies: []channeltest.Reply{reply(200, `{"data":{"app_id":"`+app+`","is_valid":false,"type":"SYSTEM_USER","error":{"code":190,"message":"x","subcode":463},"scopes":[]}}`)}, Code: hub.TokenExpired},
		channeltest.Ask{Name: "a Page's token", Replies: []channeltest.Reply{aboutToken(`,"type":"PAGE"`)}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "another app's token", Account: with(withApp), Replies: []channeltest.Reply{aboutToken(`,"app_id":"1"`)}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "a permission too few", Replies: []channeltest.Reply{aboutToken(`,"scopes":["whatsapp_business_management"]`)}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "permissions for another account", Replies: []channeltest.Reply{aboutToken(`,"granular_scopes":[{"scope":"whatsapp_business_messaging","target_ids":["1"]}]`)}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "another app secret", Account: with(withApp), Replies: []channeltest.Reply{reply(400, graphError(1, 0))}, Code: hub.Transient},
		channeltest.Ask{Name: "another app secret, said so", Account: with(withApp), Replies: []channeltest.Reply{reply(400, graphError(190, 0))}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "the token refused at once", Replies: []channeltest.Reply{reply(400, graphError(190, 460))}, Code: hub.TokenExpired},
		channeltest.Ask{Name: "asked too often", Replies: []channeltest.Reply{reply(400, graphError(4, 0))}, Code: hub.RateLimited},
		channeltest.Ask{Name: "not told just now", Replies: []channeltest.Reply{reply(503, "")}, Code: hub.Transient},

		channeltest.Ask{Name: "another number", Replies: both("", `,"id":"1"`), Code: hub.NotFound},
		channeltest.Ask{Name: "no number at all", Replies: []channeltest.Reply{aboutToken(""), reply(200, `{"id":"`+number+`","name":"Business"}`)}, Code: hub.NotFound},
		channeltest.Ask{Name: "not registered", Replies: both("", `,"platform_type":"NOT_APPLICABLE"`), Code: hub.AccountBroken},
		channeltest.Ask{Name: "a phone number", Account: with(func(a *channel.Account) { a.External = "+886277001234" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "no external id", Account: with(func(a *channel.Account) { a.External = "" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "a waba_id of letters", Account: with(func(a *channel.Account) { a.Secrets[whatsapp.WABAID] = "my-waba" }), Code: hub.BadRequest},
		channeltest.Ask{Name: "an app_id of letters", Account: with(func(a *channel.Account) { a.Secrets[whatsapp.AppID] = "../me" }), Code: hub.BadRequest},
	)
	for _, state := range []string{"PENDING", "DELETED", "MIGRATED", "BANNED", "DISCONNECTED", "UNVERIFIED"} {
		list = append(list, channeltest.Ask{Name: strings.ToLower(state), Replies: both("", `,"status":"`+state+`"`), Code: hub.AccountBroken})
	}
	return list
}

var done = reply(200, `{"success":true}`)

// appWebhook is what Meta tells of the app's own URL.
func appWebhook(url, fields string) channeltest.Reply {
	return reply(200, `{"data":[{"object":"page","callback_url":"https://elsewhere.example/","active":true,"fields":[]},`+
		`{"object":"whatsapp_business_account","callback_url":"`+url+`","active":true,"fields":[`+fields+`]}]}`)
}

func registers() []channeltest.Ask {
	all := `{"name":"messages","version":"v24.0"},{"name":"history","version":"v24.0"}`
	for _, f := range []string{"message_template_status_update", "message_template_quality_update", "template_category_update", "phone_number_quality_update",
		"phone_number_name_update", "account_update", "account_alerts", "account_review_update", "business_capability_update"} {
		all += `,{"name":"` + f + `","version":"v24.0"}`
	}
	bad := func(name string, change func(*channel.Account)) channeltest.Ask {
		return channeltest.Ask{Name: name, Account: with(change), Code: hub.BadRequest}
	}
	return append(refusals(),
		channeltest.Ask{Name: "for the account alone", Replies: []channeltest.Reply{done, done}},
		channeltest.Ask{Name: "at the app", Account: with(withApp), Replies: []channeltest.Reply{appWebhook("https://elsewhere.example/", ""), done, done}},
		channeltest.Ask{Name: "at the app, with fields too few", Account: with(withApp), Replies: []channeltest.Reply{appWebhook(hook, `"messages"`), done, done}},
		channeltest.Ask{Name: "at the app, where it stands", Account: with(withApp), Replies: []channeltest.Reply{appWebhook(hook, all), done}},
		channeltest.Ask{Name: "not confirmed", Replies: []channeltest.Reply{done, reply(400, graphError(2200, 0))}, Code: hub.Refused},
		channeltest.Ask{Name: "not confirmed at the app", Account: with(withApp), Replies: []channeltest.Reply{appWebhook("", ""), reply(400, graphError(2200, 0))}, Code: hub.Refused},
		channeltest.Ask{Name: "not done", Replies: []channeltest.Reply{reply(200, `{"success":false}`)}, Code: hub.Transient},
		channeltest.Ask{Name: "another app secret", Account: with(withApp), Replies: []channeltest.Reply{reply(400, graphError(190, 0))}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "another app secret at the entry", Account: with(withApp), Replies: []channeltest.Reply{appWebhook("", ""), reply(400, graphError(190, 0))}, Code: hub.AccountBroken},
		channeltest.Ask{Name: "lost after it was done", Replies: []channeltest.Reply{done, reply(504, "")}, Code: hub.Transient},
		bad("no waba_id", withoutWABA),
		bad("no webhook", func(a *channel.Account) { a.Webhook = "" }),
		bad("no verify token", func(a *channel.Account) { delete(a.Secrets, whatsapp.VerifyToken) }),
	)
}

func registered() []channeltest.Ask {
	row := func(id, override string) string {
		if override != "" {
			override = `,"override_callback_uri":"` + override + `"`
		}
		return `{"whatsapp_business_api_data":{"id":"` + id + `","link":"https://www.facebook.com/games/?app_id=` + id + `","name":"Shop"}` + override + `}`
	}
	rows := func(list ...string) channeltest.Reply {
		return reply(200, `{"data":[`+strings.Join(list, ",")+`]}`)
	}
	one := func(list ...string) []channeltest.Reply { return []channeltest.Reply{rows(list...)} }
	return append(refusals(),
		channeltest.Ask{Name: "for the account alone", Replies: one(row("1", ""), row(app, hook)), Registered: true},
		channeltest.Ask{Name: "elsewhere for the account alone", Replies: one(row(app, "https://elsewhere.example/"))},
		channeltest.Ask{Name: "by hand", Replies: one(row(app, "")), Registered: true},
		channeltest.Ask{Name: "nowhere", Replies: one()},
		channeltest.Ask{Name: "at another app", Account: with(withApp), Replies: one(row("1", ""))},
		channeltest.Ask{Name: "at the app", Account: with(withApp), Replies: append(one(row(app, "")), appWebhook(hook, `{"name":"messages"}`)), Registered: true},
		channeltest.Ask{Name: "at the app, without messages", Account: with(withApp), Replies: append(one(row(app, "")), appWebhook(hook, `{"name":"account_update"}`))},
		channeltest.Ask{Name: "at the app, which sends elsewhere", Account: with(withApp), Replies: append(one(row(app, "")), appWebhook("https://elsewhere.example/", `"messages"`))},
		channeltest.Ask{Name: "another app secret", Account: with(withApp), Replies: append(one(row(app, "")), reply(400, graphError(190, 0))), Code: hub.AccountBroken},
		channeltest.Ask{Name: "no waba_id", Account: with(withoutWABA)},
	)
}

func unregisters() []channeltest.Ask {
	numbers := func(ids ...string) channeltest.Reply {
		var list []string
		for _, id := range ids {
			list = append(list, `{"id":"`+id+`"}`)
		}
		return reply(200, `{"data":[`+strings.Join(list, ",")+`],"paging":{"cursors":{"before":"QVFI","after":"QVFI"}}}`)
	}
	return append(append(refusals(),
		channeltest.Ask{Name: "the only number", Replies: []channeltest.Reply{numbers(number), done}},
		channeltest.Ask{Name: "no number any more", Replies: []channeltest.Reply{numbers(), done}},
		channeltest.Ask{Name: "one of two numbers", Replies: []channeltest.Reply{numbers(number, "106540352242923")}, Code: hub.Refused},
		channeltest.Ask{Name: "not done", Replies: []channeltest.Reply{numbers(number), reply(200, `{"success":false}`)}, Code: hub.Transient},
		channeltest.Ask{Name: "no waba_id", Account: with(withoutWABA), Code: hub.BadRequest},
	), renamed("at the end: ", refusals(numbers(number)))...)
}

func renamed(prefix string, list []channeltest.Ask) []channeltest.Ask {
	for i := range list {
		list[i].Name = prefix + list[i].Name
	}
	return list
}
