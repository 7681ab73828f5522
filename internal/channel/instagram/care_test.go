package instagram_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/hub"
)

const (
	goodApp   = `{"id":"204567","name":"Omnihub"}`
	goodToken = `{"data":{"app_id":"204567","type":"PAGE","is_valid":true,"expires_at":0,"data_access_expires_at":0,` +
		`"scopes":["instagram_basic","instagram_manage_messages","pages_manage_metadata"],"profile_id":"` + pageID + `"}}`
	goodPage = `{"id":"` + pageID + `","name":"\u65d7\u8266\u5e97","instagram_business_account":{"id":"` + account + `","username":"flagship.tw"}}`
	nothing  = `{"data":[]}`
)

func said(list ...string) (out []channeltest.Reply) {
	for _, body := range list {
		status := 200
		if strings.HasPrefix(body, `{"error"`) {
			status = 400
		}
		out = append(out, channeltest.Reply{Status: status, Body: body})
	}
	return out
}

// pageChecks are what Check makes of Meta's answers with Facebook Login: which app the
// token is of, what it may do, who the Page's account is, whether its messages can be had.
func pageChecks() []channeltest.Ask {
	swap := func(old, new string) string { return strings.Replace(goodToken, old, new, 1) }
	standing := channel.Standing{External: account, Name: "@flagship.tw"}
	ends, data := standing, standing
	ends.Expires = 1796000000000
	data.Advice = []string{"The app may read people's data until 2026-11-29 only: log in to Facebook again before, or use the token of a system user."}
	noID, noSecret, letters := byPage, byPage, byPage
	noID.Secrets = channel.Secrets{instagram.AccessToken: byPage.Secrets[instagram.AccessToken]}
	noSecret.Secrets = channel.Secrets{instagram.AccessToken: byPage.Secrets[instagram.AccessToken], instagram.PageID: pageID}
	letters.External = "flagship.tw"
	return []channeltest.Ask{
		{Name: "good", Replies: said(goodApp, goodToken, goodPage, nothing), Standing: standing},
		{Name: "good, without the app's secret", Account: &noSecret, Replies: said(goodApp, goodToken, goodPage, nothing), Standing: standing},
		{Name: "ends", Replies: said(goodApp, swap(`"expires_at":0`, `"expires_at":1796000000`), goodPage, nothing), Standing: ends},
		{Name: "people's data end", Replies: said(goodApp, swap(`"data_access_expires_at":0`, `"data_access_expires_at":1795945000`), goodPage, nothing), Standing: data},
		{Name: "no page_id", Account: &noID, Code: hub.BadRequest},
		{Name: "a name as external id", Account: &letters, Code: hub.BadRequest},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "not valid any more", Replies: said(goodApp, swap(`"is_valid":true`, `"is_valid":false,"error":{"code":190,"subcode":463,"message":"x"}`)), Code: hub.TokenExpired},
		{Name: "another app's secret", Replies: said(goodApp, failure(190, 0)), Code: hub.AccountBroken},
		{Name: "not asked by everybody", Account: &noSecret, Replies: said(goodApp, failure(100, 0)), Code: hub.AccountBroken},
		{Name: "a person's token", Replies: said(goodApp, swap(`"PAGE"`, `"USER"`)), Code: hub.AccountBroken},
		{Name: "another Page's token", Replies: said(goodApp, swap(pageID, "999")), Code: hub.NotFound},
		{Name: "no such Page", Replies: said(goodApp, goodToken, failure(100, 33)), Code: hub.AccountBroken},
		{Name: "no account linked", Replies: said(goodApp, goodToken, `{"id":"1","name":"x"}`), Code: hub.AccountBroken},
		{Name: "a permission is missing", Replies: said(goodApp, swap(`"instagram_manage_messages",`, ""), goodPage), Code: hub.AccountBroken},
		{Name: "a permission for another account", Replies: said(goodApp, swap(`"profile_id"`, `"granular_scopes":[{"scope":"instagram_manage_messages","target_ids":["1"]}],"profile_id"`), goodPage), Code: hub.AccountBroken},
		{Name: "another account", Replies: said(goodApp, goodToken, strings.Replace(goodPage, account, "17841499999999999", 1)), Code: hub.NotFound},
		{Name: "access to messages off", Replies: said(goodApp, goodToken, goodPage, failure(200, 2534041)), Code: hub.AccountBroken},
		{Name: "messages not to be had", Replies: said(goodApp, goodToken, goodPage, failure(10, 0)), Code: hub.AccountBroken},
		{Name: "rate", Replies: []channeltest.Reply{{Status: 400, Body: failure(4, 0), Header: map[string]string{"Retry-After": "9"}}}, Code: hub.RateLimited, RetryAfter: 9 * time.Second},
		{Name: "down", Replies: said(goodApp, goodToken, failure(2, 0)), Code: hub.Transient},
		{Name: "no JSON", Replies: said(goodApp, "<html>"), Code: hub.Transient},
	}
}

