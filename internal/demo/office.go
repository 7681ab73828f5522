package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// The members of the scenes.
const (
	admin          = string(hub.Admin)
	marketer       = string(hub.Marketer)
	marketingAgent = string(hub.MarketingAgent)
	agent          = string(hub.Agent)
)

// object is a JSON object.
type object map[string]any

// calls asks the API as a member, and expects a status.
func (p *play) calls(role, method, path string, body any, want string) (stack.Answer, error) {
	return p.asks(role, stack.Ask{Method: method, Path: path, Body: body}, want)
}

// asks is calls with headers.
func (p *play) asks(role string, q stack.Ask, want string) (stack.Answer, error) {
	a, err := p.stack.CallWith(p.ctx, role, q)
	if err == nil {
		p.answered(role, q.Method, q.Path, a, want)
	}
	return a, err
}

// runs asks the API as a program with a key.
func (p *play) runs(key, method, path string, body any, want string) (stack.Answer, error) {
	a, err := p.stack.CallOpen(p.ctx, key, method, path, body)
	if err == nil {
		p.answered("a program", method, path, a, want)
	}
	return a, err
}

// answered holds an answer of the API against a status, with the problem's code if it
// has one: "201", "404 not_found".
func (p *play) answered(who, method, path string, a stack.Answer, want string) {
	for id, name := range p.names {
		path = strings.ReplaceAll(path, id, name)
	}
	p.expect(fmt.Sprintf("%s %s by %s", method, path, who), outcome(a), want)
}

// outcome is the status of an answer and the code of its problem.
func outcome(a stack.Answer) string {
	return strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Text("code")))
}

// name gives an id a name in the timeline, and answers the id.
func (p *play) name(id, name string) string {
	if id != "" {
		p.names[id] = "<" + name + ">"
	}
	return id
}

// named are the names of ids in the timeline.
func (p *play) named(list []string) string {
	names := []string{}
	for _, id := range list {
		names = append(names, cmp.Or(p.names[id], "somebody"))
	}
	return cmp.Or(strings.Join(names, " "), "nobody")
}

// ids are the ids of a list's entries, and homesOf and tagsOf those of the homes and the
// names of the tags in an answer that shows a contact.
func ids(a stack.Answer) []string     { return each(a, "items", "id") }
func homesOf(a stack.Answer) []string { return each(a, "homes", "id") }
func tagsOf(a stack.Answer) []string  { return each(a, "tags", "name") }

// each is one member of all entries of a list.
func each(a stack.Answer, list, member string) []string {
	texts := []string{}
	entries, _ := a.Value(list).([]any)
	for i := range entries {
		texts = append(texts, a.Text(list, i, member))
	}
	return texts
}

// home is the home of a customer of LINE who writes.
func (p *play) home(customer, text string) (thread, string, error) {
	if _, err := p.customer(fake.Act{From: customer, Text: text}); err != nil {
		return thread{}, "", err
	}
	th, err := p.rest(line, customer)
	if err != nil {
		return thread{}, "", err
	}
	p.name(string(th.User), customer+"'s thread")
	return th, p.name(string(p.view.pepper.Home(th.Account, th.External.Reveal(), th.Epoch)), customer), nil
}

