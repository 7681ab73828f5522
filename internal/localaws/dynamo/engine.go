// Package dynamo is Amazon DynamoDB with its streams as the local cloud offers
// them: tables in memory under one writer lock, every acknowledged change on disk
// before its answer, capacity units counted as the service bills them on demand.
package dynamo

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/expr"
	"omnihub/internal/localaws/wire"
)

// Config is what an engine needs.
type Config struct {
	Disk            *disk.Store   // nil keeps everything in memory
	Clock           wire.Clock    // nil is time.Now
	Region, Account string        // parts of every ARN
	Shards          int           // shards of every stream; 0 means 4
	TTLDelay        time.Duration // how long an expired item stays at least

	// Before runs before an operation touches anything; an error is the answer, and
	// nothing happened. After runs when all is on disk; an error takes the place of
	// the answer. Either may be nil.
	Before, After func(operation, caller string) error
	// Partial says how many of the n entries of a batch call are served; the others
	// come back as unprocessed. Nil serves all.
	Partial func(operation, caller string, n int) int
}

// Engine holds the tables and streams of one account in one region. It is safe for
// concurrent use.
type Engine struct {
	cfg        Config
	cache      expr.Cache
	operations map[string]operation // by service and name

	mu       sync.RWMutex
	tables   map[string]*table
	streams  map[string]*stream // by ARN
	tokens   map[string]*token
	queue    []*token // the tokens in the order of their expiry
	sequence uint64   // the last sequence number given out
	lastID   int64    // the last id given to a table or stream
}

// call is one running operation.
type call struct {
	*wire.Request
	e      *Engine
	ticket disk.Ticket // of the newest write that the answer shows
}

// Open loads the tables, their rows, the stream records and the transaction tokens
// from the disk.
func Open(cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Shards <= 0 {
		cfg.Shards = 4
	}
	e := &Engine{cfg: cfg, tables: map[string]*table{}, streams: map[string]*stream{}, tokens: map[string]*token{}}
	e.operations = map[string]operation{
		"dynamodb CreateTable":               handle("CreateTable", (*call).createTable),
		"dynamodb UpdateTable":               handle("UpdateTable", (*call).updateTable),
		"dynamodb DescribeTable":             handle("DescribeTable", (*call).describeTable),
		"dynamodb ListTables":                handle("ListTables", (*call).listTables),
		"dynamodb DeleteTable":               handle("DeleteTable", (*call).deleteTable),
		"dynamodb UpdateTimeToLive":          handle("UpdateTimeToLive", (*call).updateTTL),
		"dynamodb DescribeTimeToLive":        handle("DescribeTimeToLive", (*call).describeTTL),
		"dynamodb UpdateContinuousBackups":   handle("UpdateContinuousBackups", (*call).updateBackups),
		"dynamodb DescribeContinuousBackups": handle("DescribeContinuousBackups", (*call).describeBackups),
		"dynamodb PutItem":                   handle("PutItem", (*call).putItem),
		"dynamodb GetItem":                   handle("GetItem", (*call).getItem),
		"dynamodb UpdateItem":                handle("UpdateItem", (*call).updateItem),
		"dynamodb DeleteItem":                handle("DeleteItem", (*call).deleteItem),
		"dynamodb BatchGetItem":              handle("BatchGetItem", (*call).batchGetItem),
		"dynamodb BatchWriteItem":            handle("BatchWriteItem", (*call).batchWriteItem),
		"dynamodb TransactWriteItems":        handle("TransactWriteItems", (*call).transactWriteItems),
		"dynamodb TransactGetItems":          handle("TransactGetItems", (*call).transactGetItems),
		"dynamodb Query":                     handle("Query", (*call).query),
		"dynamodb Scan":                      handle("Scan", (*call).scan),
		"streams ListStreams":                handle("ListStreams", (*call).listStreams),
		"streams DescribeStream":             handle("DescribeStream", (*call).describeStream),
		"streams GetShardIterator":           handle("GetShardIterator", (*call).getShardIterator),
		"streams GetRecords":                 handle("GetRecords", (*call).getRecords),
	}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("dynamo: open: %w", err)
	}
	return e, nil
}

// Do runs one operation of the services "dynamodb" and "streams". It sets the
// request's Resource, Read and Write. Its answer, also an error, shows nothing that
// is not on disk.
func (e *Engine) Do(r *wire.Request) (any, error) {
	run := e.operations[r.Service+" "+r.Operation]
	if run == nil {
		return nil, wire.Unsupported("the operation %s of the service %s", r.Operation, r.Service)
	}
	if e.cfg.Before != nil {
		if err := e.cfg.Before(r.Operation, r.Caller); err != nil {
			return nil, err
		}
	}
	c := &call{Request: r, e: e}
	answer, err := run(c)
	if lost := c.ticket.Wait(); lost != nil {
		return nil, fmt.Errorf("dynamo: %s: %w", r.Operation, lost)
	}
	if e.cfg.After != nil {
		if after := e.cfg.After(r.Operation, r.Caller); after != nil {
			return nil, after
		}
	}
	return answer, err
}

// writing runs do under the writer lock; reading runs it under the reader lock.
// Either way the answer will wait for what do could see.
func (c *call) writing(do func() error) error {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	err := do()
	c.ticket = c.e.cfg.Disk.Tip()
	return err
}

func (c *call) reading(do func() error) error {
	c.e.mu.RLock()
	defer c.e.mu.RUnlock()
	err := do()
	c.ticket = c.e.cfg.Disk.Tip()
	return err
}

// arn is the name of a resource in this account.
func (e *Engine) arn(resource string) string {
	return "arn:aws:dynamodb:" + e.cfg.Region + ":" + e.cfg.Account + ":" + resource
}

func (e *Engine) tableARN(name string) string { return e.arn("table/" + name) }

// allowed checks the table's name, which may be an ARN, and the caller's permission
// for the action on the table, or on one of its indexes. It returns the plain name.
func (c *call) allowed(action, name, index string) (string, error) {
	name = strings.TrimPrefix(name, c.e.tableARN(""))
	if err := checkName("tableName", name); err != nil {
		return "", err
	}
	c.Resource = name
	arn := c.e.tableARN(name)
	if index != "" {
		c.Resource += "/" + index
		arn += "/index/" + index
	}
	return name, c.Allow("dynamodb:"+action, arn)
}

func checkName(member, name string) error {
	switch {
	case name == "":
		return wire.Validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	case len(name) > 255:
		return wire.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to 255", name, member)
	case len(name) < 3:
		return wire.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 3", name, member)
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-') {
			return wire.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", name, member)
		}
	}
	return nil
}

// table finds a table. Hold a lock.
func (e *Engine) table(name string) (*table, error) {
	t := e.tables[name]
	if t == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}

// now is the time of the local cloud.
func (e *Engine) now() time.Time { return e.cfg.Clock() }
