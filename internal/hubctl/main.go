// Command hubctl sets up a deployment from a terminal: the hub itself, teams, and
// their connections to channels. It works with the credentials of the AWS
// configuration, or on the local stack with AWS_ENDPOINT_URL.
package main

import (
	"bufio"
	"context"
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

const usage = `hubctl sets up a deployment.

  hubctl team -id ID -name NAME
      creates a team

  hubctl connect -team ID -channel KIND -connection ID -account ID -external NAME [-title TEXT] [-keyword MATCH=ANSWER]…
      connects a channel, or replaces what stood under the same ids, and prints the
      path of its webhook. Secrets are read from standard input, one NAME=VALUE a
      line; LINE needs channel_secret and channel_token. -external is the
      platform's name of the account: for LINE the bot's user id (U and 32 digits).

Environment: CONFIG_TABLE (the name of the table Config), KEY_ID (the key that wraps
the teams' data keys: its ARN or alias), and the usual AWS settings. The caller needs
kms:Encrypt and kms:Decrypt on the key.
`

func main() {
	e := env.Read()
	table, keyID := e.Must("CONFIG_TABLE"), e.Must("KEY_ID")
	if len(os.Args) < 2 || strings.Trim(os.Args[1], "-") == "help" || os.Args[1] == "-h" {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx := context.Background()
	p := e.Start(ctx)
	c := &control{
		store: &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: store.Tables{Config: table}, Now: time.Now},
		key:   seal.NewKeyring(kms.NewFromConfig(p.AWS), keyID), in: os.Stdin, out: os.Stdout,
	}
	env.Exit(c.run(ctx, os.Args[1], os.Args[2:]))
}

// control runs one command.
type control struct {
	store *store.Store
	key   *seal.Keyring
	in    io.Reader
	out   io.Writer
}

func (c *control) run(ctx context.Context, command string, args []string) error {
	switch command {
	case "team":
		return c.team(ctx, args)
	case "connect":
		return c.connect(ctx, args)
	}
	return fmt.Errorf("hubctl: no command %q; hubctl -help lists them", command)
}

func (c *control) setup() settings.Setup { return settings.Setup{Store: c.store, Keyring: c.key} }

func (c *control) team(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("team", flag.ContinueOnError)
	id, name := flags.String("id", "", "the team's id"), flags.String("name", "", "its name")
	if err := flags.Parse(args); err != nil {
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

func (c *control) connect(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("connect", flag.ContinueOnError)
	team := flags.String("team", "", "the team's id")
	kind := flags.String("channel", "", "the kind of the channel")
	connection := flags.String("connection", "", "the connection's id")
	account := flags.String("account", "", "the account's id")
	external := flags.String("external", "", "the platform's name of the account")
	title := flags.String("title", "", "what the team calls it")
	var keywords []store.Keyword
	flags.Func("keyword", "MATCH=ANSWER: the answer to a text", func(v string) error {
		match, answer, ok := strings.Cut(v, "=")
		if !ok || match == "" || answer == "" {
			return errors.New("want MATCH=ANSWER")
		}
		keywords = append(keywords, store.Keyword{Match: match, Answer: answer})
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if all.Adapters(channel.Platform{})[hub.Channel(*kind)] == nil {
		return fmt.Errorf("hubctl: there is no channel %q", *kind)
	}
	secrets, err := readSecrets(c.in)
	if err != nil {
		return err
	}
	reader := settings.NewReader(c.store, c.key, time.Now)
	t, err := reader.Team(ctx, hub.TeamID(*team))
	if err != nil {
		return fmt.Errorf("hubctl: the team cannot be read; create it with hubctl team: %w", err)
	}
	edge, err := reader.Edge(ctx)
	if err != nil {
		return err
	}
	// The connection verifies webhooks and the account sends: each gets its own.
	verify, send := channel.Secrets{}, channel.Secrets{}
	for name, v := range secrets {
		if strings.HasSuffix(name, "_secret") || name == "verify_token" {
			verify[name] = v
		} else {
			send[name] = v
		}
	}
	err = c.setup().Connect(ctx, t, hub.ConnectionID(*connection), hub.Channel(*kind), verify, settings.NewAccount{
		ID: hub.AccountID(*account), External: *external, Name: *title, Secrets: send, Keywords: keywords,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "connected; enter this webhook at the platform, behind the API's address:\n/webhooks/%s/%s\n",
		*kind, edge.PathID(hub.TeamID(*team), hub.ConnectionID(*connection)))
	return nil
}

// readSecrets reads NAME=VALUE lines.
func readSecrets(r io.Reader) (channel.Secrets, error) {
	secrets := channel.Secrets{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		if !ok || name == "" || v == "" {
			return nil, errors.New("hubctl: secrets are read as lines of NAME=VALUE")
		}
		secrets[name] = hub.Secret(v)
	}
	return secrets, lines.Err()
}
