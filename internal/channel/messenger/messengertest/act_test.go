package messengertest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestActsComeSignedAndEscaped(t *testing.T) {
	w := newWorld(t)
	d := w.Act(fake.Act{From: "ann", Text: "您好 24/7 😀 <b>", ID: "m_1", At: 1791170000999})
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(d.Body))
	w.Want("signature", d.Header["x-hub-signature-256"], "sha256="+hex.EncodeToString(mac.Sum(nil)))
	if !strings.Contains(d.Body, `\u60a8\u597d 24\/7 \ud83d\ude00 <b>`) {
		t.Errorf("body: got %s, want it escaped as Meta does", d.Body)
	}
	e := w.one(d.Body)
	w.Want("item", []any{e.Page, e.Recipient.ID, e.Message.Mid, e.Message.Text, e.Timestamp, d.Message, d.Status, e.List},
		[]any{shop, shop, "m_1", "您好 24/7 😀 <b>", 1791170000999.0, "m_1", 200, "messaging"})
	hooks := w.Got()
	w.Want("webhooks", []any{len(hooks), hooks[0].Path, hooks[0].Body == d.Body, hooks[0].Signature}, []any{1, "/app", true, d.Header["x-hub-signature-256"]})

	again := w.one(w.Act(fake.Act{From: "ann", Text: "x", Account: club}).Body)
	if again.Sender.ID == e.Sender.ID || again.Page != club {
		t.Errorf("at another Page: got %s of %s, want another id", again.Sender.ID, again.Page)
	}
	w.Want("by the id", w.one(w.Act(fake.Act{From: e.Sender.ID, Text: "x"}).Body).Sender.ID, e.Sender.ID)
	w.Want("twice", len(w.Act(fake.Act{From: "ann", Text: "x", Repeat: 3}).Statuses), 3)
	w.Want("held", len(w.Act(fake.Act{From: "ann", Text: "x", Hold: true}).Statuses), 0)
}

func TestEachActIsAnItemOfItsKind(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	_, out := w.text(id, "from the hub")
	mid := out["message_id"].(string)
	w.Got()
	item := func(x string) event { return w.one(w.Extra("ann", x).Body) }

	w.Want("image", w.one(w.Act(fake.Act{From: "ann", Image: "https://x.example/a"}).Body).Message.Attachments[0].Payload.URL, "https://x.example/a")
	w.Want("sticker", w.one(w.Act(fake.Act{From: "ann", Sticker: "https://x.example/s"}).Body).Message.Attachments[0].Payload.Sticker, 369239263222822)
	w.Want("old sticker", len(item(`{"type":"sticker","old":true}`).Message.Attachments), 2)
	w.Want("postback", w.one(w.Act(fake.Act{From: "ann", Postback: "MENU"}).Body).Postback.Payload, "MENU")
	w.Want("reply", item(`{"type":"reply","text":"x"}`).Message.ReplyTo.Mid, mid)
	own := w.Act(fake.Act{From: "ann", Text: "own"}).Message
	e := item(`{"type":"edit","text":"better"}`).Edit
	w.Want("edit", []any{e.Mid, e.Text, e.N}, []any{own, "better", 1})
	r := item(`{"type":"reaction","reaction":"love","emoji":"❤"}`).Reaction
	w.Want("reaction", *r, "{love ❤ react "+mid+"}")
	w.Want("reaction removed", item(`{"type":"reaction"}`).Reaction.Action, "unreact")
	w.Want("reel", item(`{"type":"reel","title":"t","link":"https://x.example/r"}`).Message.Attachments[0].Type, "reel")
	w.Want("several", len(item(`{"type":"attachments","text":"x","attachments":[{"type":"video"},{"type":"file"}]}`).Message.Attachments), 2)
	w.Want("ad", item(`{"type":"ad","text":"x","ref":"r"}`).Message.Referral.Source, "ADS")
	ref := item(`{"type":"referral","ref":"autumn","source":"SHORTLINK"}`).Referral
	w.Want("referral", *ref, "{SHORTLINK autumn }")
	w.Want("ad on a thread", item(`{"type":"referral","ad":"77"}`).Referral.Ad, "77")
	p := item(`{"type":"get_started","ref":"door"}`).Postback
	w.Want("get started", []any{p.Payload, p.Referral.Ref}, []any{"GET_STARTED", "door"})
	w.Want("read", item(`{"type":"read"}`).Read.Watermark, 1791170415123)
	w.Want("delivery", item(`{"type":"delivery","mids":["a","b"]}`).Delivery.Mids, []string{"a", "b"})
	w.Want("optin", item(`{"type":"optin","ref":"x"}`).Optin.Ref, "x")
	w.Want("link", item(`{"type":"link_account","code":"c"}`).Link.Status, "linked")
	w.Want("policy", item(`{"type":"policy","action":"block"}`).Policy.Action, "block")
	if body := w.Extra("", `{"type":"feed","text":"x"}`).Body; !strings.Contains(body, `"changes":[{"field":"feed"`) {
		t.Errorf("feed: got %s", body)
	}
	echo := item(`{"type":"echo","text":"by hand"}`)
	w.Want("echo of the inbox", []any{echo.Sender.ID, echo.Recipient.ID, echo.Message.Echo, echo.Message.App}, []any{shop, id, true, 263902037430900})
	guest := w.one(w.Act(fake.Act{From: "guest:R-7", Text: "x"}).Body)
	w.Want("guest", []string{guest.Sender.ID, guest.Sender.Ref}, []string{"", "R-7"})
	c := item(`{"type":"text","text":"x","form":"changes"}`)
	w.Want("as a field and its value", []any{c.Field, c.Timestamp}, []any{"messages", "1791170415"})
	w.Want("raw", w.Extra("", `{"type":"raw","body":"any"}`).Body, "any")
}

