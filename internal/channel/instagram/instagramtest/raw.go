package instagramtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"omnihub/internal/channel/meta/metatest"
)

// learn notes the customers, messages and windows of a body that the tester wrote, as far
// as it can be read, so that they can be answered; p.Mu is held.
func (p *platform) learn(body []byte) {
	var w struct {
		Entry []struct {
			ID        string
			Messaging []struct {
				Sender    party
				Timestamp json.RawMessage
				Message   *message
				Postback  *postback
			}
		}
	}
	_ = json.Unmarshal(body, &w) // what cannot be read has none
	for _, e := range w.Entry {
		a, err := p.Account(e.ID)
		if err != nil || e.ID == "" {
			continue
		}
		for _, i := range e.Messaging {
			ms, err := i.Timestamp.MarshalJSON()
			var at int64
			if err != nil || json.Unmarshal(ms, &at) != nil || !idForm.MatchString(i.Sender.ID) || i.Sender.ID == a.ExternalID {
				continue
			}
			c := a.chats[i.Sender.ID]
			if c == nil {
				c = a.chat(p.person(i.Sender.ID))
			}
			if i.Message != nil && i.Message.Mid != "" && !i.Message.Deleted {
				p.add(a, i.Sender.ID, c, entryOf(i.Message, time.UnixMilli(at), false))
			}
			if i.Message != nil || i.Postback != nil {
				p.acted(a, i.Sender.ID, c, time.UnixMilli(at), false)
			}
		}
	}
}

// handshake is the GET by which Meta checks a webhook URL when it is entered.
func (a *account) handshake(x extra) (*metatest.Handshake, error) {
	h, err := metatest.NewHandshake(a.Webhook, x.Mode, x.Challenge, cmp.Or(x.Token, a.Secrets["verify_token"]))
	if err != nil {
		return nil, fmt.Errorf("instagramtest: act: %w", err)
	}
	return h, nil
}
