// Command api serves the API through which people and programs manage a team.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/account"
	"omnihub/internal/api"
	"omnihub/internal/blob"
	"omnihub/internal/bot"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/env"
	"omnihub/internal/erasure"
	"omnihub/internal/export"
	"omnihub/internal/media"
	"omnihub/internal/omnilink"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
	"omnihub/internal/team"
)

func main() {
	e := env.Read("api")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	retention, keyID, bucket, url := e.Days("RETENTION_DAYS"), e.Must("KEY_ID"), e.Must("MEDIA_BUCKET"), os.Getenv("API_URL")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))
	st := &store.Store{DB: db, Tables: tables, Now: p.Now, Retention: retention, Marks: &store.Marks{}}
	keyring := seal.NewKeyring(keys, keyID)
	reader := settings.NewReader(st, keyring, p.Now)
	contacts := &contact.Book{Store: st, Now: p.Now, Settings: reader}
	adapters := p.Adapters(all.Adapters(env.Platform()))

	// The local cloud has one host for all buckets.
	blobs := blob.New(p.AWS, bucket, os.Getenv("AWS_ENDPOINT_URL") != "", p.Now)
	activities := &omnilink.Activities{Store: st, Settings: reader, Adapters: adapters, Module: api.ModuleChannel(st), Now: p.Now}
	erasures := &erasure.Office{Store: st, Settings: reader, Contacts: contacts, Now: p.Now}
	a := &api.API{
		Store: st, Settings: reader, Now: p.Now, Log: p.Log,
		Office: &team.Office{Store: st, Settings: reader, Now: p.Now},
		Keeper: &account.Keeper{
			Setup: settings.Setup{Store: st, Keyring: keyring, URL: url}, Adapters: adapters, Now: p.Now, Log: p.Log, Metrics: p.Metrics,
		},
		Contacts:   contacts,
		Erasures:   erasures,
		Exports:    &export.Exporter{Store: st, Office: erasures},
		Tags:       &tag.Book{Store: st, Now: p.Now},
		Studio:     &bot.Studio{Store: st, Adapters: adapters, Users: activities.Users},
		Links:      &omnilink.Linker{Store: st, Settings: reader, Contacts: contacts, Adapters: adapters, URL: url, Now: p.Now, Log: p.Log},
		Activities: activities,
		Library:    &media.Library{Settings: reader, Blobs: blobs},
		Desk:       &chat.Desk{Store: st, Composer: &chat.Composer{Store: st, Settings: reader, Adapters: adapters, Now: p.Now}},
	}
	env.Exit(a.Start())
	lambda.Start((&handler{API: a, Metrics: p.Metrics}).Handle)
}
