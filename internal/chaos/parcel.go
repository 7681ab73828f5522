package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// webhook is where a platform posts the events of one connection, and how it signs
// them.
type webhook struct {
	channel, url, secret string
	account, external    string // the hub's name of the account, and the platform's
}

// signed are the headers of a body, signed as the platform does.
func (w webhook) signed(head map[string]string, body string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, head)
	maps.Copy(out, traitOf(w.channel).sign(w, body))
	return out
}

// parcel is one POST to the hub, with the webhooks of one event or several.
type parcel struct {
	url   string
	head  map[string]string
	body  string
	hooks []*hook
}

const (
	// mostTogether is how many events share a POST at most.
	mostTogether = 16
	// smallBody is the largest webhook that is put together with others.
	smallBody = 50 << 10
)

// parcels shuffles deliveries and puts some of each connection together, as platforms
// do that have much to tell at once.
func (r *run) parcels(deliveries []*hook) ([]parcel, error) {
	r.random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	together := map[string][]*hook{}
	var out []parcel
	for _, h := range deliveries {
		if h.alone || len(h.body) > smallBody || traitOf(h.customer.channel).list == "" || r.random.IntN(4) == 0 {
			out = append(out, r.single(h))
			continue
		}
		together[h.url] = append(together[h.url], h)
	}
	for _, url := range slices.Sorted(maps.Keys(together)) {
		for list := together[url]; len(list) > 0; {
			n := min(len(list), 2+r.random.IntN(mostTogether-1))
			p, err := r.join(list[:n])
			if err != nil {
				return nil, err
			}
			out, list = append(out, p), list[n:]
		}
	}
	r.random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

// single is the webhook of one event, at times marked as sent again.
func (r *run) single(h *hook) parcel {
	p := parcel{h.url, h.head, h.body, []*hook{h}}
	if t := traitOf(h.customer.channel); !h.alone && t.fresh != "" && r.random.IntN(3) == 0 {
		if again := strings.Replace(h.body, t.fresh, t.repeat, 1); again != h.body {
			p.body, p.head = again, r.webhooks[h.team+h.customer.channel].signed(h.head, again)
		}
	}
	return p
}

// join puts the events of several webhooks of one connection into one.
func (r *run) join(hooks []*hook) (parcel, error) {
	w := r.webhooks[hooks[0].team+hooks[0].customer.channel]
	t := traitOf(w.channel)
	var parts []string
	for _, h := range hooks {
		var whole map[string]json.RawMessage
		var events []json.RawMessage
		if err := json.Unmarshal([]byte(h.body), &whole); err != nil {
			return parcel{}, fmt.Errorf("chaos: the webhook of a %s: %w", h.kind, err)
		}
		if err := json.Unmarshal(whole[t.list], &events); err != nil {
			return parcel{}, fmt.Errorf("chaos: the events of a %s: %w", h.kind, err)
		}
		for _, e := range events {
			parts = append(parts, string(e))
		}
	}
	body := strings.Replace(t.frame(w), "%s", strings.Join(parts, ","), 1)
	return parcel{hooks[0].url, w.signed(hooks[0].head, body), body, hooks}, nil
}
