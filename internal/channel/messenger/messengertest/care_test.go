package messengertest_test

import (
	"fmt"
	"net/url"
	"testing"

	"omnihub/internal/channel/fake"
)

// get is the call of a question, with a credential.
func (w *world) get(path, bearer string) (string, map[string]any) {
	w.t.Helper()
	_, out, _ := w.call("GET", "/v25.0/"+path, "", "Authorization", "Bearer "+bearer)
	return code(out), out
}

func TestTokensTellWhatTheyAre(t *testing.T) {
	w := newWorld(t)
	own := app + "|" + secret
	debug := func(token, by string) map[string]any {
		t.Helper()
		got, out := w.get("debug_token?input_token="+token, by)
		if got != "0-0" {
			t.Fatalf("debug: got %v", out)
		}
		return out["data"].(map[string]any)
	}
	for _, by := range []string{own, "t1"} {
		d := debug("t1", by)
		w.want("by "+by, []any{d["app_id"], d["type"], d["is_valid"], d["profile_id"], d["expires_at"]}, []any{app, "PAGE", true, shop, 0.0})
	}
	w.want("nobody's", debug("t9", own)["is_valid"], false)
	got, _ := w.get("debug_token?input_token=t3", own)
	w.want("of another app", got, "100-0")
	got, _ = w.get("debug_token", own)
	w.want("none", got, "100-0")
	w.extra("", `{"type":"token","expires_in":60,"data_expires_in":120,"scopes":["pages_messaging"]}`)
	d := debug("t1", own)
	w.want("with an end", []any{d["expires_at"], d["data_access_expires_at"], d["scopes"], d["granular_scopes"]},
		[]any{1791170475.0, 1791170535.0, []any{"pages_messaging"}, fmt.Sprintf("[map[scope:pages_messaging target_ids:[%s]]]", shop)})
	w.extra("", `{"type":"token","expires_in":0}`)
	w.want("at its end", debug("t1", own)["is_valid"], false)
	got, _ = w.get("me?fields=id,name", "t1")
	w.want("a call", got, "190-463")
	w.extra("", `{"type":"token","expires_in":60,"revoked":true}`)
	got, _ = w.get("me", "t1")
	w.want("revoked", got, "190-460")
	w.extra("", `{"type":"token","token":"t8","kind":"USER","scopes":[]}`)
	_, out := w.get("me?fields=id,name", "t8")
	w.want("a person's", []any{out["name"], out["id"] == shop}, []any{"Owner of the Page", false})
	id := w.meet("ann")
	_, out = w.text(id, "x", "Authorization", "Bearer t8")
	w.want("without permission", code(out), "200-0")
}

func TestThePageAndItsPeopleAreShown(t *testing.T) {
	w := newWorld(t)
	_, out := w.get("me?fields=id,name", "t1")
	w.want("me", out, map[string]any{"id": shop, "name": "Page shop"})
	got, _ := w.get(shop+"?fields=id,shoe_size", "t1")
	w.want("an unknown field", got, "100-0")
	id := w.meet("ann")
	w.extra("ann", `{"type":"person","first":"Ann","last":"Example"}`)
	_, out = w.get(id+"?fields=first_name,last_name,profile_pic", "t1")
	w.want("ann", []any{out["first_name"], out["last_name"], out["id"]}, []any{"Ann", "Example", id})
	got, _ = w.get(id, "t2")
	w.want("to another Page", got, "100-33")
	w.extra("ann", `{"type":"person","hidden":true}`)
	got, _ = w.get(id, "t1")
	w.want("hidden", got, "100-2018218")
}

func TestOnlySubscribedFieldsCome(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	set := func(method, query string) string {
		_, out, _ := w.call(method, "/v25.0/"+shop+"/subscribed_apps"+query, "")
		return code(out)
	}
	w.want("fewer", set("POST", "?subscribed_fields=messages,message_reads"), "0-0")
	_, out := w.get(shop+"/subscribed_apps", "t1")
	w.want("list", out["data"], fmt.Sprintf("[map[id:%s link:https://hub.example/ name:Omnihub subscribed_fields:[messages message_reads]]]", app))
	w.text(id, "x")
	w.want("no echo", w.told(), []string{})
	w.want("no postback", w.act(fake.Act{From: "ann", Postback: "x"}).Body, "")
	w.want("a message", w.act(fake.Act{From: "ann", Text: "x"}).Status, 200)
	w.want("an unknown field", set("POST", "?subscribed_fields=dreams"), "100-0")
	w.want("none", set("DELETE", ""), "0-0")
	w.want("none again", set("DELETE", ""), "0-0")
	w.want("nothing comes", w.act(fake.Act{From: "ann", Text: "x"}).Body, "")
	w.extra("", `{"type":"subscribe"}`)
	w.want("all again", w.act(fake.Act{From: "ann", Text: "x"}).Status, 200)
	w.extra("", `{"type":"token","scopes":["pages_messaging"]}`)
	w.want("no permission", set("DELETE", ""), "200-0")
}

func TestAnAppsWebhookIsConfirmedBeforeItIsEntered(t *testing.T) {
	w := newWorld(t)
	enter := func(form url.Values) string {
		t.Helper()
		_, out, _ := w.call("POST", "/v25.0/"+app+"/subscriptions", form.Encode(),
			"Authorization", "Bearer "+app+"|"+secret, "Content-Type", "application/x-www-form-urlencoded")
		return code(out)
	}
	form := func(change func(url.Values)) url.Values {
		f := url.Values{"object": {"page"}, "callback_url": {w.hub.URL + "/new"}, "verify_token": {"v1"}, "fields": {"messages,message_echoes"}}
		change(f)
		return f
	}
	w.want("good", enter(form(func(url.Values) {})), "0-0")
	w.want("a wrong verify token", enter(form(func(f url.Values) { f.Set("verify_token", "v2") })), "2200-0")
	w.want("nobody there", enter(form(func(f url.Values) { f.Set("callback_url", "http://127.0.0.1:1/") })), "2200-0")
	w.want("no URL", enter(form(func(f url.Values) { f.Set("callback_url", "x") })), "2200-0")
	w.want("another object", enter(form(func(f url.Values) { f.Set("object", "user") })), "100-0")
	w.want("no fields", enter(form(func(f url.Values) { f.Del("fields") })), "100-0")
	w.act(fake.Act{From: "ann", Text: "x"})
	w.act(fake.Act{From: "ann", Text: "x", Account: "club"})
	w.act(fake.Act{From: "ann", Text: "x", Account: "rival"})
	var paths []string
	for _, h := range w.got() {
		paths = append(paths, h.path)
	}
	w.want("where it goes now", paths, []string{"/new", "/new", "/rival"})
	_, out := w.get(app+"/subscriptions", app+"|"+secret)
	w.want("stands", out["data"].([]any)[0].(map[string]any)["callback_url"], w.hub.URL+"/new")
}
