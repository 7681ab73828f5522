package chat_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// sender works sends of the toy channel off.
func (y *toys) sender() *chat.Sender {
	return &chat.Sender{
		Store: y.Store, Settings: y.Settings, Adapters: y.adapters(), Now: y.Clock.Now, Owner: "w", Log: y.Log,
	}
}

// intend stores a send to a customer.
func (y *toys) intend(id string, class hub.Class, c hub.Content) store.Queued {
	y.t.Helper()
	y.n++
	now := hub.MillisOf(y.Clock.Now())
	k := hub.NewMessageKey(now, "01"+string(rune('a'+y.n)))
	if _, err := y.Store.PutIntent(context.Background(), y.at("toy1", id), hub.Intent{
		Key: k, Class: class, Content: c, Account: "toy1", Channel: "toy", Accepted: now, Deadline: now.Add(class.SendDeadline()),
	}); err != nil {
		y.t.Fatal(err)
	}
	return y.stored(id, k)
}

func (y *toys) stored(id string, k hub.MessageKey) store.Queued {
	y.t.Helper()
	q, err := y.Store.Send(context.Background(), y.at("toy1", id), k)
	if err != nil {
		y.t.Fatal(err)
	}
	return q
}

// accept lets the platform take what is sent, under the id.
func (y *toys) accept(platformID string) *[]channel.Outgoing {
	sent := &[]channel.Outgoing{}
	y.send = func(m channel.Outgoing) (channel.Sent, error) {
		*sent = append(*sent, m)
		return channel.Sent{PlatformID: platformID}, nil
	}
	return sent
}

func receipt(ref, target string, state hub.State) channel.Event {
	return channel.Event{Kind: channel.EventReceipt, User: "TW.1", Receipt: channel.Receipt{Ref: ref, Target: target, State: state}}
}

