package hubtest

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/devserver/provision"
	"omnihub/internal/devserver/template"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// provision makes the tables, queues, buckets and keys of template.yaml.
func (h *Hub) provision() store.Tables {
	h.t.Helper()
	doc, err := template.Read(filepath.Join(root(h.t), "template.yaml"))
	h.must(err)
	model, err := doc.Resolve(template.Options{
		Stack: "test", Region: "us-east-1", Account: "000000000000", AWSURL: h.URL, APIURL: "http://127.0.0.1:0",
	})
	h.must(err)
	h.names, err = provision.Apply(context.Background(), provision.Clients{
		DynamoDB: h.DynamoDB("test"), SQS: h.SQS("test"),
		S3:  s3.NewFromConfig(h.AWS("test"), func(o *s3.Options) { o.UsePathStyle = true }),
		KMS: kms.NewFromConfig(h.AWS("test")), Events: eventbridge.NewFromConfig(h.AWS("test")),
	}, model)
	h.must(err)
	names := map[string]string{}
	for _, table := range model.Tables {
		names[table.ID] = table.Name
	}
	return store.Tables{
		Contacts: names["ContactsTable"], Messages: names["MessagesTable"],
		Config: names["ConfigTable"], Ledger: names["LedgerTable"],
	}
}

func (h *Hub) queue(id string) *queue.Queue {
	return &queue.Queue{Client: h.queues, URL: h.names[id]}
}
