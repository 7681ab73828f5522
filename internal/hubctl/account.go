package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"omnihub/internal/account"
	"omnihub/internal/hub"
)

// accountFlags reads the flags that name an account; more adds others.
func accountFlags(command string, args []string, more func(flags)) (hub.TeamID, hub.AccountID, error) {
	f := newFlags("account " + command)
	team, id := f.String("team", "", ""), f.String("account", "", "")
	if more != nil {
		more(f)
	}
	if err := f.parse(args); err != nil {
		return "", "", err
	}
	return hub.TeamID(*team), hub.AccountID(*id), f.need("team", "account")
}

// accountList shows a line for each account of a team.
func (c *control) accountList(ctx context.Context, args []string) error {
	f := newFlags("account list")
	team := f.String("team", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team"); err != nil {
		return err
	}
	list, err := c.keeper().List(ctx, hub.TeamID(*team))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "account\tchannel\tconnection\ttitle\tstate\tends\tchecked")
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Platform.ID, s.Channel, s.Connection, s.Name, state(s), short(s.Care.Expires), short(s.Care.Checked))
	}
	return w.Flush()
}

// state says how an account is in few words.
func state(s account.Status) string {
	var words []string
	if s.Off {
		words = append(words, "off")
	}
	switch {
	case s.Expired != 0 || s.Care.Trouble == hub.TokenExpired:
		words = append(words, "credentials refused")
	case s.Care.Trouble != "":
		words = append(words, string(s.Care.Trouble))
	case s.Care.Checked == 0:
		words = append(words, "not checked")
	}
	if s.Care.Lost != 0 {
		words = append(words, "webhook lost")
	}
	if len(words) == 0 {
		return "good"
	}
	return strings.Join(words, ", ")
}

func short(at hub.Millis) string {
	if at == 0 {
		return "-"
	}
	return at.Time().Format("2006-01-02 15:04")
}

// accountShow tells all that is known of an account.
func (c *control) accountShow(ctx context.Context, args []string) error {
	team, id, err := accountFlags("show", args, nil)
	if err != nil {
		return err
	}
	s, err := c.keeper().Status(ctx, team, id)
	if err != nil {
		return err
	}
	c.show(s)
	facts, err := c.store.AccountFacts(ctx, team, id)
	if err != nil {
		return err
	}
	for _, e := range facts {
		fmt.Fprintf(c.out, "%s  %s", short(e.At), strings.TrimPrefix(e.Kind, "account."))
		for _, member := range []string{"days", "by"} {
			if v, ok := e.Detail[member]; ok {
				fmt.Fprintf(c.out, " (%s %v)", member, v)
			}
		}
		fmt.Fprintln(c.out)
	}
	return nil
}

func (c *control) show(s account.Status) {
	webhook := s.Platform.Webhook
	switch {
	case webhook == "":
		webhook = "not known: give the API's address to connect by -url"
	case s.Care.Lost != 0:
		webhook += fmt.Sprintf("\n  another system's stands in its place since %s; account actualize takes it back", short(s.Care.Lost))
	case s.ByHand:
		webhook += "\n  a person enters it at the platform"
	case s.Care.Registered == 0:
		webhook += "\n  not entered at the platform yet: account actualize enters it"
	}
	fmt.Fprintf(c.out, "account     %s (%s)\nconnection  %s, channel %s\nexternal    %s\nplatform    %s\nstate       %s\n",
		s.Platform.ID, s.Name, s.Connection, s.Channel, s.Platform.External, known(s.Care.Name), state(s))
	if s.Expired != 0 {
		fmt.Fprintf(c.out, "  the platform refuses the credentials since %s; give it others by connect\n", short(s.Expired))
	}
	if s.Care.Why != "" {
		fmt.Fprintf(c.out, "  %s\n", s.Care.Why)
	}
	for _, advice := range s.Care.Advice {
		fmt.Fprintf(c.out, "  note: %s\n", advice)
	}
	fmt.Fprintf(c.out, "credentials %s\nwebhook     %s\nthreads     %s\nchecked     %s, next after %s\n",
		ends(s.Care.Expires), webhook, map[bool]string{true: "there are some: it can be deactivated, not removed", false: "none"}[s.Used],
		short(s.Care.Checked), short(s.Care.Due))
}

func known(name string) string {
	if name == "" {
		return "not known"
	}
	return fmt.Sprintf("%q", name)
}

// accountCheck asks the platform now.
func (c *control) accountCheck(ctx context.Context, args []string) error {
	team, id, err := accountFlags("check", args, nil)
	if err != nil {
		return err
	}
	s, err := c.keeper().Check(ctx, team, id)
	if err != nil {
		return err
	}
	c.show(s)
	return nil
}

// accountActualize enters the account's webhook at the platform once more.
func (c *control) accountActualize(ctx context.Context, args []string) error {
	team, id, err := accountFlags("actualize", args, func(f flags) { f.url(c) })
	if err != nil {
		return err
	}
	webhook, err := c.keeper().Actualize(ctx, team, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "entered at the platform; what stood there before is replaced:\n%s\n", webhook)
	return nil
}

func (c *control) accountDeactivate(ctx context.Context, args []string) error {
	team, id, err := accountFlags("deactivate", args, nil)
	if err != nil {
		return err
	}
	if err := c.keeper().Deactivate(ctx, team, id); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "off: what comes in is stored, nothing is sent; the functions know it within a minute")
	return nil
}

func (c *control) accountActivate(ctx context.Context, args []string) error {
	team, id, err := accountFlags("activate", args, nil)
	if err != nil {
		return err
	}
	if err := c.keeper().Activate(ctx, team, id); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "on; the functions know it within a minute")
	return nil
}

// accountRemove takes out an account that has no threads.
func (c *control) accountRemove(ctx context.Context, args []string) error {
	force := false
	team, id, err := accountFlags("remove", args, func(f flags) { f.BoolVar(&force, "force", false, "") })
	if err != nil {
		return err
	}
	notes, err := c.keeper().Remove(ctx, team, id, force)
	c.tell(notes)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "removed; the functions know it within a minute")
	return nil
}

// tell prints what a person should know.
func (c *control) tell(notes []string) {
	for _, n := range notes {
		fmt.Fprintln(c.out, "note:", n)
	}
}
