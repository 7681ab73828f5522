package hubtest

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/devserver/template"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// provision makes the tables and queues of template.yaml.
func (h *Hub) provision() store.Tables {
	h.t.Helper()
	doc, err := template.Read(filepath.Join(root(h.t), "template.yaml"))
	h.must(err)
	model, err := doc.Resolve(template.Options{
		Stack: "test", Region: "us-east-1", Account: "000000000000", AWSURL: h.URL, APIURL: "http://127.0.0.1:0",
		Parameters: map[string]string{"SealKey": "0000000000000000000000000000000000000000000="},
	})
	h.must(err)
	names := map[string]string{}
	for _, table := range model.Tables {
		names[table.ID] = table.Name
		h.createTable(table)
	}
	client := h.SQS("test")
	for _, q := range model.Queues {
		_, err := client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &q.Name, Attributes: q.Attributes})
		h.must(err)
	}
	h.names = map[string]string{}
	for _, q := range model.Queues {
		h.names[q.ID] = q.URL
	}
	return store.Tables{
		Contacts: names["ContactsTable"], Messages: names["MessagesTable"],
		Config: names["ConfigTable"], Ledger: names["LedgerTable"],
	}
}

func (h *Hub) queue(id string) *queue.Queue {
	return &queue.Queue{Client: h.queues, URL: h.names[id]}
}

func (h *Hub) createTable(table template.Table) {
	in := &dynamodb.CreateTableInput{TableName: &table.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: keys(table.Keys)}
	for _, a := range table.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type),
		})
	}
	for _, i := range table.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.Name), KeySchema: keys(i.Keys),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(i.Projection), NonKeyAttributes: i.Include},
		})
	}
	if table.StreamView != "" {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(table.StreamView)}
	}
	client := h.DynamoDB("test")
	_, err := client.CreateTable(context.Background(), in)
	h.must(err)
	if table.TTL != "" {
		_, err := client.UpdateTimeToLive(context.Background(), &dynamodb.UpdateTimeToLiveInput{
			TableName: &table.Name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &table.TTL, Enabled: aws.Bool(true)},
		})
		h.must(err)
	}
}

func keys(list []template.Key) []types.KeySchemaElement {
	var out []types.KeySchemaElement
	for _, k := range list {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(k.Name), KeyType: types.KeyType(k.Type)})
	}
	return out
}
