package omnilink_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

var ctx = context.Background()

const (
	team = hubtest.Team
	act  = hub.ActivityID("summer")
	back = hub.ActivityID("winter") // leads the other way
)

// whatsApp is the channel as a target that is a chat.
type whatsApp struct{ channel.Adapter }

func (whatsApp) ChatLink(_ channel.Account, text string) (string, error) {
	if len(text) > 500 {
		return "", hub.E(hub.BadRequest, "whatsapp: chat link", errors.New("over 500 characters"))
	}
	return "https://wa.me/1?text=" + text, nil
}

func (whatsApp) Landing() channel.Landing { return channel.Landing{App: "WhatsApp"} }

// line is the channel as a target with a sign-in, and with people who are friends or not.
type line struct {
	channel.Adapter
	mu        sync.Mutex
	app       string
	strangers map[string]bool
	down      error
	asked     int
}

func (l *line) LoginLink(_ channel.Account, code string) (string, error) {
	return "https://liff.line.me/" + l.app + "?c=" + code, nil
}

func (l *line) LoginPage(channel.Account) (channel.LoginPage, error) {
	if l.app == "" {
		return channel.LoginPage{}, hub.E(hub.AccountBroken, "line: login page", errors.New("the account has no LIFF app"))
	}
	return channel.LoginPage{App: l.app}, nil
}

// VerifyLogin takes "<user>" or "<user> <nonce>" for a token.
func (l *line) VerifyLogin(_ context.Context, _ channel.Account, token hub.Secret, nonce string, _ time.Time) (string, error) {
	user, bears, has := strings.Cut(token.Reveal(), " ")
	if user == "" || has && bears != nonce {
		return "", hub.E(hub.BadSignature, "line: verify login", errors.New("not accepted"))
	}
	return user, nil
}

func (*line) Landing() channel.Landing { return channel.Landing{App: "LINE"} }

func (l *line) Profile(_ context.Context, _ channel.Account, user string) (channel.Profile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.strangers[user] {
		return channel.Profile{}, hub.E(hub.Unreachable, "line: profile", nil)
	}
	return channel.Profile{Name: "x"}, l.down
}

// scene is a hub with two activities: from LINE to WhatsApp, and back.
type scene struct {
	*hubtest.Hub
	t     testing.TB
	line  *line
	links *omnilink.Linker
	after *omnilink.Follower
	acts  *omnilink.Activities
	book  *contact.Book
	tags  *tag.Book

	mu      sync.Mutex
	said    map[string]string // by the message's id: to whom and what
	asked   hub.Content       // the last content that was said
	sayings int
	fail    error // of Say and Tag
	n       int
}

func newScene(t testing.TB) *scene {
	t.Helper()
	h := hubtest.New(t)
	s := &scene{Hub: h, t: t, said: map[string]string{}}
	s.line = &line{Adapter: all.Adapters(channel.Platform{})["line"], app: "1234567890-abcdefgh", strangers: map[string]bool{}}
	s.book = &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	s.tags = &tag.Book{Store: h.Store, Now: h.Clock.Now}
	s.links, s.after = s.linker(h.Store), s.follower(h.Store)
	s.acts = &omnilink.Activities{
		Store: h.Store, Settings: h.Settings, Adapters: s.adapters(), Now: h.Clock.Now,
		Module: func(_ context.Context, _ hub.TeamID, m hub.ModuleID) (hub.Channel, error) {
			switch m {
			case lineModule:
				return "line", nil
			case whatsAppModule:
				return "whatsapp", nil
			}
			return "", hub.E(hub.NotFound, "test", nil)
		},
	}
	for id, kind := range map[hub.ModuleID]hub.Channel{lineModule: "line", whatsAppModule: "whatsapp"} {
		h.PutItem(h.Store.Tables.Config, map[string]any{"PK": "T#" + string(hubtest.Team), "SK": "MOD#" + string(id), "chan": string(kind), "cards": "[]"})
	}
	s.save(activity())
	s.save(reverse())
	return s
}

const (
	lineModule     = hub.ModuleID("aaaaaaaaaaaaaaaa")
	whatsAppModule = hub.ModuleID("bbbbbbbbbbbbbbbb")
)

