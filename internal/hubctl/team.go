package main

import (
	"context"
	"fmt"

	"omnihub/internal/hub"
)

// team creates a team, and the hub's own keys with the first one.
func (c *control) team(ctx context.Context, args []string) error {
	f := newFlags("team")
	id, name := f.String("id", "", ""), f.String("name", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := c.setup().Hub(ctx); err != nil {
		return err
	}
	if err := c.setup().Team(ctx, hub.TeamID(*id), *name); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "team %s is set up\n", *id)
	return nil
}
