package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// connect adds a connection or an account to it, or changes what was given of one.
func (c *control) connect(ctx context.Context, args []string) error {
	f := newFlags("connect")
	team, kind := f.String("team", "", ""), f.String("channel", "", "")
	connection, account := f.String("connection", "", ""), f.String("account", "", "")
	external, title, scope := f.String("external", "", ""), f.String("title", "", ""), f.String("scope", "", "")
	var optOut store.OptOut
	f.StringVar(&optOut.OutReply, "out-reply", "", "")
	f.StringVar(&optOut.InReply, "in-reply", "", "")
	f.Func("out-word", "", words(&optOut.OutWords))
	f.Func("in-word", "", words(&optOut.InWords))
	var keywords []store.Keyword
	f.Func("keyword", "", func(text string) error { return keyword(&keywords, text) })
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
	if err := shows(adapter, keywords, optOut); err != nil {
		return err
	}
	if file, ok := c.in.(*os.File); ok && isTerminal(file) {
		fmt.Fprintf(os.Stderr, "secrets of %s as NAME=VALUE, one a line, then Ctrl-D; none keeps what is stored (%s):\n", *kind, list(adapter.Setup()))
	}
	given, err := readSecrets(c.in)
	if err != nil {
		return err
	}
	verify, send, err := parts(adapter, given)
	if err != nil {
		return err
	}
	reader := c.reader()
	t, err := reader.Team(ctx, hub.TeamID(*team))
	if err != nil {
		return fmt.Errorf("hubctl connect: the team cannot be read; create it with hubctl team: %w", err)
	}
	stored, err := reader.Connection(ctx, t.ID, hub.ConnectionID(*connection))
	switch {
	case err == nil:
		err = missing(adapter.Setup().Connection, verify, stored.Secrets)
	case hub.CodeOf(err) == hub.NotFound:
		err = missing(adapter.Setup().Connection, verify, nil)
	}
	if err != nil {
		return err
	}
	var accounts []settings.NewAccount
	if *account == "" {
		if len(send) > 0 || len(keywords) > 0 || *external != "" {
			return errors.New("hubctl connect: -account is missing: what was given belongs to an account")
		}
	} else {
		a, err := known(ctx, reader, t.ID, hub.AccountID(*account), adapter, send)
		if err != nil {
			return err
		}
		overlay(f, &a, settings.NewAccount{External: *external, Name: *title, Scope: *scope, OptOut: optOut, Keywords: keywords})
		accounts = append(accounts, a)
	}
	if err := c.setup().Connect(ctx, t, hub.ConnectionID(*connection), adapter.Kind(), verify, accounts...); err != nil {
		return err
	}
	edge, err := reader.Edge(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "connected; enter this webhook at the platform, behind the API's address:\n/webhooks/%s/%s\n",
		*kind, edge.PathID(t.ID, hub.ConnectionID(*connection)))
	return nil
}

// known is the account as it stands, with new secrets.
func known(ctx context.Context, reader *settings.Reader, team hub.TeamID, id hub.AccountID, adapter channel.Adapter, send channel.Secrets) (settings.NewAccount, error) {
	a, err := reader.Account(ctx, team, id)
	if hub.CodeOf(err) == hub.NotFound {
		return settings.NewAccount{ID: id, Secrets: send}, missing(adapter.Setup().Account, send, nil)
	}
	if err != nil {
		return settings.NewAccount{}, err
	}
	return settings.NewAccount{
		ID: id, External: a.Platform.External, Name: a.Name, Scope: a.Scope, OptOut: a.OptOut, Keywords: a.Keywords, Secrets: send,
	}, missing(adapter.Setup().Account, send, a.Platform.Secrets)
}

// overlay puts what was given over what stands.
func overlay(f flags, to *settings.NewAccount, given settings.NewAccount) {
	for name, put := range map[string]func(){
		"external":  func() { to.External = given.External },
		"title":     func() { to.Name = given.Name },
		"scope":     func() { to.Scope = given.Scope },
		"out-word":  func() { to.OptOut.OutWords = given.OptOut.OutWords },
		"in-word":   func() { to.OptOut.InWords = given.OptOut.InWords },
		"out-reply": func() { to.OptOut.OutReply = given.OptOut.OutReply },
		"in-reply":  func() { to.OptOut.InReply = given.OptOut.InReply },
		"keyword":   func() { to.Keywords = given.Keywords },
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
func keyword(list *[]store.Keyword, text string) error {
	if text == "" {
		return nil
	}
	match, answer, ok := strings.Cut(text, "=")
	if !ok || strings.TrimSpace(match) == "" || answer == "" {
		return errors.New("want MATCH=ANSWER")
	}
	content := hub.TextContent(answer)
	if strings.HasPrefix(answer, "{") {
		var err error
		if content, err = readContent(answer); err != nil {
			return err
		}
	}
	*list = append(*list, store.Keyword{Match: match, Answer: content})
	return nil
}

// shows checks that the channel can show all automatic answers.
func shows(adapter channel.Adapter, keywords []store.Keyword, o store.OptOut) error {
	limits := adapter.Capabilities()
	for _, k := range keywords {
		if err := limits.Check(k.Answer); err != nil {
			return fmt.Errorf("hubctl connect: the answer to %q: %w", k.Match, err)
		}
	}
	for name, text := range map[string]string{"out-reply": o.OutReply, "in-reply": o.InReply} {
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
	team, connection, account := f.String("team", "", ""), f.String("connection", "", ""), f.String("account", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "connection"); err != nil {
		return err
	}
	var accounts []hub.AccountID
	if *account != "" {
		accounts = append(accounts, hub.AccountID(*account))
	}
	if err := c.setup().Disconnect(ctx, hub.TeamID(*team), hub.ConnectionID(*connection), accounts...); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "disconnected; the functions know it within a minute")
	return nil
}

func isTerminal(f interface{ Stat() (os.FileInfo, error) }) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
