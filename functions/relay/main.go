// Command relay reads the tables' change streams and hands on what they say:
// intents to send go to the outbound queue, facts and revisions to the event bus.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/bus"
	"omnihub/internal/chat"
	"omnihub/internal/env"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("relay")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	outbound, name := e.Must("OUTBOUND_URL"), e.Must("BUS_NAME")
	p := e.Start(context.Background())

	st := &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now}
	h := &handler{
		Outbound:   &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: outbound},
		Bus:        &bus.Bus{Client: eventbridge.NewFromConfig(p.AWS), Name: name},
		Store:      st,
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Now:        p.Now,
		Log:        p.Log,
		Metrics:    p.Metrics,
	}
	lambda.Start(h.Handle)
}
