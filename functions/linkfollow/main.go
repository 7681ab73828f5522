// Command linkfollow does what follows from OmniLink's taps: what is said in both
// channels, and the tags of both sides.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/bot"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/env"
	"omnihub/internal/followup"
	"omnihub/internal/omnilink"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

func main() {
	e := env.Read("linkfollow")
	tables := store.Tables{Contacts: e.Must("CONTACTS_TABLE"), Messages: e.Must("MESSAGES_TABLE"), Config: e.Must("CONFIG_TABLE"), Ledger: e.Must("LEDGER_TABLE")}
	retention, keyID, url := e.Days("RETENTION_DAYS"), e.Must("KEY_ID"), e.Must("API_URL")
	p := e.Start(context.Background())
	db, keys := dynamodb.NewFromConfig(p.AWS), kms.NewFromConfig(p.AWS)
	p.Warm(env.By(db.ListTables), env.By(keys.ListKeys))

	st := &store.Store{DB: db, Tables: tables, Now: p.Now, Retention: retention, Marks: &store.Marks{}}
	reader := settings.NewReader(st, seal.NewKeyring(keys, keyID), p.Now)
	reader.Metrics = p.Metrics
	adapters := p.Adapters(all.Adapters(env.Platform()))
	// A module that is said may bear another card.
	linker := &omnilink.Linker{Store: st, Settings: reader, Adapters: adapters, URL: url, Now: p.Now, Log: p.Log}
	does := &followup.Follower{
		Settings: reader,
		Composer: &chat.Composer{Store: st, Settings: reader, Adapters: adapters, Now: p.Now},
		Bot:      &bot.Bot{Settings: reader, Store: st, Card: linker.Card},
		Tags:     &tag.Book{Store: st, Now: p.Now},
	}

	h := &handler{
		Follower:   &omnilink.Follower{Store: st, Settings: reader, Say: does.Say, Tag: does.Tag, Log: p.Log},
		Quarantine: chat.Quarantine{Store: st, Now: p.Now, Log: p.Log, Metrics: p.Metrics},
		Metrics:    p.Metrics,
	}
	lambda.Start(h.Handle)
}
