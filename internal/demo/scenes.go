package main

import (
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// scenes are the scenario.
var scenes = []scene{
	{"A customer writes and is answered", answered},
	{"The same webhook comes 20 times", repeated},
	{"Two messages arrive in the wrong order", disordered},
	{"inbound is killed in the middle of its work", killed},
	{"A WhatsApp customer comes by phone, by user id, by both, and moves to another number", known},
	{"Receipts come before our own result and in the wrong order", receipts},
	{"A customer reacts, and wants no more messages", reacting},
	{"Messenger: an answer, a button, the Page's own inbox, refused credentials", talks(onMessenger)},
	{"Instagram: an answer, a button, the account's own inbox, refused credentials", talks(onInstagram)},
	{"WhatsApp through Twilio: an answer, a button, refused credentials", talks(onTwilio)},
	{"Viber: a welcome, an answer, a button, refused credentials", talks(onViber)},
	{"The API: a contact of the shop's own is made once, changed, tagged and found", kept},
	{"The API: a phone number speaks for one person; joined, asked why, and undone", joined},
	{"The API: a conversation waits, is taken, answered once and closed", served},
	{"The API: a disabled member is out, and another team cannot be told from none", foreign},
	{"The API: a program's key opens what its scopes say, and nothing within a minute of its end", programmed},
	{"The API: forged and expired tokens open nothing", forgeries},
	{"The API: a tag ends at 23:59 in Taipei of its 30th day", ended},
}

func answered(p *play) error {
	start := time.Now()
	if _, err := p.customer(fake.Act{From: "mei", Text: "ping"}); err != nil {
		return err
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for time.Since(start) < 10*time.Second {
		calls, err := p.stack.Sent(p.ctx, line, "mei")
		if err != nil {
			return err
		}
		if len(calls) > 0 {
			break
		}
		<-look.C
	}
	took := time.Since(start)
	th, calls, err := p.settle(line, "mei")
	if err != nil {
		return err
	}
	p.expect("messages in", th.count(true), 1)
	p.expect("answers sent", len(calls), 1)
	p.expect("the free reply token was used", len(calls) == 1 && calls[0].Kind == "reply", true)
	p.expect("a conversation is open", th.Conversation != "", true)
	p.expect("answered within 2 s", took < 2*time.Second, true)
	return nil
}

func repeated(p *play) error {
	d, err := p.customer(fake.Act{From: "chen", Text: "ping", Repeat: 20})
	if err != nil {
		return err
	}
	th, calls, err := p.settle(line, "chen")
	if err != nil {
		return err
	}
	p.expect("deliveries answered", len(d.Statuses), 20)
	p.expect("messages in", th.count(true), 1)
	p.expect("answers sent", len(calls), 1)
	return nil
}

func disordered(p *play) error {
	now := time.Now().UnixMilli()
	first, err := p.customer(fake.Act{From: "lin", Text: "first", At: now - 2000, Hold: true})
	if err != nil {
		return err
	}
	second, err := p.customer(fake.Act{From: "lin", Text: "second", At: now - 1000, Hold: true})
	if err != nil {
		return err
	}
	if err := p.deliver(second); err != nil {
		return err
	}
	if err := p.stack.Idle(p.ctx, 30*time.Second); err != nil {
		return err
	}
	if err := p.deliver(first); err != nil {
		return err
	}
	th, _, err := p.settle(line, "lin")
	if err != nil {
		return err
	}
	p.expect("the log is in the order of writing", th.texts(), "[first second]")
	p.expect("the list shows the newest", th.Preview, "second")
	p.expect("the late one counts as unread", len(th.Late), 1)
	return nil
}

func killed(p *play) error {
	const n = 5
	var held []fake.Delivery
	for i := range n {
		d, err := p.customer(fake.Act{From: "wu", Text: "ping", ID: fmt.Sprintf("5%017d", i+1), Hold: true})
		if err != nil {
			return err
		}
		held = append(held, d)
	}
	dead := make(chan error, 1)
	go func() { dead <- p.stack.KillBusy(p.ctx, "inbound", 10*time.Second) }()
	for _, d := range held {
		if err := p.deliver(d); err != nil {
			return err
		}
	}
	err := <-dead
	p.expect("inbound was killed with events in hand", err == nil, true)
	p.tell("killed", "the events in hand come back after the queue's visibility time")
	th, calls, err := p.settle(line, "wu")
	if err != nil {
		return err
	}
	p.expect("messages in", th.count(true), n)
	p.expect("answers sent", len(calls), n)
	return nil
}
