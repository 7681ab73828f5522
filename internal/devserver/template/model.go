// Package template reads the SAM template of the project and resolves it into the
// plain list of functions, routes, queues, tables, buckets, buses, rules, sources and
// schedules that a developer's machine plays. What it does not know and what would change
// behaviour is an error with its name and line, never a guess.
//
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy.html
package template

import (
	"time"

	"omnihub/internal/devserver/role"
)

// Model is a resolved template. Lists are in the template's order.
type Model struct {
	Stack, Region, Account string
	API                    API
	Functions              []Function
	Tables                 []Table
	Queues                 []Queue
	Buckets                []Bucket
	WrappingKeys           []WrappingKey
	Aliases                []Alias
	Buses                  []Bus
	Rules                  []Rule
}

// API is the one HTTP API.
type API struct {
	ID             string // logical id; "" if the template has no HTTP API
	Routes         []Route
	Authorizers    []Authorizer
	StageVariables map[string]string
	CORS           *CORS               // nil = the gateway does nothing about CORS
	Throttles      map[string]Throttle // by route key; "" is that of all other routes
}

// Route is one method and path of the HTTP API.
type Route struct {
	Method     string // upper case, or "ANY"
	Path       string // "/a/{x}/{rest+}", or "$default" with an empty method
	Function   string // logical id
	Authorizer string // "" = open
	Scopes     []string
	Timeout    time.Duration
}

// Key is the route's name in events: "POST /a/{x}", "ANY /b" or "$default".
func (r Route) Key() string {
	if r.Method == "" {
		return r.Path
	}
	return r.Method + " " + r.Path
}

// CORS is what the gateway answers to other origins.
type CORS struct {
	Origins, Methods, Headers, Expose []string
	MaxAge                            int // seconds; 0 = not sent
	Credentials                       bool
}

// Function is one Lambda function with everything that calls it but its routes.
type Function struct {
	ID          string // logical id
	Name        string // physical name
	ARN         string
	Code        string // folder with the Makefile, relative to the template
	Timeout     time.Duration
	Memory      int // MB
	Concurrency int // reserved concurrency; 0 = none
	Environment map[string]string
	Role        role.Policy
	Queues      []QueueSource
	Streams     []StreamSource
	Schedules   []Schedule
	Async       Async
	Line        int
}

// Async is what Lambda does with an event that it took for later, such as a
// schedule's, when the function fails.
type Async struct {
	Retries   int // after the first try
	MaxAge    time.Duration
	OnFailure string // ARN of the standard queue that gets what was given up; "" = none
}

// QueueSource is an SQS event source.
type QueueSource struct {
	Event       string // logical id of the event
	Queue       string // logical id of the queue
	Batch       int
	Window      time.Duration
	Concurrency int  // batches at once; 0 = no limit
	Partial     bool // ReportBatchItemFailures
}

// StreamSource is a DynamoDB stream event source.
type StreamSource struct {
	Event     string // logical id of the event
	Table     string // logical id of the table
	Latest    bool   // start at LATEST instead of TRIM_HORIZON
	Batch     int
	Window    time.Duration
	Partial   bool // ReportBatchItemFailures
	Bisect    bool
	Retries   int           // -1 = until the record is too old
	MaxAge    time.Duration // 0 = 24 h, the life of a stream record
	Filters   []string      // patterns as JSON; a record that fits one of them passes; none = all pass
	OnFailure string        // logical id of the bucket that keeps dropped batches; "" = none
}

// Schedule is a schedule that calls a function.
type Schedule struct {
	Event      string // logical id of the event
	Name       string // physical name
	Expression string // rate(…), cron(…) or at(…)
	Zone       string // IANA name; "" = UTC
	Input      string // JSON given to the function as it is; "" = the service's own envelope
	DeadLetter string // ARN of its dead-letter queue; "" = none
	Rule       bool   // an event rule (type Schedule) instead of a Scheduler schedule
	Start, End time.Time
}

// Table is a DynamoDB table.
type Table struct {
	ID, Name, ARN string
	Attributes    []Attribute
	Keys          []Key
	Indexes       []Index
	StreamView    string // "" = no stream
	TTL           string // "" = none
}

// Attribute is the type of a key attribute: S, N or B.
type Attribute struct{ Name, Type string }

// Key is one part of a key: HASH or RANGE.
type Key struct{ Name, Type string }

// Index is a global secondary index.
type Index struct {
	Name       string
	Keys       []Key
	Projection string // ALL, KEYS_ONLY or INCLUDE
	Include    []string
}

// Queue is an SQS queue. Attributes are named and written as the SQS API does.
type Queue struct {
	ID, Name, ARN, URL string
	FIFO               bool
	Visibility         time.Duration
	Attributes         map[string]string // without RedrivePolicy
	DeadLetter         string            // ARN; "" = none
	MaxReceives        int
	Shuffled           bool   // the template says FIFO, the queue is made a standard one
	ContentDedupe      bool   // the template says ContentBasedDeduplication
	EncryptionKey      string // KmsMasterKeyId; "" = none
	Policy             string // the attribute of that name, JSON; "" = none
}

// WrappingKey is a symmetric key of the key service. Its id and ARN are made up until
// the key exists (Options.Known).
type WrappingKey struct {
	ID    string // logical id
	Alias string // by which the key is found again: "alias/<stack>-<logical id>"
	ARN   string
}

// Alias is a name of a key.
type Alias struct {
	ID, Name string
	Key      string // logical id
}

// Bucket is an S3 bucket.
type Bucket struct{ ID, Name, ARN string }

// Bus is a custom event bus.
type Bus struct {
	ID, Name, ARN string
	Description   string
	DeadLetter    string // ARN of a standard queue; "" = none
}

// DefaultBus is the bus that every account has. Rules without EventBusName stand on it.
const DefaultBus = "default"

// Rule is an event rule with a pattern.
type Rule struct {
	ID, Name, ARN string
	Bus           string // name
	Description   string
	Pattern       string // JSON
	Enabled       bool
	Targets       []Target
	Line          int
}

// Target is a queue that gets the events which fit a rule. At most one of Input,
// InputPath and Transformer is there; none of them = the event as it is.
type Target struct {
	ID          string // within the rule
	Queue       string // logical id
	ARN         string // of the queue
	Input       string // JSON
	InputPath   string
	Transformer *Transformer
	Group       string       // message group id; "" for a standard queue
	DeadLetter  string       // ARN of a standard queue; "" = none
	Retry       *RetryPolicy // nil = the service's own
}

// Transformer makes the message of an event: a template with placeholders, and the
// paths of their values.
type Transformer struct {
	Paths    map[string]string
	Template string
}

// RetryPolicy says how long a delivery is tried again.
type RetryPolicy struct {
	Attempts int // after the first; 0 to 185
	MaxAge   time.Duration
}
