// Command relay reads the tables' change streams and hands on what they say:
// intents to send go to the outbound queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/chat"
	"omnihub/internal/env"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

func main() {
	e := env.Read()
	tables := store.Tables{Ledger: e.Must("LEDGER_TABLE")}
	outbound := e.Must("OUTBOUND_URL")
	e.Stop()

	now, err := env.Clock()
	env.Exit(err)
	cfg, err := env.AWS(context.Background())
	env.Exit(err)

	log := env.Log()
	st := &store.Store{DB: dynamodb.NewFromConfig(cfg), Tables: tables, Now: now}
	h := &handler{
		Outbound:   &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: outbound},
		Quarantine: chat.Quarantine{Store: st, Now: now, Log: log},
		Log:        log,
	}
	lambda.Start(h.Handle)
}