func TestReceiptsInAnyOrderEndInTheRightState(t *testing.T) {
	y := newToys(t)
	sender := y.sender()
	for name, play := range map[string]func(q store.Queued, deliver func(), come func(hub.State)){
		"before our own result": func(q store.Queued, deliver func(), come func(hub.State)) {
			come(hub.Delivered)
			deliver()
		},
		"read before delivered": func(q store.Queued, deliver func(), come func(hub.State)) {
			deliver()
			come(hub.Read)
			come(hub.Delivered)
			come(hub.Sent)
		},
		"all before our own result": func(q store.Queued, deliver func(), come func(hub.State)) {
			come(hub.Read)
			come(hub.Sent)
			deliver()
			come(hub.Delivered)
		},
	} {
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
		sent := y.accept("wamid." + name)
		// The platform names the message before it answers us.
		deliver := func() {
			if err := sender.Deliver(context.Background(), q, 1); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		ref := string(q.Ref.User) + "." + string(q.Intent.Key)
		play(q, deliver, func(s hub.State) { y.come("toy1", receipt(ref, "wamid."+name, s)) })
		got := y.stored("TW.1", q.Intent.Key).Stamps
		want := hub.Read
		if name == "before our own result" {
			want = hub.Delivered
		}
		if got.State() != want || got.PlatformID != "wamid."+name {
			t.Errorf("%s: got %s under %q, want %s under the platform's id", name, got.State(), got.PlatformID, want)
		}
		if len(*sent) > 0 && (*sent)[0].Ref != ref {
			t.Errorf("%s: ref: got %q, want %q", name, (*sent)[0].Ref, ref)
		}
	}
}

func TestReceiptsWithoutOurNameMeetTheMessageByThePlatformsID(t *testing.T) {
	for name, early := range map[string]bool{"before": true, "after": false} {
		y := newToys(t)
		y.caps.ReceiptRef = false
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
		y.accept("p1")
		come := func() {
			e := y.come("toy1", receipt("", "p1", hub.Delivered))
			receive(t, y.rc, []hub.Envelope{e})
			y.come("toy1", receipt("", "p2", hub.Read)) // another's
		}
		if early {
			come()
		}
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		if !early {
			come()
		}
		if got := y.stored("TW.1", q.Intent.Key).Stamps; got.State() != hub.Delivered || got.PlatformID != "p1" {
			t.Errorf("%s: got %+v, want delivered", name, got)
		}
	}
}

func TestReactionsEditsAndUnsendsFoldInAnyOrder(t *testing.T) {
	y := newToys(t)
	base := hub.MillisOf(y.Clock.Now())
	act := func(at hub.Millis, a channel.Action) channel.Event {
		if a.Actor == "" {
			a.Actor = "TW.1"
		}
		return channel.Event{Kind: channel.EventAction, User: "TW.1", At: base + at, Action: a}
	}
	message := wrote("first words", "TW.1")
	message.At, message.Message.ID = base+1, "m1"
	other := wrote("stays", "TW.1")
	other.At, other.Message.ID = base+2, "m2"
	gone := wrote("secret", "TW.1")
	gone.At, gone.Message.ID = base+3, "m3"
	events := []channel.Event{
		message, other, gone,
		act(10, channel.Action{Kind: channel.Reaction, Target: "m1", Value: "👍"}),
		act(11, channel.Action{Kind: channel.Reaction, Target: "m1", Value: "❤"}),
		act(12, channel.Action{Kind: channel.Reaction, Target: "m2", Value: "👍"}),
		act(13, channel.Action{Kind: channel.Reaction, Target: "m2"}), // taken back
		act(14, channel.Action{Kind: channel.Edit, Target: "m1", Value: "second words"}),
		act(15, channel.Action{Kind: channel.Edit, Target: "m1", Value: "last words"}),
		act(16, channel.Action{Kind: channel.Unsend, Target: "m3"}),
		act(17, channel.Action{Kind: channel.Reaction, Target: "m1", Value: "😀", Actor: "somebody else"}),
	}
	envelopes := func() (list []hub.Envelope) {
		for _, e := range events {
			list = append(list, y.envelope("toy1", e))
		}
		return list
	}
	check := func(order string) {
		t.Helper()
		log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
		if err != nil || len(log) != 3 {
			t.Fatalf("%s: got %d messages, %v, want 3", order, len(log), err)
		}
		m3, m2, m1 := log[0], log[1], log[2]
		if m1.Text != "last words" || m1.Edited != base+15 || len(m1.Reactions) != 2 {
			t.Errorf("%s: got %q, %d reactions, want the last edit and two", order, m1.Text, len(m1.Reactions))
		}
		if m2.Text != "stays" || len(m2.Reactions) != 0 {
			t.Errorf("%s: got %q, %d reactions, want none", order, m2.Text, len(m2.Reactions))
		}
		if m3.Text != "" || m3.Raw != nil || m3.Unsent != base+16 {
			t.Errorf("%s: got %q, %d bytes, want nothing of what was unsent", order, m3.Text, len(m3.Raw))
		}
	}
	list := envelopes()
	receive(t, y.rc, list)
	check("in order")
	slices.Reverse(list)
	receive(t, y.rc, list) // again, backwards
	check("again, backwards")

	y = newToys(t)
	list = envelopes()
	slices.Reverse(list)
	receive(t, y.rc, list)
	check("backwards")
}

func TestUnsentMessageIsEmptiedWheneverItComes(t *testing.T) {
	for name, late := range map[string]bool{"message first": false, "unsend first": true} {
		y := newToys(t)
		base := hub.MillisOf(y.Clock.Now())
		m := wrote("my card number", "TW.1")
		m.At, m.Message.ID = base, "m1"
		message := y.envelope("toy1", m)
		unsend := y.envelope("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", At: base + 50,
			Action: channel.Action{Kind: channel.Unsend, Target: "m1", Actor: "TW.1"}})
		reconcile := func() {
			t.Helper()
			rc := &chat.Reconciler{Store: y.Store, Queue: y.Outbound, Now: y.Clock.Now, Log: y.Log}
			if _, err := rc.Due(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if late {
			y.come("toy1", wrote("earlier", "TW.1"))
			receive(t, y.rc, []hub.Envelope{unsend})
			y.Clock.Advance(time.Minute)
			reconcile() // nothing there yet
			receive(t, y.rc, []hub.Envelope{message})
		} else {
			receive(t, y.rc, []hub.Envelope{message, unsend})
		}
		y.Clock.Advance(2 * time.Hour)
		reconcile()
		for sk, it := range y.Items(y.Store.Tables.Messages, "T#test#U#"+string(y.at("toy1", "TW.1").User)) {
			if sk == "M#"+string(hub.NewMessageKey(base, "m1")) && slices.Contains(it, "tx") {
				t.Errorf("%s: the text still stands in the table", name)
			}
		}
		if th := y.thread("toy1", "TW.1"); th.Preview == "my card number" {
			t.Errorf("%s: the preview still shows it", name)
		}
		before := y.Dump(y.Store.Tables.Messages)
		y.Clock.Advance(2 * time.Hour)
		reconcile()
		receive(t, y.rc, []hub.Envelope{message, unsend})
		if y.Dump(y.Store.Tables.Messages) != before {
			t.Errorf("%s: another look or a redelivery changed something", name)
		}
	}
}

func TestSubscriptionsStopWhatTheyShould(t *testing.T) {
	y := newToys(t)
	sender := y.sender()
	y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	try := func(class hub.Class) string {
		t.Helper()
		q := y.intend("TW.1", class, hub.TextContent("x"))
		q.Intent.Fence = y.thread("toy1", "TW.1").Fence
		if err := sender.Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		s := y.stored("TW.1", q.Intent.Key).Stamps
		return string(s.State()) + " " + string(s.Code)
	}
	want := func(when, bot, person, marketing string) {
		t.Helper()
		for class, w := range map[hub.Class]string{hub.ClassBot: bot, hub.ClassPerson: person, hub.ClassMarketing: marketing} {
			if got := try(class); got != w {
				t.Errorf("%s: %s: got %s, want %s", when, class, got, w)
			}
		}
		y.Clock.Advance(time.Minute)
	}
	want("at first", "sent ", "sent ", "sent ")
	out := y.come("toy1", wrote("Stop!", "TW.1"))
	want("after stop", "failed opted_out", "sent ", "failed opted_out")
	y.come("toy1", wrote("START", "TW.1"))
	receive(t, y.rc, []hub.Envelope{out}) // a redelivery does not stop it again
	want("after start", "sent ", "sent ", "sent ")
	y.come("toy1", channel.Event{Kind: channel.EventSubscription, Type: "unfollow", User: "TW.1", Subscribed: false})
	want("blocked", "failed blocked", "failed blocked", "failed blocked")
	y.come("toy1", channel.Event{Kind: channel.EventSubscription, Type: "follow", User: "TW.1", Subscribed: true})
	want("let in again", "sent ", "sent ", "sent ")

	q := y.intend("TW.1", hub.ClassMarketing, hub.TextContent("offer"))
	e := receipt(string(q.Ref.User)+"."+string(q.Intent.Key), "p", hub.Failed)
	e.Receipt.Code = hub.OptedOut
	y.come("toy1", e)
	want("no marketing, by the platform's word", "sent ", "sent ", "failed opted_out")
}

func TestRefusalForWantOfConsentEndsMarketing(t *testing.T) {
	y := newToys(t)
	calls := 0
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		calls++
		return channel.Sent{}, hub.E(hub.OptedOut, "toy: send", nil)
	}
	y.come("toy1", wrote("hello", "TW.1"))
	for range 2 {
		q := y.intend("TW.1", hub.ClassMarketing, hub.TextContent("offer"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != hub.Failed || s.Code != hub.OptedOut {
			t.Errorf("got %+v, want it failed for want of consent", s)
		}
	}
	if calls != 1 {
		t.Errorf("got %d calls, want the second one not made", calls)
	}
}

func TestWindowAndTemplate(t *testing.T) {
	y := newToys(t)
	sender := y.sender()
	y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	deliver := func(c hub.Content) string {
		t.Helper()
		q := y.intend("TW.1", hub.ClassPerson, c)
		if err := sender.Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		s := y.stored("TW.1", q.Intent.Key).Stamps
		return string(s.State()) + " " + string(s.Code)
	}
	y.Clock.Advance(24*time.Hour - 59*time.Second)
	if got := deliver(hub.TextContent("x")); got != "failed template_needed" {
		t.Errorf("59 s before the end: got %s, want a template to be needed", got)
	}
	if got := deliver(hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}}); got != "sent " {
		t.Errorf("template outside the window: got %s, want sent", got)
	}
	// A reaction is an act of the customer's: it opens the window again.
	y.come("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Reaction, Target: "m", Value: "👍", Actor: "TW.1"}})
	if got := deliver(hub.TextContent("x")); got != "sent " {
		t.Errorf("after a reaction: got %s, want sent", got)
	}
	if got := deliver(hub.Content{Type: hub.Image, Media: &hub.Media{URL: "https://x"}}); got != "failed unsupported" {
		t.Errorf("what the channel cannot show: got %s, want unsupported", got)
	}
	delete(y.caps.Shows, hub.Template)
	y.Clock.Advance(25 * time.Hour)
	if got := deliver(hub.TextContent("x")); got != "failed window_closed" {
		t.Errorf("a channel without templates: got %s, want window_closed", got)
	}
}

func TestPlatformsPaceIsKeptBeforeItMustRefuse(t *testing.T) {
	y := newToys(t)
	sender := y.sender()
	sent := y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	for range 50 {
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
		if err := sender.Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
	}
	if waiting := len(y.thread("toy1", "TW.1").Held); len(*sent) != 45 || waiting != 5 {
		t.Errorf("got %d sent and %d waiting, want the burst of 45", len(*sent), waiting)
	}
}
