// Command hubctl sets up a deployment from a terminal: the hub itself, teams, their
// connections to channels and the keys of their secrets; it sends messages and shows
// threads to engineers who try the hub out; and it puts on its way again what lies in
// quarantine, in dead-letter queues, or was never published. It works with the
// credentials of the AWS configuration, or on the local stack with AWS_ENDPOINT_URL.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/account"
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

// command is what a word after hubctl does, or two.
type command struct {
	run   func(*control, context.Context, []string) error
	needs []string // environment
}

func commands() map[string]command {
	setup := []string{"CONFIG_TABLE", "KEY_ID"}
	with := func(names ...string) []string { return append(names, setup...) }
	return map[string]command{
		"team":       {run: (*control).team, needs: setup},
		"connect":    {run: (*control).connect, needs: with("CONTACTS_TABLE")},
		"disconnect": {run: (*control).disconnect, needs: with("CONTACTS_TABLE")},
		"rotate":     {run: (*control).rotate, needs: setup},
		"quota":      {run: (*control).quota, needs: setup},
		"send":       {run: (*control).send, needs: with("MESSAGES_TABLE", "CONTACTS_TABLE")},
		"log":        {run: (*control).log, needs: with("MESSAGES_TABLE", "LEDGER_TABLE")},

		"account list":       {run: (*control).accountList, needs: with("CONTACTS_TABLE")},
		"account show":       {run: (*control).accountShow, needs: with("CONTACTS_TABLE")},
		"account check":      {run: (*control).accountCheck, needs: with("CONTACTS_TABLE")},
		"account actualize":  {run: (*control).accountActualize, needs: with("CONTACTS_TABLE")},
		"account deactivate": {run: (*control).accountDeactivate, needs: with("CONTACTS_TABLE")},
		"account activate":   {run: (*control).accountActivate, needs: with("CONTACTS_TABLE")},
		"account remove":     {run: (*control).accountRemove, needs: with("CONTACTS_TABLE")},

		"member":         {run: (*control).member, needs: with("CONTACTS_TABLE")},
		"member list":    {run: (*control).memberList, needs: setup},
		"member disable": {run: (*control).memberDisable, needs: with("CONTACTS_TABLE")},
		"member enable":  {run: (*control).memberEnable, needs: with("CONTACTS_TABLE")},
		"member remove":  {run: (*control).memberRemove, needs: with("CONTACTS_TABLE")},
		"key create":     {run: (*control).keyCreate, needs: with("CONTACTS_TABLE")},
		"key list":       {run: (*control).keyList, needs: setup},
		"key revoke":     {run: (*control).keyRevoke, needs: with("CONTACTS_TABLE")},

		"erasure list":  {run: (*control).erasureList, needs: with("CONTACTS_TABLE")},
		"erasure again": {run: (*control).erasureAgain, needs: with("CONTACTS_TABLE")},
		"erasure allow": {run: (*control).erasureAllow, needs: with("CONTACTS_TABLE")},

		"quarantine list":   {run: (*control).quarantineList, needs: []string{"LEDGER_TABLE"}},
		"quarantine show":   {run: (*control).quarantineShow, needs: []string{"LEDGER_TABLE"}},
		"quarantine replay": {run: (*control).quarantineReplay, needs: with("LEDGER_TABLE")},
		"queues":            {run: (*control).listQueues},
		"redrive":           {run: (*control).redrive},
		"republish":         {run: (*control).republish},
	}
}

// named finds the command that the words begin with, and what follows it.
func named(words []string) (name string, args []string, err error) {
	for n := min(2, len(words)); n > 0; n-- {
		name = strings.Join(words[:n], " ")
		if _, ok := commands()[name]; ok {
			return name, words[n:], nil
		}
	}
	return "", nil, fmt.Errorf("hubctl: no command %q; hubctl help lists them", name)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usageOf(all.Adapters(env.Platform())))
		os.Exit(2)
	}
	if first := os.Args[1]; strings.Trim(first, "-") == "help" || first == "-h" {
		fmt.Print(usageOf(all.Adapters(env.Platform())))
		return
	}
	name, _, err := named(os.Args[1:])
	env.Exit(err)
	e := env.Read("hubctl")
	for _, need := range commands()[name].needs {
		e.Must(need)
	}
	// The first interruption lets a command end what it is at; the second ends it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	p := e.Start(ctx)
	c := &control{
		adapters: all.Adapters(env.Platform()), now: p.Now, url: os.Getenv("API_URL"), refused: &refusals{},
		in: os.Stdin, out: os.Stdout, progress: os.Stderr, pause: time.Second,
	}
	p.AWS.APIOptions = append(p.AWS.APIOptions, c.refused.note)
	p.AWS.Retryer = patient(p.AWS.Retryer)
	c.store = &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Now: p.Now, Marks: &store.Marks{}, Tables: store.Tables{
		Config: os.Getenv("CONFIG_TABLE"), Messages: os.Getenv("MESSAGES_TABLE"),
		Ledger: os.Getenv("LEDGER_TABLE"), Contacts: os.Getenv("CONTACTS_TABLE"),
	}}
	c.key = seal.NewKeyring(kms.NewFromConfig(p.AWS), os.Getenv("KEY_ID"))
	c.queues, c.events = sqs.NewFromConfig(p.AWS), eventbridge.NewFromConfig(p.AWS)
	c.files = s3.NewFromConfig(p.AWS, func(o *s3.Options) { o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL") != "" })
	env.Exit(c.run(ctx, os.Args[1:]))
}

// control runs one command.
type control struct {
	store    *store.Store
	key      *seal.Keyring
	adapters map[hub.Channel]channel.Adapter
	queues   *sqs.Client
	events   *eventbridge.Client
	files    *s3.Client
	now      func() time.Time
	url      string    // the API's public address; "" = not known
	refused  *refusals // what the credentials may not call
	in       io.Reader
	out      io.Writer
	progress io.Writer     // how far a long command has come
	pause    time.Duration // between two looks at what goes on elsewhere, and before a second try
}

func (c *control) run(ctx context.Context, words []string) error {
	name, args, err := named(words)
	if err != nil {
		return err
	}
	err = commands()[name].run(c, ctx, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(c.out, usageOf(c.adapters))
		return nil
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return errStopped // within a call
	}
	return c.refused.explain(err)
}

func (c *control) setup() settings.Setup {
	return settings.Setup{Store: c.store, Keyring: c.key, URL: c.url}
}

func (c *control) keeper() *account.Keeper {
	return &account.Keeper{Setup: c.setup(), Adapters: c.adapters, Now: c.now, Log: slog.New(slog.DiscardHandler)}
}

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

// url adds the flag -url, which sets the API's address.
func (f flags) url(c *control) {
	f.Func("url", "", func(text string) error {
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" || u.Host == "" || u.RawQuery != "" {
			return errors.New("want the API's address, as https://hooks.example")
		}
		c.url = strings.TrimSuffix(strings.TrimSuffix(text, "/"), "/webhooks")
		return nil
	})
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
