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
	e := env.Read("ingress")
	tables := store.Tables{Config: e.Must("CONFIG_TABLE")}
	inbound := e.Must("INBOUND_URL")
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	db, keys, queues := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS), sqs.NewFromConfig(p.AWS)
	p.Warm(env.By(keys.ListKeys), env.By(queues.ListQueues))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics
	go reader.Edge(context.Background()) // reads the path keys ahead, which opens the table's connection

	h := &handler{Intake: &webhook.Intake{
		Settings: reader,
		Queue:    &queue.Queue{Client: queues, URL: inbound},
		Adapters: p.Adapters(all.Adapters(env.Platform())),
		Now:      p.Now,
		Log:      p.Log,
		Metrics:  p.Metrics,
	}}
	lambda.Start(apigw.Handler(h))
}
