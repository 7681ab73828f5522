// Command outbound sends messages to the platforms.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/oklog/ulid/v2"

	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/env"
	"omnihub/internal/queue"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("outbound")
	tables := store.Tables{
		Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"),
		Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE"),
	}
	outbound := e.Must("OUTBOUND_URL")
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics

	h := &handler{
		Sender: &chat.Sender{
			Store:    st,
			Settings: reader,
			Adapters: p.Adapters(all.Adapters(env.Platform())),
			Now:      p.Now,
			Owner:    os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME") + "/" + ulid.Make().String(),
			Log:      p.Log,
			Metrics:  p.Metrics,
		},
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Queue:      &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: outbound},
	}
	lambda.Start(h.Handle)
}
