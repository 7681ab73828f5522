package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"omnihub/internal/hub"
	"omnihub/internal/team"
)

// operator is who changes a team from a terminal, as the audit names him.
var operator = hub.Actor{Kind: hub.ActorHub, ID: "operator"}

func (c *control) office() *team.Office {
	return &team.Office{Store: c.store, Settings: c.reader(), Now: c.now}
}

// member adds a person to a team, or changes what is given of a member.
func (c *control) member(ctx context.Context, args []string) error {
	f := newFlags("member")
	id, subject, role := f.String("team", "", ""), f.String("subject", "", ""), f.String("role", "", "")
	name, email := f.String("name", "", ""), f.String("email", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "subject", "role"); err != nil {
		return err
	}
	t, sub := hub.TeamID(*id), hub.Personal(*subject)
	n := team.NewMember{Subject: sub, Name: hub.Personal(*name), Email: hub.Personal(*email), Role: hub.Role(*role)}
	m, err := c.office().Add(ctx, t, operator, n)
	if errors.Is(err, team.ErrMember) {
		p := team.MemberPatch{Role: &n.Role}
		if f.was("name") {
			p.Name = &n.Name
		}
		if f.was("email") {
			p.Email = &n.Email
		}
		m, err = c.office().Patch(ctx, t, operator, hub.NewMemberID(t, *subject), 0, p)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "member %s is %s, %s\n", m.ID, m.Role, m.State)
	return nil
}

// memberList shows a line for each member of a team.
func (c *control) memberList(ctx context.Context, args []string) error {
	id, err := teamFlag("member list", args)
	if err != nil {
		return err
	}
	if _, err := c.office().Data(ctx, id); err != nil {
		return err
	}
	list, err := c.office().Members(ctx, id)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "member\trole\tstate\tsince\tsubject\tname\temail")
	for _, m := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%q\t%q\t%q\n", m.ID, m.Role, m.State, short(m.Created), m.Subject.Reveal(), m.Name.Reveal(), m.Email.Reveal())
	}
	return w.Flush()
}

// teamFlag reads the flag that names a team, of a command that has no other.
func teamFlag(command string, args []string) (hub.TeamID, error) {
	f := newFlags(command)
	id := f.String("team", "", "")
	if err := f.parse(args); err != nil {
		return "", err
	}
	return hub.TeamID(*id), f.need("team")
}

// memberFlags reads the flags that name a member.
func memberFlags(command string, args []string) (hub.TeamID, hub.MemberID, error) {
	f := newFlags("member " + command)
	id, subject := f.String("team", "", ""), f.String("subject", "", "")
	if err := f.parse(args); err != nil {
		return "", "", err
	}
	t := hub.TeamID(*id)
	return t, hub.NewMemberID(t, *subject), f.need("team", "subject")
}

func (c *control) memberDisable(ctx context.Context, args []string) error {
	return c.memberState(ctx, "disable", args, hub.MemberDisabled)
}

func (c *control) memberEnable(ctx context.Context, args []string) error {
	return c.memberState(ctx, "enable", args, hub.MemberActive)
}

func (c *control) memberState(ctx context.Context, command string, args []string, to hub.MemberState) error {
	t, id, err := memberFlags(command, args)
	if err != nil {
		return err
	}
	m, err := c.office().SetState(ctx, t, operator, id, 0, to)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "member %s is %s, %s; his next request knows it\n", m.ID, m.Role, m.State)
	return nil
}

func (c *control) memberRemove(ctx context.Context, args []string) error {
	t, id, err := memberFlags("remove", args)
	if err != nil {
		return err
	}
	if err := c.office().Remove(ctx, t, operator, id, 0); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "member %s is removed\n", id)
	return nil
}
