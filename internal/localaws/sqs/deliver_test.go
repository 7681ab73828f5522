package sqs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/localaws/wire"
)

func TestServiceSendsOnlyWhereAPolicyLetsIt(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e, err := Open(Config{Region: "us-east-1", Account: "000000000000", Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	do := func(operation, body string) any {
		t.Helper()
		out, err := e.Do(&wire.Request{Operation: operation, Caller: "tester", Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	policy := func(statement string) string {
		return fmt.Sprintf(`"Policy":%q`, `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"`+statement+`}}`)
	}
	do("CreateQueue", `{"QueueName":"open","Attributes":{`+policy("")+`}}`)
	do("CreateQueue", `{"QueueName":"strict","Attributes":{`+policy(`,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:rule"}}`)+`}}`)
	do("CreateQueue", `{"QueueName":"none"}`)
	do("CreateQueue", `{"QueueName":"odd","Attributes":{`+policy(`,"Odd":1`)+`}}`)
	do("CreateQueue", `{"QueueName":"q.fifo","Attributes":{"FifoQueue":"true","ContentBasedDeduplication":"true",`+policy("")+`}}`)
	send := func(queue string, change func(*Delivery)) string {
		d := Delivery{Queue: "arn:aws:sqs:us-east-1:000000000000:" + queue, Service: "events.amazonaws.com", Source: "arn:x:events:a:b:rule/r", Body: "body"}
		if change != nil {
			change(&d)
		}
		var refused *wire.Error
		if err := e.Deliver(d); errors.As(err, &refused) {
			return refused.Code + ": " + refused.Message
		} else if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	for name, test := range map[string]struct {
		queue  string
		change func(*Delivery)
		want   string
	}{
		"open":                  {"open", func(d *Delivery) { d.Trace, d.Strings = "Root=1", map[string]string{"A": "x", "B": "y"} }, ""},
		"another service":       {"open", func(d *Delivery) { d.Service = "sns.amazonaws.com" }, "AccessDeniedException: sns.amazonaws.com is not authorized"},
		"another rule":          {"strict", nil, "AccessDeniedException: events.amazonaws.com is not authorized to perform: sqs:SendMessage"},
		"no policy":             {"none", nil, "AccessDeniedException: "},
		"policy with an oddity": {"odd", nil, "AccessDeniedException: "},
		"no queue":              {"missing", nil, "QueueDoesNotExist: "},
		"another account":       {"open", func(d *Delivery) { d.Queue = "arn:aws:sqs:us-east-1:111111111111:open" }, "QueueDoesNotExist: "},
		"no body":               {"open", func(d *Delivery) { d.Body = "" }, "MissingRequiredParameterException: "},
		"too large":             {"open", func(d *Delivery) { d.Body = strings.Repeat("x", maxBody+1) }, "InvalidParameterValueException: "},
		"no group":              {"q.fifo", nil, "MissingRequiredParameterException: "},
		"group":                 {"q.fifo", func(d *Delivery) { d.Group = "g" }, ""},
	} {
		if got := send(test.queue, test.change); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := send("odd", nil); !strings.Contains(got, "Odd is not known") {
		t.Errorf("got %q, want it to name what was not read", got)
	}
	counts := e.Counts()
	if counts["open"].Visible != 1 || counts["q.fifo"].Visible != 1 || counts["none"].Visible != 0 {
		t.Errorf("got %+v, want one message where it was let in", counts)
	}
	out, ok := do("ReceiveMessage", `{"QueueUrl":"http://x/000000000000/open","MessageAttributeNames":["All"],"AttributeNames":["All"]}`).(receiveOutput)
	if !ok || len(out.Messages) != 1 {
		t.Fatalf("got %+v, want one message", out)
	}
	m := out.Messages[0]
	if m.Body != "body" || m.Attributes["AWSTraceHeader"] != "Root=1" || m.Attributes["SenderId"] != "events.amazonaws.com" ||
		len(m.MessageAttributes) != 2 || *m.MessageAttributes["B"].StringValue != "y" || m.MessageAttributes["B"].DataType != "String" {
		t.Errorf("got %+v", m)
	}
}
