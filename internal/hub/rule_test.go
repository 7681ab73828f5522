package hub

import (
	"strings"
	"testing"
	"time"
)

func everyone(*Rule) bool { return true }

func word(match RuleMatch, words ...string) Rule {
	return Rule{Trigger: OnKeyword, Match: match, Words: words}
}

func TestWordsAreComparedAsTheirRuleSays(t *testing.T) {
	long := strings.Repeat("字", matchedRunes)
	for _, c := range []struct {
		rule Rule
		said string
		want bool
	}{
		{word(MatchExact, "Hours"), " ＨＯＵＲＳ！ ", true},
		{word(MatchExact, "營業時間"), "營業時間？", true},
		{word(MatchExact, "opening hours"), "opening　 hours", true},
		{word(MatchExact, "hours"), "the hours", false},
		{word(MatchExact, "one", "two"), "TWO", true},
		{word(MatchExact, "？"), " ？ ", true},
		{word(MatchExact, "？"), "！", false},
		{word(MatchExact, "x"), "", false},
		{word(MatchContains, "Hour"), "which HOURS?", true},
		{word(MatchContains, "時間"), "請問營業時間是", true},
		{word(MatchContains, "hour"), "ho ur", false},
		{word(MatchRegexp, `^\d{4}$`), "1234", true},
		{word(MatchRegexp, `^\d{4}$`), "12345", false},
		{word(MatchRegexp, `HOURS`), "hours", false},
		{word(MatchRegexp, `(?i)HOURS`), "the hours", true},
		{word(MatchRegexp, `(`), "(", false}, // no expression
		{word(MatchRegexp, `x`), long + "x", false},
		{word(MatchRegexp, `字$`), long + "x", true}, // what is over the length is not looked at
		{Rule{Trigger: OnFallback}, "x", false},
		{Rule{Trigger: OnKeyword, Match: MatchExact, Words: []string{"x"}, Off: true}, "x", false},
	} {
		if _, got := NewRules(1, []Rule{c.rule}).Keyword(c.said, time.Time{}, everyone); got != c.want {
			t.Errorf("%s %q, said %.20q: got %v, want %v", c.rule.Match, c.rule.Words, c.said, got, c.want)
		}
	}
}

func TestFirstRuleThatMayAnswerIsFound(t *testing.T) {
	rules := NewRules(1, []Rule{word(MatchContains, "b"), {Trigger: OnWelcome}, word(MatchExact, "a b"), word(MatchExact, "c")})
	if place, ok := rules.Keyword("a b", time.Time{}, everyone); !ok || place != 0 {
		t.Errorf("got %d, %v, want the first", place, ok)
	}
	if place, ok := rules.Keyword("a b", time.Time{}, func(r *Rule) bool { return r.Match == MatchExact }); !ok || place != 2 {
		t.Errorf("got %d, %v, want the first that may", place, ok)
	}
	if place, ok := rules.First(OnWelcome, time.Time{}, everyone); !ok || place != 1 {
		t.Errorf("got %d, %v, want the welcome", place, ok)
	}
	if _, ok := rules.First(OnFallback, time.Time{}, everyone); ok {
		t.Error("got a fallback, want none")
	}
}

func TestHoursHoldFromTheirFirstMinuteToTheirLast(t *testing.T) {
	day := []int{1, 2, 3, 4, 5} // Monday to Friday
	week := []int{1, 2, 3, 4, 5, 6, 7}
	at := func(date, clock string) time.Time { // 2026-10-05 is a Monday
		out, err := time.Parse("2006-01-02 15:04:05", date+" "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const sunday, monday, friday, saturday = "2026-10-04", "2026-10-05", "2026-10-09", "2026-10-10"
	for _, c := range []struct {
		hours Hours
		at    time.Time
		want  bool
	}{
		{Hours{day, "09:00", "18:00"}, at(monday, "08:59:59"), false},
		{Hours{day, "09:00", "18:00"}, at(monday, "09:00:00"), true},
		{Hours{day, "09:00", "18:00"}, at(monday, "18:00:59"), true},
		{Hours{day, "09:00", "18:00"}, at(monday, "18:01:00"), false},
		{Hours{day, "09:00", "18:00"}, at(saturday, "12:00:00"), false},
		{Hours{week, "00:00", "23:59"}, at(sunday, "23:59:59"), true},
		{Hours{week, "00:00", "23:59"}, at(monday, "00:00:00"), true},
		{Hours{[]int{7}, "12:00", "12:00"}, at(sunday, "12:00:30"), true},
		{Hours{day, "22:00", "02:00"}, at(friday, "23:00:00"), true},
		{Hours{day, "22:00", "02:00"}, at(saturday, "02:00:59"), true}, // of Friday night
		{Hours{day, "22:00", "02:00"}, at(saturday, "02:01:00"), false},
		{Hours{day, "22:00", "02:00"}, at(saturday, "22:30:00"), false},
		{Hours{day, "22:00", "02:00"}, at(monday, "01:00:00"), false}, // of Sunday night
		{Hours{[]int{7}, "22:00", "02:00"}, at(monday, "01:00:00"), true},
		{Hours{day, "22:00", "02:00"}, at(monday, "12:00:00"), false},
		{Hours{week, "9:00", "18:00"}, at(monday, "12:00:00"), false},
	} {
		if got := c.hours.Hold(c.at); got != c.want {
			t.Errorf("%+v at %s: got %v, want %v", c.hours, c.at, got, c.want)
		}
		rule := Rule{Hours: []Hours{c.hours}}
		if got := rule.On(c.at); got != c.want {
			t.Errorf("a rule of %+v at %s: got %v", c.hours, c.at, got)
		}
		if rule.Outside = true; rule.On(c.at) == c.want {
			t.Errorf("a rule outside of %+v at %s: got %v", c.hours, c.at, c.want)
		}
	}
	for _, h := range []Hours{
		{nil, "09:00", "18:00"}, {[]int{0}, "09:00", "18:00"}, {[]int{8}, "09:00", "18:00"}, {[]int{1, 1}, "09:00", "18:00"},
		{day, "24:00", "18:00"}, {day, "09:60", "18:00"}, {day, "09:00", ""}, {day, "9:00", "18:00"}, {day, "09-00", "18:00"}, {day, "+9:00", "18:00"},
	} {
		if h.Valid() {
			t.Errorf("%+v: got valid", h)
		}
	}
	if !(Hours{week, "00:00", "23:59"}).Valid() {
		t.Error("the whole week: got invalid")
	}
}

func TestKeywordsTakeTheirPlaceAndLeaveOtherRules(t *testing.T) {
	pong, other := TextContent("pong"), TextContent("other")
	named := word(MatchExact, "ping")
	named.ID, named.Name, named.Answer.Content = "n", "named", &pong
	plain := word(MatchExact, "old")
	plain.ID, plain.Answer.Content = "k1", &pong
	rules := NewRules(3, []Rule{named, plain, {ID: "w", Trigger: OnWelcome}})
	if got := rules.Keywords(); len(got) != 1 || got[0].Match != "old" {
		t.Errorf("got %+v, want the plain one", got)
	}
	list := rules.WithKeywords([]Keyword{{"new", other}, {"old", other}})
	ids := ""
	for _, r := range list {
		ids += r.ID + " "
	}
	if ids != "k2 k1 n w " || list[1].Answer.Content.Text != "other" {
		t.Errorf("got %s%+v, want the new ones first, and all else as it was", ids, list)
	}
	if list = rules.WithKeywords(nil); len(list) != 2 || list[0].ID != "n" || list[1].ID != "w" {
		t.Errorf("without any: got %+v", list)
	}
}
