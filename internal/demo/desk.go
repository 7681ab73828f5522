package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// served takes a customer's conversation from the list, answers and closes it.
func served(p *play) error {
	th, _, err := p.home("ivy", "Do you have size 38?")
	if err != nil {
		return err
	}
	at := "/threads/" + string(th.User)
	waiting, err := p.calls(agent, "GET", "/conversations?limit=100", nil, "200")
	if err != nil {
		return err
	}
	p.expect("ivy waits in the list", slices.Contains(ids(waiting), string(th.User)), true)
	named := object{"conversation": th.Conversation}
	if _, err := p.calls(agent, "POST", at+"/messages", object{"content": object{"type": "text", "text": "Too soon"}}, "409 refused"); err != nil {
		return err
	}
	taken, err := p.calls(agent, "POST", at+"/accept", named, "200")
	if err != nil {
		return err
	}
	p.expect("it is in progress", taken.Text("conversation", "state"), "in_progress")
	if _, err := p.calls(marketingAgent, "POST", at+"/accept", named, "404 not_found"); err != nil {
		return err
	}
	answer := stack.Ask{
		Method: "POST", Path: at + "/messages", Body: object{"content": object{"type": "text", "text": "Yes, we have."}},
		Header: map[string]string{"Idempotency-Key": "ivy-1"},
	}
	for range 2 {
		if _, err := p.asks(agent, answer, "202"); err != nil {
			return err
		}
	}
	_, calls, err := p.settle(line, "ivy")
	if err != nil {
		return err
	}
	p.expect("what ivy got, of two calls with one Idempotency-Key", textsOf(calls), "[Yes, we have.]")

	seen, err := p.calls(agent, "GET", at, nil, "200")
	if err != nil {
		return err
	}
	closing := object{"conversation": th.Conversation, "last_message": seen.Text("last_message")}
	if _, err := p.customer(fake.Act{From: "ivy", Text: "And in red?"}); err != nil {
		return err
	}
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return err
	}
	if _, err := p.calls(agent, "POST", at+"/close", closing, "409 conflict"); err != nil {
		return err
	}
	if seen, err = p.calls(agent, "GET", at, nil, "200"); err != nil {
		return err
	}
	p.expect("what came meanwhile is not overlooked", seen.Text("preview"), "And in red?")
	closing["last_message"] = seen.Text("last_message")
	closed, err := p.calls(agent, "POST", at+"/close", closing, "200")
	if err != nil {
		return err
	}
	p.expect("no conversation is open", closed.Value("conversation"), nil)
	if waiting, err = p.calls(agent, "GET", "/conversations?limit=100", nil, "200"); err != nil {
		return err
	}
	p.expect("ivy stands in the list no more", slices.Contains(ids(waiting), string(th.User)), false)
	return nil
}

// ended tags a customer for 30 days and lets them pass.
func ended(p *play) error {
	_, nora, err := p.home("nora", "hello")
	if err != nil {
		return err
	}
	if _, err := p.calls(admin, "POST", "/tags", object{"name": "spring sale", "days": 30}, "201"); err != nil {
		return err
	}
	tagged, err := p.calls(agent, "PATCH", "/contacts/"+nora+"/tags", object{"tags_to_add": []string{"spring sale", "walk-in"}}, "200")
	if err != nil {
		return err
	}
	taipei := time.FixedZone("UTC+8", 8*60*60)
	day := p.now().In(taipei)
	want := time.Date(day.Year(), day.Month(), day.Day()+30, 23, 59, 0, 0, taipei)
	until := tagged.Text("tags", slices.Index(tagsOf(tagged), "spring sale"), "until")
	p.expect("the tag is to end", until, want.UTC().Format("2006-01-02T15:04:05.000Z"))
	for _, step := range []struct {
		to   time.Time
		tags string
	}{{want.Add(-2 * time.Minute), "spring sale, walk-in"}, {want.Add(time.Minute), "walk-in"}} {
		if err := p.pass(step.to.Sub(p.now()).Round(time.Second)); err != nil {
			return err
		}
		fired, err := p.stack.Tick(p.ctx, "tagexpiry")
		if err != nil {
			return err
		}
		p.tell("tick", "tagexpiry: %d", len(fired))
		if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
			return err
		}
		now, err := p.calls(agent, "GET", "/contacts/"+nora, nil, "200")
		if err != nil {
			return err
		}
		borne := tagsOf(now)
		slices.Sort(borne)
		p.expect("  nora's tags", strings.Join(borne, ", "), step.tags)
	}
	found, err := p.calls(agent, "GET", "/contacts?tag=spring%20sale", nil, "200")
	if err != nil {
		return err
	}
	p.expect("who is found by the tag", fmt.Sprint(ids(found)), "[]")
	events, err := p.stack.Events(p.ctx, 0)
	if err != nil {
		return err
	}
	sources := ""
	for _, e := range events {
		if e.DetailType == hub.TagRemoved && strings.Contains(string(e.Detail), nora) && strings.Contains(string(e.Detail), `"source":"expiry"`) {
			sources += e.DetailType
		}
	}
	p.expect("the bus tells of the end", sources, hub.TagRemoved)
	return nil
}
