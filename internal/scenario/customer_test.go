package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
	"omnihub/internal/stack"
)

// person is a customer in an account of the demo team's.
type person struct {
	account, name string
}

func (p person) channel() string { return kindOf(p.account) }

// does lets a customer act, and waits for what comes of it.
func (s *scene) does(p person, act fake.Act) {
	s.t.Helper()
	act.Account, act.From = p.account, p.name
	d, err := s.Customer(s.ctx, p.channel(), act)
	s.must(err)
	if len(d.Statuses) > 0 && d.Status != http.StatusOK {
		s.t.Fatalf("the webhook of %s was answered %d, want 200", p.name, d.Status)
	}
	s.rest()
}

func (s *scene) writes(p person, text string) {
	s.t.Helper()
	s.does(p, fake.Act{Text: text})
}

// gets are the messages that a customer got so far, oldest first.
func (s *scene) gets(p person) []fake.Call {
	s.t.Helper()
	all, err := s.Sent(s.ctx, p.channel(), p.name)
	s.must(err)
	return slices.DeleteFunc(all, func(c fake.Call) bool { return c.Account != p.account || c.Text == "" })
}

// told holds the texts that a customer got against what is wanted.
func (s *scene) told(p person, want ...string) {
	s.t.Helper()
	got := []string{}
	for _, c := range s.gets(p) {
		got = append(got, c.Text)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s in %s: got the messages %q, want %q", p.name, p.account, got, want)
	}
}

// card lets a customer ask for a campaign's card, and answers its link. The card has its
// channel's form.
func (s *scene) card(p person, word, text, button string) string {
	s.t.Helper()
	s.writes(p, word)
	all := s.gets(p)
	if len(all) == 0 {
		s.t.Fatalf("%s wrote %s and got nothing, want the card\n%s", p.name, word, warnings())
	}
	last := all[len(all)-1]
	title, link := cardOf(p.channel(), last.Body)
	if last.Text != text || title != button || !strings.HasPrefix(link, stage.front.server.URL+"/l/demo.") {
		s.t.Fatalf("%s got %s, want the card in the form of %s", p.name, last.Body, p.channel())
	}
	return link
}

// cardOf finds the one button that leads to the web in a message as it came to a platform:
// its title and its address.
func cardOf(kind, body string) (title, link string) {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return "", ""
	}
	a := stack.Answer{JSON: v}
	switch kind {
	case "line":
		if a.Text("messages", 0, "type") == "template" && a.Text("messages", 0, "template", "type") == "buttons" && a.Text("messages", 0, "template", "actions", 0, "type") == "uri" {
			return a.Text("messages", 0, "template", "actions", 0, "label"), a.Text("messages", 0, "template", "actions", 0, "uri")
		}
		if a.Text("messages", 0, "type") == "flex" { // a card with a picture
			button := stack.Answer{JSON: a.Value("messages", 0, "contents", "footer", "contents", 0, "action")}
			if button.Text("type") == "uri" {
				return button.Text("label"), button.Text("uri")
			}
		}
	case "messenger", "instagram":
		payload := stack.Answer{JSON: a.Value("message", "attachment", "payload")}
		button := stack.Answer{JSON: payload.Value("buttons", 0)}
		if payload.Text("template_type") == "generic" { // a card with a picture
			button.JSON = payload.Value("elements", 0, "buttons", 0)
		}
		if a.Text("message", "attachment", "type") == "template" && button.Text("type") == "web_url" {
			return button.Text("title"), button.Text("url")
		}
	case "whatsapp":
		if a.Text("type") == "interactive" && a.Text("interactive", "type") == "cta_url" {
			at := []any{"interactive", "action", "parameters"}
			return a.Text(append(at, "display_text")...), a.Text(append(at, "url")...)
		}
	}
	return "", ""
}

// choicesOf are the buttons that come back to the hub in a message as it came to a platform:
// the title of each, and what it bears.
func choicesOf(kind, body string) (out [][2]string) {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return nil
	}
	a := stack.Answer{JSON: v}
	form := map[string]struct {
		at          []any
		kind        string
		title, data []any
	}{
		"line":      {[]any{"messages", 0, "template", "actions"}, "postback", []any{"label"}, []any{"data"}},
		"messenger": {[]any{"message", "attachment", "payload", "buttons"}, "postback", []any{"title"}, []any{"payload"}},
		"instagram": {[]any{"message", "attachment", "payload", "buttons"}, "postback", []any{"title"}, []any{"payload"}},
		"whatsapp":  {[]any{"interactive", "action", "buttons"}, "reply", []any{"reply", "title"}, []any{"reply", "id"}},
	}[kind]
	list, _ := a.Value(form.at...).([]any)
	for _, one := range list {
		if b := (stack.Answer{JSON: one}); b.Text("type") == form.kind {
			out = append(out, [2]string{b.Text(form.title...), b.Text(form.data...)})
		}
	}
	return out
}

