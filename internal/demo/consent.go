package main

import (
	"fmt"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// reacting lets a customer react twice to an answer, and then take itself out.
func reacting(p *play) error {
	if _, err := p.write("dora", "ping", byBoth); err != nil {
		return err
	}
	if _, err := p.rest(whatsApp, "dora"); err != nil {
		return err
	}
	for _, emoji := range []string{"👍", "🎉"} {
		if _, err := p.act("reaction of dora: "+emoji, fake.Act{From: "dora", Extra: extra(map[string]any{"type": "reaction", "emoji": emoji})}); err != nil {
			return err
		}
	}
	th, _, err := p.settle(whatsApp, "dora")
	if err != nil {
		return err
	}
	shown := ""
	for _, m := range th.ours() {
		for _, r := range m.Reactions {
			shown += r.Value
		}
	}
	p.expect("the log shows the newest reaction", shown, "🎉")

	for _, text := range []string{"stop", "ping"} {
		if _, err := p.write("dora", text, byBoth); err != nil {
			return err
		}
	}
	if err := p.view.send(p.ctx, th, hub.ClassMarketing, "All shoes at half price"); err != nil {
		return err
	}
	if err := p.view.send(p.ctx, th, hub.ClassTransactional, "Your order is on its way"); err != nil {
		return err
	}
	th, calls, err := p.settle(whatsApp, "dora")
	if err != nil {
		return err
	}
	p.expect("what dora got: the answer before, and what she must know", textsOf(calls), "[pong Your order is on its way]")
	p.expect("marketing is refused as", refusal(th, hub.ClassMarketing), hub.OptedOut)
	p.expect("and the bot's answer as", refusal(th, hub.ClassBot), hub.OptedOut)

	if _, err := p.write("dora", "start", byBoth); err != nil {
		return err
	}
	if _, err := p.rest(whatsApp, "dora"); err != nil {
		return err
	}
	if err := p.view.send(p.ctx, th, hub.ClassMarketing, "Socks too"); err != nil {
		return err
	}
	_, calls, err = p.settle(whatsApp, "dora")
	if err != nil {
		return err
	}
	p.expect("after she let messages in again", textsOf(calls), "[pong Your order is on its way Socks too]")
	return nil
}

// refusal is why the last message of a class did not go out.
func refusal(th thread, class hub.Class) hub.Code {
	code := hub.Code("")
	for _, m := range th.ours() {
		if m.Class == class {
			code = m.Stamps.Code
		}
	}
	return code
}

func textsOf(calls []fake.Call) string {
	var list []string
	for _, c := range calls {
		list = append(list, c.Text)
	}
	return fmt.Sprint(list)
}
