package whatsapp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"omnihub/internal/hub"
)

// templateOf fills in a template.
func templateOf(t hub.TemplateCall) (*template, error) {
	out := &template{Name: t.Name, Language: language{t.Language}}
	if t.Header != nil {
		p, err := headerParameter(*t.Header)
		if err != nil {
			return nil, err
		}
		out.Components = append(out.Components, component{Type: "header", Parameters: []parameter{p}})
	}
	if len(t.Body) > 0 {
		body := component{Type: "body"}
		for _, b := range t.Body {
			p, err := blank(b)
			if err != nil {
				return nil, err
			}
			body.Parameters = append(body.Parameters, p)
		}
		out.Components = append(out.Components, body)
	}
	for _, b := range t.Buttons {
		kind, p, err := buttonParameter(b)
		if err != nil {
			return nil, err
		}
		out.Components = append(out.Components,
			component{Type: "button", SubType: kind, Index: strconv.Itoa(b.Index), Parameters: []parameter{p}})
	}
	return out, nil
}

func blank(b hub.Blank) (parameter, error) {
	if b.Value == "" {
		return parameter{}, errors.New("a template's blank is left empty")
	}
	return parameter{Type: "text", Name: b.Name, Text: b.Value}, nil
}

// headerParameter is what a header has: a text, a medium or a place.
func headerParameter(h hub.TemplateHeader) (parameter, error) {
	switch {
	case h.Text != nil && h.Media == nil && h.Place == nil:
		return blank(*h.Text)
	case h.Place != nil && h.Text == nil && h.Media == nil:
		place, err := locationOf(*h.Place)
		return parameter{Type: "location", Location: place}, err
	case h.Media == nil || h.Text != nil || h.Place != nil:
		return parameter{}, errors.New("a template's header is a text, a medium or a place")
	case !strings.HasPrefix(h.Media.URL, "https://"):
		return parameter{}, errors.New("the medium of a template's header has no https address")
	}
	f := &file{Link: h.Media.URL}
	switch h.Kind {
	case hub.Image:
		return parameter{Type: "image", Image: f}, nil
	case hub.Video:
		return parameter{Type: "video", Video: f}, nil
	case hub.File:
		f.Filename = h.Media.Name
		return parameter{Type: "document", Document: f}, nil
	}
	return parameter{}, fmt.Errorf("a template's header takes no medium of the kind %q", h.Kind)
}

// buttonParameter is the one thing that fills a button, and the button's kind.
func buttonParameter(b hub.TemplateButton) (kind string, p parameter, err error) {
	set := 0
	for _, value := range []string{b.Data, b.URL, b.Code} {
		if value != "" {
			set++
		}
	}
	if b.Form != nil {
		set++
	}
	if set != 1 || b.Index < 0 {
		return "", parameter{}, errors.New("a template's button takes one of data, url, code and form")
	}
	switch {
	case b.Data != "":
		return "quick_reply", parameter{Type: "payload", Payload: b.Data}, nil
	case b.URL != "":
		return "url", parameter{Type: "text", Text: b.URL}, nil
	case b.Code != "":
		return "copy_code", parameter{Type: "coupon_code", Coupon: b.Code}, nil
	}
	data, err := membersOf(b.Form.Data)
	if err != nil {
		return "", parameter{}, fmt.Errorf("the form's data: %w", err)
	}
	return "flow", parameter{Type: "action", Action: &flowAction{b.Form.Token, data}}, nil
}
