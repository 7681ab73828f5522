package dynamo

import "omnihub/internal/localaws/dynamo/attr"

// The requests hold exactly the members that the engine honours. Their meaning is
// that of https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/.

type keyElement struct{ AttributeName, KeyType string }

type attributeDefinition struct{ AttributeName, AttributeType string }

type projection struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int }

type indexRequest struct {
	IndexName             string
	KeySchema             []keyElement
	Projection            projection
	ProvisionedThroughput *throughput
}

type streamSpecification struct {
	StreamEnabled  bool
	StreamViewType string `json:",omitempty"`
}

type tag struct{ Key, Value string }

type sseSpecification struct {
	Enabled                 bool
	SSEType, KMSMasterKeyId string
}

type createTableRequest struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	GlobalSecondaryIndexes    []indexRequest
	BillingMode               string
	ProvisionedThroughput     *throughput
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	TableClass                string
	Tags                      []tag
	DeletionProtectionEnabled bool
}

type updateTableRequest struct {
	TableName                   string
	AttributeDefinitions        []attributeDefinition
	GlobalSecondaryIndexUpdates []struct {
		Create *indexRequest
		Delete *struct{ IndexName string }
	}
	BillingMode               string
	ProvisionedThroughput     *throughput
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	TableClass                string
	DeletionProtectionEnabled *bool
}

type tableRequest struct{ TableName string }

type listTablesRequest struct {
	ExclusiveStartTableName string
	Limit                   *int
}

type updateTTLRequest struct {
	TableName               string
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       bool
	}
}

type updateBackupsRequest struct {
	TableName                        string
	PointInTimeRecoverySpecification struct {
		PointInTimeRecoveryEnabled bool
		RecoveryPeriodInDays       int
	}
}

// placeholders are what the expressions of a request may name.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attr.Item
}

// conditioned is what every write of one item has.
type conditioned struct {
	TableName                           string
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
	placeholders
}

// returns is what a write of one item that is a call of its own may ask for.
type returns struct {
	ReturnValues, ReturnConsumedCapacity, ReturnItemCollectionMetrics string
}

// The four actions on one item, as a transaction holds them.
type (
	putAction struct {
		Item attr.Item
		conditioned
	}
	updateAction struct {
		Key              attr.Item
		UpdateExpression *string
		conditioned
	}
	keyAction struct { // Delete and ConditionCheck
		Key attr.Item
		conditioned
	}
)

type putItemRequest struct {
	putAction
	returns
}

type updateItemRequest struct {
	updateAction
	returns
}

type deleteItemRequest struct {
	keyAction
	returns
}

// getAction is the reading of one item.
type getAction struct {
	TableName                string
	Key                      attr.Item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

type getItemRequest struct {
	getAction
	ConsistentRead         bool
	ReturnConsumedCapacity string
}

type keysAndAttributes struct {
	Keys                     []attr.Item
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

type batchGetItemRequest struct {
	RequestItems           map[string]keysAndAttributes
	ReturnConsumedCapacity string
}

type writeRequest struct {
	PutRequest    *struct{ Item attr.Item }
	DeleteRequest *struct{ Key attr.Item }
}

type batchWriteItemRequest struct {
	RequestItems                map[string][]writeRequest
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

type transactWriteItemsRequest struct {
	TransactItems []struct {
		Put                    *putAction
		Update                 *updateAction
		Delete, ConditionCheck *keyAction
	}
	ClientRequestToken          string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

type transactGetItemsRequest struct {
	TransactItems          []struct{ Get *getAction }
	ReturnConsumedCapacity string
}

// paged is what Query and Scan have in common.
type paged struct {
	TableName, IndexName   string
	FilterExpression       *string
	ProjectionExpression   *string
	ExclusiveStartKey      attr.Item
	Limit                  *int
	Select                 string
	ConsistentRead         bool
	ReturnConsumedCapacity string
	placeholders
}

type queryRequest struct {
	paged
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

type scanRequest struct {
	paged
	Segment, TotalSegments *int
}

type listStreamsRequest struct {
	TableName               string
	ExclusiveStartStreamArn string
	Limit                   *int
}

type describeStreamRequest struct {
	StreamArn             string
	ExclusiveStartShardId string
	Limit                 *int
}

type getShardIteratorRequest struct {
	StreamArn, ShardId, ShardIteratorType, SequenceNumber string
}

type getRecordsRequest struct {
	ShardIterator string
	Limit         *int
}
