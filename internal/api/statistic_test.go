package api

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// linked has people take part in an activity, a minute each: of every three one arrives,
// one fails by the member id, and of one nothing comes.
func (sc *scene) linked(id hub.ActivityID, people int) {
	sc.t.Helper()
	ctx, links := sc.t.Context(), sc.API.Links
	for i := range people {
		sc.Clock.Advance(time.Minute)
		u := sc.talk(hubtest.Team, fmt.Sprint("U", i), "hello", hub.MillisOf(sc.Clock.Now()))
		home := homeOf(sc.t, sc, hubtest.Team, fmt.Sprint("U", i))
		sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + string(home), body: fmt.Sprintf(`{"name":"=Person %d"}`, i)}).want(sc.t, "name", 200, "")
		card, err := links.Card(ctx, id, hub.Scene{Team: hubtest.Team, Account: hubtest.LineAccount, Home: home, Thread: u})
		sc.must(err)
		link := strings.TrimPrefix(card.Buttons[0].URL, hubtest.API+"/l/")
		to, err := links.Tap(ctx, omnilink.Tapped{Link: link, ID: fmt.Sprintf("tap-%018d", i), Browser: "browser-of-the-tap-0001"})
		sc.must(err)
		chat, err := url.Parse(to)
		sc.must(err)
		code, ok := omnilink.CodeIn(chat.Query().Get("text"))
		if !ok {
			sc.t.Fatalf("got no code in %s", to)
		}
		if i%3 == 2 {
			continue
		}
		name, at := fmt.Sprint("88691", i), hub.MillisOf(sc.Clock.Now())
		there := hub.Home{ID: sc.Team.Pepper.Home("wa2", name, 0), Account: "wa2", Channel: "whatsapp", User: sc.Team.Pepper.User("wa2", name), External: hub.Personal(name), Kind: hub.Person, Created: at}
		sc.must(sc.Store.PutHome(ctx, hubtest.Team, there))
		if i%3 == 1 {
			for home, member := range map[hub.HomeID]string{home: "A", there.ID: "B"} {
				sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + string(home), body: fmt.Sprintf(`{"member_id":"%s%d"}`, member, i)}).want(sc.t, "member", 200, "")
			}
		}
		_, err = links.CompleteText(ctx, omnilink.Text{Team: hubtest.Team, Account: "wa2", Home: there.ID, User: there.User, Event: name, Received: at, Code: code})
		sc.must(err)
	}
}

