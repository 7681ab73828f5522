// Command outbound sends messages to the platforms.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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
	e := env.Read()
	tables := store.Tables{Messages: e.Must("MESSAGES_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	outbound := e.Must("OUTBOUND_URL")
	sealKey := e.Must("SEAL_KEY")
	e.Stop()

	now, err := env.Clock()
	env.Exit(err)
	cfg, err := env.AWS(context.Background())
	env.Exit(err)
	keyring, err := seal.LocalKeyring(sealKey)
	env.Exit(err)

	log := env.Log()
	st := &store.Store{DB: dynamodb.NewFromConfig(cfg), Tables: tables, Now: now}
	h := &handler{
		Sender: &chat.Sender{
			Store:    st,
			Settings: settings.NewReader(st, keyring, now),
			Adapters: all.Adapters(env.Platform()),
			Now:      now,
			Owner:    os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME") + "/" + ulid.Make().String(),
			Log:      log,
		},
		Quarantine: chat.Quarantine{Store: st, Now: now, Log: log},
		Queue:      &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: outbound},
	}
	lambda.Start(h.Handle)
}
