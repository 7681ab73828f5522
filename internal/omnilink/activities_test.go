package omnilink_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
)

func TestAnActivityIsKeptByItsRules(t *testing.T) {
	s := newScene(t)
	image := func(w, h int, bytes int64) func(*hub.Activity) {
		return func(a *hub.Activity) {
			withImage(a)
			a.Card.Image.Width, a.Card.Image.Height, a.Card.Image.Bytes = w, h, bytes
		}
	}
	long := func(n int) string { return strings.Repeat("字", n) }
	for _, step := range []struct {
		field  string // that is at fault; "" = it is taken
		change func(*hub.Activity)
	}{
		{"", func(*hub.Activity) {}},
		{"name", func(a *hub.Activity) { a.Name = " " }},
		{"name", func(a *hub.Activity) { a.Name = long(101) }},
		{"name", func(a *hub.Activity) { a.Name = "a\nb" }},
		{"", func(a *hub.Activity) { a.Name = long(100) }},
		{"card.text", func(a *hub.Activity) { a.Card.Text = "" }},
		{"card.text", func(a *hub.Activity) { a.Card.Text = "\xff" }},
		{"card.button", func(a *hub.Activity) { a.Card.Button = "" }},
		{"card", func(a *hub.Activity) { a.Card.Text = long(5000) }},
		{"", image(660, 1980, 5<<20-1)},
		{"card.image", image(659, 100, 1)},
		{"card.image", image(660, 1981, 1)}, // LINE: at most 3 times as high as wide
		{"card.image", image(660, 100, 5<<20)},
		{"card.image", image(660, 100, 0)},
		{"card.image", func(a *hub.Activity) { withImage(a); a.Card.Image.URLs[hub.ImageSquare] = "http://x" }},
		{"card.image", func(a *hub.Activity) { withImage(a); delete(a.Card.Image.URLs, hub.ImageWhole) }},
		{"source_account", func(a *hub.Activity) { a.Source = "none" }},
		{"target_account", func(a *hub.Activity) { a.Target = "none" }},
		{"target_account", func(a *hub.Activity) { a.Target = a.Source }},
		{"target_account", func(a *hub.Activity) { a.Target = "" }},
		{"message", func(a *hub.Activity) { a.Message = strings.Repeat("x", 480) }},
		{"", func(a *hub.Activity) { a.Message = "two\nlines" }},
		{"success.target", func(a *hub.Activity) { a.Success.Target = hub.Say{} }},
		{"", func(a *hub.Activity) { a.Success.Source, a.Failure = hub.Say{}, hub.Say{} }},
		{"success.source", func(a *hub.Activity) { a.Success.Source = hub.Say{Text: "x", Module: lineModule} }},
		{"", func(a *hub.Activity) {
			a.Success.Source, a.Failure = hub.Say{Module: lineModule}, hub.Say{Module: lineModule}
		}},
		{"success.source.module", func(a *hub.Activity) { a.Success.Source = hub.Say{Module: whatsAppModule} }},
		{"success.target.module", func(a *hub.Activity) { a.Success.Target = hub.Say{Module: lineModule} }},
		{"failure.source.module", func(a *hub.Activity) { a.Failure = hub.Say{Module: whatsAppModule} }},
		{"failure.source.module", func(a *hub.Activity) { a.Failure = hub.Say{Module: "cccccccccccccccc"} }},
		{"failure.source.module", func(a *hub.Activity) { a.Failure = hub.Say{Module: "#"} }},
		{"success.target.text", func(a *hub.Activity) { a.Success.Target = hub.Say{Text: strings.Repeat("x", 4097)} }},
		{"", func(a *hub.Activity) { a.Success.Target = hub.Say{Text: strings.Repeat("x", 4096)} }},
		{"tags.source", func(a *hub.Activity) { a.Tags.Source = []string{"a", "a"} }},
		{"tags.target", func(a *hub.Activity) { a.Tags.Target = []string{" a"} }},
		{"tags.target", func(a *hub.Activity) { a.Tags.Target = strings.Split(strings.Repeat("x ", 21), " ") }},
		{"", func(a *hub.Activity) { a.Tags = hub.LinkTags{} }},
		{"journey", func(a *hub.Activity) { a.Journey = long(101) }},
		{"confirm", func(a *hub.Activity) { a.Confirm = "perhaps" }},
		{"", func(a *hub.Activity) { a.Confirm = "" }},
		{"id", func(a *hub.Activity) { a.ID = "A#" }},
	} {
		a := activity()
		s.n++
		a.ID = hub.ActivityID(fmt.Sprintf("try%d", s.n))
		step.change(&a)
		_, _, err := s.acts.Save(ctx, team, a, s.audit("activity.save"))
		var fault *hub.FieldFault
		switch {
		case step.field == "" && err != nil:
			t.Errorf("got %v, want it taken: %+v", err, a)
		case step.field != "" && (!errors.As(err, &fault) || fault.Field != step.field || hub.CodeOf(err) != hub.BadRequest):
			t.Errorf("got %v, want the field %s at fault", err, step.field)
		}
		if _, err := s.acts.Get(ctx, team, a.ID); (err == nil) != (step.field == "") {
			t.Errorf("%s: it is kept: %v", step.field, err == nil)
		}
	}
}

