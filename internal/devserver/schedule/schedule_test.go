package schedule

import (
	"strings"
	"testing"
	"time"
)

func TestNextFiresWhenAWSWould(t *testing.T) {
	cases := []struct{ expression, zone, after, want string }{
		{"rate(1 minute)", "", "2026-11-22T10:00:30Z", "2026-11-22T10:01:00Z"},
		{"rate(15 minutes)", "", "2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"},
		{"rate(15 minutes)", "", "2026-11-22T10:14:59Z", "2026-11-22T10:15:00Z"},
		{"rate(15 minutes)", "", "2026-11-22T13:07:00Z", "2026-11-22T13:15:00Z"},
		{"rate(1 hour)", "", "2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"},
		{"rate(2 days)", "", "2026-11-22T10:30:00Z", "2026-11-24T10:00:00Z"},
		{"at(2026-12-24T18:00:00)", "", "2026-11-22T10:00:00Z", "2026-12-24T18:00:00Z"},
		{"at(2026-12-24T18:00:00)", "Asia/Taipei", "2026-11-22T10:00:00Z", "2026-12-24T10:00:00Z"},
		{"at(2026-11-22T10:00:00)", "", "2026-11-22T10:00:00Z", ""},
		{"cron(0/15 * * * ? *)", "", "2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"},
		{"cron(0 10 * * ? *)", "", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"},
		{"cron(30 9 ? * MON-FRI *)", "", "2026-11-20T10:00:00Z", "2026-11-23T09:30:00Z"},
		{"cron(30 9 ? * 2 *)", "Asia/Taipei", "2026-11-22T00:00:00Z", "2026-11-23T01:30:00Z"},
		{"cron(0 0 1 1 ? *)", "", "2026-11-22T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"cron(0 0 L * ? *)", "", "2027-02-01T00:00:00Z", "2027-02-28T00:00:00Z"},
		{"cron(0 0 L-2 * ? *)", "", "2027-02-01T00:00:00Z", "2027-02-26T00:00:00Z"},
		{"cron(0 0 15W * ? *)", "", "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z"},
		{"cron(0 0 1W * ? *)", "", "2026-07-31T12:00:00Z", "2026-08-03T00:00:00Z"},
		{"cron(0 0 LW * ? *)", "", "2026-10-31T00:00:00Z", "2026-11-30T00:00:00Z"},
		{"cron(0 0 ? * 6L *)", "", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00Z"},
		{"cron(0 0 ? * 3#2 *)", "", "2026-11-01T00:00:00Z", "2026-11-10T00:00:00Z"},
		{"cron(0 0 ? * FRI-MON *)", "", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"},
		{"cron(0 0 29 2 ? *)", "", "2026-11-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"cron(0 0 29 FEB ? 2027)", "", "2026-11-01T00:00:00Z", ""},
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
	}
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range cases {
		s, err := Parse(c.expression, c.zone)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		after, _ := time.Parse(time.RFC3339, c.after)
		got := ""
		if next := s.Next(start, after); !next.IsZero() {
			got = next.UTC().Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%s %s after %s: got %q, want %q", c.expression, c.zone, c.after, got, c.want)
		}
	}
}

func TestParseRefusesWhatAWSRefuses(t *testing.T) {
	cases := map[string]string{
		"rate(1 minutes)":      "wants the singular",
		"rate(2 minute)":       "wants the singular",
		"rate(0 minutes)":      "whole number above 0",
		"rate(-1 minutes)":     "whole number above 0",
		"rate(1.5 hours)":      "whole number above 0",
		"rate(5 seconds)":      "unit must be",
		"rate(5)":              "unit must be",
		"cron(0 10 * * *)":     "six fields",
		"cron(0 10 * * * *)":   "exactly one",
		"cron(0 10 ? * ? *)":   "exactly one",
		"cron(60 10 * * ? *)":  "minutes",
		"cron(0 24 * * ? *)":   "hours",
		"cron(0 0 32 * ? *)":   "day of month",
		"cron(0 0 ? * 8 *)":    "day of week",
		"cron(0 0 ? * 2#6 *)":  "day of week",
		"cron(0 0 * FOO ? *)":  "month",
		"cron(0 0 * * ? 1969)": "year",
		"at(2026-12-24)":       "want at(",
		"every minute":         "want rate(",
		"rate(1 minute":        "want rate(",
		"daily(1)":             "want rate(",
	}
	for expression, want := range cases {
		if _, err := Parse(expression, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", expression, err, want)
		}
	}
	if _, err := Parse("rate(1 minute)", "Mars/Base"); err == nil {
		t.Error("unknown time zone: got no error")
	}
}