func TestButtonsThatTheHubShowedCanBeTapped(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	w.send(id, `"message":{"attachment":{"type":"template","payload":{"template_type":"button","text":"t","buttons":[{"type":"postback","title":"Yes","payload":"Y"}]}},`+
		`"quick_replies":[{"content_type":"text","title":"Quick","payload":"Q"}]}`)
	e := w.one(w.Act(fake.Act{From: "ann", Button: "Y"}).Body)
	w.Want("button", *e.Postback, "{"+e.Postback.Mid+" Yes Y <nil>}")
	e = w.one(w.Act(fake.Act{From: "ann", Button: "Q"}).Body)
	w.Want("quick reply", []string{e.Message.Text, e.Message.Quick.Payload}, []string{"Quick", "Q"})
	if _, err := w.Platform.Act(t.Context(), fake.Act{From: "ann", Button: "Q"}); err == nil {
		t.Error("a quick reply again: got no error, want one: it is gone once tapped")
	}
	w.Act(fake.Act{From: "ann", Button: "Y"}) // a button stays
}

func TestActsThatAreNotPossible(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "bob", Block: true})
	for name, a := range map[string]fake.Act{
		"nobody":               {Text: "x"},
		"nothing":              {From: "ann"},
		"two things":           {From: "ann", Text: "x", Image: "y"},
		"a form":               {From: "ann", FlowAnswer: json.RawMessage(`{}`)},
		"no such account":      {Account: "none", From: "ann", Text: "x"},
		"an unknown button":    {From: "ann", Button: "x"},
		"by who blocked":       {From: "bob", Text: "x"},
		"unknown extra":        {From: "ann", Extra: json.RawMessage(`{"type":"dance"}`)},
		"unknown member":       {From: "ann", Extra: json.RawMessage(`{"type":"text","text":"x","loud":true}`)},
		"unknown form":         {From: "ann", Extra: json.RawMessage(`{"type":"text","text":"x","form":"smoke"}`)},
		"an empty message":     {From: "ann", Extra: json.RawMessage(`{"type":"text"}`)},
		"a reply to nothing":   {From: "eve", Extra: json.RawMessage(`{"type":"reply","text":"x"}`)},
		"a reaction to none":   {From: "eve", Extra: json.RawMessage(`{"type":"reaction","emoji":"x"}`)},
		"an edit of none":      {From: "eve", Extra: json.RawMessage(`{"type":"edit","text":"x"}`)},
		"an odd policy":        {Extra: json.RawMessage(`{"type":"policy","action":"x"}`)},
		"an empty batch":       {Extra: json.RawMessage(`{"type":"batch"}`)},
		"a batch of batches":   {Extra: json.RawMessage(`{"type":"batch","acts":[{"extra":{"type":"raw"}}]}`)},
		"a batch of strangers": {Extra: json.RawMessage(`{"type":"batch","acts":[{"account":"rival","from":"ann","text":"x"}]}`)},
		"another Page's token": {Extra: json.RawMessage(`{"type":"token","token":"t2"}`)},
	} {
		if _, err := w.Platform.Act(t.Context(), a); err == nil || !strings.HasPrefix(err.Error(), "messengertest: act: ") {
			t.Errorf("%s: got %v, want an error that says why", name, err)
		}
	}
}

