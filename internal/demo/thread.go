package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// thread is what the tables hold of one customer.
type thread struct {
	preview  string
	open     bool
	late     int
	messages []message // by time
}

type message struct {
	at      time.Time
	inbound bool
	text    string
}

func (t thread) count(inbound bool) int {
	n := 0
	for _, m := range t.messages {
		if m.inbound == inbound {
			n++
		}
	}
	return n
}

func (t thread) texts() string {
	var list []string
	for _, m := range t.messages {
		list = append(list, m.text)
	}
	return fmt.Sprint(list)
}

// readThread looks a customer up in the table Messages, as anybody with a DynamoDB
// client can; id is the platform's id of the customer.
func readThread(ctx context.Context, endpoint, id string) (thread, error) {
	db := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
	})
	table, err := messagesTable(ctx, db)
	if err != nil {
		return thread{}, err
	}
	out, err := db.Scan(ctx, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return thread{}, err
	}
	partition := ""
	for _, it := range out.Items {
		if text(it, "SK") == "THREAD" && text(it, "ext") == id {
			partition = text(it, "PK")
		}
	}
	var t thread
	for _, it := range out.Items {
		sk := text(it, "SK")
		switch {
		case text(it, "PK") != partition:
		case sk == "THREAD":
			t.preview, t.open = text(it, "preview"), text(it, "conv") != ""
			if late, ok := it["late"].(*types.AttributeValueMemberSS); ok {
				t.late = len(late.Value)
			}
		case strings.HasPrefix(sk, "M#"):
			k := hub.MessageKey(strings.TrimPrefix(sk, "M#"))
			t.messages = append(t.messages, message{at: k.At().Time(), inbound: text(it, "d") == "in", text: text(it, "tx")})
		}
	}
	return t, nil
}

func messagesTable(ctx context.Context, db *dynamodb.Client) (string, error) {
	out, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return "", err
	}
	for _, name := range out.TableNames {
		if strings.Contains(name, "Messages") {
			return name, nil
		}
	}
	return "", fmt.Errorf("there is no table Messages among %v", out.TableNames)
}

func text(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}
