package messengertest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/messenger"
	"omnihub/internal/hub"
)

// hubSide is the adapter against the fake platform.
type hubSide struct {
	*world
	adapter     *messenger.Adapter
	account     channel.Account
	credentials channel.Credentials
}

func newHubSide(t *testing.T) *hubSide {
	w := newWorld(t)
	front := httptest.NewServer(http.StripPrefix("/messenger", w.Platform))
	t.Cleanup(front.Close)
	secrets := channel.Secrets{
		messenger.AppSecret: secret, messenger.VerifyToken: "v1", messenger.AppID: app, messenger.AccessToken: "t1",
	}
	return &hubSide{
		world:       w,
		adapter:     messenger.New(channel.Platform{BaseURL: front.URL}),
		account:     channel.Account{ID: "shop", External: shop, Secrets: secrets, Webhook: w.Hub.URL + "/hub"},
		credentials: channel.Credentials{Secrets: secrets, Accounts: []string{shop, club}},
	}
}

// heard verifies, splits and parses what came since the last call.
func (h *hubSide) heard() (out []channel.Event) {
	h.T.Helper()
	for _, one := range h.Got() {
		r := &channel.Request{Method: "POST", Header: map[string]string{"x-hub-signature-256": one.Signature}, Body: []byte(one.Body)}
		if err := h.adapter.Verify(r, h.credentials); err != nil {
			h.T.Fatal(err)
		}
		slices, err := h.adapter.Split(r)
		if err != nil {
			h.T.Fatal(err)
		}
		for _, s := range slices {
			e, err := h.adapter.Parse(s.Head, s.Raw)
			if err != nil || e.ID != s.Event || e.User != s.User {
				h.T.Fatalf("parse: got %+v, %v", e, err)
			}
			out = append(out, e)
		}
	}
	return out
}

// hears lets the customer do something, and gives the event that comes of it.
func (h *hubSide) hears(a fake.Act) channel.Event {
	h.T.Helper()
	h.Act(a)
	events := h.heard()
	if len(events) != 1 {
		h.T.Fatalf("got %d events, want 1", len(events))
	}
	return events[0]
}

func (h *hubSide) send(to string, c hub.Content, change func(*channel.Outgoing)) (channel.Sent, error) {
	m := channel.Outgoing{To: hub.Personal(to), Content: c, RetryKey: "k", Ref: "m1." + c.Text, Class: hub.ClassBot}
	if change != nil {
		change(&m)
	}
	return h.adapter.Send(h.T.Context(), h.account, m)
}

