package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// connect adds a connection or an account to it, or changes what was given of one.
func (c *control) connect(ctx context.Context, args []string) error {
	f := newFlags("connect")
	team, kind := f.String("team", "", ""), f.String("channel", "", "")
	connection, id := f.String("connection", "", ""), f.String("account", "", "")
	external := f.String("external", "", "")
	var given settings.NewAccount
	f.StringVar(&given.Name, "title", "", "")
	f.StringVar(&given.Scope, "scope", "", "")
	f.StringVar(&given.OptOut.OutReply, "out-reply", "", "")
	f.StringVar(&given.OptOut.InReply, "in-reply", "", "")
	f.Func("out-word", "", words(&given.OptOut.OutWords))
	f.Func("in-word", "", words(&given.OptOut.InWords))
	f.Func("keyword", "", func(text string) error { return keyword(&given.Keywords, text) })
	f.Func("welcome", "", func(text string) (err error) {
		given.Welcome, err = answerOf(text)
		return err
	})
	unchecked := f.Bool("no-check", false, "")
	f.url(c)
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "channel", "connection"); err != nil {
		return err
	}
	adapter := c.adapters[hub.Channel(*kind)]
	if adapter == nil {
		return fmt.Errorf("hubctl connect: there is no channel %q", *kind)
	}
	if err := shows(adapter, given); err != nil {
		return err
	}
	if *id == "" && (len(given.Keywords) > 0 || *external != "" || given.Welcome.Type != "") {
		return errors.New("hubctl connect: -account is missing: what was given belongs to an account")
	}
	if file, ok := c.in.(*os.File); ok && isTerminal(file) {
		fmt.Fprintf(os.Stderr, "secrets of %s as NAME=VALUE, one a line, then Ctrl-D; none keeps what is stored:\n%s", *kind, fieldsOf(adapter))
	}
	secrets, err := readSecrets(c.in)
	if err != nil {
		return err
	}
	out, err := c.keeper().Connect(ctx, account.Wish{
		Team: hub.TeamID(*team), Channel: hub.Channel(*kind), Connection: hub.ConnectionID(*connection), Account: hub.AccountID(*id),
		Secrets: secrets, External: *external, Unchecked: *unchecked,
		Change: func(a *settings.NewAccount) { overlay(f, a, given) },
	})
	if err != nil {
		return err
	}
	return c.connected(ctx, hub.TeamID(*team), hub.Channel(*kind), hub.ConnectionID(*connection), hub.AccountID(*id), out)
}

// connected tells what came of connect.
func (c *control) connected(ctx context.Context, team hub.TeamID, kind hub.Channel, connection hub.ConnectionID, id hub.AccountID, out account.Connected) error {
	switch said := out.Standing; {
	case id == "":
		fmt.Fprintln(c.out, "connected; it has no account yet, or those that it had")
	case said == nil:
		fmt.Fprintf(c.out, "connected as %s; the platform was not asked, which is made up for within the hour\n", out.External)
	default:
		fmt.Fprintf(c.out, "connected as %s, whom the platform calls %q; the credentials %s\n", out.External, said.Name, ends(said.Expires))
		for _, advice := range said.Advice {
			fmt.Fprintf(c.out, "note: %s\n", advice)
		}
	}
	for _, other := range out.Others {
		fmt.Fprintf(c.out, "account %s of the same connection has them too\n", other)
	}
	switch {
	case out.Registered:
		fmt.Fprintf(c.out, "its webhook was entered at the platform:\n%s\n", out.Webhook)
	case out.Unregistered != nil:
		fmt.Fprintf(c.out, "its webhook could not be entered at the platform: %s\nMend that and run: hubctl account actualize -team %s -account %s\n%s\n",
			account.Why(out.Unregistered), team, id, out.Webhook)
	case out.Webhook != "":
		fmt.Fprintf(c.out, "enter this webhook at the platform:\n%s\n", out.Webhook)
	default:
		edge, err := c.reader().Edge(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "enter this webhook at the platform, behind the API's address, which was not given by -url or API_URL:\n/webhooks/%s/%s\n",
			kind, edge.PathID(team, connection))
	}
	return nil
}

