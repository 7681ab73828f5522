package instagramtest

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

// learn notes the customers, messages and windows of a body that the tester wrote, as far
// as it can be read, so that they can be answered; p.mu is held.
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
		a := p.named(e.ID)
		if a == nil {
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
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
type handshake struct{ url, challenge string }

func (a *account) handshake(x extra) (*handshake, error) {
	u, err := url.Parse(a.Webhook)
	if err != nil || u.Host == "" {
		return nil, errors.New("instagramtest: act: the account has no webhook URL")
	}
	h := &handshake{challenge: x.Challenge}
	if h.challenge == "" {
		h.challenge = digits(10, string(random(8)))
	}
	if x.Mode == "" {
		x.Mode = "subscribe"
	}
	if x.Token == "" {
		x.Token = a.Secrets["verify_token"]
	}
	query := u.Query()
	query.Set("hub.mode", x.Mode)
	query.Set("hub.challenge", h.challenge)
	query.Set("hub.verify_token", x.Token)
	u.RawQuery = query.Encode()
	h.url = u.String()
	return h, nil
}

// shake makes the GET. The delivery's event is the challenge, its header and body are the
// answer's.
func (p *platform) shake(ctx context.Context, h *handshake, hold bool) (fake.Delivery, error) {
	delivery := fake.Delivery{URL: h.url, Event: h.challenge, Statuses: []int{}, Header: map[string]string{}}
	if hold {
		return delivery, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, nil)
	if err != nil {
		return fake.Delivery{}, fmt.Errorf("instagramtest: handshake: %w", err)
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