// kept makes a contact, changes it and finds it again.
func kept(p *play) error {
	given := object{"name": "Lin Mei", "member_id": "M-1027", "email": "Mei@Example.com", "phone": "+886 912 345 678", "tags": []string{"VIP"}}
	post := stack.Ask{Method: "POST", Path: "/contacts", Body: given, Header: map[string]string{"Idempotency-Key": "lin-mei-1"}}
	first, err := p.asks(admin, post, "201")
	if err != nil {
		return err
	}
	mei := p.name(first.Text("id"), "lin")
	again, err := p.asks(admin, post, "201")
	if err != nil {
		return err
	}
	p.expect("the same Idempotency-Key makes no second one", again.Text("id") == mei && again.Header.Get("Idempotency-Replayed") == "true", true)
	p.expect("her address and number in one way of writing", first.Text("email")+" "+first.Text("phone"), "mei@example.com +886912345678")
	given["name"] = "Somebody else"
	if _, err := p.asks(admin, post, "422 idempotency_key_reused"); err != nil {
		return err
	}
	if _, err := p.calls(admin, "POST", "/contacts", object{"member_id": "M-1027"}, "409 member_id_taken"); err != nil {
		return err
	}
	bad, err := p.calls(admin, "PATCH", "/contacts/"+mei, object{"email": "nowhere"}, "400 bad_request")
	if err != nil {
		return err
	}
	p.expect("the problem names the field", bad.Text("errors", 0, "field"), "/email")

	if _, err := p.calls(admin, "POST", "/attributes", object{"key": "shoe_size", "type": "number"}, "201"); err != nil {
		return err
	}
	changed, err := p.calls(marketer, "PATCH", "/contacts/"+mei, object{"name": "Lin-Chen Mei", "attributes": object{"shoe_size": 38.5}}, "200")
	if err != nil {
		return err
	}
	p.expect("the name and the size of her shoes", changed.Text("name")+", "+changed.Text("attributes", "shoe_size"), "Lin-Chen Mei, 38.5")
	if _, err := p.calls(agent, "PATCH", "/contacts/"+mei, object{"name": "Mei"}, "403 forbidden"); err != nil {
		return err
	}
	tagged, err := p.calls(agent, "PATCH", "/contacts/"+mei+"/tags", object{"tags_to_add": []string{"walk-in"}, "tags_to_remove": []string{"VIP"}}, "200")
	if err != nil {
		return err
	}
	p.expect("her tags", tagsOf(tagged), "[walk-in]")
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return err
	}
	for _, query := range []struct{ by, finds string }{
		{"email=mei@example.com", "<lin>"}, {"phone=886-912-345-678", "<lin>"}, {"member_id=M-1027", "<lin>"}, {"tag=walk-in", "<lin>"}, {"tag=VIP", "nobody"}, {"email=nobody@example.com", "nobody"},
	} {
		found, err := p.calls(agent, "GET", "/contacts?"+query.by, nil, "200")
		if err != nil {
			return err
		}
		p.expect("  finds", p.named(ids(found)), query.finds)
	}
	return nil
}

// joined makes one contact of two that share a phone number, and two again.
func joined(p *play) error {
	_, iris, err := p.home("iris", "hello")
	if err != nil {
		return err
	}
	made, err := p.calls(admin, "POST", "/contacts", object{"name": "Iris of the shop", "member_id": "M-2044", "phone": "+886922333444"}, "201")
	if err != nil {
		return err
	}
	shop := p.name(made.Text("id"), "shop")
	if _, err := p.calls(admin, "PATCH", "/contacts/"+iris, object{"phone": "886 922 333 444", "note": "asked for tea"}, "200"); err != nil {
		return err
	}
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return err
	}
	list, err := p.calls(marketer, "GET", "/contacts/"+iris+"/candidates", nil, "200")
	if err != nil {
		return err
	}
	a, b := hub.EdgeOf(hub.HomeID(iris), hub.HomeID(shop))
	p.expect("match found who may be the same", p.named([]string{list.Text("items", 0, "a"), list.Text("items", 0, "b")})+" "+list.Text("items", 0, "reason"),
		p.named([]string{string(a), string(b)})+" "+hub.ReasonPhone)
	before, err := p.calls(admin, "GET", "/contacts/"+iris, nil, "200")
	if err != nil {
		return err
	}
	if _, err := p.calls(marketer, "GET", "/contacts/"+iris+"/joins/"+shop, nil, "404 not_found"); err != nil {
		return err
	}
	one, err := p.calls(marketer, "POST", "/contacts/"+iris+"/joins", object{"with": shop, "why": "showed her card"}, "200")
	if err != nil {
		return err
	}
	p.expect("one contact of two homes, with all that is known of both",
		fmt.Sprint(len(homesOf(one)), " ", one.Text("member_id"), " ", one.Text("note")), "2 M-2044 asked for tea")
	why, err := p.calls(agent, "GET", "/contacts/"+iris+"/joins/"+shop, nil, "200")
	if err != nil {
		return err
	}
	p.expect("why they are one", why.Text("joins", 0, "evidence")+": "+why.Text("joins", 0, "detail"), string(hub.EvidencePerson)+": showed her card")
	left, err := p.calls(marketer, "GET", "/contacts/"+iris+"/candidates", nil, "200")
	if err != nil {
		return err
	}
	p.expect("the question is decided", left.Text("items", 0, "decision"), "joined")
	if _, err := p.calls(marketer, "POST", "/contacts/"+iris+"/joins:undo", object{"pairs": [][2]string{{iris, shop}}}, "200"); err != nil {
		return err
	}
	after, err := p.calls(admin, "GET", "/contacts/"+iris, nil, "200")
	if err != nil {
		return err
	}
	p.expect("she is byte for byte who she was", string(after.Raw) == string(before.Raw), true)
	if _, err := p.calls(admin, "PUT", "/contacts/"+iris+"/never/"+shop, object{"why": "mother and daughter"}, "204"); err != nil {
		return err
	}
	_, err = p.calls(admin, "POST", "/contacts/"+iris+"/joins", object{"with": shop}, "409 never_join")
	return err
}
