package omnilink_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

// campaign has people take part, one each twelve hours: every third arrives, every other
// third fails by the member id, and of the last nothing comes.
func (s *scene) campaign(people int) {
	s.t.Helper()
	for i := range people {
		s.Clock.Advance(12 * time.Hour)
		h := s.home(hubtest.LineAccount, fmt.Sprintf("U_%03d", i))
		s.must(s.book.Patch(ctx, team, h.ID, []contact.Change{{Field: "name", Value: fmt.Sprintf("Person %d", i)}}, s.audit("patch")))
		code := s.code(act, h)
		if i%3 == 2 {
			continue
		}
		there := s.arrive(fmt.Sprintf("8869%03d", i))
		if i%3 == 1 {
			s.member(h.ID, fmt.Sprint("A", i))
			s.member(there.ID, fmt.Sprint("B", i))
		}
		s.complete(s.text(there, code))
	}
}

func TestListsAreCompleteInOrderAndByRange(t *testing.T) {
	s := newScene(t)
	s.campaign(20)
	all, linked, not := s.rows(act, store.LinkedOrNot), s.rows(act, store.LinkedOnly), s.rows(act, store.NotLinked)
	if len(all) != 20 || len(linked) != 7 || len(not) != 13 {
		t.Fatalf("got %d, %d and %d rows, want 20, 7 and 13", len(all), len(linked), len(not))
	}
	for i, r := range all {
		if n := 19 - i; r.External.Reveal() != fmt.Sprintf("U_%03d", n) || r.Name.Reveal() != fmt.Sprintf("Person %d", n) || r.Channel != "line" || (r.Linked != 0) != (n%3 == 0) {
			t.Errorf("row %d: got %+v %s", i, r, r.External.Reveal())
		}
	}
	for _, r := range not {
		if r.Target != "" || r.Reason != hub.LinkMemberConflict && r.Reason != hub.LinkNothingCame {
			t.Errorf("got %+v", r)
		}
	}
	if got, want := s.stats(act), (omnilink.Statistics{Participants: 20, Success: 7, New: 7, Failure: 13, Reasons: 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// The third day in Taipei, from 00:00 on.
	r, err := omnilink.Days("Asia/Taipei", "2026-10-07", "2026-10-07")
	s.must(err)
	one, err := s.acts.Count(ctx, team, act, r)
	rows, _, _ := s.acts.Rows(ctx, team, act, r, store.LinkedOrNot, "", 10)
	if err != nil || one.Participants != 2 || len(rows) != 2 {
		t.Errorf("got %+v, %d rows, %v, want the two of that day", one, len(rows), err)
	}
	for _, row := range rows {
		if row.Tapped < r.From || row.Tapped >= r.Before {
			t.Errorf("got one of %v", row.Tapped.Time())
		}
	}
	for _, position := range []string{"x", "1791170475123#", "1791170475123#A", "0#" + strings.Repeat("a", 32)} {
		if _, _, err := s.acts.Rows(ctx, team, act, r, store.LinkedOrNot, position, 10); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%q: got %v", position, err)
		}
	}
	if list, _, err := s.acts.Rows(ctx, "other", act, s.days(), store.LinkedOrNot, "", 10); err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v of another team", list, err)
	}
}

func TestALaterSuccessCountsInTheRangeOfTheFirstTap(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	s.code(act, anna)
	s.Clock.Advance(10 * 24 * time.Hour)
	there := s.arrive("1")
	s.complete(s.text(there, s.code(act, anna)))
	first, err := omnilink.Days("UTC", "2026-10-05", "2026-10-05")
	s.must(err)
	later, err := omnilink.Days("UTC", "2026-10-06", "2026-11-20")
	s.must(err)
	a, _ := s.acts.Count(ctx, team, act, first)
	b, _ := s.acts.Count(ctx, team, act, later)
	if a.Participants != 1 || a.Success != 1 || b.Participants != 0 {
		t.Errorf("got %+v and %+v, want it in the range of the first tap", a, b)
	}
}

