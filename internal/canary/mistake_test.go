package canary

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"omnihub/internal/stack"
)

// bodies are bodies that no operation takes, all of them with a value in what an error
// text could repeat.
func bodies(value string) []any {
	text, _ := json.Marshal(value)
	long := strings.Repeat(value+" ", 2100/len(value)+1)
	return []any{
		object{"name": object{"name": value}}, object{"name": []string{value}}, object{"email": value + "@"}, object{"phone": value + "x"},
		object{"birthday": value}, object{"language": value}, object{"note": long}, object{"name": long}, object{"member_id": long},
		object{"member_id": value + "\x00"}, object{"attributes": object{shoeSize: object{"v": value}}}, object{"attributes": object{"nosuch": value}},
		object{"attributes": object{shoeSize: long + long}}, object{"tags": value}, object{"tags": []any{value, value}}, object{"tags": []string{long}},
		object{"subject": value + " 金", "role": value}, object{"role": value, "subject": "x"}, object{"name": value, "scopes": []string{value}},
		object{"key": value, "type": value}, object{"with": value, "why": value}, object{"pairs": [][]string{{value, value}}},
		object{"conversation": value, "last_message": value}, object{"content": object{"type": value, "text": value}},
		object{"content": object{"type": "text", "text": long + long + long}}, object{"content": value}, object{"match": value, "email": value},
		object{"match": "email", "email": value + " "}, object{"user": object{"account": "line1", "external_id": value}}, object{"state": value},
		object{"account": "line1", "to": value, "content": object{"type": "image", "url": value}}, object{"days": value}, object{"name": nil, "days": value},
		object{"id": "canary", "connection": "canary", "channel": "line", "secrets": object{"access_token": value, "channel_secret": value}},
		object{"field": "email", "value": value}, object{"confirm": value}, object{"marketing": value}, object{"up_to": value},
		[]string{value}, `{"name":` + string(text), `{"name":` + string(text) + `} ` + string(text), `{"name":` + string(text) + `,"name":` + string(text) + `}`,
		`{"name":"` + value + "\xff" + `"}`, string(text), value, `{"name":` + strings.Repeat("[", 40) + string(text) + strings.Repeat("]", 40) + `}`,
	}
}

