package messengertest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"omnihub/internal/channel/meta/metatest"
)

// learn notes the customers and windows of a body that the tester wrote, as far as it
// can be read, so that they can be answered; p.Mu is held.
func (p *platform) learn(body []byte) {
	var w struct {
		Entry []struct {
			ID        string
			Messaging []struct {
				Sender            party
				Timestamp         int64
				Message, Postback *struct{ MID string }
			}
		}
	}
	_ = json.Unmarshal(body, &w) // what cannot be read has none
	for _, e := range w.Entry {
		g, err := p.Account(e.ID)
		if err != nil || e.ID == "" {
			continue
		}
		for _, m := range e.Messaging {
			if !psidForm.MatchString(m.Sender.ID) || m.Sender.ID == g.ExternalID || m.Message == nil && m.Postback == nil {
				continue
			}
			who, err := p.person(g, m.Sender.ID)
			if err != nil {
				continue
			}
			if at := time.UnixMilli(m.Timestamp); at.After(g.chat(who.name()).lastIn) {
				g.chat(who.name()).lastIn = at
				p.rememberChat(g, who.name())
			}
		}
	}
}

// handshake is the GET by which Meta checks a webhook URL when it is entered.
func (g *page) handshake(x extra) (*metatest.Handshake, error) {
	h, err := metatest.NewHandshake(g.url(), x.Mode, x.Challenge, cmp.Or(x.Token, g.Secrets["verify_token"]))
	if err != nil {
		return nil, fmt.Errorf("messengertest: act: %w", err)
	}
	return h, nil
}
