package twilio_test

import (
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

// failure is an error body as Twilio writes it.
func failure(code, status int) string {
	return fmt.Sprintf(`{"code":%d,"message":"Message text that stays out","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, code, code, status)
}

const made = `{"sid":"` + sid + `","status":"queued","error_code":null,"direction":"outbound-api","num_segments":"1"}`

func answers() []channeltest.Answer {
	sent := channel.Sent{PlatformID: sid}
	out := []channeltest.Answer{
		{Name: "accepted", Status: 201, Body: made, Sent: sent},
		{Name: "accepted, as 200", Status: 200, Body: made, Sent: sent},
		{Name: "accepted, nothing more", Status: 201, Body: `{}`},
		{Name: "accepted, odd id", Status: 201, Body: `{"sid":{"a":1}}`},
		{Name: "accepted, no JSON", Status: 201, Body: `<TwilioResponse>`},

		{Name: "rate with time", Status: 429, Body: failure(20429, 429), Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with odd time", Status: 429, Body: failure(20429, 429), Header: map[string]string{"Retry-After": "-3"}, Code: hub.RateLimited},
		{Name: "rate of something before Twilio", Status: 429, Header: map[string]string{"Retry-After": "5"}, Code: hub.RateLimited, RetryAfter: 5 * time.Second},
		{Name: "rate under another number", Status: 429, Body: failure(63016, 429), Code: hub.RateLimited},
		{Name: "a day's messages", Status: 400, Body: failure(63038, 400), Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "a number in quotes", Status: 400, Body: `{"code":"63016"}`, Code: hub.TemplateNeeded},

		{Name: "no account of ours", Status: 401, Body: failure(20003, 401), Code: hub.TokenExpired},
		{Name: "status 401 of another", Status: 401, Code: hub.TokenExpired},
		{Name: "status 403 of another", Status: 403, Code: hub.AccountBroken},
		{Name: "no such account", Status: 404, Body: failure(20404, 404), Code: hub.AccountBroken},
		{Name: "status 404 of another", Status: 404, Body: "no", Code: hub.Permanent},
		{Name: "status 400 of another", Status: 400, Body: `{"code":63016`, Code: hub.Permanent},
		{Name: "an undocumented number", Status: 400, Body: failure(987654, 400), Code: hub.Permanent},
		{Name: "a number of nothing", Status: 400, Body: `{"code":0}`, Code: hub.Permanent},
		{Name: "a negative number", Status: 400, Body: `{"code":-63016}`, Code: hub.Permanent},
		{Name: "an undocumented number at a 500", Status: 500, Body: failure(20500, 500), Code: hub.Unclear},
		{Name: "a known number at a 500", Status: 500, Body: failure(63016, 500), Code: hub.Unclear},
		{Name: "down", Status: 503, Body: failure(20503, 503), Code: hub.Unclear},
	}
	for code, want := range codes {
		wait := time.Duration(0)
		if code == 63038 {
			wait = time.Hour
		}
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("error %d", code), Status: 400, Body: failure(code, 400), Code: want, RetryAfter: wait})
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		out = append(out, channeltest.Answer{Name: fmt.Sprintf("status %d", status), Status: status, Body: "upstream", Code: hub.Unclear})
	}
	return out
}

// codes is what each number means, at a 4xx and in a status callback.
var codes = map[int]hub.Code{
	20003: hub.TokenExpired,
	10001: hub.AccountBroken, 20005: hub.AccountBroken, 20404: hub.AccountBroken, 21212: hub.AccountBroken, 21603: hub.AccountBroken,
	21606: hub.AccountBroken, 21609: hub.AccountBroken, 21701: hub.AccountBroken, 21703: hub.AccountBroken, 21704: hub.AccountBroken,
	30002: hub.AccountBroken, 63001: hub.AccountBroken, 63002: hub.AccountBroken, 63007: hub.AccountBroken, 63008: hub.AccountBroken,
	63020: hub.AccountBroken, 63022: hub.AccountBroken,
	63016: hub.TemplateNeeded,
	21654: hub.TemplateInvalid, 21655: hub.TemplateInvalid, 21656: hub.TemplateInvalid, 63027: hub.TemplateInvalid, 63028: hub.TemplateInvalid,
	63040: hub.TemplateInvalid, 63041: hub.TemplateInvalid, 63042: hub.TemplateInvalid,
	14101: hub.Unreachable, 21211: hub.Unreachable, 21608: hub.Unreachable, 21612: hub.Unreachable, 21614: hub.Unreachable,
	63003: hub.Unreachable, 63015: hub.Unreachable, 63024: hub.Unreachable, 63032: hub.Unreachable,
	63014: hub.Blocked, 63033: hub.Blocked, 21610: hub.Blocked,
	14107: hub.RateLimited, 20429: hub.RateLimited, 21611: hub.RateLimited, 30001: hub.RateLimited, 63017: hub.RateLimited,
	63018: hub.RateLimited, 63038: hub.RateLimited,
	21617: hub.Unsupported, 21619: hub.Unsupported, 63005: hub.Unsupported, 63021: hub.Unsupported, 63030: hub.Unsupported, 63034: hub.Unsupported,
	12300: hub.Permanent, 21620: hub.Permanent, 63013: hub.Permanent, 63019: hub.Permanent, 63031: hub.Permanent, 63049: hub.Permanent, 63051: hub.Permanent,
	63009: hub.Transient, 63010: hub.Transient, 63012: hub.Transient,
}
