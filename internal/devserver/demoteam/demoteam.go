// Package demoteam sets up the demo team of the local stack: accounts of each channel that
// has a fake platform, all of which answer the keyword ping with pong, and some those of
// OmniLink. The first ones of LINE and Messenger answer "menu" with a bot that shows what
// modules can do; their welcome, and their answers to whatever nothing else answers, within
// and outside the opening hours, are switched off, since an account that answers everything
// is no use to who counts messages: PUT /accounts/{account}/replies switches them on.
package demoteam

import (
	"context"
	"errors"
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
	members "omnihub/internal/team"
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

// demo is one connection to set up, with its accounts.
type demo struct {
	channel    hub.Channel
	connection hub.ConnectionID
	verify     map[string]string // the connection's secrets
	accounts   []demoAccount
}

type demoAccount struct {
	id       hub.AccountID
	external string
	send     map[string]string // the account's secrets
	welcome  string            // in the answer to who opens the conversation; "" = none
}

// demos are the demo team's connections. The credentials are made up; the fakes know
// the same ones.
func demos() []demo {
	return []demo{
		{
			channel: "line", connection: "line1",
			verify: map[string]string{"channel_secret": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
			accounts: []demoAccount{
				{id: "line1", external: "U5a1f0c3e9b7d4826a1c0e5f79d3b2468", send: map[string]string{"channel_token": "demo-line-channel-token-3f9a1c",
					"liff_id": "1657064184-Yox2K7JW", "login_channel_id": "1657064184", "basic_id": "@demoshop"}},
			},
		},
		{ // two numbers of one app
			channel: "whatsapp", connection: "whatsapp1",
			verify: map[string]string{"app_secret": "f00dbabe0123456789abcdef01234567", "verify_token": "demo-whatsapp-verify-token-7d41"},
			accounts: []demoAccount{
				{id: "whatsapp1", external: "106540352242922", send: map[string]string{"access_token": "demo-whatsapp-access-token-81c0e2", "display_number": "+886 2 7700 1234"}},
				{id: "whatsapp2", external: "106540352242923", send: map[string]string{"access_token": "demo-whatsapp-access-token-92d1f3", "display_number": "+886 2 7700 1235"}},
			},
		},
		{ // two Pages of one app
			channel: "messenger", connection: "messenger1",
			verify: map[string]string{"app_secret": "0badc0de89abcdef0123456789abcdef", "verify_token": "demo-messenger-verify-token-5e18"},
			accounts: []demoAccount{
				{id: "messenger1", external: "104857392016482", send: map[string]string{"access_token": "demo-messenger-access-token-3b70a4"}},
				{id: "messenger2", external: "104857392016483", send: map[string]string{"access_token": "demo-messenger-access-token-4c81b5"}},
			},
		},
		{ // one by the login with Facebook, one by that with Instagram
			channel: "instagram", connection: "instagram1",
			verify: map[string]string{"app_secret": "cafe0123456789abcdef0123456789ab", "verify_token": "demo-instagram-verify-token-8a26"},
			accounts: []demoAccount{
				{id: "instagram1", external: "17841405822304914", send: map[string]string{"access_token": "demo-instagram-access-token-6d93c7", "page_id": "104857392016490"}},
				{id: "instagram2", external: "17841405822304915", send: map[string]string{"access_token": "demo-instagram-login-token-20b8e5", "login": "instagram"}},
			},
		},
		{ // two WhatsApp numbers of one account of Twilio's
			channel: "twilio", connection: "twilio1",
			verify: map[string]string{"account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "89abcdef0123456789abcdef01234567"},
			accounts: []demoAccount{
				{id: "twilio1", external: "+14155550142"},
				{id: "twilio2", external: "+14155550143"},
			},
		},
		{
			channel: "viber", connection: "viber1",
			verify: map[string]string{"auth_token": "4f3e2d1c0b9a8877-665544332211ffee-ddccbbaa99887755"},
			accounts: []demoAccount{
				{id: "viber1", external: "pa:5678901234567890123", welcome: "Welcome to the demo shop. Write ping, and you get a pong."},
			},
		},
	}
}

// Seed writes the demo team, or what of it is missing, and returns it. It may be
// repeated.
func Seed(ctx context.Context, s Setup) (Team, error) {
	keyring := seal.NewKeyring(kms.NewFromConfig(s.AWS), s.Key)
	st := &store.Store{DB: dynamodb.NewFromConfig(s.AWS), Tables: store.Tables{Config: s.Tables["ConfigTable"], Contacts: s.Tables["ContactsTable"]}, Now: time.Now}
	setup := settings.Setup{Store: st, Keyring: keyring, URL: s.API}
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
	for _, d := range demos() {
		var accounts []settings.NewAccount
		for _, a := range d.accounts {
			n := settings.NewAccount{
				ID: a.id, External: a.external, Name: "Demo " + string(a.id), Secrets: secrets(a.send),
			}
			rules, err := st.Rules(ctx, ID, a.id, store.Strict)
			if err != nil {
				return Team{}, fmt.Errorf("demoteam: read the rules of %s: %w", a.id, err)
			}
			if rules.Version == 0 { // else somebody may have changed them: they stay so
				n.Keywords = []hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}}
			}
			if a.welcome != "" {
				n.Welcome = hub.TextContent(a.welcome)
			}
			accounts = append(accounts, n)
		}
		if err := setup.Connect(ctx, team, d.connection, d.channel, secrets(d.verify), accounts...); err != nil {
			return Team{}, fmt.Errorf("demoteam: connect %s: %w", d.channel, err)
		}
		for _, a := range d.accounts {
			all := map[string]string{}
			for _, fields := range []map[string]string{d.verify, a.send} {
				for name, v := range fields {
					all[name] = v
				}
			}
			out.Accounts = append(out.Accounts, Account{Channel: string(d.channel), Account: fake.Account{
				ID: string(a.id), ExternalID: a.external, Secrets: all,
				Webhook: s.API + "/webhooks/" + string(d.channel) + "/" + edge.PathID(ID, d.connection),
			}})
		}
	}
	office := &members.Office{Store: st, Settings: reader, Now: time.Now}
	for _, m := range Members() {
		_, err := office.Add(ctx, ID, hub.Actor{Kind: hub.ActorHub, ID: "demoteam"}, members.NewMember{
			Subject: hub.Personal(m.Subject), Name: hub.Personal(m.Name), Email: hub.Personal(m.Email), Role: hub.Role(m.Role),
		})
		if err != nil && !errors.Is(err, members.ErrMember) { // changed since: it stays so
			return Team{}, fmt.Errorf("demoteam: add member %s: %w", m.Subject, err)
		}
	}
	if err := newLinker(st, reader, s.API).seed(ctx, out.Seeded); err != nil {
		return Team{}, err
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
