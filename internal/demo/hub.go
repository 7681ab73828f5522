package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/stack"
	"omnihub/internal/store"
	"omnihub/internal/team"
)

// view reads the hub's state, and sends, as a program of the hub's own does.
type view struct {
	store    *store.Store
	contacts *contact.Book
	composer *chat.Composer
	pepper   hub.Pepper
	office   *team.Office
	setup    settings.Setup
}

// secretsKey is the key's name in the local stack.
const secretsKey = "alias/omnihub-secrets"

func newView(ctx context.Context, st *stack.Stack, now func() time.Time) (*view, error) {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &st.AWS, Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
	}
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
	keys := seal.NewKeyring(kms.NewFromConfig(cfg), secretsKey)
	reader := settings.NewReader(s, keys, now)
	demo, err := reader.Team(ctx, demoteam.ID)
	if err != nil {
		return nil, err
	}
	return &view{
		store: s, contacts: &contact.Book{Store: s, Now: now}, pepper: demo.Pepper,
		setup: settings.Setup{Store: s, Keyring: keys}, office: &team.Office{Store: s, Settings: reader, Now: now},
		composer: &chat.Composer{Store: s, Settings: reader, Adapters: all.Adapters(channel.Platform{BaseURL: st.Platform}), Now: now},
	}, nil
}

// thread is what the hub holds of one customer.
type thread struct {
	hub.Thread
	log []store.Logged // by time
}

func (t thread) count(inbound bool) int {
	n := 0
	for _, m := range t.log {
		if m.Inbound == inbound {
			n++
		}
	}
	return n
}

func (t thread) texts() string {
	var list []string
	for _, m := range t.log {
		list = append(list, m.Text)
	}
	return fmt.Sprint(list)
}

// ours are the messages that went to the customer, by time.
func (t thread) ours() []store.Logged {
	var list []store.Logged
	for _, m := range t.log {
		if !m.Inbound {
			list = append(list, m)
		}
	}
	return list
}

// thread reads the thread to which an id of a customer's leads.
func (v *view) thread(ctx context.Context, account hub.AccountID, external string) (thread, error) {
	at := store.Ref{Team: demoteam.ID, User: v.pepper.User(account, external)}
	t, err := v.store.Thread(ctx, at)
	if err != nil {
		return thread{}, err
	}
	log, err := v.store.Log(ctx, at, "", 100)
	if err != nil {
		return thread{}, err
	}
	for i, j := 0, len(log)-1; i < j; i, j = i+1, j-1 {
		log[i], log[j] = log[j], log[i]
	}
	return thread{Thread: t, log: log}, nil
}

// contact folds the contact of a thread's home.
func (v *view) contact(ctx context.Context, t thread) (contact.Contact, error) {
	return v.contacts.Contact(ctx, demoteam.ID, v.pepper.Home(t.Account, t.External.Reveal(), t.Epoch))
}

// send writes to the customer of a thread, as a program would.
func (v *view) send(ctx context.Context, t thread, class hub.Class, text string) error {
	return v.show(ctx, t, class, hub.TextContent(text))
}

// show sends any content.
func (v *view) show(ctx context.Context, t thread, class hub.Class, c hub.Content) error {
	_, _, err := v.composer.Send(ctx, chat.Draft{Team: demoteam.ID, Account: t.Account, To: t.To().Reveal(), Class: class, Content: c, By: "demo"})
	return err
}