func activity() hub.Activity {
	return hub.Activity{
		ID: act, Name: "Summer", Enabled: true, Source: hubtest.LineAccount, Target: hubtest.WhatsAppAccount,
		Card: hub.LinkCard{Text: "Come over", Button: "Go"}, Message: "Hello", Confirm: hub.ConfirmMatters, Journey: "welcome",
		Success: hub.LinkSays{Source: hub.Say{Text: "linked here"}, Target: hub.Say{Module: whatsAppModule}}, Failure: hub.Say{Text: "not linked"},
		Tags: hub.LinkTags{Source: []string{"left"}, Target: []string{"arrived"}},
	}
}

func reverse() hub.Activity {
	a := activity()
	a.ID, a.Name, a.Source, a.Target, a.Message = back, "Winter", a.Target, a.Source, ""
	a.Success.Target = hub.Say{Text: "welcome"}
	return a
}

func (s *scene) adapters() map[hub.Channel]channel.Adapter {
	adapters := all.Adapters(channel.Platform{})
	adapters["line"], adapters["whatsapp"] = s.line, whatsApp{adapters["whatsapp"]}
	return adapters
}

func (s *scene) linker(st *store.Store) *omnilink.Linker {
	return &omnilink.Linker{
		Store: st, Settings: s.Settings, Contacts: &contact.Book{Store: st, Now: s.Clock.Now, Settings: s.Settings}, Adapters: s.adapters(),
		URL: hubtest.API, Now: s.Clock.Now, Log: s.Log,
	}
}

func (s *scene) follower(st *store.Store) *omnilink.Follower {
	tags := &tag.Book{Store: st, Now: s.Clock.Now}
	return &omnilink.Follower{
		Store: st, Settings: s.Settings, Log: s.Log,
		Say: func(_ context.Context, m omnilink.Message) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			what := m.Say.Text + string(m.Say.Module)
			if m.Content != nil {
				what, s.asked = "asked", *m.Content
			}
			s.sayings++
			if s.fail != nil {
				return s.fail
			}
			s.said[m.ID] = fmt.Sprintf("%s %s: %s", m.Account, m.To.Reveal(), what)
			return nil
		},
		Tag: func(ctx context.Context, g omnilink.Tagging) error {
			if s.fail != nil {
				return s.fail
			}
			return tags.Change(ctx, g.Team, g.Home, g.Names, nil, tag.Call{ID: g.ID, At: g.At, Source: g.Source, By: g.By})
		},
	}
}

// follow does all that follows from what the bus was told so far; with homes, only of what
// it was told of one of them.
func (s *scene) follow(f *omnilink.Follower, of ...hub.HomeID) error {
	s.t.Helper()
	var all []error
	for _, e := range s.Published() {
		about := func(h hub.HomeID) bool { return e.Detail["home"] == string(h) || e.Detail["target_home"] == string(h) }
		if !strings.HasPrefix(e.Kind, "omnilink.") || len(of) > 0 && !slices.ContainsFunc(of, about) {
			continue
		}
		detail := map[string]any{"id": e.ID, "team": e.Team, "at": e.At}
		maps.Copy(detail, e.Detail)
		body, err := json.Marshal(map[string]any{"detail-type": e.Kind, "source": hub.Source, "detail": detail})
		s.must(err)
		told, err := omnilink.ReadTold(string(body))
		s.must(err)
		all = append(all, f.Follow(ctx, told))
	}
	return errors.Join(all...)
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) now() hub.Millis { return hub.MillisOf(s.Clock.Now()) }

