// Package schedule reads the schedule expressions of EventBridge and tells when
// they fire next: rate(…), cron(…) with six fields, and at(…).
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is a parsed expression.
type Schedule struct {
	every time.Duration // rate
	at    time.Time     // at
	cron  *cron
}

// Parse reads an expression. Zone is an IANA name for cron and at; "" means UTC.
func Parse(expression, zone string) (*Schedule, error) {
	location := time.UTC
	if zone != "" {
		var err error
		if location, err = time.LoadLocation(zone); err != nil {
			return nil, fmt.Errorf("schedule: time zone %q is not known", zone)
		}
	}
	kind, rest, _ := strings.Cut(expression, "(")
	body, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return nil, malformed(expression, "want rate(…), cron(…) or at(…)")
	}
	switch kind {
	case "rate":
		every, err := rate(body)
		if err != nil {
			return nil, malformed(expression, err.Error())
		}
		return &Schedule{every: every}, nil
	case "at":
		at, err := time.ParseInLocation("2006-01-02T15:04:05", body, location)
		if err != nil {
			return nil, malformed(expression, "want at(yyyy-mm-ddThh:mm:ss)")
		}
		return &Schedule{at: at}, nil
	case "cron":
		c, err := parseCron(body, location)
		if err != nil {
			return nil, malformed(expression, err.Error())
		}
		return &Schedule{cron: c}, nil
	}
	return nil, malformed(expression, "want rate(…), cron(…) or at(…)")
}

func malformed(expression, why string) error {
	return fmt.Errorf("schedule: %s: %s", expression, why)
}

// rate reads "1 minute", "15 minutes" …; a value of 1 wants the singular, and only
// that.
func rate(body string) (time.Duration, error) {
	number, unit, _ := strings.Cut(body, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("the rate must be a whole number above 0")
	}
	one := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	length, known := one[strings.TrimSuffix(unit, "s")]
	if !known {
		return 0, fmt.Errorf("the unit must be minutes, hours or days")
	}
	if singular := !strings.HasSuffix(unit, "s"); singular != (n == 1) {
		return 0, fmt.Errorf("a rate of 1 wants the singular unit, any other the plural")
	}
	return time.Duration(n) * length, nil
}

// Next is the first time after the given one at which the schedule fires; zero if
// there is none. A rate counts from start.
func (s *Schedule) Next(start, after time.Time) time.Time {
	switch {
	case s.every > 0:
		if after.Before(start) {
			after = start
		}
		return start.Add(after.Sub(start)/s.every*s.every + s.every)
	case s.cron != nil:
		return s.cron.next(after)
	case s.at.After(after):
		return s.at
	}
	return time.Time{}
}
