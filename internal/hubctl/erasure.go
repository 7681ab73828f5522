package main

import (
	"cmp"
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/oklog/ulid/v2"

	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/hub"
)

func (c *control) erasures() *erasure.Office {
	return &erasure.Office{
		Store: c.store, Settings: c.reader(), Now: c.now, Contacts: &contact.Book{Store: c.store, Now: c.now, Settings: c.reader()},
	}
}

// erasureList shows a line for each erasure of a team.
func (c *control) erasureList(ctx context.Context, args []string) error {
	id, err := teamFlag("erasure list", args)
	if err != nil {
		return err
	}
	list, err := c.erasures().Erasures(ctx, id)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "erasure\tphase\tbegun\terased\tby\thomes\tcontacts\tmessages\tledger\trecords")
	for _, e := range list {
		n := e.Counts
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n",
			e.ID, e.Phase, short(e.At), short(e.Erased), e.By, len(e.Homes), n.Contacts, n.Messages, n.Ledger, n.Records)
	}
	return w.Flush()
}

// erasureAgain has a team's erasures done again after a restore.
func (c *control) erasureAgain(ctx context.Context, args []string) error {
	f := newFlags("erasure again")
	id, from, since := f.String("team", "", ""), f.String("from", "", ""), f.String("since", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "since"); err != nil {
		return err
	}
	at, err := moment("since", *since, c.now())
	if err != nil {
		return err
	}
	old := *c.store
	old.Tables.Contacts = cmp.Or(*from, old.Tables.Contacts)
	list, err := old.Erasures(ctx, hub.TeamID(*id))
	if err != nil {
		return err
	}
	count, err := c.erasures().Again(ctx, list, at)
	fmt.Fprintf(c.out, "%d of %d erasures begin again within a minute\n", count, len(list))
	return err
}

// erasureAllow lets a value of somebody who was erased come back by imports.
func (c *control) erasureAllow(ctx context.Context, args []string) error {
	f := newFlags("erasure allow")
	id, field, value := f.String("team", "", ""), f.String("field", "", ""), f.String("value", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "field", "value"); err != nil {
		return err
	}
	now := hub.MillisOf(c.now())
	err := c.erasures().Allow(ctx, hub.TeamID(*id), contact.Change{Field: *field, Value: *value}, hub.Audit{
		ID: ulid.MustNew(uint64(now), ulid.DefaultEntropy()).String(), Actor: operator, Action: "erasure.allow", Target: "tombstone/" + *field, At: now,
	})
	if err == nil {
		fmt.Fprintf(c.out, "imports may bring the %s back\n", *field)
	}
	return err
}