// ends says when credentials end.
func ends(at hub.Millis) string {
	if at == 0 {
		return "have no end that is known"
	}
	return "end on " + at.Time().Format("2006-01-02 15:04 UTC")
}

// overlay puts what was given over what stands.
func overlay(f flags, to *settings.NewAccount, given settings.NewAccount) {
	for name, put := range map[string]func(){
		"title":     func() { to.Name = given.Name },
		"scope":     func() { to.Scope = given.Scope },
		"out-word":  func() { to.OptOut.OutWords = given.OptOut.OutWords },
		"in-word":   func() { to.OptOut.InWords = given.OptOut.InWords },
		"out-reply": func() { to.OptOut.OutReply = given.OptOut.OutReply },
		"in-reply":  func() { to.OptOut.InReply = given.OptOut.InReply },
		"keyword":   func() { to.Keywords = given.Keywords },
		"welcome":   func() { to.Welcome = given.Welcome },
	} {
		if f.was(name) {
			put()
		}
	}
}

// words collects the values of a flag that may be repeated; an empty one adds none.
func words(list *[]string) func(string) error {
	return func(word string) error {
		if word = strings.TrimSpace(word); word != "" {
			*list = append(*list, word)
		}
		return nil
	}
}

// keyword reads MATCH=ANSWER; an answer that begins with a brace is the JSON of a
// hub.Content. An empty text adds none.
func keyword(list *[]hub.Keyword, text string) error {
	if *list == nil {
		*list = []hub.Keyword{}
	}
	if text == "" {
		return nil
	}
	match, answer, ok := strings.Cut(text, "=")
	if !ok || strings.TrimSpace(match) == "" || answer == "" {
		return errors.New("want MATCH=ANSWER")
	}
	content, err := answerOf(answer)
	if err != nil {
		return err
	}
	*list = append(*list, hub.Keyword{Match: match, Answer: content})
	return nil
}

// answerOf reads what is answered: a text, or JSON if it begins with a brace. Of an empty
// text it makes nothing.
func answerOf(text string) (hub.Content, error) {
	switch {
	case text == "":
		return hub.Content{}, nil
	case strings.HasPrefix(text, "{"):
		return readContent(text)
	}
	return hub.TextContent(text), nil
}

// shows checks that the channel can show all automatic answers.
func shows(adapter channel.Adapter, a settings.NewAccount) error {
	limits := adapter.Capabilities()
	if a.Welcome.Type != "" {
		if err := limits.Check(a.Welcome); err != nil {
			return fmt.Errorf("hubctl connect: -welcome: %w", err)
		}
	}
	for _, k := range a.Keywords {
		if err := limits.Check(k.Answer); err != nil {
			return fmt.Errorf("hubctl connect: the answer to %q: %w", k.Match, err)
		}
	}
	for name, text := range map[string]string{"out-reply": a.OptOut.OutReply, "in-reply": a.OptOut.InReply} {
		if text == "" {
			continue
		}
		if err := limits.Check(hub.TextContent(text)); err != nil {
			return fmt.Errorf("hubctl connect: -%s: %w", name, err)
		}
	}
	return nil
}

// disconnect removes an account, or a whole connection.
func (c *control) disconnect(ctx context.Context, args []string) error {
	f := newFlags("disconnect")
	team, connection, id := f.String("team", "", ""), f.String("connection", "", ""), f.String("account", "", "")
	force := f.Bool("force", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "connection"); err != nil {
		return err
	}
	var accounts []hub.AccountID
	if *id != "" {
		accounts = append(accounts, hub.AccountID(*id))
	}
	notes, err := c.keeper().Disconnect(ctx, hub.TeamID(*team), hub.ConnectionID(*connection), *force, accounts...)
	c.tell(notes)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "disconnected; the functions know it within a minute")
	return nil
}

func isTerminal(f interface{ Stat() (os.FileInfo, error) }) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