func (s *scene) audit(action string) hub.Audit {
	s.n++
	return hub.Audit{ID: hub.Digest("call", fmt.Sprint(s.n))[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: action, Target: "x", At: s.now()}
}

func (s *scene) save(a hub.Activity) hub.Activity {
	s.t.Helper()
	a, _, err := s.acts.Save(ctx, team, a, s.audit("activity.save"))
	s.must(err)
	return a
}

// change changes the activity, and lets the caches forget it.
func (s *scene) change(id hub.ActivityID, how func(*hub.Activity)) {
	s.t.Helper()
	a, err := s.acts.Get(ctx, team, id)
	s.must(err)
	how(&a.Activity)
	s.save(a.Activity)
	s.Clock.Advance(61 * time.Second)
}

// home makes the home of somebody in an account.
func (s *scene) home(account hub.AccountID, name string) hub.Home {
	s.t.Helper()
	h := hub.Home{
		ID: s.Team.Pepper.Home(account, name, 0), Account: account, Channel: hub.Channel(strings.TrimRight(string(account), "1")),
		User: s.Team.Pepper.User(account, name), External: hub.Personal(name), Kind: hub.Person, Created: s.now(),
	}
	_, _, err := s.Store.Know(ctx, store.Ref{Team: team, User: h.User}, s.now(), "", store.Arrival{Account: account, External: h.External, Kind: hub.Person})
	s.must(err)
	s.must(s.Store.PutHome(ctx, team, h))
	h, err = s.Store.Home(ctx, team, h.ID)
	s.must(err)
	return h
}

func (s *scene) anna() hub.Home { return s.home(hubtest.LineAccount, "U_anna") }

// link is the last part of the link in a home's card.
func (s *scene) link(id hub.ActivityID, h hub.Home) string {
	s.t.Helper()
	c, err := s.links.Card(ctx, id, hub.Scene{Team: team, Account: h.Account, Home: h.ID, Thread: h.User})
	s.must(err)
	if len(c.Buttons) != 1 {
		s.t.Fatalf("got %+v, want a card with its button", c)
	}
	link, ok := strings.CutPrefix(c.Buttons[0].URL, hubtest.API+"/l/")
	if !ok {
		s.t.Fatalf("got the link %s", c.Buttons[0].URL)
	}
	return link
}

const cookie = "browser-of-the-tap-0001"

// tap taps a link, and answers where it leads.
func (s *scene) tap(link string) string {
	s.t.Helper()
	s.n++
	url, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: fmt.Sprintf("tap-%018d", s.n), Browser: cookie})
	s.must(err)
	return url
}

// code is the code of a tap of a home's card.
func (s *scene) code(id hub.ActivityID, h hub.Home) string {
	s.t.Helper()
	code, ok := omnilink.CodeIn(s.tap(s.link(id, h)))
	if !ok {
		s.t.Fatal("the link of a tap bears no code")
	}
	return code
}

// text is the message of a home with a code, now.
func (s *scene) text(h hub.Home, code string) omnilink.Text {
	s.n++
	return omnilink.Text{Team: team, Account: h.Account, Home: h.ID, User: h.User, Event: fmt.Sprint("E", s.n), Received: s.now(), Code: code}
}

// arrive is somebody of WhatsApp who writes for the first time.
func (s *scene) arrive(name string) hub.Home {
	s.t.Helper()
	s.Clock.Advance(30 * time.Second)
	return s.home(hubtest.WhatsAppAccount, name)
}

func (s *scene) complete(x omnilink.Text) omnilink.Outcome {
	s.t.Helper()
	out, err := s.links.CompleteText(ctx, x)
	s.must(err)
	return out
}

// told is what was said, in order, when all is done that follows.
func (s *scene) told() string {
	s.t.Helper()
	s.must(s.follow(s.after))
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, v := range s.said {
		list = append(list, v)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

func (s *scene) one(x, y hub.HomeID) bool {
	s.t.Helper()
	_, err := s.book.Why(ctx, team, x, y)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		s.t.Fatal(err)
	}
	return err == nil
}

func (s *scene) totals(id hub.ActivityID) store.LinkTotals {
	s.t.Helper()
	all, err := s.Store.LinkTotals(ctx, team, []hub.ActivityID{id})
	s.must(err)
	return all[id]
}

// today is the range of the scene's days.
func (s *scene) days() omnilink.Range {
	s.t.Helper()
	r, err := omnilink.Days("Asia/Taipei", "2026-09-01", "2026-11-20")
	s.must(err)
	return r
}

func (s *scene) stats(id hub.ActivityID) omnilink.Statistics {
	s.t.Helper()
	c, err := s.acts.Count(ctx, team, id, s.days())
	s.must(err)
	return c
}

func (s *scene) rows(id hub.ActivityID, f store.LinkFilter) []omnilink.Row {
	s.t.Helper()
	var all []omnilink.Row
	for position := ""; ; {
		rows, next, err := s.acts.Rows(ctx, team, id, s.days(), f, position, 3)
		s.must(err)
		all = append(all, rows...)
		if position = next; next == "" {
			return all
		}
	}
}

// member gives a home a member id.
func (s *scene) member(h hub.HomeID, id string) {
	s.t.Helper()
	s.must(s.book.Patch(ctx, team, h, []contact.Change{{Field: hub.FieldMemberID, Value: id}}, s.audit("contact.patch")))
}
