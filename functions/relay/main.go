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
	p := e.Start(context.Background())

	st := &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now}
	h := &handler{
		Outbound:   &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: outbound},
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log},
		Log:        p.Log,
	}
	lambda.Start(h.Handle)
}
