package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"omnihub/internal/hub"
	"omnihub/internal/team/apikey"
)

// keyCreate makes a key for a program and prints it, once.
func (c *control) keyCreate(ctx context.Context, args []string) error {
	f := newFlags("key create")
	id, name := f.String("team", "", ""), f.String("name", "", "")
	var scopes []apikey.Scope
	f.Func("scopes", "", func(text string) error {
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			scopes = append(scopes, apikey.Scope(s))
		}
		return nil
	})
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "name"); err != nil {
		return err
	}
	k, text, err := c.office().CreateKey(ctx, hub.TeamID(*id), operator, *name, scopes)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.progress, "key %s for %s; it is shown this once:\n", k.ID, strings.Join(k.Scopes, " "))
	fmt.Fprintln(c.out, text.Reveal())
	return nil
}

// keyList shows a line for each key of a team, revoked ones too.
func (c *control) keyList(ctx context.Context, args []string) error {
	id, err := teamFlag("key list", args)
	if err != nil {
		return err
	}
	if _, err := c.office().Data(ctx, id); err != nil {
		return err
	}
	list, err := c.office().Keys(ctx, id)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "key\tname\tcreated\tby\trevoked\tscopes")
	for _, k := range list {
		fmt.Fprintf(w, "%s\t%q\t%s\t%s\t%s\t%s\n", k.ID, k.Name, short(k.Created), k.By, short(k.Revoked), strings.Join(k.Scopes, " "))
	}
	return w.Flush()
}

// keyRevoke ends a key for good.
func (c *control) keyRevoke(ctx context.Context, args []string) error {
	f := newFlags("key revoke")
	id, key := f.String("team", "", ""), f.String("key", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "key"); err != nil {
		return err
	}
	if err := c.office().RevokeKey(ctx, hub.TeamID(*id), operator, *key); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "revoked; programs that bear it are refused within a minute")
	return nil
}
