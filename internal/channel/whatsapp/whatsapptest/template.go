package whatsapptest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"omnihub/internal/channel/fake"
)

// template is a message that Meta has approved, or did once.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
type template struct {
	Name       string              `json:"name"`
	Language   string              `json:"language"`
	Category   string              `json:"category"`         // UTILITY, MARKETING, AUTHENTICATION
	Status     string              `json:"status,omitempty"` // APPROVED if empty, PAUSED, DISABLED; with any other it cannot be sent
	Components []templateComponent `json:"components"`
}

type templateComponent struct {
	Type    string           `json:"type"`             // HEADER, BODY, FOOTER, BUTTONS
	Format  string           `json:"format,omitempty"` // of a header: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION
	Text    string           `json:"text,omitempty"`
	Buttons []templateButton `json:"buttons,omitempty"`
}

type templateButton struct {
	Type string `json:"type"` // QUICK_REPLY, URL, FLOW, COPY_CODE, PHONE_NUMBER
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// approvedTemplates are those that every WABA has from the start.
//
//go:embed templates.json
var approvedTemplates []byte

func approved() []*template {
	var list []*template
	if err := fake.Strict(approvedTemplates, &list); err != nil {
		panic(err) // the file is a part of this package
	}
	return list
}

func (t *template) key(waba string) string { return waba + " " + t.Name + " " + t.Language }

// id is the template's id at Meta.
func (t *template) id(waba string) int64 {
	id, _ := strconv.ParseInt("1"+fake.Digits(15, "template", t.key(waba)), 10, 64) // 16 digits always fit
	return id
}

func (t *template) component(kind string) templateComponent {
	for _, c := range t.Components {
		if c.Type == kind {
			return c
		}
	}
	return templateComponent{}
}

var (
	templateName     = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	templateLanguage = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z]{2})?$`)
	blank            = regexp.MustCompile(`\{\{(\w+)\}\}`)
)

// defineTemplate reads a template that a tester defines.
func defineTemplate(raw json.RawMessage) (*template, error) {
	t := &template{}
	if err := fake.Strict(raw, t); err != nil {
		return nil, fmt.Errorf("whatsapptest: act: template: %w", err)
	}
	among := func(s string, values string) bool { return s != "" && strings.Contains(" "+values+" ", " "+s+" ") }
	ok := templateName.MatchString(t.Name) && templateLanguage.MatchString(t.Language) &&
		among(t.Category, "UTILITY MARKETING AUTHENTICATION") && t.component("BODY").Text != ""
	for _, c := range t.Components {
		ok = ok && among(c.Type, "HEADER BODY FOOTER BUTTONS") &&
			(c.Type != "HEADER" || among(c.Format, "TEXT IMAGE VIDEO DOCUMENT LOCATION"))
		for _, b := range c.Buttons {
			ok = ok && among(b.Type, "QUICK_REPLY URL FLOW COPY_CODE PHONE_NUMBER") && b.Text != ""
		}
	}
	if !ok {
		return nil, errors.New("whatsapptest: act: template: a template has a name, a language, a category, and components with a body, as in Meta's documents")
	}
	return t, nil
}

// blanks are the names of a text's blanks, each once, in order.
func blanks(text string) []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range blank.FindAllStringSubmatch(text, -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			names = append(names, m[1])
		}
	}
	return names
}

// sendable refuses a template that cannot be sent now.
func (t *template) sendable(o *object) {
	switch t.Status {
	case "", "APPROVED":
	case "PAUSED":
		o.Refuse(refuse(132015, ""))
	case "DISABLED":
		o.Refuse(refuse(132016, ""))
	default:
		o.Refuse(refuse(132001, "The template is not approved"))
	}
}
