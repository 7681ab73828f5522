// Command hubctl sets up a deployment from a terminal: the hub itself, teams, their
// connections to channels and the keys of their secrets; and it sends messages and
// shows threads to engineers who try the hub out. It works with the credentials of
// the AWS configuration, or on the local stack with AWS_ENDPOINT_URL.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/env"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

//go:embed usage.txt
var usage string

// command is what one word after hubctl does.
type command struct {
	run   func(*control, context.Context, []string) error
	needs []string // environment beside CONFIG_TABLE and KEY_ID
}

func commands() map[string]command {
	return map[string]command{
		"team":       {run: (*control).team},
		"connect":    {run: (*control).connect},
		"disconnect": {run: (*control).disconnect},
		"rotate":     {run: (*control).rotate},
		"quota":      {run: (*control).quota},
		"send":       {run: (*control).send, needs: []string{"MESSAGES_TABLE", "CONTACTS_TABLE"}},
		"log":        {run: (*control).log, needs: []string{"MESSAGES_TABLE", "LEDGER_TABLE"}},
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	if strings.Trim(name, "-") == "help" || name == "-h" {
		fmt.Print(usage)
		return
	}
	if _, ok := commands()[name]; !ok {
		env.Exit(unknown(name))
	}
	e := env.Read()
	keyID, tables := e.Must("KEY_ID"), store.Tables{Config: e.Must("CONFIG_TABLE")}
	for _, need := range commands()[name].needs {
		e.Must(need)
	}
	tables.Messages, tables.Ledger, tables.Contacts = os.Getenv("MESSAGES_TABLE"), os.Getenv("LEDGER_TABLE"), os.Getenv("CONTACTS_TABLE")
	ctx := context.Background()
	p := e.Start(ctx)
	c := &control{
		store:    &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now},
		key:      seal.NewKeyring(kms.NewFromConfig(p.AWS), keyID),
		adapters: all.Adapters(env.Platform()),
		now:      p.Now,
		in:       os.Stdin, out: os.Stdout,
	}
	env.Exit(c.run(ctx, name, os.Args[2:]))
}

// control runs one command.
type control struct {
	store    *store.Store
	key      *seal.Keyring
	adapters map[hub.Channel]channel.Adapter
	now      func() time.Time
	in       io.Reader
	out      io.Writer
}

func (c *control) run(ctx context.Context, name string, args []string) error {
	command, ok := commands()[name]
	if !ok {
		return unknown(name)
	}
	err := command.run(c, ctx, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(c.out, usage)
		return nil
	}
	return err
}

func unknown(name string) error {
	return fmt.Errorf("hubctl: no command %q; hubctl help lists them", name)
}

func (c *control) setup() settings.Setup { return settings.Setup{Store: c.store, Keyring: c.key} }

func (c *control) reader() *settings.Reader { return settings.NewReader(c.store, c.key, c.now) }

// flags are one command's. Parse refuses what is no flag.
type flags struct{ *flag.FlagSet }

func newFlags(command string) flags {
	f := flags{flag.NewFlagSet("hubctl "+command, flag.ContinueOnError)}
	f.SetOutput(io.Discard) // its errors are returned and told once
	return f
}

func (f flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s: %q is no flag", f.Name(), f.Arg(0))
	}
	return nil
}

// need is an error that names the flags that were left out.
func (f flags) need(names ...string) error {
	for _, name := range names {
		if f.Lookup(name).Value.String() == "" {
			return fmt.Errorf("%s: -%s is missing", f.Name(), name)
		}
	}
	return nil
}

// was reports whether a flag was given.
func (f flags) was(name string) bool {
	given := false
	f.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}
