// Command tokenrefresh looks after the connected accounts: it renews credentials before
// they end, and tells in time what a person must renew.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/account"
	"omnihub/internal/channel/all"
	"omnihub/internal/env"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func main() {
	e := env.Read("tokenrefresh")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Config: e.Must("CONFIG_TABLE")}
	keyID := e.Must("KEY_ID")
	p := e.Start(context.Background())
	st := &store.Store{DB: dynamodb.NewFromConfig(p.AWS), Tables: tables, Now: p.Now}

	h := &handler{Keeper: &account.Keeper{
		Setup:    settings.Setup{Store: st, Keyring: seal.NewKeyring(kms.NewFromConfig(p.AWS), keyID)},
		Adapters: p.Adapters(all.Adapters(env.Platform())),
		Now:      p.Now,
		Log:      p.Log,
		Metrics:  p.Metrics,
	}}
	lambda.Start(h.Handle)
}
