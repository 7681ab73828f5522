// Command match looks for contacts that may be one person.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/env"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("match")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics

	h := &handler{
		Matcher:    &contact.Matcher{Book: &contact.Book{Store: st, Now: p.Now, Settings: reader}, Log: p.Log},
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Metrics:    p.Metrics,
	}
	lambda.Start(h.Handle)
}
