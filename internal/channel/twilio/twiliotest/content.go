package twiliotest

import (
	_ "embed" // contents.json
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// content is a template of Twilio's.
// https://www.twilio.com/docs/content
type content struct {
	SID     string   `json:"sid"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Status  string   `json:"status"` // at WhatsApp: approved, unsubmitted (for answers only), rejected, paused, disabled
	Body    string   `json:"body"`
	Media   string   `json:"media,omitempty"`
	Actions []action `json:"actions,omitempty"`
}

type action struct {
	Title string `json:"title"`
	ID    string `json:"id"`
}

//go:embed contents.json
var contents []byte

// builtIn are the templates that are there from the start.
func builtIn() map[string]*content {
	var list []*content
	if err := json.Unmarshal(contents, &list); err != nil {
		panic(err) // the file is part of the package
	}
	out := map[string]*content{}
	for _, c := range list {
		out[c.SID] = c
	}
	return out
}

// define reads a template that a tester makes.
func define(raw json.RawMessage) (*content, error) {
	var c content
	if err := fake.Strict(raw, &c); err != nil {
		return nil, fmt.Errorf("twiliotest: act: content: %w", err)
	}
	if c.Status == "" {
		c.Status = "approved"
	}
	if !isSID(c.SID, "HX") || c.Body == "" {
		return nil, errors.New("twiliotest: act: a content has a sid (HX and 32 digits) and a body")
	}
	return &c, nil
}

var blank = regexp.MustCompile(`\{\{([^{}]+)\}\}`)

// fill puts in the variables, and tells which error that comes to: 63028 if they are
// not the template's own.
func (c *content) fill(variables map[string]string) (text string, failing int) {
	wanted := map[string]bool{}
	for _, of := range []string{c.Body, c.Media, fmt.Sprint(c.Actions)} {
		for _, m := range blank.FindAllStringSubmatch(of, -1) {
			wanted[m[1]] = true
		}
	}
	for name := range wanted {
		if _, ok := variables[name]; !ok {
			failing = 63028
		}
	}
	if len(variables) > len(wanted) {
		failing = 63028
	}
	return put(c.Body, variables), failing
}

func put(text string, variables map[string]string) string {
	return blank.ReplaceAllStringFunc(text, func(m string) string { return variables[strings.Trim(m, "{}")] })
}

// standing is the error of a template that cannot be sent to somebody who was silent
// for a day, or at all.
func (c *content) standing(open bool) int {
	switch c.Status {
	case "approved":
		return 0
	case "rejected":
		return 63040
	case "paused":
		return 63041
	case "disabled":
		return 63042
	}
	if open {
		return 0
	}
	return 63016
}

// shows is what there is to tap in a message of the template.
func (c *content) shows(message string, variables map[string]string) []shown {
	var out []shown
	for _, a := range c.Actions {
		s := shown{Message: message, Kind: "quick", Title: put(a.Title, variables), Data: put(a.ID, variables), Approved: c.Status == "approved"}
		if c.Type == "twilio/list-picker" {
			s.Kind = "list"
		}
		out = append(out, s)
	}
	return out
}

// variablesOf reads ContentVariables: a JSON object of texts, none of them empty.
// https://www.twilio.com/docs/api/errors/21656
func variablesOf(text string) (map[string]string, bool) {
	if text == "" {
		return nil, true
	}
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return nil, false
	}
	out := map[string]string{}
	for name, v := range members {
		value, ok := v.(string)
		if !ok || value == "" {
			return nil, false
		}
		out[name] = value
	}
	return out, true
}