func TestOnlyChannelsThatCanAreSourceAndTarget(t *testing.T) {
	s := newScene(t)
	for kind, a := range s.adapters() {
		f := a.Capabilities().Linking
		want := slices.Contains([]hub.Channel{"line", "messenger", "instagram", "whatsapp", "twilio"}, kind)
		if f.Source != want {
			t.Errorf("%s can be a source: %v, want %v", kind, f.Source, want)
		}
	}
	s.line.app = ""
	_, _, err := s.acts.Save(ctx, team, withID(reverse(), "x3"), s.audit("x"))
	if err == nil || !strings.Contains(err.Error(), "cannot be a target yet: the account has no LIFF app") {
		t.Errorf("got %v, want what is to be done", err)
	}
	s.line.app = "1234567890-abcdefgh"
	a := reverse()
	a.Message = "Hello"
	if _, _, err = s.acts.Save(ctx, team, withID(a, "x4"), s.audit("x")); err == nil || !strings.Contains(err.Error(), "message is for a target that is a chat") {
		t.Errorf("got %v for a message to a sign-in", err)
	}
}

func withID(a hub.Activity, id hub.ActivityID) hub.Activity {
	a.ID = id
	return a
}

func TestWhoNeverAsksIsWarned(t *testing.T) {
	s := newScene(t)
	for confirm, want := range map[hub.LinkConfirm]int{hub.ConfirmNever: 1, hub.ConfirmMatters: 0, hub.ConfirmAlways: 0} {
		a := withID(activity(), "x"+hub.ActivityID(confirm))
		a.Confirm = confirm
		if _, advice, err := s.acts.Save(ctx, team, a, s.audit("x")); err != nil || len(advice) != want {
			t.Errorf("%s: got %q, %v, want %d", confirm, advice, err, want)
		}
	}
}

func TestWhereNobodyCanAnswerIsWarned(t *testing.T) {
	s := newScene(t)
	acts := s.actsOf(mute{s.line}, nil)
	if _, advice, err := acts.Save(ctx, team, withID(activity(), "x1"), s.audit("x")); err != nil || len(advice) == 0 || !strings.Contains(advice[len(advice)-1], "cannot answer") {
		t.Errorf("got %q, %v", advice, err)
	}
}

// mute is a channel that shows texts only.
type mute struct{ *line }

func (m mute) Capabilities() channel.Capabilities {
	c := m.line.Capabilities()
	c.Shows = map[hub.MessageType]channel.Shape{hub.Text: c.Shows[hub.Text]}
	c.QuickReplies = channel.Items{}
	return c
}