// mistakes are requests that are refused for what they give, of a member, of a program
// and of nobody.
func (o *office) mistakes() {
	o.t.Helper()
	targets := []struct{ method, path string }{
		{"POST", "/contacts"}, {"PATCH", "/contacts/" + o.shop}, {"POST", "/contacts:upsert"}, {"PATCH", "/contacts/" + o.shop + "/tags"}, {"POST", "/tags"},
		{"POST", "/members"}, {"POST", "/keys"}, {"POST", "/attributes"}, {"POST", "/contacts/" + o.mei + "/joins"}, {"POST", "/threads/" + o.thread + "/messages"},
		{"POST", "/messages"}, {"POST", "/accounts"}, {"POST", "/threads/" + o.thread + "/close"}, {"POST", "/erasures:allow"},
		{"PUT", "/contacts/" + o.mei + "/never/" + o.shop}, {"POST", "/contacts/" + o.shop + "/erasure"}, {"PUT", "/contacts/" + o.shop + "/subscription"},
	}
	admin, refused := o.tokens["admin"], 0
	// Each body goes to one target at least, and each target gets a dozen of each value.
	for v, value := range given {
		for b, body := range bodies(value) {
			t := targets[(b+v)%len(targets)]
			a, err := o.Ask(o.ctx, stack.Ask{Method: t.method, Path: "/v1/teams/" + o.demo.Team + t.path, Bearer: admin, Body: body})
			o.must(err)
			if a.Status >= 400 {
				refused++
				fmt.Fprintf(&o.answers, "%d %v %s\n", a.Status, a.Header, a.Raw)
			}
			if a.Status >= 500 {
				o.t.Errorf("%s %s: got %d %s", t.method, t.path, a.Status, a.Raw)
			}
		}
	}
	if refused < 400 {
		o.t.Errorf("got %d requests refused, want nearly all", refused)
	}
	for _, value := range given {
		in, q := url.PathEscape(value), url.QueryEscape(value)
		for _, path := range []string{
			"/contacts/" + in, "/contacts/" + missingHome + "/joins/" + in, "/tags/" + in, "/threads/" + in, "/members/" + in, "/keys/" + in, "/" + in,
			"/accounts/" + in, "/quarantine/" + in, "/erasures/" + in, "/attributes/" + in, "//v1/teams/" + in + "/contacts", "//v1/" + in, "//" + in,
			"/contacts?limit=" + q, "/contacts?cursor=" + q, "/contacts?email=" + q + "&phone=" + q, "/contacts?email=" + q + "&email=" + q, "/audit?day=" + q,
			"/contacts?tag=" + q + "&cursor=" + q, "/contacts?email=x" + q + "%00", "/contacts?phone=x" + q, "/contacts?email=%zz" + q,
			"/conversations?cursor=" + q, "/contacts?channel=" + q + "&limit=0", "/tags?limit=101&cursor=" + q,
		} {
			o.ask(admin, 0, stack.Ask{Method: "GET", Path: path})
		}
		header := func(name, v string) map[string]string { return map[string]string{name: v} }
		ascii := strings.Map(func(r rune) rune { return min(r, '~') }, value)
		patch := stack.Ask{Method: "PATCH", Path: "/contacts/" + o.shop, Body: object{"name": object{}}}
		for _, h := range []map[string]string{
			header("Content-Type", "text/"+ascii), header("Idempotency-Key", value+" "), header("X-Request-Id", ascii), header("Cookie", "c="+q),
			header("User-Agent", ascii), header("Referer", "https://x.example/"+q), header("X-Amzn-Trace-Id", ascii), header("X-Forwarded-For", ascii),
		} {
			patch.Header = h
			o.ask(admin, 0, patch)
		}
		o.ask(admin, 0, stack.Ask{Method: "PATCH", Path: "/tags/" + strings.Repeat("a", 20), Body: object{"days": 3}, Header: header("If-Match", ascii)})
		o.ask(admin, 0, stack.Ask{Method: "GET", Path: "/contacts", Body: object{"name": value}})
		o.ask(admin, 0, stack.Ask{Method: "OPTIONS", Path: "/contacts/" + in, Body: object{"name": value}})
	}
	// Of the names of members and parameters that there are not the caller is told, but
	// nobody else.
	for _, value := range given {
		for _, q := range []stack.Ask{
			{Method: "POST", Path: "/contacts", Body: object{value: value}}, {Method: "POST", Path: "/contacts", Body: object{"attributes": object{value: value}}},
			{Method: "GET", Path: "/contacts?" + url.QueryEscape(value) + "=x"},
		} {
			q.Path, q.Bearer = "/v1/teams/"+o.demo.Team+q.Path, admin
			a, err := o.Ask(o.ctx, q)
			o.must(err)
			if a.Status != 400 {
				o.t.Errorf("%s %s: got %d, want 400", q.Method, q.Path, a.Status)
			}
		}
	}
	o.ask(admin, 413, stack.Ask{Method: "POST", Path: "/contacts", Body: `{"name":"` + strings.Repeat(shopName, 1<<20/len(shopName)+1) + `"}`})
}