func TestAdapterAndPlatformUnderstandEachOther(t *testing.T) {
	h := newHubSide(t)
	e := h.hears(fake.Act{From: "ann", Text: "ping <&>", ID: "m_in", At: 1791170415000})
	if e.Kind != channel.EventMessage || e.Message.Text != "ping <&>" || e.Message.ID != "m_in" || e.At != 1791170415000 || e.Account != shop {
		t.Errorf("got %+v, want what was acted", e)
	}
	sent, err := h.send(e.User, hub.TextContent("pong<&>😀"), nil)
	if err != nil || sent.PlatformID == "" {
		t.Fatalf("send: got %+v, %v", sent, err)
	}
	news := h.heard()
	if len(news) != 2 || news[0].Kind != channel.EventEcho || news[0].Echo != (channel.Echo{Ref: "", App: app}) {
		t.Fatalf("news: got %+v, want an echo that is not ours by a reference with an emoji in it, and a delivery", news)
	}
	if sent, err = h.send(e.User, hub.TextContent("pong"), nil); err != nil {
		t.Fatal(err)
	}
	news = h.heard()
	if news[0].Echo.Ref != "m1.pong" || news[0].Message.ID != sent.PlatformID || news[0].Message.Text != "pong" || news[0].User != e.User {
		t.Errorf("echo: got %+v, want our own", news[0])
	}
	if w := news[1].Watermark; news[1].Kind != channel.EventWatermark || w.State != hub.Delivered || w.UpTo != news[0].At {
		t.Errorf("delivery: got %+v, want a watermark at the message", news[1])
	}
	read := h.hears(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"read"}`)})
	if read.Kind != channel.EventWatermark || read.Watermark.State != hub.Read {
		t.Errorf("read: got %+v", read)
	}
	if err := h.adapter.Typing(t.Context(), h.account, e.User, ""); err != nil {
		t.Error(err)
	}
	if err := h.adapter.MarkRead(t.Context(), h.account, e.User, ""); err != nil {
		t.Error(err)
	}
	var kinds []string
	for _, c := range h.Ledger.Calls("messenger", "ann") {
		kinds = append(kinds, c.Kind)
	}
	h.Want("ledger", kinds, "[text text typing read]")
}

func TestEveryFormIsTakenAndWhatItShowsComesBack(t *testing.T) {
	h := newHubSide(t)
	ann := h.hears(fake.Act{From: "ann", Text: "hello"}).User
	button := hub.Button{Title: "是", Data: "Y"}
	const at = "https://cdn.example.com/a"
	for name, c := range map[string]hub.Content{
		"text":    {Type: hub.Text, Text: strings.Repeat("字", 2000), QuickReplies: []hub.Button{{Title: "快", Data: "Q"}}},
		"image":   {Type: hub.Image, Media: &hub.Media{URL: at}},
		"video":   {Type: hub.Video, Media: &hub.Media{URL: at}},
		"audio":   {Type: hub.Audio, Media: &hub.Media{URL: at}},
		"file":    {Type: hub.File, Media: &hub.Media{URL: at, Name: "x.pdf"}},
		"buttons": {Type: hub.Buttons, Text: "？", Buttons: []hub.Button{button, {Title: "page", URL: at}}},
		"cards":   {Type: hub.Cards, Cards: []hub.Card{{Title: "t", Text: "x", Image: at, Buttons: []hub.Button{button}}, {Text: "only", Image: at}}},
		"native":  {Type: hub.Native, Native: json.RawMessage(`{"attachment":{"type":"template","payload":{"template_type":"media","elements":[{"media_type":"image","url":"https://www.facebook.com/p"}]}}}`)},
		"quote":   {Type: hub.Text, Text: "x", ReplyTo: "m_1"},
	} {
		if err := h.adapter.Capabilities().Check(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.send(ann, c, func(m *channel.Outgoing) { m.Ref = name }); err != nil {
			t.Errorf("%s: got %v, want it taken", name, err)
		}
		if news := h.heard(); len(news) != 2 || news[0].Echo.Ref != name {
			t.Errorf("%s: got %+v, want its echo", name, news)
		}
	}
	if _, err := h.send(ann, hub.Content{Type: hub.Buttons, Text: "？", Buttons: []hub.Button{button}, QuickReplies: []hub.Button{{Title: "快", Data: "Q"}}}, nil); err != nil {
		t.Fatal(err)
	}
	h.heard()
	for data, title := range map[string]string{"Y": "是", "Q": "快"} {
		if e := h.hears(fake.Act{From: "ann", Button: data}); e.Message.Type != hub.Choice || e.Message.Data != data || e.Message.Text != title {
			t.Errorf("tapped: got %+v, want %s", e.Message, data)
		}
		if _, err := h.send(ann, hub.Content{Type: hub.Text, Text: "again", QuickReplies: []hub.Button{{Title: "快", Data: "Q"}}}, nil); err != nil {
			t.Fatal(err)
		}
		h.heard()
	}
	guest := h.hears(fake.Act{From: "guest:R-7", Text: "x"}).User
	if _, err := h.send(guest, hub.TextContent("to a guest"), nil); err != nil {
		t.Errorf("to a guest: %v", err)
	}
}

func TestRefusalsOfThePlatformHaveTheirCodes(t *testing.T) {
	h := newHubSide(t)
	ann := h.hears(fake.Act{From: "ann", Text: "hello"}).User
	try := func(to string, change func(*channel.Outgoing)) hub.Code {
		_, err := h.send(to, hub.TextContent("x"), change)
		return hub.CodeOf(err)
	}
	person := func(m *channel.Outgoing) { m.Class, m.AfterWindow = hub.ClassPerson, true }
	h.Want("a stranger", try("6999999999999999", nil), hub.Unreachable)
	h.Advance(25 * time.Hour)
	h.Want("after the window", try(ann, nil), hub.WindowClosed)
	h.Want("a person after the window", try(ann, person), "")
	h.Want("a program after the window", try(ann, func(m *channel.Outgoing) { m.AfterWindow = true }), hub.WindowClosed)
	h.Advance(7 * 24 * time.Hour)
	h.Want("a person after a week", try(ann, person), hub.WindowClosed)
	h.Act(fake.Act{From: "ann", Text: "again"})
	h.Act(fake.Act{From: "ann", Block: true})
	h.Want("blocked", try(ann, nil), hub.Unreachable)
	h.Act(fake.Act{From: "ann", Follow: true})
	h.Extra("", `{"type":"restrict"}`)
	h.Want("restricted", try(ann, nil), hub.AccountBroken)
	h.Extra("", `{"type":"restrict","off":true}`)
	h.Extra("", `{"type":"token","expires_in":0}`)
	h.Want("expired", try(ann, nil), hub.TokenExpired)
	h.Extra("", `{"type":"token","expires_in":600}`)
	for plan, want := range map[string]hub.Code{
		`{"rate429":1,"retry_after":9}`: hub.RateLimited, `{"rate500":1}`: hub.Unclear, `{"expired_token":true}`: hub.TokenExpired,
		`{"accept_then_drop":1}`: hub.Unclear, `{"accept_then_500":1}`: hub.Unclear, `{"down":true}`: hub.Unclear, `{}`: "",
	} {
		h.Faults(plan)
		h.Want(plan, try(ann, nil), want)
	}
}

func TestAPageIsConnectedCheckedAndLeft(t *testing.T) {
	h := newHubSide(t)
	a, acct := h.adapter, h.account
	standing, err := a.Check(t.Context(), acct)
	if err != nil || standing.External != shop || standing.Name != "Page shop" || standing.Expires != 0 || len(standing.Advice) != 0 {
		t.Errorf("check: got %+v, %v", standing, err)
	}
	is := func(want bool) {
		t.Helper()
		if got, err := a.Registered(t.Context(), acct); err != nil || got != want {
			t.Errorf("registered: got %v, %v, want %v", got, err, want)
		}
	}
	is(false) // the app's webhook is another URL
	if err := a.Register(t.Context(), acct); err != nil {
		t.Fatal(err)
	}
	is(true)
	h.Act(fake.Act{From: "ann", Text: "x"})
	if hooks := h.Got(); len(hooks) != 1 || hooks[0].Path != "/hub" {
		t.Errorf("after Register: got %v, want it at the new URL", hooks)
	}
	lost := acct
	lost.Webhook = "http://127.0.0.1:1/"
	if err := a.Register(t.Context(), lost); hub.CodeOf(err) != hub.Refused {
		t.Errorf("a URL that does not answer: got %v, want %s", err, hub.Refused)
	}
	is(true)
	h.Extra("", `{"type":"subscribe","off":true}`)
	is(false)
	if err := a.Register(t.Context(), acct); err != nil {
		t.Error(err)
	}
	is(true)
	for range 2 {
		if err := a.Unregister(t.Context(), acct); err != nil {
			t.Error(err)
		}
		is(false)
	}

	check := func(words ...string) {
		t.Helper()
		_, err := a.Check(t.Context(), acct)
		if err == nil || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(err.Error(), w) }) || strings.Contains(err.Error(), "t1") {
			t.Errorf("check: got %v, want it to say %q", err, words)
		}
	}
	h.Extra("", `{"type":"token","scopes":["pages_show_list"]}`)
	check("account_broken", "lacks the permissions pages_messaging, pages_manage_metadata")
	h.Extra("", `{"type":"token","scopes":["pages_messaging"]}`)
	check("lacks the permission pages_manage_metadata")
	h.Extra("", `{"type":"token","scopes":["pages_messaging","pages_manage_metadata"],"kind":"USER"}`)
	check("of the kind \"USER\", and not PAGE")
	h.Extra("", `{"type":"token","expires_in":0}`)
	check("token_expired", "the token has expired")
	h.Extra("", `{"type":"token","expires_in":600,"data_expires_in":600}`)
	if standing, err = a.Check(t.Context(), acct); err != nil || standing.Expires != 1791171015000 || len(standing.Advice) != 1 {
		t.Errorf("check of a token with an end: got %+v, %v", standing, err)
	}
	acct.Secrets[messenger.AppSecret] = "wrong"
	check("app_id and app_secret do not belong together")
	acct.Secrets[messenger.AppSecret] = secret
	acct.Secrets[messenger.AccessToken] = "t2"
	check("not_found", "another Page's")
	acct.Secrets[messenger.AccessToken] = "t3"
	check("made for another app than app_id names")
	delete(acct.Secrets, messenger.AppID)
	check("app_secret is not the secret of the app that the token was made for")
	acct.Secrets[messenger.AccessToken] = "t1"
	if standing, err = a.Check(t.Context(), acct); err != nil || standing.Expires != 1791171015000 {
		t.Errorf("check without app_id: got %+v, %v", standing, err)
	}
}
