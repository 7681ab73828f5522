package localaws

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"omnihub/internal/localaws/dynamo"
	"omnihub/internal/localaws/fault"
	"omnihub/internal/localaws/s3"
	"omnihub/internal/localaws/wire"
)

// keyed is a part of a DynamoDB request that names one item.
type keyed struct {
	TableName string
	Item, Key map[string]json.RawMessage
}

// asked is what of the requests of all services tells what a call is about.
type asked struct {
	keyed
	IndexName     string
	TransactItems []map[string]keyed // by verb
	RequestItems  map[string]json.RawMessage
	ShardIterator string
	StreamArn     string
	ShardId       string

	QueueUrl, QueueName                                 string
	MessageBody, MessageGroupId, MessageDeduplicationId string
	ReceiptHandle                                       string
	SourceArn                                           string // of a move task
	Entries                                             []entry

	EventBusName string

	KeyId             string
	EncryptionContext map[string]string
}

// entry is one of a batch of SQS or EventBridge.
type entry struct {
	MessageBody, MessageGroupId, MessageDeduplicationId string
	ReceiptHandle                                       string
	EventBusName, Source, DetailType, Detail            string
}

// named finds out what a call of a JSON protocol is about. A body that cannot be read
// is about nothing: its service will refuse it.
func (s *Server) named(r *wire.Request) *fault.Call {
	c := &fault.Call{Service: r.Service, Operation: r.Operation, Caller: r.Caller}
	var in asked
	if json.Unmarshal(r.Body, &in) != nil {
		return c
	}
	switch r.Service {
	case "dynamodb":
		s.nameItems(c, &in)
	case "streams":
		arn, shard := in.StreamArn, in.ShardId
		if in.ShardIterator != "" {
			arn, shard = dynamo.ShardOf(in.ShardIterator)
		}
		_, table, _ := strings.Cut(arn, ":table/")
		c.Resource, _, _ = strings.Cut(table, "/")
		c.Identity = shard
	case "sqs":
		s.nameMessages(c, &in)
	case "events":
		nameEvents(c, &in)
	case "kms":
		c.Resource = in.KeyId
		bound, _ := json.Marshal(in.EncryptionContext) // sorted
		c.Identity = string(bound)
	}
	if c.Identity == "" && r.Operation != "ReceiveMessage" {
		var whole any
		json.Unmarshal(r.Body, &whole)
		text, _ := json.Marshal(whole) // the members sorted
		c.Identity = string(text)
	}
	return c
}

// nameItems names the tables and items of a call of DynamoDB.
func (s *Server) nameItems(c *fault.Call, in *asked) {
	tables := map[string]bool{}
	var items []string
	add := func(table string, attributes map[string]json.RawMessage) {
		tables[table[strings.LastIndex(table, "/")+1:]] = true
		id := table
		if attributes != nil {
			for _, name := range s.dynamo.KeyNames(table) {
				id += joined(string(attributes[name]))
			}
			items = append(items, id)
		}
	}
	item := func(k keyed) {
		if k.Item == nil {
			k.Item = k.Key
		}
		add(k.TableName, k.Item)
	}
	if in.TableName != "" {
		item(in.keyed)
	}
	for _, verbs := range in.TransactItems {
		for _, k := range verbs {
			item(k)
		}
	}
	for table, part := range in.RequestItems {
		var writes []map[string]keyed
		var reads struct{ Keys []map[string]json.RawMessage }
		if json.Unmarshal(part, &writes) == nil {
			for _, verbs := range writes {
				for _, k := range verbs {
					k.TableName = table
					item(k)
				}
			}
		} else if json.Unmarshal(part, &reads) == nil {
			for _, key := range reads.Keys {
				add(table, key)
			}
		}
	}
	names := slices.Sorted(maps.Keys(tables))
	c.Resource, c.Entries = strings.Join(names, ","), len(items)
	if len(names) > 0 {
		c.ARN = names[0]
	}
	if in.IndexName != "" {
		c.Resource += "/" + in.IndexName
		c.ARN = c.Resource
	}
	c.ARN = s.dynamo.ARN(c.ARN)
	if in.IndexName == "" {
		slices.Sort(items) // their order on the wire is that of a map
		c.Identity = strings.Join(items, "")
	}
}

// nameMessages names the queue and the messages of a call of SQS.
func (s *Server) nameMessages(c *fault.Call, in *asked) {
	switch {
	case in.QueueUrl != "":
		c.Resource = in.QueueUrl[strings.LastIndex(in.QueueUrl, "/")+1:]
	case in.SourceArn != "":
		c.Resource = in.SourceArn[strings.LastIndex(in.SourceArn, ":")+1:]
	default:
		c.Resource = in.QueueName
	}
	name := func(e entry) {
		switch {
		case e.ReceiptHandle != "":
			c.Identity += joined(s.sqs.Digest(c.Resource, e.ReceiptHandle))
		case e.MessageDeduplicationId != "":
			c.Identity += joined(e.MessageGroupId, e.MessageDeduplicationId)
		case e.MessageBody != "":
			c.Identity += joined(e.MessageGroupId, e.MessageBody)
		}
	}
	name(entry{MessageBody: in.MessageBody, MessageGroupId: in.MessageGroupId, MessageDeduplicationId: in.MessageDeduplicationId, ReceiptHandle: in.ReceiptHandle})
	for _, e := range in.Entries {
		name(e)
	}
	c.Entries = len(in.Entries)
}

// nameEvents names the buses and the events of a call of EventBridge.
func nameEvents(c *fault.Call, in *asked) {
	buses := map[string]bool{}
	add := func(name string) {
		if name = name[strings.LastIndex(name, "/")+1:]; name == "" {
			name = "default"
		}
		buses[name] = true
	}
	for _, e := range in.Entries {
		add(e.EventBusName)
		c.Identity += joined(e.Source, e.DetailType, e.Detail)
	}
	if len(in.Entries) == 0 {
		add(in.EventBusName)
	}
	c.Resource, c.Entries = strings.Join(slices.Sorted(maps.Keys(buses)), ","), len(in.Entries)
}

// joined writes texts so that no other texts are written alike.
func joined(texts ...string) string {
	text, _ := json.Marshal(texts)
	return string(text)
}

// object finds out what a call of S3 is about.
func object(req *http.Request, r *wire.Request) *fault.Call {
	operation, resource := s3.Name(req)
	r.Operation = operation
	r.Resource, _, _ = strings.Cut(resource, "/")
	return &fault.Call{Service: r.Service, Operation: operation, Caller: r.Caller, Resource: resource, Identity: resource}
}
