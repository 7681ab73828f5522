package canary

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/stack"
	"omnihub/internal/store"
)

// The customer's own words. Each is looked for.
const (
	name   = "Canary-Wu Meihua 吳美華"
	phone  = "0912-733-918-canary"
	email  = "canary.meihua@example.com"
	said   = "my-canary-words are 我的金絲雀"
	wrote  = "our-canary-answer to 金絲雀"
	forged = "forged-canary-4f1e9a0b7c"
)

// scene is a stack with its canaries.
type scene struct {
	t   *testing.T
	ctx context.Context
	*stack.Stack
	demo    stack.Demo
	flock   *flock
	answers bytes.Buffer // what the hub said to webhooks
	to      map[string]string
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.Log())
	}
}

// account is a channel's first account.
func (s *scene) account(kind string) fake.Account {
	for _, a := range s.demo.Accounts {
		if a.Channel == kind {
			return a.Account
		}
	}
	s.t.Fatalf("the demo team has no account of %s", kind)
	return fake.Account{}
}

// act lets the customer act, and takes ids and tokens out of the webhook.
func (s *scene) act(kind string, p platform, a fake.Act) fake.Delivery {
	s.t.Helper()
	if a.Account == "" {
		a.Account = s.account(kind).ID
	}
	if a.From == "" {
		a.From = name
	}
	d, err := s.Customer(s.ctx, kind, a)
	s.must(err)
	for _, pattern := range p.people {
		for _, id := range matches(pattern, d.Body) {
			if id == s.account(kind).ExternalID {
				continue // what the account wrote itself
			}
			s.flock.add(person, "an id or number of a customer of "+kind, id)
			if s.to[kind] == "" {
				s.to[kind] = id
			}
		}
	}
	for _, pattern := range p.tokens {
		for _, v := range matches(pattern, d.Body) {
			s.flock.add(token, "a token of "+kind, v)
		}
	}
	return d
}

func matches(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// refused posts webhooks that the hub must not take, all of them with canaries in
// what an error text could repeat.
func (s *scene) refused(kind string, p platform) {
	s.t.Helper()
	a := s.account(kind)
	held := s.act(kind, p, fake.Act{Text: said, Hold: true})
	signature := ""
	for header := range held.Header {
		if strings.Contains(strings.ToLower(header), "signature") {
			signature = header
		}
	}
	if signature == "" {
		s.t.Fatalf("%s: no signature among %v", kind, held.Header)
	}
	query, secrets := "", ""
	for field, v := range a.Secrets {
		query += "&" + field + "=" + url.QueryEscape(v)
		secrets += v
	}
	at := func(address string) string { return address + "?text=" + forged + query }
	for _, r := range []struct {
		method, address, signature, body string
		want                             int
	}{
		{"POST", held.URL, forged, held.Body, 401},
		{"POST", at(held.URL), "", held.Body, 401},
		{"POST", held.URL, "sha256=" + secrets, held.Body, 401},
		{"POST", at(held.URL + "x"), held.Header[signature], held.Body, 404},
		{"POST", strings.Replace(held.URL, "/webhooks/"+kind, "/webhooks/nosuch", 1), held.Header[signature], held.Body, 404},
		{"PUT", at(held.URL), held.Header[signature], held.Body, 405},
		{"GET", held.URL + "?hub.mode=subscribe&hub.challenge=" + forged + "&hub.verify_token=" + forged + query, "", "", 0},
		{"POST", held.URL, forged, strings.Repeat(said+forged, 3<<20/(len(said)+len(forged))+1), 413},
	} {
		req, err := http.NewRequestWithContext(s.ctx, r.method, r.address, strings.NewReader(r.body))
		s.must(err)
		req.Header.Set(signature, r.signature)
		status := s.answer(req)
		if r.want != 0 && status != r.want || status/100 != 4 {
			s.t.Errorf("%s %s: got %d, want %d", kind, r.method, status, r.want)
		}
	}
	// Signed, but not what the platform documents, or not for us.
	broken := brokenJSON
	if p.broken != nil {
		broken = p.broken
	}
	for _, b := range broken(held.Body) {
		s.act(kind, p, b)
	}
	if p.astray != nil {
		s.act(kind, p, fake.Act{Extra: encoded(map[string]string{"type": "raw", "body": p.astray(held.Body, a)})})
	}
}

func encoded(v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// post delivers a webhook that was held back.
func (s *scene) post(d fake.Delivery) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, "POST", d.URL, strings.NewReader(d.Body))
	s.must(err)
	for header, v := range d.Header {
		req.Header.Set(header, v)
	}
	return s.answer(req)
}

