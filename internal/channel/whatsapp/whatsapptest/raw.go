package whatsapptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"omnihub/internal/channel/fake"
)

// learn notes the customers, messages and windows of a body that the tester wrote, as
// far as it can be read, so that they can be answered; p.mu is held.
func (p *platform) learn(body []byte) {
	var w struct {
		Entry []struct {
			Changes []struct{ Value value }
		}
	}
	_ = json.Unmarshal(body, &w) // what cannot be read has none
	for _, e := range w.Entry {
		for _, c := range e.Changes {
			if n, err := p.number(c.Value.Metadata.ID); err == nil {
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
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
type handshake struct{ url, challenge string }

func (n *number) handshake(x extra) (*handshake, error) {
	if x.Token == "" {
		x.Token = n.Secrets["verify_token"]
	}
	return challenge(n.Webhook, x)
}

// challenge makes the GET for a webhook URL.
func challenge(at string, x extra) (*handshake, error) {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return nil, errors.New("whatsapptest: act: the account has no webhook URL")
	}
	h := &handshake{challenge: x.Challenge}
	if h.challenge == "" {
		h.challenge = digits(10, string(random(8)))
	}
	if x.Mode == "" {
		x.Mode = "subscribe"
	}
	query := u.Query()
	query.Set("hub.mode", x.Mode)
	query.Set("hub.challenge", h.challenge)
	query.Set("hub.verify_token", x.Token)
	u.RawQuery = query.Encode()
	h.url = u.String()
	return h, nil
}

// shake makes the GET. The delivery's event is the challenge, its header and body are
// the answer's.
func (p *platform) shake(ctx context.Context, h *handshake, hold bool) (fake.Delivery, error) {
	delivery := fake.Delivery{URL: h.url, Event: h.challenge, Statuses: []int{}, Header: map[string]string{}}
	if hold {
		return delivery, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, nil)
	if err != nil {
		return fake.Delivery{}, fmt.Errorf("whatsapptest: handshake: %w", err)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		delivery.Statuses = []int{0}
		return delivery, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // an answer that breaks off is as long as it is
	delivery.Status, delivery.Statuses, delivery.Body = resp.StatusCode, []int{resp.StatusCode}, string(body)
	delivery.Header["content-type"] = resp.Header.Get("Content-Type")
	return delivery, nil
}
