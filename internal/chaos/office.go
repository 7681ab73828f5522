package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/stack"
	"omnihub/internal/store"
)

// The teams of a run. The second has accounts of the same names, under the same
// secrets, with some of the same customers.
const (
	demoTeam  = string(demoteam.ID)
	rivalTeam = "rival"
)

// rivalAnswer is what the second team answers the keyword with, which tells its sends
// from the first team's.
const rivalAnswer = "pong of the rival"

// office is the hub as a program of its own uses it: it sets up the second team, and
// sends for the desk. The faults of the cloud do not strike it.
type office struct {
	store    *store.Store
	keyring  *seal.Keyring
	reader   *settings.Reader
	composer *chat.Composer
	demo     stack.Demo
	api      string                // base URL of the hub's API
	peppers  map[string]hub.Pepper // by team
}

// secretsKey is the key's name in the local stack.
const secretsKey = "alias/omnihub-secrets"

func newOffice(ctx context.Context, st *stack.Stack, now func() time.Time) (*office, error) {
	cfg := config(st)
	db := dynamodb.NewFromConfig(cfg)
	names, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return nil, err
	}
	s := &store.Store{DB: db, Now: now, Marks: &store.Marks{}}
	for _, name := range names.TableNames {
		for part, into := range map[string]*string{
			"Contacts": &s.Tables.Contacts, "Messages": &s.Tables.Messages, "Config": &s.Tables.Config, "Ledger": &s.Tables.Ledger,
		} {
			if strings.Contains(name, part) {
				*into = name
			}
		}
	}
	o := &office{store: s, keyring: seal.NewKeyring(kms.NewFromConfig(cfg), secretsKey), api: st.API, peppers: map[string]hub.Pepper{}}
	o.reader = settings.NewReader(s, o.keyring, now)
	o.composer = &chat.Composer{Store: s, Settings: o.reader, Adapters: all.Adapters(channel.Platform{BaseURL: st.Platform}), Now: now}
	o.demo, err = st.Demo(ctx)
	if err != nil {
		return nil, err
	}
	return o, o.know(ctx, demoTeam)
}

// know reads a team's pepper.
func (o *office) know(ctx context.Context, team string) error {
	t, err := o.reader.Team(ctx, hub.TeamID(team))
	if err != nil {
		return err
	}
	o.peppers[team] = t.Pepper
	return nil
}

// webhooks are those of the first account of each channel; and, of the second team, of
// the last one.
func (o *office) webhooks(ctx context.Context, st *stack.Stack, rival bool) (map[string]webhook, error) {
	out := map[string]webhook{}
	last := map[string]stack.Account{}
	for _, a := range o.demo.Accounts {
		last[a.Channel] = a
		if _, ok := out[demoTeam+a.Channel]; !ok {
			out[demoTeam+a.Channel] = webhookOf(a)
		}
	}
	if !rival {
		return out, nil
	}
	if err := o.found(ctx, last); err != nil {
		return nil, err
	}
	edge, err := o.reader.Edge(ctx)
	if err != nil {
		return nil, err
	}
	for channel, a := range last {
		w := webhookOf(a)
		w.url = st.API + "/webhooks/" + channel + "/" + edge.PathID(rivalTeam, connectionOf(channel))
		out[rivalTeam+channel] = w
	}
	return out, nil
}

func webhookOf(a stack.Account) webhook {
	return webhook{channel: a.Channel, url: a.Webhook, secret: a.Secrets[traitOf(a.Channel).secret], account: a.ID, external: a.ExternalID}
}

func connectionOf(channel string) hub.ConnectionID { return hub.ConnectionID(channel + "1") }

// found sets up the second team with one account of each channel, under the names that
// the first team gives its first ones; it may be repeated.
func (o *office) found(ctx context.Context, accounts map[string]stack.Account) error {
	setup := settings.Setup{Store: o.store, Keyring: o.keyring, URL: o.api}
	if err := setup.Team(ctx, rivalTeam, "Rival"); err != nil {
		return err
	}
	if err := o.know(ctx, rivalTeam); err != nil {
		return err
	}
	team, err := o.reader.Team(ctx, rivalTeam)
	if err != nil {
		return err
	}
	for kind, a := range accounts {
		verify, send := channel.Secrets{}, channel.Secrets{}
		for _, f := range o.composer.Adapters[hub.Channel(kind)].Setup().Account {
			if v := a.Secrets[f.Name]; v != "" {
				send[f.Name] = hub.Secret(v)
			}
		}
		for name, v := range a.Secrets {
			if _, ok := send[name]; !ok {
				verify[name] = hub.Secret(v)
			}
		}
		err := setup.Connect(ctx, team, connectionOf(kind), hub.Channel(kind), verify, settings.NewAccount{
			ID: hub.AccountID(connectionOf(kind)), External: a.ExternalID, Name: "Rival", Secrets: send,
			Keywords: []hub.Keyword{{Match: "ping", Answer: hub.TextContent(rivalAnswer)}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// intent is something that the desk or a program has told the hub to send.
type intent struct {
	team, channel, account string
	user                   hub.UserKey
	key                    hub.MessageKey
	mark                   string
	class                  hub.Class
	accepted               int64
}

// ref is the name of a stored send in this package: the partition in which it lies,
// and its key.
func (i intent) ref() string { return string(i.user) + "." + string(i.key) }

// classes are those of the desk's and of programs' sends, by turns.
var classes = []hub.Class{hub.ClassPerson, hub.ClassTransactional, hub.ClassPerson, hub.ClassMarketing}

// send stores the intent to send words to a customer.
func (r *run) send(ctx context.Context, channel, account, to string, class hub.Class, c hub.Content) error {
	mark := r.mark()
	c.Text = mark + " " + c.Text
	at := r.now().UnixMilli()
	ref, key, err := r.office.composer.Send(ctx, chat.Draft{
		Team: hub.TeamID(demoTeam), Account: hub.AccountID(account), To: to, Class: class, Content: c, By: "desk", Trace: "desk-" + fmt.Sprint(r.marks),
		ID: fmt.Sprintf("desk%08d", r.marks), At: hub.Millis(at),
	})
	if err != nil {
		return err
	}
	r.desk = append(r.desk, intent{demoTeam, channel, account, ref.User, key, mark, class, at})
	return nil
}

// serve lets the desk write to a customer now and then: words, or a button to tap.
func (r *run) serve(ctx context.Context, who customer) error {
	to := r.addresses[who.name]
	if to == "" || r.random.IntN(3) != 0 {
		return nil
	}
	for range 1 + r.random.IntN(2) {
		c := hub.TextContent("as you asked")
		if r.random.IntN(2) == 0 {
			c = hub.Content{Type: hub.Buttons, Text: "shall we?", Buttons: []hub.Button{{Title: "Yes", Data: "ping"}}}
		}
		if err := r.send(ctx, who.channel, r.accountOf(who.channel), to, classes[r.marks%len(classes)], c); err != nil {
			return err
		}
	}
	return nil
}

// accountOf is the hub's name of a channel's first account.
func (r *run) accountOf(channel string) string {
	for _, a := range r.office.demo.Accounts {
		if a.Channel == channel {
			return a.ID
		}
	}
	return ""
}
