package whatsapptest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"omnihub/internal/channel/meta/metatest"
)

// learn notes the customers, messages and windows of a body that the tester wrote, as
// far as it can be read, so that they can be answered; p.Mu is held.
func (p *platform) learn(body []byte) {
	var w struct {
		Entry []struct {
			Changes []struct{ Value value }
		}
	}
	_ = json.Unmarshal(body, &w) // what cannot be read has none
	for _, e := range w.Entry {
		for _, c := range e.Changes {
			if n, err := p.Account(c.Value.Metadata.ID); err == nil {
				for _, m := range c.Value.Messages {
					p.learnMessage(n, m)
				}
			}
		}
	}
}

func (p *platform) learnMessage(n *number, m message) {
	who := p.known(n, m.From, m.FromUserID)
	if who == nil || m.Type == "system" {
		return
	}
	if s, err := strconv.ParseInt(m.Timestamp, 10, 64); err == nil {
		if c := n.chat(who.Key); time.Unix(s, 0).After(c.lastIn) {
			c.lastIn = time.Unix(s, 0)
			p.rememberChat(n, who.Key, c)
		}
	}
	if m.ID != "" {
		p.rememberGot(n, m.ID, who.Key)
	}
}

// known finds or makes a customer by what a webhook tells: a number, a BSUID, or both.
func (p *platform) known(n *number, phone, user string) *person {
	if !userForm.MatchString(user) {
		if !phoneForm.MatchString(phone) {
			return nil
		}
		who, _ := p.person(n, phone) // a number never fails
		return who
	}
	if who := p.ids[idKey(n.waba, user)]; who != nil {
		return who
	}
	owner := p.phones[phone]
	switch {
	case owner != nil && owner.IDs[n.waba] == "":
		owner.IDs[n.waba] = user
		p.keep(owner)
		return owner
	case owner != nil: // the number is somebody else's now
		delete(p.phones, phone)
		owner.Former, owner.Phone = phone, ""
		p.keep(owner)
	case !phoneForm.MatchString(phone):
		phone = p.freePhone(user)
	}
	return p.introduce(&person{Key: user, Phone: phone, IDs: map[string]string{n.waba: user}})
}

// handshake is the GET by which Meta checks a webhook URL when it is entered.
func (n *number) handshake(x extra) (*metatest.Handshake, error) {
	h, err := metatest.NewHandshake(n.Webhook, x.Mode, x.Challenge, cmp.Or(x.Token, n.Secrets["verify_token"]))
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: act: %w", err)
	}
	return h, nil
}
