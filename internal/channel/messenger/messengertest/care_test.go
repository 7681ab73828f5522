package messengertest_test

import (
	"fmt"
	"net/url"
	"testing"

	"omnihub/internal/channel/fake"
)

// get is the call of a question, with a credential.
func (w *world) get(path, bearer string) (string, map[string]any) {
	w.T.Helper()
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
		w.Want("by "+by, []any{d["app_id"], d["type"], d["is_valid"], d["profile_id"], d["expires_at"]}, []any{app, "PAGE", true, shop, 0.0})
	}
	w.Want("nobody's", debug("t9", own)["is_valid"], false)
	got, _ := w.get("debug_token?input_token=t3", own)
	w.Want("of another app", got, "100-0")
	got, _ = w.get("debug_token", own)
	w.Want("none", got, "100-0")
	w.Extra("", `{"type":"token","expires_in":60,"data_expires_in":120,"scopes":["pages_messaging"]}`)
	d := debug("t1", own)
	w.Want("with an end", []any{d["expires_at"], d["data_access_expires_at"], d["scopes"], d["granular_scopes"]},
		[]any{1791170475.0, 1791170535.0, []any{"pages_messaging"}, fmt.Sprintf("[map[scope:pages_messaging target_ids:[%s]]]", shop)})
	w.Extra("", `{"type":"token","expires_in":0}`)
	w.Want("at its end", debug("t1", own)["is_valid"], false)
	got, _ = w.get("me?fields=id,name", "t1")
	w.Want("a call", got, "190-463")
	w.Extra("", `{"type":"token","expires_in":60,"revoked":true}`)
	got, _ = w.get("me", "t1")
	w.Want("revoked", got, "190-460")
	w.Extra("", `{"type":"token","token":"t8","kind":"USER","scopes":[]}`)
	_, out := w.get("me?fields=id,name", "t8")
	w.Want("a person's", []any{out["name"], out["id"] == shop}, []any{"Owner of the Page", false})
	id := w.meet("ann")
	_, out = w.text(id, "x", "Authorization", "Bearer t8")
	w.Want("without permission", code(out), "200-0")
}

func TestThePageAndItsPeopleAreShown(t *testing.T) {
	w := newWorld(t)
	_, out := w.get("me?fields=id,name", "t1")
	w.Want("me", out, map[string]any{"id": shop, "name": "Page shop"})
	got, _ := w.get(shop+"?fields=id,shoe_size", "t1")
	w.Want("an unknown field", got, "100-0")
	id := w.meet("ann")
	w.Extra("ann", `{"type":"person","first":"Ann","last":"Example"}`)
	_, out = w.get(id+"?fields=first_name,last_name,profile_pic", "t1")
	w.Want("ann", []any{out["first_name"], out["last_name"], out["id"]}, []any{"Ann", "Example", id})
	got, _ = w.get(id, "t2")
	w.Want("to another Page", got, "100-33")
	w.Extra("ann", `{"type":"person","hidden":true}`)
	got, _ = w.get(id, "t1")
	w.Want("hidden", got, "100-2018218")
}

func TestOnlySubscribedFieldsCome(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	set := func(method, query string) string {
		_, out, _ := w.call(method, "/v25.0/"+shop+"/subscribed_apps"+query, "")
		return code(out)
	}
	w.Want("fewer", set("POST", "?subscribed_fields=messages,message_reads"), "0-0")
	_, out := w.get(shop+"/subscribed_apps", "t1")
	w.Want("list", out["data"], fmt.Sprintf("[map[id:%s link:https://hub.example/ name:Omnihub subscribed_fields:[messages message_reads]]]", app))
	w.text(id, "x")
	w.Want("no echo", w.told(), []string{})
	w.Want("no postback", w.Act(fake.Act{From: "ann", Postback: "x"}).Body, "")
	w.Want("a message", w.Act(fake.Act{From: "ann", Text: "x"}).Status, 200)
	w.Want("an unknown field", set("POST", "?subscribed_fields=dreams"), "100-0")
	w.Want("none", set("DELETE", ""), "0-0")
	w.Want("none again", set("DELETE", ""), "0-0")
	w.Want("nothing comes", w.Act(fake.Act{From: "ann", Text: "x"}).Body, "")
	w.Extra("", `{"type":"subscribe"}`)
	w.Want("all again", w.Act(fake.Act{From: "ann", Text: "x"}).Status, 200)
	w.Extra("", `{"type":"token","scopes":["pages_messaging"]}`)
	w.Want("no permission", set("DELETE", ""), "200-0")
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
		f := url.Values{"object": {"page"}, "callback_url": {w.Hub.URL + "/new"}, "verify_token": {"v1"}, "fields": {"messages,message_echoes"}}
		change(f)
		return f
	}
	w.Want("good", enter(form(func(url.Values) {})), "0-0")
	w.Want("a wrong verify token", enter(form(func(f url.Values) { f.Set("verify_token", "v2") })), "2200-0")
	w.Want("nobody there", enter(form(func(f url.Values) { f.Set("callback_url", "http://127.0.0.1:1/") })), "2200-0")
	w.Want("no URL", enter(form(func(f url.Values) { f.Set("callback_url", "x") })), "2200-0")
	w.Want("another object", enter(form(func(f url.Values) { f.Set("object", "user") })), "100-0")
	w.Want("no fields", enter(form(func(f url.Values) { f.Del("fields") })), "100-0")
	w.Act(fake.Act{From: "ann", Text: "x"})
	w.Act(fake.Act{From: "ann", Text: "x", Account: "club"})
	w.Act(fake.Act{From: "ann", Text: "x", Account: "rival"})
	var paths []string
	for _, h := range w.Got() {
		paths = append(paths, h.Path)
	}
	w.Want("where it goes now", paths, []string{"/new", "/new", "/rival"})
	_, out := w.get(app+"/subscriptions", app+"|"+secret)
	w.Want("stands", out["data"].([]any)[0].(map[string]any)["callback_url"], w.Hub.URL+"/new")
}
