package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is minutes, hours, day of month, month, day of week and year.
type cron struct {
	location                     *time.Location
	minutes, hours, months, year set
	days, weekdays               set // empty = the field was ?
	last                         []int
	nearest                      []int    // nW: the working day nearest to day n; 0 = the last day
	lastWeekdays                 []int    // nL
	nth                          [][2]int // n#m: weekday, which
}

// set holds the numbers that a field allows.
type set map[int]bool

var (
	monthNames   = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	weekdayNames = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

func parseCron(body string, location *time.Location) (*cron, error) {
	f := strings.Fields(body)
	if len(f) != 6 {
		return nil, fmt.Errorf("cron wants six fields, got %d", len(f))
	}
	if (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("exactly one of day of month and day of week must be ?")
	}
	c := &cron{location: location}
	var err error
	read := func(name, field string, low, high int, names []string) set {
		out, e := numbers(field, low, high, names)
		if e != nil && err == nil {
			err = fmt.Errorf("%s %q: %w", name, field, e)
		}
		return out
	}
	c.minutes = read("minutes", f[0], 0, 59, nil)
	c.hours = read("hours", f[1], 0, 23, nil)
	c.months = read("month", f[3], 1, 12, monthNames)
	c.year = read("year", f[5], 1970, 2199, nil)
	if f[2] != "?" {
		c.days = set{}
		for _, item := range strings.Split(f[2], ",") {
			if !c.specialDay(item) {
				for n := range read("day of month", item, 1, 31, nil) {
					c.days[n] = true
				}
			}
		}
	}
	if f[4] != "?" {
		c.weekdays = set{}
		for _, item := range strings.Split(f[4], ",") {
			if !c.specialWeekday(item) {
				for n := range read("day of week", item, 1, 7, weekdayNames) {
					c.weekdays[n] = true
				}
			}
		}
	}
	return c, err
}

// specialDay takes L, L-n, nW and LW.
func (c *cron) specialDay(item string) bool {
	switch {
	case item == "L":
		c.last = append(c.last, 0)
	case item == "LW":
		c.nearest = append(c.nearest, 0)
	case strings.HasPrefix(item, "L-"):
		n, err := strconv.Atoi(item[2:])
		if err != nil || n < 1 || n > 30 {
			return false
		}
		c.last = append(c.last, n)
	case strings.HasSuffix(item, "W"):
		n, err := strconv.Atoi(item[:len(item)-1])
		if err != nil || n < 1 || n > 31 {
			return false
		}
		c.nearest = append(c.nearest, n)
	default:
		return false
	}
	return true
}

// specialWeekday takes L (Saturday), nL and n#m.
func (c *cron) specialWeekday(item string) bool {
	if item == "L" {
		c.weekdays[7] = true
		return true
	}
	if day, which, ok := strings.Cut(item, "#"); ok {
		d, err := number(day, 1, 7, weekdayNames)
		w, err2 := number(which, 1, 5, nil)
		if err != nil || err2 != nil {
			return false
		}
		c.nth = append(c.nth, [2]int{d, w})
		return true
	}
	if day, ok := strings.CutSuffix(item, "L"); ok {
		d, err := number(day, 1, 7, weekdayNames)
		if err != nil {
			return false
		}
		c.lastWeekdays = append(c.lastWeekdays, d)
		return true
	}
	return false
}

// numbers reads lists, ranges, steps and *.
func numbers(field string, low, high int, names []string) (set, error) {
	out := set{}
	for _, item := range strings.Split(field, ",") {
		span, by, stepped := strings.Cut(item, "/")
		step := 1
		if stepped {
			var err error
			if step, err = number(by, 1, high, nil); err != nil {
				return nil, err
			}
		}
		from, to := low, high
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			var err error
			if from, err = number(a, low, high, names); err != nil {
				return nil, err
			}
			if to = from; ranged {
				if to, err = number(b, low, high, names); err != nil {
					return nil, err
				}
			} else if stepped {
				to = high
			}
		}
		if from > to { // FRI-MON
			for n := from; n <= high; n += step {
				out[n] = true
			}
			from = low
		}
		for n := from; n <= to; n += step {
			out[n] = true
		}
	}
	return out, nil
}

func number(text string, low, high int, names []string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(n, text) {
			return i + 1, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("want a number from %d to %d, got %q", low, high, text)
	}
	return n, nil
}

// next looks day by day, and within a fitting day minute by minute.
func (c *cron) next(after time.Time) time.Time {
	after = after.In(c.location)
	year, month, day := after.Date()
	for d := time.Date(year, month, day, 12, 0, 0, 0, c.location); d.Year() <= 2199; d = d.AddDate(0, 0, 1) {
		if !c.year[d.Year()] {
			d = time.Date(d.Year(), 12, 31, 12, 0, 0, 0, c.location)
			continue
		}
		if !c.months[int(d.Month())] || !c.fits(d) {
			continue
		}
		for h := range 24 {
			if !c.hours[h] {
				continue
			}
			for m := range 60 {
				t := time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, c.location)
				// An hour that the clocks skip does not exist on that day.
				if c.minutes[m] && t.After(after) && t.Hour() == h {
					return t
				}
			}
		}
	}
	return time.Time{}
}

// fits reports whether the day of month or the day of week allows the day.
func (c *cron) fits(d time.Time) bool {
	day, weekday := d.Day(), int(d.Weekday())+1
	length := time.Date(d.Year(), d.Month()+1, 0, 12, 0, 0, 0, c.location).Day()
	if c.days[day] || c.weekdays[weekday] {
		return true
	}
	for _, n := range c.last {
		if day == length-n {
			return true
		}
	}
	for _, n := range c.nearest {
		if n == 0 {
			n = length
		}
		if n <= length && day == workday(d, n, length) {
			return true
		}
	}
	for _, w := range c.lastWeekdays {
		if weekday == w && day > length-7 {
			return true
		}
	}
	for _, nth := range c.nth {
		if weekday == nth[0] && (day-1)/7+1 == nth[1] {
			return true
		}
	}
	return false
}

// workday is the day from Monday to Friday nearest to day n of d's month, within
// that month.
func workday(d time.Time, n, length int) int {
	switch time.Date(d.Year(), d.Month(), n, 12, 0, 0, 0, d.Location()).Weekday() {
	case time.Saturday:
		if n == 1 {
			return 3
		}
		return n - 1
	case time.Sunday:
		if n == length {
			return n - 2
		}
		return n + 1
	}
	return n
}
