package main

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// talk writes a thread: a message that was edited and got a reaction, one that was
// taken back, an answer that was read, and one that failed.
func talk(t *testing.T, h *hubtest.Hub) (start hub.Millis) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start = hub.MillisOf(h.Clock.Now())
	r := ref(h)
	home := h.Team.Pepper.Home(hubtest.LineAccount, customer, 0)
	for i, text := range []string{"helo", "a secret", "\x1b[31mred"} {
		at := start + hub.Millis(i)*1000
		id := "m" + string(rune('1'+i))
		k := hub.NewMessageKey(at, id)
		_, _, err := h.Store.Advance(ctx, r, store.Arrival{Key: k, Account: hubtest.LineAccount, External: customer, Kind: hub.Person, Preview: text})
		check(err)
		_, err = h.Store.PutMessage(ctx, r, hub.Inbound{
			Key: k, Event: "e" + id, Hash: "h", Type: hub.Text, Text: text, Account: hubtest.LineAccount, Channel: "line", Home: home, Raw: []byte("{}"), Received: at,
		})
		check(err)
	}
	for i, a := range []hub.Action{
		{Kind: "edit", Target: "m1", Value: "hello"}, {Kind: "reaction", Target: "m1", Value: "❤"}, {Kind: "unsend", Target: "m2"},
	} {
		a.Actor, a.Event, a.At, a.Account, a.Channel, a.Home, a.Raw = "who", "ev"+a.Kind, start+5000+hub.Millis(i), hubtest.LineAccount, "line", home, []byte("{}")
		_, err := h.Store.PutAction(ctx, r, a)
		check(err)
	}
	for i, stamps := range []hub.Stamps{
		{Sent: start + 7000, Delivered: start + 8000, Read: start + 9000, PlatformID: "p1"},
		{Failed: start + 9500, Code: hub.Blocked},
	} {
		at := start + 6000 + hub.Millis(i)*1000
		k := hub.NewMessageKey(at, "out"+string(rune('1'+i)))
		content := hub.TextContent("hi")
		if i == 1 {
			content = hub.Content{Type: hub.Buttons, Text: "What?", Buttons: []hub.Button{{Title: "A", Data: "a"}}}
		}
		_, err := h.Store.PutIntent(ctx, r, hub.Intent{
			Key: k, Class: hub.ClassPerson, Content: content, By: "anna", Account: hubtest.LineAccount, Channel: "line", Home: home,
			Accepted: at, Deadline: at + 1e6,
		})
		check(err)
		_, err = h.Store.Stamp(ctx, r, k, stamps)
		check(err)
	}
	return start
}

func TestThreadIsShownWithAllThatWasDoneToIt(t *testing.T) {
	h := hubtest.New(t)
	start := talk(t, h)
	out := must(t)(run(h, "", "log", "-team", "test", "-account", "line1", "-user", customer))
	at := func(ms int) string { return clock(start + hub.Millis(ms)) }
	want := []string{
		`of "` + customer + `", open since ` + at(0) + ", unread",
		at(0) + `  in   text      "hello"`,
		"    edited " + at(5000),
		`    reaction "❤"  ` + at(5001),
		at(1000) + `  in   text      (taken back ` + at(5002) + ")",
		at(2000) + `  in   text      "\x1b[31mred"`,
		at(6000) + `  out  text      "hi"  person  read`,
		"    sent " + at(7000) + ", delivered " + at(8000) + ", read " + at(9000) + `, as "p1"`,
		at(7000) + `  out  buttons   "What?"  person  failed`,
		"    failed " + at(9500) + ", because blocked: " + hub.Blocked.Advice(),
		`    content {"type":"buttons","text":"What?","buttons":[{"title":"A","data":"a"}]}`,
	}
	rest := out
	for _, line := range want {
		_, after, ok := strings.Cut(rest, line+"\n")
		if !ok {
			t.Errorf("got\n%s\nwant, in this order, %q", out, line)
			continue
		}
		rest = after
	}
	for _, gone := range []string{"helo", "a secret", "\x1b"} {
		if strings.Contains(out, gone) {
			t.Errorf("%q is shown:\n%s", gone, out)
		}
	}
	short := must(t)(run(h, "", "log", "-team", "test", "-account", "line1", "-user", customer, "-limit", "1"))
	if !strings.Contains(short, "What?") || strings.Contains(short, "hello") {
		t.Errorf("got\n%s\nwant the newest only", short)
	}
	earlier := must(t)(run(h, "", "log", "-team", "test", "-account", "line1", "-user", customer, "-before", string(hub.NewMessageKey(start+1000, "m2"))))
	if strings.Contains(earlier, "red") || !strings.Contains(earlier, "hello") {
		t.Errorf("got\n%s\nwant what came before", earlier)
	}
}
