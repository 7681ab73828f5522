// Command reconcile hands on the sends that are due or overdue.
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
	tables := store.Tables{Messages: e.Must("MESSAGES_TABLE")}
	outbound := e.Must("OUTBOUND_URL")
	e.Stop()

	now, err := env.Clock()
	env.Exit(err)
	cfg, err := env.AWS(context.Background())
	env.Exit(err)

	h := &handler{Reconciler: &chat.Reconciler{
		Store: &store.Store{DB: dynamodb.NewFromConfig(cfg), Tables: tables, Now: now},
		Queue: &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: outbound},
		Now:   now,
		Log:   env.Log(),
	}}
	lambda.Start(h.Handle)
}
