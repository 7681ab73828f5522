package main

import (
	"context"
	"errors"
	"fmt"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// rotate changes keys: a team's data key, or the key of webhook path ids.
func (c *control) rotate(ctx context.Context, args []string) error {
	f := newFlags("rotate")
	team := f.String("team", "", "")
	drop, edge := f.Bool("drop", false, ""), f.Bool("edge", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	switch {
	case *edge == (*team != "") || *edge && *drop:
		return errors.New("hubctl rotate: want -team ID, -team ID -drop, or -edge")
	case *edge:
		name, err := c.setup().RotateEdge(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "webhook paths are made with key %s from now on; the functions know it within a minute.\nPaths that were given out stay good.\n", name)
		return nil
	case *drop:
		return c.dropKeys(ctx, hub.TeamID(*team))
	}
	name, err := c.setup().Rotate(ctx, hub.TeamID(*team))
	if name != "" {
		fmt.Fprintf(c.out, "team %s has the new data key %s\n", *team, name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "everything is sealed under it; remove the old keys in %s with: hubctl rotate -team %s -drop\n", settings.KeyRest, *team)
	return nil
}

// dropKeys removes a team's old keys, after what an interrupted rotation left was
// sealed again.
func (c *control) dropKeys(ctx context.Context, team hub.TeamID) error {
	left, err := c.setup().Reseal(ctx, team)
	if left > 0 {
		fmt.Fprintf(c.out, "%d settings were still under an old key and are sealed again\n", left)
	}
	if err != nil {
		return err
	}
	n, err := c.setup().Drop(ctx, team)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "team %s: old keys removed: %d\n", team, n)
	return nil
}
