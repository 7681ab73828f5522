package messengertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"omnihub/internal/channel/fake"
)

// learn notes the customers and windows of a body that the tester wrote, as far as it
// can be read, so that they can be answered; p.mu is held.
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
		g, err := p.page(e.ID)
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
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
type handshake struct{ url, challenge string }

func (g *page) handshake(x extra) (*handshake, error) {
	u, err := url.Parse(g.url())
	if err != nil || u.Host == "" {
		return nil, errors.New("messengertest: act: the account has no webhook URL")
	}
	h := &handshake{challenge: or(x.Challenge, digits(10, string(random(8))))}
	query := u.Query()
	query.Set("hub.mode", or(x.Mode, "subscribe"))
	query.Set("hub.challenge", h.challenge)
	query.Set("hub.verify_token", or(x.Token, g.Secrets["verify_token"]))
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
		return fake.Delivery{}, fmt.Errorf("messengertest: handshake: %w", err)
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