func loginChecks() []channeltest.Ask {
	me := `{"user_id":"` + account + `","username":"flagship.tw","name":"\u65d7\u8266\u5e97","id":"25400"}`
	standing := channel.Standing{External: account, Name: "@flagship.tw"}
	return []channeltest.Ask{
		{Name: "good", Replies: said(me, nothing), Standing: standing},
		{Name: "good, in a list", Replies: said(`{"data":[`+me+`]}`, nothing), Standing: standing},
		{Name: "good, without a name of its own", Replies: said(`{"user_id":`+account+`,"name":"x"}`, nothing), Standing: channel.Standing{External: account, Name: "x"}},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "no professional account", Replies: said(`{"id":"1","username":"x"}`), Code: hub.AccountBroken},
		{Name: "another account", Replies: said(strings.Replace(me, account, "17841499999999999", 1)), Code: hub.NotFound},
		{Name: "a permission is missing", Replies: said(me, failure(10, 0)), Code: hub.AccountBroken},
		{Name: "access to messages off", Replies: said(me, failure(200, 2534041)), Code: hub.AccountBroken},
		{Name: "may not say who it is", Replies: said(failure(200, 0)), Code: hub.AccountBroken},
		{Name: "down", Replies: said(me, failure(2, 0)), Code: hub.Transient},
	}
}

const done = `{"success":true}`

func subscribed(fields string) string {
	return `{"data":[{"id":"204567","name":"Omnihub","subscribed_fields":[` + fields + `]}]}`
}

func pageRegisters() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "done", Replies: said(nothing, done)},
		{Name: "beside Messenger's", Replies: said(subscribed(`"messages","message_reads"`), done)},
		{Name: "not done", Replies: said(nothing, `{"success":false}`), Code: hub.Transient},
		{Name: "may not", Replies: said(failure(200, 0)), Code: hub.AccountBroken},
		{Name: "may not enter", Replies: said(nothing, failure(100, 0)), Code: hub.AccountBroken},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "down", Replies: said(nothing, failure(2, 0)), Code: hub.Transient},
	}
}

func pageUnregisters() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "done", Replies: said(subscribed(`"messages"`), done)},
		{Name: "there was none", Replies: said(nothing, done)},
		{Name: "Messenger's stays", Replies: said(subscribed(`"messages","message_reads"`))},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "may not", Replies: said(nothing, failure(200, 0)), Code: hub.AccountBroken},
	}
}

func loginRegisters() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "done", Replies: said(done)},
		{Name: "not done", Replies: said(`{"success":false}`), Code: hub.Transient},
		{Name: "may not", Replies: said(failure(10, 0)), Code: hub.AccountBroken},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "down", Replies: said(failure(2, 0)), Code: hub.Transient},
	}
}

func registered() []channeltest.Ask {
	return []channeltest.Ask{
		{Name: "it is", Replies: said(subscribed(`"messages"`)), Registered: true},
		{Name: "fields as objects", Replies: said(subscribed(`{"name":"messages","version":"v25.0"}`)), Registered: true},
		{Name: "it is not", Replies: said(nothing)},
		{Name: "with no field", Replies: said(subscribed(""))},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "may not ask", Replies: said(failure(10, 0)), Code: hub.AccountBroken},
		{Name: "down", Replies: said(failure(2, 0)), Code: hub.Transient},
	}
}

