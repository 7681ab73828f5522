package main

import (
	"context"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// quota asks the platform how much of an account's paid messages is used.
func (c *control) quota(ctx context.Context, args []string) error {
	f := newFlags("quota")
	team, account := f.String("team", "", ""), f.String("account", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "account"); err != nil {
		return err
	}
	a, err := c.reader().Account(ctx, hub.TeamID(*team), hub.AccountID(*account))
	if err != nil {
		return err
	}
	asks, ok := c.adapters[a.Channel].(channel.Quoter)
	if !ok {
		return fmt.Errorf("hubctl quota: %s has no quota that could be asked for", a.Channel)
	}
	q, err := asks.Quota(ctx, a.Platform)
	if err != nil {
		return err
	}
	limit := "no limit"
	if q.Limited {
		limit = fmt.Sprintf("limit %d", q.Limit)
	}
	fmt.Fprintf(c.out, "this month: %d sent, %s\n", q.Used, limit)
	return nil
}