func TestBatchesShareAPost(t *testing.T) {
	w := newWorld(t)
	list := w.events(w.Extra("", `{"type":"batch","acts":[{"from":"ann","text":"1"},{"account":"club","from":"ann","text":"2"},{"account":"club","from":"ann","extra":{"type":"text","text":"3","form":"standby"}}]}`).Body)
	var got []string
	for _, e := range list {
		got = append(got, e.Page+" "+e.List+" "+e.Message.Text)
	}
	w.Want("batch", got, []string{shop + " messaging 1", club + " messaging 2", club + " standby 3"})
	w.Want("one POST", len(w.Got()), 1)
	body := w.Extra("", `{"type":"batch","spread":"entries","acts":[{"from":"ann","text":"1"},{"from":"ann","text":"2"}]}`).Body
	w.Want("entries", strings.Count(body, `"time":`), 2)
}

func TestThreadsOfAnotherAppComeAsStandby(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	e := w.one(w.Extra("ann", `{"type":"thread","elsewhere":true}`).Body)
	w.Want("passed", []any{e.List, e.Pass.Owner}, []any{"messaging", 263902037430900})
	e = w.one(w.Act(fake.Act{From: "ann", Postback: "SECRET"}).Body)
	w.Want("a postback without payload", []any{e.List, e.Postback.Payload}, []any{"standby", ""})
	_, out := w.text(id, "x")
	w.Want("a send", code(out), "10-2018300")
	w.Extra("ann", `{"type":"thread"}`)
	w.Want("back", w.one(w.Act(fake.Act{From: "ann", Text: "x"}).Body).List, "messaging")
	_, out = w.text(id, "x")
	w.Want("a send again", code(out), "0-0")
}

func TestHandshakeAsMetaMakesIt(t *testing.T) {
	w := newWorld(t)
	d := w.Extra("", `{"type":"handshake"}`)
	w.Want("ours", []any{d.Status, d.Body == d.Event, d.Header["content-type"]}, []any{200, true, "text/plain"})
	w.Want("a wrong token", w.Extra("", `{"type":"handshake","token":"guess"}`).Status, 403)
	d = w.Act(fake.Act{Extra: json.RawMessage(`{"type":"handshake","challenge":"7","mode":"m"}`), Hold: true})
	if !strings.Contains(d.URL, "hub.challenge=7&hub.mode=m&hub.verify_token=v1&x=1") {
		t.Errorf("held: got %s, want the query", d.URL)
	}
}

func TestWhoeverTheTesterWroteInIsKnown(t *testing.T) {
	w := newWorld(t)
	w.Extra("", `{"type":"raw","body":"{\"object\":\"page\",\"entry\":[{\"id\":\"`+shop+`\",\"messaging\":[{\"sender\":{\"id\":\"6871204459123478\"},\"timestamp\":1791170415000,\"message\":{\"mid\":\"m\"}}]}]}"}`)
	_, out := w.text("6871204459123478", "x")
	w.Want("answered", code(out), "0-0")
	w.Advance(25 * time.Hour)
	_, out = w.text("6871204459123478", "x")
	w.Want("a day later", code(out), "10-2018278")
}
