package export_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/export"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

var ctx = context.Background()

const team = hubtest.Team

// scene is a hub that knows Anna at two accounts, with a long log.
type scene struct {
	*hubtest.Hub
	t    *testing.T
	book *contact.Book
	x    *export.Exporter
	home hub.HomeID
}

func newScene(t *testing.T) *scene {
	h := hubtest.New(t)
	book := &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	office := &erasure.Office{Store: h.Store, Settings: h.Settings, Contacts: book, Now: h.Clock.Now}
	s := &scene{Hub: h, t: t, book: book, x: &export.Exporter{Store: h.Store, Office: office}}
	var homes []hub.HomeID
	for _, account := range []hub.AccountID{hubtest.LineAccount, hubtest.WhatsAppAccount} {
		r := store.Ref{Team: team, User: h.Team.Pepper.User(account, "anna")}
		home := h.Team.Pepper.Home(account, "anna", 0)
		homes = append(homes, home)
		s.must(h.Store.PutHome(ctx, team, hub.Home{ID: home, Account: account, User: r.User, External: "anna", Kind: hub.Person, Created: s.now()}))
		for i := range 30 {
			at := s.now().Add(time.Duration(i) * time.Second)
			k := hub.NewMessageKey(at, fmt.Sprint(i))
			_, _, err := h.Store.Advance(ctx, r, store.Arrival{Key: k, Account: account, External: "anna", Kind: hub.Person})
			s.must(err)
			_, err = h.Store.PutMessage(ctx, r, hub.Inbound{
				Key: k, Type: hub.Text, Text: fmt.Sprintf("%s words %d", account, i), Account: account, Home: home, Received: at,
				Raw: []byte(fmt.Sprintf("raw %d %s", i, strings.Repeat(hub.Digest(fmt.Sprint(i)), 3000))),
			})
			s.must(err)
		}
		_, err := h.Store.PutAction(ctx, r, hub.Action{Kind: "reaction", Target: "1", Value: "👍", Actor: "a", At: s.now(), Received: s.now()})
		s.must(err)
		s.must(h.Store.Quarantine(ctx, store.Quarantined{ID: "q" + string(account), Team: team, User: r.User, Reason: hub.Unparsable, Size: 3, Chunks: 1, At: s.now()}, 0, []byte("odd")))
	}
	s.home = homes[0]
	_, err := book.JoinBy(ctx, team, homes[0], homes[1], hub.EvidencePerson, "she said so", s.audit("join", homes[0]))
	s.must(err)
	s.must(book.Patch(ctx, team, homes[1], []contact.Change{{Field: "email", Value: "anna@example.com"}}, s.audit("contact.patch", homes[1])))
	return s
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) now() hub.Millis { return hub.MillisOf(s.Clock.Now()) }

func (s *scene) audit(action string, on hub.HomeID) hub.Audit {
	return hub.Audit{
		ID: hub.Digest(action)[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "boss"}, Action: action, Target: "home/" + string(on), At: s.now(),
	}
}

// all reads a whole export, and how many pages it has.
func (s *scene) all(raw bool) (entries []export.Entry, text string, pages int) {
	s.t.Helper()
	for from := ""; ; pages++ {
		page, err := s.x.Page(ctx, team, s.home, from, raw)
		s.must(err)
		whole, err := json.Marshal(page)
		s.must(err)
		if len(whole) > export.MaxPage {
			s.t.Errorf("page %d has %d bytes, want at most %d", pages, len(whole), export.MaxPage)
		}
		page.Next, from = "", page.Next
		for _, e := range page.Entries {
			var entry export.Entry
			s.must(json.Unmarshal(e, &entry))
			entries = append(entries, entry)
			text += string(e) + "\n"
		}
		if from == "" {
			return entries, text, pages + 1
		}
	}
}

func TestExportIsWholeInPagesOfBoundedSize(t *testing.T) {
	s := newScene(t)
	entries, text, pages := s.all(true)
	kinds, raws := map[string]int{}, ""
	for _, e := range entries {
		kinds[e.Kind]++
		raws += string(e.Raw)
	}
	for kind, want := range map[string]int{"home": 2, "field": 1, "thread": 2, "message": 60, "action": 2, "quarantine": 2, "audit": 2, "edge": 1} {
		if kinds[kind] != want {
			t.Errorf("%s: got %d, want %d", kind, kinds[kind], want)
		}
	}
	for _, want := range []string{"anna@example.com", "line1 words 29", "whatsapp1 words 0", "👍", "she said so", "contact.patch"} {
		if !strings.Contains(text, want) {
			t.Errorf("the export lacks %q", want)
		}
	}
	if !strings.Contains(raws, "raw 29 ") || !strings.Contains(raws, "odd") {
		t.Error("the export lacks what is kept raw")
	}
	for _, none := range []string{`"gpk"`, `"rev"`, `"PK"`, `"fk"`} {
		if strings.Contains(text, none) {
			t.Errorf("found %s, which is none of a person's data", none)
		}
	}
	if pages < 4 {
		t.Errorf("got %d pages, want several", pages)
	}
	if _, again, _ := s.all(true); again != text {
		t.Error("the same state gives another export")
	}
	if _, text, _ := s.all(false); strings.Contains(text, `"raw":`) {
		t.Error("raw events were given out unasked")
	}
}

func TestPositionIsOfThisExport(t *testing.T) {
	s := newScene(t)
	page, err := s.x.Page(ctx, team, s.home, "", true)
	s.must(err)
	for _, bad := range []string{"x", "a.b.c.d", page.Next[:5], "a.-1.0."} {
		if _, err := s.x.Page(ctx, team, s.home, bad, false); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%q: got %v, want a bad request", bad, err)
		}
	}
	other := hub.HomeID("another")
	s.must(s.Store.PutHome(ctx, team, hub.Home{ID: other, Account: hubtest.LineAccount, User: "u", External: "x", Kind: hub.Person, Created: s.now()}))
	_, err = s.book.Join(ctx, team, s.home, other, hub.EvidencePerson, "", "boss")
	s.must(err)
	if _, err := s.x.Page(ctx, team, s.home, page.Next, false); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("after a join: got %v, want a conflict", err)
	}
	if _, err := s.x.Page(ctx, team, "nobody", "", false); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}
