package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"omnihub/internal/localaws/wire"
)

// renderer makes the text that a target gets of an event. Its error tells why there
// is none.
type renderer func(ev *event, r *rule) (string, error)

// newRenderer reads how a target wants its input: as it is, a constant, a part, or
// a template.
func newRenderer(t Target) (renderer, error) {
	given := 0
	for _, is := range []bool{t.Input != "", t.InputPath != "", t.InputTransformer != nil} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, wire.Validation("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.Id)
	case t.Input != "":
		return constant(t)
	case t.InputPath != "":
		return part(t)
	case t.InputTransformer != nil:
		return newTemplate(t)
	}
	return func(ev *event, _ *rule) (string, error) { return ev.text, nil }, nil
}

func constant(t Target) (renderer, error) {
	if err := checkText(t.Input, "targets.member.input", 0, 8192); err != nil {
		return nil, err
	}
	if !json.Valid([]byte(t.Input)) {
		return nil, wire.Validation("JSON syntax error in input for target %s : the text is not JSON.", t.Id)
	}
	return func(*event, *rule) (string, error) { return t.Input, nil }, nil
}

func part(t Target) (renderer, error) {
	if err := checkText(t.InputPath, "targets.member.inputPath", 0, 256); err != nil {
		return nil, err
	}
	p, err := parsePath(t.InputPath)
	if err != nil {
		return nil, err
	}
	return func(ev *event, _ *rule) (string, error) {
		v, found := p.find(json.RawMessage(ev.text))
		if !found {
			return "", errors.New("the event has nothing at the InputPath " + t.InputPath)
		}
		return string(v), nil
	}, nil
}

// The variables that every template has.
const (
	ruleARNVariable   = "aws.events.rule-arn"
	ruleNameVariable  = "aws.events.rule-name"
	ingestionVariable = "aws.events.event.ingestion-time"
	eventVariable     = "aws.events.event"      // the event without its detail
	eventJSONVariable = "aws.events.event.json" // the whole event
)

var ownVariables = map[string]bool{ruleARNVariable: true, ruleNameVariable: true, ingestionVariable: true, eventVariable: true, eventJSONVariable: true}

var variableForm = regexp.MustCompile(`^[A-Za-z0-9_\-]{1,256}$`)

// template is a text with variables in angle brackets.
type template struct {
	pieces []piece
	json   bool // the result must be JSON
	paths  map[string]path
}

// piece is a text, or the place of a variable.
type piece struct {
	text, variable string
	quoted         bool // the variable stands within a JSON string
}

// newTemplate reads an InputTransformer. A template in braces must be JSON once its
// variables have values, so that no variable is a key.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
func newTemplate(t Target) (renderer, error) {
	in := t.InputTransformer
	switch n := utf8.RuneCountInString(in.InputTemplate); {
	case n < 1 || n > 8192:
		return nil, constraint(in.InputTemplate, "targets.member.inputTransformer.inputTemplate", "Member must have length between 1 and 8192")
	case len(in.InputPathsMap) > 100:
		return nil, wire.Validation("InputPathsMap for target %s has more than 100 entries.", t.Id)
	}
	made := &template{paths: map[string]path{}}
	for _, name := range filtered(in.InputPathsMap, "") {
		if strings.HasPrefix(strings.ToLower(name), "aws.") || !variableForm.MatchString(name) {
			return nil, wire.Validation("InputPathsMap for target %s has the key %s, which is not allowed.", t.Id, name)
		}
		var err error
		if made.paths[name], err = parsePath(in.InputPathsMap[name]); err != nil {
			return nil, err
		}
	}
	made.pieces = split(in.InputTemplate)
	sample := make([]string, 0, len(made.pieces))
	for _, p := range made.pieces {
		switch {
		case p.variable == "":
			sample = append(sample, p.text)
		case made.paths[p.variable] == nil && !ownVariables[p.variable]:
			return nil, wire.Validation("InputTemplate for target %s contains invalid placeholder %s.", t.Id, p.variable)
		case !p.quoted:
			sample = append(sample, "0") // a value, and no key
		}
	}
	valid := json.Valid([]byte(strings.Join(sample, "")))
	switch trimmed := strings.TrimSpace(in.InputTemplate); trimmed[:min(1, len(trimmed))] {
	case "{":
		if made.json = true; !valid {
			return nil, wire.Validation("Invalid InputTemplate for target %s : it is in braces and not JSON with variables as values.", t.Id)
		}
	case "[":
		made.json = valid
	}
	return made.render, nil
}

// split finds the variables of a template and whether they stand within strings.
func split(text string) []piece {
	var pieces []piece
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '<':
			end := strings.IndexByte(text[i:], '>')
			if end < 0 {
				continue
			}
			pieces = append(pieces, piece{text: text[start:i]}, piece{variable: text[i+1 : i+end], quoted: quoted})
			i += end
			start = i + 1
		}
	}
	return append(pieces, piece{text: text[start:]})
}

func (t *template) render(ev *event, r *rule) (string, error) {
	var out bytes.Buffer
	for _, p := range t.pieces {
		if p.variable == "" {
			out.WriteString(p.text)
			continue
		}
		v, found := t.value(p.variable, ev, r)
		if !found {
			v = json.RawMessage(`""`)
		}
		if !p.quoted {
			out.Write(v)
			continue
		}
		out.WriteString(t.bare(v))
	}
	if !t.json {
		return out.String(), nil
	}
	var small bytes.Buffer
	if err := json.Compact(&small, out.Bytes()); err != nil {
		return "", errors.New("the InputTemplate with its values is not JSON")
	}
	return small.String(), nil
}

// bare writes a value within a string. The text of a string is not escaped, as AWS
// says; an object or a list loses its quotes where it need not be JSON.
func (t *template) bare(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil && v[0] == '"' {
		return text
	}
	if !t.json {
		return strings.ReplaceAll(string(v), `"`, "")
	}
	return string(v)
}

func (t *template) value(name string, ev *event, r *rule) (json.RawMessage, bool) {
	switch name {
	case ruleARNVariable:
		return appendQuoted(nil, r.arn), true
	case ruleNameVariable:
		return appendQuoted(nil, r.Name), true
	case ingestionVariable:
		return appendQuoted(nil, timeText(ev.ingested)), true
	case eventVariable:
		return ev.head(), true
	case eventJSONVariable:
		return json.RawMessage(ev.text), true
	}
	return t.paths[name].find(json.RawMessage(ev.text))
}