func TestAnExportHoldsNoFormula(t *testing.T) {
	s := newScene(t)
	names := []string{
		`=HYPERLINK("http://evil","x")`, "+1+1", "-2", "@SUM(A1)", "＝1", "  =1", "\u3000=1", `say "hi", he said`, "two\nlines", "tab\t=1", "王小明", "=cmd|' /C calc'!A0",
	}
	for i, name := range names {
		h := s.home(hubtest.LineAccount, fmt.Sprintf("U_%d", i))
		s.must(s.Store.SetRegister(ctx, team, h.ID, hub.Register{Field: "name", Value: name, At: s.now(), Source: "event"}))
		s.code(act, h)
		s.Clock.Advance(time.Minute)
	}
	s.complete(s.text(s.arrive("886911"), s.code(act, s.anna())))
	var out bytes.Buffer
	if err := s.acts.Export(ctx, team, act, s.days(), "zh-TW", &out); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(out.String(), "\uFEFF")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != len(names)+2 || strings.Count(text, "\r\n") != len(rows) {
		t.Fatalf("got %d rows, %v, want %d, of one line each", len(rows), err, len(names)+2)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsAny(strings.TrimLeft(c, " \u3000")[:1], "=+-@\t\r") || strings.HasPrefix(c, "＝") {
				t.Errorf("the cell %q begins a formula", c)
			}
		}
	}
	if got, want := strings.Join(rows[0], ","), "狀態,來源渠道聯絡人名稱,來源渠道 ID,目標渠道聯絡人名稱,目標渠道 ID,參與時間,成功時間,失敗原因"; got != want {
		t.Errorf("got the head %s, want %s", got, want)
	}
	if got := rows[1]; got[0] != "成功" || got[2] != "U_anna" || got[4] != "886911" || got[6] == "" {
		t.Errorf("got %q, want the success first", got)
	}
	if got := rows[len(rows)-1]; got[0] != "失敗" || got[1] != "'"+names[0] || got[5] != "2026-10-05 11:21:15" || got[7] != hub.LinkNothingCame.Text("zh-TW") {
		t.Errorf("got %q, want the first who tapped, by the zone's time", got)
	}
	out.Reset()
	if err := s.acts.Export(ctx, team, act, s.days(), "en", &out); err != nil || !strings.Contains(out.String(), "\r\nSuccess,") || !strings.Contains(out.String(), hub.LinkNothingCame.Text("en")) {
		t.Errorf("got %s, %v", out.String(), err)
	}
	const english = "Status,Source name,Source channel ID,Target name,Target channel ID,Participation time,Success time,Reason\r\n"
	if got, _, _ := strings.Cut(out.String(), "Success,"); got != "\uFEFF"+english {
		t.Errorf("got the head %s, want %s", got, english)
	}
	if err := s.acts.Export(ctx, team, act, omnilink.Range{}, "en", &out); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v without a range", err)
	}
}

func TestALinkIsToldOnTheBus(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	x := s.text(s.arrive("1"), code)
	for range 3 {
		s.complete(x)
	}
	var told []hub.Published
	for _, r := range s.Changes(s.Store.Tables.Contacts) {
		c, err := store.ReadChange(r)
		if err != nil {
			t.Fatal(err)
		}
		if c.Event != nil && c.Event.Kind == hub.OmniLinked {
			told = append(told, *c.Event)
		}
	}
	if len(told) != 1 {
		t.Fatalf("got %d events, want one", len(told))
	}
	want := map[string]any{
		"trace": "", "home": string(anna.ID), "account": "line1", "channel": "line", "activity": "summer", "link": s.hash(code), "target_home": string(x.Home),
		"target_account": "whatsapp1", "target_channel": "whatsapp", "tapped_at": int64(hub.MillisOf(hubtest.Start)), "first": true, "new": true, "journey": "welcome",
	}
	if e := told[0]; fmt.Sprint(e.Detail) != fmt.Sprint(want) || e.At != x.Received || e.Team != team {
		t.Errorf("got %+v\nwant %+v", e, want)
	}
}
