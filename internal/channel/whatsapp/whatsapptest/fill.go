package whatsapptest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFilled is the longest body of a template whose blanks are filled.
const maxFilled = 1024

// fill reads a template's send: which one, and what its blanks and buttons get.
// p.Mu is held.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/template-messages
func (p *platform) fill(n *number, q *request, m *object) {
	name := m.Text("name", true, 512)
	language := m.Child("language")
	code := language.Text("code", true, 20)
	language.OneOf("policy", false, "deterministic")
	language.Only()
	components := m.List("components", false, 20)
	m.Only()
	if m.Fault != nil {
		return
	}
	t := p.templates[(&template{Name: name, Language: code}).key(n.waba)]
	if t == nil {
		m.Refuse(refuse(132001, "template name (%s) does not exist in %s", name, code))
		return
	}
	t.sendable(m)
	q.template = t
	var header, body *object
	buttons := map[int]*object{}
	for _, c := range components {
		switch c.OneOf("type", true, "header", "body", "button") {
		case "header":
			if header != nil {
				c.Refuse(refuse(131009, "%s comes twice", c.At))
			}
			header = c
		case "body":
			if body != nil {
				c.Refuse(refuse(131009, "%s comes twice", c.At))
			}
			body = c
		case "button":
			i := indexOf(c)
			if buttons[i] != nil {
				c.Refuse(refuse(131009, "%s comes twice", c.At))
			}
			buttons[i] = c
		}
	}
	if m.Fault != nil {
		return
	}
	t.fillHeader(m, header)
	q.text = filled(m, body, "body", t.component("BODY").Text)
	if utf8.RuneCountInString(q.text) > maxFilled {
		m.Refuse(refuse(132005, ""))
	}
	own := t.component("BUTTONS").Buttons
	for i := range own {
		q.fillButton(m, own[i], i, buttons[i])
		delete(buttons, i)
	}
	for i := range buttons {
		m.Refuse(refuse(132000, "buttons: Button at index %d does not exist in the template", i))
	}
}

// parameters are the values that a component gives; none if it is nil.
func parameters(o *object) []*object {
	if o == nil {
		return nil
	}
	list := o.List("parameters", false, 100)
	o.Only()
	return list
}

// counted refuses another number of parameters than the template has.
func counted(m *object, place string, got, want int) bool {
	if got != want {
		m.Refuse(refuse(132000, "%s: number of localizable_params (%d) does not match the expected number of params (%d)", place, got, want))
	}
	return m.Fault == nil
}

// fillHeader reads what the header gets.
func (t *template) fillHeader(m, given *object) {
	own := t.component("HEADER")
	if own.Format == "TEXT" || own.Format == "" {
		filled(m, given, "header", own.Text)
		return
	}
	list := parameters(given)
	if len(list) == 0 {
		m.Refuse(refuse(132012, "header: Format mismatch, expected %s, received UNKNOWN", own.Format))
	}
	if m.Fault != nil || !counted(m, "header", len(list), 1) {
		return
	}
	one, want := list[0], strings.ToLower(own.Format)
	if one.Text("type", true, 20) != want {
		one.Refuse(refuse(132012, "header: Format mismatch, expected %s", own.Format))
	}
	if want == "location" {
		place(one.Child("location"))
	} else {
		mediaOf(one.Child(want), want)
	}
	one.Only()
}

// filled gives a text with its blanks filled.
func filled(m, given *object, place, text string) string {
	names, list := blanks(text), parameters(given)
	if !counted(m, place, len(list), len(names)) {
		return ""
	}
	values := map[string]string{}
	for i, one := range list {
		name := strconv.Itoa(i + 1)
		if _, err := strconv.Atoi(names[i]); err != nil {
			if name = one.Text("parameter_name", false, 100); name == "" {
				one.Refuse(refuse(100, "Parameter name is missing or empty"))
			}
		}
		values[name] = worded(one)
		one.Only()
	}
	for _, name := range names {
		if _, ok := values[name]; !ok {
			m.Refuse(refuse(132012, "%s: a parameter has not the name of the template's", place))
		}
	}
	return blank.ReplaceAllStringFunc(text, func(b string) string { return values[strings.Trim(b, "{}")] })
}

// worded reads a parameter that stands for words.
func worded(o *object) string {
	switch form := o.Text("type", true, 20); form {
	case "text":
		return o.Text("text", true, 32768)
	case "currency", "date_time":
		c := o.Child(form)
		return c.Text("fallback_value", true, 1000)
	default:
		o.Refuse(refuse(132012, "Parameter %s must be of type text", o.At))
		return ""
	}
}

// indexOf reads which of the template's buttons is meant; a string or a number.
func indexOf(o *object) int {
	raw, ok := o.Need("index")
	if !ok {
		return 0
	}
	i, err := strconv.Atoi(string(bytes.Trim(raw, `"`)))
	if err != nil || i < 0 || i > 9 {
		o.Refuse(refuse(131009, "%s must be from 0 to 9", o.Path("index")))
	}
	return i
}

// fillButton reads what a button gets, and notes what it shows.
func (q *request) fillButton(m *object, own templateButton, at int, given *object) {
	kind := strings.ToLower(own.Type)
	var one *object
	if given != nil {
		if sub := given.Text("sub_type", true, 20); sub != kind && m.Fault == nil {
			m.Refuse(refuse(132012, "buttons: Button at index %d is not of type %s", at, sub))
		}
		list := parameters(given)
		if len(list) > 1 {
			counted(m, "button "+strconv.Itoa(at), len(list), 1)
		}
		if len(list) > 0 {
			one = list[0]
		}
	}
	needed := own.Type == "COPY_CODE" || own.Type == "URL" && len(blanks(own.URL)) > 0
	if one == nil && needed {
		m.Refuse(refuse(131008, "buttons: Button at index %d of type %s requires a parameter", at, own.Type))
	}
	if m.Fault != nil {
		return
	}
	is := func(want string) {
		if got := one.Text("type", true, 20); got != want {
			one.Refuse(refuse(132012, "buttons: Button at index %d needs a parameter of type %s", at, want))
		}
	}
	switch {
	case own.Type == "QUICK_REPLY":
		s := shown{Kind: "button", Data: own.Text, Title: own.Text}
		if one != nil {
			is("payload")
			s.Data = one.Text("payload", true, 256)
		}
		q.shown = append(q.shown, s)
	case own.Type == "FLOW":
		q.form = &form{Token: "unused"} // what Meta gives if the send brings none
		if one != nil {
			is("action")
			action := one.Child("action")
			if token := action.Text("flow_token", false, 1000); token != "" {
				q.form.Token = token
			}
			if action.Has("flow_action_data") {
				action.Child("flow_action_data")
			}
			action.Only()
		}
	case own.Type == "COPY_CODE":
		is("coupon_code")
		one.Text("coupon_code", true, 20)
	case needed:
		is("text")
		one.Text("text", true, 2000)
	case one != nil:
		m.Refuse(refuse(132000, "buttons: Button at index %d takes no parameters", at))
	}
	if one != nil {
		one.Only()
	}
}
