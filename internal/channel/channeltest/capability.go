package channeltest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// outbound are the forms that a message to a customer may have.
var outbound = []hub.MessageType{
	hub.Text, hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker, hub.Location,
	hub.Buttons, hub.Menu, hub.Cards, hub.Template, hub.Form, hub.Native,
}

// capabilities: the platform's facts make sense by themselves, and are the same at
// every call.
func (s Suite) capabilities(t *testing.T) {
	a := s.adapter()
	c := a.Capabilities()
	for _, wrong := range slices.Concat(nonsense(c), contradictions(a), sides(a)) {
		t.Error(wrong)
	}
	if again := s.adapter().Capabilities(); !reflect.DeepEqual(again, c) {
		t.Errorf("at the second call: got %+v, want %+v", again, c)
	}
}

// contradictions tells which of an adapter's abilities do not fit what it says of the
// platform.
func contradictions(a channel.Adapter) (out []string) {
	c := a.Capabilities()
	if _, ok := a.(channel.Answerer); ok != a.Setup().Welcome {
		out = append(out, fmt.Sprintf("welcome: got %v from the setup, want what the ability tells, which is %v", a.Setup().Welcome, ok))
	}
	if _, ok := a.(channel.Finder); ok && c.Idempotent {
		out = append(out, "a finder: want none, since a send may be repeated under its key")
	}
	if r, ok := a.(channel.Replier); ok && r.ReplyLife() <= 0 {
		out = append(out, fmt.Sprintf("reply tokens live %v, want a time", r.ReplyLife()))
	}
	_, connects := a.(channel.Connector)
	_, registers := a.(channel.Registrar)
	_, refreshes := a.(channel.Refresher)
	if (registers || refreshes) && !connects {
		out = append(out, "a registrar or refresher that cannot check its credentials, want a connector too")
	}
	return out
}

// sides tells which side of OmniLink an adapter neither can be nor says why not, in a
// clause for people.
func sides(a channel.Adapter) (out []string) {
	l := a.Capabilities().Linking
	_, chat := a.(channel.ChatLinker)
	_, login := a.(channel.Login)
	for _, s := range []struct {
		side string
		can  bool
		why  string
	}{{"source", l.Source, l.NoSource}, {"target", chat || login, l.NoTarget}} {
		if s.can != (s.why == "") || !s.can && (len(s.why) < 20 || strings.HasSuffix(s.why, ".")) {
			out = append(out, fmt.Sprintf("OmniLink's %s: it can be it: %v, want a clause where not, and only there: got %q", s.side, s.can, s.why))
		}
	}
	return out
}

// evidence: what the platform's events are said to tell stands in a sample, or among
// Further.
func (s Suite) evidence(t *testing.T) {
	a := s.adapter()
	var events []channel.Event
	for _, x := range append(s.samples(t), bodies(s.Further)...) {
		slices, _ := a.Split(x.request())
		for _, slice := range slices {
			if e, err := a.Parse(slice.Head, slice.Raw); err == nil {
				events = append(events, e)
			}
		}
	}
	for _, missing := range unproven(a.Capabilities(), events) {
		t.Error(missing)
	}
}

// unproven names the capabilities that are told by events, of which none is there.
func unproven(c channel.Capabilities, events []channel.Event) (out []string) {
	want := func(said bool, what string, is func(channel.Event) bool) {
		if said && !slices.ContainsFunc(events, is) {
			out = append(out, "got no sample of "+what+", want one, since the channel has it")
		}
	}
	want(c.Echoes, "an echo", func(e channel.Event) bool { return e.Kind == channel.EventEcho })
	want(c.EntryWindow > 0 || c.EntryFree > 0, "an entry by an advertisement", func(e channel.Event) bool { return e.Entry.Ad != "" })
	want(c.Follows, "a customer who lets the account in", func(e channel.Event) bool { return e.Kind == channel.EventSubscription && e.Subscribed })
	want(c.Groups, "a group", func(e channel.Event) bool { return e.UserKind == hub.Group })
	return out
}

// nonsense tells what in a platform's facts cannot be.
func nonsense(c channel.Capabilities) []string {
	var out []string
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if c.Window < 0 {
		wrong("window: got %v, want none or a time", c.Window)
	}
	if c.PersonWindow != 0 && (c.Window <= 0 || c.PersonWindow <= c.Window) {
		wrong("person window: got %v after a window of %v, want a longer one than that, or none", c.PersonWindow, c.Window)
	}
	if c.EntryWindow != 0 && (c.Window <= 0 || c.EntryWindow <= c.Window) {
		wrong("entry window: got %v beside a window of %v, want a longer one than that, or none", c.EntryWindow, c.Window)
	}
	if c.PerCall < 0 {
		wrong("messages in a call: got %d, want none or a number", c.PerCall)
	}
	if c.EntryFree < 0 {
		wrong("free entry: got %v, want none or a time", c.EntryFree)
	}
	if (c.Pair.Every > 0) != (c.Pair.Burst > 0) || c.Pair.Every < 0 || c.Pair.Burst < 0 {
		wrong("pair: got %+v, want both members or none", c.Pair)
	}
	seen := map[hub.State]bool{}
	for _, state := range c.Receipts {
		if seen[state] || !slices.Contains([]hub.State{hub.Sent, hub.Delivered, hub.Read, hub.Failed}, state) {
			wrong("receipts: got %v, want states of sent messages, each once", c.Receipts)
		}
		seen[state] = true
	}
	if c.ReceiptRef && len(c.Receipts) == 0 {
		wrong("receipts: got none that could bear our own name of the message")
	}
	if text, ok := c.Shows[hub.Text]; !ok || !text.BodyNeeded || text.Body.Max <= 0 {
		wrong("text: got %+v, want a body that is needed and has a limit", text)
	}
	if why := unlimited(c.QuickReplies); why != "" {
		wrong("quick replies: got %+v, want %s", c.QuickReplies, why)
	}
	for form, shape := range c.Shows {
		if !slices.Contains(outbound, form) {
			wrong("shows: got %q, which is no form of a message to a customer", form)
		}
		if why := lacks(form, shape); why != "" {
			wrong("%s: got a shape without %s", form, why)
		}
		if why := unlimited(shape.Buttons); why != "" {
			wrong("%s: buttons: got %+v, want %s", form, shape.Buttons, why)
		}
	}
	return out
}

// unlimited names what a row of buttons lacks.
func unlimited(l channel.Items) string {
	switch {
	case l.Max == 0:
		return ""
	case l.Title.Max <= 0:
		return "a limit of titles"
	case l.Data.Max <= 0 && l.Links == 0:
		return "data or links"
	case l.Links > l.Max:
		return "no more links than buttons"
	}
	return ""
}

// lacks names what a form cannot be shown without.
func lacks(form hub.MessageType, s channel.Shape) string {
	needed := func(name string, values ...int) string {
		for _, v := range values {
			if v <= 0 {
				return name
			}
		}
		return ""
	}
	switch form {
	case hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker:
		if !slices.Contains(s.Media.Types, form) {
			return "a medium of its type"
		}
	case hub.Buttons:
		return needed("limits of buttons", s.Buttons.Max)
	case hub.Cards:
		return needed("limits of cards", s.Cards, s.CardText.Max)
	case hub.Menu:
		return needed("limits of a list", s.Sections, s.Rows, s.RowTitle.Max, s.RowData.Max, s.Opener.Max)
	case hub.Form:
		return needed("the limit of what opens it", s.Opener.Max)
	}
	return ""
}