func TestWhatCameOfAnActivityIsCountedListedAndExported(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.call("POST", "/activities", with(linking("summer", "line1"), "confirm", "never"), "").want(t, "create", 201, "")
	sc.linked("summer", 6)
	days := "?from=2026-10-01&to=2026-12-29"
	got := sc.call("GET", "/activities/summer/statistics"+days, "", "").want(t, "statistics", 200, "")
	if want := `{"from":"2026-10-01","to":"2026-12-29","time_zone":"Asia/Taipei","participants":6,"new_contacts":2,"successes":2,"failures":4,"failures_with_reason":2}`; got.raw != want {
		t.Errorf("got %s, want %s", got.raw, want)
	}
	if got := sc.call("GET", "/activities", "", ""); got.value("items", 0, "totals", "successes") != 2.0 || got.value("items", 0, "totals", "people") != 2.0 || got.value("items", 0, "totals", "new_contacts") != 2.0 {
		t.Errorf("got %s, want the totals in the list", got.raw)
	}
	walk := func(list string) (rows []reply) {
		for path := "/activities/summer/" + list + days + "&limit=1"; ; {
			got := sc.call("GET", path, "", "").want(t, list, 200, "")
			if got.value("items", 0) != nil {
				rows = append(rows, got)
			}
			if got.text("next") == "" {
				return rows
			}
			path = "/activities/summer/" + list + days + "&limit=1&cursor=" + got.text("next")
		}
	}
	successes, failures := walk("successes"), walk("failures")
	if len(successes) != 2 || len(failures) != 4 {
		t.Fatalf("got %d and %d rows, want 2 and 4", len(successes), len(failures))
	}
	if r := successes[0]; r.text("items", 0, "name") != "=Person 3" || r.text("items", 0, "external_id") != "U3" || r.text("items", 0, "channel") != "line" || r.value("items", 0, "new_contact") != true ||
		r.text("items", 0, "target", "external_id") != "886913" || r.text("items", 0, "contact") != string(homeOf(t, sc, hubtest.Team, "U3")) || r.text("items", 0, "linked_at") == "" {
		t.Errorf("got %s, want the latest first tap first", r.raw)
	}
	for i, want := range []string{"nothing_came", "member_id_conflict", "nothing_came", "member_id_conflict"} {
		if got := failures[i]; got.text("items", 0, "reason", "code") != want || want == "member_id_conflict" && (got.text("items", 0, "reason", "zh-TW") != "會員編號衝突" || got.text("items", 0, "reason", "en") != "Member ID conflict.") {
			t.Errorf("failure %d: got %s, want %s", i, got.raw, want)
		}
	}
	for lang, words := range map[string][2]string{"zh-TW": {"狀態,", "會員編號衝突"}, "en": {"Status,", "Member ID conflict."}} {
		got := sc.call("GET", "/activities/summer/export"+days+"&lang="+lang, "", "").want(t, lang, 200, "")
		text, marked := strings.CutPrefix(got.raw, "\uFEFF")
		if !marked || !strings.HasPrefix(text, words[0]) || !strings.Contains(text, words[1]) || strings.Count(text, "\r\n") != 7 || strings.Contains(text, ",=Person") {
			t.Errorf("%s: got %q", lang, got.raw)
		}
		if h := got.header; h.Get("Content-Type") != "text/csv; charset=utf-8" || h.Get("Content-Disposition") != `attachment; filename="omnilink-summer-2026-10-01-2026-12-29.csv"` ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v", lang, h)
		}
	}
	if got := sc.call("GET", "/activities/summer/export"+days, "", ""); !strings.HasPrefix(got.raw, "\uFEFF狀態") {
		t.Errorf("got %q, want the team's language", got.raw)
	}
	cursor := sc.call("GET", "/activities/summer/failures"+days+"&limit=1", "", "").text("next")
	sc.call("GET", "/activities/summer/failures?from=2026-10-02&to=2026-12-29&cursor="+cursor, "", "").want(t, "another range", 400, "cursor_invalid")
	sc.call("GET", "/activities/summer/successes"+days+"&cursor="+cursor, "", "").want(t, "another list", 400, "cursor_invalid")
}

func TestRangesAreHeldToTheirDays(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.call("POST", "/activities", linking("summer", "line1"), "").want(t, "create", 201, "")
	for query, name := range map[string]string{
		"": "from", "?from=2026-10-01": "to", "?to=2026-10-01": "from", "?from=2026-10-01&to=2026-12-30": "to", "?from=2026-10-02&to=2026-10-01": "to",
		"?from=yesterday&to=2026-10-01": "from", "?from=2026-10-01&to=2026-10-32": "to",
	} {
		for _, list := range []string{"statistics", "successes", "failures", "export"} {
			got := sc.call("GET", "/activities/summer/"+list+query, "", "").want(t, list+query, 400, hub.BadRequest)
			if got.text("errors", 0, "parameter") != name {
				t.Errorf("%s%s: got %s, want %s named", list, query, got.raw, name)
			}
		}
	}
	got := sc.call("GET", "/activities/summer/export?from=2026-10-01&to=2026-10-02&lang=fr", "", "").want(t, "a language", 400, hub.BadRequest)
	if got.text("errors", 0, "parameter") != "lang" {
		t.Errorf("got %s, want lang named", got.raw)
	}
}

// TestFileHasItsBound: a range with too many participations is told so, and not cut.
func TestFileHasItsBound(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.call("POST", "/activities", with(linking("summer", "line1"), "confirm", "never"), "").want(t, "create", 201, "")
	sc.linked("summer", 3)
	c := &call{team: sc.Team, params: map[string]string{"activity": "summer"}, query: map[string]any{"from": "2026-10-01", "to": "2026-12-29"}}
	whole, err := sc.API.participations(t.Context(), c, maxExport)
	sc.must(err)
	if exact, err := sc.API.participations(t.Context(), c, len(whole.raw)); err != nil || string(exact.raw) != string(whole.raw) {
		t.Errorf("got %v, want a file of just its bound taken", err)
	}
	_, err = sc.API.participations(t.Context(), c, len(whole.raw)-1)
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status != 400 || p.Errors[0].Parameter != "to" {
		t.Errorf("got %v, want the range named", err)
	}
}
