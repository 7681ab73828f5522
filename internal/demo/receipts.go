package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// receipts lets the platform tell how answers fare while it still owes the hub the
// answer to its call, and in any order.
func receipts(p *play) error {
	const n = 3
	if err := p.stack.Faults(p.ctx, map[string]any{whatsApp: map[string]any{
		"seed": 1, "status_early": 1, "status_read": true, "status_shuffle": true, "duplicate_webhooks": 1, "shuffle_webhooks": true,
	}}); err != nil {
		return err
	}
	for range n {
		if _, err := p.write("carl", "ping", byBoth); err != nil {
			return err
		}
	}
	th, calls, err := p.settle(whatsApp, "carl")
	if err != nil {
		return err
	}
	if err := p.tellStates(th.User); err != nil {
		return err
	}
	right := 0
	for _, m := range th.ours() {
		s := m.Stamps
		if s.State() == hub.Read && s.Sent != 0 && s.Delivered != 0 && s.Accepted != 0 && isOf(calls, s.PlatformID) {
			right++
		}
	}
	p.expect("answers sent", len(calls), n)
	p.expect("answers that are read, with every state and the platform's id", right, n)

	if err := lost(p); err != nil {
		return err
	}
	if err := backwards(p); err != nil {
		return err
	}
	return p.stack.Faults(p.ctx, map[string]any{whatsApp: nil})
}

// lost lets the hub never hear what became of its call, but by the receipts, which
// the platform sends before it drops the connection.
func lost(p *play) error {
	if err := p.stack.Faults(p.ctx, map[string]any{whatsApp: map[string]any{
		"seed": 1, "status_early": 1, "status_read": true, "status_shuffle": true, "accept_then_drop": 1,
	}}); err != nil {
		return err
	}
	if _, err := p.write("eva", "ping", byBoth); err != nil {
		return err
	}
	th, calls, err := p.settle(whatsApp, "eva")
	if err != nil {
		return err
	}
	if len(th.ours()) != 1 {
		return fmt.Errorf("eva has %d answers", len(th.ours()))
	}
	s := th.ours()[0].Stamps
	p.expect("our own result came", s.Accepted != 0, false)
	p.expect("calls at the platform", len(calls), 1)
	p.expect("the answer ends as", s.State(), hub.Read)
	p.expect("and bears the platform's id", isOf(calls, s.PlatformID), true)
	return nil
}

// backwards tells by hand how one more answer fares, the last state first.
func backwards(p *play) error {
	if err := p.stack.Faults(p.ctx, map[string]any{whatsApp: map[string]any{"status_missing": 1}}); err != nil {
		return err
	}
	if _, err := p.write("carl", "ping", byBoth); err != nil {
		return err
	}
	last, err := p.last("carl")
	if err != nil {
		return err
	}
	p.expect("one more answer, without receipts, is", last.State(), hub.Sent)
	for _, state := range []hub.State{hub.Read, hub.Delivered, hub.Sent} {
		if _, err := p.act("receipt of that answer: "+string(state), fake.Act{
			From: "carl", Extra: extra(map[string]any{"type": "status", "status": state}),
		}); err != nil {
			return err
		}
		if last, err = p.last("carl"); err != nil {
			return err
		}
		p.expect("the answer is", last.State(), hub.Read)
	}
	p.expect("every state is kept", last.Sent != 0 && last.Delivered != 0 && last.Read != 0, true)
	return nil
}

// last gives the states of the last message to a customer.
func (p *play) last(to string) (hub.Stamps, error) {
	th, err := p.rest(whatsApp, to)
	if err != nil {
		return hub.Stamps{}, err
	}
	if len(th.ours()) == 0 {
		return hub.Stamps{}, fmt.Errorf("there is no message to %s", to)
	}
	return th.ours()[len(th.ours())-1].Stamps, nil
}

// tellStates tells in which order the states of a thread's answers became known.
func (p *play) tellStates(user hub.UserKey) error {
	events, err := p.stack.Events(p.ctx, 0)
	if err != nil {
		return err
	}
	order, keys := map[string][]string{}, []string{}
	for _, e := range events {
		var d struct{ User, Message, State string }
		if e.DetailType != hub.MessageStatus || json.Unmarshal(e.Detail, &d) != nil || d.User != string(user) {
			continue
		}
		if order[d.Message] == nil {
			keys = append(keys, d.Message)
		}
		order[d.Message] = append(order[d.Message], d.State)
	}
	for _, k := range keys {
		p.tell("bus", "message.status of an answer: %s", strings.Join(order[k], ", "))
	}
	return nil
}

func isOf(calls []fake.Call, id string) bool {
	for _, c := range calls {
		if c.ID == id {
			return true
		}
	}
	return false
}
