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
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("inbound")
	tables := store.Tables{
		Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"),
		Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE"),
	}
	retention := e.Days("RETENTION_DAYS")
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now, Retention: retention, Marks: &store.Marks{}}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics

	h := &handler{Receiver: &chat.Receiver{
		Store:      st,
		Settings:   reader,
		Contacts:   &contact.Book{Store: st, Now: p.Now},
		Adapters:   p.Adapters(all.Adapters(env.Platform())),
		Answer:     bot.Answer,
		Consent:    bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Now:        p.Now,
		Log:        p.Log,
		Metrics:    p.Metrics,
	}}
	lambda.Start(h.Handle)
}
