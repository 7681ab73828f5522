package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// erase has the customer of LINE's account erased, but for what the worker does.
func (s *scene) erase() *erasure.Worker {
	s.t.Helper()
	now := hub.MillisOf(s.Clock.Now())
	a := hub.Audit{ID: "erase", Actor: operator, Action: "contact.erase", Target: "home/x", At: now}
	office := &erasure.Office{
		Store: s.Store, Settings: s.Settings, Now: s.Clock.Now, Contacts: &contact.Book{Store: s.Store, Now: s.Clock.Now, Settings: s.Settings},
	}
	home := s.Team.Pepper.Home(hubtest.LineAccount, customer, 0)
	p, err := office.Preview(ctx, hubtest.Team, home)
	if err == nil {
		_, err = office.Begin(ctx, hubtest.Team, home, p.Token, a)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return &erasure.Worker{Store: s.Store, Settings: s.Settings, Now: s.Clock.Now, Log: s.Log}
}

// others are those events of relay's that tell nothing of LINE's customer.
func (s *scene) others() (list []string) {
	s.t.Helper()
	user, home := userPart(s), string(s.Team.Pepper.Home(hubtest.LineAccount, customer, 0))
	for _, table := range []string{s.Store.Tables.Messages, s.Store.Tables.Contacts} {
		for _, r := range s.Changes(table) {
			c, err := store.ReadChange(r)
			if err != nil {
				s.t.Fatal(err)
			}
			pk := r.Change.Keys["PK"].String()
			if c.Event != nil && !strings.Contains(pk, user) && !strings.Contains(pk, home) {
				list = append(list, c.Event.Kind+" "+c.Event.ID)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func userPart(s *scene) string { return string(s.Team.Pepper.User(hubtest.LineAccount, customer)) }

func TestNothingIsPublishedAgainOfWhoWasErased(t *testing.T) {
	for name, do := range map[string]func(*scene, func()) string{
		"tables, before the first sweep": func(s *scene, _ func()) string {
			return s.does(republish("-all", "-since", "24h")...)
		},
		"an export of before": func(s *scene, sweep func()) string {
			folder := s.t.TempDir()
			var lines []string
			for _, image := range s.images() {
				if image != nil {
					lines = append(lines, `{"Item":`+marshal(s.t, image)+`}`)
				}
			}
			exported(s.t, filepath.Join(folder, "data.json.gz"), lines)
			sweep()
			dry := s.does(republish("-all", "-since", "24h", "-export", folder, "-dry-run")...)
			out := s.does(republish("-all", "-since", "24h", "-export", folder)...)
			if strings.Replace(dry, "would be published", "published", 1) != out {
				s.t.Errorf("dry run: got %s, want as it is done: %s", dry, out)
			}
			return out
		},
		"the bucket of failed records": func(s *scene, sweep func()) string {
			s.keep("aws/lambda/x/shard-1/a", s.Changes(s.Store.Tables.Messages)...)
			s.keep("aws/lambda/x/shard-1/b", s.Changes(s.Store.Tables.Contacts)...)
			sweep()
			out := s.does(redrive("FailedRecords")...)
			if s.kept() != 0 {
				s.t.Error("an object stays")
			}
			return out
		},
	} {
		s := newScene(t)
		s.history()
		w := s.erase()
		want := s.others()
		out := do(s, func() {
			s.Clock.Advance(time.Second)
			if n, err := w.Due(ctx); err != nil || n != 1 {
				t.Fatalf("got %d, %v, want the erasure worked on", n, err)
			}
		})
		// That the person is being erased is told, and so is all of others.
		if got := s.told(); !slices.Equal(got, want) || len(want) < 3 {
			t.Errorf("%s: got\n%s\nwant\n%s\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"), out)
		}
	}
}

func TestQuarantinedRecordOfWhoWasErasedStays(t *testing.T) {
	s := newScene(t)
	s.history()
	s.erase()
	r := &replayer{control: &control{store: s.Store}}
	for _, change := range s.Changes(s.Store.Tables.Messages) {
		c, err := store.ReadChange(change)
		if err != nil || c.Event == nil {
			continue
		}
		want := map[bool]hub.Code{true: hub.Erased}[strings.Contains(change.Change.Keys["PK"].String(), userPart(s))]
		if _, err := r.record(ctx, marshal(t, change)); hub.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", c.Event.Kind, err, want)
		}
	}
	r.store.Tables.Contacts = ""
	if _, err := r.erasedSince(ctx, []store.Origin{{}}); err == nil || !strings.Contains(err.Error(), "CONTACTS_TABLE") {
		t.Errorf("got %v, want it to ask for the tables", err)
	}
}