// answer makes a request and keeps what the hub says to it.
func (s *scene) answer(r *http.Request) int {
	s.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	s.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	fmt.Fprintf(&s.answers, "%s %v %s\n", resp.Status, resp.Header, body)
	return resp.StatusCode
}

// composer sends as a program does that works beside the functions.
func (s *scene) composer() *chat.Composer {
	st := &store.Store{DB: dynamodb.NewFromConfig(config(s.Stack)), Now: time.Now, Tables: store.Tables{
		Config: "omnihub-ConfigTable", Messages: "omnihub-MessagesTable", Ledger: "omnihub-LedgerTable", Contacts: "omnihub-ContactsTable",
	}}
	return &chat.Composer{
		Store: st, Settings: settings.NewReader(st, s.keyring(), time.Now),
		Adapters: all.Adapters(channel.Platform{}), Now: time.Now,
	}
}

const keyID = "alias/omnihub-secrets"

// keyring opens and seals as the hub's operator does.
func (s *scene) keyring() *seal.Keyring {
	return seal.NewKeyring(kms.NewFromConfig(config(s.Stack)), keyID)
}

// keys adds what only the hub knows: the team's pepper, its data keys, and the keys
// of webhook paths.
func (s *scene) keys() {
	s.t.Helper()
	c := s.composer()
	team, err := c.Settings.Team(s.ctx, hub.TeamID(s.demo.Team))
	s.must(err)
	s.flock.add(secret, "the team's pepper", string(team.Pepper))
	it, err := c.Store.Team(s.ctx, team.ID, store.Strict)
	s.must(err)
	edge, err := c.Store.EdgeKeys(s.ctx, store.Strict)
	s.must(err)
	for _, k := range it.Keys {
		s.unwrap("a data key of the team", k, map[string]string{"purpose": "team data key", "team": string(team.ID)})
	}
	for _, k := range edge {
		s.unwrap("a key of webhook paths", k, map[string]string{"purpose": "webhook path ids"})
	}
}

func (s *scene) unwrap(what string, k store.WrappedKey, bound map[string]string) {
	s.t.Helper()
	key, err := s.keyring().Unwrap(s.ctx, k.Wrapped, bound)
	s.must(err)
	s.flock.add(secret, what, string(key))
}

// send writes to the customer.
func (s *scene) send(kind string, class hub.Class) {
	s.t.Helper()
	s.write(kind, s.to[kind], class, hub.TextContent(wrote+" "+name+" "+phone))
}

func (s *scene) write(kind, to string, class hub.Class, c hub.Content) {
	s.t.Helper()
	_, _, err := s.composer().Send(s.ctx, chat.Draft{
		Team: hub.TeamID(s.demo.Team), Account: hub.AccountID(s.account(kind).ID), To: to, Class: class,
		Content: c, By: "canary",
	})
	s.must(err)
}

// sends lets the platform fail in every way while something is sent.
func (s *scene) sends(kind string, p platform) {
	s.t.Helper()
	s.send(kind, hub.ClassPerson)
	s.must(s.Idle(s.ctx, time.Minute))
	if p.nobody != "" {
		s.flock.add(person, "an id of nobody of "+kind, p.nobody)
		s.write(kind, p.nobody, hub.ClassTransactional, hub.TextContent(wrote))
		s.must(s.Idle(s.ctx, time.Minute))
	}
	if p.buttons {
		data := "canary-choice-" + phone
		s.write(kind, s.to[kind], hub.ClassTransactional, hub.Content{Type: hub.Buttons, Text: wrote + " " + name, Buttons: []hub.Button{{Title: "Canary", Data: data}}})
		s.must(s.Idle(s.ctx, time.Minute))
		s.act(kind, p, fake.Act{Button: data})
		s.must(s.Idle(s.ctx, time.Minute))
	}
	for _, f := range p.faults {
		s.must(s.Faults(s.ctx, map[string]any{kind: raw(f.plan)}))
		before := len(s.Log())
		s.send(kind, hub.ClassTransactional)
		s.act(kind, p, fake.Act{Text: "ping"})
		for try := 0; !strings.Contains(s.Log()[before:], f.sign); try++ {
			if try == 50 {
				s.t.Fatalf("%s: the fault %s shows nowhere as %q\n%s", kind, f.plan, f.sign, s.Log()[before:])
			}
			_, err := s.AdvanceClock(s.ctx, 5*time.Second)
			s.must(err)
		}
		s.must(s.Faults(s.ctx, map[string]any{kind: nil}))
		for range 2 { // once for the sends that wait, once for those that waited behind them
			_, err := s.AdvanceClock(s.ctx, 10*time.Minute)
			s.must(err)
			s.must(s.Idle(s.ctx, time.Minute))
		}
	}
	s.must(s.Idle(s.ctx, time.Minute))
}
