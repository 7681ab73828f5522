package linetest_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// A whole round: an act reaches the adapter, the adapter answers by reply token, by
// push, and by push again with the same key.
func TestAdapterAndPlatformUnderstandEachOther(t *testing.T) {
	w := newWorld(t)
	mux := newStack(t, w)
	a := line.New(channel.Platform{BaseURL: mux})
	account := channel.Account{ID: "shop", External: bot, Secrets: channel.Secrets{line.ChannelSecret: "s1", line.ChannelToken: "t1"}}
	credentials := channel.Credentials{Secrets: account.Secrets, Accounts: []string{bot}}

	d := w.Act(fake.Act{From: "ann", Text: "ping <&>", Repeat: 2})
	var events []channel.Event
	for _, h := range w.Hooks() {
		r := &channel.Request{Method: "POST", Header: map[string]string{"x-line-signature": h.Signature}, Body: []byte(h.Body)}
		if err := a.Verify(r, credentials); err != nil {
			t.Fatal(err)
		}
		slices, err := a.Split(&channel.Request{Body: []byte(h.Body)})
		if err != nil || len(slices) != 1 {
			t.Fatalf("split: got %d, %v, want 1", len(slices), err)
		}
		e, err := a.Parse(slices[0].Head, slices[0].Raw)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	first, again := events[0], events[1]
	if first.Message.Text != "ping <&>" || first.Message.ID != d.Message || first.ID != d.Event || first.At != 1791170415123 || first.Redelivered {
		t.Errorf("got %+v, want what was acted", first)
	}
	if !again.Redelivered || again.ID != first.ID || again.Reply != first.Reply {
		t.Errorf("again: got %+v, want the same event, redelivered", again)
	}

	m := channel.Outgoing{To: hub.Personal(first.User), Content: hub.TextContent("pong <&> 😀"), RetryKey: hub.RetryKey("t", "u", "k")}
	sent, err := a.Reply(t.Context(), account, first.Reply, m)
	if err != nil || sent.PlatformID == "" {
		t.Fatalf("reply: got %+v, %v", sent, err)
	}
	if _, err := a.Reply(t.Context(), account, first.Reply, m); hub.CodeOf(err) != hub.ReplyTokenInvalid {
		t.Errorf("reply again: got %v, want %s", err, hub.ReplyTokenInvalid)
	}
	pushed, err := a.Send(t.Context(), account, m)
	if err != nil || pushed.Repeated || pushed.PlatformID == "" {
		t.Fatalf("push: got %+v, %v", pushed, err)
	}
	repeated, err := a.Send(t.Context(), account, m)
	if err != nil || !repeated.Repeated || repeated.PlatformID != pushed.PlatformID {
		t.Errorf("push again: got %+v, %v, want %s repeated", repeated, err, pushed.PlatformID)
	}
	var got []string
	for _, c := range w.Ledger.Calls("line", "ann") {
		got = append(got, c.Kind+" "+c.Text+" "+c.ID)
	}
	w.Want("ledger", got, []string{"reply pong <&> 😀 " + sent.PlatformID, "push pong <&> 😀 " + pushed.PlatformID})

	for plan, want := range map[string]hub.Code{
		`{"rate429":1,"retry_after":9}`: hub.RateLimited, `{"rate500":1}`: hub.Unclear, `{"expired_token":true}`: hub.TokenExpired,
		`{"monthly_quota":0}`: hub.QuotaExhausted, `{"accept_then_drop":1}`: hub.Unclear, `{"accept_then_500":1}`: hub.Unclear,
	} {
		w.Faults(plan)
		m.RetryKey = hub.RetryKey("t", "u", hub.MessageKey(plan))
		_, err := a.Send(t.Context(), account, m)
		if hub.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %s", plan, err, want)
		}
		w.Faults("null")
		accepted := strings.Contains(plan, "accept_then")
		if sent, err := a.Send(t.Context(), account, m); err != nil || sent.Repeated != accepted {
			t.Errorf("after %s: got %+v, %v, want it sent once", plan, sent, err)
		}
	}
	m.To = "U99999999999999999999999999999999"
	m.RetryKey = hub.RetryKey("t", "u", "other")
	if _, err := a.Send(t.Context(), account, m); hub.CodeOf(err) != hub.Unreachable {
		t.Errorf("to a stranger: got %v, want %s", err, hub.Unreachable)
	}
}
