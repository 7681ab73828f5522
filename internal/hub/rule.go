package hub

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What the rules of an account may be like.
const (
	MaxRules     = 200
	MaxRuleName  = 100 // characters
	MaxWords     = 20
	MaxWord      = 200 // characters; of an expression too
	MaxRuleHours = 20
	// matchedRunes is how much of a text an expression is held against.
	matchedRunes = 1000
)

// Rule is one automatic answer of an account. Of the rules that fit, the first in order
// answers; those for all that nothing else answers come after all others.
type Rule struct {
	ID      string      `json:"id"` // made when the rules are saved, if it has none
	Name    string      `json:"name,omitempty"`
	Off     bool        `json:"off,omitempty"`
	Trigger RuleTrigger `json:"trigger"`
	Match   RuleMatch   `json:"match,omitempty"` // of a keyword
	Words   []string    `json:"words,omitempty"` // of a keyword: one of them
	Answer  RuleAnswer  `json:"answer"`
	Tags    []string    `json:"tags,omitempty"` // names; put on whom it answers
	// Hours are when it fires, by the team's clock; none = always. With Outside it fires
	// at all other times instead.
	Hours   []Hours `json:"hours,omitempty"`
	Outside bool    `json:"outside,omitempty"`
	// InProgress: it also fires while a member has the conversation.
	InProgress bool      `json:"in_progress,omitempty"`
	Every      RuleEvery `json:"every,omitempty"` // of a fallback; "" = EveryConversation
}

// RuleTrigger is what makes a rule fire.
type RuleTrigger string

const (
	OnKeyword  RuleTrigger = "keyword"  // a text, or what a tapped button bears
	OnWelcome  RuleTrigger = "welcome"  // the customer let the account in, or began
	OnFallback RuleTrigger = "fallback" // a message that nothing else answers
)

// RuleMatch is how a keyword is compared.
type RuleMatch string

const (
	MatchExact    RuleMatch = "exact"    // the whole text, as Plain has it
	MatchContains RuleMatch = "contains" // a part of it
	MatchRegexp   RuleMatch = "regexp"   // an RE2 expression, held against the text as it is
)

// RuleEvery is how often a fallback fires.
type RuleEvery string

const (
	EveryMessage      RuleEvery = "message"
	EveryConversation RuleEvery = "conversation" // for the message that began it
)

// RuleAnswer is what a rule answers with: exactly one of the three.
type RuleAnswer struct {
	Content *Content `json:"content,omitempty"`
	Module  ModuleID `json:"module,omitempty"`
	System  System   `json:"system,omitempty"`
}

// Hours are a stretch of the day on some days of the week.
type Hours struct {
	Days []int  `json:"days"` // 1 = Monday … 7 = Sunday: the days on which it begins
	From string `json:"from"` // "09:00", its first minute
	To   string `json:"to"`   // "18:00", its last one; earlier than From = of the day after
}

// minuteOf reads "HH:MM" as the minute of the day.
func minuteOf(clock string) (int, bool) {
	if len(clock) != 5 || clock[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if clock[i] < '0' || clock[i] > '9' {
			return 0, false
		}
	}
	h, m := int(clock[0]-'0')*10+int(clock[1]-'0'), int(clock[3]-'0')*10+int(clock[4]-'0')
	return h*60 + m, h < 24 && m < 60
}

// Valid reports whether the hours can be.
func (h Hours) Valid() bool {
	_, from := minuteOf(h.From)
	_, to := minuteOf(h.To)
	for i, d := range h.Days {
		if d < 1 || d > 7 || slices.Contains(h.Days[:i], d) {
			return false
		}
	}
	return from && to && len(h.Days) > 0
}

// Hold reports whether a time, by the team's clock, lies within the hours.
func (h Hours) Hold(local time.Time) bool {
	from, ok := minuteOf(h.From)
	to, good := minuteOf(h.To)
	if !ok || !good {
		return false
	}
	now := local.Hour()*60 + local.Minute()
	today := (int(local.Weekday())+6)%7 + 1
	if from <= to {
		return now >= from && now <= to && slices.Contains(h.Days, today)
	}
	before := (today+5)%7 + 1
	return now >= from && slices.Contains(h.Days, today) || now <= to && slices.Contains(h.Days, before)
}

// On reports whether a rule fires at a time, by the team's clock.
func (r *Rule) On(local time.Time) bool {
	if r.Off {
		return false
	}
	if len(r.Hours) == 0 {
		return true
	}
	within := slices.ContainsFunc(r.Hours, func(h Hours) bool { return h.Hold(local) })
	return within != r.Outside
}

