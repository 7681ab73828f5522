// Command omnilink serves the pages that OmniLink's customers see: the one behind a card's
// button, and the one on which they sign in at the target.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/apigw"
	"omnihub/internal/channel/all"
	"omnihub/internal/contact"
	"omnihub/internal/env"
	"omnihub/internal/omnilink"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("omnilink")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	retention, keyID := e.Days("RETENTION_DAYS"), e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now, Retention: retention, Marks: &store.Marks{}}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics
	linker := &omnilink.Linker{
		Store: st, Settings: reader, Contacts: &contact.Book{Store: st, Now: p.Now, Settings: reader}, Adapters: p.Adapters(all.Adapters(env.Platform())),
		Now: p.Now, Log: p.Log,
	}
	h := newHandler(links{linker}, os.Getenv("API_URL"), p.Log)
	h.Metrics = p.Metrics
	lambda.Start(apigw.Handler(h))
}
