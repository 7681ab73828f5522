package hubtest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/channel"
	"omnihub/internal/devserver/provision"
	"omnihub/internal/devserver/template"
	"omnihub/internal/hub"
	"omnihub/internal/localaws"
	"omnihub/internal/localaws/disk"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// originURL is where the queues of the origin seem to be.
const originURL = "http://origin.test"

// made is a hub's cloud as it is when everything is set up, and what is in it: the
// attributes of resources by logical id, and the tables.
type made struct {
	image  *disk.Image
	names  map[string]string
	tables store.Tables
}

func (m *made) copy() *made { return &made{image: m.image.Copy(), names: m.names, tables: m.tables} }

// origin is made once for all hubs of a process.
var origin = sync.OnceValues(func() (*made, error) {
	m := &made{image: &disk.Image{}}
	clock := &Clock{now: Start}
	cloud, err := localaws.Open(localaws.Config{Clock: clock.Now, Disk: m.image.Record()})
	if err != nil {
		return nil, err
	}
	h := &Hub{Cloud: cloud, URL: originURL, Clock: clock}
	if err = h.provision(m); err == nil {
		h.attach(m)
		err = h.settle()
	}
	if err = errors.Join(err, cloud.Close()); err != nil {
		return nil, fmt.Errorf("hubtest: set up a hub: %w", err)
	}
	return m, nil
})

// provision makes the tables, queues, buckets and keys of template.yaml.
func (h *Hub) provision(m *made) error {
	dir, err := root()
	if err != nil {
		return err
	}
	doc, err := template.Read(filepath.Join(dir, "template.yaml"))
	if err != nil {
		return err
	}
	model, err := doc.Resolve(template.Options{
		Stack: "test", Region: "us-east-1", Account: "000000000000", AWSURL: h.URL, APIURL: "http://127.0.0.1:0",
	})
	if err != nil {
		return err
	}
	m.names, err = provision.Apply(context.Background(), provision.Clients{
		DynamoDB: h.DynamoDB("test"), SQS: h.SQS("test"),
		S3:  s3.NewFromConfig(h.AWS("test"), func(o *s3.Options) { o.UsePathStyle = true }),
		KMS: kms.NewFromConfig(h.AWS("test")), Events: eventbridge.NewFromConfig(h.AWS("test")),
	}, model)
	names := map[string]string{}
	for _, table := range model.Tables {
		names[table.ID] = table.Name
	}
	m.tables = store.Tables{
		Contacts: names["ContactsTable"], Messages: names["MessagesTable"],
		Config: names["ConfigTable"], Ledger: names["LedgerTable"],
	}
	return err
}

// settle sets up the hub, its team and the team's connections.
func (h *Hub) settle() error {
	ctx := context.Background()
	if err := h.Setup.Hub(ctx); err != nil {
		return err
	}
	if err := h.Setup.Team(ctx, Team, "Test team"); err != nil {
		return err
	}
	team, err := h.Settings.Team(ctx, Team)
	if err != nil {
		return err
	}
	keywords := []hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}}
	err = h.Setup.Connect(ctx, team, LineConn, "line", channel.Secrets{"channel_secret": LineSecret}, settings.NewAccount{
		ID: LineAccount, External: LineBot, Name: "Test", Secrets: channel.Secrets{"channel_token": LineToken}, Keywords: keywords,
	})
	if err != nil {
		return err
	}
	return h.Setup.Connect(ctx, team, WhatsAppConn, "whatsapp", channel.Secrets{"app_secret": WhatsAppSecret, "verify_token": WhatsAppVerify},
		settings.NewAccount{
			ID: WhatsAppAccount, External: WhatsAppNumber, Name: "Test", Secrets: channel.Secrets{"access_token": WhatsAppToken}, Keywords: keywords,
		})
}
