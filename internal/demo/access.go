package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
	"omnihub/internal/team"
)

// rival is another team.
const rival = hub.TeamID("rival")

// same expects that two answers cannot be told apart.
func (p *play) same(what string, a, b stack.Answer) {
	p.expect(what, a.Status == b.Status && string(a.Raw) == string(b.Raw), true)
}

// foreign lets a member be disabled, and people ask for what is another team's.
func foreign(p *play) error {
	demo, err := p.stack.Demo(p.ctx)
	if err != nil {
		return err
	}
	of := func(role string, team hub.TeamID, path, want string) (stack.Answer, error) {
		a, err := p.stack.Ask(p.ctx, stack.Ask{Method: "GET", Path: "/v1/teams/" + string(team) + path, Bearer: demo.Tokens[role]})
		p.answered(role, "GET", "/v1/teams/"+string(team)+path, a, want)
		return a, err
	}
	none, err := of(marketer, "nosuchteam", "/contacts", "404 not_found")
	if err != nil {
		return err
	}

	members, err := p.calls(admin, "GET", "/members", nil, "200")
	if err != nil {
		return err
	}
	path := "/members/" + p.name(members.Text("items", slices.Index(each(members, "items", "role"), marketer), "id"), marketer)
	for _, step := range []struct{ state, then string }{{"disabled", "404 not_found"}, {"active", "200"}} {
		member, err := p.calls(admin, "GET", path, nil, "200")
		if err != nil {
			return err
		}
		change := stack.Ask{Method: "PATCH", Path: path, Body: object{"state": step.state}, Header: map[string]string{"If-Match": member.Header.Get("ETag")}}
		if _, err := p.asks(admin, change, "200"); err != nil {
			return err
		}
		now, err := p.calls(marketer, "GET", "/contacts", nil, step.then)
		if err != nil {
			return err
		}
		if step.state == "disabled" {
			p.same("who is disabled cannot tell the team from one that there is not", now, none)
			if _, err := p.asks(admin, change, "412 precondition_failed"); err != nil {
				return err
			}
		}
	}

	theirs, err := p.rivals()
	if err != nil {
		return err
	}
	missing := hub.HomeID(strings.Repeat("a", 32))
	p.name(string(missing), "missing")
	foreign, err := of(admin, rival, "", "404 not_found")
	if err != nil {
		return err
	}
	p.same("a foreign team cannot be told from one that there is not", foreign, none)
	contact, err := p.calls(admin, "GET", "/contacts/"+theirs, nil, "404 not_found")
	if err != nil {
		return err
	}
	unknown, err := p.calls(admin, "GET", "/contacts/"+string(missing), nil, "404 not_found")
	if err != nil {
		return err
	}
	p.same("nor a foreign contact from one that there is not", contact, unknown)
	teams, err := p.stack.Ask(p.ctx, stack.Ask{Method: "GET", Path: "/v1/teams", Bearer: demo.Tokens[admin]})
	if err != nil {
		return err
	}
	p.expect("the teams of demo's admin", teams.Text("items", 0, "team")+teams.Text("items", 1, "team"), demo.Team)
	return nil
}

// rivals makes another team with a member and a contact, and answers the contact's id.
func (p *play) rivals() (string, error) {
	if err := p.view.setup.Team(p.ctx, rival, "Rival"); err != nil {
		return "", err
	}
	_, err := p.view.office.Add(p.ctx, rival, hub.Actor{Kind: hub.ActorHub, ID: "demo"}, team.NewMember{Subject: "rival-admin", Role: hub.Admin})
	if err != nil {
		return "", err
	}
	token, err := p.stack.Token(p.ctx, map[string]string{"subject": "rival-admin"})
	if err != nil {
		return "", err
	}
	path := "/v1/teams/" + string(rival) + "/contacts"
	made, err := p.stack.Ask(p.ctx, stack.Ask{Method: "POST", Path: path, Bearer: token, Body: object{"name": "Rival's customer"}})
	if err == nil {
		p.answered("rival's admin", "POST", path, made, "201")
	}
	return p.name(made.Text("id"), "rival's"), err
}

