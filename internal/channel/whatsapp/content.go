package whatsapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// bodyOf makes the body of a send, or refuses what Capabilities cannot tell.
func bodyOf(op string, m channel.Outgoing) (any, error) {
	e := envelope{Product: product, RecipientType: "individual", Ref: m.Ref}
	switch to := whoseIs(m.To.Reveal()); {
	case to.Phone != "":
		e.To = to.Phone
	case to.User != "":
		e.Recipient = to.User
	case to.group != "":
		e.To, e.RecipientType = to.group, "group"
	default:
		return nil, hub.E(hub.Unreachable, op, errors.New("the recipient is no id of WhatsApp"))
	}
	if m.Content.ReplyTo != "" {
		e.Context = &quoted{m.Content.ReplyTo}
	}
	if m.Content.Type == hub.Native {
		body, err := native(e, m.Content.Native)
		if err != nil {
			return nil, hub.E(hub.Unsupported, op, err)
		}
		return body, nil
	}
	o, err := objectOf(m.Content)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, err)
	}
	return struct {
		envelope
		object
	}{e, o}, nil
}

// objectOf makes the message object of a content.
func objectOf(c hub.Content) (object, error) {
	switch {
	case c.Type == hub.Text:
		return object{Type: "text", Text: &textObject{Body: c.Text}}, nil
	case c.Type == hub.Image && c.Media != nil:
		return object{Type: "image", Image: &file{Link: c.Media.URL, Caption: c.Text}}, nil
	case c.Type == hub.Video && c.Media != nil:
		return object{Type: "video", Video: &file{Link: c.Media.URL, Caption: c.Text}}, nil
	case c.Type == hub.Audio && c.Media != nil:
		return object{Type: "audio", Audio: &file{Link: c.Media.URL}}, nil
	case c.Type == hub.File && c.Media != nil:
		return object{Type: "document", Document: &file{Link: c.Media.URL, Caption: c.Text, Filename: c.Media.Name}}, nil
	case c.Type == hub.Sticker && c.Media != nil:
		return object{Type: "sticker", Sticker: &file{Link: c.Media.URL}}, nil
	case c.Type == hub.Location && c.Place != nil:
		place, err := locationOf(*c.Place)
		return object{Type: "location", Location: place}, err
	case c.Type == hub.Template && c.Template != nil:
		t, err := templateOf(*c.Template)
		return object{Type: "template", Template: t}, err
	}
	i, err := interactiveOf(c)
	return object{Type: "interactive", Interactive: i}, err
}

func locationOf(p hub.Place) (*location, error) {
	if !(p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180) {
		return nil, errors.New("the place is not on the map")
	}
	return &location{Latitude: p.Latitude, Longitude: p.Longitude, Name: p.Title, Address: p.Address}, nil
}

