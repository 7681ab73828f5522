// Command inbound stores what the edge accepted: messages, threads, homes and
// automatic answers.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/bot"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/env"
	"omnihub/internal/omnilink"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

func main() {
	e := env.Read("inbound")
	tables := store.Tables{
		Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"),
		Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE"),
	}
	retention := e.Days("RETENTION_DAYS")
	keyID, url := e.Must("KEY_ID"), e.Must("API_URL")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now, Retention: retention, Marks: &store.Marks{}}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics

	adapters, contacts := p.Adapters(all.Adapters(env.Platform())), &contact.Book{Store: st, Now: p.Now, Settings: reader}
	linker := &omnilink.Linker{
		Store: st, Settings: reader, Contacts: contacts, Adapters: adapters, URL: url, Now: p.Now, Log: p.Log,
	}

	h := &handler{Receiver: &chat.Receiver{
		Store:      st,
		Settings:   reader,
		Contacts:   contacts,
		Adapters:   adapters,
		Bot:        &bot.Bot{Settings: reader, Store: st, Card: linker.Card},
		Tag:        bot.Tags(&tag.Book{Store: st, Now: p.Now}),
		Linked:     omnilink.Is,
		Link:       linker.Came,
		Hidden:     omnilink.Codes,
		Consent:    bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Now:        p.Now,
		Log:        p.Log,
		Metrics:    p.Metrics,
	}}
	lambda.Start(h.Handle)
}
