// Command ingress takes the platforms' webhooks: it verifies them, puts one
// envelope per event on the inbound queue, and answers.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/apigw"
	"omnihub/internal/channel/all"
	"omnihub/internal/env"
	"omnihub/internal/queue"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/webhook"
)

func main() {
	e := env.Read()
	tables := store.Tables{Config: e.Must("CONFIG_TABLE")}
	inbound := e.Must("INBOUND_URL")
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())

	st := &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(kms.NewFromConfig(p.AWS), keyID), p.Now)
	go reader.Edge(context.Background()) // warms the connections and the path keys

	h := &handler{Intake: &webhook.Intake{
		Settings: reader,
		Queue:    &queue.Queue{Client: sqs.NewFromConfig(p.AWS), URL: inbound},
		Adapters: all.Adapters(env.Platform()),
		Now:      p.Now,
		Log:      p.Log,
	}}
	lambda.Start(apigw.Handler(h))
}