func TestAChangeNeedsTheVersionThatStands(t *testing.T) {
	s := newScene(t)
	a, _, err := s.acts.Save(ctx, team, withID(activity(), "v1"), s.audit("activity.create"))
	if err != nil || a.Version != 1 || a.Created != s.now() {
		t.Fatalf("got %+v, %v", a, err)
	}
	// Made again just so it is the same; otherwise it is refused.
	if again, _, err := s.acts.Save(ctx, team, withID(activity(), "v1"), s.audit("x")); err != nil || again.Version != 1 {
		t.Errorf("got %+v, %v for the same again", again, err)
	}
	other := withID(activity(), "v1")
	other.Name = "Other"
	if _, _, err := s.acts.Save(ctx, team, other, s.audit("x")); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v for another of the id", err)
	}
	s.Clock.Advance(time.Second)
	next := a
	next.Name = "Autumn"
	change := s.audit("activity.patch")
	next, _, err = s.acts.Save(ctx, team, next, change)
	if err != nil || next.Version != 2 || next.Created != a.Created || next.Changed != s.now() {
		t.Fatalf("got %+v, %v", next, err)
	}
	if _, _, err := s.acts.Save(ctx, team, a, s.audit("x")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v for an old version", err)
	}
	off, err := s.acts.Enable(ctx, team, "v1", 2, false, s.audit("activity.disable"))
	if err != nil || off.Enabled || off.Version != 3 {
		t.Errorf("got %+v, %v", off, err)
	}
	if _, err := s.acts.Enable(ctx, team, "v1", 2, true, s.audit("x")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v for an old version", err)
	}
	if err := s.acts.Delete(ctx, team, "v1", 2, s.audit("x")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v for an old version", err)
	}
	if err := s.acts.Delete(ctx, team, "v1", 3, s.audit("activity.delete")); err != nil {
		t.Error(err)
	}
	for _, id := range []hub.ActivityID{"v1", "never", "A#", ""} {
		if _, err := s.acts.Get(ctx, team, id); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%s: got %v", id, err)
		}
	}
	next.Version = 9
	if _, _, err := s.acts.Save(ctx, team, next, s.audit("x")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v for a change of what is deleted", err)
	}
	list, _, err := s.Store.Audits(ctx, team, "20261005", "", 100)
	s.must(err)
	for _, e := range list {
		if e.Action == "activity.patch" && (len(e.After) != 1 || e.Before["name"] != "Summer" || e.After["name"] != "Autumn") {
			t.Errorf("got the audit %+v, want what changed", e)
		}
	}
	if got := len(slices.DeleteFunc(list, func(e hub.Audit) bool { return !strings.HasPrefix(e.Action, "activity.") })); got != 6 {
		t.Errorf("got %d entries, want one for each change", got) // two are the scene's own
	}
}

func TestAnIdIsNotGivenAgain(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	link := s.link(act, anna)
	s.complete(s.text(s.arrive("1"), s.code(act, anna)))
	seen, err := s.acts.Get(ctx, team, act)
	s.must(err)
	s.must(s.acts.Delete(ctx, team, act, seen.Version, s.audit("activity.remove")))
	s.Clock.Advance(61 * time.Second)
	other := activity()
	other.Name = "Other"
	for _, a := range []hub.Activity{activity(), other} {
		if _, _, err := s.acts.Save(ctx, team, a, s.audit("activity.create")); hub.CodeOf(err) != hub.Refused || !errors.Is(err, omnilink.ErrEnded) {
			t.Errorf("got %v, want it refused: the id was used", err)
		}
	}
	if _, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-of-what-is-deleted", Browser: cookie}); !errors.Is(err, omnilink.ErrGone) {
		t.Errorf("got %v, want a link that leads nowhere", err)
	}
	if _, _, err := s.acts.Save(ctx, team, withID(activity(), "fresh"), s.audit("activity.create")); err != nil || s.totals("fresh").Links != 0 {
		t.Errorf("got %v and %+v, want one that begins at nothing", err, s.totals("fresh"))
	}
	// Nor if the other one comes and goes while it is made.
	acts := *s.acts
	acts.Store = s.As("slow", before("TransactWriteItems", 1, func() {
		s.must(s.acts.Delete(ctx, team, "quick", s.save(withID(activity(), "quick")).Version, s.audit("activity.remove")))
	}))
	if _, _, err := acts.Save(ctx, team, withID(activity(), "quick"), s.audit("activity.create")); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v, want it held against the mark in its own transaction", err)
	}
	if list, _, err := s.acts.List(ctx, team, "", 10); err != nil || len(list) != 2 {
		t.Errorf("got %d activities, %v, want winter and fresh", len(list), err)
	}
}

