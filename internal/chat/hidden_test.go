package chat_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

const (
	code   = "OLxK7QW-good-for-whoever-has-it"
	masked = "OL…"
)

// codes finds the code wherever it stands.
func codes(text string) []string { return slices.Repeat([]string{code}, strings.Count(text, code)) }

// hasCode looks for the code in all that is stored, in the events as they came too, and
// in all that is published.
func (y *toys) hasCode(who string) (where []string) {
	y.t.Helper()
	for name, table := range map[string]string{
		"Messages": y.Store.Tables.Messages, "Contacts": y.Store.Tables.Contacts, "Ledger": y.Store.Tables.Ledger, "Config": y.Store.Tables.Config,
	} {
		if strings.Contains(y.Dump(table), code) {
			where = append(where, name)
		}
	}
	log, err := y.Store.Log(y.t.Context(), y.at("toy1", who), "", 50)
	if err != nil || len(log) == 0 {
		y.t.Fatalf("got %d messages, %v", len(log), err)
	}
	for _, m := range log {
		if strings.Contains(m.Text+string(m.Raw), code) {
			where = append(where, "the message "+string(m.Key))
		}
	}
	for _, e := range y.Published() {
		for name, v := range e.Detail {
			if text, ok := v.(string); ok && strings.Contains(text, code) {
				where = append(where, "the event "+e.Kind+", "+name)
			}
		}
	}
	return where
}

func TestWhatIsHiddenIsActedUponAndNotStored(t *testing.T) {
	y := newToys(t)
	var came []string
	y.rc.Hidden = codes
	y.rc.Linked = func(said hub.Said) bool { return strings.HasSuffix(said.Text, code) }
	y.rc.Link = func(_ context.Context, c hub.Came) (*hub.Content, error) {
		came = append(came, c.Said.Text)
		return nil, nil
	}
	first := y.envelope("toy1", wrote("Link me\n"+code, "TW.1"))
	late := wrote("before it "+code+" and "+code+code, "TW.1")
	late.At = hub.MillisOf(y.Clock.Now().Add(-time.Minute))
	picture := wrote(code+" is on the picture", "TW.1")
	picture.Message.Type = hub.Image
	edited := channel.Event{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Edit, Target: "m-elsewhere", Value: "now " + code, Actor: "TW.1"}}
	come := []hub.Envelope{first, y.envelope("toy1", late), y.envelope("toy1", picture), y.envelope("toy1", edited), first}
	receive(t, y.rc, come)
	if want := "Link me\n" + code; len(came) != 3 || came[0] != want || came[2] != want || !strings.HasSuffix(came[1], code+code) {
		t.Errorf("got %q handed on, want the whole text at every delivery", came)
	}
	if where := y.hasCode("TW.1"); len(where) > 0 {
		t.Errorf("the code stands in %v", where)
	}
	log, err := y.Store.Log(t.Context(), y.at("toy1", "TW.1"), "", 10)
	if err != nil || len(log) != 3 {
		t.Fatalf("got %d messages, %v", len(log), err)
	}
	for i, want := range []string{masked + " is on the picture", "Link me\n" + masked, "before it " + masked + " and " + masked + masked} {
		if log[i].Text != want || !strings.Contains(string(log[i].Raw), masked) {
			t.Errorf("got %q of %s, want %q in both", log[i].Text, log[i].Raw, want)
		}
	}
	if th := y.thread("toy1", "TW.1"); th.Preview != masked+" is on the picture" {
		t.Errorf("got the preview %q", th.Preview)
	}
	said := 0
	for _, e := range y.Published() {
		switch e.Kind {
		case hub.MessageReceived:
			if text, _ := e.Detail["text"].(string); strings.Contains(text, masked) {
				said++
			}
		case hub.MessageEdited:
			if e.Detail["value"] != "now "+masked {
				t.Errorf("got %v told of an edit", e.Detail)
			}
		}
	}
	if said != 3 {
		t.Errorf("%d messages were published with the mask, want 3", said)
	}
	if list, err := y.Store.QuarantinedOn(t.Context(), hubtest.Team, "20261122"); err != nil || len(list) != 0 {
		t.Errorf("got %d in quarantine, %v", len(list), err)
	}
}

// What is put aside is worked off from there later: it keeps the whole text.
func TestWhatIsHiddenIsWholeInQuarantine(t *testing.T) {
	y := newToys(t)
	y.rc.Hidden = codes
	broken := y.envelope("toy1", wrote("Link me\n"+code, "TW.1"))
	if err := y.rc.Quarantine.Event(t.Context(), broken, hub.Poison, "it failed at every try"); err != nil {
		t.Fatal(err)
	}
	entries, err := y.Store.QuarantinedBetween(t.Context(), hubtest.Team, broken.Received-1, broken.Received+1)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %d entries, %v", len(entries), err)
	}
	body, _, whole, err := y.Store.QuarantinedWhole(t.Context(), entries[0])
	if err != nil || !whole || !strings.Contains(string(body), code) {
		t.Errorf("got %q, %v, %v, want it as it came", body, whole, err)
	}
}
