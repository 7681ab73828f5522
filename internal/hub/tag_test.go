package hub_test

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
)

var taipei = time.FixedZone("UTC+8", 8*60*60)

// in reads a time of Taipei.
func in(t *testing.T, text string) hub.Millis {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05.000", text, taipei)
	if err != nil {
		t.Fatal(err)
	}
	return hub.MillisOf(at)
}

func TestTagEndsAtTheCheckOfItsLastDay(t *testing.T) {
	for _, c := range []struct {
		tagged string
		days   int
		want   string
	}{
		{"2026-05-20 10:00:00.000", 30, "2026-06-19 23:59:00.000"},
		{"2026-06-01 10:00:00.000", 30, "2026-07-01 23:59:00.000"},
		{"2026-06-28 10:00:00.000", 30, "2026-07-28 23:59:00.000"},
		{"2026-05-20 00:00:00.000", 30, "2026-06-19 23:59:00.000"}, // the day before in UTC
		{"2026-05-20 23:58:59.999", 30, "2026-06-19 23:59:00.000"},
		{"2026-05-20 23:59:00.000", 30, "2026-06-19 23:59:00.000"}, // after the check of its day
		{"2026-05-20 23:59:59.999", 30, "2026-06-19 23:59:00.000"},
		{"2026-05-21 00:00:00.000", 30, "2026-06-20 23:59:00.000"},
		{"2028-02-28 12:00:00.000", 1, "2028-02-29 23:59:00.000"}, // a leap year
		{"2028-02-29 12:00:00.000", 365, "2029-02-28 23:59:00.000"},
		{"2027-02-28 12:00:00.000", 1, "2027-03-01 23:59:00.000"},
		{"2026-12-31 12:00:00.000", 1, "2027-01-01 23:59:00.000"},
		{"2026-03-28 12:00:00.000", 1, "2026-03-29 23:59:00.000"}, // clocks change elsewhere
	} {
		at := in(t, c.tagged)
		if got, want := (hub.Tag{Days: c.days}).Until(at), in(t, c.want); got != want {
			t.Errorf("tagged %s for %d days: got %s, want %s", c.tagged, c.days, got.Time().In(taipei), c.want)
		}
	}
	if got := (hub.Tag{}).Until(in(t, "2026-05-20 10:00:00.000")); got != 0 {
		t.Errorf("got %d for a tag without an end, want 0", got)
	}
}

func TestTagCheckIsTheNextOneOfTheDay(t *testing.T) {
	for at, want := range map[string]string{
		"2026-05-20 23:58:59.999": "2026-05-20 23:59:00.000",
		"2026-05-20 23:59:00.000": "2026-05-21 23:59:00.000",
		"2026-05-20 00:00:00.000": "2026-05-20 23:59:00.000",
		"2026-05-20 07:59:59.999": "2026-05-20 23:59:00.000",
	} {
		if got := hub.TagCheck(in(t, at)); got != in(t, want) {
			t.Errorf("after %s: got %s, want %s", at, got.Time().In(taipei), want)
		}
	}
}

func TestTagIsBorneUntilItsEnd(t *testing.T) {
	s := hub.TagState{Standing: hub.TagOn, Until: 100}
	if !s.Borne(99) || s.Borne(100) || s.Borne(101) {
		t.Errorf("got %v, %v, %v before, at and after the end", s.Borne(99), s.Borne(100), s.Borne(101))
	}
	if s.Until = 0; !s.Borne(1 << 60) {
		t.Error("a tag without an end is not borne")
	}
	for _, st := range []hub.TagStanding{hub.TagOff, hub.TagExpired} {
		if (hub.TagState{Standing: st}).Borne(1) {
			t.Errorf("%s: borne", st)
		}
	}
}

func TestTagNamesAndDefinitions(t *testing.T) {
	for name, want := range map[string]string{" VIP ": "VIP", "會員 A": "會員 A", strings.Repeat("界", 100): strings.Repeat("界", 100)} {
		if got, err := hub.TagName(name); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"", "  ", "a\nb", "a\x00", "\xff", strings.Repeat("界", 101)} {
		if _, err := hub.TagName(name); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%q: got %v, want bad_request", name, err)
		}
	}
	good := hub.Tag{Name: "VIP", Category: "c", Description: "d", Days: 365}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(*hub.Tag){
		"no name":        func(d *hub.Tag) { d.Name = "" },
		"space":          func(d *hub.Tag) { d.Name = " VIP" },
		"a year and one": func(d *hub.Tag) { d.Days = 366 },
		"less than none": func(d *hub.Tag) { d.Days = -1 },
		"category":       func(d *hub.Tag) { d.Category = strings.Repeat("c", 101) },
		"description":    func(d *hub.Tag) { d.Description = "a\tb" },
		"a long one":     func(d *hub.Tag) { d.Description = strings.Repeat("c", 501) },
	} {
		d := good
		spoil(&d)
		if hub.CodeOf(d.Check()) != hub.BadRequest {
			t.Errorf("%s: got %v, want bad_request", what, d.Check())
		}
	}
	if id := hub.NewTagID("t1", "VIP"); len(id) != 20 || id == hub.NewTagID("t2", "VIP") || id == hub.NewTagID("t1", "vip") {
		t.Errorf("got %s, want 20 characters of its own for each team and name", id)
	}
}
