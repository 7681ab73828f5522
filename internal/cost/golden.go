package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Count is what one function did with one operation on one resource.
type Count struct {
	Function, Operation string
	Resource            string // without the stack's prefix; "" if the operation has none
	Calls               float64
	Read, Write         float64 // request units
}

// Scenario is one event of the golden file of internal/budget, with its counts.
type Scenario struct {
	Name      string
	Counts    []Count
	Published map[string]float64 // events on the bus, by kind
}

// ReadGolden reads the golden file of internal/budget.
func ReadGolden(path string) ([]Scenario, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cost: read counts: %w", err)
	}
	defer func() { _ = f.Close() }()
	return parseGolden(f)
}

var (
	// Of a count that may be one of two the higher is paid for.
	countLine     = regexp.MustCompile(`^  (\S+) +(\S+) +(?:(\S+) +)??(?:\d+ or )?(\d+) calls  (\S+) RRU  (\S+) WRU$`)
	publishedLine = regexp.MustCompile(`^  published +(\S+) +(\d+) events$`)
	tenEvents     = regexp.MustCompile(`\b(ten|\d+) events\b`)
)

// parseGolden takes a name per scenario at the margin and its counts below, indented:
// calls of functions, and events on the bus. "nothing" stands for no counts. Any
// other line is an error.
func parseGolden(r io.Reader) ([]Scenario, error) {
	var list []Scenario
	empty := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		bad := func(why string) error { return fmt.Errorf("cost: counts, line %d: %s: %q", n, why, text) }
		if text != "" && !strings.HasPrefix(text, " ") {
			for _, s := range list {
				if s.Name == text {
					return nil, bad("this scenario is there already")
				}
			}
			list = append(list, Scenario{Name: text})
			continue
		}
		if len(list) == 0 {
			return nil, bad("no scenario has a name yet")
		}
		s := &list[len(list)-1]
		if empty[s.Name] {
			return nil, bad("nothing was counted, and then something")
		}
		if text == "  nothing" && s.counted() == 0 {
			empty[s.Name] = true
			continue
		}
		if m := publishedLine.FindStringSubmatch(text); m != nil {
			if n, err := strconv.ParseFloat(m[2], 64); err == nil && n > 0 {
				if s.Published == nil {
					s.Published = map[string]float64{}
				}
				s.Published[m[1]] += n
				continue
			}
		}
		c, ok := parseCount(text)
		if !ok {
			return nil, bad("not a count")
		}
		s.Counts = append(s.Counts, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cost: read counts: %w", err)
	}
	for _, s := range list {
		if s.counted() == 0 && !empty[s.Name] {
			return nil, fmt.Errorf("cost: counts: %q has none", s.Name)
		}
		for _, c := range s.Counts {
			if operations[c.Operation] == events && len(s.Published) == 0 {
				return nil, fmt.Errorf("cost: counts: %q publishes, and does not say what", s.Name)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("cost: counts: the file is empty")
	}
	return list, nil
}

func parseCount(text string) (Count, bool) {
	m := countLine.FindStringSubmatch(text)
	if m == nil {
		return Count{}, false
	}
	c := Count{Function: m[1], Operation: m[2], Resource: m[3]}
	var errs [3]error
	c.Calls, errs[0] = strconv.ParseFloat(m[4], 64)
	c.Read, errs[1] = strconv.ParseFloat(m[5], 64)
	c.Write, errs[2] = strconv.ParseFloat(m[6], 64)
	for _, err := range errs {
		if err != nil {
			return Count{}, false
		}
	}
	return c, c.Calls > 0 && c.Read >= 0 && c.Write >= 0
}

func (s Scenario) counted() int { return len(s.Counts) + len(s.Published) }

// published is how many events came on the bus.
func (s Scenario) published() float64 {
	n := 0.0
	for _, k := range s.Published {
		n += k
	}
	return n
}

// without is the scenario as if events of these kinds were not published.
func (s Scenario) without(kinds []string) Scenario {
	s.Published = maps.Clone(s.Published)
	for _, kind := range kinds {
		delete(s.Published, kind)
	}
	return s
}

// events is how many events of a platform the scenario's one webhook has.
func (s Scenario) events() float64 {
	m := tenEvents.FindStringSubmatch(s.Name)
	if m == nil {
		return 1
	}
	if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
		return float64(n)
	}
	return 10
}

// wanted are the scenarios that are printed whole, by words that their names have.
var wanted = []struct {
	title string
	words []string
}{
	{title: "inbound short text of a known customer", words: []string{"short text", "known customer"}},
	{title: "keyword and its answer, end to end", words: []string{"keyword", "answer"}},
	{title: "delivery receipt", words: []string{"delivery receipt"}},
	{title: "first message of a new customer", words: []string{"first", "new customer"}},
	{title: "a link of OmniLink, from the message with its code to both sides told and tagged", words: []string{"omnilink", "completion"}},
}

// find answers the scenarios whose names have all words, in any case.
func find(list []Scenario, words ...string) []Scenario {
	var out []Scenario
	for _, s := range list {
		name, all := strings.ToLower(s.Name), true
		for _, w := range words {
			all = all && strings.Contains(name, strings.ToLower(w))
		}
		if all {
			out = append(out, s)
		}
	}
	return out
}
