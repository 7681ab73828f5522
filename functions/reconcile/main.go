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
	e := env.Read("reconcile")
	tables := store.Tables{Messages: e.Must("MESSAGES_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	outbound := e.Must("OUTBOUND_URL")
	p := e.Start(context.Background())

	h := &handler{Reconciler: &chat.Reconciler{
		Store:   &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now},
		Queue:   &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: outbound},
		Now:     p.Now,
		Log:     p.Log,
		Metrics: p.Metrics,
	}}
	lambda.Start(h.Handle)
}
