package template

import (
	"encoding/json"
	"strconv"
	"strings"
)

// table reads an AWS::DynamoDB::Table.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
func (r *resolver) table(res *resource, o *object) (Table, error) {
	t := Table{ID: res.id, Name: res.name, ARN: r.arn("dynamodb", "table/"+res.name)}
	for _, a := range o.objects("AttributeDefinitions") {
		t.Attributes = append(t.Attributes, Attribute{a.text("AttributeName", ""), a.one("AttributeType", "", "S", "N", "B")})
		_ = a.done()
	}
	t.Keys = keys(o)
	for _, i := range o.objects("GlobalSecondaryIndexes") {
		projection := i.object("Projection")
		t.Indexes = append(t.Indexes, Index{
			Name: i.text("IndexName", ""), Keys: keys(i),
			Projection: projection.one("ProjectionType", "", "ALL", "KEYS_ONLY", "INCLUDE"),
			Include:    projection.texts("NonKeyAttributes"),
		})
		_ = projection.done()
		_ = i.done("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "ContributorInsightsSpecification")
	}
	if stream := o.object("StreamSpecification"); o.has("StreamSpecification") {
		t.StreamView = stream.one("StreamViewType", "", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
		_ = stream.done()
	}
	if ttl := o.object("TimeToLiveSpecification"); ttl.flag("Enabled", false) {
		t.TTL = ttl.text("AttributeName", "")
		_ = ttl.done()
	}
	o.one("BillingMode", "PROVISIONED", "PROVISIONED", "PAY_PER_REQUEST")
	return t, o.done("TableName", "PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled",
		"ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "TableClass", "Tags", "ContributorInsightsSpecification")
}

func keys(o *object) []Key {
	var out []Key
	for _, k := range o.objects("KeySchema") {
		out = append(out, Key{k.text("AttributeName", ""), k.one("KeyType", "", "HASH", "RANGE")})
		_ = k.done()
	}
	return out
}

// queue reads an AWS::SQS::Queue.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
func (r *resolver) queue(res *resource, o *object) (Queue, error) {
	url, err := r.ref(o.node, res.id)
	if err != nil {
		return Queue{}, err
	}
	q := Queue{ID: res.id, Name: res.name, ARN: r.arn("sqs", res.name), URL: url.Value, Attributes: map[string]string{}}
	q.FIFO = o.flag("FifoQueue", false)
	q.Visibility = o.seconds("VisibilityTimeout", 30, 0, 43200)
	set := func(property, attribute string, standard, low, high int) {
		q.Attributes[attribute] = strconv.Itoa(o.number(property, standard, low, high))
	}
	set("VisibilityTimeout", "VisibilityTimeout", 30, 0, 43200)
	set("MessageRetentionPeriod", "MessageRetentionPeriod", 345600, 60, 1209600)
	set("DelaySeconds", "DelaySeconds", 0, 0, 900)
	set("ReceiveMessageWaitTimeSeconds", "ReceiveMessageWaitTimeSeconds", 0, 0, 20)
	set("MaximumMessageSize", "MaximumMessageSize", 1048576, 1024, 1048576)
	q.ContentDedupe = o.flag("ContentBasedDeduplication", false)
	q.EncryptionKey = o.text("KmsMasterKeyId", "")
	scope := o.one("DeduplicationScope", "queue", "queue", "messageGroup")
	limit := o.one("FifoThroughputLimit", "perQueue", "perQueue", "perMessageGroupId")
	switch {
	case q.FIFO && r.o.Shuffle:
		q.FIFO, q.Shuffled = false, true
	case q.FIFO:
		q.Attributes["FifoQueue"] = "true"
		q.Attributes["ContentBasedDeduplication"] = strconv.FormatBool(q.ContentDedupe)
		q.Attributes["DeduplicationScope"] = scope
		q.Attributes["FifoThroughputLimit"] = limit
	}
	if o.has("RedrivePolicy") {
		redrive := o.object("RedrivePolicy")
		q.DeadLetter = redrive.text("deadLetterTargetArn", "")
		q.MaxReceives = redrive.number("maxReceiveCount", 10, 1, 1000)
		_ = redrive.done()
	}
	return q, o.done("QueueName", "RedriveAllowPolicy", "SqsManagedSseEnabled", "KmsDataKeyReusePeriodSeconds", "Tags")
}

// RedrivePolicy is the attribute of that name, or "" without a dead-letter queue.
func (q Queue) RedrivePolicy() string {
	if q.DeadLetter == "" {
		return ""
	}
	text, _ := json.Marshal(map[string]any{"deadLetterTargetArn": q.DeadLetter, "maxReceiveCount": q.MaxReceives})
	return string(text)
}

// wrappingKey reads an AWS::KMS::Key. Rotation shows nothing to who uses the key, and
// the key's policy is taken as the default one: the roles decide.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
func (r *resolver) wrappingKey(res *resource, o *object) (WrappingKey, error) {
	arn, err := r.attribute(o.node, res.id, "Arn")
	if err != nil {
		return WrappingKey{}, err
	}
	o.one("KeySpec", "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT")
	o.one("KeyUsage", "ENCRYPT_DECRYPT", "ENCRYPT_DECRYPT")
	o.one("Enabled", "true", "true")
	o.one("MultiRegion", "false", "false")
	return WrappingKey{ID: res.id, Alias: "alias/" + res.name, ARN: arn.Value},
		o.done("Description", "EnableKeyRotation", "RotationPeriodInDays", "PendingWindowInDays", "KeyPolicy", "Tags")
}

// alias reads an AWS::KMS::Alias.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html
func (r *resolver) alias(res *resource, o *object) (Alias, error) {
	a := Alias{ID: res.id, Name: o.text("AliasName", "")}
	if !strings.HasPrefix(a.Name, "alias/") {
		o.fail(o.node, "AliasName %q must start with alias/", a.Name)
	}
	target := o.text("TargetKeyId", "")
	for _, id := range r.order {
		if r.resources[id].kind != typeKey {
			continue
		}
		ref, err := r.ref(o.node, id)
		if err != nil {
			return a, err
		}
		arn, err := r.attribute(o.node, id, "Arn")
		if err != nil {
			return a, err
		}
		if target == ref.Value || target == arn.Value {
			a.Key = id
		}
	}
	if a.Key == "" {
		o.fail(o.node, "TargetKeyId %s is not in this template", target)
	}
	return a, o.done()
}

// bucket reads an AWS::S3::Bucket.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
func (r *resolver) bucket(res *resource, o *object) (Bucket, error) {
	return Bucket{ID: res.id, Name: res.name, ARN: "arn:aws:s3:::" + res.name},
		o.done("BucketName", "BucketEncryption", "PublicAccessBlockConfiguration", "LifecycleConfiguration",
			"VersioningConfiguration", "OwnershipControls", "AccessControl", "LoggingConfiguration", "Tags")
}