// Rules are the rules of an account, ready to be held against what comes.
type Rules struct {
	Version int // raised by each change; 0 = there never were any
	List    []Rule

	ready []ready
}

// ready is a rule whose words need no more work.
type ready struct {
	words []string
	exprs []*regexp.Regexp
}

// NewRules makes rules ready. An expression that is none, or has no room, matches nothing.
func NewRules(version int, list []Rule) Rules {
	var room Expressions
	rules := Rules{Version: version, List: list, ready: make([]ready, len(list))}
	for i, r := range list {
		if r.Trigger != OnKeyword {
			continue
		}
		for _, w := range r.Words {
			if r.Match != MatchRegexp {
				rules.ready[i].words = append(rules.ready[i].words, worded(w))
			} else if e, err := room.Compile(w); err == nil {
				rules.ready[i].exprs = append(rules.ready[i].exprs, e)
			}
		}
	}
	return rules
}

// Keyword is the place of the first keyword rule, of those that may answer, that fires at
// a time for a text, or for what a tapped button bears.
func (r Rules) Keyword(said string, local time.Time, may func(*Rule) bool) (place int, ok bool) {
	if strings.TrimSpace(said) == "" {
		return 0, false
	}
	plain, cut := worded(said), ""
	for i := range r.List {
		rule := &r.List[i]
		if rule.Trigger != OnKeyword || !rule.On(local) || !may(rule) {
			continue
		}
		if rule.Match == MatchRegexp && cut == "" {
			cut = runes(said, matchedRunes)
		}
		if r.ready[i].match(rule.Match, plain, cut) {
			return i, true
		}
	}
	return 0, false
}

func (r ready) match(how RuleMatch, plain, said string) bool {
	switch how {
	case MatchContains:
		return slices.ContainsFunc(r.words, func(w string) bool { return w != "" && strings.Contains(plain, w) })
	case MatchRegexp:
		return slices.ContainsFunc(r.exprs, func(e *regexp.Regexp) bool { return e.MatchString(said) })
	}
	return slices.Contains(r.words, plain)
}

// First is the place of the first rule of a trigger, of those that may answer, that fires
// at a time.
func (r Rules) First(of RuleTrigger, local time.Time, may func(*Rule) bool) (place int, ok bool) {
	place = slices.IndexFunc(r.List, func(rule Rule) bool { return rule.Trigger == of && rule.On(local) && may(&rule) })
	return place, place >= 0
}

// Names are the modules that the rules answer with, each once.
func (r Rules) Names() []ModuleID {
	var list []ModuleID
	for _, rule := range r.List {
		list = add(list, rule.Answer.Module)
	}
	return list
}

// Keyword is the plainest rule: what a text must be, and what is answered.
type Keyword struct {
	Match  string
	Answer Content
}

// plain tells of a rule that is a keyword and nothing more.
func (r *Rule) plain() bool {
	return r.Trigger == OnKeyword && r.Match == MatchExact && len(r.Words) == 1 && r.Answer.Content != nil &&
		!r.Off && r.Name == "" && len(r.Tags)+len(r.Hours) == 0 && !r.InProgress
}

// Keywords are the rules that are keywords and nothing more.
func (r Rules) Keywords() (list []Keyword) {
	for _, rule := range r.List {
		if rule.plain() {
			list = append(list, Keyword{Match: rule.Words[0], Answer: *rule.Answer.Content})
		}
	}
	return list
}

// WithKeywords puts keywords in the place of those rules that are keywords and nothing
// more: before all others. One that stood keeps its id.
func (r Rules) WithKeywords(list []Keyword) []Rule {
	out := make([]Rule, 0, len(list)+len(r.List))
	taken := map[string]bool{}
	for _, rule := range r.List {
		taken[rule.ID] = true
	}
	for i, k := range list {
		id := ""
		for _, rule := range r.List {
			if rule.plain() && rule.Words[0] == k.Match && !slices.ContainsFunc(out, func(o Rule) bool { return o.ID == rule.ID }) {
				id = rule.ID
				break
			}
		}
		for n := i + 1; id == ""; n++ {
			if free := fmt.Sprintf("k%d", n); !taken[free] {
				id, taken[free] = free, true
			}
		}
		out = append(out, Rule{ID: id, Trigger: OnKeyword, Match: MatchExact, Words: []string{k.Match}, Answer: RuleAnswer{Content: &k.Answer}})
	}
	for _, rule := range r.List {
		if !rule.plain() {
			out = append(out, rule)
		}
	}
	return out
}
