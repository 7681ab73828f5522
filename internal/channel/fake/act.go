package fake

import (
	"context"
	"fmt"
	"time"
)

// Doings counts the members that tell what is done; an act sets exactly one of them.
func (a Act) Doings() int {
	n := 0
	for _, is := range []bool{a.Text != "", a.Image != "", a.Sticker != "", a.Follow, a.Block, a.Button != "", a.Postback != "",
		len(a.FlowAnswer) > 0, len(a.Extra) > 0} {
		if is {
			n++
		}
	}
	return n
}

// Time is when an act happens.
func (c *Core[A, F]) Time(a Act) time.Time {
	if a.At != 0 {
		return time.UnixMilli(a.At)
	}
	return c.Now()
}

// Extra reads an act's extra into the platform's own type, if there is one.
func (c *Core[A, F]) Extra(a Act, into any) error {
	if len(a.Extra) == 0 {
		return nil
	}
	if err := Strict(a.Extra, into); err != nil {
		return fmt.Errorf("%stest: act: extra: %w", c.Kind, err)
	}
	return nil
}

// Deliver posts the webhook of an act as often as the act says, and fills in the rest of
// the delivery; those that the fault plan adds come afterwards. The platform may make a
// repeated one otherwise than the first: again. A nil first is an act without a webhook.
func (c *Core[A, F]) Deliver(ctx context.Context, a Act, d Delivery, first, again *Webhook) Delivery {
	d.Statuses, d.Header = []int{}, map[string]string{}
	if first == nil {
		return d
	}
	d.URL, d.Header, d.Body = first.URL, first.Header, string(first.Body)
	if a.Hold {
		return d
	}
	d.Statuses = c.Courier.Deliver(ctx, append([]Webhook{*first}, copies(*again, a.Repeat-1)...))
	d.Status = d.Statuses[len(d.Statuses)-1]
	c.Courier.Later(c.duplicates(*again))
	return d
}

// duplicates are those of a webhook that the fault plan adds.
func (c *Core[A, F]) duplicates(hook Webhook) []Webhook {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	return copies(hook, c.Faults.Common().DuplicateWebhooks)
}

func copies(hook Webhook, n int) []Webhook {
	list := make([]Webhook, max(n, 0))
	for i := range list {
		list[i] = hook
	}
	return list
}
