// Package policy reads resource policies and tells whether they let a service of
// AWS act on the resource. It knows the forms that such policies usually have; a
// policy with anything else cannot be read, and so permits nothing.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Policy is a resource policy that could be read.
type Policy struct{ statements []statement }

// Call is what a service wants to do.
type Call struct {
	Service  string // its principal: "events.amazonaws.com"
	Action   string // "sqs:SendMessage"
	Resource string // ARN
	Source   string // ARN of what it acts for: aws:SourceArn
	Account  string // of the source: aws:SourceAccount
}

type statement struct {
	allow      bool
	anyone     bool
	services   []string
	actions    []string
	resources  []string
	conditions []condition
}

// condition wants that one of the values fits the call.
type condition struct {
	fits   func(want, have string) bool
	key    func(Call) string
	values []string
}

// list is a JSON string, or a list of them.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil {
		return errors.New("a text or a list of texts is wanted")
	}
	*l = all
	return nil
}

// Parse reads the JSON of a policy. Its error names what it does not know.
func Parse(text string) (*Policy, error) {
	var in struct {
		Version   string
		Id        string
		Statement json.RawMessage
	}
	if err := strict([]byte(text), &in); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if in.Version != "" && in.Version != "2012-10-17" && in.Version != "2008-10-17" {
		return nil, fmt.Errorf("policy: version %q is not known", in.Version)
	}
	statements := []json.RawMessage{in.Statement}
	if bytes.HasPrefix(bytes.TrimSpace(in.Statement), []byte("[")) {
		if err := json.Unmarshal(in.Statement, &statements); err != nil {
			return nil, fmt.Errorf("policy: statement: %w", err)
		}
	}
	p := &Policy{}
	for i, raw := range statements {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, fmt.Errorf("policy: statement %d: %w", i+1, err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

func parseStatement(raw json.RawMessage) (statement, error) {
	var in struct {
		Sid, Effect      string
		Principal        json.RawMessage
		Action, Resource list
		Condition        map[string]map[string]json.RawMessage
	}
	s := statement{}
	if err := strict(raw, &in); err != nil {
		return s, err
	}
	if in.Effect != "Allow" && in.Effect != "Deny" {
		return s, fmt.Errorf("effect %q is not known", in.Effect)
	}
	if len(in.Action) == 0 || len(in.Resource) == 0 || len(in.Principal) == 0 {
		return s, errors.New("principal, action or resource is missing")
	}
	s.allow, s.actions, s.resources = in.Effect == "Allow", in.Action, in.Resource
	if err := s.parsePrincipal(in.Principal); err != nil {
		return s, err
	}
	for operator, keys := range in.Condition {
		for key, raw := range keys {
			c, err := parseCondition(operator, key, raw)
			if err != nil {
				return s, err
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return s, nil
}

// parsePrincipal reads whom a statement is about. Accounts, roles and users are
// never a service.
func (s *statement) parsePrincipal(raw json.RawMessage) error {
	var everyone string
	if json.Unmarshal(raw, &everyone) == nil {
		if everyone != "*" {
			return fmt.Errorf("principal %q is not known", everyone)
		}
		s.anyone = true
		return nil
	}
	var in struct{ AWS, Service, Federated, CanonicalUser list }
	if err := strict(raw, &in); err != nil {
		return fmt.Errorf("principal: %w", err)
	}
	for _, name := range in.AWS {
		s.anyone = s.anyone || name == "*"
	}
	s.services = in.Service
	return nil
}

// keys are the known condition keys, in small letters.
var keys = map[string]func(Call) string{
	"aws:sourcearn":             func(c Call) string { return c.Source },
	"aws:sourceaccount":         func(c Call) string { return c.Account },
	"aws:securetransport":       func(Call) string { return "true" },
	"aws:principalisawsservice": func(Call) string { return "true" },
	"aws:principalservicename":  func(c Call) string { return c.Service },
}

// operators are the known condition operators.
var operators = map[string]func(want, have string) bool{
	"StringEquals":    func(want, have string) bool { return want == have },
	"StringNotEquals": func(want, have string) bool { return want != have },
	"StringLike":      glob,
	"StringNotLike":   func(want, have string) bool { return !glob(want, have) },
	"ArnEquals":       arnLike,
	"ArnLike":         arnLike,
	"ArnNotEquals":    func(want, have string) bool { return !arnLike(want, have) },
	"ArnNotLike":      func(want, have string) bool { return !arnLike(want, have) },
	"Bool":            strings.EqualFold,
}

func parseCondition(operator, key string, raw json.RawMessage) (condition, error) {
	c := condition{fits: operators[strings.TrimSuffix(operator, "IfExists")], key: keys[strings.ToLower(key)]}
	if c.fits == nil || c.key == nil {
		return c, fmt.Errorf("condition %s of %s is not known", operator, key)
	}
	var flag bool
	if json.Unmarshal(raw, &flag) == nil {
		c.values = []string{fmt.Sprint(flag)}
		return c, nil
	}
	if err := json.Unmarshal(raw, (*list)(&c.values)); err != nil {
		return c, fmt.Errorf("condition %s of %s: %w", operator, key, err)
	}
	if len(c.values) == 0 {
		return c, fmt.Errorf("condition %s of %s has no values", operator, key)
	}
	if strings.Contains(operator, "Not") { // none of the values may be it
		fits, values := c.fits, c.values
		c.values = []string{""}
		c.fits = func(_, have string) bool {
			for _, v := range values {
				if !fits(v, have) {
					return false
				}
			}
			return true
		}
	}
	return c, nil
}

// Allows reports whether the policy permits a call: a statement allows it, and none
// denies it. A nil policy permits nothing.
func (p *Policy) Allows(c Call) bool {
	if p == nil {
		return false
	}
	allowed := false
	for _, s := range p.statements {
		if !s.applies(c) {
			continue
		}
		if !s.allow {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s *statement) applies(c Call) bool {
	named := s.anyone
	for _, service := range s.services {
		named = named || service == c.Service || service == "*"
	}
	if !named || !anyOf(s.resources, c.Resource) {
		return false
	}
	lower := make([]string, len(s.actions))
	for i, a := range s.actions {
		lower[i] = strings.ToLower(a)
	}
	if !anyOf(lower, strings.ToLower(c.Action)) {
		return false
	}
	for _, condition := range s.conditions {
		holds := false
		for _, want := range condition.values {
			holds = holds || condition.fits(want, condition.key(c))
		}
		if !holds {
			return false
		}
	}
	return true
}

func anyOf(patterns []string, text string) bool {
	for _, p := range patterns {
		if glob(p, text) {
			return true
		}
	}
	return false
}

// arnLike compares the six parts of ARNs, so that a star does not reach over a colon
// of the first five.
func arnLike(want, have string) bool {
	a, b := strings.SplitN(want, ":", 6), strings.SplitN(have, ":", 6)
	if len(a) != 6 || len(b) != 6 {
		return want == "*" && len(b) == 6
	}
	for i := range a {
		if !glob(a[i], b[i]) {
			return false
		}
	}
	return true
}

// glob reports whether text fits pattern, in which * stands for any characters and
// ? for one.
func glob(pattern, text string) bool {
	star, mark := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			return fmt.Errorf("the element %s is not known", strings.Trim(name, `"`))
		}
		return errors.New("it is not the JSON of a policy")
	}
	return nil
}
