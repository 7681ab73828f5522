// Command erase carries out the erasures of persons.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/blob"
	"omnihub/internal/env"
	"omnihub/internal/erasure"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("erase")
	tables := store.Tables{
		Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE"),
	}
	keyID, bucket := e.Must("KEY_ID"), e.Must("FAILED_RECORDS")
	p := e.Start(context.Background())

	st := &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now}
	h := &handler{Worker: &erasure.Worker{
		Store:    st,
		Settings: settings.NewReader(st, seal.NewKeyring(kms.NewFromConfig(p.AWS), keyID), p.Now),
		Records:  &erasure.Records{Files: blob.New(p.AWS, bucket, os.Getenv("AWS_ENDPOINT_URL") != "", p.Now)},
		Now:      p.Now,
		Log:      p.Log,
	}}
	lambda.Start(h.Handle)
}
