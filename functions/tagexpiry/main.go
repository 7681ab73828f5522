// Command tagexpiry ends the tags of contacts whose validity is over.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/env"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

func main() {
	e := env.Read("tagexpiry")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	p := e.Start(context.Background())

	h := &handler{Check: &tag.Check{
		Store: &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now},
		Now:   p.Now,
		Log:   p.Log,
	}}
	lambda.Start(h.Handle)
}
