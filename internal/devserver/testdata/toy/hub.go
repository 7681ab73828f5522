package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/failpoint"
)

// hub is a chain in small: echo → queue → worker → table → changes → table, with a
// bus beside it: echo → bus → queue → hear → table.
type hub struct {
	db     *dynamodb.Client
	queue  *sqs.Client
	keys   *kms.Client
	bus    *eventbridge.Client
	offset time.Duration
}

func (h *hub) connect() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err == nil {
		h.offset, err = time.ParseDuration(os.Getenv("CLOCK_OFFSET"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	h.db, h.queue, h.keys = dynamodb.NewFromConfig(cfg), sqs.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	h.bus = eventbridge.NewFromConfig(cfg)
}

func (h *hub) put(ctx context.Context, pk, sk, kind string) error {
	return h.putInto(ctx, "TABLE", pk, sk, kind)
}

// putInto writes an item into the table that the variable names.
func (h *hub) putInto(ctx context.Context, variable, pk, sk, kind string) error {
	item := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: pk}, "SK": &types.AttributeValueMemberS{Value: sk}}
	if kind != "" {
		item["kind"] = &types.AttributeValueMemberS{Value: kind}
	}
	_, err := h.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(os.Getenv(variable)), Item: item})
	return err
}

// check lets the key "good" in, and fails on "broken".
func (h *hub) check(_ context.Context, r events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	if r.IdentitySource[0] == "broken" {
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{}, errors.New("no idea")
	}
	return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: r.IdentitySource[0] == "good",
		Context: map[string]any{"route": r.RouteKey, "pid": os.Getpid()}}, nil
}

// echo does what the path says.
func (h *hub) echo(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	answer := func(status int, v any) (events.APIGatewayV2HTTPResponse, error) {
		body, err := json.Marshal(v)
		return events.APIGatewayV2HTTPResponse{StatusCode: status, Body: string(body), Headers: map[string]string{"content-type": "application/json"}}, err
	}
	switch r.PathParameters["kind"] {
	case "event":
		return answer(200, r)
	case "now":
		return answer(200, time.Now().Add(h.offset))
	case "send":
		group, _, _ := strings.Cut(r.Body, "-")
		in := &sqs.SendMessageInput{QueueUrl: aws.String(os.Getenv("JOBS_URL")), MessageBody: &r.Body, MessageGroupId: &group}
		if strings.HasSuffix(*in.QueueUrl, ".fifo") {
			in.MessageDeduplicationId = &r.Body
		}
		_, err := h.queue.SendMessage(ctx, in)
		if err != nil {
			return answer(500, err.Error())
		}
		return answer(202, "sent")
	case "note":
		kind, _, _ := strings.Cut(r.Body, "-")
		if err := h.putInto(ctx, "NOTES", "note", r.Body, kind); err != nil {
			return answer(500, err.Error())
		}
		return answer(202, "noted")
	case "publish", "publish-elsewhere":
		detail, err := json.Marshal(map[string]string{"text": r.Body})
		if err != nil {
			return answer(500, err.Error())
		}
		bus := os.Getenv("BUS")
		if r.PathParameters["kind"] == "publish-elsewhere" {
			bus = "default"
		}
		out, err := h.bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []bustypes.PutEventsRequestEntry{{EventBusName: &bus,
			Source: aws.String("echo"), DetailType: aws.String("spoken"), Detail: aws.String(string(detail))}}})
		if err != nil {
			return answer(403, err.Error())
		}
		return answer(202, out.Entries)
	case "forbidden":
		return answer(403, fmt.Sprint(h.put(ctx, "not", "allowed", "")))
	case "open":
		blob, err := base64.StdEncoding.DecodeString(r.Body)
		if err != nil {
			return answer(400, err.Error())
		}
		out, err := h.keys.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(os.Getenv("KEY_ID")), CiphertextBlob: blob})
		if err != nil {
			return answer(500, err.Error())
		}
		return answer(200, string(out.Plaintext))
	case "encrypt":
		_, err := h.keys.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String(os.Getenv("KEY_ID")), Plaintext: []byte("x")})
		return answer(403, fmt.Sprint(err))
	case "nothing":
		return events.APIGatewayV2HTTPResponse{StatusCode: 204}, nil
	}
	return answer(404, "no such kind")
}

// worker writes each body as a fact; bodies ending in "slow" take a while, those
// that begin with "p" become poison for changes.
func (h *hub) worker(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	for _, m := range e.Records {
		if strings.HasSuffix(m.Body, "slow") {
			time.Sleep(500 * time.Millisecond)
		}
		kind := "fact"
		if strings.HasPrefix(m.Body, "p") {
			kind = "poison"
		}
		failpoint.BeforeWrite.Hit()
		if err := h.put(ctx, "job", m.Body, kind); err != nil {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
		failpoint.AfterWrite.Hit()
	}
	return out, nil
}

// hear writes what the rule's target was given; "wrong" is never taken.
func (h *hub) hear(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	for _, m := range e.Records {
		var said struct{ Heard string }
		err := json.Unmarshal([]byte(m.Body), &said)
		if err == nil {
			err = h.put(ctx, "heard", said.Heard, "")
		}
		if err != nil || said.Heard == "wrong" {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return out, nil
}

// changes writes that it has seen a fact, and breaks on poison.
func (h *hub) changes(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	for _, r := range e.Records {
		if r.Change.NewImage["kind"].String() == "poison" {
			return events.DynamoDBEventResponse{}, errors.New("poison")
		}
		if err := h.put(ctx, "seen", r.Change.NewImage["SK"].String(), ""); err != nil {
			return events.DynamoDBEventResponse{}, err
		}
	}
	return events.DynamoDBEventResponse{}, nil
}

// sweep writes the hub's time and its input.
func (h *hub) sweep(ctx context.Context, input json.RawMessage) (string, error) {
	return "swept", h.put(ctx, "sweep", time.Now().Add(h.offset).UTC().Format(time.RFC3339)+" "+string(input), "")
}

// fail never does what it is asked for.
func (h *hub) fail(context.Context, json.RawMessage) error { return errors.New("out of order") }
