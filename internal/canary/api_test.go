package canary

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/stack"
	"omnihub/internal/team"
)

// What goes through the API of a person, and what a team says of itself.
const (
	shopName    = "Canary-Shop Lin 林金絲雀"
	shopEmail   = "canary.lin@shop.example"
	shopPhone   = "+886933918274"
	shopWritten = "886-933-918-274" // the same number, as somebody writes it
	shopNote    = "canary-note 她怕貓 <b>"
	shopValue   = "canary-value-of-an-attribute"
	shopMember  = "CANARY-M-55021"
	shopCRM     = "CANARY-CRM-7781"
	shopWords   = "canary-words of a member 您好"

	tagName     = "canary-tag 金絲雀標"
	staffName   = "Canary-Staff 陳金絲"
	staffEmail  = "canary.staff@shop.example"
	staffSub    = "canary.subject.4471"
	keyName     = "canary-key of the till"
	repeatKey   = "canary-idempotency-key-5521"
	rivalSub    = "canary-rival-9911"
	joinedBy    = "canary-reason of a join"
	shoeSize    = "canary_shoe" // the key of an attribute is none: it stands in keys
	rivalTeam   = hub.TeamID("rival")
	missingHome = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// given are the canaries by how requests carry them.
var given = []string{shopName, shopEmail, shopPhone, shopWritten, shopNote, shopValue, shopMember, shopCRM, shopWords, tagName, staffName, staffEmail, staffSub}

// object is a JSON object.
type object = map[string]any

// office plays what people and programs do through the API.
type office struct {
	*scene
	tokens    map[string]string // by role
	rival     string            // a token of another team's admin
	key       string            // a program's
	shop, mei string            // contacts
	thread    string            // mei's
}

func newOffice(s *scene) *office {
	s.t.Helper()
	o := &office{scene: s, tokens: s.demo.Tokens}
	for role, t := range o.tokens {
		o.bearer("the token of the "+role, t)
	}
	for what, v := range map[string]string{
		"a contact's name": shopName, "a contact's e-mail": shopEmail, "a contact's number": shopPhone, "a contact's number, as it was written": shopWritten,
		"a contact's note": shopNote, "a contact's attribute": shopValue, "a contact's member id": shopMember, "a contact's CRM id": shopCRM,
		"what a member wrote": shopWords, "the digits of a contact's number": shopPhone[1:],
	} {
		s.flock.add(word, what, v)
	}
	for what, v := range map[string]string{
		"a tag's name": tagName, "a key's name": keyName, "the reason of a join": joinedBy,
	} {
		s.flock.add(setting, what, v)
	}
	for what, v := range map[string]string{
		"a member's name": staffName, "a member's e-mail": staffEmail, "a member's subject": staffSub, "another member's subject": rivalSub,
	} {
		s.flock.add(staff, what, v)
	}
	s.flock.add(secret, "an Idempotency-Key", repeatKey)

	st := o.composer().Store
	setup := settings.Setup{Store: st, Keyring: o.keyring()}
	s.must(setup.Team(s.ctx, rivalTeam, "Rival"))
	people := &team.Office{Store: st, Settings: o.composer().Settings, Now: time.Now}
	_, err := people.Add(s.ctx, rivalTeam, hub.Actor{Kind: hub.ActorHub, ID: "canary"}, team.NewMember{Subject: rivalSub, Role: hub.Admin})
	s.must(err)
	o.rival, err = s.Token(s.ctx, map[string]string{"subject": rivalSub})
	s.must(err)
	o.bearer("the token of another team's admin", o.rival)
	return o
}

// bearer adds a token, and its signature alone.
func (o *office) bearer(what, token string) {
	o.flock.add(secret, what, token)
	o.flock.add(secret, what+", its signature", token[strings.LastIndex(token, ".")+1:])
}

// ask makes a request below the demo team. What the API says of a request that it refuses
// is searched, and all headers; want is the status, 0 = any of a refusal.
func (o *office) ask(bearer string, want int, q stack.Ask) stack.Answer {
	o.t.Helper()
	switch {
	case strings.HasPrefix(q.Path, "//"): // a whole path
		q.Path = q.Path[1:]
	case strings.HasPrefix(bearer, "ohk_"):
		q.Path = "/open/v1/teams/" + o.demo.Team + q.Path
	default:
		q.Path = "/v1/teams/" + o.demo.Team + q.Path
	}
	q.Bearer = bearer
	a, err := o.Ask(o.ctx, q)
	o.must(err)
	fmt.Fprintf(&o.answers, "%d %v %s\n", a.Status, a.Header, a.Text("next"))
	if a.Status >= 400 {
		o.answers.Write(append(a.Raw, '\n'))
	}
	if want != 0 && a.Status != want || want == 0 && a.Status/100 != 4 {
		o.t.Errorf("%s %s: got %d %s, want %d", q.Method, q.Path, a.Status, a.Raw, want)
	}
	return a
}

func (o *office) admin(want int, method, path string, body any) stack.Answer {
	o.t.Helper()
	return o.ask(o.tokens["admin"], want, stack.Ask{Method: method, Path: path, Body: body})
}

// play lets members and programs work, make every mistake, and meet a cloud that fails;
// then it looks everywhere.
func (o *office) play() {
	o.t.Helper()
	before := len(o.Log())
	o.work()
	o.must(o.Idle(o.ctx, time.Minute))
	o.mistakes()
	o.strangers()
	o.failing()
	o.must(o.Idle(o.ctx, time.Minute))
	o.search() // before what lives for a day only is gone
	o.late()
	o.must(o.Idle(o.ctx, time.Minute))
	o.shown("the API", o.Log()[before:], []string{
		"kind=createContact", "kind=listContacts", "kind=upsertContact", "kind=sendMessage", "kind=createKey", "kind=addMember",
		"code=bad_request", "code=not_found", "code=forbidden", "code=transient", "code=too_large", "key refused", `error="store: edit profile`, "a tag could not be ended",
	})
	o.silent()
	o.search()
}

// work is what goes well.
func (o *office) work() {
	o.t.Helper()
	s := o.scene
	s.act("line", platforms()["line"], fake.Act{Text: "ping"})
	s.must(s.Idle(s.ctx, time.Minute))
	o.mei = o.admin(200, "GET", "/contacts?account=line1", nil).Text("items", 0, "id")
	o.thread = o.admin(200, "GET", "/contacts/"+o.mei+"/threads", nil).Text("items", 0, "id")

	o.admin(201, "POST", "/attributes", object{"key": shoeSize, "type": "text"})
	o.admin(201, "POST", "/tags", object{"name": tagName, "description": tagName, "days": 30})
	person := object{
		"name": shopName, "email": shopEmail, "phone": shopWritten, "note": shopNote, "member_id": shopMember, "crm_id": shopCRM,
		"attributes": object{shoeSize: shopValue}, "tags": []string{tagName},
	}
	post := stack.Ask{Method: "POST", Path: "/contacts", Body: person, Header: map[string]string{"Idempotency-Key": repeatKey}}
	o.shop = o.ask(o.tokens["admin"], 201, post).Text("id")
	o.ask(o.tokens["admin"], 201, post)
	post.Body = object{"name": shopName}
	o.ask(o.tokens["admin"], 422, post)
	o.admin(409, "POST", "/contacts", object{"member_id": shopMember, "name": shopName})
	o.admin(200, "PATCH", "/contacts/"+o.mei, object{"phone": shopPhone, "email": strings.ToUpper(shopEmail), "note": shopNote})
	o.admin(200, "PATCH", "/contacts/"+o.mei+"/tags", object{"tags_to_add": []string{tagName}})
	s.must(s.Idle(s.ctx, time.Minute))
	for _, query := range []string{"email=" + shopEmail, "phone=" + url.QueryEscape(shopPhone), "phone=" + shopWritten, "member_id=" + shopMember, "crm_id=" + shopCRM, "tag=" + url.QueryEscape(tagName)} {
		found := o.admin(200, "GET", "/contacts?limit=1&"+query, nil)
		if found.Text("items", 0, "id") == "" {
			s.t.Errorf("?%s finds nobody", query)
		}
		if next := found.Text("next"); next != "" {
			o.admin(200, "GET", "/contacts?limit=1&"+query+"&cursor="+url.QueryEscape(next), nil)
		}
	}
	if o.admin(200, "GET", "/contacts/"+o.mei+"/candidates", nil).Text("items", 0, "reason") == "" {
		s.t.Error("nobody was taken for the same person")
	}
	o.admin(200, "POST", "/contacts/"+o.mei+"/joins", object{"with": o.shop, "why": joinedBy})
	o.admin(200, "GET", "/contacts/"+o.mei+"/joins/"+o.shop, nil)
	o.admin(200, "POST", "/contacts/"+o.mei+"/joins:undo", object{"pairs": [][2]string{{o.mei, o.shop}}})
	o.admin(200, "PATCH", "/contacts/"+o.shop, object{"name": nil, "email": "new." + shopEmail})
	o.admin(200, "PATCH", "/contacts/"+o.shop, object{"name": shopName, "email": shopEmail})

	member := o.admin(201, "POST", "/members", object{"subject": staffSub, "name": staffName, "email": staffEmail, "role": "agent"})
	o.admin(0, "POST", "/members", object{"subject": staffSub, "name": staffName, "email": staffEmail, "role": "marketer"})
	o.ask(o.tokens["admin"], 200, stack.Ask{
		Method: "PATCH", Path: "/members/" + member.Text("id"), Body: object{"email": "x." + staffEmail, "name": staffName + "!"},
		Header: map[string]string{"If-Match": member.Header.Get("ETag")},
	})

	made := o.ask(o.tokens["admin"], 201, stack.Ask{
		Method: "POST", Path: "/keys", Header: map[string]string{"Idempotency-Key": repeatKey},
		Body: object{"name": keyName, "scopes": []string{"contacts:read", "contacts:write", "tags:write"}},
	})
	o.key = made.Text("key")
	o.flock.add(secret, "a program's key", o.key)
	o.flock.add(secret, "the secret of a program's key", o.key[strings.LastIndex(o.key, "_")+1:])
	o.ask(o.key, 200, stack.Ask{Method: "POST", Path: "/contacts:upsert", Body: object{"match": "email", "email": shopEmail + ".tw", "name": shopName, "tags_to_add": []string{tagName}}})
	o.ask(o.key, 200, stack.Ask{Method: "GET", Path: "/contacts?email=" + shopEmail})

	conversation := o.admin(200, "GET", "/threads/"+o.thread, nil).Text("conversation", "id")
	o.admin(200, "POST", "/threads/"+o.thread+"/accept", object{"conversation": conversation})
	o.admin(202, "POST", "/threads/"+o.thread+"/messages", object{"content": object{"type": "text", "text": shopWords}})
	o.admin(202, "POST", "/messages", object{"account": "line1", "to": shopMember, "content": object{"type": "text", "text": shopWords}})
	o.admin(200, "GET", "/audit?day="+time.Now().UTC().Format(time.DateOnly), nil)
}

// late lets match and the daily check of tags fail at first.
func (o *office) late() {
	o.t.Helper()
	fails := func(caller, operation string) {
		o.must(o.Faults(o.ctx, map[string]any{stack.AWS: raw(`{"seed":1,"rules":[{"service":"dynamodb","operation":"` + operation +
			`","caller":"` + caller + `","resource":"*","fault":"internal","rate":1}]}`)}))
	}
	fails("match", "*")
	o.admin(200, "PATCH", "/contacts/"+o.mei, object{"email": "another." + shopEmail})
	o.sign(`receives=1 code=transient error="store: read profile`)
	o.admin(204, "DELETE", "/keys/"+strings.Split(o.key, "_")[2], nil)
	fails("tagexpiry", "TransactWriteItems")
	_, err := o.AdvanceClock(o.ctx, 31*24*time.Hour)
	o.must(err)
	o.sign("a tag could not be ended")
	o.must(o.Faults(o.ctx, map[string]any{stack.AWS: nil}))
	for range 2 {
		_, err = o.AdvanceClock(o.ctx, time.Hour)
		o.must(err)
	}
	for role, old := range o.tokens {
		if role == "admin" || role == "agent" {
			o.ask(old, 401, stack.Ask{Method: "GET", Path: "/members"})
		}
	}
	o.ask(o.key, 403, stack.Ask{Method: "GET", Path: "/contacts"})
}

// silent looks at what nobody but the caller may be told: the audit tells of personal
// values by hashes, and the bus of what happened to contacts, not what is known of them.
func (o *office) silent() {
	o.t.Helper()
	events, err := o.Events(o.ctx, 0)
	o.must(err)
	seen := map[string]bool{}
	for _, e := range events {
		if seen[e.DetailType] = true; strings.HasPrefix(e.DetailType, "contact.") {
			o.flock.look("event "+e.DetailType, e.Detail, customers...)
		}
	}
	for _, kind := range []string{hub.ContactChanged, hub.ContactCreated, hub.ContactCandidate, hub.ContactLinked, hub.ContactUnlinked, hub.TagApplied, hub.TagRemoved} {
		if !seen[kind] {
			o.t.Errorf("the bus told nothing of %s: it was searched in vain", kind)
		}
	}
	audit, stored := 0, map[string]bool{}
	for _, v := range values(o.ctx, o.t, o.Stack) {
		if v.audit() {
			audit++
		}
		for _, c := range o.flock.canaries {
			if !v.key() && c.in(v.bytes) {
				stored[c.name] = true
			}
		}
	}
	if audit < 100 {
		o.t.Errorf("got %d attributes of the audit, want those of all that was changed", audit)
	}
	for _, c := range o.flock.canaries {
		written := strings.Contains(c.name, "written")
		if (c.kind == setting || c.kind == staff || strings.HasPrefix(c.name, "a contact's") && !written || c.name == "what a member wrote") && !stored[c.name] {
			o.t.Errorf("%s is stored nowhere: it was looked for in vain", c.name)
		}
	}
	if n := strings.Count(o.answers.String(), "urn:omnihub:problem:"); n < 1000 {
		o.t.Errorf("got %d problems, want those of all that was refused", n)
	}
}