// programmed gives a program a key, and takes it away.
func programmed(p *play) error {
	made, err := p.calls(admin, "POST", "/keys", object{"name": "shop", "scopes": []string{"contacts:read", "contacts:write"}}, "201")
	if err != nil {
		return err
	}
	id, key := p.name(made.Text("id"), "key"), made.Text("key")
	upsert := object{"match": "member_id", "member_id": "M-3001", "name": "Pat"}
	first, err := p.runs(key, "POST", "/contacts:upsert", upsert, "200")
	if err != nil {
		return err
	}
	again, err := p.runs(key, "POST", "/contacts:upsert", upsert, "200")
	if err != nil {
		return err
	}
	p.expect("made once, and found then", fmt.Sprint(first.Value("created"), " ", again.Value("created"), " ", first.Text("home") == again.Text("home")), "true false true")
	for _, closed := range []struct{ method, path, want string }{
		{"POST", "/tags", "403 forbidden"}, {"GET", "/conversations", "403 forbidden"}, {"GET", "/members", "404 not_found"},
	} {
		if _, err := p.runs(key, closed.method, closed.path, nil, closed.want); err != nil {
			return err
		}
	}
	other, err := p.stack.Ask(p.ctx, stack.Ask{Method: "GET", Path: "/open/v1/teams/" + string(rival) + "/contacts", Bearer: key})
	if err != nil {
		return err
	}
	p.answered("a program", "GET", "another team's contacts", other, "404 not_found")
	if _, err := p.runs(key[:len(key)-1]+string('a'+(key[len(key)-1]-'a'+1)%3), "GET", "/contacts", nil, "403"); err != nil {
		return err
	}
	if _, err := p.runs("", "GET", "/contacts", nil, "401"); err != nil {
		return err
	}
	if _, err := p.calls(admin, "DELETE", "/keys/"+id, nil, "204"); err != nil {
		return err
	}
	if err := p.pass(time.Minute); err != nil {
		return err
	}
	_, err = p.runs(key, "GET", "/contacts", nil, "403")
	return err
}

// forgeries are tokens that only look good.
func forgeries(p *play) error {
	demo, err := p.stack.Demo(p.ctx)
	if err != nil {
		return err
	}
	good := demo.Tokens[admin]
	parts := strings.Split(good, ".")
	if len(parts) != 3 {
		return fmt.Errorf("the issuer's token has %d parts", len(parts))
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := rsa.SignPKCS1v15(rand.Reader, stranger, crypto.SHA256, digest[:])
	if err != nil {
		return err
	}
	code := base64.RawURLEncoding
	claims, err := code.DecodeString(parts[1])
	if err != nil {
		return err
	}
	raised := code.EncodeToString([]byte(strings.Replace(string(claims), `"sub":"demo-admin"`, `"sub":"demo-agent"`, 1)))
	if raised == parts[1] {
		return fmt.Errorf("the issuer's token has other claims")
	}
	unsigned := code.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	mint := func(fields object) (string, error) {
		all := map[string]string{"subject": "demo-admin"}
		for name, v := range fields {
			all[name] = fmt.Sprint(v)
		}
		return p.stack.Token(p.ctx, all)
	}
	elsewhere, err := mint(object{"client_id": "another-client"})
	if err != nil {
		return err
	}
	both, err := mint(object{"client_id": "omnihub-local", "audience": "another-audience"})
	if err != nil {
		return err
	}
	curve, err := mint(object{"alg": "ES256"})
	if err != nil {
		return err
	}
	late, err := mint(object{"ttl": "-1m"})
	if err != nil {
		return err
	}
	// The first and the last are good: else all the refusals would prove nothing.
	for _, t := range []struct{ what, token, want string }{
		{"the good token", good, "200"},
		{"no token", "", "401"},
		{"what is no token", "demo-admin", "401"},
		{"a token for another client", elsewhere, "401"},
		{"a token for another audience", both, "401"},
		{"another issuer's signature under the same key's name", parts[0] + "." + parts[1] + "." + code.EncodeToString(signature), "401"},
		{"other claims under the good signature", parts[0] + "." + raised + "." + parts[2], "401"},
		{"a token without a signature", unsigned + "." + parts[1] + ".", "401"},
		{"a token of another algorithm", curve, "401"},
		{"a token that has expired", late, "401"},
		{"the good token, once more", good, "200"},
	} {
		a, err := p.stack.Ask(p.ctx, stack.Ask{Method: "GET", Path: "/v1/teams/" + demo.Team + "/members", Bearer: t.token})
		if err != nil {
			return err
		}
		p.expect(t.what+" is answered", a.Status, t.want)
	}
	if err := p.pass(61 * time.Minute); err != nil {
		return err
	}
	a, err := p.stack.Ask(p.ctx, stack.Ask{Method: "GET", Path: "/v1/teams/" + demo.Team + "/members", Bearer: good})
	if err == nil {
		p.expect("the good token an hour later", a.Status, "401")
	}
	return err
}