// warnings are what the functions have warned of, for a failure's text.
func warnings() string {
	lines := slices.DeleteFunc(strings.Split(stage.stack.Log(), "\n"), func(l string) bool { return !strings.Contains(l, "WARN") && !strings.Contains(l, "ERROR") })
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// contact is the id of a customer's own home, who has that name.
func (s *scene) contact(p person) string {
	s.t.Helper()
	id := s.seek(p)
	if id == "" {
		s.t.Fatalf("there is no contact of %s in %s", p.name, p.account)
	}
	return id
}

// seek is contact, but "" if there is none.
func (s *scene) seek(p person) string {
	s.t.Helper()
	for cursor := ""; ; {
		page := s.asks("GET", "/contacts?limit=100&account="+p.account+"&cursor="+url.QueryEscape(cursor), nil, http.StatusOK)
		items, _ := page.Value("items").([]any)
		for i := range items {
			if page.Text("items", i, "name") == p.name {
				return page.Text("items", i, "id")
			}
		}
		if cursor = page.Text("next"); cursor == "" {
			return ""
		}
	}
}

// homesOf are the accounts of a contact's homes, sorted.
func homesOf(contact stack.Answer) []string {
	homes, _ := contact.Value("homes").([]any)
	var out []string
	for i := range homes {
		out = append(out, contact.Text("homes", i, "account"))
	}
	slices.Sort(out)
	return out
}

// other is the one other home of the contact that a home belongs to.
func (s *scene) other(home string) string {
	s.t.Helper()
	one := s.asks("GET", "/contacts/"+home, nil, http.StatusOK)
	homes, _ := one.Value("homes").([]any)
	for i := range homes {
		if id := one.Text("homes", i, "id"); id != home && len(homes) == 2 {
			return id
		}
	}
	s.t.Fatalf("got the contact %s, want it with one other home\n%s", one.Raw, warnings())
	return ""
}

// joined checks that two homes are one contact by OmniLink, and who is tagged how.
func (s *scene) joined(source, target string, from, to person, sourceTag, targetTag string) {
	s.t.Helper()
	one := s.asks("GET", "/contacts/"+source, nil, http.StatusOK)
	want := []string{from.account, to.account}
	slices.Sort(want)
	if got := homesOf(one); !slices.Equal(got, want) {
		s.t.Fatalf("the contact has the homes %v, want %v", got, want)
	}
	other := s.asks("GET", "/contacts/"+target, nil, http.StatusOK)
	if string(other.Raw) != string(one.Raw) {
		s.t.Errorf("got %s for the one and %s for the other, want one contact", one.Raw, other.Raw)
	}
	why := s.asks("GET", "/contacts/"+source+"/joins/"+target, nil, http.StatusOK)
	joins, _ := why.Value("joins").([]any)
	if len(joins) != 1 || why.Text("joins", 0, "evidence") != "omnilink" {
		s.t.Errorf("why joined: got %s, want one join by omnilink", why.Raw)
	}
	tags := map[string]string{}
	borne, _ := one.Value("tags").([]any)
	for i := range borne {
		tags[one.Text("tags", i, "name")] = one.Text("tags", i, "home") + " by " + one.Text("tags", i, "source")
	}
	wanted := map[string]string{sourceTag: source + " by OmniLink", targetTag: target + " by OmniLink"}
	if fmt.Sprint(tags) != fmt.Sprint(wanted) {
		s.t.Errorf("got the tags %v, want %v", tags, wanted)
	}
}

// apart checks that a home is a contact for itself.
func (s *scene) apart(homes ...string) {
	s.t.Helper()
	for _, h := range homes {
		one := s.asks("GET", "/contacts/"+h, nil, http.StatusOK)
		if got := homesOf(one); len(got) != 1 || one.Text("id") != h {
			s.t.Errorf("got the contact %s, want one home for itself", one.Raw)
		}
	}
}
