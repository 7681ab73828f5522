// Command media serves the pictures of cards to the platforms and to who sees the cards.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/apigw"
	"omnihub/internal/blob"
	"omnihub/internal/env"
	"omnihub/internal/media"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("media")
	tables := store.Tables{Config: e.Must("CONFIG_TABLE")}
	keyID, bucket := e.Must("KEY_ID"), e.Must("MEDIA_BUCKET")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	blobs := blob.New(p.AWS, bucket, os.Getenv("AWS_ENDPOINT_URL") != "", p.Now)
	p.Warm(env.By(keys.ListKeys), env.By(blobs.Client.ListBuckets))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics
	go reader.Edge(context.Background()) // reads the keys ahead, which opens the table's connection

	h := &handler{Library: &media.Library{Settings: reader, Blobs: blobs}, Metrics: p.Metrics}
	lambda.Start(apigw.Handler(h))
}
