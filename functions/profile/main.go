// Command profile asks the platforms who new contacts are.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/env"
	"omnihub/internal/queue"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("profile")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	profiles := e.Must("PROFILE_URL")
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics

	h := &handler{
		Profiles: &contact.Profiles{
			Store:    st,
			Settings: reader,
			Adapters: p.Adapters(all.Adapters(env.Platform())),
			Now:      p.Now,
			Log:      p.Log,
			Metrics:  p.Metrics,
		},
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Queue:      &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: profiles},
	}
	lambda.Start(h.Handle)
}