// interactiveOf makes buttons, a link, a list or a form.
func interactiveOf(c hub.Content) (*interactive, error) {
	out := &interactive{Body: line{c.Text}}
	switch {
	case c.Type == hub.Buttons && len(c.Buttons) == 1 && c.Buttons[0].URL != "":
		if !isWeb(c.Buttons[0].URL) {
			return nil, errors.New("a link opens a page by http or https")
		}
		out.Type = "cta_url"
		out.Action = action{Name: "cta_url", Parameters: linkParameters{c.Buttons[0].Title, c.Buttons[0].URL}}
	case c.Type == hub.Buttons && len(c.Buttons) > 0:
		out.Type = "button"
		for _, b := range c.Buttons {
			out.Action.Buttons = append(out.Action.Buttons, replyButton{"reply", row{ID: b.Data, Title: b.Title}})
		}
		if repeated(out.Action.Buttons) {
			return nil, errors.New("each button needs a title, and data, of its own")
		}
	case c.Type == hub.Menu && c.List != nil:
		out.Type, out.Action.Button = "list", c.List.Button
		for _, s := range c.List.Sections {
			if len(s.Rows) == 0 {
				return nil, errors.New("a section has no rows")
			}
			rows := make([]row, 0, len(s.Rows))
			for _, r := range s.Rows {
				rows = append(rows, row{ID: r.Data, Title: r.Title, Description: r.Description})
			}
			out.Action.Sections = append(out.Action.Sections, section{s.Title, rows})
		}
	case c.Type == hub.Form && c.Form != nil:
		parameters, err := formOf(*c.Form)
		if err != nil {
			return nil, err
		}
		out.Type, out.Action = "flow", action{Name: "flow", Parameters: parameters}
	default:
		return nil, fmt.Errorf("message type %q, or what it needs is missing", c.Type)
	}
	if c.Footer != "" {
		out.Footer = &line{c.Footer}
	}
	var err error
	out.Header, err = headerOf(c)
	return out, err
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func repeated(buttons []replyButton) bool {
	seen := map[string]bool{}
	for _, b := range buttons {
		if seen["id "+b.Reply.ID] || seen["title "+b.Reply.Title] {
			return true
		}
		seen["id "+b.Reply.ID], seen["title "+b.Reply.Title] = true, true
	}
	return false
}

// headerOf is what stands above the body: a text or a medium.
func headerOf(c hub.Content) (*header, error) {
	switch {
	case c.Header != "" && c.Media != nil:
		return nil, errors.New("header and media do not stand together")
	case c.Header != "":
		return &header{Type: "text", Text: c.Header}, nil
	case c.Media == nil:
		return nil, nil
	}
	switch channel.KindOf(*c.Media) {
	case hub.Image:
		return &header{Type: "image", Image: &file{Link: c.Media.URL}}, nil
	case hub.Video:
		return &header{Type: "video", Video: &file{Link: c.Media.URL}}, nil
	case hub.File, hub.Audio:
		return &header{Type: "document", Document: &file{Link: c.Media.URL, Filename: c.Media.Name}}, nil
	}
	return nil, errors.New("the medium above the body needs a mime type")
}

// formOf invites to a Flow.
func formOf(f hub.FormCall) (*flowParameters, error) {
	out := &flowParameters{Version: "3", Token: f.Token, ID: f.ID, Name: f.Name, Title: f.Title, Action: "data_exchange"}
	data, err := membersOf(f.Data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the form's data: %w", err)
	case f.Screen != "":
		out.Action, out.Payload = "navigate", &payload{f.Screen, data}
	case len(data) > 0:
		return nil, errors.New("the form's data need a screen to start with")
	}
	if f.Draft {
		out.Mode = "draft"
	}
	return out, nil
}

// membersOf decodes a JSON object's members, each value as it is. No bytes give none.
func membersOf(data json.RawMessage) (map[string]json.RawMessage, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(data, &out); err != nil || out == nil {
		return nil, errors.New("not a JSON object")
	}
	return out, nil
}

// native is a message object in WhatsApp's own words: its type, and the member that
// bears the type's name. To whom it goes and what it answers is not its to say.
func native(e envelope, data json.RawMessage) (map[string]json.RawMessage, error) {
	own, err := membersOf(data)
	if err != nil {
		return nil, err
	}
	var kind string
	if json.Unmarshal(own["type"], &kind) != nil || kind == "" || own[kind] == nil {
		return nil, errors.New("a native message needs a type, and the member of that name")
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		return nil, errors.New("encode the envelope")
	}
	out, err := membersOf(encoded)
	if err != nil {
		return nil, err
	}
	for name, value := range own {
		switch name {
		case "messaging_product", "recipient_type", "to", "recipient", "context", "biz_opaque_callback_data",
			"status", "message_id", "typing_indicator":
			return nil, fmt.Errorf("a native message has no %s of its own", name)
		}
		out[name] = value
	}
	return out, nil
}

// Preview is the body of a send without its recipient.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	const op = "whatsapp: preview"
	if m.Type == hub.Native {
		if _, err := native(envelope{}, m.Native); err != nil {
			return nil, hub.E(hub.Unsupported, op, err)
		}
		return m.Native, nil
	}
	o, err := objectOf(m)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, err)
	}
	out, err := json.Marshal(o)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, errors.New("it is no JSON"))
	}
	return out, nil
}
