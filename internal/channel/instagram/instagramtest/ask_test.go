package instagramtest_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func (w *world) get(path string, headers ...string) (int, map[string]any) {
	w.T.Helper()
	status, out, _ := w.call("GET", path, "", headers...)
	return status, out
}

func TestTokensAreTold(t *testing.T) {
	w := newWorld(t)
	status, out := w.get(shopTo + "?fields=id,name,instagram_business_account{id,username}")
	w.Want("the Page", []any{status, out["id"], out["instagram_business_account"].(map[string]any)["id"]}, []any{200, "108642097531246", shop})
	status, out = w.get("/login/v25.0/me?fields=user_id,username,name")
	w.Want("the account", []any{status, out["user_id"], out["id"] != club}, []any{200, club, true})
	_, app := w.get("/v25.0/app?fields=id")
	appToken := fmt.Sprint(app["id"], "|", secret)
	debug := func(token, by string) map[string]any {
		_, out := w.get("/v25.0/debug_token?input_token="+token, "Authorization", "Bearer "+by)
		data, _ := out["data"].(map[string]any)
		return data
	}
	d := debug("t1", appToken)
	w.Want("debug", []any{d["app_id"], d["type"], d["is_valid"], d["expires_at"], d["profile_id"], d["scopes"]}, []any{app["id"], "PAGE", true, 0, "108642097531246",
		[]string{"instagram_basic", "instagram_manage_messages", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"}})
	w.Want("by itself", debug("t1", "t1")["is_valid"], true)
	w.Want("unknown", debug("x", appToken)["is_valid"], false)
	w.extra(`{"type":"token","expires_in":0}`)
	w.Want("expired", debug("t1", appToken)["is_valid"], false)
	status, out = w.get(shopTo)
	w.Want("an expired token", []any{status, wrong(out)}, []any{400, "190/463 OAuthException"})
	w.extra(`{"type":"token","revoked":true,"expires_in":100}`)
	status, out = w.text("x")
	w.Want("a revoked token", []any{status, wrong(out)}, []any{401, "190/460 OAuthException"})
}

func TestWhoMayCallWhat(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	for _, c := range []struct{ name, method, path, token, want string }{
		{"no token", "GET", shopTo, "", "400 104 OAuthException"},
		{"another token", "GET", shopTo, "t9", "401 190 OAuthException"},
		{"a Page's token at Instagram", "GET", "/login/v25.0/me", "t1", "401 190 OAuthException"},
		{"Instagram's token at Facebook", "GET", "/v25.0/me", "t2", "401 190 OAuthException"},
		{"another Page", "POST", "/v25.0/999/messages", "t1", "400 100/33 GraphMethodException"},
		{"the account itself at Facebook", "POST", "/v25.0/" + shop + "/messages", "t1", "400 100/33 GraphMethodException"},
		{"another edge", "GET", shopTo + "/photos", "t1", "400 100/33 GraphMethodException"},
		{"another method", "GET", shopTo + "/messages", "t1", "400 100/33 GraphMethodException"},
		{"no version", "GET", "/me", "t1", "400 2500 OAuthException"},
		{"a deep path", "GET", "/v25.0/a/b/c", "t1", "400 2500 OAuthException"},
		{"an app's token", "GET", shopTo, "x|y", "401 190 OAuthException"},
		{"the app's own", "GET", shopTo, "20" + "|" + secret, "401 190 OAuthException"},
		{"refresh at Facebook", "GET", "/refresh_access_token?grant_type=ig_refresh_token", "t1", "400 100/33 GraphMethodException"},
		{"unknown field", "GET", shopTo + "?fields=id,age", "t1", "400 100 OAuthException"},
	} {
		status, out, _ := w.call(c.method, c.path, "", "Authorization", "Bearer "+c.token)
		w.Want(c.name, fmt.Sprint(status, " ", wrong(out)), c.want)
	}
	for scopes, c := range map[string]struct{ path, want string }{
		`["instagram_basic"]`:                             {shopTo + "/conversations?platform=instagram", "10 OAuthException"},
		`["instagram_basic","pages_show_list"]`:           {shopTo + "/subscribed_apps", "10 OAuthException"},
		`["instagram_manage_messages"]`:                   {"/v25.0/" + mei, "10 OAuthException"},
		`["instagram_manage_messages","pages_messaging"]`: {shopTo, "10 OAuthException"},
	} {
		w.extra(`{"type":"token","scopes":` + scopes + `}`)
		w.Want(scopes, wrong(second(w.get(c.path))), c.want)
	}
	w.extra(`{"type":"token","scopes":["pages_show_list"]}`)
	_, out := w.get(shopTo + "?fields=id,instagram_business_account{id}")
	w.Want("the account is left out", []any{out["id"], out["instagram_business_account"]}, []any{"108642097531246", nil})
	w.Want("a send", wrong(second(w.text("x"))), "10 OAuthException")
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	path := "/login/refresh_access_token?grant_type=ig_refresh_token&access_token=t2"
	status, out := w.get(path)
	w.Want("too young", []any{status, wrong(out)}, []any{400, "100 IGApiException"})
	w.Advance(24 * time.Hour)
	status, out = w.get(path)
	fresh, _ := out["access_token"].(string)
	w.Want("renewed", []any{status, out["token_type"], out["expires_in"], fresh != "" && fresh != "t2"}, []any{200, "bearer", 5.184e+06, true})
	w.Want("without its parameter", wrong(second(w.get("/login/refresh_access_token"))), "100 IGApiException")
	for _, token := range []string{"t2", fresh} {
		w.Want("good", first(w.get("/login/v25.0/me", "Authorization", "Bearer "+token)), 200)
	}
	w.Advance(59 * 24 * time.Hour)
	w.Want("the old one ends", wrong(second(w.get("/login/v25.0/me"))), "190/463 OAuthException")
	w.Want("and cannot be renewed", wrong(second(w.get(path))), "190/463 OAuthException")
	w.Want("the new one is good", first(w.get("/login/v25.0/me", "Authorization", "Bearer "+fresh)), 200)
	w.Advance(24 * time.Hour)
	w.Want("for 60 days", wrong(second(w.get("/login/v25.0/me", "Authorization", "Bearer "+fresh))), "190/463 OAuthException")
}

func TestProfiles(t *testing.T) {
	w := newWorld(t)
	path := "/v25.0/" + mei + "?fields=name,username,profile_pic"
	w.Want("unknown", wrong(second(w.get(path))), "100/33 GraphMethodException")
	w.extra(`{"type":"person","name":"陳美麗","username":"mei.chen"}`)
	w.extra(`{"type":"echo","text":"a private reply"}`)
	status, out := w.get(path)
	w.Want("has not written", []any{status, wrong(out)}, []any{403, "230 OAuthException"})
	w.act(fake.Act{Text: "hello"})
	status, out = w.get(path)
	w.Want("known", []any{status, out["name"], out["username"], out["id"]}, []any{200, "陳美麗", "mei.chen", mei})
	w.act(fake.Act{Block: true})
	w.Want("blocked", wrong(second(w.get(path))), "100/33 GraphMethodException")
}

func TestConversations(t *testing.T) {
	w := newWorld(t)
	const asked = "fields=messages.limit(20){id,created_time,from,message,attachments}&platform=instagram&user_id="
	list := func(path string) (messages []map[string]any) {
		t.Helper()
		_, out := w.get(path)
		w.Advance(time.Second) // two a second
		for _, c := range out["data"].([]any) {
			inner, _ := c.(map[string]any)["messages"].(map[string]any)
			data, _ := inner["data"].([]any)
			for _, m := range data {
				messages = append(messages, m.(map[string]any))
			}
		}
		return messages
	}
	w.Want("no such user", wrong(second(w.get(shopTo+"/conversations?"+asked+"1234567890123"))), "100/2534014 OAuthException")
	w.Advance(time.Second)
	d := w.act(fake.Act{Text: "hello"})
	w.Advance(time.Second)
	_, sent := w.text("好")
	w.send(`{"recipient":{"id":"` + mei + `"},"message":{"attachment":{"type":"image","payload":{"url":"https://a.example/a.png"}}}}`)
	got := list(shopTo + "/conversations?" + asked + mei)
	w.Want("messages", len(got), 3)
	w.Want("ours", []any{got[1]["id"], got[1]["message"], got[1]["from"].(map[string]any)["id"], got[1]["created_time"]},
		[]any{sent["message_id"], "好", shop, "2026-10-05T03:20:17+0000"})
	w.Want("theirs", []any{got[2]["id"], got[2]["from"].(map[string]any)["id"]}, []any{d.Message, mei})
	if a := fmt.Sprint(got[0]["attachments"]); a == "<nil>" {
		t.Errorf("the picture: got no attachment")
	}
	w.extra(`{"type":"delete"}`)
	w.Want("one taken back", len(list(shopTo+"/conversations?"+asked+mei)), 2)
	for range 25 {
		w.text("again")
	}
	w.Want("the newest 20", len(list(shopTo+"/conversations?"+asked+mei)), 20)
	w.Want("fewer", len(list(shopTo+"/conversations?fields=messages.limit(2){id}&platform=instagram")), 2)
	w.Want("of Messenger", len(list(shopTo+"/conversations?"+url.PathEscape("fields=messages")+"&user_id="+mei)), 0)
	w.Want("unknown field", wrong(second(w.get(shopTo+"/conversations?platform=instagram&fields=age"))), "100 OAuthException")
	w.Advance(time.Second)
	w.act(fake.Act{Account: "club", Text: "x"})
	w.Want("with Instagram Login", len(list(clubTo+"/conversations?user_id="+mei+"&fields=messages")), 1)
	w.get(clubTo + "/conversations")
	w.get(clubTo + "/conversations")
	w.Want("three a second", wrong(second(w.get(clubTo+"/conversations"))), "613/2534040 IGApiException")
	w.act(fake.Act{Account: "club", Extra: []byte(`{"type":"access","off":true}`)})
	w.Want("access off", wrong(second(w.get(clubTo+"/conversations"))), "200/2534041 IGApiException")
}

func TestSubscriptions(t *testing.T) {
	w := newWorld(t)
	fields := func(path string) string {
		_, out := w.get(path + "/subscribed_apps")
		data := out["data"].([]any)
		if len(data) == 0 {
			return ""
		}
		return fmt.Sprint(data[0].(map[string]any)["subscribed_fields"])
	}
	for path, c := range map[string]struct{ good, bad string }{
		shopTo: {"messages,message_reads,feed", "messaging_seen"},
		clubTo: {"messages,messaging_seen", "feed"},
	} {
		w.Want("at first", fields(path), "[messages]")
		status, out, _ := w.call("POST", path+"/subscribed_apps?subscribed_fields="+c.bad, "")
		if status != 400 || wrong(out)[:4] != "100 " {
			t.Errorf("%s %s: got %d, %v, want a refusal", path, c.bad, status, out)
		}
		status, out, _ = w.call("POST", path+"/subscribed_apps?subscribed_fields="+c.good, "")
		w.Want("subscribed", []any{status, out["success"], fields(path) != "[messages]"}, []any{200, true, true})
		for range 2 {
			status, out, _ = w.call("DELETE", path+"/subscribed_apps", "")
			w.Want("ended", []any{status, out["success"], fields(path)}, []any{200, true, ""})
		}
	}
	w.Want("another method", wrong(second(func() (int, map[string]any) {
		s, out, _ := w.call("PUT", shopTo+"/subscribed_apps", "")
		return s, out
	}())), "100/33 GraphMethodException")
}
