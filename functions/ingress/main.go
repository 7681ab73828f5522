// Command ingress takes the platforms' webhooks: it verifies them, puts one
// envelope per event on the inbound queue, and answers.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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
	sealKey := e.Must("SEAL_KEY")
	e.Stop()

	now, err := env.Clock()
	env.Exit(err)
	cfg, err := env.AWS(context.Background())
	env.Exit(err)
	keyring, err := seal.LocalKeyring(sealKey)
	env.Exit(err)

	st := &store.Store{DB: dynamodb.NewFromConfig(cfg), Tables: tables, Now: now}
	reader := settings.NewReader(st, keyring, now)
	go reader.Edge(context.Background()) // warms the connection and the path keys

	h := &handler{Intake: &webhook.Intake{
		Settings: reader,
		Queue:    &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: inbound},
		Adapters: all.Adapters(env.Platform()),
		Now:      now,
		Log:      env.Log(),
	}}
	lambda.Start(apigw.Handler(h))
}