func TestAdviceIsWhatSavingSaid(t *testing.T) {
	s := newScene(t)
	a := withID(activity(), "free")
	a.Confirm = hub.ConfirmNever
	saved, said, err := s.acts.Save(ctx, team, a, s.audit("activity.create"))
	s.must(err)
	advice, err := s.acts.Advice(ctx, team, saved)
	if err != nil || len(said) == 0 || !slices.Equal(advice, said) {
		t.Errorf("got %q, %v, want %q", advice, err, said)
	}
	saved.Target = "gone"
	if advice, err := s.acts.Advice(ctx, team, saved); err != nil || len(advice) != 0 {
		t.Errorf("got %q, %v of one that could not be saved so today", advice, err)
	}
}

func TestActivitiesAreListedWithWhatTheyCameTo(t *testing.T) {
	s := newScene(t)
	s.complete(s.text(s.arrive("1"), s.code(act, s.anna())))
	var names []string
	for after := hub.ActivityID(""); ; {
		list, next, err := s.acts.List(ctx, team, after, 1)
		s.must(err)
		for _, l := range list {
			names = append(names, fmt.Sprintf("%s %d %d", l.Name, l.Totals.Links, l.Totals.New))
		}
		if after = next; next == "" {
			break
		}
	}
	if got := strings.Join(names, ", "); got != "Summer 1 1, Winter 0 0" {
		t.Errorf("got %s", got)
	}
	if list, _, err := s.acts.List(ctx, "other", "", 10); err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v of another team", list, err)
	}
}

func TestARangeIsOfDaysOfTheTeamsZone(t *testing.T) {
	for _, step := range []struct {
		zone, from, to string
		days           float64 // 0 = refused
		begin          string
	}{
		{"Asia/Taipei", "2026-10-05", "2026-10-05", 1, "2026-10-04T16:00:00Z"},
		{"Asia/Taipei", "2026-10-01", "2026-12-29", 90, "2026-09-30T16:00:00Z"},
		{"Asia/Taipei", "2026-10-01", "2026-12-30", 0, ""},
		{"Asia/Taipei", "2026-10-05", "2026-10-04", 0, ""},
		{"Asia/Taipei", "2026-10-5", "2026-10-06", 0, ""},
		{"Asia/Taipei", "", "2026-10-06", 0, ""},
		{"", "2026-10-05", "2026-10-05", 0, ""},
		{"Mars/Base", "2026-10-05", "2026-10-05", 0, ""},
		{"Europe/Berlin", "2026-10-25", "2026-10-25", 25. / 24, "2026-10-24T22:00:00Z"},   // the clock is put back
		{"Europe/Berlin", "2026-10-01", "2026-12-29", 90 + 1./24, "2026-09-30T22:00:00Z"}, // 90 days all the same
	} {
		r, err := omnilink.Days(step.zone, step.from, step.to)
		if (err == nil) != (step.days != 0) || err != nil && hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%+v: got %v", step, err)
		}
		if err == nil && (float64(r.Before-r.From) != step.days*24*3600*1000 || r.From.Time().Format(time.RFC3339) != step.begin) {
			t.Errorf("%+v: got %v hours from %v", step, (r.Before-r.From)/3600/1000, r.From.Time())
		}
	}
}