func refreshes() []channeltest.Ask {
	const renewed = `{"access_token":"IGAArenewed","token_type":"bearer","expires_in":5183944}`
	at := map[string]string{"Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
	day := time.Date(2026, 10, 21, 7, 28, 0, 0, time.UTC)
	return []channeltest.Ask{
		{Name: "renewed", Replies: []channeltest.Reply{{Status: 200, Body: renewed, Header: at}},
			Secrets: channel.Secrets{instagram.AccessToken: "IGAArenewed"}, Expires: hub.MillisOf(day.Add(5183944 * time.Second))},
		{Name: "not told until when", Replies: []channeltest.Reply{{Status: 200, Body: `{"access_token":"IGAArenewed"}`, Header: at}},
			Secrets: channel.Secrets{instagram.AccessToken: "IGAArenewed"}},
		{Name: "no token", Replies: said(`{"expires_in":1}`), Code: hub.Transient},
		{Name: "no JSON", Replies: said(`<html>`), Code: hub.Transient},
		{Name: "too young", Replies: said(failure(100, 0)), Code: hub.Transient},
		{Name: "an undocumented number", Replies: said(failure(987654, 0)), Code: hub.Transient},
		{Name: "expired", Replies: said(failure(190, 463)), Code: hub.TokenExpired},
		{Name: "status 401", Replies: []channeltest.Reply{{Status: 401}}, Code: hub.TokenExpired},
		{Name: "permission", Replies: said(failure(10, 0)), Code: hub.AccountBroken},
		{Name: "rate", Replies: []channeltest.Reply{{Status: 400, Body: failure(4, 0), Header: map[string]string{"Retry-After": "9"}}}, Code: hub.RateLimited, RetryAfter: 9 * time.Second},
		{Name: "down", Replies: []channeltest.Reply{{Status: 503, Body: "upstream"}}, Code: hub.Transient},
	}
}

// TestPageTokensAreNotRenewed: no call can, and none is made.
func TestPageTokensAreNotRenewed(t *testing.T) {
	guard := &channeltest.Guard{}
	a := instagram.New(channel.Platform{Client: guard.Client()})
	values, expires, err := a.Refresh(t.Context(), byPage)
	if len(values) != 0 || expires != 0 || err != nil || len(guard.Strays()) != 0 {
		t.Errorf("got %v, %d, %v, want nothing", values, expires, err)
	}
}

// TestChecksSayWhatIsWrong: what people read names the thing to put right.
func TestChecksSayWhatIsWrong(t *testing.T) {
	say := func(t *testing.T, acct channel.Account, replies []channeltest.Reply) string {
		t.Helper()
		n := 0
		client := &http.Client{Transport: answering(func() channeltest.Reply { n++; return replies[min(n, len(replies))-1] })}
		_, err := instagram.New(channel.Platform{BaseURL: "http://127.0.0.1", Client: client}).Check(t.Context(), acct)
		if err == nil {
			t.Fatal("got no error, want one")
		}
		return err.Error()
	}
	swap := func(old, new string) string { return strings.Replace(goodToken, old, new, 1) }
	noID := byPage
	noID.Secrets = channel.Secrets{instagram.AccessToken: "t"}
	odd := byPage
	odd.Secrets = channel.Secrets{instagram.AccessToken: "t", instagram.Login: "twitter"}
	for want, c := range map[string]struct {
		acct    channel.Account
		replies []channeltest.Reply
	}{
		"page_id is missing":                                      {noID, nil},
		"neither facebook nor":                                    {odd, nil},
		"the access token is refused":                             {byPage, said(failure(190, 463))},
		"error 190, subcode 463":                                  {byPage, said(failure(190, 463))},
		"app_secret is not the secret":                            {byPage, said(goodApp, failure(190, 0))},
		"permissions: instagram_basic, instagram_manage_messages": {byPage, said(goodApp, swap(`"instagram_basic","instagram_manage_messages",`, ""), goodPage)},
		"no Instagram professional account linked":                {byPage, said(goodApp, goodToken, `{"id":"1"}`)},
		"Allow access to messages":                                {byLogin, said(`{"user_id":"`+account+`","username":"x"}`, failure(200, 2534041))},
		"of another account":                                      {byLogin, said(`{"user_id":"17841499999999999","username":"other"}`)},
		"instagram_business_manage_messages":                      {byLogin, said(`{"user_id":"`+account+`","username":"x"}`, failure(10, 0))},
		"a person's":                                              {byPage, said(goodApp, swap(`"PAGE"`, `"USER"`))},
		"trace AzFdOCCQpFvfyyT4hZgTQ5Y":                           {byPage, said(failure(190, 463))},
	} {
		if got := say(t, c.acct, c.replies); !strings.Contains(got, want) {
			t.Errorf("got %q, want it to say %q", got, want)
		}
	}
}

// answering is a transport that asks nobody.
type answering func() channeltest.Reply

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := f()
	return &http.Response{StatusCode: reply.Status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply.Body)), Request: r}, nil
}
