package chat_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// everything lets each kind of event happen that the hub can publish.
func (y *toys) everything() {
	y.t.Helper()
	ctx := context.Background()
	y.accept("p1")
	y.come("toy1", wrote("hello", "wa:886", "TW.1"))
	y.come("toy1", wrote("ping", "TW.1"))
	y.come("toy2", wrote("the other account", "TW.1"))
	y.come("toy1", wrote("a stranger", "wa:886", "TW.9"))
	y.come("toy1", changed([]string{"TW.1"}, []string{"TW.2"}))
	y.come("toy1", wrote("stop", "TW.1"))
	y.come("toy1", wrote("start", "TW.1"))
	for _, a := range []channel.Action{
		{Kind: channel.Reaction, Target: "m1", Value: "👍"}, {Kind: channel.Reaction, Target: "m1"},
		{Kind: channel.Edit, Target: "m1", Value: "new"}, {Kind: channel.Unsend, Target: "m1"},
	} {
		a.Actor = "TW.1"
		y.come("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", Action: a})
	}
	y.come("toy1", channel.Event{Kind: channel.EventSubscription, Type: "unfollow", User: "TW.1"})
	y.come("toy1", channel.Event{Kind: channel.EventSubscription, Type: "follow", User: "TW.1", Subscribed: true})
	y.come("toy1", channel.Event{Kind: channel.EventWatermark, User: "TW.1", Watermark: channel.Watermark{UpTo: hub.MillisOf(y.Clock.Now()), State: hub.Read}})
	y.come("toy1", channel.Event{Kind: channel.EventLink, User: "TW.1", Link: hub.AccountLink{OK: true, Nonce: "n-0S6"}})
	y.come("toy1", channel.Event{Kind: channel.EventNotice, Notice: channel.Notice{Topic: "template.status", Detail: map[string]string{"name": "n", "event": "APPROVED"}}})
	y.come("toy1", channel.Event{Kind: channel.EventOther, Type: "beacon", User: "TW.1"})
	y.come("toy1", channel.Event{Kind: channel.EventEntry, Type: "referral", User: "TW.1", Entry: channel.Entry{Source: "ADS", Ref: "spring", Ad: "623"}})

	q := y.intend("TW.1", hub.ClassMarketing, hub.TextContent("offer"))
	if err := y.sender().Deliver(ctx, q, 1); err != nil {
		y.t.Fatal(err)
	}
	name := string(q.Ref.User) + "." + string(q.Intent.Key)
	for _, state := range []hub.State{hub.Delivered, hub.Read} {
		y.come("toy1", receipt(name, "p1", state))
	}
	refused := receipt(name, "p1", hub.Failed)
	refused.Receipt.Code = hub.OptedOut
	y.come("toy1", refused)

	th := y.thread("toy1", "TW.1")
	r := store.Ref{Team: hubtest.Team, User: th.User}
	if _, err := y.Store.Accept(ctx, r, th.Conversation, "anna"); err != nil {
		y.t.Fatal(err)
	}
	th = y.thread("toy1", "TW.1")
	if err := y.Store.Close(ctx, r, &th, "anna"); err != nil {
		y.t.Fatal(err)
	}
	home := y.contact("toy1", "TW.1").Root
	err := y.Store.SetRegister(ctx, hubtest.Team, home, hub.Register{Field: "name", Value: "Mei", At: hub.MillisOf(y.Clock.Now()) + 5000, Source: "anna"})
	if err != nil {
		y.t.Fatal(err)
	}
	now := hub.MillisOf(y.Clock.Now())
	for _, f := range []store.AccountFact{
		store.ExpiredFact("toy1", "print", now), store.ExpiringFact("toy1", "print", 3, now.Add(72*time.Hour), now),
		{Kind: hub.AccountDisconnected, ID: "1"}, {Kind: hub.AccountTokenRenewed, ID: "print", Expires: now.Add(time.Hour), By: "hub"},
		{Kind: hub.AccountWebhookLost, ID: "1"},
	} {
		f.Account, f.Connection, f.Channel, f.At = "toy1", "toy1", "toy", now
		if _, err := y.Store.PutAccountFact(ctx, hubtest.Team, f); err != nil {
			y.t.Fatal(err)
		}
	}
}

// elsewhere are the kinds that other use cases write, whose tests hold them against the
// catalogue.
var elsewhere = []string{hub.ContactUnlinked, hub.ContactErasing, hub.ContactErased, hub.TagApplied, hub.TagRemoved, hub.OmniLinked, hub.OmniAsked, hub.OmniFailed}

func TestAllThatHappensIsPublishedAsTheCatalogueSays(t *testing.T) {
	y := newToys(t)
	y.everything()
	seen := map[string]int{}
	for _, e := range y.Published() {
		seen[e.Kind]++
	}
	for _, kind := range catalogue.Kinds() {
		if seen[kind] == 0 && !slices.Contains(elsewhere, kind) {
			t.Errorf("%s was never published", kind)
		}
	}
}

func TestRepetitionsPublishNothingNew(t *testing.T) {
	y := newToys(t)
	var come []hub.Envelope
	for _, e := range []channel.Event{
		wrote("hello", "wa:886", "TW.1"), wrote("stop", "TW.1"), wrote("again", "wa:886", "TW.1"),
		{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Reaction, Target: "m", Value: "x", Actor: "TW.1"}},
		{Kind: channel.EventSubscription, Type: "follow", User: "TW.1", Subscribed: true},
	} {
		come = append(come, y.envelope("toy1", e))
	}
	receive(t, y.rc, come)
	ids := func() (list []string) {
		for _, e := range y.Published() {
			list = append(list, e.Kind+" "+e.ID)
		}
		return list
	}
	before := ids()
	receive(t, y.rc, come)
	slices.Reverse(come)
	receive(t, y.rc, come)
	if after := ids(); !slices.Equal(before, after) {
		t.Errorf("got %d events after repetitions, want the %d of before", len(after), len(before))
	}
}
