// Package demoteam sets up the demo team of the local stack: one account per
// channel that has a fake platform, each answering the keyword ping with pong.
package demoteam

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// ID is the demo team's id.
const ID hub.TeamID = "demo"

// Account is one account of the demo team, as both its fake platform and the hub
// know it.
type Account struct {
	Channel string `json:"channel"`
	fake.Account
}

// Team is what the demo team has.
type Team struct {
	Team     string
	Accounts []Account
	Seeded   map[string]string // ids of what was set up beside the accounts
}

// Setup is where the demo team is set up.
type Setup struct {
	AWS    aws.Config
	Tables map[string]string // table names by their logical ids in the template
	Key    string            // id or ARN of the key that wraps the teams' data keys
	API    string            // base URL of the HTTP API, for the webhook URLs
}

// demo is one account to set up.
type demo struct {
	channel    hub.Channel
	connection hub.ConnectionID
	account    hub.AccountID
	external   string
	verify     map[string]string // the connection's secrets
	send       map[string]string // the account's secrets
}

// accounts are the demo team's. The credentials are made up; the fakes know the
// same ones.
func accounts() []demo {
	return []demo{
		{
			channel: "line", connection: "line1", account: "line1", external: "U5a1f0c3e9b7d4826a1c0e5f79d3b2468",
			verify: map[string]string{"channel_secret": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
			send:   map[string]string{"channel_token": "demo-line-channel-token-3f9a1c"},
		},
	}
}

// Seed writes the demo team, or what of it is missing, and returns it. It may be
// repeated.
func Seed(ctx context.Context, s Setup) (Team, error) {
	keyring := seal.NewKeyring(kms.NewFromConfig(s.AWS), s.Key)
	st := &store.Store{DB: dynamodb.NewFromConfig(s.AWS), Tables: store.Tables{Config: s.Tables["ConfigTable"]}, Now: time.Now}
	setup := settings.Setup{Store: st, Keyring: keyring}
	if err := setup.Hub(ctx); err != nil {
		return Team{}, fmt.Errorf("demoteam: prepare the hub: %w", err)
	}
	if err := setup.Team(ctx, ID, "Demo team"); err != nil {
		return Team{}, fmt.Errorf("demoteam: create the team: %w", err)
	}
	reader := settings.NewReader(st, keyring, time.Now)
	edge, err := reader.Edge(ctx)
	if err != nil {
		return Team{}, unopened(err)
	}
	team, err := reader.Team(ctx, ID)
	if err != nil {
		return Team{}, unopened(err)
	}

	out := Team{Team: string(ID), Seeded: map[string]string{"keyword": "ping"}}
	for _, d := range accounts() {
		err := setup.Connect(ctx, team, d.connection, d.channel, secrets(d.verify), settings.NewAccount{
			ID: d.account, External: d.external, Name: "Demo " + string(d.channel), Secrets: secrets(d.send),
			Keywords: []store.Keyword{{Match: "ping", Answer: "pong"}},
		})
		if err != nil {
			return Team{}, fmt.Errorf("demoteam: connect %s: %w", d.channel, err)
		}
		all := map[string]string{}
		for _, fields := range []map[string]string{d.verify, d.send} {
			for name, v := range fields {
				all[name] = v
			}
		}
		out.Accounts = append(out.Accounts, Account{Channel: string(d.channel), Account: fake.Account{
			ID: string(d.account), ExternalID: d.external, Secrets: all,
			Webhook: s.API + "/webhooks/" + string(d.channel) + "/" + edge.PathID(ID, d.connection),
		}})
	}
	return out, nil
}

// unopened says what to do if what is stored was sealed under another key.
func unopened(err error) error {
	if hub.CodeOf(err) == hub.Internal {
		return fmt.Errorf("demoteam: what is stored was sealed under another key; remove the state folder to start afresh: %w", err)
	}
	return fmt.Errorf("demoteam: %w", err)
}

func secrets(fields map[string]string) channel.Secrets {
	out := channel.Secrets{}
	for name, v := range fields {
		out[name] = hub.Secret(v)
	}
	return out
}