// strangers are those whom the API does not let in, or not to that.
func (o *office) strangers() {
	o.t.Helper()
	person := object{"name": shopName, "email": shopEmail, "phone": shopPhone}
	elsewhere, err := o.Token(o.ctx, map[string]string{"subject": staffSub, "client_id": "another-client"})
	o.must(err)
	expired, err := o.Token(o.ctx, map[string]string{"subject": staffSub, "email": staffEmail, "ttl": "-1m"})
	o.must(err)
	unknown, err := o.Token(o.ctx, map[string]string{"subject": staffSub + "-x", "email": staffEmail, "name": staffEmail})
	o.must(err)
	for what, t := range map[string]string{"another client's token": elsewhere, "an expired token": expired, "a token of nobody": unknown} {
		o.bearer(what, t)
	}
	admin := o.tokens["admin"]
	for _, w := range []struct {
		bearer string
		want   int
	}{
		{"", 401}, {elsewhere, 401}, {expired, 401}, {admin[:len(admin)-9] + "AAAAAAAAA", 401}, {o.key, 401}, {shopEmail, 401},
		{unknown, 404}, {o.rival, 404}, {o.tokens["agent"], 403},
	} {
		for _, q := range []stack.Ask{
			{Method: "POST", Path: "/contacts", Body: person}, {Method: "POST", Path: "/contacts:upsert", Body: person},
			{Method: "PATCH", Path: "/contacts/" + o.shop, Body: person}, {Method: "POST", Path: "/members", Body: object{"subject": staffSub, "role": "admin"}},
		} {
			q.Path = "//v1/teams/" + o.demo.Team + q.Path
			o.ask(w.bearer, w.want, q)
		}
	}
	altered := o.key[:len(o.key)-2] + "zz"
	o.flock.add(secret, "a key with another end", altered)
	for _, bearer := range []string{"", altered, admin, shopEmail, "ohk_" + o.demo.Team + "_" + shopEmail} {
		o.ask(bearer, 0, stack.Ask{Method: "GET", Path: "//open/v1/teams/" + o.demo.Team + "/contacts?email=" + shopEmail})
	}
	o.ask(o.key, 404, stack.Ask{Method: "GET", Path: "//open/v1/teams/" + string(rivalTeam) + "/contacts?email=" + shopEmail})
	o.ask(o.key, 403, stack.Ask{Method: "GET", Path: "/threads/" + o.thread + "/messages"})
	for _, body := range bodies(shopEmail) {
		o.ask(o.key, 0, stack.Ask{Method: "POST", Path: "/tags", Body: body})
	}
}

// failing lets the tables fail in each way under everything that bears a canary.
func (o *office) failing() {
	o.t.Helper()
	person := object{"name": shopName, "email": shopEmail, "phone": shopPhone, "note": shopNote, "attributes": object{shoeSize: shopValue}}
	upsert := object{"match": "email", "email": shopEmail, "name": shopName, "tags_to_add": []string{tagName}}
	tried := map[int]int{}
	for fault, operations := range map[string][]string{
		"internal": {"GetItem", "Query", "TransactWriteItems", "*"}, "throttle": {"GetItem", "TransactWriteItems", "*"},
		"conflict": {"TransactWriteItems"}, "lose": {"GetItem", "TransactWriteItems"}, "drop": {"TransactWriteItems", "PutItem"},
	} {
		for _, operation := range operations {
			o.must(o.Faults(o.ctx, map[string]any{stack.AWS: raw(`{"seed":1,"rules":[{"service":"dynamodb","operation":"` + operation +
				`","caller":"*","resource":"*","fault":"` + fault + `","rate":1}]}`)}))
			for _, q := range []stack.Ask{
				{Method: "PATCH", Path: "/contacts/" + o.shop, Body: person},
				{Method: "POST", Path: "/contacts:upsert", Body: upsert, Header: map[string]string{"Idempotency-Key": repeatKey + fault + operation}},
				{Method: "GET", Path: "/contacts?email=" + shopEmail},
				{Method: "POST", Path: "/members", Body: object{"subject": staffSub, "name": staffName, "role": "agent"}},
				{Method: "POST", Path: "/tags", Body: object{"name": tagName}},
			} {
				q.Path, q.Bearer = "/v1/teams/"+o.demo.Team+q.Path, o.tokens["admin"]
				a, err := o.Ask(o.ctx, q)
				o.must(err)
				tried[a.Status/100]++
				if a.Status >= 400 {
					fmt.Fprintf(&o.answers, "%d %v %s\n", a.Status, a.Header, a.Raw)
				}
			}
			a, err := o.Ask(o.ctx, stack.Ask{Method: "GET", Path: "/open/v1/teams/" + o.demo.Team + "/contacts", Bearer: o.key[:len(o.key)-2] + operation[:1] + fault[:1]})
			o.must(err)
			fmt.Fprintf(&o.answers, "%d %v %s\n", a.Status, a.Header, a.Raw)
		}
	}
	o.must(o.Faults(o.ctx, map[string]any{stack.AWS: nil}))
	if tried[5] < 30 {
		o.t.Errorf("got %v answers by hundreds of their status, want that the faults strike", tried)
	}
}
