// Command authorizer lets programs in to the API by their keys.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/env"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

func main() {
	e := env.Read("authorizer")
	tables := store.Tables{Config: e.Must("CONFIG_TABLE")}
	p := e.Start(context.Background())
	db := dynamodb.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables))

	h := &handler{Gate: &apikey.Gate{Store: &store.Store{DB: db, Tables: tables, Now: p.Now}, Now: p.Now}, Log: p.Log}
	lambda.Start(h.Handle)
}
